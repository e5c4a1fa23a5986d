"""Do quantities add up: of lots and parties, against a plain fold written from the design's rules."""
import os
import random
import urllib.parse
from decimal import Decimal

import pytest

import ledger as ledgers
from cli import DAIRY
from ledger import batch
from test_common import gln, owner
from test_trace import at, event

GRAPHS = int(os.environ.get("SUYUAN_GRAPHS", "300"))
SEED = 20261126
IN_KILOGRAMS = {"KGM": Decimal(1), "GRM": Decimal("0.001"), "TNE": Decimal(1000)}
WHATS = "made", "received", "shipped", "used", "sold", "destroyed", "onHand", "inTransit"
STEPS = {"commissioning": "made", "shipping": "shipped", "receiving": "received", "retail_selling": "sold",
         "installing": "used", "destroying": "destroyed", "void_shipping": "unshipped"}


def lot_event(hour, lot, step, quantity, unit, source=None, target=None):
    action = {"commissioning": "ADD", "destroying": "DELETE"}.get(step, "OBSERVE")
    amount = {"quantity": float(quantity), "uom": unit} if quantity is not None else {}
    return event("ObjectEvent", hour, action=action, bizStep=step, quantityList=[{"epcClass": lot, **amount}],
                 **owner("source", source), **owner("destination", target))


class Stock:
    """What a few firms did with a lot, in kilograms, grams and tonnes; sometimes without saying how much."""

    def __init__(self, gtin, number, rng):
        self.rng, self.name = rng, f"B{number}"
        self.lot = f"https://id.gs1.org/01/{gtin}/10/{self.name}"
        self.firms = [gln(417, 900000 + number * 3 + i) for i in range(3)]
        self.exact = rng.random() < .8
        self.facts = [(0, "commissioning", self.quantity(500, 2000), None, self.firms[0])]
        for _ in range(rng.randint(2, 14)):
            step = rng.choice(("shipping", "shipping", "shipping", "receiving", "receiving", "receiving", "retail_selling",
                               "installing", "destroying", "commissioning", "void_shipping"))
            amount = self.quantity(1, 600) or ("whole" if step == "destroying" else None)
            self.facts.append((rng.randint(1, 20), step, amount, *self.ends(step)))
        if rng.random() < .15:
            self.facts.append((rng.randint(1, 20), "destroying", "whole", rng.choice(self.firms), None))

    def named(self):
        return {DAIRY} | {firm for fact in self.facts for firm in fact[3:]}

    def ends(self, step):
        source, target = self.rng.sample(self.firms, 2)
        if step == "commissioning":
            return None, target
        if step in ("shipping", "void_shipping"):
            return source, target if self.rng.random() < .8 else None
        if step == "receiving":
            return source if self.rng.random() < .8 else None, target
        return source, None

    def quantity(self, low, high):
        if not self.exact and self.rng.random() < .1:
            return None
        unit = self.rng.choice(("KGM", "KGM", "GRM", "TNE"))
        grams = self.rng.randint(low * 10, high * 10) * 100
        return Decimal(grams) / (1000 * IN_KILOGRAMS[unit]), unit

    def events(self):
        for n, (hour, step, amount, source, target) in enumerate(self.facts):
            quantity, unit = amount if isinstance(amount, tuple) else (None, None)
            yield {**lot_event(hour, self.lot, step, quantity, unit, source, target), "eventID": f"urn:b:{self.name}:{n}"}


