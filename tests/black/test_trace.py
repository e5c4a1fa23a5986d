"""Where things came from and where they went: the daemon's answers against a plain reference."""
import datetime
import json
import os
import pathlib
import random
import urllib.parse

import pytest

import ledger as ledgers
from ledger import batch, check_digit
from reference import ALWAYS, Reference, milliseconds

DATA = pathlib.Path(os.environ.get("SUYUAN_DATA", ledgers.ROOT / "../shared/data"))
GRAPHS = int(os.environ.get("SUYUAN_GRAPHS", "300"))
SEED = 20261124
PLACE = "https://id.gs1.org/414/" + check_digit("690123400009")
PARTY = "https://id.gs1.org/417/" + check_digit("690123400000")


def at(hour):
    when = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=hour)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(kind, hour, **members):
    return {"type": kind, "eventTime": at(hour), "eventTimeZoneOffset": "+08:00", **members}


def classes(*codes):
    return [{"epcClass": code, "quantity": 1, "uom": "KGM"} for code in codes]


def packing(hour, container, *children, action="ADD", **more):
    lots = [c for c in children if "/10/" in c]
    return event("AggregationEvent", hour, action=action, parentID=container,
                 **({"childEPCs": [c for c in children if c not in lots]} if len(lots) < len(children) else {}),
                 **({"childQuantityList": classes(*lots)} if lots else {}), **more)


def made(hour, inputs, outputs, **more):
    event_ = event("TransformationEvent", hour, **more)
    for member, codes in (("input", inputs), ("output", outputs)):
        lots = [c for c in codes if "/21/" not in c and "/00/" not in c]
        if lots:
            event_[member + "QuantityList"] = classes(*lots)
        if len(lots) < len(codes):
            event_[member + "EPCList"] = [c for c in codes if c not in lots]
    return event_


def ask(ledger, codes, connection=None, **more):
    """(lines of items, end with the lines of parties and places) of a trace in NDJSON."""
    query = [("code", c) for c in codes] + [(k, str(v)) for k, v in more.items()] + [("format", "ndjson")]
    answer = ledger.get("/v1/trace?" + urllib.parse.urlencode(query), connection=connection)
    assert answer.status == 200, answer.body
    *lines, end = map(json.loads, answer.body.splitlines())
    assert end["end"] is True
    items, parties, places = ([line for line in lines if kind in line] for kind in ("item", "party", "place"))
    assert [end[n] for n in ("items", "parties", "places")] == [len(items), len(parties), len(places)]
    assert lines == items + parties + places
    return items, {**end, "named": parties + places}


def compare(lines, end, reference, asked, direction, depth=float("inf"), window=ALWAYS):
    want, deeper = reference.trace(asked, direction == "forward", depth, window)
    assert {line["item"]: line["distance"] for line in lines} == {i: d for i, (d, _) in want.items()}
    assert len(lines) == len(want)
    for line in lines:
        by = [(who, edge, sorted(records - {None})) for who, edge, records in want[line["item"]][1]]
        assert (line["from"], line["edge"], line["records"]) in by, (line, by)
    met = reference.actors(reference.walked, window)
    told = {(line["edge"], line[line["edge"]]): line for line in end["named"]}
    assert {who: line["distance"] for who, line in told.items()} == {who: d for who, (d, _) in met.items()}
    for who, line in told.items():
        assert len(line["records"]) == 1 and (line["from"], line["records"][0]) in met[who][1], line
    if window == ALWAYS:
        assert end["cut"] == ("depth" if deeper else None)
    elif set(want) != set(reference.trace(asked, direction == "forward", depth)[0]):
        assert end["cut"] in ("time", "depth")


# --- random graphs ------------------------------------------------------------------------------

