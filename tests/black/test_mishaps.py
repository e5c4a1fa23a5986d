"""What happens to a ledger's folder, its disk and its clock: it mends itself or says what to do."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import wire
from ledger import BUILD, Ledger, batch, compact, submission

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fault"))
import faults  # noqa: E402

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


def refused(ledger, *words, env=None):
    with pytest.raises(RuntimeError) as fault:
        ledger.start(env=env)
    assert ledger.process.returncode == 1
    ledger.process = None
    for word in words:
        assert word in str(fault.value), str(fault.value)


def grow(ledger, key, gtin, name, n=20):
    return ledger.submit(key, *(batch(gtin, f"{name}{i}") for i in range(n)))


def status(ledger, gtin, lot):
    return ledger.get(f"/v1/verify?code=(01){gtin}(10){lot}").json["status"]


def sound(ledger):
    """Starts, agrees with an auditor who wasn't told anything, stops, and has no fault."""
    ledger.start()
    ledger.settle()
    head = ledger.get("/v1/ledger").json
    assert ledger.auditor().audit(records=False) == (head["entries"], head["records"])
    ledger.stop()
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def grown(idle, tmp_path):
    """A stopped ledger with a copy of itself from earlier: (ledger, copy, key, gtin)."""
    idle.start()
    key, gtin = idle.dairy()
    grow(idle, key, gtin, "early")
    idle.settle()
    idle.stop()
    shutil.copytree(idle.dir, tmp_path / "copy")
    idle.start()
    grow(idle, key, gtin, "late")
    idle.settle()
    idle.stop()
    return idle, tmp_path / "copy", key, gtin


def put(source, target):
    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


# --- index and local ----------------------------------------------------------------------------

def test_an_index_older_than_truth_catches_up(grown):
    ledger, copy, _, gtin = grown
    put(copy / "index", ledger.dir / "index")
    ledger.start()
    ledger.settle()
    assert status(ledger, gtin, "late19") == "registered"
    ledger.stop()
    assert ledger.fsck().returncode == 0


def test_an_index_newer_than_truth_is_built_again(grown):
    """All of an older backup but the index, which the ledger can't notice otherwise."""
    ledger, copy, _, gtin = grown
    for name in ("truth", "salts", "head"):
        put(copy / name, ledger.dir / name)
    ledger.start()
    ledger.settle()
    assert status(ledger, gtin, "late19") == "unknown"
    assert status(ledger, gtin, "early19") == "registered"
    ledger.stop()
    assert ledger.fsck().returncode == 0


def test_an_index_of_another_history_is_built_again(grown, tmp_path):
    ledger, copy, key, gtin = grown
    put(ledger.dir / "index", tmp_path / "index")
    for name in ("truth", "salts", "head"):
        put(copy / name, ledger.dir / name)
    ledger.start()
    grow(ledger, key, gtin, "other")
    ledger.settle()
    ledger.stop()
    put(tmp_path / "index", ledger.dir / "index")
    assert ledger.fsck().returncode == 1
    ledger.start()
    ledger.settle()
    assert status(ledger, gtin, "late19") == "unknown"
    assert status(ledger, gtin, "other19") == "registered"
    ledger.stop()
    assert ledger.fsck().returncode == 0


def test_no_index_is_no_fault(grown):
    ledger = grown[0]
    shutil.rmtree(ledger.dir / "index")
    done = ledger.fsck()
    assert done.returncode == 0 and "no index" in done.stdout, done.stdout
    sound(ledger)


@pytest.mark.parametrize("name", ["index", "local"])
@pytest.mark.parametrize("how", ["torn", "garbage", "empty"])
def test_damaged_derived_files_are_made_again(grown, name, how):
    ledger, _, _, gtin = grown
    path = ledger.dir / name / "data.mdb"
    if how == "torn":
        os.truncate(path, 100)
    else:
        path.write_bytes(b"garbage." * 2048 if how == "garbage" else b"")
    ledger.start()
    ledger.settle()
    assert status(ledger, gtin, "late19") == "registered"
    ledger.stop()
    sound(ledger)


# --- salts, truth, head -------------------------------------------------------------------------

@pytest.mark.parametrize("left", [0, 16, 17, -1, -16])
def test_salts_that_are_torn(grown, left):
    ledger = grown[0]
    path = ledger.dir / "salts"
    whole = path.read_bytes()
    os.truncate(path, left if left >= 0 else len(whole) + left)
    refused(ledger, "salts", "backup")
    assert ledger.fsck().returncode == 1
    path.write_bytes(whole + b"x" * 100)  # a kill between salts and commit leaves more
    sound(ledger)


