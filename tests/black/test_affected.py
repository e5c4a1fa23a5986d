"""What a recall would hit, and who has it: the daemon's answers against a trade lived through in order."""
import csv
import io
import json
import os
import random
import urllib.parse

import pytest

import ledger as ledgers
from ledger import batch
from reference import ALWAYS, Reference, milliseconds
from test_trace import at, classes, event, made, packing, small
from trade import QUANTITIES, Trade, clock, party_id, place_id, whole_of

TRADES = int(os.environ.get("SUYUAN_TRADES", "60"))
SEED = 20261125
REGIONS = ["130100", "130102", "310115", None]


class Goods(Reference):
    """Containers that merely carry something aren't affected."""

    def told(self, found, depth, window, deeper):
        return found, deeper


# --- asking -------------------------------------------------------------------------------------

def ask(ledger, path="/v1/affected", connection=None, **query):
    """(lines, end) of an answer in NDJSON; a query's values may be lists."""
    pairs = [(k.replace("_", "-"), v) for k, vs in query.items() for v in (vs if isinstance(vs, list) else [vs])]
    answer = ledger.get(path + "?" + urllib.parse.urlencode(pairs), connection=connection)
    assert answer.status == 200, answer.body
    *lines, end = map(json.loads, answer.body.splitlines())
    assert end["end"] is True and end["items"] == len(lines)
    return lines, end


def amounts(row):
    return {name: int(row[name]) for name in QUANTITIES if row[name] != "0"}


def add(totals, key, row):
    sums = totals.setdefault(key, dict.fromkeys(QUANTITIES, 0))
    for name in QUANTITIES:
        sums[name] += int(row[name])


