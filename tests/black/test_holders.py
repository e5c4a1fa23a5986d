"""Who has how much, held against a simulation that moves goods about and writes the papers of it.

The simulation knows nothing of the daemon: it starts from what happens to goods, by DOMAIN "What an
event does to an item", and its papers are possible by construction.  They are sent in any order.
"""
import datetime
import decimal
import random
import urllib.parse

import pytest

from ledger import Ledger, check_digit, compact

START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
STATES = ("onHand", "inTransit", "consumed", "sold", "destroyed")
EPCIS_UNIT = "KGM"


def party(digits):
    return "https://id.gs1.org/417/" + check_digit(digits)


FARM, SHOP, INN, CARRIER = (party(d) for d in ("690123400000", "690765400000", "690765400001", "690765400002"))


class Goods:
    """Amounts by item and party, and the papers of what happened to them."""

    def __init__(self, seed, gtin, name=None):
        self.random = random.Random(seed)
        self.stem, self.clock = f"https://id.gs1.org/01/{gtin}", 0
        self.seed = seed if name is None else name  # in the codes
        self.has = {}        # (lot, party) -> {state: amount}
        self.under_way, self.boxes_under_way = [], []
        self.boxes = {}      # sscc -> [where, {lot: amount}]: where is a party, or None under way
        self.papers = []     # (author, event)
        self.lots = []

    # --- papers

    def at(self):
        self.clock += self.random.choice((1, 5, 60, 1440, 10000))
        return (START + datetime.timedelta(minutes=self.clock)).isoformat().replace("+00:00", "Z")

    def write(self, author, **event):
        self.papers.append((author, {"eventTime": self.at(), "eventTimeZoneOffset": "+00:00", "eventID":
                                     f"https://example.com/{self.seed}/{len(self.papers)}", **event}))

    @staticmethod
    def amount(lot, n):
        return {"epcClass": lot, "quantity": n, "uom": EPCIS_UNIT}

    @staticmethod
    def ends(source, destination):
        kind = "possessing_party"
        return {"sourceList": [{"type": kind, "source": source}],
                "destinationList": [{"type": kind, "destination": destination}]}

    # --- what is there

    def move(self, lot, who, state, n):
        of = self.has.setdefault((lot, who), dict.fromkeys(STATES, 0))
        of[state] += n
        assert of[state] >= 0, (lot, who, state)

    def boxed(self, lot, who):
        return sum(inside.get(lot, 0) for where, inside in self.boxes.values() if where == who)

    def loose(self):
        """(lot, party, amount) that may be taken."""
        return [(lot, who, of["onHand"] - self.boxed(lot, who)) for (lot, who), of in self.has.items()
                if of["onHand"] - self.boxed(lot, who) > 0]

    def some(self, who=None):
        lot, who, n = self.random.choice([one for one in self.loose() if who in (None, one[1])])
        return lot, who, self.random.choice((n, self.random.randint(1, n)))

    # --- what happens

    def create(self):
        if self.lots and self.random.random() < .4:
            lot = self.random.choice(self.lots)  # another shift
        else:
            lot = f"{self.stem}/10/S{self.seed}-{len(self.lots)}"
            self.lots.append(lot)
        n = self.random.randint(1, 500)
        self.move(lot, FARM, "onHand", n)
        self.write(FARM, type="ObjectEvent", action="ADD", bizStep="commissioning", quantityList=[self.amount(lot, n)])

    def ship(self):
        lot, who, n = self.some()
        to = self.random.choice([p for p in (FARM, SHOP, INN) if p != who])
        author = self.random.choice((who, who, CARRIER))  # the carrier writes for the one who has it
        self.move(lot, who, "onHand", -n)
        self.move(lot, who, "inTransit", n)
        self.write(author, type="ObjectEvent", action="OBSERVE", bizStep="shipping", disposition="in_transit",
                   quantityList=[self.amount(lot, n)], **self.ends(who, to))
        self.under_way.append((lot, n, who, to))

    def receive(self):
        one = self.random.choice(self.under_way)
        lot, n, who, to = one
        self.under_way.remove(one)
        part = self.random.randint(1, n) if self.random.random() < .3 else n
        if part < n:
            self.under_way.append((lot, n - part, who, to))
        self.move(lot, who, "inTransit", -part)
        self.move(lot, to, "onHand", part)
        self.write(to, type="ObjectEvent", action="OBSERVE", bizStep="receiving", quantityList=[self.amount(lot, part)],
                   **self.ends(who, to))

    def sell(self):
        lot, who, n = self.some()
        self.move(lot, who, "onHand", -n)
        self.move(lot, who, "sold", n)
        self.write(who, type="ObjectEvent", action="OBSERVE", bizStep="retail_selling", disposition="retail_sold",
                   quantityList=[self.amount(lot, n)])

    def destroy(self):
        lot, who, n = self.some()
        self.move(lot, who, "onHand", -n)
        self.move(lot, who, "destroyed", n)
        self.write(who, type="ObjectEvent", action="DELETE", bizStep="destroying", quantityList=[self.amount(lot, n)])

    def look(self):
        """What nobody moved stays: inspected, counted, put into store."""
        lot, who, n = self.some()
        self.write(self.random.choice((who, CARRIER)), type="ObjectEvent", action="OBSERVE",
                   bizStep=self.random.choice(("inspecting", "storing", "cycle_counting")),
                   quantityList=[self.amount(lot, n)])

    def transform(self):
        """Its two halves are papers of their own."""
        lot, who, n = self.some(FARM)
        product = f"{self.stem}/10/T{self.seed}-{len(self.lots)}"
        self.lots.append(product)
        self.move(lot, who, "onHand", -n)
        self.move(lot, who, "consumed", n)
        self.move(product, who, "onHand", n * 2)
        name = f"https://example.com/made/{self.seed}/{len(self.papers)}"
        self.write(who, type="TransformationEvent", transformationID=name, inputQuantityList=[self.amount(lot, n)])
        self.write(who, type="TransformationEvent", transformationID=name,
                   outputQuantityList=[self.amount(product, n * 2)])

    def pack(self):
        lot, who, n = self.some()
        mine = [box for box, (where, _) in self.boxes.items() if where == who]
        if mine and self.random.random() < .6:
            box = self.random.choice(mine)
        else:
            box = "https://id.gs1.org/00/" + check_digit(f"3690123{self.seed:04}{len(self.boxes):06}")
            self.boxes[box] = [who, {}]
        inside = self.boxes[box][1]
        inside[lot] = inside.get(lot, 0) + n
        self.write(who, type="AggregationEvent", action="ADD", parentID=box, bizStep="packing",
                   childQuantityList=[self.amount(lot, n)])

    def unpack(self):
        box = self.random.choice([b for b, (where, inside) in self.boxes.items() if where and inside])
        where, inside = self.boxes[box]
        if self.random.random() < .5:  # all of it
            inside.clear()
            self.write(where, type="AggregationEvent", action="DELETE", parentID=box, bizStep="unpacking")
            return
        lot = self.random.choice(list(inside))
        n = self.random.choice((inside[lot], self.random.randint(1, inside[lot])))
        inside[lot] -= n
        if inside[lot] == 0:
            del inside[lot]
        self.write(where, type="AggregationEvent", action="DELETE", parentID=box, bizStep="unpacking",
                   childQuantityList=[self.amount(lot, n)])

    def ship_box(self):
        box = self.random.choice([b for b, (where, inside) in self.boxes.items() if where and inside])
        where, inside = self.boxes[box]
        to = self.random.choice([p for p in (FARM, SHOP, INN) if p != where])
        for lot, n in inside.items():
            self.move(lot, where, "onHand", -n)
            self.move(lot, where, "inTransit", n)
        self.boxes[box][0] = None
        self.write(where, type="ObjectEvent", action="OBSERVE", bizStep="shipping", epcList=[box],
                   **self.ends(where, to))
        self.boxes_under_way.append((box, where, to))

    def receive_box(self):
        one = self.random.choice(self.boxes_under_way)
        self.boxes_under_way.remove(one)
        box, who, to = one
        for lot, n in self.boxes[box][1].items():
            self.move(lot, who, "inTransit", -n)
            self.move(lot, to, "onHand", n)
        self.boxes[box][0] = to
        self.write(to, type="ObjectEvent", action="OBSERVE", bizStep="receiving", epcList=[box], **self.ends(who, to))

    def live(self, steps, containers):
        doings = [self.ship, self.receive, self.receive, self.sell, self.destroy, self.look, self.transform]
        if containers:
            doings += [self.pack, self.pack, self.unpack, self.ship_box, self.receive_box]
        self.create()
        while len(self.papers) < steps:
            try:
                self.random.choice(doings + [self.create])()
            except IndexError:
                pass  # nothing there to do it with
        return self

    def expected(self, lot):
        return {who: {state: n for state, n in of.items() if n} for (one, who), of in self.has.items()
                if one == lot and any(of.values())}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    ledger.keys = {FARM: ledger.enrol(FARM, ["producer"], prefixes=["6901234"]),
                   SHOP: ledger.enrol(SHOP, ["seller"]), INN: ledger.enrol(INN, ["seller"]),
                   CARRIER: ledger.enrol(CARRIER, ["carrier"])}
    ledger.gtin = check_digit("0690123400001")
    ledger.submit(ledger.keys[FARM], {"type": "Product", "code": f"https://id.gs1.org/01/{ledger.gtin}",
                                      "name": {"en": "Flour"}, "category": "other"})
    yield ledger
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


