"""make soak: every fault at every call, then mixed load with kills and restarts for SECONDS.

Ends with a clean fsck and a clean independent audit, or with the first thing that was lost.
"""
import http.client
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

import faults
from ledger import Ledger, batch, check_digit, compact, submission

CUT_SEEDS = 5
CLIENTS = 6
RECORDS = 2_000_000  # then a new ledger: a soak is about time, not about disk
PLACE = "https://id.gs1.org/414/" + check_digit("690123400001")
NOON = {"eventTime": "2026-11-02T12:00:00.000+08:00", "eventTimeZoneOffset": "+08:00"}


def all_faults(folder):
    base = faults.Base(folder)
    total = 0
    for scenario in faults.SCENARIOS:
        counts = {kind: sum(1 for _ in faults.every(base, scenario, kind, CUT_SEEDS if kind == "cut" else 1))
                  for kind in faults.kinds_of(scenario)}
        if not any(counts.values()):
            raise SystemExit(f"{scenario.scenario}: no fault happened in it")
        print(f"{scenario.scenario:10} {', '.join(f'{kind} {n}' for kind, n in counts.items())}", flush=True)
        total += sum(counts.values())
    print(f"{total} faults tried, nothing lost", flush=True)


class Goods:
    """What a client's lots become: made into others, packed, now and then recalled."""

    def __init__(self, gtin, name, chance):
        self.stem, self.gtin, self.name, self.chance = f"https://id.gs1.org/01/{gtin}", gtin, name, chance
        self.n = 0

    def next(self):
        self.n += 1
        return f"{self.name}-{self.n}"

    def before(self):
        """One of the last hundred, or one that never was: both are lots."""
        return f"{self.stem}/10/{self.name}-{self.chance.randint(max(1, self.n - 100), self.n + 1)}"

    def made(self):
        amount = {"quantity": 5, "uom": "KGM"}
        return {"type": "TransformationEvent", **NOON, "bizLocation": {"id": PLACE},
                "inputQuantityList": [{"epcClass": lot, **amount} for lot in sorted({self.before(), self.before()})],
                "outputQuantityList": [{"epcClass": f"{self.stem}/10/{self.next()}", **amount}]}

    def packed(self):
        box = check_digit(f"0690123{self.chance.randrange(10):010d}")
        return {"type": "AggregationEvent", **NOON, "action": self.chance.choice(["ADD", "ADD", "DELETE"]),
                "parentID": "https://id.gs1.org/00/" + box,
                "childEPCs": [f"{self.stem}/21/{self.name}-{self.chance.randrange(1000)}"]}

    def recalled(self):
        return {"type": "Recall", "id": f"urn:soak:{self.next()}", "rule": "recall/food", "level": "1", "state": "open",
                "scope": {"items": [self.before()]}, "reason": "dust", "measures": "bring it back"}

    def record(self):
        what = self.chance.random()
        if what < 0.6:
            return batch(self.gtin, self.next())
        if what < 0.8:
            return self.made()
        return self.packed() if what < 0.999 else self.recalled()


