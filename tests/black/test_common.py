"""What complaints have in common: scores, cuts and contacts against a plain reference."""
import json
import os
import pathlib
import random
import urllib.parse

import pytest

import ledger as ledgers
from cli import DAIRY
from common_reference import Common
from ledger import batch, check_digit
from test_trace import at, classes, event, made

DATA = pathlib.Path(os.environ.get("SUYUAN_DATA", ledgers.ROOT / "../shared/data"))
GRAPHS = int(os.environ.get("SUYUAN_GRAPHS", "300"))
SEED = 20261125


def gln(key, n):
    return f"https://id.gs1.org/{key}/" + check_digit(f"69{n:010}")


def owner(name, party):
    return {name + "List": [{"type": "possessing_party", name: party}]} if party else {}


def done_by(party, place=None):
    """By whom and where, of an event that sends and receives nothing."""
    return {**owner("source", party), **({"bizLocation": {"id": place}} if place else {})}


def sent(hour, things, by, to=None, place=None, step="shipping"):
    return moved(hour, things, {**owner("source", by), **owner("destination", to)}, place, step)


def received(hour, things, by, source=None, place=None):
    return moved(hour, things, {**owner("source", source), **owner("destination", by)}, place, "receiving")


def moved(hour, things, ends, place, step, action="OBSERVE"):
    lots = [c for c in things if "/10/" in c and "/21/" not in c]
    return event("ObjectEvent", hour, action=action, bizStep=step, **ends,
                 **({"quantityList": classes(*lots)} if lots else {}),
                 **({"epcList": [c for c in things if c not in lots]} if len(lots) < len(things) else {}),
                 **({"readPoint": {"id": place}} if place else {}))


def packing(hour, container, *children, action="ADD", **more):
    lots = [c for c in children if "/10/" in c and "/21/" not in c]
    return event("AggregationEvent", hour, action=action, parentID=container, **more,
                 **({"childEPCs": [c for c in children if c not in lots]} if len(lots) < len(children) else {}),
                 **({"childQuantityList": classes(*lots)} if lots else {}))


class Trade:
    """Events about some lots, units and boxes that go from firm to firm, as fools noted them down."""

    def __init__(self, gtin, number, rng):
        self.rng, self.name, self.events = rng, f"C{number}", []
        stem = f"https://id.gs1.org/01/{gtin}"
        self.lots = [f"{stem}/10/{self.name}L{i}" for i in range(rng.randint(4, 9))]
        self.units = [self.written(stem, i) for i in range(rng.randint(0, 3))]
        self.boxes = ["https://id.gs1.org/00/" + check_digit(f"06901234{number * 10 + 500000 + i:09d}")
                      for i in range(rng.randint(1, 2))]
        self.firms, self.sites = ([gln(key, number * 4 + i) for i in range(4)] for key in (417, 414))
        for lot in self.lots:
            if rng.random() < .7:
                self.add(moved(self.hour(6), [lot], owner("destination", self.firm()), self.site(), "commissioning", "ADD"))
        for unit in self.units:
            self.add(moved(self.hour(), [unit], {}, self.site(), "commissioning", "ADD"))
        for _ in range(rng.randint(8, 24)):
            rng.choice((self.transform, self.transform, self.ship, self.ship, self.receive, self.receive, self.pack,
                        self.unpack, self.see))()

    def written(self, stem, i):
        lot = self.rng.choice([*self.lots, None])
        return f"{stem}/10/{lot.rsplit('/', 1)[1]}/21/{self.name}U{i}" if lot else f"{stem}/21/{self.name}U{i}"

    def hour(self, most=30):
        return self.rng.randint(0, most)

    def firm(self, none=0):
        return None if self.rng.random() < none else self.rng.choice(self.firms)

    def site(self):
        return None if self.rng.random() < .3 else self.rng.choice(self.sites)

    def things(self, most=2):
        return self.rng.sample([*self.lots, *self.lots, *self.units, *self.boxes], self.rng.randint(1, most))

    def add(self, one):
        self.events.append({**one, "eventID": f"urn:test:{self.name}:{len(self.events)}"})

    def transform(self):
        some = self.rng.sample([*self.lots, *self.units], min(4, len(self.lots)))
        ins = some[:self.rng.randint(1, 2)]
        outs = [one for one in some[2:3] if one in self.lots] or [self.lots[0]]
        more = {"transformationID": f"urn:test:{self.name}:t"} if self.rng.random() < .2 else {}
        if more and any("transformationID" in e for e in self.events):
            more["transformationID"] += str(len(self.events))
        self.add(made(self.hour(), ins, outs, **done_by(self.firm(.1), self.site()), **more))

    def ship(self):
        step = self.rng.choice(("shipping", "shipping", "shipping", "retail_selling"))
        self.add(sent(self.hour(), self.things(), self.firm(.1), self.firm(.3), self.site(), step))

    def receive(self):
        self.add(received(self.hour(), self.things(), self.firm(.1), self.firm(.3), self.site()))

    def pack(self):
        box = self.rng.choice(self.boxes)
        self.add(packing(self.hour(), box, *[t for t in dict.fromkeys(self.things(3)) if t != box] or self.lots[:1],
                         **done_by(self.firm(.1), self.site())))

    def unpack(self):
        box = self.rng.choice(self.boxes)
        children = [t for t in dict.fromkeys(self.things(2)) if t != box] if self.rng.random() < .6 else []
        self.add(packing(self.hour(), box, *children, action="DELETE", **done_by(self.firm(.1), self.site())))

    def see(self):
        step = self.rng.choice(("storing", "inspecting"))
        self.add(moved(self.hour(), self.things(), done_by(self.firm(.1)), self.site(), step))

    def waves(self):
        later = []
        for one in self.events:
            if self.rng.random() < .1:
                later.append({**one, "errorDeclaration": {"declarationTime": at(100)}})
        return self.events, later


