"""Answers and reports of a recall that make no sense, and those that only the ledger doesn't know of."""
import csv
import io
import json

import pytest

import ledger as ledgers
from cli import FAIL, STOP, Cli
from ledger import batch
from proxy import Proxy
from test_recall import SHOP, answer, notice, now, recall, report, small, verify
from test_trace import event

CHINESE = {"Content-Type": "application/x-ndjson", "Accept-Language": "zh"}


@pytest.fixture(scope="module")
def world(shared_ledger):
    """The lot `a`, 100 kg, recalled; the shop has 10 of it.  `b` isn't recalled."""
    ledger = shared_ledger
    key, gtin, lot = small(ledger)
    shop = ledger.enrol(SHOP, ["seller"], region="130102")

    def kilos(name, much):
        return [{"epcClass": lot(name), "quantity": much, "uom": "KGM"}]

    def move(step, hour, who, to):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep=step, quantityList=kilos("a", 10),
                     sourceList=[{"type": "possessing_party", "source": who}],
                     destinationList=[{"type": "possessing_party", "destination": to}])
    ledger.submit(key, *(batch(gtin, name, quantityList=kilos(name, 100), made="2026-10-01") for name in "ab"))
    ledger.submit(shop, move("receiving", 5, "urn:suyuan:own:91110000000000000X:dairy", SHOP))
    ledger.submit(key, recall("r", {"items": [lot("a")]}))
    ledger.submit(key, notice([SHOP]))
    ledger.settle()
    return ledger, key, shop, lot


def told(ledger, key, record, status, chinese=False):
    """{pointer: detail} of the faults, or of the warnings."""
    body = ledgers.submission(key, [ledgers.compact(record)], ledger.origin)
    headers = CHINESE if chinese else {"Content-Type": "application/x-ndjson"}
    got = ledger.request("POST", "/v1/submissions", body, headers)
    assert got.status == status, got.body.decode()
    return {f["pointer"].split("/records/0")[-1]: f["detail"]
            for f in got.json["warnings" if status == 201 else "errors"]}


def test_nonsense_is_refused_all_of_it_at_once(world):
    ledger, _, shop, lot = world
    record = answer([
        {"code": lot("a"), "uom": "KGM", "found": 10, "returned": 11, "destroyed": 12.5, "stopped": 13},
        {"code": lot("a"), "uom": "KGM", "found": 1},
        {"code": lot("a"), "uom": "kilo", "found": 1},
        {"code": lot("a"), "uom": "GRM", "found": 10, "returned": 6, "destroyed": 5},
    ], time=now(400 * 86400))
    found = told(ledger, shop, record, 422)
    assert set(found) == {"/time", "/quantities/0/returned", "/quantities/0/destroyed", "/quantities/0/stopped",
                          "/quantities/1/code", "/quantities/2/uom", "/quantities/3/destroyed"}
    assert "expected a time until" in found["/time"]
    assert found["/quantities/0/returned"] == "11 is more than found: expected at most 10"
    assert "/quantities/0 already: expected each code once" in found["/quantities/1/code"]
    assert "expected a UN/ECE unit code" in found["/quantities/2/uom"]
    assert "11 together" in found["/quantities/3/destroyed"]
    chinese = told(ledger, shop, record, 422, chinese=True)
    assert set(chinese) == set(found)
    assert all("应" in text for text in chinese.values()), chinese


def test_a_report_too(world):
    ledger, key, _, lot = world
    found = told(ledger, key, report(time=now(400 * 86400), quantities=[
        {"code": lot("a"), "uom": "KGM", "made": 10, "sold": 11, "toRecall": 12, "outstanding": 13},
        {"code": lot("a"), "uom": "KGM", "made": 10}]), 422)
    assert set(found) == {"/time", "/quantities/0/sold", "/quantities/0/toRecall", "/quantities/0/outstanding",
                          "/quantities/1/code"}