def send(world, papers, order):
    """Numbers of their records, by position."""
    numbers = {}
    for i in order:
        author, event = papers[i]
        numbers[i] = world.submit(world.keys[author], compact(event))["firstRecord"]
    world.settle()
    return numbers


def item(world, code):
    answer = world.get(f"/v1/items?limit=1000&code={urllib.parse.quote(code, safe='')}")
    if answer.status == 404:  # no paper names it
        return {"holders": [], "shipments": [], "flags": []}
    assert answer.status == 200, answer.body
    return answer.json


def told(world, lot):
    """{party: {state: amount}} and the flags; a party's places together."""
    said, out = item(world, lot), {}
    for h in said["holders"]:
        assert h["unit"] == EPCIS_UNIT and not h["unknown"], h
        of = out.setdefault(h["party"], {})
        for state in STATES:
            if decimal.Decimal(h[state]):
                of[state] = of.get(state, 0) + decimal.Decimal(h[state])
    assert sum(decimal.Decimal(s["quantity"]) for s in said["shipments"]) == sum(
        of.get("inTransit", 0) for of in out.values())
    return {who: of for who, of in out.items() if of}, {(f["reason"], f["record"]) for f in said["flags"]}


@pytest.mark.parametrize("order", ["as it happened", "backwards", "shuffled"])
@pytest.mark.parametrize("containers", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_happened_is_what_is_told(world, seed, containers, order):
    number = seed * 10 + containers * 5 + ["as it happened", "backwards", "shuffled"].index(order)
    goods = Goods(number, world.gtin).live(60, containers)
    positions = list(range(len(goods.papers)))
    if order != "as it happened":
        positions.reverse() if order == "backwards" else random.Random(number).shuffle(positions)
    send(world, goods.papers, positions)
    for lot in goods.lots:
        assert told(world, lot) == (goods.expected(lot), set()), lot


def flags_of(world, goods, numbers):
    """By lot: who has what, and flags by the position of their paper."""
    positions = {number: i for i, number in numbers.items()}
    for i, lot in enumerate(goods.lots):
        holders, flags = told(world, lot)
        yield i, holders, sorted((reason, positions[record]) for reason, record in flags)


@pytest.mark.parametrize("seed", range(12))
def test_a_paper_withdrawn_is_a_paper_never_written(world, seed):
    """Whatever is missing then, and whatever flags that gives: two ledgers' worth of lots say the same."""
    with_it = Goods(seed, world.gtin, 500 + seed).live(50, seed % 2 == 0)
    without = Goods(seed, world.gtin, 700 + seed).live(50, seed % 2 == 0)
    chosen = random.Random(seed)
    gone = {i for i in chosen.sample(range(1, 50), 4) if with_it.papers[i][1].get("action") != "ADD" or
            with_it.papers[i][1]["type"] == "AggregationEvent"}
    numbers = send(world, with_it.papers, range(len(with_it.papers)))
    for i in gone:
        author, event = with_it.papers[i]
        world.submit(world.keys[author], dict(event, errorDeclaration={
            "declarationTime": "2026-11-02T00:00:00Z", "reason": "did_not_occur"}))
    world.settle()
    fewer = send(world, without.papers, [i for i in range(len(without.papers)) if i not in gone])
    for a, b in zip(flags_of(world, with_it, numbers), flags_of(world, without, fewer)):
        assert a == b
    assert set(numbers) - set(fewer) == gone


# --- what doesn't fit --------------------------------------------------------------------------------

class Desk:
    """Papers of one lot, a line each; times are hours."""

    def __init__(self, world, name):
        self.world, self.lot, self.n = world, f"https://id.gs1.org/01/{world.gtin}/10/{name}", 0

    def write(self, hour, author, step, n=None, unit=EPCIS_UNIT, action="OBSERVE", **more):
        self.n += 1
        thing = {"epcClass": self.lot, **({"quantity": n, "uom": unit} if n else {})}
        event = {"type": "ObjectEvent", "action": action, "bizStep": step, "quantityList": [thing],
                 "eventTime": (START + datetime.timedelta(hours=hour)).isoformat(), "eventTimeZoneOffset": "+00:00",
                 "eventID": f"{self.lot}/{self.n}", **more}
        return self.world.submit(self.world.keys[author], compact(event))["firstRecord"]

    def make(self, hour, n, **more):
        return self.write(hour, FARM, "commissioning", n, action="ADD", **more)

    def ship(self, hour, n, who=FARM, to=SHOP):
        return self.write(hour, who, "shipping", n, **Goods.ends(who, to))

    def receive(self, hour, n, who=SHOP, source=FARM):
        return self.write(hour, who, "receiving", n, **Goods.ends(source, who))

    def sell(self, hour, n, who=SHOP):
        return self.write(hour, who, "retail_selling", n, disposition="retail_sold")

    def destroy(self, hour, n, who=FARM):
        return self.write(hour, who, "destroying", n, action="DELETE")

    def flags(self):
        self.world.settle()
        return told(self.world, self.lot)[1]

    def has(self):
        self.world.settle()
        return told(self.world, self.lot)[0]


def test_received_from_nobody(world):
    """Until the paper that was missing arrives, be it in time or late by the clock."""
    desk = Desk(world, "R1")
    desk.make(0, 100)
    received = desk.receive(5, 60)
    assert desk.flags() == {("never-shipped", received)}
    assert desk.has() == {FARM: {"onHand": 100}, SHOP: {"onHand": 60}}
    desk.ship(3, 60)
    assert (desk.flags(), desk.has()) == (set(), {FARM: {"onHand": 40}, SHOP: {"onHand": 60}})
    late = Desk(world, "R2")
    late.make(0, 100)
    received, shipped = late.receive(5, 60), late.ship(7, 60)
    flags = late.flags()
    assert {reason for reason, _ in flags} <= {"before-arrival"} and flags and {r for _, r in flags} <= {received, shipped}
    assert late.has() == {FARM: {"onHand": 40}, SHOP: {"onHand": 60}}


def test_more_received_than_shipped(world):
    desk = Desk(world, "R3")
    desk.make(0, 100)
    desk.ship(1, 50)
    received = desk.receive(2, 60)
    assert desk.flags() == {("never-shipped", received)}
    assert desk.has() == {FARM: {"onHand": 50}, SHOP: {"onHand": 60}}


def test_more_than_there(world):
    desk = Desk(world, "M1")
    desk.make(0, 100)
    sold = desk.sell(1, 130, FARM)
    assert desk.flags() == {("more-than-there", sold)}
    desk.make(0.5, 30)  # another shift's paper: it was there
    assert (desk.flags(), desk.has()) == (set(), {FARM: {"sold": 130}})
    late = Desk(world, "M2")
    late.make(0, 100)
    late.ship(1, 50)
    sold = late.sell(2, 20)
    late.receive(3, 50)
    assert late.flags() == {("before-arrival", sold)}
    assert late.has() == {FARM: {"onHand": 50}, SHOP: {"onHand": 30, "sold": 20}}


def test_before_and_after_its_time(world):
    desk = Desk(world, "T1")
    early = desk.ship(1, 10)
    desk.make(2, 100)
    assert ("before-creation", early) in desk.flags() and {f[1] for f in desk.flags()} == {early}
    gone = Desk(world, "T2")
    gone.make(0, 100)
    gone.destroy(1, 100)
    sold = gone.sell(2, 5, FARM)
    assert {record for _, record in gone.flags()} == {sold}
    assert {reason for reason, _ in gone.flags()} & {"after-destruction", "more-than-there"}


def test_in_another_unit(world):
    desk = Desk(world, "U1")
    desk.make(0, 100)
    sold = desk.write(1, FARM, "retail_selling", 3, unit="XBX", disposition="retail_sold")
    said = item(world, desk.lot) if world.settle() is None else None
    assert {(f["reason"], f["record"]) for f in said["flags"]} == {("mixed-units", sold)}
    assert {h["unit"] for h in said["holders"]} == {EPCIS_UNIT, "XBX"}


def test_unpacked_from_where_it_never_was(world):
    desk = Desk(world, "P1")
    desk.make(0, 100)
    box = "https://id.gs1.org/00/" + check_digit("36901239999000001")
    number = world.submit(world.keys[FARM], {
        "type": "AggregationEvent", "action": "DELETE", "parentID": box, "bizStep": "unpacking",
        "eventTime": "2026-03-02T00:00:00Z", "eventTimeZoneOffset": "+00:00",
        "childQuantityList": [Goods.amount(desk.lot, 10)]})["firstRecord"]
    assert desk.flags() == {("never-packed", number)} and desk.has() == {FARM: {"onHand": 100}}


def test_an_unknown_quantity_is_never_zero(world):
    desk = Desk(world, "Q1")
    desk.make(0, 100)
    desk.ship(1, None)
    world.settle()
    said = item(world, desk.lot)
    assert said["flags"] == [] and any(h["unknown"] for h in said["holders"])
    assert sum(decimal.Decimal(s["quantity"]) for s in said["shipments"]) == 0
    assert [s["unknown"] for s in said["shipments"]] == [True]
    desk.receive(2, None)
    world.settle()
    said = item(world, desk.lot)
    assert {h["party"]: h["unknown"] for h in said["holders"]}[SHOP] is True and said["flags"] == []
    none = Desk(world, "Q2")
    none.make(0, None)
    none.sell(1, 5, FARM)
    world.settle()
    said = item(world, none.lot)
    assert [(h["sold"], h["unknown"]) for h in said["holders"]] == [("5", True)] and said["flags"] == []


def test_who_holds_it(world):
    """possessing_party, else owning_party, else whoever wrote it."""
    for name, ends, holder in (("W1", [("owning_party", INN), ("possessing_party", SHOP)], SHOP),
                               ("W2", [("owning_party", INN)], INN), ("W3", [], CARRIER)):
        desk = Desk(world, name)
        desk.make(0, 10)
        desk.ship(1, 10, to=holder)
        desk.write(2, CARRIER, "receiving", 10, sourceList=[{"type": "possessing_party", "source": FARM}],
                   **({"destinationList": [{"type": t, "destination": p} for t, p in ends]} if ends else {}))
        assert (desk.has(), desk.flags()) == ({holder: {"onHand": 10}}, set()), name


def test_expiry_as_of_now(world):
    """A product's last day is good until it ends at +08:00."""
    china = datetime.timezone(datetime.timedelta(hours=8))
    today = datetime.datetime.now(china).date()
    for days in (-400, -1, 0, 1, 400):
        last = today + datetime.timedelta(days=days)
        desk = Desk(world, f"E{days}")
        desk.make(0, 10, ilmd={"suyuan:productionDate": "2024-01-01", "cbvmda:itemExpirationDate": last.isoformat()})
        world.settle()
        said = item(world, desk.lot)
        if datetime.datetime.now(china).date() != today:
            pytest.skip("midnight went by")
        assert said["expiry"] == {"day": last.isoformat(), "today": today.isoformat(), "expired": days < 0,
                                  "daysLeft": days}
        assert said["state"] == ("expired" if days < 0 else "registered")