class Fold:
    """Who has how much, fact by fact in order of time, makings first, then of record."""

    def __init__(self, facts):
        self.sums, self.holders = dict.fromkeys(WHATS, Decimal(0)), {}
        self.hand, self.short, self.debts, self.transit, self.since = {}, {}, {}, {}, {}
        self.receipts = []
        for record, hour, step, amount, source, target in sorted(
                facts, key=lambda f: (f[1], f[2] != "commissioning", f[0])):
            whole = amount == "whole"
            n = Decimal(0) if whole else amount[0] * IN_KILOGRAMS[amount[1]]
            getattr(self, STEPS[step])(n, hour, source or DAIRY, target, whole) if step not in (
                "commissioning", "receiving") else getattr(self, STEPS[step])(n, hour, source, target or DAIRY)
        for (source, _), n in self.transit.items():
            self.count(source, "inTransit", n)
        for party, n in self.hand.items():
            self.count(party, "onHand", n)

    def count(self, party, what, n):
        self.sums[what] += n
        mine = self.holders.setdefault(party, dict.fromkeys(WHATS, Decimal(0)))
        mine[what] += n

    def put(self, party, n):
        good = min(self.short.get(party, 0), n)
        self.short[party] = self.short.get(party, 0) - good
        self.hand[party] = self.hand.get(party, 0) + n - good

    def take(self, party, n):
        had = min(self.hand.get(party, 0), n)
        self.hand[party] = self.hand.get(party, 0) - had
        self.short[party] = self.short.get(party, 0) + n - had

    def made(self, n, hour, source, party):
        self.count(party, "made", n)
        self.put(party, n)

    def end(self, what, n, party, whole):
        if whole:
            n = self.hand.pop(party, Decimal(0))
        else:
            self.take(party, n)
        self.count(party, what, n)

    def sold(self, n, hour, party, target, whole):
        self.end("sold", n, party, whole)

    def used(self, n, hour, party, target, whole):
        self.end("used", n, party, whole)

    def destroyed(self, n, hour, party, target, whole):
        self.end("destroyed", n, party, whole)

    def pay(self, source, target, n):
        paid = min(self.debts.get((source, target), 0), n)
        if paid:
            self.debts[source, target] -= paid
            if not self.debts[source, target]:
                del self.debts[source, target]
        return n - paid

    def shipped(self, n, hour, party, target, whole):
        self.count(party, "shipped", n)
        self.take(party, n)
        if target:
            n = self.pay(party, target, n)
            n = self.pay(None, target, n)
        else:
            for source, to in [d for d in self.debts if d[0] == party] + [d for d in self.debts if d[0] is None]:
                n = self.pay(source, to, n)
        if n:
            if (party, target) not in self.transit:
                self.since[party, target] = hour
            self.transit[party, target] = self.transit.get((party, target), 0) + n

    def serve(self, pairs, n):
        for pair in list(pairs):
            served = min(self.transit.get(pair, 0), n)
            if served:
                n -= served
                self.transit[pair] -= served
                if not self.transit[pair]:
                    del self.transit[pair]
        return n

    def unshipped(self, n, hour, party, target, whole):
        self.count(party, "shipped", -n)
        left = self.serve([(party, target)], n)
        left = self.serve([p for p in self.transit if p[0] == party], left)
        self.put(party, n - left)

    def received(self, n, hour, source, party):
        self.count(party, "received", n)
        self.receipts.append((party, hour))
        left = n
        if source:
            left = self.serve([(source, party), (source, None)], left)
            left = self.serve([p for p in self.transit if p[0] == source], left)
        left = self.serve([p for p in self.transit if p[1] == party], left)
        left = self.serve([p for p in self.transit if p[1] is None], left)
        self.put(party, n)
        if left:
            self.debts[source, party] = self.debts.get((source, party), 0) + left

    def gains(self):
        found = {party: n for party, n in self.short.items() if n}
        for (_, party), n in self.debts.items():
            found[party] = found.get(party, 0) + n
        return found

    def losses(self):
        found = {}
        for pair, n in self.transit.items():
            if any(party == pair[1] and hour >= self.since[pair] for party, hour in self.receipts):
                found[pair[0]] = found.get(pair[0], 0) + n
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    rng = random.Random(SEED)
    one = ledgers.Ledger(tmp_path_factory.mktemp("balance") / "ledger").init().start()
    key, gtin = one.dairy()
    stocks = [Stock(gtin, n, rng) for n in range(GRAPHS)]
    told = [(n, i, e) for n, stock in enumerate(stocks) for i, e in enumerate(stock.events())]
    rng.shuffle(told)
    for stock in stocks:
        stock.records = [None] * len(stock.facts)
    for begin in range(0, len(told), 2000):
        part = told[begin:begin + 2000]
        first = one.submit(key, *(e for _, _, e in part))["firstRecord"]
        for k, (n, i, _) in enumerate(part):
            stocks[n].records[i] = first + k
    one.settle()
    yield one, stocks
    try:
        one.stop()
    finally:
        one.remove()