def register(ledger, key, trades, rng):
    records = [{} for _ in trades]
    told = [trade.waves() for trade in trades]
    for wave in range(2):
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
    rng = random.Random(SEED)
    one = ledgers.Ledger(tmp_path_factory.mktemp("common") / "ledger").init().start()
    key, gtin = one.dairy()
    trades = [Trade(gtin, n, rng) for n in range(GRAPHS)]
    references = [Common(r, DAIRY) for r in register(one, key, trades, rng)]
    for reference, trade in zip(references, trades):
        reference.meet = [who for who in trade.firms + trade.sites if who in reference.visited]
    yield one, references, rng
    try:
        one.stop()
    finally:
        one.remove()


def ask(ledger, weights, connection=None, **more):
    """What the ledger answers of {code: weight}; below 0 is good."""
    query = [("code", c) for c, w in weights.items() if w > 0] + [("weight", w) for w in weights.values() if w > 0]
    query += [("good", c) for c, w in weights.items() if w < 0]
    for name, values in more.items():
        query += [(name, v) for v in (values if isinstance(values, (list, tuple)) else [values])]
    answer = ledger.get("/v1/trace/common?" + urllib.parse.urlencode(query), connection=connection)
    assert answer.status == 200, answer.body
    return answer.json


def kind(row):
    return row["kind"] if row["kind"] in ("place", "party") else "item"


def compare(told, reference, weights):
    want = reference.common(weights)
    got = [(kind(row), row["code"], row["weight"], row["distance"]) for row in told["rows"]]
    assert sorted(got) == sorted(row[:4] for row in want)
    assert got == [row[:4] for row in want]
    assert told["total"] == len(want) and told["cut"] is None
    total = sum(w for w in weights.values() if w > 0)
    for row, (_, _, weight, _, why) in zip(told["rows"], want):
        assert abs(float(row["score"]) - weight / total) <= .00005
        assert {e["code"]: e["distance"] for e in row["explains"]} == {c: d for c, (d, _) in why.items()}
        for e in row["explains"]:
            assert e["record"] in why[e["code"]][1], (row, why)
        assert row["complaints"] + row["good"] == len(why)
    for one in told["complaints"] + told["good"]:
        reached = [(w, d) for w, (d, _) in reference.explain(one["code"]).items() if w[0] != "item" or d]
        assert one["explained"] == bool(reached)
        assert one["items"] + one["places"] + one["parties"] == len(reached)


