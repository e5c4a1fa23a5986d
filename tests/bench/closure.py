"""Closing a recall: what it covers is marked, however much that is, at the same price an item."""
import time

from world import ROUNDS, World, scaled

from ledger import batch, check_digit

SMALL, LARGE = 100_000, 330_000
MANY, EVENTS, WIDTH = 1000, 10, 10  # items of an event; events of a submission; lots of a transformation
PALLET = "https://id.gs1.org/00/" + check_digit("06901234000000001")
STORE = "https://id.gs1.org/414/" + check_digit("690123400001")


def spent(ledger):
    """Processor seconds of the daemon so far."""
    return time.clock_gettime(~ledger.process.pid << 3 | 2)  # clock_getcpuclockid(3)


def event(kind, hour, **members):
    return {"type": kind, "eventTime": f"2026-11-02T{hour:02}:00:00Z", "eventTimeZoneOffset": "+00:00", **members}


def made(hour, source, outputs):
    return event("TransformationEvent", hour, inputQuantityList=[{"epcClass": source}],
                 outputQuantityList=[{"epcClass": out} for out in outputs])


def packs(lot):
    return [f"{lot}/21/{lot[-6:]}-{i}" for i in range(MANY)]


def tell(one, events):
    for i in range(0, len(events), EVENTS):
        one.ledger.submit(one.producer_key, *events[i:i + EVENTS])
    one.ledger.settle()


# --- shapes: each gives a scope, and how many it covers

def units(one, code, items):
    """Lots that one was made into, of a thousand packs each."""
    lots = [f"{code}{n:06}" for n in range(items // MANY)]
    tell(one, [batch(one.gtin, "salt"), made(8, code + "salt", lots)])
    tell(one, [event("ObjectEvent", 9, action="ADD", bizStep="commissioning", epcList=packs(lot)) for lot in lots])
    return {"items": [code + "salt"]}, 1 + len(lots) * (MANY + 1)


def chains(one, code, items):
    """Each lot was made into ten others."""
    tell(one, [batch(one.gtin, "000000")])
    tell(one, [made(8, f"{code}{n:06}", [f"{code}{n * WIDTH + k:06}" for k in range(1, WIDTH + 1)])
               for n in range(items // WIDTH)])
    return {"items": [code + "000000"]}, 1 + items


def pallet(one, code, items):
    """All of it lay in one container."""
    lots = [f"{code}{n:06}" for n in range(items // MANY)]
    tell(one, [event("AggregationEvent", 9, action="ADD", bizStep="packing", parentID=PALLET, childEPCs=packs(lot))
               for lot in lots])
    return {"items": [PALLET]}, 1 + len(lots) * MANY


def store(one, code, items):
    """All of it stood at one place."""
    lots = [f"{code}{n:06}" for n in range(items // MANY)]
    tell(one, [event("ObjectEvent", 9, action="ADD", bizStep="commissioning", epcList=packs(lot),
                     bizLocation={"id": STORE}) for lot in lots])
    return {"place": STORE, "from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"}, len(lots) * MANY


# --- measuring

def close(one, scope, name):
    began = spent(one.ledger)
    one.ledger.submit(one.ledger.operator, {
        "type": "Recall", "id": f"urn:test:recall:{name}", "rule": "recall/food", "level": "1", "state": "open",
        "scope": scope, "reason": "Salmonella", "measures": "bring it back"})
    one.ledger.settle()
    return spent(one.ledger) - began


def rate(world, shape, items):
    """Items marked in a second of the daemon's processor time."""
    one = World(world.folder / f"{shape.__name__}-{items}")
    one.folder.mkdir()
    with one:
        scope, covers = shape(one, f"https://id.gs1.org/01/{one.gtin}/10/", items)
        times = sorted(close(one, scope, n) for n in range(ROUNDS))
        told = one.ledger.get("/v1/recalls/urn%3Atest%3Arecall%3A0").json
        assert told["marked"] == covers, (told["marked"], covers)
        return covers / times[ROUNDS // 2]


def closure(world):
    for shape in (units, chains, pallet, store):
        small, large = (rate(world, shape, scaled(n, MANY)) for n in (SMALL, LARGE))
        world.rows.add(f"closing a recall, {shape.__name__}: {scaled(LARGE, MANY):,} items", large, "items/s", small,
                       f"items/s of {scaled(SMALL, MANY):,}", 0.8)