def ask(ledger, code, connection=None, **more):
    answer = ledger.get("/v1/balance?" + urllib.parse.urlencode({"code": code, **more}), connection=connection)
    assert answer.status == 200, answer.body
    return answer.json


def numbers(line):
    """In kilograms."""
    return {what: Decimal(line[what]) * IN_KILOGRAMS[line["unit"]] for what in WHATS}


def known(stock):
    return all(amount is not None for _, _, amount, *_ in stock.facts)


def fold_of(stock):
    return Fold([(record, *fact) for record, fact in zip(stock.records, stock.facts)])


def test_lots(world):
    ledger, stocks = world
    connection = ledger.connect()
    gained = lost = unknown = 0
    for stock in stocks:
        told = ask(ledger, stock.lot, connection)
        assert len(told["lines"]) == 1 and told["cut"] is None
        line = told["lines"][0]
        if not known(stock):
            unknown += 1
            assert line["unknown"] is True
            assert line.get("recordsWithoutQuantity", 0) == sum(
                amount is None and step in ("commissioning", "shipping", "receiving", "void_shipping")
                for _, step, amount, *_ in stock.facts)
            continue
        want = fold_of(stock)
        assert numbers(line) == want.sums and line["unknown"] is False
        assert {h["party"]: numbers(h) for h in told["holders"] if any(numbers(h).values())} == {
            p: n for p, n in want.holders.items() if any(n.values())}
        unit = IN_KILOGRAMS[line["unit"]]
        outs = sum(want.sums[what] for what in ("used", "sold", "destroyed", "onHand", "inTransit"))
        assert Decimal(line["gain"]) * unit == max(outs - want.sums["made"], 0)
        assert Decimal(line["loss"]) * unit == sum(want.losses().values())
        assert {h["party"]: Decimal(h["gain"]) * unit for h in told["holders"] if h["gain"] != "0"} == want.gains()
        assert sum(want.gains().values()) >= outs - want.sums["made"]
        flags = {f["flag"] for f in told["flags"]}
        assert ("gain" in flags) == (line["gain"] != "0") and ("loss" in flags) == (line["loss"] != "0")
        gained += line["gain"] != "0"
        lost += line["loss"] != "0"
    assert gained > GRAPHS / 5 and lost > GRAPHS / 30 and unknown > GRAPHS / 30


def test_parties(world):
    ledger, stocks = world
    connection = ledger.connect()
    for stock in stocks:
        if not known(stock) or stock.firms[1] not in stock.named():
            continue
        want, party = fold_of(stock), stock.firms[1]
        told = ask(ledger, party, connection)
        sums = want.holders.get(party, dict.fromkeys(WHATS, Decimal(0)))
        if told["lines"]:
            assert len(told["lines"]) == 1 and told["lines"][0]["product"] in stock.lot
            line, unit = told["lines"][0], IN_KILOGRAMS[told["lines"][0]["unit"]]
            assert {**numbers(line), "destroyed": 0} == {**sums, "destroyed": 0}
            if line["unknown"] is False:
                assert numbers(line) == sums
            assert Decimal(line.get("gain", 0)) * unit == want.gains().get(party, 0)
            assert Decimal(line.get("loss", 0)) * unit == want.losses().get(party, 0)
        else:
            assert not any(sums.values())