def some_weights(reference, rng):
    codes = rng.sample(sorted(reference.named), min(len(reference.named), rng.randint(1, 4)))
    weights = {code: rng.choice((1, 1, 2, 5)) for code in codes}
    if len(codes) > 2:
        weights[codes[-1]] = -1
    return weights


def test_random_trades(world):
    ledger, references, rng = world
    connection = ledger.connect()
    for reference in references:
        weights = some_weights(reference, rng)
        compare(ask(ledger, weights, connection, limit=1000), reference.ask(), weights)


def test_what_if_something_had_not_been(world):
    ledger, references, rng = world
    connection = ledger.connect()
    fewer = 0
    for reference in references:
        for _ in range(2):
            weights = some_weights(reference, rng)
            whole = {(r[0], r[1]): r[2] for r in reference.ask().common(weights)}
            if not whole:
                continue
            cut = [code for _, code in rng.sample(sorted(whole), min(len(whole), rng.choice((1, 1, 2))))]
            compare(ask(ledger, weights, connection, cut=cut, limit=1000), reference.ask(cut=cut), weights)
            fewer += len(reference.common(weights)) < len(whole) - len(cut)
    assert fewer > GRAPHS / 4


@pytest.mark.parametrize("dates", ("given", "inferred", "ignored"))
def test_contact(world, dates):
    ledger, references, rng = world
    connection = ledger.connect()
    more = 0
    for reference in references:
        weights = some_weights(reference, rng)
        contact = rng.sample(reference.meet, min(len(reference.meet), rng.choice((1, 1, 2))))
        cut = rng.sample(reference.meet, rng.choice((0, 0, 1))) if reference.meet else []
        before = len(reference.ask(cut=cut).common(weights))
        compare(ask(ledger, weights, connection, contact=contact, dates=dates, cut=cut, limit=1000),
                reference.ask(cut=cut, contact=contact, dates=dates), weights)
        more += len(reference.common(weights)) > before
    assert more > GRAPHS / 5


# --- a delivery network that another tool scores --------------------------------------------------

def shipments(network, gtin):
    """A delivery is a lot, made at its source, which goes to its target and is used there."""
    lots = {d["id"]: f"https://id.gs1.org/01/{gtin}/10/{d['id']}" for d in network["deliveries"]}
    firms = {s["id"]: gln(417, 700000 + n) for n, s in enumerate(network["stations"])}
    before = {}
    for relation in network["deliveriesRelations"]:
        before.setdefault(relation["target"], set()).add(relation["source"])

    def depth(name):
        return 1 + max(map(depth, before.get(name, ())), default=0)
    for d in network["deliveries"]:
        name, by, hour = d["id"], firms[d["source"]], 3 * depth(d["id"])
        if name in before:
            yield made(hour, [lots[b] for b in sorted(before[name])], [lots[name]], **done_by(by))
        else:
            yield moved(hour, [lots[name]], owner("destination", by), None, "commissioning", "ADD")
        yield sent(hour + 1, [lots[name]], by, firms[d["target"]])
        yield received(hour + 2, [lots[name]], firms[d["target"]], by)


def scores(network, gtin, cases):
    """By the deliveries alone: a station explains those that can be reached from it, and what it was sent."""
    before, firms = {}, {s["id"]: gln(417, 700000 + n) for n, s in enumerate(network["stations"])}
    for relation in network["deliveriesRelations"]:
        before.setdefault(relation["target"], set()).add(relation["source"])
    deliveries, found = {d["id"]: d for d in network["deliveries"]}, {}
    for case in cases:
        reached, todo = set(), [case]
        while todo:
            one = todo.pop()
            if one not in reached:
                reached.add(one)
                todo += before.get(one, ())
        stations = {deliveries[one]["source"] for one in reached} | {deliveries[case]["target"]}
        for who in {firms[s] for s in stations} | {f"https://id.gs1.org/01/{gtin}/10/{one}" for one in reached}:
            found[who] = found.get(who, 0) + 1
    return found


