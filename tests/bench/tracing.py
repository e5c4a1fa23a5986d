"""Where a million things went: the walk beside arrays in memory, the streamed answer, verify meanwhile.

The graph is 500,000 transformations that make two lots each of four that were there, all of them from
one first lot: 3 million edges.  Hubs are a container with a million children and a lot that went into
200,000 others.  PEER=postgres: a recursive query over the same edges in the same run.  The most that
could be asked there: an array walk of the whole graph was 76 times as fast as the query (three rounds, 76 to
78), so that twenty times leaves a walk 3.8 times what the array takes.
"""
import array
import random
import socket
import statistics
import threading
import time
import urllib.parse

import ledger as ledgers
from postgres import Postgres
from watch import Watch
from world import B, ROUNDS, World, run, scaled

PLACE = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")
BOX = "https://id.gs1.org/00/" + ledgers.check_digit("06901234000000001")
PER = 1000       # records a submission
CHILDREN = 3500  # of one packing
MEMORY = 200     # MB
RATE = 1000      # look-ups a second meanwhile


class Graph:
    """Each transformation makes two lots of four that were there; all come from the first."""

    def __init__(self, gtin, items, seed=7):
        self.stem = f"https://id.gs1.org/01/{gtin}/10/r"
        self.first = self.stem + "0"
        self.items, rng = items | 1, random.Random(seed)
        self.made = [sorted({rng.randrange(2 * k + 1) for _ in range(4)}) for k in range(self.items // 2)]

    def edges(self):
        """Pairs, of lots and, behind them, transformations."""
        pairs = array.array("I")
        for k, inputs in enumerate(self.made):
            node = self.items + k
            for one in inputs:
                pairs.extend((one, node))
            pairs.extend((node, 2 * k + 1, node, 2 * k + 2))
        return pairs

    def events(self):
        for k, inputs in enumerate(self.made):
            yield transformation([self.stem + str(n) for n in inputs], [self.stem + str(2 * k + n) for n in (1, 2)])


def transformation(inputs, outputs):
    def ends(lots):
        return ",".join(f'{{"epcClass":"{lot}","quantity":5,"uom":"KGM"}}' for lot in lots)
    return ('{"type":"TransformationEvent","eventTime":"2026-11-01T08:00:00.000+08:00","eventTimeZoneOffset":"+08:00",'
            f'"bizLocation":{{"id":"{PLACE}"}},"inputQuantityList":[{ends(inputs)}],'
            f'"outputQuantityList":[{ends(outputs)}]}}')


def packing(units):
    children = ",".join(f'"{unit}"' for unit in units)
    return ('{"type":"AggregationEvent","eventTime":"2026-11-01T09:00:00.000+08:00","eventTimeZoneOffset":"+08:00",'
            f'"action":"ADD","parentID":"{BOX}","childEPCs":[{children}]}}')


def fill(world, events, per=PER):
    part = []
    for event in events:
        part.append(event)
        if len(part) == per:
            world.ledger.submit(world.producer_key, *part)
            part = []
    if part:
        world.ledger.submit(world.producer_key, *part)
    world.ledger.settle()


class Streamed:
    """A whole answer of /v1/trace, read and thrown away."""

    def __init__(self, world, code, form="ndjson"):
        query = urllib.parse.urlencode({"code": code, "direction": "forward", "format": form})
        buffer, self.bytes, tail = memoryview(bytearray(1 << 20)), 0, b""
        with socket.create_connection(world.ledger.address) as peer:
            began = time.monotonic()
            peer.sendall(f"GET /v1/trace?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            while n := peer.recv_into(buffer):
                if self.bytes == 0:
                    self.first = time.monotonic() - began
                self.bytes += n
                tail = (tail + bytes(buffer[max(0, n - 400):n]))[-400:]
            self.seconds = time.monotonic() - began
        if (form == "ndjson" and b'"cut":null' not in tail) or not tail.endswith(b"0\r\n\r\n"):
            raise SystemExit(f"a trace was cut: {tail!r}")


class Meanwhile:
    """Traces, one after the other, for as long as verify is measured."""

    def __init__(self, world, code):
        self.world, self.code, self.over, self.done = world, code, threading.Event(), []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            self.done.append(Streamed(self.world, self.code).seconds)

    def look_up(self, stem):
        told = self.world.load("get", f"/v1/verify?code={stem}%u", 2 * RATE, 32, RATE, 1000)
        return told["p99_us"] / 1000

    def verify(self, stem):
        """p99 without the traces, and beside them."""
        alone, beside = [self.look_up(stem) for _ in range(ROUNDS)], []
        self.thread.start()
        while len(beside) < ROUNDS or not self.done:
            beside.append(self.look_up(stem))
        self.over.set()
        self.thread.join()
        return statistics.median(alone), statistics.median(beside)


def asked(world, one, name, code, verified, bound):
    """The answer's time, what it takes of memory, and verify beside it."""
    with Watch(one.ledger.process.pid) as watch:
        answers = [Streamed(one, code) for _ in range(ROUNDS)]
        alone, beside = Meanwhile(one, code).verify(verified)
    add = world.rows.add
    add(f"{name}: streamed, {answers[0].bytes / 1e6:.0f} MB", 1000 * statistics.median(a.seconds for a in answers),
        "ms", target=bound, lower=True)
    add(f"{name}: its first byte", 1000 * statistics.median(a.first for a in answers), "ms")
    add(f"{name}: verify p99 before, open loop", alone, "ms")
    add(f"{name}: verify p99 meanwhile, open loop", beside, "ms", target=5, lower=True)
    add(f"{name}: memory beyond the mapped files", watch.peak / 1e6, "MB", target=MEMORY, lower=True)


def walks(one, graph, pairs):
    """The walk without a daemon: seconds of ours and of arrays (walks.c)."""
    path = one.folder / "edges"
    path.write_bytes(pairs.tobytes())
    one.ledger.stop()
    told = run([str(B / "bench/walks"), str(one.ledger.dir), graph.first, str(path), "5"])
    one.ledger.start()
    one.at = "%s:%d" % one.ledger.address
    return told


def with_graph(world, folder):
    one = World(world.folder / folder)
    one.folder.mkdir()
    one.rows = world.rows
    return one


def tracing(world):
    one = with_graph(world, "tracing")
    with one:
        graph = Graph(one.gtin, scaled(1000000))
        fill(one, graph.events())
        asked(world, one, f"closure of {graph.items:,} lots", graph.first, graph.stem, 1000)
        told = walks(one, graph, graph.edges())
        target = 5 if graph.items > 500000 else None  # fewer lie in the cache
        for name, what in (("reach", "walk"), ("walk", "with records, parties, places")):
            world.rows.add(f"{what}, {told['edges']:,} edges, processor time", told[name] * 1000, "ms",
                           told["array"] * 1000, "ms: arrays in memory", target, lower=True)
            target = None


def hubs(world):
    one = with_graph(world, "hubs")
    with one:
        units, products = scaled(1000000, CHILDREN), scaled(200000)
        stem = f"https://id.gs1.org/01/{one.gtin}"
        fill(one, (packing(f"{stem}/21/u{n}" for n in range(at, at + CHILDREN)) for at in range(0, units, CHILDREN)), 20)
        fill(one, (transformation([f"{stem}/10/salt"], [f"{stem}/10/p{n}"]) for n in range(products)))
        asked(world, one, f"a container of {units:,}", BOX, f"{stem}/10/p", None)
        asked(world, one, f"a lot in {products:,} products", f"{stem}/10/salt", f"{stem}/10/p", None)


# --- beside PostgreSQL ---------------------------------------------------------------------------

TABLE = "CREATE TABLE edge (source integer NOT NULL, target integer NOT NULL);\n"
INDEXED = "CREATE INDEX ON edge (source, target);\nVACUUM ANALYZE edge;\n"
CLOSURE = """
WITH RECURSIVE reached (id) AS (
	SELECT 0 UNION SELECT target FROM edge JOIN reached ON source = id)
SELECT count(*) FROM reached;
"""


def load_edges(peer, pairs):
    path = peer.folder / "edges.csv"
    with open(path, "w") as out:
        out.writelines(f"{pairs[i]},{pairs[i + 1]}\n" for i in range(0, len(pairs), 2))
    path.chmod(0o644)
    peer.ask(TABLE + f"\\copy edge FROM '{path}' (FORMAT csv)\n" + INDEXED)


def closure(peer, nodes):
    began = time.monotonic()
    told = peer.ask("SET work_mem = '1GB';" + CLOSURE)
    if int(told) != nodes:
        raise SystemExit(f"PostgreSQL found {told} nodes, not {nodes}")
    return time.monotonic() - began


def tracing_beside(world):
    """Both run all along: of either the first answer, while its pages are mapped and its buffers filled, is told apart.

    The walks come first, since they need the daemon stopped.
    """
    one = with_graph(world, "tracing")
    with Postgres() as peer, one:
        graph = Graph(one.gtin, scaled(1000000))
        fill(one, graph.events())
        pairs = graph.edges()
        load_edges(peer, pairs)
        told = [walks(one, graph, pairs) for _ in range(ROUNDS)]
        started = Streamed(one, graph.first).seconds
        theirs_started = closure(peer, told[0]["nodes"])
        streamed, theirs = [], []
        for _ in range(ROUNDS):
            streamed.append(Streamed(one, graph.first).seconds)
            theirs.append(closure(peer, told[0]["nodes"]))
        walked = [one["reach_wall"] for one in told]
        name = f"a minute: PostgreSQL {peer.version}, recursive query"
        edges = f"{len(pairs) // 2:,} edges"

        def add(what, times, beside, target):
            world.rows.add(f"{what}, {edges}", 60 / statistics.median(times), "a minute",
                           60 / statistics.median(beside), name, target)
        add("walk", walked, theirs, 20)
        add("streamed answer", streamed, theirs, 5)
        add("streamed answer, the first after a start", [started], [theirs_started], None)