def test_a_party_within_a_time(world):
    """Net before it, and what happened in it."""
    ledger, stocks = world
    connection, into = ledger.connect(), ("made", "received")
    for stock in stocks[:100]:
        if not stock.exact or any(f[2] == "whole" for f in stock.facts):
            continue
        for party in sorted(stock.named() - {DAIRY, None}):
            told = ask(ledger, party, connection, **{"from": at(5), "to": at(12)})
            before, sums = Decimal(0), dict.fromkeys(WHATS[:6], Decimal(0))
            for hour, step, (n, unit), source, target in stock.facts:
                what, n = STEPS[step], n * IN_KILOGRAMS[unit]
                if (target if what in into else source) != party or hour > 12:
                    continue
                if what == "unshipped":
                    what, n = "shipped", -n
                if hour >= 5:
                    sums[what] += n
                else:
                    before += n if what in into else -n
            if not told["lines"]:
                assert before == 0 and not any(sums.values())
                continue
            line = told["lines"][0]
            unit = IN_KILOGRAMS[line["unit"]]
            assert {w: Decimal(line[w]) * unit for w in (*sums, "before")} == {**sums, "before": before}
            assert "gain" not in line and "onHand" not in line


# --- what went in and what came out ------------------------------------------------------------------

def made_of(hour, inputs, outputs, **more):
    def listed(ends):
        return [{"epcClass": lot, **({"quantity": n, "uom": unit} if n is not None else {})} for lot, n, unit in ends]
    return event("TransformationEvent", hour, inputQuantityList=listed(inputs), outputQuantityList=listed(outputs), **more)


@pytest.mark.parametrize("inputs, outputs, verdict, flow", (
    ([(10, "KGM"), (2, "TNE")], [(2010, "KGM")], "fits", ("2010", "2010", "KGM")),
    ([(10, "KGM")], [(10001, "GRM")], "exceeds", ("10", "10.001", "KGM")),
    ([(1, "LTR")], [(900, "MLT"), (101, "MLT")], "exceeds", ("1", "1.001", "LTR")),
    ([(1, "LTR")], [(1, "KGM")], "units", None),
    ([(1, "XBX")], [(2, "XBX")], "exceeds", ("1", "2", "XBX")),
    ([(1, "XBX"), (1, "XBG")], [(1, "XBX")], "units", None),
    ([(None, None), (5, "KGM")], [(6, "KGM")], "unknown", ("5", "6", "KGM")),
    ([(5, "KGM")], [(None, None), (6, "KGM")], "exceeds", ("5", "6", "KGM")),
    ([(5, "KGM")], [(None, None), (4, "KGM")], "unknown", ("5", "4", "KGM")),
    ([(2, "DZN")], [(24, "H87")], "fits", ("24", "24", "H87")),
    ([(1, "LBR")], [(453.59237, "GRM")], "fits", ("0.45359237", "0.45359237", "KGM"))))
def test_a_transformation(ledger, inputs, outputs, verdict, flow):
    key, gtin = ledger.dairy()
    stem = f"https://id.gs1.org/01/{gtin}/10/"
    first = ledger.submit(key, made_of(5, [(f"{stem}i{n}", *q) for n, q in enumerate(inputs)],
                                       [(f"{stem}o{n}", *q) for n, q in enumerate(outputs)]))["firstRecord"]
    ledger.settle()
    for told in (ask(ledger, stem + "o0"), ask(ledger, DAIRY), ask(ledger, DAIRY, **{"from": at(5), "to": at(5)})):
        (change,) = told["transformations"]
        assert (change["verdict"], change["record"]) == (verdict, first)
        assert flow is None or (change["in"], change["out"], change["unit"]) == flow
        assert told["exceeding"] == (verdict == "exceeds")
        assert ("more-out-than-in" in {f["flag"] for f in told["flags"]}) == (verdict == "exceeds")
    assert ask(ledger, DAIRY, **{"from": at(6)})["transformations"] == []