def test_an_older_truth_is_refused_and_changes_nothing(grown, tmp_path):
    ledger, copy, _, _ = grown
    put(ledger.dir / "truth", tmp_path / "truth")
    put(copy / "truth", ledger.dir / "truth")
    head = (ledger.dir / "head").read_bytes()
    refused(ledger, "older", "Restore")
    assert (ledger.dir / "head").read_bytes() == head
    assert ledger.fsck().returncode == 1
    put(tmp_path / "truth", ledger.dir / "truth")
    sound(ledger)


@pytest.mark.parametrize("how", ["missing", "torn", "garbage"])
def test_a_head_that_is_damaged(grown, how):
    """It guards against a rollback, so only a person may set it aside."""
    ledger = grown[0]
    path = ledger.dir / "head"
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:60] if how == "torn" else os.urandom(200))
    refused(ledger, "head", "empty file")
    assert ledger.fsck().returncode == 1
    path.write_bytes(b"")
    sound(ledger)
    assert path.stat().st_size > 100


# --- the clock ----------------------------------------------------------------------------------

@pytest.fixture
def shim(idle):
    if not faults.SHIM.exists():
        pytest.skip(f"{faults.SHIM} isn't built")
    one = faults.Shim(idle.dir)
    yield one
    one.close()


def busy(ledger, body, word):
    answer = ledger.post(body)
    assert answer.status == 503 and answer.headers["Retry-After"], answer.body
    assert "clock" in answer.json["detail"]
    ready = ledger.get("/readyz")
    assert ready.status == 503 and word in ready.json["detail"], ready.body


def test_a_clock_that_jumps_under_the_daemon(idle, shim):
    idle.start(env=shim.env)
    key, gtin = idle.dairy()
    for n, seconds in enumerate((3600, -3600, 86400 * 3650)):
        body = submission(key, [compact(batch(gtin, f"J{n}"))], deadline=2**32 - 1)
        shim.clock(seconds)
        busy(idle, body, "jumped")
        assert idle.get("/healthz").status == 200
        shim.clock(0)
        assert idle.post(body).status == 201
    assert idle.get("/readyz").status == 200
    idle.stop()
    sound(idle)


def test_a_clock_that_is_behind_the_ledger_at_the_start(idle, shim):
    idle.start()
    key, gtin = idle.dairy()
    idle.stop()
    shim.clock(-3600)
    idle.start(env=shim.env)
    body = submission(key, [compact(batch(gtin, "C"))])
    busy(idle, body, "behind")
    assert idle.get("/v1/ledger").status == 200
    # what mended the clock moved it by an hour, so the daemon wants to be told that it is right
    shim.clock(0)
    busy(idle, body, "jumped")
    idle.stop()
    idle.start(env=shim.env)
    assert idle.post(body).status == 201
    idle.stop()
    sound(idle)


# --- disks --------------------------------------------------------------------------------------

def bodies(key, gtin, n=1000, each=400):
    for i in range(n):
        yield submission(key, [compact(batch(gtin, f"D{i}-{j}")) for j in range(each)])


def fill(ledger, said_in_turn, settle=False):
    """Submissions until one is refused: (those acknowledged, the refusal, its body)."""
    said = []
    for body in said_in_turn:
        answer = ledger.post(body)
        if answer.status != 201:
            return said, answer, body
        said.append((body, answer.json["entry"]))
        if settle:
            ledger.settle()
    raise AssertionError("it never ends")


def keeps(ledger, said):
    for body, entry in said:
        again = ledger.post(body)
        assert again.status == 200 and again.json["entry"] == entry


def test_truth_at_the_end_of_its_map(idle):
    idle.start(config="[ledger]\ntruth-map = 16M\n")
    key, gtin = idle.dairy()
    said, full, left = fill(idle, bodies(key, gtin))
    assert full.status == 507, full.body
    assert len(said) > 5
    for _ in range(3):
        assert idle.post(left).status == 507
    one = submission(key, [compact(batch(gtin, "one"))])
    assert idle.post(one).status in (201, 507)
    keeps(idle, said)
    idle.settle()
    assert status(idle, gtin, "D0-0") == "registered"
    idle.stop()
    assert idle.fsck().returncode == 0
    idle.start(config="[ledger]\ntruth-map = 64M\n")
    assert idle.post(left).status == 201
    keeps(idle, said)
    idle.stop()
    sound(idle)


