"""Verify while others ask what takes long: each kind of question in turn, an import, a recall of all there is.

One graph (tracing.py) holds for them all.  Open loop: a latency counts from when a question was due.  Beside
each p99 stands that of the same ledger while nobody else asks, measured just before and after.
"""
import itertools
import statistics
import subprocess
import threading
import time
import urllib.parse

from tracing import Graph, fill, with_graph
from world import ROUNDS, scaled

RATE, CONNECTIONS, SECONDS = 1000, 32, 3
TAIL = 5  # ms
ASKERS = 2


class Askers:
    """Clients that ask the same again and again, from processes of their own; a context manager."""

    def __init__(self, url, n=ASKERS):
        self.url, self.over, self.answers = url, threading.Event(), 0
        self.threads = [threading.Thread(target=self.ask) for _ in range(n)]

    def ask(self):
        while not self.over.is_set():
            subprocess.run(["curl", "-sf", "-o", "/dev/null", self.url], check=True, timeout=300)
            self.answers += 1

    def __enter__(self):
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for one in self.threads:
            one.join()


class Verify:
    def __init__(self, one, graph):
        self.one, self.path, self.lots = one, f"/v1/verify?code={graph.stem}%u", graph.items

    def once(self, seconds=SECONDS):
        return self.one.load("get", self.path, RATE * seconds, CONNECTIONS, RATE, self.lots)

    def quiet(self):
        return statistics.median(self.once()["p99_us"] for _ in range(ROUNDS)) / 1000


def tell(rows, what, told, quiet):
    """The median second of each, and the worst of all."""
    p50, p99 = (statistics.median(t[name] for t in told) / 1000 for name in ("p50_us", "p99_us"))
    rows.add(f"verify beside {what}, p99", p99, "ms", target=TAIL, lower=True)
    rows.add("  p50", p50, "ms")
    rows.add("  worst", max(t["max_us"] for t in told) / 1000, "ms")
    rows.add("  p99 while nobody else asks", quiet, "ms")


def questions(one, graph):
    """What takes long, and what it is called."""
    last = [("code", graph.stem + str(graph.items - 1 - n)) for n in range(20)]

    def path(route, *more, **query):
        return f"{one.ledger.url}{route}?" + urllib.parse.urlencode([*more, *query.items()])
    first = ("code", graph.first)
    yield f"a trace of {graph.items:,} lots", path("/v1/trace", first, direction="forward", format="ndjson")
    yield "the same as CSV", path("/v1/trace", first, direction="forward", format="csv")
    yield "all that is affected", path("/v1/affected", first, format="ndjson")
    yield "the same as CSV", path("/v1/affected", first, format="csv")
    yield "what 20 complaints have in common", path("/v1/trace/common", *last)
    yield "an export of all events", path("/v1/events", first, direction="forward")


def under_an_import(one, verify):
    told = []
    command = one.command("bulk", *one.producer(scaled(200000, 1000)), 1000, 2)
    importing = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while importing.poll() is None:
        told.append(verify.once(1))
    if importing.returncode:
        raise SystemExit("the import beside verify failed")
    return told[:-1] or told


def recall(graph, n):
    return {"type": "Recall", "id": f"urn:bench:beside:{n}", "rule": "recall/food", "level": "1", "state": "open",
            "scope": {"items": [graph.first]}, "reason": "dust", "measures": "bring it back"}


def during_a_recall(one, graph, verify, rows):
    """While all is marked; and how late what is registered meanwhile is in the index."""
    one.ledger.submit(one.producer_key, recall(graph, 1))
    began, told, over = time.monotonic(), [], threading.Event()

    def settle():
        one.ledger.submit(one.producer_key, next(graph.later))
        one.ledger.settle()
        over.set()
    settling = threading.Thread(target=settle)
    settling.start()
    while not over.is_set():
        told.append(verify.once(1))
    settling.join()
    rows.add(f"a recall of {graph.items:,} lots: until what came after it is in the index",
             time.monotonic() - began, "s")
    return told


def beside(world):
    one = with_graph(world, "beside")
    with one:
        graph = Graph(one.gtin, scaled(300000))
        fill(one, graph.events())
        graph.later = itertools.islice(Graph(one.gtin, graph.items + 2).events(), graph.items // 2, None)
        verify = Verify(one, graph)
        verify.once()
        for what, url in questions(one, graph):
            quiet = verify.quiet()
            with Askers(url) as askers:
                told = [verify.once() for _ in range(ROUNDS)]
                while not askers.answers:
                    told.append(verify.once())
            tell(world.rows, what, told, quiet)
        quiet = verify.quiet()
        tell(world.rows, "a bulk import", under_an_import(one, verify), quiet)
        quiet = verify.quiet()
        tell(world.rows, f"the marking of {graph.items:,} recalled lots",
             during_a_recall(one, graph, verify, world.rows), quiet)
