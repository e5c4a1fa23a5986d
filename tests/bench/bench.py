"""The figures: bulk, single and verify, each beside a limit measured in the same run.

Prints a table and writes build/bench.json: a list of {name, value, unit, beside, ratio, target, ok}.
SCALE=n multiplies the amount of work (default 1: a run of about a minute).
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
B = pathlib.Path(os.environ.get("B", "build/release"))
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
os.environ.setdefault("SUYUAN_BUILD", str((ROOT / B).resolve()))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/black"))

import ledger as ledgers  # noqa: E402  (the path has to be there first)

SCALE = float(os.environ.get("SCALE", "1"))
ROUNDS = 3


def load(*arguments):
    done = subprocess.run([str(ROOT / B / "bench/load"), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, timeout=900)
    if done.returncode:
        raise SystemExit(f"load {' '.join(map(str, arguments))} failed")
    return json.loads(done.stdout)


def micro(*arguments):
    done = subprocess.run([str(ROOT / B / "bench/micro"), *arguments], text=True,
                          stdout=subprocess.PIPE, check=True, timeout=300)
    return json.loads(done.stdout)


class Bench:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.rows = []
        self.ledger = ledgers.Ledger(self.folder / "ledger").init().start()
        key, self.gtin = self.ledger.dairy()
        self.ledger.settle()
        self.key = self.folder / "dairy.key"
        key.save(self.key)
        self.at = "%s:%d" % self.ledger.address
        self.prefixes = 0

    def row(self, name, value, unit, beside=None, beside_name="", target=None, lower=False):
        """TARGET is a ratio to what stands beside, or a bound on the value when nothing does."""
        ratio = value / beside if beside else None
        judged = ratio if beside else value
        ok = None if target is None else (judged <= target if lower else judged >= target)
        self.rows.append({"name": name, "value": round(value, 3), "unit": unit,
                          "beside": {"name": beside_name, "value": round(beside, 3)} if beside else None,
                          "ratio": round(ratio, 4) if ratio else None, "target": target, "ok": ok})
        against = f"{ratio:7.2f} of {beside:,.0f} {beside_name}" if beside else ""
        verdict = "" if ok is None else ("ok" if ok else "MISSED")
        bound = "" if target is None else f"{'<=' if lower else '>='} {target:g}"
        print(f"{name:44} {value:12,.0f} {unit:10} {against:52} {bound:>10} {verdict}", flush=True)

    def prefix(self):
        self.prefixes += 1
        return f"b{self.prefixes}-"

    def bulk(self):
        records = int(100000 * SCALE) // 1000 * 1000
        rates, lags = [], []
        for _ in range(ROUNDS):
            done = load("bulk", self.at, self.key, self.ledger.origin, self.gtin, self.prefix(),
                        records, 1000, 4)
            began = time.monotonic()
            self.ledger.settle()
            lags.append((time.monotonic() - began) * 1000)
            rates.append(records / done["seconds"])
        limit = micro("bulk")["records_per_second"]
        self.row("bulk, 1,000 records a submission", statistics.median(rates), "records/s", limit,
                 "records/s: hash and parse alone, one core", None)
        self.row("bulk, absolute", statistics.median(rates), "records/s", target=40000)
        self.row("bulk, index behind at the end", statistics.median(lags), "ms", target=500, lower=True)

    def single(self):
        count = int(15000 * SCALE)
        rates, tails = [], []
        for _ in range(ROUNDS):
            done = load("single", self.at, self.key, self.ledger.origin, self.gtin, self.prefix(),
                        count, 64)
            rates.append(count / done["seconds"])
            tails.append(done["p99_us"] / 1000)
        limit = micro("verify")["signatures_per_second"]
        self.row("single, 64 connections", statistics.median(rates), "records/s", limit,
                 "Ed25519 verifications/s, one core", None)
        self.row("single, absolute", statistics.median(rates), "records/s", target=8000)
        self.row("single, p99", statistics.median(tails), "ms", target=50, lower=True)

    def verify(self):
        lots = int(100000 * SCALE) // 1000 * 1000
        path = f"/v1/verify?code=(01){self.gtin}(10)b1-%u"
        count = int(40000 * SCALE)
        verifies, healths, tails = [], [], []
        load("get", self.at, path, 2000, 8, 0, lots)
        for _ in range(ROUNDS):
            healths.append(count / load("get", self.at, "/healthz", count, 8, 0, 1)["seconds"])
            verifies.append(count / load("get", self.at, path, count, 8, 0, lots)["seconds"])
            tails.append(load("get", self.at, path, int(10000 * SCALE), 32,
                              int(verifies[-1] / 2), lots)["p99_us"] / 1000)
        self.row("verify, closed loop", statistics.median(verifies), "answers/s",
                 statistics.median(healths), "/healthz answers/s", 0.6)
        self.row("verify, p99 at half of that, open loop", statistics.median(tails), "ms", target=5,
                 lower=True)

    def verify_under_bulk(self):
        command = [str(ROOT / B / "bench/load"), "bulk", self.at, self.key, self.ledger.origin, self.gtin,
                   self.prefix(), str(int(150000 * SCALE) // 1000 * 1000), "1000", "2"]
        lots = int(100000 * SCALE) // 1000 * 1000
        path = f"/v1/verify?code=(01){self.gtin}(10)b1-%u"
        tails = []
        importing = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        while importing.poll() is None:
            tails.append(load("get", self.at, path, 1000, 16, 2000, lots)["p99_us"] / 1000)
        if importing.returncode:
            raise SystemExit("the import beside verify failed")
        self.row("verify under a bulk import, p99", statistics.median(tails[:-1] or tails), "ms",
                 target=20, lower=True)

    def footprint(self):
        status = self.ledger.get("/v1/admin/status", local=True).json
        truth = (self.ledger.dir / "truth/data.mdb").stat().st_blocks * 512
        index = (self.ledger.dir / "index/data.mdb").stat().st_blocks * 512
        self.row("truth on disk", truth / status["records"], "bytes/rec")
        self.row("index on disk", index / status["records"], "bytes/rec")


def main():
    with tempfile.TemporaryDirectory(dir=ROOT / BUILD) as folder:
        bench = Bench(folder)
        try:
            bench.bulk()
            bench.single()
            bench.verify()
            bench.verify_under_bulk()
            bench.footprint()
            bench.ledger.stop()
        finally:
            bench.ledger.remove()
    (ROOT / BUILD / "bench.json").write_text(json.dumps(bench.rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
