"""What happened to goods, from plain options: standard events, the same command the same record."""
import json
import re

import pytest

import ledger as ledgers
from cli import Cli, DAIRY, DONE, FAIL, MILK, REFUSED, STOP, UNKNOWN, USAGE, dairy, register
from ledger import check_digit

LOT = f"(01){MILK}(10)E1"
LINK = f"https://id.gs1.org/01/{MILK}/10/E1"
SHOP = check_digit("690123488880")
SSCC = "(00)" + check_digit("00690123400000001")
AT = ["--at", "2026-11-02 08:30"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    one = ledgers.Ledger(folder / "ledger").init().start()
    producer = dairy(one, folder)
    register(producer, "E1")
    producer.ledger = one
    yield producer
    try:
        one.stop()
    finally:
        one.remove()


def record_of(cli, done):
    return json.loads(cli("ledger", "record", done.json["record"]).out)


# verb, options, what the event says of it
CASES = {
    "ship": ([LOT + ":20:盒", "--to", SHOP, "--po", "PO-1"],
             {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit",
              "quantityList": [{"epcClass": LINK, "quantity": 20, "uom": "XBX"}],
              "destinationList": [{"type": "possessing_party", "destination": f"https://id.gs1.org/417/{SHOP}"}],
              "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:{SHOP}:PO-1"}]}),
    "receive": ([LOT, "--quantity", "20", "--unit", "盒", "--from", DAIRY],
                {"bizStep": "receiving", "disposition": "in_progress",
                 "quantityList": [{"epcClass": LINK, "quantity": 20, "uom": "XBX"}],
                 "sourceList": [{"type": "possessing_party", "source": DAIRY}]}),
    "receive --returned": ([LOT + ":1:盒"], {"bizStep": "receiving", "disposition": "returned"}),
    "receive --recalled": ([LOT + ":2:盒"], {"bizStep": "receiving", "disposition": "recalled"}),
    "ship --recalled": ([LOT + ":2:盒"], {"bizStep": "shipping", "disposition": "recalled"}),
    "transform": (["--product", MILK, "--lot", "E2", "--quantity", "5", "--unit", "盒", "--made", "2026-11-01",
                   "--input-lot", LOT + ":6:盒"],
                  {"type": "TransformationEvent", "bizStep": "commissioning",
                   "inputQuantityList": [{"epcClass": LINK, "quantity": 6, "uom": "XBX"}]}),
    "pack": ([LOT + ":12:盒", "--container", SSCC],
             {"type": "AggregationEvent", "action": "ADD", "bizStep": "packing",
              "parentID": "https://id.gs1.org/00/" + SSCC[4:],
              "childQuantityList": [{"epcClass": LINK, "quantity": 12, "uom": "XBX"}]}),
    "unpack": (["--container", SSCC],
               {"type": "AggregationEvent", "action": "DELETE", "bizStep": "unpacking"}),
    "inspect": ([LOT, "--inspection", "J-1", "--result", "pass", "--inspection-kind", "firm"],
                {"bizStep": "inspecting", "disposition": "conformant",
                 "suyuan:inspection": {"number": "J-1", "result": "pass", "kind": "firm"}}),
    "hold": ([LOT], {"bizStep": "holding", "disposition": "non_sellable_other"}),
    "release": ([LOT], {"bizStep": "storing", "disposition": "available"}),
    "return": ([LOT + ":1:盒", "--to", DAIRY], {"bizStep": "shipping", "disposition": "returned"}),
    "sell": ([LOT + ":1:盒"], {"bizStep": "retail_selling", "disposition": "retail_sold"}),
    "install": ([LOT + ":1:盒", "--place", "6901234000016", "--sample", "JZ-1", "--supervisor", "监理"],
                {"bizStep": "installing", "bizLocation": {"id": "https://id.gs1.org/414/6901234000016"},
                 "suyuan:site": {"sample": "JZ-1", "supervisor": "监理"}}),
    "destroy": ([LOT + ":1:盒"], {"action": "DELETE", "bizStep": "destroying", "disposition": "destroyed"}),
}