class Client(threading.Thread):
    """Submits, repeats, looks up and reads until its connection dies or it is told to stop."""

    def __init__(self, load, name):
        super().__init__(daemon=True)
        self.load, self.name_ = load, name
        self.chance = random.Random(name)
        self.goods = Goods(load.gtin, name, self.chance)
        self.acknowledged, self.unanswered, self.wrong = [], [], None

    def submit(self, connection, size):
        body = submission(self.load.key, [compact(self.goods.record()) for _ in range(size)])
        self.unanswered.append(body)
        answer = self.load.ledger.post(body, connection)
        if answer.status not in (200, 201):
            return self.expect(answer, 503)
        self.acknowledged.append((body, answer.json["entry"], answer.json["receipt"]["entry"]))
        self.unanswered.pop()
        return None

    def repeat(self, connection):
        if not self.acknowledged:
            return
        body, entry, raw = self.chance.choice(self.acknowledged)
        answer = self.load.ledger.post(body, connection)
        if answer.status == 503:
            return
        said = answer.json
        if (answer.status, said.get("entry"), said.get("receipt", {}).get("entry")) != (200, entry, raw):
            self.wrong = answer.body

    def read(self, connection):
        lot = f"code={self.goods.before()}"
        path = self.chance.choice([f"/v1/verify?{lot}", "/checkpoint", "/v1/ledger", "/metrics", "/tile/0/000.p/1",
                                   f"/v1/trace?{lot}&direction=both", f"/v1/affected?{lot}", "/v1/recalls"])
        self.expect(self.load.ledger.get(path, connection=connection), 200, 404, 503)  # 404: a lot that never was

    def expect(self, answer, *statuses):
        if answer.status not in statuses:
            self.wrong = answer.body

    def run(self):
        try:
            connection = self.load.ledger.connect(timeout=60)
            while not self.load.over.is_set() and self.wrong is None:
                what = self.chance.random()
                if what < 0.5:
                    self.submit(connection, self.chance.choice([1, 1, 1, 30, 500]))
                elif what < 0.7:
                    self.repeat(connection)
                else:
                    self.read(connection)
        except (OSError, http.client.HTTPException):
            pass  # killed under us


class Load:
    def __init__(self, folder):
        self.ledger = Ledger(pathlib.Path(folder) / "soak").init().start()
        self.key, self.gtin = self.ledger.dairy()
        self.chance = random.Random(1)
        self.notes = []
        self.rounds = self.submissions = self.records = 0
        self.acknowledged = []

    def round(self, seconds):
        """Load for so long; then a kill, or a clean stop, and what was said still holds."""
        self.over = threading.Event()
        clients = [Client(self, f"r{self.rounds}c{i}") for i in range(CLIENTS)]
        for c in clients:
            c.start()
        self.over.wait(seconds)  # the moment of the kill is what varies
        if self.chance.random() < 0.7:
            self.ledger.kill()
        else:
            self.ledger.stop()
        self.over.set()
        for c in clients:
            c.join(120)
            assert c.wrong is None, c.wrong
        self.ledger.start()
        self.check(clients)
        self.rounds += 1

    def check(self, clients):
        connection = self.ledger.connect()
        fresh = [said for c in clients for said in c.acknowledged]
        old = self.chance.sample(self.acknowledged, min(100, len(self.acknowledged)))
        for body, entry, raw in fresh + old:
            again = self.ledger.post(body, connection)
            assert again.status == 200, again.body
            assert (again.json["entry"], again.json["receipt"]["entry"]) == (entry, raw)
        for body in [b for c in clients for b in c.unanswered]:
            again = self.ledger.post(body, connection)
            assert again.status in (200, 201), again.body
        connection.close()
        self.submissions += len(fresh)
        self.acknowledged += self.chance.sample(fresh, min(50, len(fresh)))
        auditor = self.ledger.auditor()
        for note in self.notes[-5:]:
            auditor.check_growth(note)
        self.notes.append(auditor.checkpoint())
        self.records = self.ledger.get("/v1/ledger").json["records"]

    def end(self):
        self.ledger.settle()
        auditor = self.ledger.auditor()
        for note in self.notes:
            auditor.check_growth(note)
        head = self.ledger.get("/v1/ledger").json
        assert auditor.audit(records=False) == (head["entries"], head["records"])
        self.ledger.stop()
        done = self.ledger.fsck()
        assert done.returncode == 0, done.stdout + done.stderr
        print(f"{self.rounds} kills and stops, {self.submissions} submissions acknowledged, "
              f"{head['records']} records: fsck and audit are clean", flush=True)
        self.ledger.remove()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600
    folder = tempfile.mkdtemp(prefix="suyuan-soak-")
    all_faults(folder)
    load = Load(folder)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 or load.rounds == 0:
        if load.records > RECORDS:
            load.end()
            load = Load(folder)
        load.round(min(max(left, 0.1), load.chance.uniform(0.1, 20)))
    load.end()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
