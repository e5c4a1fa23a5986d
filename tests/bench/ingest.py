"""Submissions: many records in each, and one in each."""
import statistics
import time

from world import ROUNDS, micro, scaled


def bulk(world):
    """A million records in all, so that the tables have grown when the last round comes."""
    rounds = 5
    records = scaled(1000000 // rounds, 1000)
    rates, lags, busy = [], [], []
    for _ in range(rounds):
        done = world.bulk(records)
        began = time.monotonic()
        world.ledger.settle()
        lags.append((time.monotonic() - began) * 1000)
        rates.append(records / done["seconds"])
        busy.append(done["cpu_seconds"] / done["seconds"])
    limit = micro("bulk")["records_per_second"]
    size = f"{done['record_bytes']} bytes each"
    world.rows.add(f"bulk, 1,000 records a submission, {size}", statistics.median(rates), "records/s",
                   limit, "records/s: hash and parse alone, one core")
    world.rows.add("bulk, absolute", statistics.median(rates), "records/s", target=40000)
    world.rows.add("bulk, the slowest round of a million", min(rates), "records/s")
    world.rows.add("bulk, index behind at the end", statistics.median(lags), "ms", target=500, lower=True)
    world.rows.add("bulk, the load generator's share of a core", 100 * statistics.median(busy), "%")


def single(world):
    count = scaled(15000)
    rates, tails, busy = [], [], []
    for _ in range(ROUNDS):
        done = world.single(count, 64)
        rates.append(count / done["seconds"])
        tails.append(done["p99_us"] / 1000)
        busy.append(done["cpu_seconds"] / done["seconds"])
    limit = micro("verify")["signatures_per_second"]
    world.rows.add("single, 64 connections", statistics.median(rates), "records/s", limit,
                   "Ed25519 verifications/s, one core")
    world.rows.add("single, absolute", statistics.median(rates), "records/s", target=8000)
    world.rows.add("single, p99", statistics.median(tails), "ms", target=50, lower=True)
    world.rows.add("single, the load generator's share of a core", 100 * statistics.median(busy), "%")


def events(world):
    """What the library costs of taking one event in, by stage; the event hash is on request alone."""
    got = [micro("event") for _ in range(ROUNDS)]
    for stage, what in (("json_us", "its JSON"), ("read_us", "read and checked"), ("hash_us", "its event hash, not taken in")):
        world.rows.add(f"event of {got[0]['bytes']} bytes, {what}", 1000 * statistics.median(g[stage] for g in got), "ns",
                       lower=True)
