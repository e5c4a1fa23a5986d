"""Runs the daemon into one fault, starts it again, and compares with what it had acknowledged.

shim.c makes the faults.  A trial is (scenario, kind, N): the Nth call of a kind that concerns it
fails, or ends the process.  After each trial, whatever happened:

  - a submission that was acknowledged answers 200 with the same entry; one that wasn't is accepted
    as a whole, or was stored as a whole;
  - what was signed before extends to what is signed now, and no size was signed with two roots;
  - an independent audit and `suyuand --fsck` find nothing;
  - the daemon ended with 1 if it couldn't go on, and takes submissions if it could.
"""
import base64
import http.client
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import sys

BLACK = pathlib.Path(__file__).resolve().parent.parent / "black"
sys.path.insert(0, str(BLACK))

from ledger import BUILD, SLOW, VARIANT, Ledger, batch, compact, submission  # noqa: E402
import verifier  # noqa: E402

SHIM = BUILD / "fault/shim.so"
KINDS = {"full": 1, "broken": 2, "interrupted": 3, "short": 4, "kill": 5, "killed": 6, "cut": 7,
         "lost": 8, "watch": 9}
ENDS = ("kill", "killed", "cut")  # the process is gone, not by its own will
FOREVER = 2**64 - 1
QUICK = "[index]\ndelay = 5ms\n"  # a commit of the index soon after the one before


def preload():
    """A sanitizer's library wants to come before the shim."""
    if not SHIM.exists():  # the loader would go on without it, and no fault would ever happen
        raise FileNotFoundError(f"{SHIM} isn't built")
    library = {"asan": "libasan.so", "tsan": "libtsan.so"}.get(VARIANT)
    if library is None:
        return str(SHIM)
    found = subprocess.run(["gcc", f"-print-file-name={library}"], capture_output=True, text=True,
                           check=True).stdout.strip()
    return f"{found}:{SHIM}"


class Shim:
    """The control page that shim.c shares with us."""

    FORM = struct.Struct("=IIQQQqqQII64s128s")

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.path = self.dir.parent / (self.dir.name + ".control")
        self.path.write_bytes(bytes(4096))
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), 4096)

    @property
    def env(self):
        return {"LD_PRELOAD": preload(), "FAULT_DIR": str(self.dir), "FAULT_CONTROL": str(self.path)}

    def _set(self, at, form, *values):
        self.page[at:at + struct.calcsize(form)] = struct.pack(form, *values)

    def arm(self, kind, nth, times=1, seed=0, only=""):
        clocks = self.read()[5:7]
        self.page[:self.FORM.size] = self.FORM.pack(KINDS[kind], 0, nth, times, seed, *clocks, 0, 0, 0,
                                                    only.encode(), b"")
        self._set(4, "=I", 1)

    def disarm(self):
        self._set(4, "=I", 0)

    def spare(self):
        """Nothing more fails, but what was lost so far is."""
        self._set(8, "=Q", FOREVER)

    def clock(self, seconds, boot=0):
        self._set(32, "=qq", int(seconds * 1000), int(boot * 1000))

    def read(self):
        return self.FORM.unpack(self.page[:self.FORM.size])

    @property
    def count(self):
        return self.read()[7]

    @property
    def fired(self):
        return self.read()[8]

    @property
    def what(self):
        return self.read()[11].split(b"\0")[0].decode()

    def close(self):
        self.page.close()
        self.path.unlink()
        shutil.rmtree(self.dir.parent / (self.dir.name + ".stash"), ignore_errors=True)


class Seen:
    """Everything that the ledger has signed or said."""

    def __init__(self):
        self.roots, self.notes = {}, []
        self.acknowledged, self.open = [], []

    def note(self, text, vkey):
        c = verifier.Checkpoint(text, vkey)
        if self.roots.setdefault(c.size, c.root) != c.root:
            raise AssertionError(f"size {c.size} was signed with two roots")
        self.notes.append(c)

    def answer(self, body, answer, vkey):
        """What was said to a submission; NONE when the connection died."""
        if answer is None or answer.status in (503, 507):
            self.open.append(body)
            return
        assert answer.status in (200, 201), f"{answer.status} {answer.body[:300]}"
        said = answer.json
        self.note(said["receipt"]["proof"].split("\n\n", 1)[1], vkey)
        self.acknowledged.append((body, said["entry"], said["receipt"]["entry"]))


