"""What is on disk: how large it is, and how fast all of it is checked.

A check can't be faster than the hashes and signatures that it is made of: limits.c does those alone,
of as many entries, records and bytes, on as many cores, between the rounds.  Where records are many
they aren't all: truth keeps each one sealed under a key of its own, so fsck has to unseal them (only
the text leads to the hash that its author signed: nothing that is kept beside it could prove that),
and for an audit over HTTP a daemon on the same cores unseals and checks each before it gives it out,
and the auditor reads each as JSON.  A second row holds the check against all of that, done as fast as
this house can: two hashes at a time, eight records unsealed at a time.

Other programs on the machine take from a check and from its limit what they like, so each row is
there a second time in processor seconds.
"""
import os
import resource
import time

from world import ROUNDS, World, limits, scaled

from program import Program


def footprint(world):
    status = world.ledger.get("/v1/admin/status", local=True).json
    for name in ("truth", "index"):
        size = (world.ledger.dir / name / "data.mdb").stat().st_blocks * 512
        world.rows.add(f"{name} on disk", size / status["records"], "bytes/rec")


ALONE = "hashes and signatures alone"


class Clock:
    """Seconds, and processor seconds a core of the daemon and of programs that were run."""

    def __init__(self, process=None):
        self.clock = process and ~process.pid << 3 | 2  # clock_getcpuclockid(3)
        self.began = self.read()

    def read(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        daemon = time.clock_gettime(self.clock) if self.clock else 0
        return time.monotonic(), daemon, ended.ru_utime + ended.ru_stime

    def since(self):
        return [now - then for now, then in zip(self.read(), self.began)]

    def both(self):
        seconds, *processor = self.since()
        return seconds, sum(processor) / os.cpu_count()


class Subject:
    """A ledger to check, and what its hashes and signatures alone cost."""

    def __init__(self, world, name):
        self.world, self.name, self.rows = world, name, {}
        head = world.ledger.get("/v1/ledger").json
        self.entries, self.records = head["entries"], head["records"]
        self.text = world.ledger.get(f"/v1/records/{self.records - 1}").body.decode()
        self.program = Program(world.folder, world.ledger.url)

    def note(self, row, against, seconds, beside, target=None):
        self.rows.setdefault((row, against, target), []).append((seconds, beside))

    def note_check(self, row, spent, records=False, more="", stages=()):
        """Held against the limit; with MORE, once again against the STAGES."""
        limit = limits(self.entries, self.records if records else 0, self.text)
        for i, (kind, target) in enumerate((("", 0.6), (", processor time", None))):
            self.note(row + kind, ALONE, spent[i], limit["hashes"][i], target)
            if more:
                self.note(row + kind, more, spent[i], sum(limit[s][i] for s in stages), target)

    def run(self, *words):
        """The daemon over a ledger that nobody serves; its words are checked."""
        clock = Clock()
        done = self.world.ledger.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return clock.both()

    def audit(self, *words):
        clock = Clock(self.world.ledger.process)
        done = self.program("ledger", "audit", "--full", "--json", *words)
        assert done.json["faults"] == 0 and done.json["entries"] == self.entries, done.out
        return clock

    def audits(self):
        self.note_check("audit", self.audit().both())
        clock = self.audit("--records")
        both, (_, daemon, own) = clock.both(), clock.since()
        self.note_check("audit --records", both, True, "with opening and JSON",
                        ("pairs", "open", "json"))
        self.note("of it, the daemon", "the auditor, in processor time", daemon, own)

    def fscks(self):
        """The index is put aside first, so that truth alone is checked, and built again last."""
        index = self.world.ledger.dir / "index"
        index.rename(self.world.folder / "aside")
        truth = self.run("--fsck")
        self.note_check("fsck, truth", truth, True, "with unsealing", ("pairs", "unseal"))
        (self.world.folder / "aside").rename(index)
        both = self.run("--fsck")
        self.note("fsck, index", "--reindex", both[0] - truth[0], self.run("--reindex")[0])

    def tell(self):
        for (row, against, target), times in self.rows.items():
            # what stands beside was measured right after it, so the two go together
            seconds, beside = sorted(times, key=lambda pair: pair[0] / pair[1])[len(times) // 2]
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
        one.bulk(scaled(1000000, 1000))

    def lone(one):
        one.single(scaled(50000), 64)

    check(world, "1,000 records a submission", many)
    check(world, "one record a submission", lone)