class Graph:
    """Events about some lots, units and containers, as they might have happened, or as a fool noted them down."""

    def __init__(self, gtin, number, rng):
        self.rng, self.number, self.name, self.events = rng, number, f"G{number}", []
        stem = f"https://id.gs1.org/01/{gtin}"
        self.lots = [f"{stem}/10/{self.name}L{i}" for i in range(rng.randint(3, 9))]
        self.units = {f"{stem}/21/{self.name}U{i}": rng.choice(self.lots) for i in range(rng.randint(0, 6))}
        self.boxes = ["https://id.gs1.org/00/" + check_digit(f"06901234{number * 10 + i:09d}")
                      for i in range(rng.randint(1, 4))]
        for lot in self.lots:
            if rng.random() < .5:
                self.add("ObjectEvent", action="ADD", bizStep="commissioning", quantityList=classes(lot))
        self.commission()
        store = rng.random() < .3  # boxes in boxes, and what else lies in them, come and go
        for _ in range(rng.randint(8, 20) if store else rng.randint(3, 12)):
            rng.choice((self.pack, self.pack, self.stack, self.unpack) if store else
                       (self.transform, self.transform, self.share, self.pack, self.pack, self.unpack, self.ship))()

    def hour(self):
        return self.rng.randint(0, 30)

    def add(self, kind, **members):
        self.append(event(kind, self.hour(), **members))

    def append(self, one):
        self.events.append({**one, **self.where(), "eventID": f"urn:test:{self.name}:{len(self.events)}"})

    def where(self):
        """Some of what an event may say of place and parties."""
        said = {}
        for member in ("bizLocation", "readPoint"):
            if self.rng.random() < .4:
                said[member] = {"id": self.place(self.rng.randint(0, 5))}
        for way in ("source", "destination"):
            ends = [{"type": kind, way: f"urn:test:party:{self.name}:{self.rng.randint(0, 5)}"}
                    for kind in ("possessing_party", "owning_party") if self.rng.random() < .3]
            if ends:
                said[way + "List"] = ends
        return said

    def place(self, i):
        """One of six: some have parts with codes of their own."""
        whole = "https://id.gs1.org/414/" + check_digit(f"6902{self.number:08d}")
        return f"urn:test:place:{self.name}:{i}" if i < 2 else whole if i == 2 else f"{whole}/254/{i}"

    def some(self, things, most):
        things = sorted(things)
        return self.rng.sample(things, min(len(things), self.rng.randint(1, most)))

    def commission(self):
        """Units come from nothing or out of lots, once."""
        for unit, lot in self.units.items():
            written = unit.replace("/21/", "/10/" + lot.rsplit("/", 1)[1] + "/21/")
            if self.rng.random() < .6:
                self.add("ObjectEvent", action="ADD", bizStep="commissioning", epcList=[written])
            elif self.rng.random() < .8:
                self.append(made(self.hour(), self.some(self.lots, 2), [written]))

    def transform(self):
        self.append(made(self.hour(), self.some([*self.lots, *self.units], 3), self.some(self.lots, 2)))

    def share(self):
        """A transformation in parts."""
        name = f"urn:test:{self.name}:t{len(self.events)}"
        for _ in range(self.rng.randint(2, 4)):
            ends = {}
            for role in ("input", "output"):
                ends[role] = self.some(self.lots, 2) if self.rng.random() < .8 else []
            if ends["input"] or ends["output"]:
                self.append(made(self.hour(), ends["input"], ends["output"], transformationID=name))

    def things(self, but):
        return [t for t in [*self.lots, *self.units, *self.boxes] if t != but]

    def pack(self):
        box = self.rng.choice(self.boxes)
        self.append(packing(self.hour(), box, *self.some(self.things(box), 4)))

    def stack(self):
        if len(self.boxes) > 1:
            self.append(packing(self.hour(), *self.rng.sample(self.boxes, 2)))

    def unpack(self):
        box = self.rng.choice(self.boxes)
        children = self.some(self.things(box), 3) if self.rng.random() < .6 else []
        self.append(packing(self.hour(), box, *children, action="DELETE"))

    def ship(self):
        step = self.rng.choice(("shipping", "receiving", "storing"))
        self.add("ObjectEvent", action="OBSERVE", bizStep=step, quantityList=classes(self.rng.choice(self.lots)))

    def waves(self):
        """What is told at first, what comes late with errors declared of some that went before, what is told again."""
        waves = [], [], []
        for one in self.events:
            fate = self.rng.random()
            waves[1 if fate < .25 else 0].append(one)
            if fate > .85:
                waves[1].append({**one, "errorDeclaration": {"declarationTime": at(100)}})
            if fate > .95:
                waves[2].append({**one, "eventID": one["eventID"] + ":again", "eventTime": at(self.hour())})
        return waves


