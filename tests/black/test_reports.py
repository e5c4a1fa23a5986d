"""An inspection's report, the file itself, held against the digests that the ledger's records give."""
import hashlib
import subprocess

import pytest

from cli import FAIL, MILK, PROOF, STOP, UNKNOWN, USAGE, Cli, Tamperer, dairy, register
from ledger import Ledger, SLOW, VARIANT

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 5000  # more than a block


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sm3(data):
    return hashlib.new("sm3", data).hexdigest()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    folder = tmp_path_factory.mktemp("desks")
    producer = dairy(ledger, folder)
    producer.operator = Cli(folder / "operator", ledger.url, ledger.dir / "operator.key")
    producer.ledger = ledger
    producer.write("report.pdf", PDF)
    producer.write("other.pdf", PDF + b" ")
    yield producer
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


def code(lot):
    return f"(01){MILK}(10){lot}"


def with_report(world, lot, report, *more):
    register(world, lot, "--inspection", f"R-{lot}", "--result", "pass", "--report", report, *more)
    return code(lot)


def one(done):
    return done.json["proof"]["reports"][0]


@pytest.mark.parametrize("name,report,by", [
    ("A", sha256(PDF), "SHA-256"), ("B", f"sm3:{sm3(PDF)}", "SM3"), ("C", f"sha256:{sha256(PDF)}", "SHA-256"),
    ("D", f"SHA256:{sha256(PDF)} sm3:{sm3(PDF)}", "SHA-256, SM3")])
def test_the_file_and_another(world, name, report, by):
    lot = with_report(world, name, report)
    done = world("verify", lot, "--report", "report.pdf")
    number = world("verify", lot, "--json").json["lot"]["records"][0]
    assert f"report.pdf: MATCHES the report of inspection R-{name}, record {number} ({by})" in done.out
    assert "REGISTERED" in done.out
    assert "相符" in world("verify", lot, "--report", "report.pdf", "--lang", "zh").out
    assert one(world("verify", lot, "--report", "report.pdf", "--json")) == {
        "file": "report.pdf", "sha256": sha256(PDF), "sm3": sm3(PDF), "holds": True, "compared": 1, "record": number,
        "number": f"R-{name}"}
    done = world("verify", lot, "--report", "other.pdf", expect=PROOF)
    assert "other.pdf: DIFFERS" in done.out and "REGISTERED" in done.out and "MATCHES" not in done.out
    assert "不符" in world("verify", lot, "--report", "other.pdf", "--lang", "zh", expect=PROOF).out
    said = world("verify", lot, "--report", "other.pdf", "--json", expect=PROOF).json["proof"]
    assert (said["holds"], said["reports"][0]["holds"], said["exit"]) == (True, False, PROOF)
    both = world("verify", lot, "--report", "report.pdf", "--report", "other.pdf", expect=PROOF).out
    assert "report.pdf: MATCHES" in both and "other.pdf: DIFFERS" in both
    assert "-: DIFFERS" in world("verify", lot, "--report", "-", stdin="%PDF-1.7", expect=PROOF).out


def test_one_digest_of_two(world):
    lot = with_report(world, "HALF", f"{sha256(PDF)} sm3:{sm3(b'x')}")
    assert "only SHA-256 is this file's" in world("verify", lot, "--report", "report.pdf", expect=PROOF).out
    assert "只有 SHA-256" in world("verify", lot, "--report", "report.pdf", "--lang", "zh", expect=PROOF).out


def test_no_digest(world):
    register(world, "NONE", "--inspection", "R-1", "--result", "pass")
    done = world("verify", code("NONE"), "--report", "report.pdf", expect=FAIL)
    assert "NOT CHECKED" in done.out and "REGISTERED" in done.out
    assert "无法核对" in world("verify", code("NONE"), "--report", "report.pdf", "--lang", "zh", expect=FAIL).out
    assert one(world("verify", code("NONE"), "--report", "report.pdf", "--json", expect=FAIL))["holds"] is None
    world("verify", code("NOBODY"), "--report", "report.pdf", expect=(FAIL, UNKNOWN))


def test_an_inspection_that_came_later(world):
    """Of supervision, after the firm's own; a withdrawn one no longer counts."""
    lot = with_report(world, "LATE", sha256(b"the firm's own"))
    words = ("event", "inspect", lot, "--inspection", "S-9", "--result", "fail", "--inspection-kind", "supervision",
             "--report", sha256(PDF), "--at", "2026-11-03T08:00:00+08:00")
    assert "DIFFERS from the report of inspection R-LATE" in world("verify", lot, "--report", "report.pdf",
                                                                   expect=PROOF).out
    world.operator(*words)
    done = world("verify", lot, "--report", "report.pdf")
    assert "MATCHES the report of inspection S-9" in done.out
    done = world("verify", lot, "--report", "other.pdf", expect=PROOF)
    assert "DIFFERS from the reports of all 2 inspections" in done.out


