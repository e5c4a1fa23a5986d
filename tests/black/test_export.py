"""Documents for others: EPCIS as GS1's schema has it, FDA's sheet, FoodChain-Lab's network; and the events for them."""
import csv
import io
import json
import os
import pathlib
import random
import urllib.parse

import pytest

import ledger as ledgers
from cli import FAIL, UNKNOWN, USAGE, Cli
from ledger import check_digit
from program import Program
from reference import canonical, items_of, lot_in
from test_affected import Goods, World, amounts, ask
from test_recall_affected import Cutter
from test_trace import at, classes, event, made, packing, small
from trade import ends

DATA = pathlib.Path(os.environ.get("SUYUAN_DATA", ledgers.ROOT / "../shared/data"))
SEED = 20261126


def events(ledger, codes, **more):
    """(lines, end) of the events of all that codes came from and went into."""
    query = [("code", c) for c in codes] + list(more.items())
    answer = ledger.get("/v1/events?" + urllib.parse.urlencode(query))
    assert answer.status == 200, answer.body
    *lines, end = answer.body.decode().splitlines()
    end = json.loads(end)
    assert end["end"] is True and end["events"] == len(lines)
    return lines, end


# --- the events ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = ledgers.Ledger(tmp_path_factory.mktemp("export") / "ledger").init().start()
    yield World(one, random.Random(SEED), 25)
    try:
        one.stop()
    finally:
        one.remove()


def names(one):
    for _, written in items_of(one):
        yield canonical(written)
        yield lot_in(written)


def test_events_of_what_is_reached(world):
    some = 0
    for trade, reference in zip(world.trades, world.references):
        for direction, ways in (("back", (False,)), ("forward", (True,)), ("both", (True, False))):
            code = world.rng.choice(sorted(set(reference.named)))
            found = {}
            told = {}
            for way in ways:
                mine = reference.trace([code], way)[0]
                found.update(mine)
                for item in mine:
                    told.update(reference.packings.get(item, {}))
            core, all_ = set(), set()
            units = {u for u, lot in reference.lot.items() if lot in found}
            for n, one in reference.events.items():
                named = set(names(one)) - {None}
                core |= {n} if named & ({*found} | units) else set()
                all_ |= {n} if named & set(told) else set()
            lines, end = events(world.ledger, [code], direction=direction)
            got = [json.loads(line)["number"] for line in lines]
            assert core <= set(got) <= core | all_ and got == sorted(set(got)) and end["cut"] is None
            some += len(got)
        assert json.loads(lines[0])["record"] == reference.events[got[0]]
    assert some > 200


def test_a_pallet_tells_what_it_carried(ledger):
    """Its events while it carried the goods, none before and none after."""
    key, name, first = small(ledger)
    other = name["box"]
    said = ledger.submit(
        key,
        *(event("ObjectEvent", hour, action="OBSERVE", bizStep="shipping", epcList=[other]) for hour in (13, 15, 17)),
        packing(16, other, name["slice"], action="DELETE"))
    ledger.settle()
    lines, end = events(ledger, [name["cheese"]])
    assert [json.loads(line)["number"] for line in lines] == [*range(first, first + 5), said["firstRecord"] + 1,
                                                              said["firstRecord"] + 3]
    assert end["items"] == 5
    assert json.loads(lines[0])["author"] == "https://id.gs1.org/417/" + check_digit("690123400000")


@pytest.mark.parametrize("query, status", (("", 400), ("code=06901234567893", 422), ("code=urn:x:y&direction=up", 400),
                                           ("code=urn:x:none", 404)))
def test_what_cannot_be_asked(shared_ledger, query, status):
    assert shared_ledger.get("/v1/events?" + query).status == status


# --- EPCIS --------------------------------------------------------------------------------------