class Base:
    """A ledger with a little in it, at rest; every trial runs on a copy."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        one = Ledger(self.folder / "base").init().start()
        self.seen = Seen()
        self.key, self.gtin = one.dairy()
        self.vkey = one.vkey()
        self.operator = one.operator
        for n in range(3):
            body = submission(self.key, [compact(batch(self.gtin, f"B{n}"))])
            self.seen.answer(body, one.post(body), self.vkey)
        units = [f"https://id.gs1.org/01/{self.gtin}/21/S{n}" for n in range(3)]
        one.submit(self.key, dict(batch(self.gtin, "B0", event_id="urn:uuid:units"), epcList=units,
                                  quantityList=[], ilmd={}))
        erased = one.submit(self.key, batch(self.gtin, "gone"))
        self.victim = erased["firstRecord"]
        receipt = verifier.strict_json(one.get(f"/v1/records/{self.victim}/receipt").body.decode())
        salt = base64.b64decode(receipt["record"]["salt"])
        self.leaf = verifier.sha(b"\x00", salt, receipt["record"]["payload"].encode())
        one.settle()
        one.stop()
        self.dir = one.dir


class Trial:
    """One ledger, one fault."""

    count = 0
    scenario = "?"
    only = ""
    times = 1
    from_start = False
    half_made = False  # what fsck would rightly call damaged, until the next start

    def __init__(self, base, kind, nth, seed=1):
        self.base, self.kind, self.nth, self.seed = base, kind, nth, seed
        Trial.count += 1
        self.folder = base.folder / f"t{Trial.count}"
        self.folder.mkdir()
        self.ledger = Ledger(self.folder / "ledger")
        self.ledger.operator = base.operator
        self.shim = Shim(self.folder)
        self.seen = Seen()
        self.seen.roots.update(base.seen.roots)
        self.seen.acknowledged = list(base.seen.acknowledged)
        self.seen.notes = list(base.seen.notes)
        self.erasure = False

    def __str__(self):
        return f"{self.scenario}, {self.kind} at {self.nth} (seed {self.seed}): {self.shim.what}"

    # --- what a scenario says

    def prepare(self):
        shutil.copytree(self.base.dir, self.ledger.dir)

    def act(self):
        pass

    def post(self, key, *records):
        body = submission(key, [compact(r) for r in records])
        try:
            answer = self.ledger.post(body)
        except (OSError, http.client.HTTPException):
            answer = None
        self.seen.answer(body, answer, self.base.vkey)
        return answer

    def batches(self, name, n):
        return [batch(self.base.gtin, f"{name}-{i}") for i in range(n)]

    def indexed(self):
        """Waits until the index has what is published, or can't have it."""
        try:
            head = self.ledger.get("/v1/ledger")
            if head.status == 200:
                self.ledger.get(f"/v1/parties?limit=1&at={head.json['entries'] - 1}")
        except (OSError, http.client.HTTPException):
            pass  # it has ended

    # --- one trial

    def arm(self):
        self.shim.arm(self.kind, self.nth, self.times, self.seed, self.only)

    def run(self):
        """True when the fault happened."""
        try:
            self.prepare()
            self.run_daemon()
            happened = self.shim.fired and self.shim.what != "after the end"
            self.compare()
            return bool(happened)
        except Exception as fault:
            log = self.ledger.log.read_text(errors="replace") if self.ledger.log.exists() else ""
            raise AssertionError(f"{self}\n{fault!r}\n{log[-3000:]}") from fault
        finally:
            self.ledger.remove()
            self.shim.close()
            shutil.rmtree(self.folder)

    def run_daemon(self):
        if self.from_start:
            self.arm()
        try:
            self.ledger.start(env=self.shim.env, config=QUICK)
        except RuntimeError:
            assert self.shim.fired, "the start failed without a fault"
            self.check_exit(self.ledger.process.returncode, "start-failed")
            return
        if not self.from_start:
            self.arm()
        self.act()
        self.finish()

    def finish(self):
        """Nothing fails from here on: the daemon can go on or it can't, and ends."""
        well = True
        if self.kind not in ENDS:
            # what was lost stays lost, so the shim has to know how it began
            self.shim.disarm() if self.kind != "lost" else self.shim.spare()
            answer = self.post(self.base.key, *self.batches("after", 1))
            well = answer is not None and answer.status in (200, 201)
            self.indexed()
        self.ledger.process.terminate()
        self.check_exit(self.ledger.process.wait(60 * SLOW), "halted", well)

    def check_exit(self, code, said, well=True):
        log = self.ledger.log.read_text(errors="replace")
        if self.kind in ENDS and self.shim.fired and self.shim.what != "after the end":
            assert code == -9, f"exit {code}"
        elif f"event={said}" in log:
            assert code == 1, f"exit {code}"
        else:
            assert code == 0, f"exit {code}"
            assert well, "nothing is wrong any more, and a submission was refused"

    def compare(self):
        self.seen_on_disk()
        if VARIANT == "release" and not self.half_made:
            self.fsck("after the fault")
        self.ledger.start(config=QUICK)
        connection = self.ledger.connect()
        for body, entry, raw in self.seen.acknowledged:
            again = self.ledger.post(body, connection)
            assert again.status == 200, f"acknowledged, now {again.status}: {again.body[:300]}"
            assert (again.json["entry"], again.json["receipt"]["entry"]) == (entry, raw)
        for body in self.seen.open:
            again = self.ledger.post(body, connection)
            assert again.status in (200, 201), again.body[:300]
        connection.close()
        auditor = self.ledger.auditor()
        self.seen.note(auditor.fetch("/checkpoint").decode(), self.base.vkey)
        for note in {n.size: n for n in self.seen.notes}.values():
            auditor.check_growth(note)
        self.ledger.settle()
        self.check_erased()
        self.check_audit(auditor)
        self.ledger.stop()
        self.fsck("after the next start")

    def check_audit(self, auditor):
        head = self.ledger.get("/v1/ledger").json
        whole = head["records"] < 150
        assert auditor.audit(records=whole, bulk=self.erasure) == (head["entries"], head["records"])

    def seen_on_disk(self):
        """The newest checkpoint that was published may be in a file that nobody has read."""
        path = self.ledger.dir / "head"
        if path.exists() and path.stat().st_size:
            self.seen.note(path.read_text(), self.base.vkey)

    def fsck(self, when):
        done = self.ledger.fsck()
        assert done.returncode == 0, f"fsck {when}:\n{done.stdout[-2000:]}{done.stderr[-1000:]}"

    def check_erased(self):
        if not self.erasure:
            return
        assert self.ledger.get(f"/v1/records/{self.base.victim}").status == 410
        with open(self.ledger.dir / "salts", "rb") as f:
            f.seek(16 * self.base.victim)
            assert f.read(16) == bytes(16), "erased, and its salt is still there"


