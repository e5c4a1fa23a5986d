"""What is on disk: how large it is, and how fast all of it is checked.

A check can't be faster than the hashes and signatures that it is made of: limits.c does those alone,
of as many entries, records and bytes, on as many cores, between the rounds.  Where records are many
they aren't all: truth keeps each one sealed under a key of its own, so fsck has to unseal them, and
for an audit over HTTP a daemon on the same cores unseals and checks each before it gives it out, and
the auditor reads each as JSON.  A second row holds the check against all of that.
"""
import resource
import time

from world import ROUNDS, World, limits, scaled

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


ALONE = "hashes and signatures alone"


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

    def note_check(self, row, seconds, records=False, more="", stages=()):
        """Held against the limit; with MORE, once again against that and the STAGES beyond it."""
        limit = limits(self.entries, self.records if records else 0, self.text)
        self.note(row, ALONE, seconds, limit["hashes"], 0.6)
        if more:
            self.note(row, more, seconds, limit["hashes"] + sum(limit[s] for s in stages), 0.6)

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
        self.note_check("audit", self.audit())
        before = self.spent()
        seconds = self.audit("--records")
        daemon, own = (after - was for after, was in zip(self.spent(), before))
        self.note_check("audit --records", seconds, True, "with opening and JSON", ("open", "json"))
        self.note("of it, the daemon", "the auditor, in processor time", daemon, own)

    def spent(self):
        """Processor seconds so far, of the daemon and of programs that were run."""
        clock = ~self.world.ledger.process.pid << 3 | 2  # clock_getcpuclockid(3)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.clock_gettime(clock), ended.ru_utime + ended.ru_stime

    def fscks(self):
        """The index is put aside first, so that truth alone is checked, and built again last."""
        index = self.world.ledger.dir / "index"
        index.rename(self.world.folder / "aside")
        truth = self.run("--fsck")
        self.note_check("fsck, truth", truth, True, "with unsealing", ("unseal",))
        (self.world.folder / "aside").rename(index)
        both = self.run("--fsck")
        self.note("fsck, index", "--reindex", both - truth, self.run("--reindex"))

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
