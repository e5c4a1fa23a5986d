"""What was found of goods after they were registered: a verdict that keeps it back is a wrong one."""
import pytest

from cli import DONE, Cli
from ledger import Ledger, batch, erase
from test_answers import verify
from test_quality import DAY, inspection

MORE = 8  # results of each kind that an item shows


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger").init().start()
    ledger.key, ledger.gtin = ledger.dairy()
    ledger.regulator = ledger.enrol("https://example.com/regulator", ["regulator"], region="130000")
    yield ledger
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


def lot(world, name, **more):
    """A lot of that name, and what names it in an event and in a question."""
    number = world.submit(world.key, batch(world.gtin, name, made="2026-11-01", expires="2060-01-01", **more))
    return f"https://id.gs1.org/01/{world.gtin}/10/{name}", f"(01){world.gtin}(10){name}", number["firstRecord"]


def found(world, what, *arguments, by=None, **more):
    return world.submit(by or world.regulator, inspection([what], *arguments, **more))["firstRecord"]


def told(world, code):
    world.settle()
    answer = verify(world, code)
    return answer, [(one["record"], one["kind"], one["result"]) for one in answer["inspections"] if one.get("later")]


def test_a_later_failure_is_told(world):
    what, code, made = lot(world, "F1", **{"suyuan:inspection": {"number": "R-1", "result": "pass", "kind": "firm"}})
    answer, later = told(world, code)
    assert later == [] and answer["inspectionFailed"] is False
    good = found(world, what, day=2)
    answer, later = told(world, code)
    assert later == [(good, "supervision", "pass")] and answer["inspectionFailed"] is False
    bad = found(world, what, "fail", day=3)
    answer, later = told(world, code)
    assert later == [(bad, "supervision", "fail"), (good, "supervision", "pass")]  # what failed comes first
    assert answer["inspectionFailed"] is True and answer["status"] == "registered"
    assert answer["inspections"][0] == {"result": "pass", "kind": "firm", "record": made}
    assert answer["inspections"][1] == {"result": "fail", "kind": "supervision", "date": "2026-11-03", "later": True,
                                        "party": "https://example.com/regulator", "time": "2026-11-03T00:00:00.000Z",
                                        "record": bad}
    assert {good, bad, made} <= set(answer["records"])


def test_its_own_failure_counts_as_well(world):
    _, code, _ = lot(world, "OWN", **{"suyuan:inspection": {"number": "R-1", "result": "fail", "kind": "firm"}})
    answer, later = told(world, code)
    assert later == [] and answer["inspectionFailed"] is True


def test_a_second_shift_that_failed(world):
    """Several may commission a lot: what the second says of it isn't lost behind the first."""
    _, code, _ = lot(world, "TWO", **{"suyuan:inspection": {"number": "R-1", "result": "pass", "kind": "firm"}})
    _, _, second = lot(world, "TWO", **{"suyuan:inspection": {"number": "R-2", "result": "fail", "kind": "firm"}})
    answer, later = told(world, code)
    assert later == [(second, "firm", "fail")] and answer["inspectionFailed"] is True


def test_a_firm_is_no_supervision(world):
    what, code, _ = lot(world, "FIRM")
    record = found(world, what, "fail", by=world.key)
    assert told(world, code)[1] == [(record, "firm", "fail")]


def test_lot_and_unit(world):
    """A unit shares what was found of its lot, and a lot what was found of one of its units."""
    units = [f"https://id.gs1.org/01/{world.gtin}/10/UN/21/{n}" for n in "ab"]
    lot(world, "UN")
    world.submit(world.key, {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning", "epcList": units,
                             "eventTime": DAY.format(1), "eventTimeZoneOffset": "+08:00"})
    one = found(world, units[0], "fail", day=5)
    for code in (f"(01){world.gtin}(10)UN", f"(01){world.gtin}(10)UN(21)a", f"(01){world.gtin}(21)a",
                 f"(01){world.gtin}(21)b"):
        answer, later = told(world, code)
        assert later == [(one, "supervision", "fail")] and answer["inspectionFailed"], code
        assert answer["records"].count(one) == 1


def test_withdrawn_and_erased(world):
    what, code, _ = lot(world, "WD")
    bad = inspection([what], "fail", eventID="urn:uuid:00000000-0000-4000-8000-0000000000c1")
    world.submit(world.regulator, bad)
    assert told(world, code)[0]["inspectionFailed"]
    world.submit(world.regulator, dict(bad, errorDeclaration={"declarationTime": DAY.format(8),
                                                              "reason": "incorrect_data"}))
    answer, later = told(world, code)
    assert later == [] and answer["inspectionFailed"] is False
    whole = inspection([what], "fail", day=4)
    number = world.submit(world.regulator, whole)["firstRecord"]
    whole["suyuan:inspection"] = {"result": "fail", "kind": "supervision"}
    erasure = erase(world, number, remains=whole)
    answer, later = told(world, code)
    assert later == [(erasure, "supervision", "fail")] and number not in answer["records"]


def test_many(world):
    """The newest of each result, the failed ones whatever passed since; that there are more is said."""
    what, code, _ = lot(world, "MANY")
    bad = [found(world, what, "fail", day=1 + i) for i in range(2)]
    good = [found(world, what, day=10 + i) for i in range(MORE)]
    answer, later = told(world, code)
    assert [record for record, _, _ in later] == bad[::-1] + good[::-1] and "inspectionsCut" not in answer
    good.append(found(world, what, day=20))
    answer, later = told(world, code)
    assert [record for record, _, _ in later] == bad[::-1] + good[:0:-1] and answer["inspectionsCut"] is True


def test_a_rebuild_tells_the_same(world):
    codes = [f"(01){world.gtin}(10){name}" for name in ("F1", "TWO", "UN", "WD", "MANY")]
    before = [told(world, code)[1] for code in codes]
    world.stop()
    assert world.run("--reindex", "--dir", world.dir).returncode == 0
    world.start()
    assert [told(world, code)[1] for code in codes] == before


@pytest.mark.parametrize("lang,words", [
    ("en", ["REGISTERED, but an inspection FAILED", "supervision FAILED S-1 2026-11-03", "supervision passed S-1"]),
    ("zh", ["已登记，但有检验不合格", "监督抽检不合格 S-1 2026-11-03", "监督抽检合格 S-1"])])
def test_what_people_see(world, tmp_path, lang, words):
    what, code, _ = lot(world, "CLI" + lang)
    good, bad = found(world, what, day=2), found(world, what, "fail", day=3)
    world.settle()
    run = Cli(tmp_path, world.url)
    said = run("verify", code, "--lang", lang, expect=DONE).out
    assert all(word in said for word in words), said
    assert f"{bad}" in said and f"{good}" in said
    answer = run("verify", code, "--json").json
    assert answer["inspectionFailed"] and {one["number"] for one in answer["proof"]["inspections"]} == {"S-1"}
    assert len(answer["proof"]["inspections"]) == 2 and answer["proof"]["records"] >= 3