@pytest.mark.parametrize("verb", CASES)
def test_each_verb(world, verb):
    words, says = CASES[verb]
    when = [] if verb == "transform" else AT
    command = ["event", *verb.split(), *words, *when]
    shown = json.loads(world(*command, "--dry-run", where="http://127.0.0.1:1").out)
    first = world(*command, "--json")
    assert "now" not in first.err
    assert record_of(world, first) == shown
    assert shown["eventTime"] == ("2026-11-01T00:00:00+08:00" if verb == "transform" else "2026-11-02T08:30:00+08:00")
    assert {name: shown.get(name) for name in says} == says
    again = world(*command, "--json")  # a script that runs twice
    assert again.json["record"] == first.json["record"] and again.json["status"] == "already registered"
    assert first.json["eventID"] == again.json["eventID"] == shown["eventID"]


def test_codes_from_standard_input(world):
    lines = f"{LOT} 3 盒\n\n  {SSCC}\r\n(01){MILK}(10)E1(21)77\n"
    shown = json.loads(world("event", "ship", "-", *AT, "--dry-run", stdin=lines).out)
    assert shown["epcList"] == ["https://id.gs1.org/00/" + SSCC[4:], LINK + "/21/77"]
    assert shown["quantityList"] == [{"epcClass": LINK, "quantity": 3, "uom": "XBX"}]
    # beside those that are typed
    both = json.loads(world("event", "ship", LOT, "-", *AT, "--dry-run", stdin=SSCC + "\n").out)
    assert both["quantityList"] == [{"epcClass": LINK}] and len(both["epcList"]) == 1


def test_more_codes_than_a_record_holds(world):
    """They are several events of one submission, the same ones each time."""
    codes = [f"8{i:019}" for i in range(30000)]
    command = ["event", "ship", "-", *AT, "--to", SHOP]
    shown = [json.loads(line) for line in world(*command, "--dry-run", stdin="\n".join(codes)).out.splitlines()]
    assert len(shown) == 2 and len({e["eventID"] for e in shown}) == 2
    assert [c for e in shown for c in e["epcList"]] == [f"urn:suyuan:cn:drug:{c}" for c in codes]
    sent = world(*command, "--json", stdin="\n".join(codes)).json
    assert sent["count"] == 2 and sent["codes"] == 30000
    assert world(*command, "--json", stdin="\n".join(codes)).json["record"] == sent["record"]
    # of what is made there is one event or none
    done = world("event", "transform", "-", "--made", "2026-11-01", "--input-lot", LOT, "--dry-run",
                 stdin="\n".join(codes), expect=USAGE)
    assert "1 MiB" in done.err and not done.out


def test_now_when_nothing_is_said(world):
    done = world("event", "sell", LOT + ":1:盒", "--dry-run")
    when = re.search(r"now, (\S+);", done.err)[1]
    assert json.loads(done.out)["eventTime"] == when and when.endswith("+08:00")


@pytest.mark.parametrize("words,names", [
    (["ship"], ["codes"]),
    (["ship", "nonsense"], ["codes", "no code"]),
    (["ship", LOT, "--to", "石家庄乳业"], ["to", "GLN"]),
    (["ship", LOT, "--quantity", "1,5", "--unit", "车"], ["quantity", "unit"]),
    (["pack", LOT], ["container"]),
    (["inspect", LOT], ["inspection", "result", "inspectionKind"]),
    (["install", LOT], ["place"]),
    (["receive", LOT, "--recalled", "--returned"], ["not both"]),
    (["ship", LOT, "--at", "soon"], ["at", "08:30"]),
])
def test_every_fault_at_once(world, words, names):
    when = [] if "--at" in words else AT
    done = world("event", *words, *when, expect=USAGE)
    assert all(name in done.err for name in names), done
    assert not done.out


