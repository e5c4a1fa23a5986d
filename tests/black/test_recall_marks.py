"""What a recall marks is what it would hit: the same goods, however they were told, taken back, erased or rebuilt."""
import json
import os
import random
import urllib.parse

import ledger as ledgers
from ledger import erase
from test_recall import recall, says
from test_trace import Graph, at

GRAPHS = int(os.environ.get("SUYUAN_TRADES", "120"))
SEED = 20261126
EACH = 60  # events of a submission


class Case:
    """What was at a place in a time, at times with things that are named; opened before, between or after events."""

    def __init__(self, graph, rng, n):
        self.graph, self.rng, self.name, self.stage, self.record = graph, rng, f"{graph.name}n{n}", rng.randint(0, 3), None
        kind = rng.choice(("place", "place", "party"))
        begin = rng.randint(0, 30)
        bounds = {"from": at(begin), "to": at(begin + rng.choice((0, 3, 20)))}
        some = rng.randint(0, 5)
        self.scope = {"place": graph.place(some) if kind == "place" else f"urn:test:party:{graph.name}:{some}",
                      **{name: bounds[name] for name in bounds if rng.random() < .85}}
        if rng.random() < .3:
            self.scope["items"] = [rng.choice([*graph.lots, *graph.units, *graph.boxes])]
        self.later = rng.choice([*graph.lots, *graph.boxes]) if rng.random() < .3 else None

    def turn(self, ledger, wave):
        if wave == self.stage + 1 and self.later:
            self.scope["items"] = [*self.scope.get("items", ()), self.later]
        elif wave != self.stage:
            return
        more = {} if self.record is None else {"replaces": self.record}
        self.record = ledger.submit(ledger.operator, recall(self.name, self.scope, **more))["firstRecord"]


def tell(ledger, key, graphs, cases, rng):
    """Events of all, a wave after the other, a few at a time; the numbers of their records."""
    told, numbers = [graph.waves() for graph in graphs], []
    for wave in range(5):
        for case in cases:
            case.turn(ledger, wave)
        events = [e for waves in told for e in waves[wave]] if wave < 3 else []
        rng.shuffle(events)
        for begin in range(0, len(events), EACH):
            part = events[begin:begin + EACH]
            first = ledger.submit(key, *part)["firstRecord"]
            numbers += range(first, first + len(part))
    ledger.settle()
    return numbers


def compare(ledger, cases):
    """{case: what it marks}, the same that it hits."""
    connection, marks = ledger.connect(), {}
    for case in cases:
        path = "/v1/recalls/" + urllib.parse.quote(f"urn:test:recall:{case.name}", safe="")
        *lines, end = map(json.loads, ledger.get(path + "/affected", connection=connection).body.splitlines())
        assert end["cut"] is None
        hit = {line["item"] for line in lines}
        not_marked = {item for item in hit if says(ledger, item, connection)[1].get(case.name) is not False}
        marked = ledger.get(path, connection=connection).json.get("marked", 0)
        assert (not_marked, marked) == (set(), len(hit)), (case.scope, sorted(hit), case.stage)
        marks[case.name] = hit
    return marks


def test_marks_are_what_is_hit(tmp_path):
    rng = random.Random(SEED)
    ledger = ledgers.Ledger(tmp_path / "ledger").init().start()
    try:
        key, gtin = ledger.dairy()
        graphs = [Graph(gtin, n, rng) for n in range(GRAPHS)]
        cases = [Case(graph, rng, n) for graph in graphs for n in range(2)]
        numbers = tell(ledger, key, graphs, cases, rng)
        marks = compare(ledger, cases)
        assert sum(len(hit) for hit in marks.values()) > 2 * GRAPHS
        for number in rng.sample(numbers, GRAPHS // 2):
            erase(ledger, number)
        ledger.settle()
        marks = compare(ledger, cases)
        ledger.built_again()
        assert compare(ledger, cases) == marks
    finally:
        ledger.remove()