def test_a_unit_has_its_lots_report(world):
    register(world, "U", "--inspection", "R-U", "--result", "pass", "--report", sha256(PDF))
    world("batch", "register", "--product", MILK, "--lot", "U", "--serial", "7", "--made", "2026-11-01",
          "--expires", "2099-05-01")
    for unit in (f"(01){MILK}(21)7", f"(01){MILK}(10)U(21)7"):
        assert "MATCHES" in world("verify", unit, "--report", "report.pdf").out
        world("verify", unit, "--report", "other.pdf", expect=PROOF)


def test_with_another_verdict(world):
    """What is graver counts, and both are said."""
    lot = with_report(world, "HELD", sha256(PDF))
    world("event", "hold", lot, "--at", "2026-11-02T08:00:00+08:00")
    done = world("verify", lot, "--report", "report.pdf", expect=STOP)
    assert "HELD" in done.out and "MATCHES" in done.out
    world("verify", lot, "--report", "other.pdf", expect=PROOF)
    assert len(world("verify", lot, code("A"), "--report", "report.pdf", "--json", expect=STOP).json) == 2


def test_a_saved_receipt(world):
    lot = with_report(world, "SAVED", sha256(PDF))
    number = world("verify", lot, "--json").json["lot"]["records"][0]
    world.write("receipt.json", world("ledger", "receipt", number).out)
    away = {"where": "http://127.0.0.1:1"}
    words = ("verify", "--receipt", "receipt.json", "--offline", "--report")
    assert "MATCHES" in world(*words, "report.pdf", **away).out
    assert "DIFFERS" in world(*words, "other.pdf", lot, expect=PROOF, **away).out
    said = world(*words, "other.pdf", "--json", expect=PROOF, **away).json
    assert said["holds"] is True and said["reports"][0]["holds"] is False


def test_a_ledger_that_lies(world):
    """It is the proven record's digest that counts, not what the ledger tells of it."""
    lot = with_report(world, "LIE", sha256(PDF))
    with Tamperer(world.ledger, lambda path, body: body.replace(sha256(PDF).encode(), sha256(PDF + b" ").encode())
                  if path.startswith("/v1/items") else body) as liar:
        world("verify", lot, "--report", "other.pdf", where=liar.url, expect=PROOF)
        assert "MATCHES" in world("verify", lot, "--report", "report.pdf", where=liar.url).out
        assert liar.lies > 0
    other = world("verify", code("A"), "--json").json["lot"]["records"][0]
    mine = world("verify", lot, "--json").json["lot"]["records"][0]
    with_report(world, "PLAIN", sha256(b"plain"))
    with Tamperer(world.ledger, lambda path, body: body.replace(b'"record":', b'"record":%d,"was":' % other)
                  if path.startswith("/v1/items") else body) as liar:
        assert mine != other
        done = world("verify", code("PLAIN"), "--report", "report.pdf", where=liar.url, expect=PROOF)
        assert "MATCHES" not in done.out  # A's report isn't this lot's


def test_wrong_usage(world):
    for words in (["--report", "report.pdf"], ["--report", "-", "-"], [code("A"), "--report"],
                  [code("A"), "--report", "-", "--report", "-"], [code("A")] + ["--report", "report.pdf"] * 17):
        world("verify", *words, expect=USAGE)
    done = world("verify", code("A"), "--report", "missing.pdf", "--report", ".", expect=FAIL)
    assert "missing.pdf: No such file" in done.err and ".: Is a directory" in done.err and not done.out
    for wrong in ("md5:" + "0" * 32, "sm3:" + "0" * 63, sha256(PDF) * 2, f"{sha256(PDF)} {sha256(PDF)}"):
        done = register(world, "BAD", "--inspection", "R", "--result", "pass", "--report", wrong, expect=USAGE)
        assert "report: expected a SHA-256" in done.err


@pytest.mark.skipif(VARIANT != "release", reason="a sanitizer maps more than that")
def test_a_large_file_is_streamed(world):
    """In less than its size, libraries and their threads' stacks among it."""
    with open(world.dir / "large.bin", "wb") as f:
        f.truncate(250 << 20)
    lot = with_report(world, "LARGE", sha256(b""))
    command = ["sh", "-c", 'ulimit -v 200000; exec "$@"', "-", *world.command("verify", lot, "--report", "large.bin")]
    done = subprocess.run(command, cwd=world.dir, env=world.env(), text=True, capture_output=True, timeout=120 * SLOW)
    assert done.returncode == PROOF and "DIFFERS" in done.stdout, done.stderr