def test_what_the_ledger_does_not_know_is_warned_of(world):
    ledger, key, shop, lot = world
    good = {"code": lot("a"), "uom": "KGM", "found": 10, "stopped": 10, "returned": 6, "destroyed": 4}
    said = ledger.submit(shop, answer([good]))
    assert said["warnings"] == []
    last = said["firstRecord"]
    ledger.settle()
    doubtful = answer([{**good, "found": 11}, {"code": lot("a"), "uom": "XYZ", "found": 1},
                       {"code": lot("a"), "uom": "GRM", "found": 10000},
                       {"code": lot("b"), "uom": "KGM", "found": 1}, {"code": lot("none"), "found": 1}], replaces=last)
    found = told(ledger, shop, doubtful, 201)
    assert set(found) == {"/quantities/0/found", "/quantities/1/uom", "/quantities/3/code", "/quantities/3/found",
                          "/quantities/4/code"}, found
    assert found["/quantities/0/found"].startswith("11 is more than 10, all that " + SHOP)
    assert "XYZ can't be turned into KGM" in found["/quantities/1/uom"]
    assert "doesn't cover" in found["/quantities/3/code"] and "isn't in the ledger" in found["/quantities/4/code"]
    ledger.settle()
    kept = ledger.get("/v1/recalls/urn%3Atest%3Arecall%3Ar").json["notices"][0]["answer"]["quantities"]
    assert len(kept) == 5  # never lost
    found = told(ledger, key, report(quantities=[
        {"code": lot("a"), "uom": "KGM", "made": 100, "toRecall": 10, "recovered": 11}]), 201)
    assert found == {"/quantities/0/recovered": "11 is more than toRecall: expected at most 10"}


# --- verify while marks are under way ------------------------------------------------------------

def test_a_walk_back_that_was_whole_is_sure(ledger):
    """Of what has nothing to do with it nothing is ever pending, as a walk back tells."""
    key, gtin, lot = small(ledger)
    units = [[f"{lot('L')}/21/{i}x{n}" for n in range(2500)] for i in range(16)]
    ledger.submit(key, *({**batch(gtin, "L"), "epcList": some, "quantityList": [], "eventID": f"urn:test:{i}"}
                         for i, some in enumerate(units)))
    ledger.submit(key, batch(gtin, "other"))
    ledger.settle()
    entry, at, connection = ledger.submit(key, recall("a", {"items": [lot("L")]}))["entry"], 0, ledger.connect()
    while at < entry:
        for code, status in ((lot("other"), "registered"), (lot("nobody"), "unknown")):
            verdict = verify(ledger, code, connection)
            assert (verdict["status"], "recallsPending" in verdict) == (status, False)
            at = verdict["asOf"]["entry"]


@pytest.mark.parametrize("status, code", (("registered", 7), ("unknown", 7), ("recalled", STOP)))
def test_what_is_pending_is_no_answer(world, tmp_path, status, code):
    """What is recalled already is so, whatever else comes."""
    ledger, _, _, lot = world

    def pend(path, body):
        if not path.startswith("/v1/verify"):
            return body
        said = {**json.loads(body), "recallsPending": True, "status": status}
        return json.dumps({**said, "recalls": said["recalls"] if status == "recalled" else []}).encode()
    with Proxy(pend).to(ledger) as between:
        cli = Cli(tmp_path, between.url)
        pieces = "(01)06901234567892(10)" + ("a" if status == "recalled" else "b")
        said = cli("verify", pieces, expect=code).out
        chinese = cli("--lang", "zh", "verify", pieces, expect=code).out
        assert ("NOT SURE YET" in said) == ("暂无结论" in chinese) == (code == 7)
        assert "ask again" in said and "请稍后再查" in chinese
        assert cli("verify", pieces, "--json", expect=code).json["recallsPending"] is True
        twice = cli("verify", "-", stdin=f"{pieces}\n{pieces}\n", expect=code).out
        assert twice.count("ask again") >= 2  # the next is asked all the same