@pytest.mark.parametrize("name", ("bbk", "small_network"))
def test_a_delivery_network(ledger, name):
    path = DATA / f"fcl/{name}.json"
    if not path.exists():
        pytest.skip(f"no delivery network at {path}")
    network = json.loads(path.read_text())
    key, gtin = ledger.dairy()
    ledger.submit(key, *({**e, "eventID": f"urn:test:fcl:{n}"} for n, e in enumerate(shipments(network, gtin))))
    ledger.settle()
    names = [d["id"] for d in network["deliveries"]]
    rng = random.Random(SEED)
    for _ in range(40):
        cases = rng.sample(names, rng.randint(1, 6))
        told = ask(ledger, {f"https://id.gs1.org/01/{gtin}/10/{one}": 1 for one in cases}, limit=1000)
        want = scores(network, gtin, cases)
        assert {row["code"]: row["weight"] for row in told["rows"]} == want
        assert [row["weight"] for row in told["rows"]] == sorted(want.values(), reverse=True)


# --- what else may be asked -------------------------------------------------------------------------

def cheese(ledger):
    """Two cheeses of one milk and their own salts; one firm, two places."""
    key, gtin = ledger.dairy()
    lot = {n: f"https://id.gs1.org/01/{gtin}/10/{n}" for n in ("milk", "salt1", "salt2", "brie", "gouda")}
    said = ledger.submit(
        key, batch(gtin, "milk", bizLocation={"id": gln(414, 1)}), batch(gtin, "salt1"), batch(gtin, "salt2"),
        made(10, [lot["milk"], lot["salt1"]], [lot["brie"]], bizLocation={"id": gln(414, 2)}),
        made(12, [lot["milk"], lot["salt2"]], [lot["gouda"]], bizLocation={"id": gln(414, 2)}))
    ledger.settle()
    return lot, said["firstRecord"]


def test_the_answer_and_its_table(ledger):
    lot, first = cheese(ledger)
    told = ask(ledger, {lot["brie"]: 3, lot["gouda"]: 1})
    assert [(row["kind"], row["code"], row["score"], row["distance"]) for row in told["rows"][:4]] == [
        ("place", gln(414, 2), "1", 0), ("party", DAIRY, "1", 0), ("lot", lot["milk"], "1", 2),
        ("place", gln(414, 1), "1", 2)]
    assert told["rows"][1]["name"] == {"en": DAIRY}
    assert told["rows"][2]["name"] == {"zh": "鲜牛奶", "en": "Milk"}, "of a lot its product's"
    assert "name" not in told["rows"][0], "a place without a Place record"
    assert told["rows"][2]["explains"] == [{"code": lot["brie"], "distance": 1, "record": first + 3},
                                           {"code": lot["gouda"], "distance": 1, "record": first + 4}]
    assert [(row["code"], row["score"]) for row in told["rows"][4:]] == [
        (lot["brie"], "0.75"), (lot["salt1"], "0.75"), (lot["gouda"], "0.25"), (lot["salt2"], "0.25")]
    assert told["total"] == 8 and told["cut"] is None
    assert told["complaints"][0] == {"code": lot["brie"], "weight": 3, "explained": True, "items": 2, "places": 2,
                                     "parties": 1}
    assert told["good"] == [] and set(told["asOf"]) == {"entry", "time"}
    few = ask(ledger, {lot["brie"]: 3, lot["gouda"]: 1}, limit=3)
    assert few["rows"] == told["rows"][:3] and few["total"] == 8
    known_good = ask(ledger, {lot["brie"]: 1, lot["gouda"]: -1})
    assert [(r["code"], r["score"]) for r in known_good["rows"][:2]] == [(lot["brie"], "1"), (lot["salt1"], "1")]
    assert next(r for r in known_good["rows"] if r["code"] == lot["milk"])["score"] == "0"
    table = ledger.get(f"/v1/trace/common?format=csv&limit=3&code={lot['brie']}&code={lot['gouda']}")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8" and table.headers["Suyuan-Total"] == "8"
    assert table.headers["Suyuan-Cut"] == "none"
    head, _, _, milk, end = table.body.decode().split("\r\n")
    assert head == "kind,code,score,complaints,good,distance,explains,distances,records" and end == ""
    assert milk == f"lot,{lot['milk']},1,2,0,2,{lot['brie']} {lot['gouda']},1 1,{first + 3} {first + 4}"


