"""Where goods are and whether they may go: holds, holders, histories, as answers and as lines."""
import itertools
import re
import unicodedata
import urllib.parse

import pytest

from cli import DAIRY, DONE, MILK, STOP, USAGE, Cli, dairy, register
from ledger import Ledger, check_digit

LOT = f"(01){MILK}(10)L1"
SHOP = "https://id.gs1.org/417/" + check_digit("690765400000")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An operator, a dairy with a lot of 500 boxes and three units of it, and a shop."""
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    folder = tmp_path_factory.mktemp("desks")
    producer = dairy(ledger, folder)
    producer.operator = Cli(folder / "operator", ledger.url, ledger.dir / "operator.key")
    producer.shop = Cli(folder / "shop", ledger.url, "shop.key")
    Cli(producer.shop.dir)("key", "new", "shop.key", "--party", SHOP)
    producer.operator("party", "register", SHOP, "--name-zh", "超市", "--name-en", "Shop", "--role", "seller",
                      "--party-key", producer.shop.dir / "shop.key")
    producer.ledger = ledger
    yield producer
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()



def quote(code):
    return urllib.parse.quote(code, safe="")


def status(world, code):
    world.ledger.settle()
    return world.ledger.get(f"/v1/verify?code={quote(code)}").json


# --- holds -------------------------------------------------------------------------------------------

def test_who_may_release_a_hold(world):
    register(world, "H1")
    lot = f"(01){MILK}(10)H1"
    world("event", "hold", lot, "--at", "2026-11-02T08:00:00+08:00")
    told = status(world, lot)
    assert told["status"] == told["lot"]["state"] == "held"
    assert [(h["party"], h["authority"]) for h in told["holds"]] == [(DAIRY, False)]
    assert told["holds"][0]["record"] in told["records"]
    # Neither somebody else nor a paper of an earlier day.
    world.shop("event", "release", lot, "--at", "2026-11-03T08:00:00+08:00")
    world("event", "release", lot, "--at", "2026-11-01T08:00:00+08:00")
    assert status(world, lot)["status"] == "held"
    done = world("verify", lot, expect=STOP)
    assert "HELD" in done.out and DAIRY in done.out
    assert "已封存" in world("verify", lot, "--lang", "zh", expect=STOP).out
    world("event", "release", lot, "--at", "2026-11-03T08:00:00+08:00")
    assert status(world, lot)["status"] == "registered"
    world("verify", lot, expect=DONE)
    # An authority's falls by an authority alone.
    world.operator("event", "hold", lot, "--at", "2026-11-04T08:00:00+08:00")
    world("event", "release", lot, "--at", "2026-11-05T08:00:00+08:00")
    assert status(world, lot)["status"] == "held"
    world.operator("event", "release", lot, "--at", "2026-11-05T08:00:00+08:00")
    assert status(world, lot)["status"] == "registered"


def test_a_unit_shares_its_lots_hold(world):
    register(world, "L1")
    world("batch", "register", "--product", MILK, "--lot", "L1", "--serial", "a", "--made", "2026-11-01",
          "--expires", "2099-05-01")
    world("event", "hold", LOT, "--at", "2026-11-02T08:00:00+08:00")
    unit = f"(01){MILK}(21)a"
    told = status(world, unit)
    assert (told["status"], told["serial"]["state"]) == ("held", "registered")
    world("verify", unit, expect=STOP)
    world("event", "release", LOT, "--at", "2026-11-03T08:00:00+08:00")
    world("event", "hold", unit, "--at", "2026-11-04T08:00:00+08:00")
    assert status(world, unit)["status"] == "held" and status(world, LOT)["status"] == "registered"
    world("event", "release", unit, "--at", "2026-11-05T08:00:00+08:00")


def test_what_nobody_registered_may_be_held(world):
    fake = f"(01){MILK}(10)FAKE"
    world.operator("event", "hold", fake, "--at", "2026-11-02T08:00:00+08:00")
    assert status(world, fake)["status"] == "held"
    world.operator("verify", fake, expect=STOP)


# --- holders and histories ---------------------------------------------------------------------------

def item(world, code, more=""):
    world.ledger.settle()
    return world.ledger.get(f"/v1/items?code={quote(code)}{more}").json


def holders(told):
    """{party: {what: quantity}}, what is there of it alone."""
    names = "onHand", "inTransit", "consumed", "sold", "destroyed"
    return {h["party"]: {n: h[n] for n in names if h[n] != "0"} for h in told["holders"]}


def test_from_hand_to_hand(world):
    register(world, "W1", "--at", "2026-11-01T08:00:00+08:00")
    lot, day = f"(01){MILK}(10)W1", iter(range(2, 20))

    def at():
        return "--at", f"2026-11-{next(day):02}T08:00:00+08:00"

    def boxes(n):
        return "--quantity", n, "--unit", "盒"
    world("event", "ship", lot, *boxes(200), "--to", SHOP, *at())
    told = item(world, lot)
    assert holders(told) == {DAIRY: {"onHand": "300", "inTransit": "200"}}
    assert [(s["from"], s["to"], s["quantity"]) for s in told["shipments"]] == [(DAIRY, SHOP, "200")]
    world.shop("event", "receive", lot, *boxes(190), "--from", DAIRY, *at())
    world.shop("event", "sell", lot, *boxes(20), *at())
    world.shop("event", "destroy", lot, *boxes(10), *at())
    told = item(world, lot)
    assert holders(told) == {DAIRY: {"onHand": "300", "inTransit": "10"},
                             SHOP: {"onHand": "160", "sold": "20", "destroyed": "10"}}
    assert told["flags"] == [] and {h["unit"] for h in told["holders"]} == {"XBX"}
    assert told["expiry"]["expired"] is False and told["expiry"]["day"] == "2099-05-01"
    assert [(h["step"], h["party"], h.get("quantity")) for h in told["history"]] == [
        ("create", DAIRY, "500"), ("ship", DAIRY, "200"), ("receive", SHOP, "190"), ("sell", SHOP, "20"),
        ("destroy", SHOP, "10")]
    assert told["history"][1]["to"] == SHOP and told["history"][2]["from"] == DAIRY
    assert told["dispositions"][0]["disposition"] == "destroyed"
    # Nobody shipped that; and a sale of more than is there.
    world.shop("event", "receive", lot, *boxes(100), "--from", DAIRY, *at())
    world("event", "sell", lot, *boxes(400), *at())
    told = item(world, lot)
    assert [(f["flag"], f["reason"]) for f in told["flags"]] == [("impossible", "never-shipped"),
                                                                 ("impossible", "more-than-there")]
    assert [f["record"] for f in told["flags"]] == [h["record"] for h in told["history"][-2:]]


def table(text, title):
    """The rows below a title as {heading: cell}, cut where the headings begin on a terminal."""
    def cells(line):  # a cell of a wide character takes two columns
        return "".join(c + "\0" if unicodedata.east_asian_width(c) in "WF" else c for c in line)
    lines = iter(text.splitlines())
    assert any(line == title for line in lines), text
    heading, *rows = [cells(line) for line in itertools.takewhile(bool, lines)]
    starts = [m.start() for m in re.finditer(r"(?<!\S)\S(?:\S| (?=\S))*", heading)]
    cut = [[line[a:b].replace("\0", "").strip() for a, b in zip(starts, starts[1:] + [None])]
           for line in [heading, *rows]]
    return [{name: cell for name, cell in zip(cut[0], row) if cell != "-"} for row in cut[1:]]


def test_what_people_see(world):
    register(world, "V1", "--at", "2026-11-01T08:00:00+08:00", "--inspection", "R-9", "--result", "pass")
    lot, shop = f"(01){MILK}(10)V1", ("--place", "https://id.gs1.org/414/" + check_digit("690765400001"))
    world("event", "ship", lot, "--quantity", "200", "--unit", "盒", "--to", SHOP, "--at", "2026-11-02 08:00")
    world.shop("event", "receive", lot, "--quantity", "250", "--unit", "盒", "--from", DAIRY, *shop, "--at",
               "2026-11-03 08:00")
    world.operator("event", "inspect", lot, "--inspection", "S-9", "--result", "fail", "--inspection-kind",
                   "supervision", "--at", "2026-11-04 08:00")
    world.operator("event", "hold", lot, "--at", "2026-11-05 08:00")
    world.ledger.settle()
    english = world("batch", "show", lot).out
    assert table(english, "Who has it") == [
        {"party": "Shijiazhuang Dairy", "on hand": "300", "unit": "boxes", "since": "2026-11-01 08:00"},
        {"party": "Shop", "place": check_digit("690765400001"), "on hand": "250", "unit": "boxes",
         "since": "2026-11-03 08:00"}]
    assert [(row["flag"], row["reason"]) for row in table(english, "Flags")] == [
        ("IMPOSSIBLE", "received, but nobody shipped it")]
    assert [row["since"] for row in table(english, "Holds")] == ["2026-11-05 08:00"]
    assert [(row["kind"], row["result"], row["number"]) for row in table(english, "Quality results")] == [
        ("firm", "passed", "R-9"), ("supervision", "FAILED", "S-9")]
    assert [(row["what"], row["party"], row.get("quantity"), row.get("unit")) for row in table(english, "History")] == [
        ("registered", "Shijiazhuang Dairy", "500", "boxes"), ("shipped", "Shijiazhuang Dairy", "200", "boxes"),
        ("received", "Shop", "250", "boxes"), ("inspected", world.ledger.origin, None, None),
        ("held", world.ledger.origin, None, None)]
    chinese = world("batch", "show", lot, "--lang", "zh").out
    assert [(row["主体"], row["在库"], row["单位"]) for row in table(chinese, "持有情况")] == [
        ("石家庄乳业", "300", "盒"), ("超市", "250", "盒")]
    assert [row["原因"] for row in table(chinese, "异常")] == ["收货，但无人发货"]
    assert not re.search("[a-z]{3}", re.sub(r"https?:\S+|urn:\S+|example.com\S*|non_sellable_other", "", chinese))
    # A verdict says the same in short.
    for lang, words in (("en", ["Shijiazhuang Dairy: on hand 300 boxes; Shop: on hand 250 boxes",
                                "received, but nobody shipped it (record", "supervision FAILED S-9"]),
                        ("zh", ["石家庄乳业：在库 300 盒；超市：在库 250 盒", "收货，但无人发货（记录", "监督抽检不合格 S-9"])):
        said = world("verify", lot, "--lang", lang, expect=STOP).out
        assert all(word in said for word in words), said


def test_a_batch_shown_in_pages(world):
    register(world, "N1", "--at", "2026-11-01T08:00:00+08:00")
    lot = f"(01){MILK}(10)N1"
    for day in range(2, 6):
        world("event", "sell", lot, "--quantity", day, "--unit", "盒", "--at", f"2026-11-{day:02} 08:00")
    world.ledger.settle()
    told = world("batch", "show", lot, "--limit", "2").out
    assert len(table(told, "History")) == 2
    start = re.search(r"--from (\d+)", told)[1]
    rest = world("batch", "show", lot, "--from", start).out
    assert [row["quantity"] for row in table(rest, "History")] == ["3", "4", "5"] and "--from" not in rest
    assert [h["record"] for h in world("batch", "show", lot, "--from", start, "--json").json["history"]][0] == int(start)
    world("batch", "show", lot, "--limit", "0", expect=USAGE)
    world("batch", "show", lot, "--from", "x", expect=USAGE)


def test_holders_in_pages(world):
    register(world, "P1", "--at", "2026-11-01T08:00:00+08:00")
    lot = f"(01){MILK}(10)P1"
    for to in range(5):
        world("event", "ship", lot, "--quantity", "1", "--unit", "盒", "--at", "2026-11-02T08:00:00+08:00",
              "--place", f"https://id.gs1.org/414/{check_digit(f'69012340{to:04}')}")
    whole = item(world, lot)["holders"]
    assert len(whole) == item(world, lot)["holdersCount"] > 1
    got, start = [], 0
    while start is not None:
        page = item(world, lot, f"&limit=2&holdersFrom={start}")
        got += page["holders"]
        start = page.get("holdersNext")
    assert got == whole


def test_a_pallet_takes_its_goods_along(world):
    pallet = "(00)" + check_digit("36901234000000001")
    register(world, "B1", "--at", "2026-11-01T08:00:00+08:00")
    lot = f"(01){MILK}(10)B1"
    world("event", "pack", lot, "--quantity", "100", "--unit", "盒", "--container", pallet, "--at",
          "2026-11-02T08:00:00+08:00")
    world("event", "ship", pallet, "--to", SHOP, "--at", "2026-11-03T08:00:00+08:00")
    assert holders(item(world, lot)) == {DAIRY: {"onHand": "400", "inTransit": "100"}}
    world.shop("event", "receive", pallet, "--from", DAIRY, "--at", "2026-11-04T08:00:00+08:00")
    assert holders(item(world, lot)) == {DAIRY: {"onHand": "400"}, SHOP: {"onHand": "100"}}
    assert holders(item(world, pallet)) == {SHOP: {"onHand": "1"}}
    assert item(world, lot)["history"][1]["container"].endswith(pallet[4:])


def test_quality_results_and_dispositions(world):
    register(world, "Q1", "--inspection", "R-1", "--result", "pass", "--at", "2026-11-01T08:00:00+08:00")
    lot = f"(01){MILK}(10)Q1"
    world.operator("event", "inspect", lot, "--inspection", "S-1", "--result", "fail", "--inspection-kind",
                   "supervision", "--at", "2026-11-02T08:00:00+08:00")
    world("event", "hold", lot, "--at", "2026-11-03T08:00:00+08:00")
    told = item(world, lot)
    assert [(i["kind"], i["result"], i["inspection"]["number"]) for i in told["inspections"]] == [
        ("firm", "pass", "R-1"), ("supervision", "fail", "S-1")]
    assert told["state"] == "held" and [h["party"] for h in told["holds"]] == [DAIRY]
    assert [(d["disposition"], d.get("persistent", False)) for d in told["dispositions"]] == [
        ("non_sellable_other", False), ("non_sellable_other", True)]
    world("event", "release", lot, "--at", "2026-11-04T08:00:00+08:00")
    told = item(world, lot)
    assert [d["disposition"] for d in told["dispositions"]] == ["available"] and told["holds"] == []


def test_effective_and_audit_views(world):
    register(world, "C1", "--at", "2026-11-01T08:00:00+08:00")
    lot = f"(01){MILK}(10)C1"
    world("batch", "correct", lot, "--product", MILK, "--lot", "C1", "--quantity", "480", "--unit", "盒",
          "--made", "2026-11-01", "--expires", "2099-05-01", "--at", "2026-11-01T08:00:00+08:00")
    told, audit = item(world, lot), item(world, lot, "&view=audit")
    assert holders(told) == holders(audit) == {DAIRY: {"onHand": "480"}}
    assert len(told["history"]) == 1 and len(audit["history"]) == 3
    shown = world("batch", "show", lot, "--audit").out
    assert [row.get("note") for row in table(shown, "History, with what was withdrawn")] == [
        "WITHDRAWN", "declares an error", None]
    assert len(table(world("batch", "show", lot).out, "History")) == 1
    assert [(h.get("withdrawn", False), h.get("error", False)) for h in audit["history"]] == [
        (True, False), (False, True), (False, False)]
