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


def micro(subject):
    """What one core of this machine allows (micro.c)."""
    done = subprocess.run([str(B / "bench/micro"), subject], text=True, stdout=subprocess.PIPE,
                          check=True, timeout=300)
    return json.loads(done.stdout)


class World:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.rows = rows.Rows()
        self.prefixes = 0

    def __enter__(self):
        self.ledger = ledgers.Ledger(self.folder / "ledger").init().start()
        key, self.gtin = self.ledger.dairy()
        self.ledger.settle()
        self.key = self.folder / "dairy.key"
        key.save(self.key)
        self.at = "%s:%d" % self.ledger.address
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.ledger.stop()
        finally:
            self.ledger.remove()

    def prefix(self):
        """Of lots that nobody registered before: b1-, b2-, …"""
        self.prefixes += 1
        return f"b{self.prefixes}-"

    # --- the load generator (load.c)

    def command(self, kind, *arguments):
        return [str(B / "bench/load"), kind, self.at, *map(str, arguments)]

    def load(self, kind, *arguments):
        command = self.command(kind, *arguments)
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, timeout=900)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed")
        return json.loads(done.stdout)

    def producer(self):
        """What submissions are signed with and say, as load.c takes it."""
        return self.key, self.ledger.origin, self.gtin, self.prefix()
