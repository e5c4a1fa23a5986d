"""What complaints have in common, and balances, as a person meets them: `suyuan trace common|balance`."""
import json
import re
import urllib.parse

import pytest

from cli import DAIRY, FAIL, MILK, REFUSED, UNKNOWN, USAGE, dairy
from ledger import Ledger

STEM = f"https://id.gs1.org/01/{MILK}/10/"
SALT, MILK1, BRIE, GOUDA = (f"(01){MILK}(10){name}" for name in ("salt", "milk", "brie", "gouda"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Salt in two cheeses, one of which came out of the vat heavier than what went in."""
    ledger = Ledger(tmp_path_factory.mktemp("sums") / "L").init().start()
    one = dairy(ledger, tmp_path_factory.mktemp("desks"))
    one.ledger = ledger

    def made(lot, quantity, inputs, hour):
        return {"type": "TransformationEvent", "eventTime": f"2026-11-02T{hour:02}:00:00.000Z",
                "eventTimeZoneOffset": "+08:00",
                "inputQuantityList": [{"epcClass": STEM + i, "quantity": n, "uom": "KGM"} for i, n in inputs],
                "outputQuantityList": [{"epcClass": STEM + lot, "quantity": quantity, "uom": "KGM"}]}
    for lot in ("salt", "milk"):
        one("batch", "register", "--product", MILK, "--lot", lot, "--quantity", "100", "--unit", "公斤", "--made", "2026-11-01",
            "--expires", "2099-05-01")
    one.write("made.ndjson", "".join(json.dumps(e) + "\n" for e in (
        made("brie", 10, [("salt", 1), ("milk", 40)], 8), made("gouda", 20, [("salt", 2), ("milk", 10)], 9))))
    one("record", "submit", "made.ndjson")
    ledger.settle()
    yield one
    try:
        ledger.stop()
    finally:
        ledger.remove()


def get(desk, path):
    return desk.ledger.get(path)


def quote(code):
    return urllib.parse.quote(code, safe="")


def test_common_for_people(desk):
    done = desk("trace", "common", BRIE, GOUDA, "--limit", "3")
    lines = done.out.splitlines()
    assert re.split("  +", lines[0]) == ["score", "what", "code", "name", "complaints", "steps in all", "records"]
    assert lines[1].split()[:2] == ["1", "party"] and "Shijiazhuang Dairy" in lines[1]
    assert [line.split()[:3] for line in lines[2:4]] == [["1", "lot", f"01/{MILK}/10/{n}"] for n in ("milk", "salt")]
    assert lines[-1] == "5 in all, the best 3 of them shown" and done.err == ""
    assert desk("trace", "common", BRIE, GOUDA).out.splitlines()[-1] == "5 in all"
    chinese = desk("trace", "common", BRIE, GOUDA, "--lang", "zh").out
    assert "得分" in chinese and "石家庄乳业" in chinese and "批次" in chinese and "共 5 项" in chinese


@pytest.mark.parametrize("words", (("trace", "common"), ("trace", "back"), ("trace", "balance"), ("recall", "affected"),
                                   ("export", "fsma"), ("export", "fcl")))
def test_codes_come_from_a_file(desk, words):
    """Thirty complaint lots are a list, in the file that a complaints desk keeps."""
    typed = desk(*words, BRIE, GOUDA).out
    assert desk(*words, "-", stdin=f"{BRIE}\r\n\n  {GOUDA}\n").out == typed
    assert desk(*words, BRIE, "-", stdin=GOUDA).out == typed
    assert "standard input has no code" in desk(*words, "-", stdin="\n", expect=FAIL).err


def test_common_as_json_and_csv(desk):
    query = f"code={quote(BRIE)}&code={quote(GOUDA)}"
    said = desk("trace", "common", BRIE, GOUDA, "--json").json
    assert said == get(desk, f"/v1/trace/common?limit=20&{query}").json
    table = desk("trace", "common", BRIE, GOUDA, "--format", "csv").out
    assert table.encode() == get(desk, f"/v1/trace/common?format=csv&limit=20&{query}").body.replace(b"\r\n", b"\n")


def test_common_what_if(desk):
    said = desk("trace", "common", BRIE, GOUDA, "--cut", SALT, "--json").json
    assert STEM + "salt" not in {row["code"] for row in said["rows"]}
    assert "not explained: 01/" in desk("trace", "common", BRIE, GOUDA, "--cut", DAIRY).out
    said = desk("trace", "common", SALT, "--contact", DAIRY, "--dates", "ignored", "--json").json
    assert STEM + "salt" in {row["code"] for row in said["rows"]}
    good = desk("trace", "common", BRIE, "--weight", "3", "--good", GOUDA)
    assert "good" in good.out.splitlines()[0].split()
    assert desk("trace", "common", BRIE, "--weight", "3", "--json").json["complaints"][0]["weight"] == 3


def test_balance_for_people(desk):
    done = desk("trace", "balance", GOUDA)
    lines = done.out.splitlines()
    assert lines[0] == f"01/{MILK}/10/gouda"
    assert lines[1].split()[:4] == ["of", "unit", "made", "received"]
    assert lines[2].split()[:3] == ["all", "kg", "20"] and "more came out than went in: 12 -> 20 kg (record" in done.out
    assert "everything adds up" in desk("trace", "balance", BRIE).out
    chinese = desk("trace", "balance", GOUDA, "--lang", "zh").out
    assert "产出多于投入" in chinese and "合计" in chinese and "公斤" in chinese
    both = desk("trace", "balance", GOUDA, BRIE)
    assert both.out.count("all") == 2


def test_balance_of_a_party(desk):
    told = desk("trace", "balance", DAIRY, "--from", "2026-11-02", "--to", "2026-11-02", "--json").json
    assert (told["kind"], told["exceeding"], told["lines"][0]["made"], told["lines"][0]["used"]) == ("party", 1, "30", "53")
    assert told["lines"][0]["before"] == "200"
    assert "before" in desk("trace", "balance", DAIRY, "--from", "2026-11-02").out.splitlines()[1].split()
    many = desk("trace", "balance", GOUDA, BRIE, "--json").json
    assert [one["code"] for one in many] == [STEM + "gouda", STEM + "brie"]
    table = desk("trace", "balance", GOUDA, "--format", "csv").out
    assert table.startswith("party,unit,singleUnits,made,") and table.count("\n") == 3


@pytest.mark.parametrize("words, code, says", (
    (("common",), USAGE, "CODE"), (("common", "06901234567893"), USAGE, "check digit"),
    (("common", BRIE, "--dates", "soon"), REFUSED, "dates is none of"), (("common", BRIE, "--format", "xml"), USAGE, "--format is csv"),
    (("common", BRIE + "x"), UNKNOWN, "no record names"), (("balance", BRIE + "x"), UNKNOWN, "no record names"),
    (("balance", BRIE, "--from", "soon"), USAGE, "expected a day"), (("balance", BRIE, "--from", "2026-11-01"), REFUSED, "party alone"),
    (("balance", BRIE, GOUDA, "--format", "csv"), USAGE, "one code")))
def test_what_cannot_be_asked(desk, words, code, says):
    done = desk("trace", *words, expect=code)
    assert says in done.err