def test_refused_by_the_ledger(world):
    """Goods of somebody else may be shipped by anybody, but not made."""
    other = Cli(world.dir.parent / "other", world.where, "other.key")
    Cli(other.dir)("key", "new", "other.key")
    assert other("event", "ship", LOT, *AT, expect=REFUSED).err
    assert world("event", "ship", LOT, *AT, expect=DONE)


# --- mistakes


def test_a_mistake_is_corrected(world):
    """Withdrawn by a declaration that repeats the event, and registered as it should be."""
    code = f"(01){MILK}(10)C1"
    wrong = register(world, "C1", "--json").json["record"]
    right = ["--product", MILK, "--lot", "C1", "--quantity", "480", "--unit", "盒", "--made", "2026-11-02", "--expires",
             "2099-05-02"]
    shown = [json.loads(line) for line in world("batch", "correct", code, *right, "--dry-run").out.splitlines()]
    assert shown[0]["errorDeclaration"]["correctiveEventIDs"] == [shown[1]["eventID"]]
    assert world("batch", "show", code, "--json").json["quantity"] == "500"
    done = world("batch", "correct", code, *right, "--json").json
    lot = world("batch", "show", code, "--json").json
    assert lot["quantity"] == "480" and lot["made"] == "2026-11-02"
    declared = json.loads(world("ledger", "record", done["withdrawnBy"]).out)
    before = json.loads(world("ledger", "record", wrong).out)
    assert declared.pop("errorDeclaration")["reason"] == "incorrect_data" and declared == before
    assert done["eventID"] == shown[1]["eventID"] == json.loads(world("ledger", "record", done["record"]).out)["eventID"]
    # a script that runs twice
    total = world("ledger", "info", "--json").json["records"]
    assert world("batch", "correct", code, *right, "--json").json["status"] == "already registered"
    assert world("ledger", "info", "--json").json["records"] == total


def test_what_did_not_happen_is_withdrawn(world):
    code = f"(01){MILK}(10)C2"
    register(world, "C2")
    world("batch", "correct", code, "--reason", "did_not_occur")
    assert world("verify", code, "--json", expect=STOP).json["status"] == "withdrawn"
    assert "nothing" in world("batch", "correct", code, "--reason", "did_not_occur", expect=UNKNOWN).err
    # gone on with where an earlier run was interrupted
    right = ["--product", MILK, "--lot", "C2", "--quantity", "1", "--made", "2026-11-03", "--expires", "2099-01-01"]
    world("batch", "correct", code, *right)
    world("verify", code)


def test_which_of_several_is_wrong(world):
    code = f"(01){MILK}(10)C3"
    first = register(world, "C3", "--json").json["record"]
    second = register(world, "C3", "--at", "2026-11-01 20:00", "--json").json["record"]
    said = world("batch", "correct", code, expect=USAGE).err
    assert f"{first}, {second}" in said
    world("batch", "correct", code, "--record", second)
    assert world("batch", "show", code, "--json").json["quantity"] == "500"
    assert "colour" in world("batch", "correct", code, "--colour", "red", expect=USAGE).err
    assert "made" in world("batch", "correct", code, "--product", MILK, "--lot", "C3", expect=USAGE).err
    world("batch", "correct", f"(01){MILK}(10)NONE", expect=UNKNOWN)
    world("batch", "correct", code, "--record", second, expect=USAGE)
    world("batch", "correct", code, "--reason", "no reason", expect=REFUSED)


def test_an_empty_list_of_scans_is_not_all_of_them(world):
    """Without codes "unpack" takes out whatever is in: a scanner's file that has none must not come to that."""
    done = world("event", "unpack", "-", "--container", SSCC, *AT, "--dry-run", stdin="\n", expect=FAIL)
    assert "standard input has no code" in done.err and done.out == ""
    assert world("event", "unpack", "--container", SSCC, *AT, "--dry-run").out
