"""Pass rates that supervision found, held against the plan's targets; reports by their digests."""
import csv
import io
import re
import unicodedata

import pytest

from cli import USAGE, Cli
from ledger import Ledger, batch, check_digit

DAY = "2026-11-{:02}T08:00:00.000+08:00"


def inspection(lots, result="pass", day=2, kind="supervision", **more):
    return {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "inspecting", "eventTime": DAY.format(day),
            "eventTimeZoneOffset": "+08:00",
            **({"quantityList": [{"epcClass": lot, "quantity": 1} for lot in lots]} if "/10/" in lots[0] and
               "/21/" not in lots[0] else {"epcList": lots}),
            "suyuan:inspection": {"number": "S-1", "result": result, "kind": kind}, **more}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two dairies of two cities, a regulator, a laboratory, and what they found of 40 lots."""
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger").init().start()
    regulator = ledger.enrol("https://example.com/regulator", ["regulator"], region="130000")
    laboratory = ledger.enrol("https://example.com/laboratory", ["laboratory"])
    ledger.parties, ledger.lots = [], []
    for digits, region, category in (("690123400000", "130100", "other"), ("690765400000", "130200", "other")):
        party = "https://id.gs1.org/417/" + check_digit(digits)
        key = ledger.enrol(party, ["producer"], prefixes=[digits[:7]], region=region)
        gtin = check_digit("0" + digits[:7] + "00001")
        ledger.submit(key, {"type": "Product", "code": f"https://id.gs1.org/01/{gtin}", "name": {"en": "Milk"},
                            "category": category})
        ledger.submit(key, *(batch(gtin, f"L{i}") for i in range(20)))
        ledger.parties.append((party, key))
        ledger.lots.append([f"https://id.gs1.org/01/{gtin}/10/L{i}" for i in range(20)])
    (_, ours), (_, theirs) = ledger.parties
    # Ours: 19 of 20 pass.  What a firm says of itself, whatever it calls it, and a laboratory's
    # results on a firm's order count for nothing.
    ledger.submit(regulator, inspection(ledger.lots[0][:10]), inspection(ledger.lots[0][10:19], day=3),
                  inspection(ledger.lots[0][19:], "fail", day=4))
    ledger.submit(ours, inspection(ledger.lots[0][:5], day=5), inspection(ledger.lots[0][:5], "fail", kind="firm"))
    ledger.submit(laboratory, inspection(ledger.lots[0][:5], "fail", kind="laboratory", day=5))
    # Theirs: 3 of 4 pass, by a laboratory for the supervisor; a fifth is withdrawn.
    ledger.submit(laboratory, inspection(ledger.lots[1][:3], day=6), inspection(ledger.lots[1][3:4], "fail", day=6))
    wrong = inspection(ledger.lots[1][4:5], "fail", day=7, eventID="urn:uuid:00000000-0000-4000-8000-00000000000b")
    ledger.submit(regulator, wrong)
    ledger.submit(regulator, dict(wrong, errorDeclaration={"declarationTime": DAY.format(8),
                                                           "reason": "incorrect_data"}))
    # A year earlier, in a lot's units, of which three count as their lot once.
    gtin = ledger.lots[1][0].split("/")[4]
    units = [f"https://id.gs1.org/01/{gtin}/10/L9/21/{i}" for i in range(3)]
    ledger.submit(theirs, {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning", "epcList": units,
                           "eventTime": "2024-05-01T08:00:00Z", "eventTimeZoneOffset": "+00:00",
                           "ilmd": {"suyuan:productionDate": "2024-05-01"}})
    ledger.submit(regulator, dict(inspection(units), eventTime="2024-12-31T23:00:00+08:00"))
    # Nobody knows whose that is.
    ledger.submit(regulator, inspection([f"https://id.gs1.org/01/{check_digit('0690999900001')}/10/X"], "fail", day=9))
    ledger.settle()
    yield ledger
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


def ask(world, query, status=200):
    answer = world.get("/v1/quality?" + query)
    assert answer.status == status, answer.body
    return answer.json


YEAR = "from=2026-01-01&to=2026-12-31"


def rows(told):
    return {row[told["by"]]: (row["inspected"], row["passed"], row["rate"], row["met"]) for row in told["rows"]}


def test_by_producer(world):
    told = ask(world, YEAR + "&by=producer")
    (ours, _), (theirs, _) = world.parties
    assert rows(told) == {ours: (20, 19, "95.00", True), theirs: (4, 3, "75.00", False), None: (1, 0, "0.00", False)}
    assert {row["target"] for row in told["rows"]} == {"94"}
    assert told["total"] == {"inspected": 25, "passed": 22, "failed": 3, "rate": "88.00", "target": "94",
                             "met": False}
    assert [row.get("name") for row in told["rows"]] == [None, {"en": ours}, {"en": theirs}]
    assert told["targets"] == [{"year": 2023, "percent": "92"}, {"year": 2025, "percent": "94"}]
    assert world.get(f"/v1/records/{told['targetsRecord']}").json["name"] == "targets/quality"


def test_by_region_and_category(world):
    assert rows(ask(world, YEAR + "&by=region")) == {
        "130100": (20, 19, "95.00", True), "130200": (4, 3, "75.00", False), None: (1, 0, "0.00", False)}
    assert rows(ask(world, YEAR + "&by=region&region=130200")) == {"130200": (4, 3, "75.00", False)}
    assert rows(ask(world, YEAR + "&region=130000")) == {"other": (24, 22, "91.67", False)}
    assert rows(ask(world, YEAR + "&category=food")) == {}
    assert ask(world, YEAR + "&category=food")["total"]["rate"] is None


def test_by_year(world):
    told = ask(world, "from=2020-01-01&to=2026-12-31&by=year&region=130200")
    assert rows(told) == {"2024": (1, 1, "100.00", True), "2026": (4, 3, "75.00", False)}
    assert [row["target"] for row in told["rows"]] == ["92", "94"]
    # A day ends at midnight in China.
    assert rows(ask(world, "from=2024-12-31&to=2024-12-31&by=year")) == {"2024": (1, 1, "100.00", True)}
    assert rows(ask(world, "from=2025-01-01&to=2025-12-31&by=year")) == {}


def test_csv(world):
    answer = world.get("/v1/quality?format=csv&by=producer&" + YEAR)
    assert answer.headers["Content-Type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [(r["inspected"], r["rate"], r["met"]) for r in table if r["producer"] == world.parties[0][0]] == [
        ("20", "95.00", "true")]
    assert len(table) == 3 and answer.headers["Suyuan-Total-Inspected"] == "25"
    assert answer.headers["Suyuan-Total-Rate"] == "88.00"


@pytest.mark.parametrize("wrong", ["by=colour", "format=xml", "from=2026-13-01", "region=13", "to=x",
                                   "from=2026-02-01&to=2026-01-01"])
def test_what_is_asked_wrongly(world, wrong):
    assert ask(world, wrong, 400)["detail"]


# --- the command -------------------------------------------------------------------------------------

PERIOD = ("--from", "2026-01-01", "--to", "2026年12月31日")


@pytest.fixture(scope="module")
def desk(world, tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("desk") / "supervisor", world.url)


def columns(text):
    """{first cell: the others} of the table, whose columns begin where their headings do on a terminal."""
    def cells(line):  # a cell of a wide character takes two columns
        return "".join(c + "\0" if unicodedata.east_asian_width(c) in "WF" else c for c in line)
    heading, *lines = [cells(line) for line in text.splitlines() if "  " in line]
    starts = [m.start() for m in re.finditer(r"(?<!\S)\S", heading)]
    table = [[line[a:b].replace("\0", "").strip() for a, b in zip(starts, starts[1:] + [None])]
             for line in [heading, *lines]]
    return {row[0]: row[1:] for row in table}


def test_a_table_in_two_languages(world, desk):
    english = columns(desk("quality", "region", *PERIOD).out)
    assert english == {
        "region": ["inspected", "passed", "failed", "rate", "target", "met"],
        "130100": ["20", "19", "1", "95.00 %", "94 %", "yes"], "130200": ["4", "3", "1", "75.00 %", "94 %", "NO"],
        "not registered": ["1", "0", "1", "0.00 %", "94 %", "NO"],
        "total": ["25", "22", "3", "88.00 %", "94 %", "NO"]}
    chinese = desk("quality", "region", *PERIOD, "--lang", "zh").out
    assert columns(chinese) == {
        "地区": ["抽检批次", "合格", "不合格", "合格率", "目标", "达标"],
        "130100": english["130100"][:5] + ["是"], "130200": english["130200"][:5] + ["否"],
        "未登记": english["not registered"][:5] + ["否"], "合计": english["total"][:5] + ["否"]}
    assert "2026-01-01 至 2026-12-31" in chinese and "2023 年起 92 %，2025 年起 94 %" in chinese


def test_the_same_as_json_and_csv(world, desk):
    for by in ("category", "producer", "region", "year"):
        said = desk("quality", "--by", by, *PERIOD, "--json").json
        assert {k: v for k, v in said.items() if k != "asOf"} == {
            k: v for k, v in ask(world, YEAR + "&by=" + by).items() if k != "asOf"}
    assert desk("quality", *PERIOD, "--format", "csv").out == "\n".join(
        world.get(f"/v1/quality?format=csv&{YEAR}").body.decode().split("\r\n"))
    table = columns(desk("quality", "producer", *PERIOD).out)
    assert [table[party][0] for party, _ in world.parties] == [party for party, _ in world.parties]


def test_narrowed_down(world, desk):
    (ours, _), (theirs, _) = world.parties
    assert desk("quality", "producer", *PERIOD, "--producer", theirs[-13:], "--json").json["total"]["inspected"] == 4
    assert desk("quality", *PERIOD, "--region", "130100", "--category", "其他", "--json").json["total"]["passed"] == 19
    assert "No supervision" in desk("quality", *PERIOD, "--category", "food").out
    assert "无监督抽检" in desk("quality", *PERIOD, "--category", "食品", "--lang", "zh").out
    said = desk("quality", "--from", "x", "--to", "y", "--category", "toys", "--region", "13", "--producer", "?",
                expect=USAGE).err
    assert all(f"--{name}" in said for name in ("from", "to", "category", "region", "producer"))
    for words in (["colour"], ["producer", "--by", "region"], ["--from", "2026-02-01", "--to", "2026-01-01"],
                  ["--format", "xml"], ["--format", "csv", "--json"]):
        desk("quality", *words, expect=USAGE)


def test_a_regulators_targets(world):
    told = ask(world, YEAR)
    published = world.get(f"/v1/records/{told['targetsRecord']}").json
    for targets in ({"2025": "101"}, {"25": "94"}, {"2025": 94}):
        world.submit(world.operator, dict(published, targets=targets, replaces=told["targetsRecord"]), expect=422)
    world.submit(world.operator, dict(published, targets={"2026": "80.5"}, replaces=told["targetsRecord"]))
    world.settle()
    told = ask(world, YEAR)
    assert (told["total"]["target"], told["total"]["met"]) == ("80.5", True)
