"""One ledger as it grows: what it takes in, how far behind its index is, what it costs on disk, verify.

The lots are dealt to a thousand products, so that no place of the index is the warm one.  GROW_MAX=n
(millions, default 50) ends earlier; a size that the disk has no room for is skipped and says so.
"""
import os
import shutil
import statistics
import time

from watch import Watch
from world import ROUNDS, World

SIZES = (1, 10, 50)  # million lots
MOST = float(os.environ.get("GROW_MAX") or SIZES[-1])
ROUND = 200000  # records
GUESS, SPARE = 1300, 4 << 30  # bytes a record on disk, and of the disk that stay free


class Size:
    """The figures at one size."""

    def __init__(self, world):
        self.world = world
        self.rates, self.lags, self.verifies, self.tails = [], [], [], []

    def measure(self):
        pid = self.world.ledger.process.pid
        with Watch(pid) as watch:
            for _ in range(ROUNDS):
                self.take_in()
            self.world.verify(50000, 8)
            for _ in range(ROUNDS):
                self.look_up()
        self.peak = watch.peak
        self.records = self.world.ledger.get("/v1/ledger").json["records"]
        return self

    def take_in(self):
        done = self.world.bulk(ROUND)
        began = time.monotonic()
        self.world.ledger.settle()
        self.lags.append((time.monotonic() - began) * 1000)
        self.rates.append(ROUND / done["seconds"])

    def look_up(self):
        self.verifies.append(100000 / self.world.verify(100000, 8)["seconds"])
        self.tails.append(self.world.verify(20000, 32, int(self.verifies[-1] / 2))["p99_us"] / 1000)

    def on_disk(self, name):
        return (self.world.ledger.dir / name / "data.mdb").stat().st_blocks * 512 / self.records

    def tell(self, name, before):
        add = self.world.rows.add
        rate, verify = statistics.median(self.rates), statistics.median(self.verifies)
        add(f"{name}: bulk", rate, "records/s", statistics.median(before.rates) if before else None,
            "records/s before", 0.5 if before else None)
        add(f"{name}: index behind at the end", statistics.median(self.lags), "ms", target=500, lower=True)
        add(f"{name}: truth on disk", self.on_disk("truth"), "bytes/rec")
        add(f"{name}: index on disk", self.on_disk("index"), "bytes/rec")
        add(f"{name}: verify", verify, "answers/s", statistics.median(before.verifies) if before else None,
            "answers/s before")
        add(f"{name}: verify, p99 at half of that, open loop", statistics.median(self.tails), "ms", target=5,
            lower=True)
        add(f"{name}: memory beyond the mapped files", self.peak / 1e6, "MB", target=200, lower=True)


def has_room(world, lots, before):
    each = before.on_disk("truth") + before.on_disk("index") if before else GUESS
    need = (lots - world.lots) * each * 1.1 + SPARE
    free = shutil.disk_usage(world.folder).free
    if free < need:
        print(f"{lots / 1e6:g} million lots: skipped, they need {need / 1e9:.0f} GB more and the disk has "
              f"{free / 1e9:.0f} free", flush=True)
    return free >= need


def growth(world):
    one = World(world.folder / "growing")
    one.folder.mkdir()
    one.rows = world.rows
    before = None
    with one:
        one.many_products()
        for millions in SIZES:
            lots = int(millions * 1e6)
            if millions > MOST:
                print(f"{millions} million lots: not asked for (GROW_MAX={MOST:g})", flush=True)
            elif has_room(one, lots, before):
                while one.lots < lots - ROUNDS * ROUND:
                    one.bulk(min(1000000, lots - ROUNDS * ROUND - one.lots))
                size = Size(one).measure()
                size.tell(f"{millions} million lots", before)
                before = size
