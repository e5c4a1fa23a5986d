"""Submissions: many records in each, and one in each."""
import statistics
import time

from world import ROUNDS, micro, scaled


def bulk(world):
    records = scaled(100000, 1000)
    rates, lags = [], []
    for _ in range(ROUNDS):
        done = world.load("bulk", *world.producer(), records, 1000, 4)
        began = time.monotonic()
        world.ledger.settle()
        lags.append((time.monotonic() - began) * 1000)
        rates.append(records / done["seconds"])
    limit = micro("bulk")["records_per_second"]
    world.rows.add("bulk, 1,000 records a submission", statistics.median(rates), "records/s", limit,
                   "records/s: hash and parse alone, one core", None)
    world.rows.add("bulk, absolute", statistics.median(rates), "records/s", target=40000)
    world.rows.add("bulk, index behind at the end", statistics.median(lags), "ms", target=500, lower=True)


def single(world):
    count = scaled(15000)
    rates, tails = [], []
    for _ in range(ROUNDS):
        done = world.load("single", *world.producer(), count, 64)
        rates.append(count / done["seconds"])
        tails.append(done["p99_us"] / 1000)
    limit = micro("verify")["signatures_per_second"]
    world.rows.add("single, 64 connections", statistics.median(rates), "records/s", limit,
                   "Ed25519 verifications/s, one core", None)
    world.rows.add("single, absolute", statistics.median(rates), "records/s", target=8000)
    world.rows.add("single, p99", statistics.median(tails), "ms", target=50, lower=True)
