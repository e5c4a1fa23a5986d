"""What twenty complaints have in common, upstream in a trade of a hundred thousand lots."""
import json
import random
import statistics
import time
import urllib.parse

from ledger import check_digit
from world import ROUNDS, scaled

FIRMS = 500


def gln(key, n):
    return f"https://id.gs1.org/{key}/" + check_digit(f"69{n:010}")


def event(lot, n, hour, kind, step, **more):
    day, hour = divmod(hour, 24)
    return {"type": kind, "eventTime": f"2026-11-{1 + day:02}T{hour:02}:00:00.000Z", "eventTimeZoneOffset": "+08:00",
            "bizStep": step, "eventID": f"urn:bench:common:{lot}:{n}", **more}


def ends(source=None, target=None):
    return {name + "List": [{"type": "possessing_party", name: gln(417, who)}]
            for name, who in (("source", source), ("destination", target)) if who is not None}


def trade(gtin, lots, rng):
    """Each lot is made at one firm of two earlier ones, and goes to another."""
    def one(n):
        return {"epcClass": f"https://id.gs1.org/01/{gtin}/10/c{n}", "quantity": 1, "uom": "KGM"}
    for n in range(lots):
        maker, buyer, hour = rng.randrange(FIRMS), rng.randrange(FIRMS), n * 480 // lots
        if n < lots // 50:
            yield event(n, 0, 0, "ObjectEvent", "commissioning", action="ADD", quantityList=[one(n)],
                        bizLocation={"id": gln(414, maker)}, **ends(target=maker))
        else:
            inputs = {rng.randrange(max(0, n - lots // 5), n) for _ in range(2)}
            yield event(n, 0, hour, "TransformationEvent", "creating_class_instance",
                        inputQuantityList=[one(i) for i in inputs], outputQuantityList=[one(n)],
                        bizLocation={"id": gln(414, maker)}, **ends(maker))
        yield event(n, 1, hour, "ObjectEvent", "shipping", action="OBSERVE", quantityList=[one(n)],
                    readPoint={"id": gln(414, maker)}, **ends(maker, buyer))
        yield event(n, 2, hour + 1, "ObjectEvent", "receiving", action="OBSERVE", quantityList=[one(n)],
                    readPoint={"id": gln(414, buyer)}, **ends(maker, buyer))


def seconds(world, path):
    took = []
    for _ in range(max(ROUNDS, 3)):
        began = time.perf_counter()
        answer = world.ledger.get(path)
        took.append(time.perf_counter() - began)
        assert answer.status == 200, answer.body
    return statistics.median(took), json.loads(answer.body)


def common(world):
    lots, rng = scaled(100000, 1000), random.Random(1)
    events = list(trade(world.gtin, lots, rng))
    for begin in range(0, len(events), 1000):
        world.ledger.submit(world.producer_key, *events[begin:begin + 1000])
    world.ledger.settle()
    stem = f"https://id.gs1.org/01/{world.gtin}/10/c"
    query = urllib.parse.urlencode([("code", stem + str(lots - 1 - rng.randrange(lots // 20))) for _ in range(20)])
    took, told = seconds(world, "/v1/trace/common?" + query)
    world.rows.add(f"common to 20 complaints in {lots:,} lots, {told['total']:,} upstream", 1000 * took, "ms",
                   target=1000, lower=True)
    took, told = seconds(world, f"/v1/trace/common?{query}&contact={gln(414, 3)}")
    world.rows.add("the same with contact at a place", 1000 * took, "ms")
    took, told = seconds(world, "/v1/balance?code=" + gln(417, 3))
    world.rows.add(f"balance of a party, {told['transformationsCount']:,} transformations", 1000 * took, "ms")