def test_what_remains_when_something_is_cut(ledger):
    lot, _ = cheese(ledger)
    told = ask(ledger, {lot["brie"]: 1, lot["salt2"]: 1}, cut=[lot["brie"]])
    assert [(one["code"], one["explained"]) for one in told["complaints"]] == [(lot["brie"], False),
                                                                              (lot["salt2"], True)]
    told = ask(ledger, {lot["brie"]: 1, lot["gouda"]: 1}, cut=[gln(414, 2)])
    assert told["rows"] == [] and not any(one["explained"] for one in told["complaints"])


def test_who_sent_it_is_asked_until_it_was_sent(ledger):
    """What a firm did with the rest of a lot, after it had shipped some, isn't on the way of that."""
    key, gtin = ledger.dairy()
    milk, brie = (f"https://id.gs1.org/01/{gtin}/10/{name}" for name in ("milk", "brie"))
    farm, dairy, (barn, ramp, shed) = gln(417, 1), gln(417, 2), (gln(414, n) for n in range(3))
    ledger.submit(key, moved(1, [milk], owner("destination", farm), barn, "commissioning", "ADD"),
                  sent(3, [milk], farm, dairy, ramp), moved(4, [milk], done_by(farm), shed, "storing"),
                  received(5, [milk], dairy, farm), made(6, [milk], [brie], **done_by(dairy)))
    ledger.settle()
    rows = {row["code"] for row in ask(ledger, {brie: 1})["rows"]}
    assert rows == {milk, brie, farm, dairy, barn, ramp}
    # Had the ramp not been, it wouldn't have come there, whatever the receipt says.
    assert {row["code"] for row in ask(ledger, {brie: 1}, cut=[ramp])["rows"]} == {brie, dairy}


def test_contact_at_a_place(ledger):
    """The gouda was made where the brie had been: it may have its salt."""
    lot, _ = cheese(ledger)
    plain = ask(ledger, {lot["gouda"]: 1})
    assert lot["salt1"] not in {row["code"] for row in plain["rows"]}
    touched = ask(ledger, {lot["gouda"]: 1}, contact=[gln(414, 2)], dates="ignored")
    assert {row["code"]: row["distance"] for row in touched["rows"] if row["kind"] == "lot"} == {
        lot["gouda"]: 0, lot["milk"]: 1, lot["salt2"]: 1, lot["salt1"]: 1}
    earlier = ask(ledger, {lot["brie"]: 1}, contact=[gln(414, 2)])
    assert lot["salt2"] not in {row["code"] for row in earlier["rows"]}


def test_codes_that_are_unknown(ledger):
    lot, _ = cheese(ledger)
    nobody = lot["brie"] + "x"
    told = ask(ledger, {lot["brie"]: 1, nobody: 1}, cut=[gln(414, 99)], contact=[gln(417, 99)])
    assert told["unknown"] == [nobody, gln(414, 99), gln(417, 99)] and len(told["complaints"]) == 1
    assert ledger.get(f"/v1/trace/common?code={nobody}&good={lot['brie']}").status == 404


@pytest.mark.parametrize("query, words", (
    ("", "code is missing"), ("good={}", "code is missing"), ("code=06901234567893", "check digit"),
    ("code={}&weight=0", "weight is a whole number"), ("code={}&weight=1.5", "weight is a whole number"),
    ("code={}&weight=1&weight=1", "more weights than codes"), ("code={}&dates=soon", "dates is none of"),
    ("code={}&format=xml", "format is none of"), ("code={}&limit=0", "limit is"),
    ("code={}" + "&cut={}" * 65, "more than 64"), ("&".join(["code=urn:a:b"] * 257), "more than 256")))
def test_what_cannot_be_asked(shared_ledger, query, words):
    lot = "https://id.gs1.org/01/06901234567892/10/a"
    answer = shared_ledger.get("/v1/trace/common?" + query.replace("{}", lot))
    assert answer.status in (400, 422) and words in answer.body.decode()
