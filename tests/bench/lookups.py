"""Verify over every lot that was registered: alone, beside an import, beside a hostile crowd."""
import re
import statistics
import subprocess

from crowd import Crowd
from world import ROUNDS, World, scaled


def verify(world):
    count, lots = scaled(200000), world.lots
    verifies, healths, tails, busy = [], [], [], []
    world.verify(scaled(20000), 8)
    for _ in range(ROUNDS):
        done = world.load("get", "/healthz", count, 8, 0, 1)
        healths.append(count / done["seconds"])
        busy.append(done["cpu_seconds"] / done["seconds"])
        verifies.append(count / world.verify(count, 8)["seconds"])
        tails.append(world.verify(scaled(20000), 32, int(verifies[-1] / 2))["p99_us"] / 1000)
    world.rows.add(f"verify over {lots:,} lots, closed loop", statistics.median(verifies), "answers/s",
                   statistics.median(healths), "/healthz answers/s", 0.6)
    world.rows.add("/healthz, the load generator's share of a core", 100 * statistics.median(busy), "%")
    world.rows.add("verify, p99 at half of that, open loop", statistics.median(tails), "ms", target=5,
                   lower=True)


def verify_under_bulk(world):
    lots, tails = world.lots, []
    command = world.command("bulk", *world.producer(scaled(300000, 1000)), 1000, 2)
    importing = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while importing.poll() is None:
        tails.append(world.verify(1000, 16, 2000, lots)["p99_us"] / 1000)
    if importing.returncode:
        raise SystemExit("the import beside verify failed")
    world.rows.add("verify under a bulk import, p99", statistics.median(tails[:-1] or tails), "ms",
                   target=20, lower=True)


def verify_beside_a_crowd(world):
    """A thousand idle connections, two hundred that drip, read nothing, half close or reset."""
    rate, tails, anonymous = 1000, [], []
    with Crowd(world.ledger, code=f"(01){world.gtin}(10)b1"):
        for _ in range(max(3, scaled(20))):
            tails.append(world.verify(rate, 16, rate)["p99_us"] / 1000)
            with open(f"/proc/{world.ledger.process.pid}/status") as status:
                anonymous.append(int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) / 1024)
    world.rows.add("verify p99 beside 1,200 hostile connections", statistics.median(tails), "ms", target=20,
                   lower=True)
    world.rows.add("worst second of it", max(tails), "ms")
    world.rows.add("memory beyond mapped files meanwhile", max(anonymous), "MiB", target=200, lower=True)


RECALLS, NAMED = 1000, 10


def verify_with_recalls(world):
    """Of a code that nobody registered: whatever recalls there are must not be gone through."""
    one = World(world.folder / "recalls")
    one.folder.mkdir()
    count, rates = scaled(20000), []
    with one:
        code = f"https://id.gs1.org/01/{one.gtin}/10/"

        def unknown():
            return statistics.median(count / one.load("get", f"/v1/verify?code=(01){one.gtin}(10)n%u", count, 8, 0, 1000)
                                     ["seconds"] for _ in range(ROUNDS))
        rates.append(unknown())
        cases = [{"type": "Recall", "id": f"urn:bench:{n}", "rule": "recall/food", "level": "1", "state": "open",
                  "scope": {"items": [f"{code}x{n}-{k}" for k in range(NAMED)]}, "reason": "dust",
                  "measures": "bring it back"} for n in range(RECALLS)]
        for begin in range(0, RECALLS, 100):
            one.ledger.submit(one.producer_key, *cases[begin:begin + 100])
        one.ledger.settle()
        rates.append(unknown())
    world.rows.add(f"verify of unknown codes, {RECALLS:,} recalls of {NAMED} lots", rates[1], "answers/s", rates[0],
                   "answers/s without any", 0.5)