def register(ledger, key, graphs, rng, between=lambda wave: None):
    """Their events in any order, a wave after the other; {number: event} of each graph."""
    records = [{} for _ in graphs]
    told = [graph.waves() for graph in graphs]
    for wave in range(3):
        between(wave)
        events = [(n, e) for n, waves in enumerate(told) for e in waves[wave]]
        rng.shuffle(events)
        for begin in range(0, len(events), 5000):
            part = events[begin:begin + 5000]
            first = ledger.submit(key, *(e for _, e in part))["firstRecord"]
            for i, (n, e) in enumerate(part):
                records[n][first + i] = e
    ledger.settle()
    return records


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Hundreds of graphs in one ledger, and a reference of each."""
    rng = random.Random(SEED)
    one = ledgers.Ledger(tmp_path_factory.mktemp("trace") / "ledger").init().start()
    key, gtin = one.dairy()
    graphs = [Graph(gtin, n, rng) for n in range(GRAPHS)]
    references = [Reference(r, PARTY) for r in register(one, key, graphs, rng)]
    yield one, graphs, references, rng
    try:
        one.stop()
    finally:
        one.remove()


def test_random_graphs(world):
    ledger, graphs, references, rng = world
    connection = ledger.connect()
    asked = 0
    for graph, reference in zip(graphs, references):
        things = sorted(reference.named)
        for direction in ("forward", "back"):
            for _ in range(3):
                boxes = [box for box in graph.boxes if box in reference.named]
                among = boxes if boxes and rng.random() < .3 else things
                codes = rng.sample(among, min(len(among), rng.choice((1, 1, 1, 2))))
                compare(*ask(ledger, codes, connection, direction=direction), reference, codes, direction)
                depth = rng.randint(0, 3)
                compare(*ask(ledger, codes, connection, direction=direction, depth=depth), reference, codes, direction,
                        depth)
                hours = sorted((graph.hour(), graph.hour()))
                window = tuple(milliseconds(at(hour)) for hour in hours)
                compare(*ask(ledger, codes, connection, direction=direction, **{"from": at(hours[0]), "to": at(hours[1])}),
                        reference, codes, direction, window=window)
                asked += 3
    assert asked > 10 * GRAPHS


# --- a delivery network that another tool traces ------------------------------------------------

def deliveries(network, gtin):
    """A delivery is a lot; what it was made of are those that lead to it."""
    lots = {d["id"]: f"https://id.gs1.org/01/{gtin}/10/{d['id']}" for d in network["deliveries"]}
    made_of = {}
    for relation in network["deliveriesRelations"]:
        made_of.setdefault(relation["target"], []).append(relation["source"])
    for hour, (name, lot) in enumerate(lots.items()):
        if name in made_of:
            one = made(hour, [lots[source] for source in made_of[name]], [lot])
        else:
            one = event("ObjectEvent", hour, action="ADD", bizStep="commissioning", quantityList=classes(lot))
        yield {**one, "eventID": f"urn:test:fcl:{name}"}


@pytest.mark.parametrize("name", ("bbk", "small_network"))
def test_a_delivery_network(ledger, name):
    path = DATA / f"fcl/{name}.json"
    if not path.exists():
        pytest.skip(f"no delivery network at {path}")
    key, gtin = ledger.dairy()
    events = list(deliveries(json.loads(path.read_text()), gtin))
    first = ledger.submit(key, *events)["firstRecord"]
    reference = Reference({first + i: e for i, e in enumerate(events)}, PARTY)
    ledger.settle()
    reached = 0
    for lot in reference.named:
        for direction in ("forward", "back"):
            lines, end = ask(ledger, [lot], direction=direction)
            compare(lines, end, reference, [lot], direction)
            reached += len(lines) - 1
    assert reached > 2 * len(events)


# --- what else may be asked ---------------------------------------------------------------------

def small(ledger):
    """salt, milk -> cheese -> slices of it in a box."""
    key, gtin = ledger.dairy()
    names = {n: f"https://id.gs1.org/01/{gtin}/10/{n}" for n in ("salt", "milk", "cheese")}
    names["slice"] = f"https://id.gs1.org/01/{gtin}/21/s1"
    names["box"] = "https://id.gs1.org/00/" + check_digit("06901234000000001")
    said = ledger.submit(
        key, batch(gtin, "salt"), batch(gtin, "milk"),
        made(10, [names["salt"], names["milk"]], [names["cheese"]], readPoint={"id": PLACE}),
        made(12, [names["cheese"]], [names["slice"]]), packing(14, names["box"], names["slice"]))
    ledger.settle()
    return key, names, said["firstRecord"]


def test_formats(ledger):
    key, name, first = small(ledger)
    path = f"/v1/trace?code={name['salt']}&direction=forward"
    whole = ledger.get(path)
    assert whole.headers["Content-Type"] == "application/json"
    assert whole.json == {
        "items": [
            {"item": name["salt"], "distance": 0, "from": None, "edge": None, "records": [first]},
            {"item": name["cheese"], "distance": 1, "from": name["salt"], "edge": "transform", "records": [first + 2]},
            {"item": name["slice"], "distance": 2, "from": name["cheese"], "edge": "transform", "records": [first + 3]},
            {"item": name["box"], "distance": 3, "from": name["slice"], "edge": "contain", "records": [first + 4]}],
        "parties": [{"party": PARTY, "distance": 0, "from": name["salt"], "edge": "party", "records": [first]}],
        "places": [{"place": PLACE, "distance": 0, "from": name["salt"], "edge": "place", "records": [first + 2]}],
        "total": 4, "asOf": whole.json["asOf"], "cut": None}
    assert set(whole.json["asOf"]) == {"entry", "time"}
    table = ledger.get(path + "&format=csv&depth=2")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.headers["Suyuan-Cut"] == "depth" and table.headers["Suyuan-As-Of"] == str(whole.json["asOf"]["entry"])
    assert table.body.decode().split("\r\n") == [
        "item,distance,from,edge,records", f"{name['salt']},0,,,{first}",
        f"{name['cheese']},1,{name['salt']},transform,{first + 2}",
        f"{name['slice']},2,{name['cheese']},transform,{first + 3}",
        f"{PARTY},0,{name['salt']},party,{first}", f"{PLACE},0,{name['salt']},place,{first + 2}", ""]
    drawn = ledger.get(path + "&format=dot").body.decode()
    assert f'"{name["salt"]}" -> "{name["cheese"]}" [];' in drawn
    assert f'"{name["slice"]}" -> "{name["box"]}" [style=dashed];' in drawn and drawn.endswith("}\n")


def test_both_ways(ledger):
    _, name, _ = small(ledger)
    lines, end = ask(ledger, [name["cheese"]], direction="both")
    assert {line["direction"] for line in end["named"]} == {"back", "forward"}
    assert {(line["item"], line["direction"]) for line in lines} == {
        (name["cheese"], "back"), (name["salt"], "back"), (name["milk"], "back"),
        (name["slice"], "forward"), (name["box"], "forward")}


def test_a_serial_that_nobody_registered_is_traced_by_its_lot(ledger):
    _, name, _ = small(ledger)
    lines, _ = ask(ledger, [name["cheese"] + "/21/none"], direction="back")
    assert [line["item"] for line in lines if line["distance"] == 0] == [name["cheese"]]


def test_codes_that_are_unknown(ledger):
    _, name, _ = small(ledger)
    nobody = name["salt"] + "x"
    lines, end = ask(ledger, [name["salt"], nobody], direction="back")
    assert len(lines) == 1 and end["unknown"] == [nobody]
    assert ledger.get(f"/v1/trace?code={nobody}").status == 404


@pytest.mark.parametrize("query, words", (
    ("", "code is missing"), ("code=06901234567893", "check digit"), ("code=%ff", "percent-coded"),
    ("code={}&direction=up", "direction is none of"), ("code={}&format=xml", "format is none of"),
    ("code={}&depth=-1", "depth is"), ("code={}&from=soon", "from is neither"),
    ("code={}&from=2026-11-02&to=2026-11-01", "from is later than to")))
def test_what_cannot_be_asked(shared_ledger, query, words):
    answer = shared_ledger.get("/v1/trace?" + query.format("https://id.gs1.org/01/06901234567892/10/a"))
    assert answer.status in (400, 422) and words in answer.body.decode()


def test_an_erasure_takes_what_it_said_out_of_the_way(ledger):
    _, name, first = small(ledger)
    ledgers.erase(ledger, first + 2)
    lines, _ = ask(ledger, [name["salt"]], direction="forward")
    assert [line["item"] for line in lines] == [name["salt"]]


def test_days_are_whole(ledger):
    """A day, as a person gives it, lasts to its end at +08:00; 10:00 UTC is within."""
    _, name, _ = small(ledger)
    for day, n in (("2026-11-01", 4), ("2026-11-02", 1)):
        lines, end = ask(ledger, [name["salt"]], direction="forward", **{"from": day, "to": day})
        assert len(lines) == n and end["cut"] == (None if n == 4 else "time")