@pytest.fixture
def desk(ledger, tmp_path):
    """A dairy's ledger with small(), a pallet of it that went to a shop, and a command line."""
    key, name, first = small(ledger)
    key.save(tmp_path / "dairy.key")
    one = Program(tmp_path, ledger.url, tmp_path / "dairy.key")
    one.ledger, one.name, one.first, one.producer = ledger, name, first, key
    one.shop = "https://id.gs1.org/417/" + check_digit("690965400000")
    one.dairy = "https://id.gs1.org/417/" + check_digit("690123400000")
    ledger.enrol(one.shop, ["seller"], name={"en": "=Shop, \"Ltd\""})
    route = {"sourceList": ends(one.dairy, "source"), "destinationList": ends(one.shop, "destination")}
    own = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"ex": "https://example.com/"}]}
    ledger.submit(
        key, event("ObjectEvent", 20, action="OBSERVE", bizStep="shipping", epcList=[name["box"]], **route,
                   readPoint={"id": "https://id.gs1.org/414/" + check_digit("690123400001")},
                   bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:PO-118"}]),
        {**own, **event("ObjectEvent", 30, action="OBSERVE", bizStep="receiving", epcList=[name["box"]], **route),
         "ex:note": "with  its own   words"},
        '{"type":"ObjectEvent","eventTime":"2026-11-02T08:00:00.000+08:00","eventTimeZoneOffset":"+08:00",  "action":'
        f'"OBSERVE","bizStep":"storing","quantityList":[{{"epcClass":"{name["milk"]}","quantity":1.0}}]}}')
    ledger.settle()
    return one


def test_an_epcis_document(desk, tmp_path):
    text = desk("export", "epcis", desk.name["cheese"]).out
    document = json.loads(text)
    assert document["type"] == "EPCISDocument" and document["schemaVersion"] == "2.0"
    lines, _ = events(desk.ledger, [desk.name["cheese"]])
    assert len(document["epcisBody"]["eventList"]) == len(lines) == 8
    for line in lines:
        number = json.loads(line)["number"]
        record = desk.ledger.get(f"/v1/records/{number}").body.decode().rstrip("\n")
        assert "\n" + record in text  # byte for byte
    (own,) = [e for e in document["epcisBody"]["eventList"] if "ex:note" in e]
    assert own["@context"][1] == {"ex": "https://example.com/"}
    # A fresh ledger takes it.
    fresh = ledgers.Ledger(tmp_path / "fresh").init().start()
    try:
        key, _ = fresh.dairy()
        key.save(tmp_path / "fresh.key")
        (tmp_path / "events.jsonld").write_text(text)
        again = Program(tmp_path / "again", fresh.url, tmp_path / "fresh.key")
        again.folder.mkdir()
        again("batch", "import", tmp_path / "events.jsonld")
        fresh.settle()
        got, _ = events(fresh, [desk.name["cheese"]])

        def plain(line):
            return {k: v for k, v in json.loads(line)["record"].items() if k not in ("@context", "eventID")}
        assert [plain(line) for line in got] == [plain(line) for line in lines]
        fresh.stop()
    finally:
        fresh.remove()


def test_the_document_is_valid(desk):
    jsonschema = pytest.importorskip("jsonschema")
    schema = DATA / "epcis-schema/EPCIS-JSON-Schema.json"
    if not schema.exists():
        pytest.skip(f"no schema at {schema}")
    document = desk("export", "epcis", desk.name["cheese"]).json
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(document)


# --- FDA's sheet --------------------------------------------------------------------------------

def test_the_sheet(desk):
    text = desk("export", "fsma", desk.name["cheese"], "--all").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    name = desk.name
    lot = {n: name[n] for n in ("salt", "milk", "cheese")}
    slice_ = name["slice"]
    told = [(r["Critical Tracking Event"], r["Date"], r["Traceability Lot Code"], r["Quantity"], r["Unit"], r["Role"])
            for r in rows]
    assert told == [
        ("Initial Packing", "2026-11-01", lot["salt"], "100", "", ""),
        ("Initial Packing", "2026-11-01", lot["milk"], "100", "", ""),
        ("Transformation", "2026-11-01", lot["salt"], "1", "KGM", "input"),
        ("Transformation", "2026-11-01", lot["milk"], "1", "KGM", "input"),
        ("Transformation", "2026-11-01", lot["cheese"], "1", "KGM", "output"),
        ("Transformation", "2026-11-01", lot["cheese"], "1", "KGM", "input"),
        ("Transformation", "2026-11-01", slice_, "1", "", "output"),
        ("AggregationEvent", "2026-11-01", slice_, "1", "", ""),
        ("Shipping", "2026-11-02", slice_, "1", "", ""),
        ("storing", "2026-11-02", lot["milk"], "1", "", ""),
        ("Receiving", "2026-11-02", slice_, "1", "", "")]
    ship, _, receive = rows[-3:]
    assert (ship["From"], ship["To"], ship["Container"]) == (desk.dairy, desk.shop, name["box"])
    assert ship["From Place"].endswith(check_digit("690123400001"))
    assert ship["To Name"] == "'=Shop, \"Ltd\"" and ship["Product Description"] == "Milk"
    assert (ship["Reference Document Type"], ship["Reference Document"]) == ("po", "urn:x:PO-118")
    assert receive["Event Time"] == at(30) and receive["Record"].isdigit()
    assert {r["Traceability Lot Code Source"] for r in rows if r["Traceability Lot Code"] in (lot["salt"], lot["milk"])} == {
        desk.dairy}
    assert text.count("\n") == len(rows) + 1
    # Without --all there are critical tracking events and nothing else, each as it stood there.
    asked = list(csv.DictReader(io.StringIO(desk("export", "fsma", desk.name["cheese"]).out, newline="")))
    assert asked == [r for r in rows if r["Critical Tracking Event"] not in ("AggregationEvent", "storing")]


# --- FoodChain-Lab ------------------------------------------------------------------------------

def in_order(network):
    """Deliveries, each behind those that went into it."""
    into, done = {}, []
    for relation in network["deliveriesRelations"]:
        into.setdefault(relation["target"], []).append(relation["source"])
    left = [d["id"] for d in network["deliveries"]]
    while left:
        ready = [d for d in left if set(into.get(d, ())) <= set(done)]
        assert ready, "a delivery that went into itself"
        done += ready
        left = [d for d in left if d not in ready]
    return done, into


def as_events(network, station, product):
    """Each delivery is a lot that its source made of what it had got, or from nothing, and shipped."""
    deliveries = {d["id"]: d for d in network["deliveries"]}
    order, into = in_order(network)

    def lot(name):
        return f"{product[deliveries[name].get('name', '')]}/10/{name}"
    for hour, name in enumerate(order):
        d = deliveries[name]
        source = {"sourceList": ends(station[d["source"]], "source")}
        if name in into:
            yield {**made(2 * hour, [lot(s) for s in into[name]], [lot(name)]), **source}
        else:
            yield event("ObjectEvent", 2 * hour, action="ADD", bizStep="commissioning", quantityList=classes(lot(name)),
                        destinationList=ends(station[d["source"]], "destination"))
        yield event("ObjectEvent", 2 * hour + 1, action="OBSERVE", bizStep="shipping", quantityList=classes(lot(name)),
                    **source, destinationList=ends(station[d["target"]], "destination"))


@pytest.mark.parametrize("name", ("bbk", "small_network"))
def test_a_network_there_and_back(ledger, tmp_path, name):
    path = DATA / f"fcl/{name}.json"
    if not path.exists():
        pytest.skip(f"no delivery network at {path}")
    network = json.loads(path.read_text())
    key, _ = ledger.dairy()
    station = {s["id"]: "https://id.gs1.org/417/" + check_digit(f"6912345{i:05d}") for i, s in enumerate(network["stations"])}
    product = {n: "https://id.gs1.org/01/" + check_digit(f"06901234{i:05d}")
               for i, n in enumerate(sorted({d.get("name", "") for d in network["deliveries"]}))}
    ledger.submit(ledger.operator, *({"type": "Party", "id": station[s["id"]], "name": {"en": s["name"]}, "roles": ["seller"],
                                      "keys": []} for s in network["stations"]))
    ledger.submit(key, *({"type": "Product", "code": code, "name": {"en": n or "goods"}, "category": "other"}
                         for n, code in product.items()))
    ledger.submit(key, *as_events(network, station, product))
    ledger.settle()
    codes = [f"{product[d.get('name', '')]}/10/{d['id']}" for d in network["deliveries"]]
    got = Program(tmp_path, ledger.url)("export", "fcl", *codes).json
    mine = {s["id"] for d in network["deliveries"] for s in network["stations"] if s["id"] in (d["source"], d["target"])}
    assert {s["id"]: s["name"] for s in got["stations"]} == {station[s["id"]]: s["name"] for s in network["stations"]
                                                             if s["id"] in mine}
    lot = {d["id"]: d["lot"] for d in got["deliveries"]}
    assert len(lot) == len(got["deliveries"]) == len(network["deliveries"])
    assert {(d["lot"], d["name"], d["source"], d["target"]) for d in got["deliveries"]} == {
        (d["id"], d.get("name", "goods"), station[d["source"]], station[d["target"]]) for d in network["deliveries"]}
    assert sorted((lot[r["source"]], lot[r["target"]]) for r in got["deliveriesRelations"]) == sorted(
        (r["source"], r["target"]) for r in network["deliveriesRelations"])
    assert len({r["id"] for r in got["deliveriesRelations"]}) == len(got["deliveriesRelations"])


@pytest.mark.parametrize("name", ("bbk", "small_network"))
def test_who_has_what_of_a_network(ledger, name):
    """Ten of each delivery arrive; one goes into each delivery that was made of it."""
    path = DATA / f"fcl/{name}.json"
    if not path.exists():
        pytest.skip(f"no delivery network at {path}")
    network = json.loads(path.read_text())
    key, gtin = ledger.dairy()
    station = {s["id"]: "https://id.gs1.org/417/" + check_digit(f"6912345{i:05d}") for i, s in enumerate(network["stations"])}
    order, into = in_order(network)
    target = {d["id"]: station[d["target"]] for d in network["deliveries"]}
    source = {d["id"]: station[d["source"]] for d in network["deliveries"]}
    out_of = {d: [t for t, sources in into.items() if d in sources] for d in order}

    def lot(delivery, quantity):
        return {"epcClass": f"https://id.gs1.org/01/{gtin}/10/{delivery}", "quantity": quantity, "uom": "KGM"}

    def moves(hour, step, delivery):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep=step, quantityList=[lot(delivery, 10)],
                     sourceList=ends(source[delivery], "source"), destinationList=ends(target[delivery], "destination"))
    events_ = []
    for hour, d in enumerate(order):
        here = {"sourceList": ends(source[d], "source")}
        if d in into:
            events_.append(event("TransformationEvent", 3 * hour, inputQuantityList=[lot(s, 1) for s in into[d]],
                                 outputQuantityList=[lot(d, 10)], **here))
        else:
            events_.append(event("ObjectEvent", 3 * hour, action="ADD", bizStep="commissioning", quantityList=[lot(d, 10)],
                                 destinationList=ends(source[d], "destination")))
        events_ += [moves(3 * hour + 1, "shipping", d), moves(3 * hour + 2, "receiving", d)]
    random.Random(SEED).shuffle(events_)
    first = ledger.submit(key, *events_)["firstRecord"]
    ledger.settle()
    reference = Goods({first + i: e for i, e in enumerate(events_)})
    for d in order:
        code = lot(d, 1)["epcClass"]
        lines, end = ask(ledger, code=code)
        want, _ = reference.trace([code], True)
        assert {line["item"]: line["distance"] for line in lines} == {i: n for i, (n, _) in want.items()}
        for line in lines:
            mine = line["item"].rsplit("/", 1)[1]
            used = len(out_of[mine])
            assert [(h["party"], amounts(h)) for h in line["holders"]] == [
                (target[mine], {q: n for q, n in (("onHand", 10 - used), ("consumed", used)) if n})]
        assert sum(int(t["onHand"]) for t in end["totals"]["parties"]) == sum(
            10 - len(out_of[line["item"].rsplit("/", 1)[1]]) for line in lines)


