"""A small trade that is lived through in order, so that at any time it is known who has how much of what.

A dairy makes lots and units of cheese, out of each other too; it and three others ship, receive, sell, destroy
and build in, loose and on pallets.  What happened is kept as events, each with its author; nothing here
knows how the ledger finds out who has what.
"""
import datetime

from ledger import check_digit
from reference import at_place

QUANTITIES = "onHand", "inTransit", "consumed", "sold", "destroyed"
START = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def party_id(i):
    return "https://id.gs1.org/417/" + check_digit("690123400000" if i == 0 else f"6909{i:08d}")


def place_id(party, i):
    """Of every other party the two are parts of one place."""
    if party % 2:
        return whole_of(party) + f"/254/{'AB'[i]}%2F{i}"
    return f"https://id.gs1.org/414/{check_digit(f'69{party:02d}{i:08d}')}"


def whole_of(party):
    return f"https://id.gs1.org/414/{check_digit(f'69{party:02d}00000009')}"


def clock(hour):
    return (START + datetime.timedelta(hours=hour)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ends(who, end):
    return [{"type": "possessing_party", end: who}]


class Trade:
    def __init__(self, gtin, name, rng, parties, places, steps=30):
        self.gtin, self.name, self.rng = gtin, name, rng
        self.parties, self.places = parties, places  # ids; {party: [place]}
        self.events, self.made = [], 0               # [(author, event)]
        self.hold = {}      # (item, party, place) -> {quantity name: number, "since": hour, "last": hour}
        self.transit = {}   # (item, from, to) -> [quantity, place it came from, since]
        self.sent_from = {}  # (lot, single unit?, from, to) -> place of the last
        self.pallets = {}   # pallet -> {"at": (party, place) or None, "under": (from, to) or None, "in": {item: n}}
        self.lots, self.units = [], {}  # unit -> lot
        self.times = []     # [(hour, {(item, party, place) on hand})] after each event
        self.hour = 0
        for _ in range(2):
            self.make()
        for _ in range(steps):
            rng.choice((self.make, self.ship, self.ship, self.receive, self.receive, self.end, self.mix, self.unit,
                        self.pack, self.pack, self.move, self.move, self.unpack, self.pass_by))()

    # --- what is where

    def row(self, item, party, place):
        return self.hold.setdefault((item, party, place), {**dict.fromkeys(QUANTITIES, 0), "since": None, "last": None})

    def put(self, item, party, place, n):
        row = self.row(item, party, place)
        if row["onHand"] == 0:
            row["since"] = self.hour
        row["onHand"] += n

    def take(self, item, party, place, n):
        self.row(item, party, place)["onHand"] -= n

    def loose(self, whole=False):
        """(item, party, place, how much) of a pile that lies somewhere, or None."""
        piles = [(*at, row["onHand"]) for at, row in sorted(self.hold.items())
                 if row["onHand"] > 0 and not (whole and at[0] in self.units)]
        return self.rng.choice(piles) if piles else None

    def some(self, most):
        return self.rng.randint(1, most)

    # --- events

    def tell(self, author, kind, items, member="quantityList", **more):
        """ITEMS: [(code, quantity)]; a unit stands without one."""
        event = {"type": kind, "eventTime": clock(self.hour), "eventTimeZoneOffset": "+08:00",
                 "eventID": f"urn:test:{self.name}:{len(self.events)}", **more}
        self.name_items(event, member, items)
        self.events.append((author, event))
        self.times.append((self.hour, {at for at, row in self.hold.items() if row["onHand"] > 0} | self.on_pallets()))

    def name_items(self, event, member, items):
        lists = {"quantityList": "epcList", "childQuantityList": "childEPCs", "inputQuantityList": "inputEPCList",
                 "outputQuantityList": "outputEPCList"}
        for code, n in items:
            if code in self.units or code in self.pallets:
                written = code.replace("/21/", "/10/" + self.units[code].rsplit("/", 1)[1] + "/21/") \
                    if code in self.units else code
                event.setdefault(lists[member], []).append(written)
            else:
                event.setdefault(member, []).append({"epcClass": code, "quantity": n, "uom": "KGM"})

    def tick(self):
        self.hour += self.rng.choice((1, 1, 2, 5))

    def at(self, place):
        return {"readPoint": {"id": place}, "bizLocation": {"id": place}}

    def make(self):
        self.tick()
        lot = f"https://id.gs1.org/01/{self.gtin}/10/{self.name}L{len(self.lots)}"
        party = self.parties[0]
        place, n = self.rng.choice(self.places[party]), self.some(100)
        self.lots.append(lot)
        self.put(lot, party, place, n)
        day = (START + datetime.timedelta(hours=self.hour)).date().isoformat()
        self.tell(party, "ObjectEvent", [(lot, n)], action="ADD", bizStep="commissioning", **self.at(place),
                  ilmd={"suyuan:productionDate": day})

    def unit(self):
        """A single piece of a lot; the lot's own quantity is apart from it."""
        self.tick()
        lot = self.rng.choice(self.lots)
        unit = f"https://id.gs1.org/01/{self.gtin}/21/{self.name}U{len(self.units)}"
        party = self.parties[0]
        place = self.rng.choice(self.places[party])
        self.units[unit] = lot
        self.put(unit, party, place, 1)
        self.tell(party, "ObjectEvent", [(unit, 1)], action="ADD", bizStep="commissioning", **self.at(place))

    def ship(self):
        pile = self.loose()
        if pile is None:
            return
        self.tick()
        item, party, place, n = pile
        n, to = self.some(n), self.rng.choice([p for p in self.parties if p != party])
        self.take(item, party, place, n)
        sent = self.transit.setdefault((item, party, to), [0, place, self.hour])
        if sent[0] == 0:
            sent[2] = self.hour
        sent[0] += n
        sent[1] = place
        self.sent_from[(self.units.get(item, item), item in self.units, party, to)] = place
        self.tell(party, "ObjectEvent", [(item, n)], action="OBSERVE", bizStep="shipping", readPoint={"id": place},
                  sourceList=ends(party, "source"), destinationList=ends(to, "destination"))

    def receive(self):
        under = [(at, sent) for at, sent in sorted(self.transit.items()) if sent[0] > 0]
        if not under:
            return
        self.tick()
        (item, source, to), sent = self.rng.choice(under)
        n, place = self.some(sent[0]), self.rng.choice(self.places[to])
        sent[0] -= n
        self.put(item, to, place, n)
        self.tell(to, "ObjectEvent", [(item, n)], action="OBSERVE", bizStep="receiving", **self.at(place),
                  sourceList=ends(source, "source"), destinationList=ends(to, "destination"))

    def end(self):
        pile = self.loose()
        if pile is None:
            return
        self.tick()
        item, party, place, n = pile
        n = self.some(n)
        name, step, action = self.rng.choice((("sold", "retail_selling", "OBSERVE"), ("consumed", "installing", "OBSERVE"),
                                              ("destroyed", "destroying", "DELETE")))
        self.take(item, party, place, n)
        self.row(item, party, place)[name] += n
        self.row(item, party, place)["last"] = self.hour
        self.tell(party, "ObjectEvent", [(item, n)], action=action, bizStep=step, **self.at(place))

    def mix(self):
        """One or two piles of a party at a place become a new lot; the dairy alone makes it."""
        dairy = self.parties[0]
        piles = [(at, row["onHand"]) for at, row in sorted(self.hold.items()) if row["onHand"] > 0 and at[1] == dairy]
        if not piles:
            return
        self.tick()
        (_, _, place), _ = self.rng.choice(piles)
        there = [(at[0], self.some(n)) for at, n in piles if at[2] == place]
        inputs = self.rng.sample(there, min(len(there), self.rng.randint(1, 2)))
        for item, n in inputs:
            self.take(item, dairy, place, n)
            self.row(item, dairy, place)["consumed"] += n
            self.row(item, dairy, place)["last"] = self.hour
        lot, made = f"https://id.gs1.org/01/{self.gtin}/10/{self.name}L{len(self.lots)}", self.some(50)
        self.lots.append(lot)
        self.put(lot, dairy, place, made)
        event = {}
        self.name_items(event, "inputQuantityList", inputs)
        self.tell(dairy, "TransformationEvent", [(lot, made)], "outputQuantityList", **event, **self.at(place))

    def pass_by(self):
        """Somebody looks at it, where it is; nothing changes."""
        pile = self.loose()
        if pile:
            self.tick()
            self.tell(pile[1], "ObjectEvent", [(pile[0], 1)], action="OBSERVE", bizStep="storing", **self.at(pile[2]))

    # --- pallets

    def on_pallets(self):
        there = set()
        for pallet, p in self.pallets.items():
            if p["at"]:
                there |= {(item, *p["at"]) for item, n in p["in"].items() if n > 0} | {(pallet, *p["at"])}
        return there

    def pack(self):
        pile = self.loose()
        if pile is None:
            return
        item, party, place, n = pile
        here = [q for q, p in self.pallets.items() if p["at"] == (party, place)]
        self.tick()
        if here and self.rng.random() < .7:
            pallet = self.rng.choice(here)
        else:
            pallet = "https://id.gs1.org/00/" + check_digit(f"0690{int(self.name[1:]):06d}{len(self.pallets):07d}")
            self.pallets[pallet] = {"at": (party, place), "under": None, "in": {}}
        n, p = self.some(n), self.pallets[pallet]
        self.take(item, party, place, n)
        p["in"][item] = p["in"].get(item, 0) + n
        self.tell(party, "AggregationEvent", [(item, n)], "childQuantityList", action="ADD", bizStep="packing",
                  parentID=pallet, **self.at(place))

    def unpack(self):
        full = [(q, p) for q, p in sorted(self.pallets.items()) if p["at"] and any(p["in"].values())]
        if not full:
            return
        self.tick()
        pallet, p = self.rng.choice(full)
        party, place = p["at"]
        all_out = self.rng.random() < .4
        out = [(item, n) for item, n in p["in"].items() if n > 0 and (all_out or self.rng.random() < .6)]
        if not out:
            return
        for item, n in out:
            p["in"][item] = 0
            self.put(item, party, place, n)
        self.tell(party, "AggregationEvent", [] if all_out else out, "childQuantityList", action="DELETE",
                  bizStep="unpacking", parentID=pallet, **self.at(place))

    def move(self):
        """A pallet is shipped, or it arrives."""
        if not self.pallets:
            return
        self.tick()
        pallet = self.rng.choice(sorted(self.pallets))
        p = self.pallets[pallet]
        if p["at"]:
            party, place = p["at"]
            to = self.rng.choice([q for q in self.parties if q != party])
            p.update(at=None, under=(party, to, place))
            self.tell(party, "ObjectEvent", [(pallet, 1)], action="OBSERVE", bizStep="shipping",
                      readPoint={"id": place}, sourceList=ends(party, "source"), destinationList=ends(to, "destination"))
        else:
            party, to, _ = p["under"]
            place = self.rng.choice(self.places[to])
            p.update(at=(to, place), under=None)
            self.tell(to, "ObjectEvent", [(pallet, 1)], action="OBSERVE", bizStep="receiving", **self.at(place),
                      sourceList=ends(party, "source"), destinationList=ends(to, "destination"))

    # --- what an answer is held against

    def holders(self, item):
        """{(party, place, single units?): {quantity name: number}} of what isn't zero."""
        if item in self.pallets:
            p = self.pallets[item]
            party, place = p["at"] or (p["under"][0], p["under"][2])
            return {(party, place, False): {"onHand" if p["at"] else "inTransit": 1}}
        found = {}

        def add(key, name, n):
            if n:
                row = found.setdefault(key, {})
                row[name] = row.get(name, 0) + n
        mine = [(item, False)] + [(unit, True) for unit, lot in self.units.items() if lot == item]
        for code, single in mine:
            for (what, party, place), row in self.hold.items():
                for name in QUANTITIES if what == code else ():
                    add((party, place, single), name, row[name])
            for p in self.pallets.values():
                party, place = p["at"] or (p["under"][0], p["under"][2])
                add((party, place, single), "onHand" if p["at"] else "inTransit", p["in"].get(code, 0))
        for single in (False, True):
            for (what, source, to), (n, place, _) in self.transit.items():
                if (what, single) in mine:
                    # A lot's units that go from one to another are one pile, told where its last one came from.
                    add((source, self.sent_from[item, True, source, to] if single else place, single), "inTransit", n)
        return found

    def was_at(self, place, begin, end):
        """Items at a place or with a party at some time of BEGIN..END, hours, and pallets with their times there."""
        def there(state):
            return {item for item, party, where in state if party == place or at_place(place, where)}
        before = [state for hour, state in self.times if hour < begin]
        stood, found, came = there(before[-1]) if before else set(), set(), set()
        for (author, event), (hour, _) in zip(self.events, self.times):
            point = (event.get("bizLocation") or event.get("readPoint"))["id"]
            if at_place(place, point) or (author == place and event.get("bizStep") != "storing"):
                came |= self.named(event) if hour < begin else set()
                found |= self.named(event) if begin <= hour <= end else set()
        found |= stood & came  # what came on a pallet is reached through that
        stays = []
        for pallet in self.pallets:
            spans = self.spans(pallet, place, begin, end)
            if spans:
                found.add(pallet)
            stays += [(pallet, span) for span in spans]
        return found, stays

    def named(self, event):
        codes = set()
        for member in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
            codes |= {code.split("/10/")[0] + "/21/" + code.rsplit("/21/")[1] if "/21/" in code else code
                      for code in event.get(member, ())}
        for member in ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"):
            codes |= {one["epcClass"] for one in event.get(member, ())}
        return codes | {event["parentID"]} if "parentID" in event else codes

    def spans(self, pallet, place, begin, end):
        """Times of a pallet there, as far as they lie in BEGIN..END."""
        spans, since = [], None
        for hour, state in self.times:
            here = any(item == pallet and (party == place or at_place(place, where)) for item, party, where in state)
            if here and since is None:
                since = hour
            elif not here and since is not None:
                spans.append((since, hour))
                since = None
        if since is not None:
            spans.append((since, end))
        return [(max(a, begin), min(b, end)) for a, b in spans if a <= end and b >= begin]