@pytest.fixture
def cramped(tmp_path):
    """Makes a ledger on a small disk, with its log elsewhere: cramped(size) is (disk, ledger)."""
    made = []

    def make(size):
        path = tmp_path / "disk"
        path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path],
                              capture_output=True, text=True)
        if done.returncode:
            pytest.skip("no disk can be mounted here: " + done.stderr.strip())
        ledger = Ledger(path / "ledger")
        ledger.log = path.parent / "log"
        made.append((path, ledger))
        return path, ledger.init()
    yield make
    for path, ledger in made:
        ledger.remove()  # a test that failed left it running
        subprocess.run(["umount", path], check=True)


@needs_root
def test_a_full_disk_and_room_made_again(cramped):
    path, ledger = cramped("48M")
    ballast = path / "ballast"
    ballast.write_bytes(bytes(20 << 20))
    ledger.start()
    key, gtin = ledger.dairy()
    said, full, left = fill(ledger, bodies(key, gtin), settle=True)
    assert full.status == 507, full.body
    assert len(said) > 2
    ledger.settle()
    assert status(ledger, gtin, "D0-0") == "registered"
    assert ledger.post(left).status == 507
    ready = ledger.get("/readyz")
    assert ready.status == 503 and "disk is full" in ready.json["detail"], ready.body
    assert ledger.get("/healthz").status == 200
    keeps(ledger, said)
    ballast.unlink()
    assert ledger.get("/readyz").status == 200
    assert ledger.post(left).status == 201
    ledger.stop()
    ballast.write_bytes(bytes(os.statvfs(path).f_bavail * 4096))  # to the last byte
    with pytest.raises(RuntimeError):
        ledger.start()
    ledger.process = None
    ballast.unlink()
    ledger.start()
    keeps(ledger, said)
    ledger.stop()
    sound(ledger)


@needs_root
def test_room_is_kept_for_what_the_index_is_behind(cramped):
    path, ledger = cramped("13M")
    ledger.start(config="[index]\ndelay = 10s\nlag-soft = 60s\n")  # or it is waited for
    key, gtin = ledger.dairy()
    ledger.settle()
    prepared = list(bodies(key, gtin, 40))  # so that the disk is full before the index looks
    said, full, left = fill(ledger, prepared)
    assert full.status == 507, full.body
    seen = ledger.get(f"/v1/verify?code=(01){gtin}").json["asOf"]["entry"]
    assert seen < said[0][1], "the index shall look only when the disk is full"
    ledger.settle()
    assert status(ledger, gtin, f"D{len(said) - 1}-399") == "registered"
    assert ledger.post(left).status == 201, "what the index took less than was kept is there again"
    ledger.stop()
    subprocess.run(["mount", "-o", "remount,size=96M", path], check=True)  # fsck builds an index too
    sound(ledger)


@needs_root
def test_a_disk_that_something_else_fills(cramped):
    """To the last byte, while the index has something to commit: it waits, and all else goes on."""
    path, ledger = cramped("48M")
    ledger.start(config="[index]\ndelay = 2s\n")
    key, gtin = ledger.dairy()
    ledger.settle()
    said = [grow(ledger, key, gtin, f"W{n}-", 400)["entry"] for n in range(3)]
    ballast = path / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    wire.until(lambda: "event=index-waits" in ledger.log.read_text())
    ready = ledger.get("/readyz")
    assert ready.status == 503 and "disk is full" in ready.json["detail"], ready.body
    body = submission(key, [compact(batch(gtin, "later"))])
    assert ledger.post(body).status == 507
    assert ledger.get(f"/v1/records/{said[-1]}").status == 200
    seen = ledger.get(f"/v1/verify?code=(01){gtin}").json
    assert seen["status"] == "product-only" and seen["asOf"]["entry"] < said[-1]
    ballast.unlink()
    ledger.settle()
    assert status(ledger, gtin, "W2-399") == "registered"
    assert ledger.log.read_text().count("event=index-waits") == 1
    assert "event=index-goes-on" in ledger.log.read_text()
    assert ledger.get("/readyz").status == 200
    assert ledger.post(body).status == 201
    ledger.stop()
    sound(ledger)


@needs_root
def test_a_read_only_disk(cramped):
    path, ledger = cramped("64M")
    ledger.start()
    key, gtin = ledger.dairy()
    grow(ledger, key, gtin, "R")
    ledger.stop()
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    refused(ledger, "start-failed", "Read-only")
    done = ledger.fsck()
    assert done.returncode == 0 and "index" not in done.stdout, done.stdout + done.stderr
    subprocess.run(["mount", "-o", "remount,rw", path], check=True)
    sound(ledger)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run([BUILD / "suyuand", "--init", "--dir", tmp_path / "file/ledger", "--origin",
                           "example.com/x"], capture_output=True, text=True)
    assert done.returncode == 1 and "file/ledger" in done.stderr
    assert json.dumps(done.stdout) == '""'