def test_deliveries_of_a_pallet_and_of_a_receipt_alone(desk):
    got = desk("export", "fcl", desk.name["cheese"]).json
    # A shipment and its receipt are one.
    assert [(d["lot"], d["source"], d["target"], d["date"]) for d in got["deliveries"]] == [
        (desk.name["slice"], desk.dairy, desk.shop, "2026-11-02")]
    key, name = desk.producer, desk.name
    route = {"sourceList": ends(desk.dairy, "source"), "destinationList": ends(desk.shop, "destination")}
    desk.ledger.submit(key, event("ObjectEvent", 40, action="OBSERVE", bizStep="receiving",
                                  quantityList=classes(name["salt"]), **route))
    assert {d["lot"] for d in desk("export", "fcl", name["salt"]).json["deliveries"]} >= {"salt"}


def test_what_went_into_what(desk):
    """A station's own making counts, not another's; what came later went into nothing before."""
    key, gtin = desk.producer, desk.name["salt"].split("/")[4]
    s, t, u = (f"https://id.gs1.org/417/{check_digit(f'6912345{i:05d}')}" for i in range(3))
    lot = {n: f"https://id.gs1.org/01/{gtin}/10/{n}" for n in "LXY"}

    def ship(hour, name, source, target):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep="shipping", quantityList=classes(lot[name]),
                     sourceList=ends(source, "source"), destinationList=ends(target, "destination"))
    desk.ledger.submit(
        key, event("ObjectEvent", 1, action="ADD", quantityList=classes(lot["L"]), destinationList=ends(s, "destination")),
        {**made(2, [lot["L"]], [lot["X"]]), "sourceList": ends(s, "source")},
        ship(5, "L", s, t), ship(6, "X", s, t), {**made(10, [lot["X"]], [lot["Y"]]), "sourceList": ends(t, "source")},
        ship(12, "Y", t, u), ship(30, "L", t, u), ship(40, "L", s, t))
    got = desk("export", "fcl", lot["L"]).json
    named = {d["id"]: d["lot"] + d["source"][-2] + d["target"][-2] for d in got["deliveries"]}
    assert sorted(named.values()) == sorted(n + a[-2] + b[-2] for n, a, b in (
        ("L", s, t), ("X", s, t), ("Y", t, u), ("L", t, u), ("L", s, t)))
    first = min((d for d in got["deliveries"] if named[d["id"]] == "L" + s[-2] + t[-2]), key=lambda d: int(d["id"].split(".")[0]))
    assert {(r["source"], named[r["target"]]) for r in got["deliveriesRelations"]} == {
        (next(i for i, n in named.items() if n[0] == "X"), "Y" + t[-2] + u[-2]), (first["id"], "L" + t[-2] + u[-2])}


# --- what isn't whole ---------------------------------------------------------------------------

def test_what_is_not_whole_says_so(desk):
    here = Cli(desk.folder / "cli", desk.ledger.url)
    for what in ("epcis", "fsma", "fcl"):
        desk("export", what, desk.name["salt"] + "x", expect=UNKNOWN)
        assert "no record names 1" in desk("export", what, desk.name["salt"], desk.name["salt"] + "x", expect=UNKNOWN).err
        assert "--direction is" in desk("export", what, "x", "--direction", "up", expect=USAGE).err
        assert "cut by depth" in desk("export", what, desk.name["salt"], "--depth", "0", expect=FAIL).err
        with Cutter(desk.ledger, cut=b"size", path=b"/v1/events") as cutter:
            assert "cut by size" in here("export", what, desk.name["salt"], where=cutter.url, expect=FAIL).err
    with pytest.raises(json.JSONDecodeError):
        json.loads(desk("export", "epcis", desk.name["salt"], "--depth", "0", expect=FAIL).out)