class World:
    """Some trades in one ledger."""

    def __init__(self, ledger, rng, trades):
        self.ledger, self.rng = ledger, rng
        key, self.gtin = ledger.dairy()
        self.parties = [party_id(i) for i in range(4)]
        self.keys = {self.parties[0]: key}
        self.region = {self.parties[0]: None}
        for i, party in enumerate(self.parties[1:], 1):
            self.region[party] = REGIONS[i % len(REGIONS)]
            self.keys[party] = ledger.enrol(party, ["seller"], **({"region": self.region[party]} if self.region[party]
                                                                 else {}))
        self.places = {p: [place_id(i, k) for k in range(2)] for i, p in enumerate(self.parties)}
        self.region_at = {}
        self.site = self.places[self.parties[3]][1]
        for i, party in enumerate(self.parties):
            for k, place in enumerate(self.places[party]):
                region = REGIONS[(i + k) % len(REGIONS)]
                self.region_at[place] = region or self.region[party]
                ledger.submit(self.keys[party], {
                    "type": "Place", "id": place, "party": party, "name": {"en": f"place {k}"},
                    **({"region": region} if region else {}),
                    **({"project": "Tower 一", "part": "=3rd floor"} if place == self.site else {})})
        self.trades = [Trade(self.gtin, f"T{n}", rng, self.parties, self.places, rng.randint(8, 40))
                       for n in range(trades)]
        self.references = self.register()

    def register(self):
        """Their events in any order, some told late, some that never were and are withdrawn."""
        told, records = [], [{} for _ in self.trades]
        for n, trade in enumerate(self.trades):
            events = list(trade.events)
            for author, one_event in self.rng.sample(events, len(events) // 5):
                if "ADD" == one_event.get("action") and "epcList" in one_event:
                    continue  # a serial is created once
                wrong = {**one_event, "eventID": one_event["eventID"] + ":wrong", "eventTime": clock(self.rng.randint(0, 99))}
                wrong.pop("ilmd", None)
                told.append((self.rng.randrange(8), n, author, wrong))
                told.append((8, n, author, {**wrong, "errorDeclaration": {"declarationTime": clock(200)}}))
            told += [(self.rng.randrange(8), n, author, one_event) for author, one_event in events]
        self.rng.shuffle(told)
        told.sort(key=lambda one: (one[0], one[2]))  # eight times everybody tells something, then what was wrong
        connection, part = self.ledger.connect(), []
        for i, one in enumerate(told):
            part.append(one)
            if i + 1 == len(told) or (told[i + 1][0], told[i + 1][2]) != (one[0], one[2]):
                first = self.ledger.submit(self.keys[one[2]], *(e for *_, e in part), connection=connection)["firstRecord"]
                for k, (_, n, _, one_event) in enumerate(part):
                    records[n][first + k] = one_event
                part = []
        self.ledger.settle()
        return [Goods(r) for r in records]

    def check(self, trade, lines, end, want):
        assert {line["item"]: line["distance"] for line in lines} == {i: d for i, (d, _) in want.items()}
        totals, regions, batches = {}, {}, 0
        for line in lines:
            by = [(who, edge, sorted(records - {None})) for who, edge, records in want[line["item"]][1]]
            assert (line["from"], line["edge"], line["records"]) in by, (line, by)
            got = {(h["party"], h.get("place"), h.get("singleUnits", False)): amounts(h) for h in line["holders"]}
            assert got == trade.holders(line["item"]), line
            assert len(got) == len(line["holders"]) and not any(h["unknown"] for h in line["holders"])
            counted = trade.units.get(line["item"]) in want
            batches += not counted
            for h in line["holders"]:
                assert h.get("region") == self.region_at[h["place"]]
                assert (h.get("project"), h.get("part")) == (("Tower 一", "=3rd floor") if h["place"] == self.site
                                                             else (None, None))
                if not counted:
                    unit = h["unit"], h.get("singleUnits", False)
                    add(totals, (h["party"], *unit), h)
                    add(regions, (h.get("region", ""), *unit), h)
        assert end["batches"] == batches and end["holders"] == sum(len(line["holders"]) for line in lines)
        for name, mine in (("parties", totals), ("regions", regions)):
            got = end["totals"][name]
            assert len(got) == len(mine)
            for row in got:
                key = row["party" if name == "parties" else "region"], row["unit"], row.get("singleUnits", False)
                assert {q: int(row[q]) for q in QUANTITIES} == mine[key]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = ledgers.Ledger(tmp_path_factory.mktemp("affected") / "ledger").init().start()
    yield World(one, random.Random(SEED), TRADES)
    try:
        one.stop()
        assert one.fsck().returncode == 0
    finally:
        one.remove()


def test_items_and_who_has_them(world):
    connection, reached = world.ledger.connect(), 0
    for trade, reference in zip(world.trades, world.references):
        things = sorted({*trade.lots, *trade.units, *trade.pallets} & set(reference.named))
        for _ in range(6):
            codes = world.rng.sample(things, min(len(things), world.rng.choice((1, 1, 2))))
            lines, end = ask(world.ledger, connection=connection, code=codes)
            want, _ = reference.trace(codes, True)
            world.check(trade, lines, end, want)
            assert end["cut"] is None
            reached += len(lines)
    assert reached > 12 * TRADES


def test_a_place_and_a_time(world):
    connection, some, opened, wholes = world.ledger.connect(), 0, 0, 0
    for trade, reference in zip(world.trades, world.references):
        mine = {*trade.lots, *trade.units, *trade.pallets}
        for _ in range(6):
            party = world.rng.choice(world.parties)
            place = world.rng.choice([*world.places[party], party, whole_of(world.parties.index(party))])
            wholes += place.startswith(whole_of(1)) and len(place.split("/")) == 5
            begin, end_ = sorted((world.rng.randint(0, trade.hour), world.rng.randint(0, trade.hour)))
            lines, end = ask(world.ledger, connection=connection, place=place, **{"from": clock(begin), "to": clock(end_)})
            assert end["cut"] is None
            there, stays = trade.was_at(place, begin, end_)
            want, _ = reference.trace(
                sorted(there), True, window=(milliseconds(clock(begin)), ALWAYS[1]),
                questions=[(q, tuple(milliseconds(clock(h)) for h in span)) for q, span in stays])
            got = {line["item"]: line["distance"] for line in lines if line["item"] in mine}
            assert got == {i: d for i, (d, _) in want.items()}, (place, clock(begin), clock(end_))
            some += len(got)
            opened += len(stays)
    assert some > 5 * TRADES and opened > TRADES / 2 and wholes > TRADES / 10


def test_what_lay_in_a_container(world):
    connection, reached = world.ledger.connect(), 0
    for trade, reference in zip(world.trades, world.references):
        for pallet in sorted(trade.pallets):
            begin, end_ = sorted((world.rng.randint(0, trade.hour), world.rng.randint(0, trade.hour)))
            window = milliseconds(clock(begin)), milliseconds(clock(end_))
            lines, end = ask(world.ledger, connection=connection, container=pallet,
                             **{"from": clock(begin), "to": clock(end_)})
            want, _ = reference.trace([pallet], True, window=(window[0], ALWAYS[1]), questions=[(pallet, window)])
            world.check(trade, lines, end, want)
            reached += len(lines) - 1
            whole, _ = ask(world.ledger, connection=connection, container=pallet)
            assert whole == ask(world.ledger, connection=connection, code=pallet)[0]
    assert reached > TRADES / 4


def test_a_product_by_its_days(world):
    every = {lot for trade in world.trades for lot in trade.lots}
    day = {lot: e["ilmd"]["suyuan:productionDate"] for trade in world.trades for _, e in trade.events if "ilmd" in e
           for lot in trade.named(e)}
    lines, end = ask(world.ledger, product=world.gtin)
    assert every <= {line["item"] for line in lines if line["distance"] == 0} and "undated" not in end
    for begin, end_ in (("2026-11-01", "2026-11-01"), ("2026-11-02", "2026-11-03"), (None, "2026-11-02"), ("2026-11-02", None)):
        bounds = {**({"made_from": begin} if begin else {}), **({"made_to": end_} if end_ else {})}
        lines, end = ask(world.ledger, product=f"(01){world.gtin}", **bounds)
        asked = {lot for lot in every if lot not in day or (begin or "") <= day[lot] <= (end_ or "9")}
        want = {}
        for reference in world.references:
            want.update(reference.trace([lot for lot in asked if lot in reference.named], True)[0])
        assert {line["item"]: line["distance"] for line in lines} == {i: d for i, (d, _) in want.items()}
        # Lots that were made of others tell no day: they may be meant.
        assert end["undated"] == len(every - day.keys()) > 0


class Recalled(World):
    """Recalls of places in a time, half of them before anything happened there."""

    def place_recalls(self, numbers):
        last = max(trade.hour for trade in self.trades)
        for n in numbers:
            begin = self.rng.randint(0, last)
            self.ledger.submit(self.ledger.operator, {
                "type": "Recall", "id": f"urn:test:place:{n}", "rule": "recall/food", "level": "1", "state": "open",
                "scope": {"place": self.rng.choice([*self.places, *map(whole_of, (1, 3)), *(p for places in self.places.values() for p in places)]),
                          "from": clock(begin), "to": clock(begin + self.rng.randint(0, last // 3))},
                "reason": "dust", "measures": "bring it back"})

    def register(self):
        self.place_recalls(range(15))
        references = super().register()
        self.place_recalls(range(15, 30))
        self.ledger.settle()
        return references


def test_what_was_somewhere_is_marked(ledger):
    """What a recall of a place would hit, and what is said of a code that is scanned, is the same goods."""
    one, connection, hit = Recalled(ledger, random.Random(SEED + 2), TRADES // 2), ledger.connect(), {}
    for n in range(30):
        lines, end = ask(ledger, f"/v1/recalls/urn%3Atest%3Aplace%3A{n}/affected", connection=connection)
        assert end["cut"] is None
        for line in lines:
            hit.setdefault(line["item"], set()).add(f"urn:test:place:{n}")
    assert len(hit) > len(one.trades)
    missed = {}
    for item, wanted in hit.items():
        verdict = ledger.get("/v1/verify?" + urllib.parse.urlencode({"code": item}), connection=connection).json
        missed[item] = wanted - {r["id"] for r in verdict["recalls"] if not r["partial"]}
    assert {item: cases for item, cases in missed.items() if cases} == {}


def test_formats_say_the_same(world):
    trade = max(world.trades, key=lambda t: len(t.events))
    lines, end = ask(world.ledger, code=trade.lots[0])
    path = "/v1/affected?code=" + urllib.parse.quote(trade.lots[0], safe="")
    whole = world.ledger.get(path + "&format=json").json
    assert whole["items"] == lines and whole["totals"] == end["totals"]
    assert whole["asOf"]["entry"] == end["asOf"] and whole["total"] == end["items"]
    assert world.ledger.get(path, headers={"Accept": "application/json"}).json == whole
    table = world.ledger.get(path, headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8" and table.headers["Suyuan-Cut"] == "none"
    assert [table.headers["Suyuan-Total-" + n] for n in ("Items", "Batches", "Holders")] == [
        str(end[n]) for n in ("items", "batches", "holders")]
    parties, regions = end["totals"]["parties"], end["totals"]["regions"]
    assert table.headers["Suyuan-Total-Parties"] == str(len(parties))
    for name, rows in (("party", parties), ("region", regions)):
        told = table.headers.get_all(f"Suyuan-Total-{name.title()}")
        assert told == [" ".join([row[name] or "-", *(f"{q}={row[q]}" for q in QUANTITIES if row[q] != "0"),
                                  *([f"unit={row['unit']}"] if row["unit"] else []),
                                  *(["singleUnits=true"] if row.get("singleUnits") else [])]) for row in rows]
    rows = list(csv.DictReader(io.StringIO(table.body.decode(), newline="")))
    flat = [(line["item"], h) for line in lines for h in line["holders"] or [None]]
    assert len(rows) == len(flat)
    for row, (item, h) in zip(rows, flat):
        assert row["item"] == item
        if h:
            assert {k: row[k] for k in ("party", "place", *QUANTITIES, "unit", "since")} == {
                k: h[k] for k in ("party", "place", *QUANTITIES, "unit", "since")}
            assert row["part"] == ("'=3rd floor" if h["place"] == world.site else "")


# --- what else may be asked ---------------------------------------------------------------------

def test_depth_cuts_and_says_so(ledger):
    _, name, _ = small(ledger)
    lines, end = ask(ledger, code=name["salt"], depth=1)
    assert [line["item"] for line in lines] == [name["salt"], name["cheese"]] and end["cut"] == "depth"
    lines, end = ask(ledger, code=[name["salt"], name["salt"] + "x"])
    assert [line["item"] for line in lines] == [name[n] for n in ("salt", "cheese", "slice")]
    assert end["cut"] is None and end["unknown"] == [name["salt"] + "x"]


def test_a_quantity_that_nobody_names_is_unknown(ledger):
    key, gtin = ledger.dairy()
    ledger.submit(key, batch(gtin, "A", quantityList=[{"epcClass": f"https://id.gs1.org/01/{gtin}/10/A"}]))
    ledger.settle()
    (line,), end = ask(ledger, code=f"(01){gtin}(10)A")
    assert [(h["onHand"], h["unknown"]) for h in line["holders"]] == [("0", True)]
    assert [row["unknown"] for row in end["totals"]["parties"]] == [True]


def test_since_when(ledger):
    key, gtin = ledger.dairy()
    lot = f"https://id.gs1.org/01/{gtin}/10/A"
    said = {"type": "ObjectEvent", "eventTimeZoneOffset": "+08:00", "action": "OBSERVE", "bizStep": "retail_selling"}
    ledger.submit(key, batch(gtin, "A", 10), {**said, "eventTime": at(50), "quantityList": [{"epcClass": lot, "quantity": 10}]})
    ledger.settle()
    (line,), _ = ask(ledger, code=lot)
    assert [(h["sold"], h["since"]) for h in line["holders"]] == [("10", at(50))] and line["made"] == "2026-11-01"


@pytest.mark.parametrize("query, words", (
    ("", "expected code"), ("code=06901234567893", "check digit"), ("code=06901234567892", "as product="),
    ("product=(01)06901234567892(10)A", "expected a product's code"), ("made-from=2026-11-01", "without product"),
    ("product=06901234567892&made-from=yesterday", "isn't a date"), ("from=2026-11-01", "without place"),
    ("product=06901234567892&made-from=2026-11-02&made-to=2026-11-01", "later"), ("place=urn:x:y&from=soon", "neither"),
    ("place=urn:x:y&from=2026-11-02&to=2026-11-01", "later"), ("place=urn:x:y&format=dot", "format is none of"),
    ("place=%ff", "percent-coded"), ("place=6901234000016", "expected a place or a party")))
def test_what_cannot_be_asked(shared_ledger, query, words):
    answer = shared_ledger.get("/v1/affected?" + query)
    assert answer.status in (400, 422) and words in answer.body.decode(), answer.body


def test_what_nobody_knows(shared_ledger):
    assert shared_ledger.get("/v1/affected?code=(01)06901234567892(10)none").status == 404
    assert shared_ledger.get("/v1/recalls/urn%3Ax%3Anone/affected").status == 404
    lines, end = ask(shared_ledger, place="urn:x:nowhere")
    assert lines == [] and end["unknown"] == ["urn:x:nowhere"] and end["totals"] == {"parties": [], "regions": []}


# --- a recall's own -----------------------------------------------------------------------------

def recall(scope, **more):
    return {"type": "Recall", "id": "urn:test:recall:1", "rule": "recall/food", "level": "1", "state": "open",
            "scope": scope, "reason": "glass", "measures": "bring it back", **more}


def test_a_recalls_scope(ledger):
    key, name, _ = small(ledger)
    gtin = name["salt"].split("/")[4]
    place = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")
    ledger.submit(key, {"type": "Place", "id": place, "party": party_id(0), "name": {"en": "dairy"}},
                  {**made(20, [name["milk"]], [name["milk"] + "2"]), "bizLocation": {"id": place}})
    salt, milk = ("salt", "cheese", "slice"), ("milk", "cheese", "slice", "powder")
    name["powder"] = name["milk"] + "2"
    first = None
    for scope, query, want in (
            ({"items": [name["salt"]]}, {"code": name["salt"]}, salt),
            ({"items": [name["salt"]], "product": gtin, "madeFrom": "2026-11-01", "madeTo": "2026-11-01"},
             {"code": name["salt"], "product": gtin, "made_from": "2026-11-01", "made_to": "2026-11-01"}, {*salt, *milk}),
            ({"items": [name["salt"]], "product": gtin, "place": place, "from": at(19), "to": "2026-11-02"},
             {"code": name["salt"], "product": gtin, "place": place, "from": at(19), "to": "2026-11-02"}, {*salt, *milk})):
        said = ledger.submit(key, recall(scope, **({"replaces": first} if first else {})))
        first = said["firstRecord"]
        ledger.settle()
        lines, end = ask(ledger, "/v1/recalls/urn:test:recall:1/affected")
        assert {line["item"] for line in lines} == {name[n] for n in want}
        assert end.pop("recall") == "urn:test:recall:1" and end.pop("recallRecord") == first
        assert (lines, end) == ask(ledger, **query)


def test_what_was_found_in_two_ways_is_told_once(ledger):
    """An item by its code, and what was at a place: each walk goes its own way, and they meet in the cheese."""
    key, name, _ = small(ledger)
    place = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")
    powder, cake = name["milk"] + "2", name["milk"] + "3"
    ledger.submit(key, {**made(9, [name["milk"]], [powder]), "bizLocation": {"id": place}}, made(22, [powder], [cake]))
    ledger.settle()
    lines, end = ask(ledger, code=name["salt"], place=place, **{"from": at(8), "to": at(21)})
    assert [(line["item"], line["from"], line["distance"]) for line in lines] == [
        (name["salt"], None, 0), (name["cheese"], name["salt"], 1), (name["slice"], name["cheese"], 2),
        (name["milk"], None, 0), (powder, None, 0), (cake, powder, 1)]
    assert end["batches"] == 6


def test_what_left_at_that_very_moment_was_there(ledger):
    """Nobody told that it was shipped; it arrived elsewhere when the time in question began."""
    key, gtin = ledger.dairy()
    place = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")
    lot = f"https://id.gs1.org/01/{gtin}/10/A"
    ledger.submit(key, event("ObjectEvent", 10, action="ADD", bizLocation={"id": place}, quantityList=classes(lot)),
                  event("ObjectEvent", 20, action="DELETE", bizStep="destroying", quantityList=classes(lot)))
    ledger.settle()
    for hour, found in ((9, 0), (19, 1), (20, 1), (21, 0)):
        lines, _ = ask(ledger, place=place, **{"from": at(hour) if hour > 9 else at(1), "to": at(hour)})
        assert [line["item"] for line in lines] == [lot] * found, hour


def test_a_pallets_stay(ledger):
    """What is packed while it stands there was there, though that paper names no place; what is packed later wasn't."""
    key, gtin = ledger.dairy()
    place, elsewhere = ("https://id.gs1.org/414/" + ledgers.check_digit(f"69012340000{i}") for i in (1, 2))
    pallet = "https://id.gs1.org/00/" + ledgers.check_digit("06901234000000001")
    lot = [f"https://id.gs1.org/01/{gtin}/10/{n}" for n in "ABC"]

    def stands(hour, where):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep="storing", epcList=[pallet], bizLocation={"id": where})
    ledger.submit(key, *(event("ObjectEvent", 1, action="ADD", quantityList=classes(one)) for one in lot),
                  packing(2, pallet, lot[0]), packing(4, pallet, lot[0], action="DELETE"), stands(10, place),
                  packing(12, pallet, lot[1]), packing(14, pallet, action="DELETE"), stands(16, elsewhere),
                  packing(18, pallet, lot[2]))
    ledger.settle()
    for begin, end, found in ((9, 20, [pallet, lot[1]]), (11, 13, [pallet, lot[1]]), (15, 20, [pallet]), (17, 20, []),
                              (3, 5, [])):
        lines, _ = ask(ledger, place=place, **{"from": at(begin), "to": at(end)})
        assert [line["item"] for line in lines] == found, (begin, end)
