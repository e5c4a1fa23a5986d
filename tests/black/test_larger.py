"""What begins as a small walk, and doesn't come to its end in its share of memory, begins again as the large one."""
import json
import urllib.parse

import pytest

import ledger as ledgers
from test_recall import notice, recall, small
from test_trace import event, made

UNITS, EACH = 8000, 1000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A lot of many units, all of them used for two others; one small query has 16 KiB of [query] memory."""
    one = ledgers.Ledger(tmp_path_factory.mktemp("larger") / "ledger").init().start()
    key, gtin, lot = small(one)
    units = [lot("L") + f"/21/{n}" for n in range(UNITS)]
    for begin in range(0, UNITS, EACH):
        some = units[begin:begin + EACH]
        one.submit(key, event("ObjectEvent", 1, action="ADD", bizStep="commissioning", epcList=some),
                   *(made(2, some, [lot(name)], transformationID=f"urn:test:{name}") for name in "AB"))
    one.submit(key, recall("r", {"items": [lot("L")]}), notice(["https://id.gs1.org/417/6901234000009"]))
    one.settle()
    yield one, lot
    one.remove()


def asked(lot):
    code = urllib.parse.quote(lot("L"), safe="")
    made_of = "&".join("code=" + urllib.parse.quote(lot(name), safe="") for name in "AB")
    return {"trace": f"/v1/trace?code={code}&direction=forward&format=json",
            "affected": f"/v1/affected?code={code}&format=json",
            "common": f"/v1/trace/common?{made_of}&limit=10",
            "effectiveness": "/v1/recalls/urn%3Atest%3Arecall%3Ar/effectiveness",
            "events": f"/v1/events?{made_of}&direction=back"}  # lines


def answers(ledger, lot):
    got = {name: ledger.get(path) for name, path in asked(lot).items()}
    assert {name: one.status for name, one in got.items()} == dict.fromkeys(got, 200), \
        {name: one.body[:200] for name, one in got.items()}
    return {name: (one.headers["Suyuan-Cut"], json.loads(one.body) if name != "events" else
                   {"events": one.body.splitlines()}) for name, one in got.items()}


def test_it_comes_to_the_same(world):
    ledger, lot = world
    whole = answers(ledger, lot)
    ledger.stop()
    ledger.start(config="[query]\nthreads = 64\nmemory = 16M\n")
    again = answers(ledger, lot)
    for name, (cut, said) in whole.items():
        assert cut in (None, "none") and said.get("cut") is None, name
        assert again[name] == (cut, said), name
    assert len(whole["trace"][1]["items"]) == UNITS + 3 and whole["affected"][1]["total"] == UNITS + 3
    assert whole["common"][1]["total"] > UNITS and whole["effectiveness"][1]["total"]["quantities"]
    assert len(whole["events"][1]["events"]) >= 3 * UNITS // EACH
    ledger.stop()