def test_a_transformation_told_in_parts(ledger):
    key, gtin = ledger.dairy()
    stem = f"https://id.gs1.org/01/{gtin}/10/"
    one = {"transformationID": "urn:test:one"}
    parts = (made_of(5, [(stem + "a", 3, "KGM")], [(stem + "c", 2, "KGM")], **one),
             made_of(6, [(stem + "b", 4, "KGM")], [(stem + "c", 6, "KGM")], **one))
    first = ledger.submit(key, *parts)["firstRecord"]
    ledger.settle()
    for code in (stem + "c", DAIRY):
        (change,) = ask(ledger, code)["transformations"]
        assert (change["verdict"], change["in"], change["out"], change["record"]) == ("exceeds", "7", "8", first)


def test_units_that_do_not_agree(ledger):
    """A lot made in kilograms and sold in boxes: nothing is judged, and that is said."""
    key, gtin = ledger.dairy()
    lot = f"https://id.gs1.org/01/{gtin}/10/u"
    ledger.submit(key, lot_event(1, lot, "commissioning", 10, "KGM"), lot_event(2, lot, "retail_selling", 3, "XBX"))
    ledger.settle()
    told = ask(ledger, lot)
    assert told["unitsDisagree"] is True
    assert [(line["unit"], line["made"], line["sold"], line.get("gain")) for line in told["lines"]] == [
        ("KGM", "10", "0", None), ("XBX", "0", "3", None)]


def test_single_units_are_counted_apart(ledger):
    key, gtin = ledger.dairy()
    lot = f"https://id.gs1.org/01/{gtin}/10/s"
    units = [f"{lot}/21/{n}" for n in range(3)]
    ledger.submit(key, batch(gtin, "s", 3), event("ObjectEvent", 1, action="ADD", bizStep="commissioning", epcList=units),
                  event("ObjectEvent", 2, action="OBSERVE", bizStep="retail_selling", epcList=units[:1]))
    ledger.settle()
    told = ask(ledger, lot)
    assert [(line.get("singleUnits"), line["made"], line["sold"], line["onHand"]) for line in told["lines"]] == [
        (None, "3", "0", "3"), (True, "3", "1", "2")]
    assert [(u["kind"], u["lines"][0]["made"], u["lines"][0]["sold"]) for u in
            (ask(ledger, units[n].replace("/10/s", "")) for n in (0, 1))] == [("unit", "1", "1"), ("unit", "1", "0")]
    mine = [line for line in ask(ledger, DAIRY)["lines"] if line.get("singleUnits")]
    assert [(line["made"], line["sold"], line["onHand"]) for line in mine] == [("3", "1", "2")]


def test_tables_and_refusals(ledger):
    key, gtin = ledger.dairy()
    lot = f"https://id.gs1.org/01/{gtin}/10/t"
    ledger.submit(key, lot_event(1, lot, "commissioning", 10, "KGM"), lot_event(2, lot, "retail_selling", 12, "KGM"))
    ledger.settle()
    table = ledger.get(f"/v1/balance?format=csv&code={lot}")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8" and table.headers["Suyuan-Cut"] == "none"
    head = "party,unit,singleUnits,made,received,shipped,used,sold,destroyed,onHand,inTransit,gain,loss,unknown"
    assert table.body.decode().split("\r\n") == [
        head, ",KGM,,10,0,0,0,12,0,0,0,2,0,false", f"{DAIRY},KGM,,10,0,0,0,12,0,0,0,2,0,false", ""]
    assert ask(ledger, DAIRY, product=f"https://id.gs1.org/01/{gtin}")["lines"][0]["sold"] == "12"
    assert ask(ledger, DAIRY, product="urn:x:none")["lines"] == []
    for query, status, words in (
            ("", 400, "code is missing"), (f"code={lot}x", 404, "no record names"), (f"code={lot}&from=soon", 400, "from is"),
            (f"code={lot}&from=2026-11-01", 400, "of a party alone"), (f"code={lot}&format=xml", 400, "format is"),
            (f"code={DAIRY}&from=2026-11-02&to=2026-11-01", 400, "later than to"), (f"code={lot}&limit=0", 400, "limit is")):
        answer = ledger.get("/v1/balance?" + query)
        assert answer.status == status and words in answer.body.decode(), answer.body
