"""Verify: alone, and beside an import."""
import statistics
import subprocess

from world import ROUNDS, scaled


def path(world):
    return f"/v1/verify?code=(01){world.gtin}(10)b1-%u"


def verify(world):
    lots, count = scaled(100000, 1000), scaled(40000)
    verifies, healths, tails = [], [], []
    world.load("get", path(world), 2000, 8, 0, lots)
    for _ in range(ROUNDS):
        healths.append(count / world.load("get", "/healthz", count, 8, 0, 1)["seconds"])
        verifies.append(count / world.load("get", path(world), count, 8, 0, lots)["seconds"])
        tails.append(world.load("get", path(world), scaled(10000), 32, int(verifies[-1] / 2),
                                lots)["p99_us"] / 1000)
    world.rows.add("verify, closed loop", statistics.median(verifies), "answers/s",
                   statistics.median(healths), "/healthz answers/s", 0.6)
    world.rows.add("verify, p99 at half of that, open loop", statistics.median(tails), "ms", target=5,
                   lower=True)


def verify_under_bulk(world):
    lots = scaled(100000, 1000)
    tails = []
    importing = subprocess.Popen(world.command("bulk", *world.producer(), scaled(150000, 1000), 1000, 2),
                                 stdout=subprocess.DEVNULL)
    while importing.poll() is None:
        tails.append(world.load("get", path(world), 1000, 16, 2000, lots)["p99_us"] / 1000)
    if importing.returncode:
        raise SystemExit("the import beside verify failed")
    world.rows.add("verify under a bulk import, p99", statistics.median(tails[:-1] or tails), "ms",
                   target=20, lower=True)
