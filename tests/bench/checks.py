"""What is on disk: how large it is, and how fast all of it is checked.

A check can't be faster than the hashes and signatures that it is made of: micro.c does those alone,
of as many entries, records and bytes, on as many cores, between the rounds.
"""
import os
import statistics
import time

from world import ROUNDS, World, micro, scaled

from program import Program


def footprint(world):
    status = world.ledger.get("/v1/admin/status", local=True).json
    for name in ("truth", "index"):
        size = (world.ledger.dir / name / "data.mdb").stat().st_blocks * 512
        world.rows.add(f"{name} on disk", size / status["records"], "bytes/rec")


def timed(call, *arguments, **more):
    began = time.monotonic()
    done = call(*arguments, **more)
    return time.monotonic() - began, done


class Subject:
    """A ledger to check, and what its hashes and signatures alone cost."""

    def __init__(self, world, name):
        self.world, self.name, self.rows = world, name, {}
        head = world.ledger.get("/v1/ledger").json
        self.entries, self.records = head["entries"], head["records"]
        self.size = len(world.ledger.get(f"/v1/records/{self.records - 1}").body)
        self.program = Program(world.folder, world.ledger.url)

    def limit(self, records):
        return micro("audit", os.cpu_count(), self.entries, self.records if records else 0,
                     self.size)["seconds"]

    def note(self, row, seconds, beside=None):
        self.rows.setdefault(row, []).append((seconds, beside))

    def run(self, *words):
        """The daemon over a ledger that nobody serves; its words are checked."""
        seconds, done = timed(self.world.ledger.run, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return seconds

    def audit(self, *words):
        seconds, done = timed(self.program, "ledger", "audit", "--full", "--json", *words)
        assert done.json["faults"] == 0 and done.json["entries"] == self.entries, done.out
        return seconds

    def audits(self):
        self.note("audit", self.audit(), self.limit(False))
        self.note("audit --records", self.audit("--records"), self.limit(True))

    def fscks(self):
        """The index is put aside first, so that truth alone is checked, and built again last."""
        index = self.world.ledger.dir / "index"
        index.rename(self.world.folder / "aside")
        truth = self.run("--fsck")
        self.note("fsck, truth", truth, self.limit(True))
        (self.world.folder / "aside").rename(index)
        both = self.run("--fsck")
        self.note("fsck, index", both - truth, self.run("--reindex"))

    def tell(self):
        for row, times in self.rows.items():
            seconds, beside = (statistics.median(column) for column in zip(*times))
            against, target = ("--reindex", None) if row == "fsck, index" else ("hashes and signatures alone", 0.6)
            self.world.rows.add(f"{row}: {self.name}", self.records / seconds, "records/s",
                                self.records / beside, "records/s: " + against, target)


def check(world, name, fill):
    one = World(world.folder / fill.__name__)
    one.folder.mkdir()
    one.rows = world.rows
    with one:
        fill(one)
        one.ledger.settle()
        subject = Subject(one, name)
        for _ in range(ROUNDS):
            subject.audits()
        one.ledger.stop()
        for _ in range(ROUNDS):
            subject.fscks()
        subject.tell()


def checks(world):
    def many(one):
        one.bulk(scaled(300000, 1000))

    def lone(one):
        one.single(scaled(50000), 64)

    check(world, "1,000 records a submission", many)
    check(world, "one record a submission", lone)
