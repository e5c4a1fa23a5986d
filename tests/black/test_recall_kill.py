"""A recall survives kill -9 at every step: the same life, killed between and within its steps, comes to the same end."""
import json
import random
import subprocess
import threading
import time
import urllib.parse

import pytest

import ledger as ledgers
from ledger import SLOW, batch, compact, submission
from reference import Reference
from test_recall import ABROAD, SHOP, recall, says, shops, small
from test_trace import event, made, packing

CASE = "urn:test:recall:r"
WHEN = "2026-11-02T08:00:00.000Z"


def life(lot):
    """(who, record) of each step; REPLACES is filled in from what stands."""
    quantity = {"code": lot("a"), "uom": "KGM", "found": 10, "returned": 6}
    said = {"recall": CASE, "time": WHEN}
    return [
        ("dairy", recall("r", {"items": [lot("a")]}, "draft", level="2")),
        ("dairy", recall("r", {"items": [lot("a")]}, level="2")),
        ("dairy", {"type": "RecallNotice", "recall": CASE, "parties": [SHOP]}),
        ("shop", {"type": "RecallAnswer", **said, "quantities": [quantity]}),
        ("dairy", recall("r", {"items": [lot("a"), lot("b")]}, level="1")),
        ("dairy", {"type": "RecallNotice", "recall": CASE, "parties": [SHOP, ABROAD]}),
        ("shop", {"type": "RecallAnswer", **said, "quantities": [{**quantity, "returned": 10}]}),
        ("dairy", {"type": "RecallReport", **said, "quantities": [], "final": True}),
        ("dairy", recall("r", {"items": [lot("a"), lot("b")]}, "closed", level="1")),
    ]


def begin(tmp_path):
    ledger = ledgers.Ledger(tmp_path / "ledger").init().start()
    key, gtin, lot = small(ledger)
    shop, _ = shops(ledger)
    ledger.submit(key, batch(gtin, "a"), batch(gtin, "b"))
    return ledger, {"dairy": key, "shop": shop}, lot


def standing(ledger, record):
    """The number that a record takes the place of; None for the first."""
    answer = ledger.get("/v1/recalls/" + urllib.parse.quote(CASE, safe=""))
    if answer.status == 404:
        return None
    if record["type"] == "Recall":
        return answer.json["record"]
    if record["type"] == "RecallAnswer":
        return next((n.get("answerRecord") for n in answer.json["notices"] if n["party"] == SHOP), None)
    return None


def send(ledger, key, body, dying):
    """Says it; with DYING the daemon is killed that soon, whether it answered or not."""
    if dying is None:
        return ledger.post(body).status

    def post():
        try:
            ledger.post(body)
        except (OSError, ledgers.http.client.HTTPException):
            pass
    thread = threading.Thread(target=post)
    thread.start()
    time.sleep(dying)  # somewhere within
    ledger.kill()
    thread.join()
    ledger.start()
    return ledger.post(body).status


def end_of(tmp_path, rng):
    """What is there at the end, without times."""
    ledger, keys, lot = begin(tmp_path)
    try:
        for who, record in life(lot):
            replaces = standing(ledger, record)
            if replaces is not None:
                record = {**record, "replaces": replaces}
            body = submission(keys[who], [compact(record)])
            status = send(ledger, keys[who], body, None if rng is None else rng.random() * .03)
            assert status in (200, 201)
            if rng is not None and rng.random() < .5:
                ledger.kill()
                ledger.start()
            ledger.settle()
        one = ledger.get("/v1/recalls/" + urllib.parse.quote(CASE, safe="")).json
        done = ledger.get("/v1/recalls/" + urllib.parse.quote(CASE, safe="") + "/effectiveness").json
        told = says(ledger, lot("a")), says(ledger, lot("b"))
        ledger.stop()
        assert ledger.fsck().returncode == 0
        return ([(v["state"], v["level"], v["record"]) for v in one["versions"]], one["marked"],
                [(n["party"], n["notice"], n.get("answerRecord")) for n in one["notices"]],
                one["reportRecord"], done["total"], told)
    finally:
        ledger.remove()


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory):
    return end_of(tmp_path_factory.mktemp("unharmed"), None)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_every_step(tmp_path, unharmed, seed):
    assert end_of(tmp_path, random.Random(seed)) == unharmed


