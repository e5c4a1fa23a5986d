"""Submissions: many records in each, and one in each."""
import collections
import pathlib
import statistics
import time

from world import ROUNDS, ledgers, micro, scaled


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


def spent(pid):
    """Processor seconds so far of a daemon's threads, by their name."""
    seconds = collections.Counter()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        seconds[(task / "comm").read_text().strip()] += int((task / "schedstat").read_text().split()[0]) / 1e9
    return seconds


EVENT = 600  # bytes, a typical one


def on_the_front(world):
    """Microseconds an event of those who take submissions in and judge them, the signature aside; and a batch's size.

    The writer that seals and signs, and the index, are others.  Of a thousand events a signature is
    one, so it is hardly there: what it costs is taken off.
    """
    events = scaled(100000, 1000)
    before = spent(world.ledger.process.pid)
    done = world.bulk(events, size=EVENT)
    world.ledger.settle()
    took = spent(world.ledger.process.pid)
    seconds = sum(took[name] - before[name] for name in ("front", "worker"))
    return 1e6 * (seconds - events / 1000 / micro("verify")["signatures_per_second"]) / events, done["record_bytes"]


def of_food(world):
    """From here on the lots are of a food, whose profile asks for what they have, and should have more."""
    gtin = ledgers.check_digit("0690123499999")
    world.ledger.submit(world.producer_key, {
        "type": "Product", "code": f"https://id.gs1.org/01/{gtin}", "name": {"zh": "鲜牛奶"}, "category": "food",
        "specification": "250 mL", "standard": "GB 19645", "ingredients": ["生牛乳"], "allergens": ["乳"],
        "storage": {"max": 6}, "licences": [{"kind": "SC", "number": "SC10744030704994"}]}, {
        "type": "Place", "id": "https://id.gs1.org/414/6901234000016", "name": {"zh": "一号车间"}, "region": "130102",
        "party": "https://id.gs1.org/417/" + ledgers.check_digit("690123400000"), "address": "中山东路 88 号", "phone": "1"})
    world.ledger.settle()
    world.gtin = gtin


def events(world):
    """What it costs to take an event in, by stage; its event hash is on request alone."""
    got = [micro("event") for _ in range(ROUNDS)]
    whole = [on_the_front(world) for _ in range(ROUNDS)]
    us = {stage: statistics.median(g[stage] for g in got) for stage in ("json_us", "read_us", "leaf_us", "hash_us")}
    all_us = statistics.median(w[0] for w in whole)
    size = f"event of {got[0]['bytes']} bytes"
    for stage, what in (("json_us", "its JSON"), ("leaf_us", "its leaf's hash"), ("read_us", "read and checked")):
        world.rows.add(f"{size}, {what}", 1000 * us[stage], "ns", lower=True)
    rest = all_us - us["json_us"] - us["leaf_us"] - us["read_us"]
    world.rows.add(f"{size}, judged, HTTP and all the rest", 1000 * rest, "ns", lower=True)
    world.rows.add(f"event of {whole[0][1]} bytes, the front in all", 1000 * all_us, "ns", target=12000, lower=True)
    of_food(world)
    food = statistics.median(on_the_front(world)[0] for _ in range(ROUNDS))
    world.rows.add("the same of a food, with its profile and warnings", 1000 * food, "ns", target=12000, lower=True)
    world.rows.add(f"{size}, its event hash, not taken in", 1000 * us["hash_us"], "ns", lower=True)


def codes(world):
    """Element strings, links and EPC URNs in turn, of one core's time."""
    rate = statistics.median(micro("code")["codes_per_second"] for _ in range(ROUNDS))
    world.rows.add("codes parsed, one core", rate, "codes/s", target=2000000)
