"""What every subject measures with: a ledger with one producer, the load generator, the limits."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
B = ROOT / os.environ.get("B", "build/release")
BUILD = ROOT / os.environ.get("BUILD", "build")
os.environ.setdefault("SUYUAN_BUILD", str(B))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/black"))

import ledger as ledgers  # noqa: E402  (the path has to be there first)
import rows  # noqa: E402

SCALE = float(os.environ.get("SCALE", "1"))
ROUNDS = 3


def scaled(count, step=1):
    return int(count * SCALE) // step * step


def micro(subject, *arguments):
    """What this machine allows (micro.c)."""
    done = subprocess.run([str(B / "bench/micro"), subject, *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                          check=True, timeout=300)
    return json.loads(done.stdout)


def run(command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, timeout=900)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return json.loads(done.stdout)


def limits(entries, records, text):
    """What a check of as much can't do without, on all cores (limits.c)."""
    return run([str(B / "bench/limits"), *map(str, (os.cpu_count(), entries, records)), text])


class World:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.rows = rows.Rows()
        self.lots = 0  # registered so far: b0, b1, …

    def __enter__(self):
        self.ledger = ledgers.Ledger(self.folder / "ledger").init().start()
        self.producer_key, self.gtin = self.ledger.dairy()
        self.ledger.settle()
        self.key = self.folder / "dairy.key"
        self.producer_key.save(self.key)
        self.at = "%s:%d" % self.ledger.address
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.ledger.stop()
        finally:
            self.ledger.remove()

    def many_products(self):
        """Lots are dealt to a thousand of them from now on (load.c)."""
        codes = [ledgers.check_digit(f"06901234{i:05d}") for i in range(1000)]
        self.ledger.submit(self.producer_key, *(
            {"type": "Product", "code": f"https://id.gs1.org/01/{code}", "name": {"en": code}, "category": "other"}
            for code in codes))
        self.gtin = "06901234*"

    # --- the load generator (load.c)

    def command(self, kind, *arguments):
        return [str(B / "bench/load"), kind, self.at, *map(str, arguments)]

    def load(self, kind, *arguments):
        return run(self.command(kind, *arguments))

    def producer(self, records):
        """Who signs what, as load.c takes it, for RECORDS lots that nobody registered before."""
        first = self.lots
        self.lots += records
        return self.key, self.ledger.origin, self.gtin, first, records

    def bulk(self, records, per=1000, connections=4, size=0):
        return self.load("bulk", *self.producer(records), per, connections, size)

    def ready(self, records, per=1000, connections=4):
        return self.load("ready", *self.producer(records), per, connections)

    def single(self, records, connections):
        return self.load("single", *self.producer(records), connections)

    def verify(self, count, connections, rate=0, lots=None):
        """Of lots that are registered, all over them."""
        path = f"/v1/verify?code=(01){self.gtin}(10)b%u"
        return self.load("get", path, count, connections, rate, lots or self.lots)