class Start(Trial):
    scenario, from_start = "start", True


class Rebuild(Trial):
    """A start that builds the index and local/ from nothing."""
    scenario, from_start = "rebuild", True
    half_made = True

    def prepare(self):
        super().prepare()
        shutil.rmtree(self.ledger.dir / "index")
        shutil.rmtree(self.ledger.dir / "local")


class Single(Trial):
    scenario = "single"

    def act(self):
        for n in range(3):
            self.post(self.base.key, *self.batches(f"s{n}", 1))


class Head(Trial):
    """Seconds pass between submissions, so that each writes the head file too."""
    scenario = "head"

    def act(self):
        for n in range(3):
            self.shim.clock(1.5 * n, 1.5 * n)
            self.post(self.base.key, *self.batches(f"h{n}", 1))


class Bulk(Trial):
    scenario = "bulk"

    def act(self):
        self.post(self.base.key, *self.batches("bulk", 400))


class Full(Trial):
    """The disk stays full until room is made: submissions are refused, then taken again."""
    scenario, times, only = "full disk", FOREVER, ""

    def act(self):
        for n in range(3):
            self.post(self.base.key, *self.batches(f"f{n}", 300))


class Erase(Trial):
    """The salt goes before the index does, and a start takes the rest back; until then a check says
    that it is under way."""
    scenario = "erasure"

    def act(self):
        self.erasure = True
        self.post(self.base.operator,
                  {"type": "Erasure", "record": self.base.victim, "ground": "PIPL 47",
                   "leaf": base64.b64encode(self.base.leaf).decode(), "orderedBy": "a court"})
        self.indexed()


class Index(Trial):
    scenario, only = "index", "index/"

    def act(self):
        for n in range(4):
            self.post(self.base.key, *self.batches(f"i{n}", 30))
            self.indexed()


