"""The ledger's folder: what refuses to start and why, what fsck finds, copies and rollbacks."""
import json
import os
import shutil
import signal
import subprocess

import pytest

from ledger import BUILD, ORIGIN, Ledger, batch


def start_fails(ledger, *words):
    with pytest.raises(RuntimeError) as fault:
        ledger.start()
    for word in words:
        assert word in str(fault.value), str(fault.value)
    ledger.process = None


def test_init_refuses_a_folder_with_something_in_it(tmp_path):
    (tmp_path / "x").write_text("mine")
    done = subprocess.run([BUILD / "suyuand", "--init", "--dir", tmp_path, "--origin", ORIGIN],
                          capture_output=True, text=True)
    assert done.returncode == 1 and str(tmp_path) in done.stderr
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("origin", ["", "https://example.com/x", "example.com/", "a b", "a+b", "ü",
                                    "x" * 256])
def test_init_refuses_a_bad_origin(tmp_path, origin):
    done = subprocess.run([BUILD / "suyuand", "--init", "--dir", tmp_path / "l", "--origin", origin],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "origin" in done.stderr
    assert not (tmp_path / "l").exists()


def test_keys_are_private_and_apart(idle):
    for name in ("operator.key", "log.key"):
        path = idle.dir / name
        assert path.stat().st_mode & 0o777 == 0o600
        assert json.loads(path.read_text())["type"] == "suyuan/key/v1"
    assert (json.loads((idle.dir / "operator.key").read_text())["vkey"] !=
            json.loads((idle.dir / "log.key").read_text())["vkey"])


def test_a_folder_that_is_no_ledger(tmp_path):
    (tmp_path / "empty").mkdir()
    start_fails(Ledger(tmp_path / "empty"), "start-failed", "ledger")
    start_fails(Ledger(tmp_path / "absent"), "start-failed", "ledger")


def test_two_daemons_on_one_folder(ledger):
    other = Ledger(ledger.dir)
    other.log = ledger.dir.parent / "other.log"
    start_fails(other, "held by another")
    assert ledger.get("/readyz").status == 200


def test_a_ledger_without_its_log_key(idle):
    (idle.dir / "log.key").rename(idle.dir / "log.key.away")
    start_fails(idle, "log.key")


def test_another_ledgers_log_key(idle, tmp_path):
    other = Ledger(tmp_path / "other").init()
    shutil.copy(other.dir / "log.key", idle.dir / "log.key")
    start_fails(idle, "log.key")


def test_a_restored_older_truth_is_refused(idle, tmp_path):
    idle.start()
    key, gtin = idle.dairy()
    idle.stop()
    shutil.copytree(idle.dir / "truth", tmp_path / "old-truth")
    shutil.copy(idle.dir / "salts", tmp_path / "old-salts")
    idle.start()
    idle.submit(key, batch(gtin, "L1"))
    idle.stop()
    shutil.rmtree(idle.dir / "truth")
    shutil.copytree(tmp_path / "old-truth", idle.dir / "truth")
    shutil.copy(tmp_path / "old-salts", idle.dir / "salts")
    start_fails(idle, "older than what was already published")


def test_an_address_beyond_this_machine_needs_insecure(idle):
    done = idle.run("--listen", "0.0.0.0:0", "-n")
    assert done.returncode == 2 and "--insecure" in done.stderr
    assert idle.run("--listen", "0.0.0.0:0", "--insecure", "-n").returncode == 0


def test_configuration_faults_come_all_at_once(idle, tmp_path):
    path = tmp_path / "bad.ini"
    path.write_text("[http]\nlisten = nowhere\nfronts = many\nwhat = 1\n[log]\nlevel = loud\n")
    done = idle.run("-n", "--config", path)
    assert done.returncode == 2
    for word in ("nowhere", f"{path}:3", "many", f"{path}:4", "what", f"{path}:6", "loud"):
        assert word in done.stderr, done.stderr


def test_the_sample_configuration_is_the_defaults(tmp_path):
    sample = BUILD.parent.parent / "conf/suyuand.ini"
    if not sample.exists():
        sample = __import__("ledger").ROOT / "conf/suyuand.ini"
    done = subprocess.run([BUILD / "suyuand", "-n", "--config", sample], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    plain = subprocess.run([BUILD / "suyuand", "-n", "--dir", "/var/lib/suyuan"], capture_output=True,
                           text=True)
    assert done.stdout == plain.stdout


def test_ports_and_sockets(ledger):
    assert ledger.address[1] > 0
    assert ledger.get("/healthz", local=True).body == b"ok\n"
    assert ledger.get("/v1/admin/status", local=True).json["ready"] is True
    assert ledger.get("/v1/admin/status").status in (403, 404)


def test_sighup_changes_the_log_level(idle):
    config = "[log]\nlevel = note\n"
    idle.start(config=config)
    path = idle.dir.parent / (idle.dir.name + ".ini")
    path.write_text("[log]\nlevel = info\n")
    idle.process.send_signal(signal.SIGHUP)
    # The signal is handled by another thread; the log says when.
    for _ in range(1000):
        idle.get("/healthz")
        if "event=request" in idle.log.read_text():
            break
    assert "event=request" in idle.log.read_text()
    idle.stop()


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x40]))


def test_fsck_finds_a_changed_byte(idle):
    idle.start()
    key, gtin = idle.dairy()
    idle.submit(key, *(batch(gtin, f"L{i}") for i in range(20)))
    idle.submit(key, batch(gtin, "findme"))
    idle.settle()
    idle.stop()
    assert idle.fsck().returncode == 0, idle.fsck().stdout
    data, salts = idle.dir / "truth/data.mdb", idle.dir / "salts"
    used = data.stat().st_size
    found = {}
    for name, path, places in (("truth", data, range(4096 + 40, used, max(1, used // 60))),
                               ("salts", salts, range(16, 16 * 20, 37))):
        for at in places:
            flip(path, at)
            done = idle.fsck()
            flip(path, at)
            if done.returncode:
                found[(name, at)] = done.stdout
                assert done.returncode == 1, done.stderr
                assert name in done.stdout or "record" in done.stdout or "entry" in done.stdout
    missed = [at for at in places if ("salts", at) not in found]
    assert missed == []
    assert idle.fsck().returncode == 0