def goes_on(ledger, seconds):
    """A start that is killed before it says that it is ready, mostly."""
    process = subprocess.Popen([ledgers.BUILD / "suyuand", "--dir", ledger.dir, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait(30)


def test_killed_while_it_marks(tmp_path):
    """A closure that takes many commits goes on where it was."""
    ledger, keys, lot = begin(tmp_path)
    events, each = 16 // SLOW, 3000
    gtin = lot("a").split("/01/")[1][:14]
    try:
        for i in range(events):
            units = [f"https://id.gs1.org/01/{gtin}/10/a/21/{i}x{n}" for n in range(each)]
            ledger.submit(keys["dairy"], {**batch(gtin, "a", event_id=f"urn:test:{i}"), "epcList": units,
                                          "quantityList": []})
        ledger.settle()
        ledger.submit(keys["dairy"], recall("r", {"items": [lot("a")]}))
        time.sleep(.05)  # some commits
        ledger.kill()
        for pause in range(6):
            done = ledger.fsck()
            assert done.returncode == 0, done.stdout + done.stderr
            goes_on(ledger, pause * .05 * SLOW)
        ledger.start()
        ledger.settle()
        one = ledger.get("/v1/recalls/" + urllib.parse.quote(CASE, safe="")).json
        assert one["marked"] == events * each + 1
        assert says(ledger, lot("a") + "/21/0x7") == ("recalled", {"r": False})
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


# --- packed and unpacked meanwhile --------------------------------------------------------------

KILLS, UNITS, EVENTS, EACH = 20, 400, 600, 5
BOXES = ["https://id.gs1.org/00/" + ledgers.check_digit(f"06901234{n:09d}") for n in range(6)]


def goings(gtin, lot, rng):
    """Units of four lots go into boxes and out of them, or something is made of them."""
    units = {f"https://id.gs1.org/01/{gtin}/21/{n}": f"L{n % 4}" for n in range(UNITS)}
    yield event("ObjectEvent", 0, action="ADD", bizStep="commissioning", eventID="urn:test:units",
                epcList=[u.replace("/21/", f"/10/{name}/21/") for u, name in units.items()])
    for n in range(EVENTS):
        some, box, hour = rng.sample(sorted(units), rng.randint(1, 6)), rng.choice(BOXES), rng.randint(1, 50)
        one = rng.choices((lambda: packing(hour, box, *some),
                           lambda: packing(hour, box, *rng.choice((some, ())), action="DELETE"),
                           lambda: packing(hour, *rng.sample(BOXES, 2)),
                           lambda: made(hour, some, [lot(f"M{rng.randint(0, 20)}")])), (9, 6, 2, 3))[0]()
        yield {**one, "eventID": f"urn:test:{n}"}


def until_said(ledger, waiting, said):
    """Says one after the other, each until it is there."""
    while waiting:
        try:
            name, body = waiting.pop(0)
        except IndexError:
            return
        while name not in said:
            try:
                answer = ledger.post(body)
                assert answer.status in (200, 201, 503), answer.body
                if answer.status != 503:
                    said[name] = answer.json["firstRecord"]
            except (OSError, ledgers.http.client.HTTPException, TypeError):
                time.sleep(.02)  # it was killed, or isn't there again


def test_killed_while_goods_are_packed_and_unpacked(tmp_path):
    """What is marked is what is hit is what the design's rules say, whatever was under way at which kill."""
    rng = random.Random(20261124)
    ledger = ledgers.Ledger(tmp_path / "ledger").init().start()
    try:
        key, gtin, lot = small(ledger)
        events = list(goings(gtin, lot, rng))
        parts = [events[i:i + EACH] for i in range(0, len(events), EACH)]
        waiting = [(n, submission(key, map(compact, part))) for n, part in enumerate(parts)]
        scopes = {"box": [BOXES[0]], "rest": [f"https://id.gs1.org/01/{gtin}/21/3", lot("L1")]}
        for name, at in (("box", len(parts) // 4), ("rest", len(parts) // 2)):
            waiting.insert(at, (name, submission(ledger.operator, [compact(recall(name, {"items": scopes[name]}))])))
        said = {}
        threads = [threading.Thread(target=until_said, args=(ledger, waiting, said)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            time.sleep(rng.random() * .12 * SLOW)  # somewhere within
            ledger.kill()
            ledger.start()
        for thread in threads:
            thread.join()
        assert len(said) == len(parts) + 2
        ledger.settle()
        reference = Reference({said[n] + i: one for n, part in enumerate(parts) for i, one in enumerate(part)})
        for name, items in scopes.items():
            path = "/v1/recalls/" + urllib.parse.quote(f"urn:test:recall:{name}", safe="")
            *lines, _ = map(json.loads, ledger.get(path + "/affected").body.splitlines())
            marked = {item for item in reference.named if says(ledger, item)[1].get(name) is False}
            assert marked == {line["item"] for line in lines} == reference.covered(items), name
        ledger.stop()
        done = ledger.fsck()
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        ledger.remove()