@pytest.mark.parametrize("order", (1, -1))
def test_of_several_a_recalled_one_counts_before_a_pending_one(world, tmp_path, order):
    """A script that asks again at 7 would let a recalled batch lie on the shelf meanwhile."""
    def pend(path, body):
        if not path.startswith("/v1/verify") or json.loads(body)["status"] == "recalled":
            return body
        return json.dumps({**json.loads(body), "recallsPending": True, "status": "registered"}).encode()
    with Proxy(pend).to(world[0]) as between:
        cli = Cli(tmp_path, between.url)
        codes = [f"(01)06901234567892(10){lot}" for lot in "ab"][::order]
        cli("verify", "(01)06901234567892(10)b", expect=7)
        assert [one["proof"]["exit"] for one in cli("verify", *codes, "--json", expect=STOP).json] == [3, 7][::order]
        cli("verify", "-", stdin="\n".join(codes), expect=STOP)


@pytest.mark.parametrize("words", (("recall", "affected", "(01)06901234567892(10)a"),
                                   ("recall", "affected", "(01)06901234567892(10)a", "--format", "html"),
                                   ("recall", "effectiveness", "urn:test:recall:r"),
                                   ("export", "recall", "urn:test:recall:r")))
def test_people_are_told_that_holders_are_uncertain(world, tmp_path, words):
    ledger = world[0]

    def doubt(path, body):
        if "/effectiveness" in path:
            return json.dumps({**json.loads(body), "uncertain": True}).encode()
        if "affected" in path:
            *lines, end = body.splitlines()
            return b"\n".join([*lines, json.dumps({**json.loads(end), "holdersUncertain": True}).encode(), b""])
        return body
    for change, there in ((doubt, True), (lambda path, body: body, False)):
        with Proxy(change).to(ledger) as between:
            cli = Cli(tmp_path, between.url)
            assert ("aren't certain" in cli(*words).out.replace("&#39;", "'")) == there
            assert ("不完全确定" in cli("--lang", "zh", *words).out) == there


def test_csv_says_so_too(world, tmp_path):
    ledger = world[0]

    def doubt(path, body):
        return json.dumps({**json.loads(body), "uncertain": True}).encode() if "/effectiveness" in path else body
    for sure in (True, False):
        headers = {} if sure else {"Suyuan-Holders-Uncertain": "true"}
        with Proxy(None if sure else doubt, headers).to(ledger) as between:
            cli = Cli(tmp_path, between.url)
            rows = list(csv.DictReader(io.StringIO(cli("export", "recall", "urn:test:recall:r", "--format", "csv").out)))
            assert rows and {row["uncertain"] for row in rows} == {"false" if sure else "true"}
            assert {row["unknown"] for row in rows} == {"false"}
            done = cli("recall", "affected", "(01)06901234567892(10)a", "--format", "csv")
            assert ("aren't certain" in done.err) is not sure and "certain" not in done.out
            done = cli("--lang", "zh", "recall", "affected", "(01)06901234567892(10)a", "--format", "csv")
            assert ("不完全确定" in done.err) is not sure


def test_a_csv_that_is_cut_is_no_answer(world, tmp_path):
    def cut(path, body):
        return json.dumps({**json.loads(body), "cut": "size"}).encode() if "/effectiveness" in path else body
    with Proxy(cut).to(world[0]) as between:
        done = Cli(tmp_path, between.url)("export", "recall", "urn:test:recall:r", "--format", "csv", expect=FAIL)
        assert "this isn't all" in done.err
        for verb in (("recall", "effectiveness"), ("export", "recall")):
            done = Cli(tmp_path, between.url)("--lang", "zh", *verb, "urn:test:recall:r", expect=FAIL)
            assert "结果不完整：受 size 限制而截断" in done.err


def test_headers_of_affected(ledger):
    """What JSON says in its last line."""
    key, gtin, lot = small(ledger)
    ledger.submit(key, event("ObjectEvent", 9, action="OBSERVE", bizStep="storing", quantityList=[{"epcClass": lot("u")}]))
    ledger.settle()
    path = f"/v1/affected?product={gtin}&made-from=2026-11-01&format="
    assert ledger.get(path + "json").json["undated"] == 1
    said = ledger.get(path + "csv").headers
    assert (said["Suyuan-Undated"], said["Suyuan-Holders-Uncertain"]) == ("1", None)