class Lookups(Trial):
    """Counts of look-ups are no part of the ledger, and harm nothing else when they fail."""
    scenario, only = "lookups", "local/"

    def code(self, n):
        return f"(01){self.base.gtin}(21)S{n}"

    def act(self):
        try:
            for n in range(3):
                assert self.ledger.get(f"/v1/verify?code={self.code(n)}").status == 200
        except (OSError, http.client.HTTPException):
            pass

    def finish(self):
        self.ledger.process.terminate()
        self.check_exit(self.ledger.process.wait(60 * SLOW), "halted")


class Stop(Trial):
    scenario = "stop"

    def arm(self):
        self.post(self.base.key, *self.batches("p", 1))
        self.indexed()
        super().arm()

    def finish(self):
        self.ledger.process.terminate()
        code = self.ledger.process.wait(60 * SLOW)
        self.check_exit(code, "halted")
        if self.shim.fired and self.kind in ("full", "lost") and "lock" not in self.shim.what:
            assert code == 1, "what couldn't be written was passed over"


class Init(Trial):
    """Either there is a whole ledger, or --init begins anew."""
    scenario = "init"

    def prepare(self):
        self.seen = Seen()

    def init(self, env=None):
        return subprocess.run([BUILD / "suyuand", "--init", "--dir", self.ledger.dir, "--origin",
                               self.ledger.origin], env=dict(os.environ, **(env or {})),
                              capture_output=True, text=True, timeout=60 * SLOW)

    def run_daemon(self):
        self.arm()
        done = self.init(self.shim.env)
        fired, what = self.shim.fired, self.shim.what
        self.shim.disarm()
        if done.returncode == 0:
            return
        assert fired, done.stderr
        assert done.returncode == (-9 if self.kind in ENDS else 1), done
        if self.kind not in ENDS:
            left = os.listdir(self.ledger.dir) if self.ledger.dir.exists() else []
            assert not left or "incomplete" in left, left
        again = self.init()
        assert again.returncode == 0 or "isn't empty" in again.stderr, (what, again.stderr)

    def compare(self):
        self.fsck("after --init")
        self.ledger.start()
        self.base_vkey = self.ledger.vkey()
        auditor = self.ledger.auditor()
        head = self.ledger.get("/v1/ledger").json
        assert auditor.audit() == (head["entries"], head["records"])
        self.ledger.stop()
        self.fsck("after the next start")


class DeadDisk(Trial):
    """From some call on, nothing that changes a file works any more."""
    scenario, times = "dead disk", FOREVER

    def act(self):
        for n in range(3):
            self.post(self.base.key, *self.batches(f"d{n}", 30))
            self.indexed()


class FullIndex(Trial):
    """The disk has room for truth and none for the index, which waits until it has."""
    scenario, times, only = "full index", FOREVER, "index/"

    def act(self):
        for n in range(3):
            self.post(self.base.key, *self.batches(f"x{n}", 30))

    def finish(self):
        # The synced write is LMDB's last, over what is there already: no full disk fails that.
        if self.shim.fired and "+sync" not in self.shim.what:
            assert "event=index-waits" in self.ledger.log.read_text()
            self.shim.disarm()
            self.ledger.settle()
        super().finish()


SCENARIOS = [Start, Rebuild, Single, Head, Bulk, Full, FullIndex, DeadDisk, Erase, Index, Lookups, Stop, Init]


def kinds_of(scenario):
    own = {Full: ["full"], FullIndex: ["full"], DeadDisk: ["broken"]}
    return own.get(scenario, [k for k in KINDS if k != "watch"])


def calls_of(base, scenario):
    """How many calls a scenario makes that can fail."""
    trial = scenario(base, "watch", 1)
    counted = []
    close = trial.shim.close

    def look():
        counted.append(trial.shim.count)
        close()
    trial.shim.close = look
    trial.run()
    return counted[0]


def some(base, scenario, per_kind, chance):
    """A sample: for each kind some N, spread over all of them."""
    calls = calls_of(base, scenario)
    faults = 0
    for kind in kinds_of(scenario):
        for i in range(per_kind):
            nth = 1 + int((i + chance.random()) * calls / per_kind)
            while nth and not scenario(base, kind, nth, chance.randrange(1 << 30)).run():
                nth //= 2  # the kind concerns fewer calls
            faults += nth > 0
    return faults


def every(base, scenario, kind, seeds=1):
    """N from 1 until a run gets through without the fault; yields each N."""
    for seed in range(1, seeds + 1):
        nth = 1
        while scenario(base, kind, nth, seed * 1000003 + nth).run():
            yield nth
            nth += 1
            if nth > 2000:
                raise AssertionError(f"{scenario.scenario}, {kind}: never gets through")
