"""A lot of salt in 100,000 batches that went to a thousand shops: who has what of it, and verify meanwhile."""
import json
import statistics
import subprocess
import threading

from world import ROUNDS, World, ledgers, scaled

SHOPS, PER = 1000, 100
LIMIT, TAIL = 1000, 5  # ms


def shop(n):
    return f"https://id.gs1.org/417/{ledgers.check_digit(f'6909{n:08d}')}", \
        f"https://id.gs1.org/414/{ledgers.check_digit(f'6908{n:08d}')}"


def event(kind, hour, **members):
    return {"type": kind, "eventTime": f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}:00:00.000+08:00",
            "eventTimeZoneOffset": "+08:00", **members}


class Salt:
    """Of a hundred batches made at once 1,000 kg each; 400 of them were shipped to a shop, and arrived."""

    def __init__(self, gtin, party, first, batches):
        self.gtin, self.party, self.first, self.batches = gtin, party, first, batches
        self.place = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")

    def lots(self, nth, quantity):
        first = self.first + nth * PER
        return [{"epcClass": f"https://id.gs1.org/01/{self.gtin}/10/b{n}", "quantity": quantity, "uom": "KGM"}
                for n in range(first, first + PER)]

    def events(self):
        salt = f"https://id.gs1.org/01/{self.gtin}/10/salt"
        yield event("ObjectEvent", 0, action="ADD", bizStep="commissioning", bizLocation={"id": self.place},
                    quantityList=[{"epcClass": salt, "quantity": 1000000, "uom": "KGM"}])
        for nth in range(self.batches // PER):
            to, there = shop(nth % SHOPS)
            ends = {"sourceList": [{"type": "possessing_party", "source": self.party}],
                    "destinationList": [{"type": "possessing_party", "destination": to}]}
            yield event("TransformationEvent", 1, bizLocation={"id": self.place},
                        inputQuantityList=[{"epcClass": salt, "quantity": 1, "uom": "KGM"}],
                        outputQuantityList=self.lots(nth, 1000))
            yield event("ObjectEvent", 2, action="OBSERVE", bizStep="shipping", readPoint={"id": self.place},
                        quantityList=self.lots(nth, 400), **ends)
            yield event("ObjectEvent", 3, action="OBSERVE", bizStep="receiving", bizLocation={"id": there},
                        quantityList=self.lots(nth, 400), **ends)


def ask(url, keep=None):
    """Milliseconds until all of it was here."""
    done = subprocess.run(["curl", "-sf", "-o", keep or "/dev/null", "-w", "%{time_total}", url],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return float(done.stdout) * 1000


def verify(one):
    """p99, ms."""
    return one.verify(scaled(10000), 16, 2000)["p99_us"] / 1000


def verify_meanwhile(one, url):
    """The same while somebody asks again and again."""
    stop = threading.Event()

    def ask_on():
        while not stop.is_set():
            ask(url)
    asker = threading.Thread(target=ask_on)
    asker.start()
    try:
        return verify(one)
    finally:
        stop.set()
        asker.join()


def fill(one, batches):
    party = "https://id.gs1.org/417/" + ledgers.check_digit("690123400000")
    events = list(Salt(one.gtin, party, one.lots, batches).events())
    for begin in range(0, len(events), 20):
        one.ledger.submit(one.producer_key, *events[begin:begin + 20])
    one.lots += batches
    one.ledger.settle()


def affected(world):
    one = World(world.folder / "affected")
    one.folder.mkdir()
    batches, kept = scaled(100000, PER), one.folder / "answer"
    with one:
        fill(one, batches)
        url = one.ledger.url + f"/v1/affected?code=(01){one.gtin}(10)salt&format="
        ask(url + "ndjson", kept)
        end = json.loads(kept.read_text().splitlines()[-1])
        if end["batches"] != batches + 1 or end["cut"] or end["holders"] != 2 * batches + 1:
            raise SystemExit(f"not what it should be: {str(end)[:300]}")
        took = {kind: statistics.median(ask(url + kind) for _ in range(ROUNDS)) for kind in ("ndjson", "csv")}
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(verify(one))
            beside.append(verify_meanwhile(one, url + "ndjson"))
    world.rows.add(f"affected: {batches:,} batches with their holders, NDJSON", took["ndjson"], "ms", target=LIMIT,
                   lower=True)
    world.rows.add("the same as CSV", took["csv"], "ms", target=LIMIT, lower=True)
    world.rows.add("verify while it is asked again and again, p99", statistics.median(beside), "ms", target=TAIL,
                   lower=True)
    world.rows.add("the same while nobody asks", statistics.median(alone), "ms")
