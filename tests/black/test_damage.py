"""Files of a ledger that end early, are another's or of another time, or were left behind."""
import copy
import http.client
import os
import random
import shutil

import pytest

from ledger import Ledger, batch, compact, submission

LOTS = 40


def refused(ledger, *words):
    """It doesn't start, ends with 1, and says each of WORDS."""
    with pytest.raises(RuntimeError) as fault:
        ledger.start()
    assert ledger.process.returncode == 1
    ledger.process = None
    for word in words:
        assert word in str(fault.value), str(fault.value)


class World:
    """A ledger at rest, of which it is known what was acknowledged, and a copy of its past."""

    def __init__(self, folder):
        self.ledger = Ledger(folder / "ledger").init().start()
        self.past = folder / "past"
        self.key, self.gtin = self.ledger.dairy()
        self.told = []
        self.register("early")
        self.rest()
        shutil.copytree(self.ledger.dir, self.past)
        self.ledger.start()
        self.register("late")
        self.rest()

    def rest(self):
        self.ledger.settle()
        self.ledger.stop()

    def another(self, folder):
        """A copy that a test may damage."""
        other = copy.copy(self)
        other.told = list(self.told)
        other.ledger = Ledger(folder / "ledger")
        shutil.copytree(self.ledger.dir, other.ledger.dir)
        return other

    def register(self, name):
        body = submission(self.key, [compact(batch(self.gtin, f"{name}{i}")) for i in range(LOTS)])
        answer = self.ledger.post(body)
        assert answer.status == 201, answer.body
        self.told.append((name, body, answer.json["receipt"]["entry"]))

    def whole(self):
        """Starts, has all that was acknowledged, takes more, and is clean afterwards."""
        ledger = self.ledger.start()
        for name, body, entry in self.told:
            again = ledger.post(body)
            assert again.status == 200, again.body
            assert again.json["receipt"]["entry"] == entry
        self.register(f"more{len(self.told)}-")
        ledger.settle()
        for name, _, _ in self.told:
            told = ledger.get(f"/v1/verify?code=(01){self.gtin}(10){name}{LOTS - 1}").json
            assert told["status"] == "registered", (name, told)
        head = ledger.get("/v1/ledger").json
        assert ledger.auditor().audit(records=False) == (head["entries"], head["records"])
        ledger.stop()
        clean(ledger)


def clean(ledger):
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr


def away(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def cut(path, share):
    os.truncate(path, int(path.stat().st_size * share))


def scribble(path, seed=1):
    """As long as before, and nothing of it is left."""
    path.write_bytes(random.Random(seed).randbytes(path.stat().st_size))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return World(tmp_path_factory.mktemp("original"))


@pytest.fixture
def world(original, tmp_path):
    one = original.another(tmp_path)
    yield one
    one.ledger.remove()


# --- what is derived ----------------------------------------------------------------------------

DERIVED = {
    "sums deleted": lambda w: away(w.ledger.dir / "truth/sums"),
    "sums torn": lambda w: cut(w.ledger.dir / "truth/sums", 0.5),
    "sums older": lambda w: shutil.copy(w.past / "truth/sums", w.ledger.dir / "truth/sums"),
    "lock files left": lambda w: [(w.ledger.dir / n).write_bytes(b"x" * 8192)
                                  for n in ("index/lock.mdb", "truth/lock.mdb")],
    "another index under way": lambda w: shutil.copytree(w.past / "index",
                                                         w.ledger.dir / "index.check"),
}


@pytest.mark.parametrize("name", DERIVED)
def test_what_is_derived_is_made_again(world, name):
    DERIVED[name](world)
    world.whole()


def test_the_index_of_another_ledger(world, tmp_path):
    other = Ledger(tmp_path / "other").init().start()
    other.dairy()
    other.settle()
    other.stop()
    away(world.ledger.dir / "index")
    shutil.copytree(other.dir / "index", world.ledger.dir / "index")
    world.whole()


# --- salts --------------------------------------------------------------------------------------

def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        f.write(data)


SALTS = {
    "missing": (away, "missing"),
    "the newest another": (lambda p: patch(p, -16, b"x" * 16), "doesn't open"),
    "scribbled over": (scribble, "doesn't open"),
}


@pytest.mark.parametrize("name", SALTS)
def test_torn_salts_are_refused(world, name):
    path = world.ledger.dir / "salts"
    before = path.read_bytes()
    tear, words = SALTS[name]
    tear(path)
    refused(world.ledger, "salts", words)
    assert world.ledger.fsck().returncode == 1
    path.write_bytes(before)
    world.whole()


def test_salts_beyond_the_newest_record_are_leftovers(world):
    """What a kill between the salts and their commit leaves, torn as it may be."""
    with open(world.ledger.dir / "salts", "ab") as f:
        f.write(b"y" * (16 * 25 + 5))
    world.whole()


def test_a_salt_lost_without_an_erasure_is_found(world):
    """Zeros are what an erasure writes, so a start takes them for one; a check asks for whose."""
    patch(world.ledger.dir / "salts", -16, bytes(16))
    done = world.ledger.fsck()
    assert done.returncode == 1 and "record" in done.stdout, done.stdout


# --- head ---------------------------------------------------------------------------------------

def test_another_ledgers_head_is_refused(world, tmp_path):
    other = Ledger(tmp_path / "other").init()
    shutil.copy(other.dir / "head", world.ledger.dir / "head")
    refused(world.ledger, "isn't a checkpoint")


def test_an_older_head_is_extended(world):
    shutil.copy(world.past / "head", world.ledger.dir / "head")
    (world.ledger.dir / "head.new").write_text("half of")
    world.whole()
    assert (world.ledger.dir / "head").read_text() != (world.past / "head").read_text()


def test_a_head_with_a_changed_byte_is_refused(world):
    path = world.ledger.dir / "head"
    path.write_text(path.read_text().replace("example", "exampla", 1))
    refused(world.ledger, "isn't a checkpoint")


# --- files that end early -----------------------------------------------------------------------

@pytest.mark.parametrize("share", [0, 0.5, 0.9])
def test_a_truth_cut_short_is_refused(world, share):
    cut(world.ledger.dir / "truth/data.mdb", share)
    refused(world.ledger, "truth", "--fsck" if share else "")
    done = world.ledger.fsck()
    assert done.returncode == 1 and "truth/data.mdb" in done.stdout, done.stdout + done.stderr


def test_a_truth_scribbled_over_is_refused(world):
    scribble(world.ledger.dir / "truth/data.mdb")
    refused(world.ledger, "start-failed", "truth")
    assert world.ledger.fsck().returncode == 1


def test_an_index_cut_short_is_built_again_when_told(world):
    cut(world.ledger.dir / "index/data.mdb", 0.5)
    refused(world.ledger, "index/data.mdb ends early", "--reindex")
    done = world.ledger.run("--reindex")
    assert done.returncode == 0, done.stderr
    world.whole()


def test_a_truth_cut_short_under_the_daemon_ends_it(world):
    """It can't go on; it says which file it was, and nothing worse happens."""
    ledger = world.ledger.start()
    os.truncate(ledger.dir / "truth/data.mdb", 8192)
    with pytest.raises((OSError, http.client.HTTPException)):
        for entry in range(100):
            ledger.get(f"/v1/entries/{entry}")
    assert ledger.process.wait(60) == 1
    ledger.process = None
    assert "truth/data.mdb ends early" in ledger.log.read_text()
