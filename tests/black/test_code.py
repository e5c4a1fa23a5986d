"""`suyuan code parse` from outside: what it says of a code, on a terminal, in JSON, from a scanner's lines."""
import os
import pty
import subprocess

import pytest

from cli import DONE, FAIL, USAGE, Cli
from ledger import BUILD, SLOW, check_digit

MILK = check_digit("0690123400001")
PALLET = check_digit("00690123400000001"[:17])
GS = "\x1d"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "nobody")


def parse(cli, *words, **more):
    return cli("code", "parse", *words, "--json", **more).json


def test_all_that_it_says(cli):
    said = parse(cli, f"]C101{MILK}10A/1{GS}21s{GS}17261231", "--prefix-length", "7", "--stem", "https://a.example/x/")
    assert said["kind"] == "unit" and said["scheme"] == "gs1" and said["expires"] == "2026-12-31"
    assert said["canonical"] == f"https://id.gs1.org/01/{MILK}/21/s"
    assert said["lotCode"] == f"https://id.gs1.org/01/{MILK}/10/A%2F1" and said["lot"] == "A/1"
    assert said["elementString"] == f"(01){MILK}(17)261231(10)A/1(21)s"
    assert said["scan"] == f"01{MILK}1726123110A/1{GS}21s"
    assert said["link"] == f"https://a.example/x/01/{MILK}/10/A%2F1/21/s?17=261231"
    assert said["urn"] == f"urn:epc:id:sgtin:{MILK[1:8]}.{MILK[0]}{MILK[8:13]}.s"
    assert [(i["ai"], i["title"], i["value"], i["role"]) for i in said["identifiers"]] == [
        ("01", "GTIN", MILK, "key"), ("10", "BATCH/LOT", "A/1", "qualifier"), ("21", "SERIAL", "s", "qualifier"),
        ("17", "USE BY or EXPIRY", "261231", "attribute")]
    assert "faults" not in said and "readings" not in said


@pytest.mark.parametrize("form", ["elementString", "link", "urn", "canonical"])
def test_what_it_writes_it_reads(cli, form):
    for code in (f"(01){MILK}(10)A1", f"(01){MILK}(21)s/1", f"(00){PALLET}", "(8010)0614141A-1(8011)12",
                 "(8006)040123451111180102(21)987", "(414)4012345000054(254)x"):
        first = parse(cli, code, "--prefix-length", "7")
        assert parse(cli, first[form])["canonical"] == first["canonical"]


def test_faults_have_their_place(cli):
    said = parse(cli, f"(01){MILK}(10)批#(17)269900", expect=FAIL)
    assert said["kind"] == "none" and "canonical" not in said
    places = [(f["at"], f["length"], f["status"]) for f in said["faults"]]
    assert places == [(23, 1, 400), (29, 6, 400)]
    assert "(17) characters 1 to 6 are 269900, expected a date" in said["faults"][1]["detail"]
    wrong = MILK[:-1] + str((int(MILK[-1]) + 1) % 10)
    fault, = parse(cli, wrong, expect=FAIL)["faults"]
    assert (fault["at"], fault["length"], fault["status"]) == (14, 1, 422)
    assert f"expected {MILK[-1]}" in fault["detail"]


def test_a_form_that_is_asked_for_and_has_none(cli):
    said = parse(cli, "(8013)1987654Ad4X4bL5ttr2310c2K", "--prefix-length", "7", expect=FAIL)
    assert said["canonical"].endswith("/8013/1987654Ad4X4bL5ttr2310c2K") and "urn" not in said
    assert "(8013) has no scheme" in said["faults"][0]["detail"] and "at" not in said["faults"][0]
    assert "stem is" in parse(cli, MILK, "--stem", "nowhere", expect=FAIL)["faults"][0]["detail"]
    for words in (["--prefix-length", "5"], ["--prefix-length", "x"]):
        assert cli("code", "parse", MILK, *words, expect=USAGE).err


def test_what_else_it_could_be(cli):
    read = {r["name"]: (r["holds"], r["taken"]) for r in parse(cli, "86904879000126")["readings"]}
    assert read == {"gtin": (True, True), "drug-standard-code": (True, False)}
    licence = parse(cli, "SC10744030704994")
    assert licence["kind"] == "none" and "faults" not in licence and licence["readings"][0]["name"] == "food-licence"
    warned = cli("code", "parse", "SC10744030704995")
    assert "licence" in warned.out and "doesn't fit" in warned.out
    assert parse(cli, "91350100M000100Y43")["canonical"] == "urn:suyuan:cn:uscc:91350100M000100Y43"
    assert "looks like" in cli("verify", "130102", expect=FAIL).err  # named, but nothing to verify


def test_in_chinese(cli):
    good = cli("code", "parse", f"(01){MILK}(10)A1(3103)000195", "--lang", "zh").out
    for word in ("种类", "批次", "批号", "净重（千克）", "主键", "限定符", "属性"):
        assert word in good
    bad = cli("code", "parse", f"(01){MILK}(37)1", "--lang", "zh", expect=FAIL).out
    assert "(01)与(37)互斥" in bad
    assert parse(cli, f"(01){MILK}(10)A1", "--lang", "zh")["identifiers"][1]["title"] == "BATCH/LOT"


def test_a_scanners_lines(cli):
    lines = f"{MILK}\r\n\n]d201{MILK}10A1{GS}21s  \nnonsense\n({MILK}\n"
    said = parse(cli, "-", stdin=lines, expect=FAIL)
    assert [s["kind"] for s in said] == ["product", "unit", "none", "none"]
    assert said[1]["given"] == f"]d201{MILK}10A1{GS}21s"
    assert parse(cli, "-", stdin="") == []
    shown = cli("code", "parse", "-", stdin=lines, expect=FAIL)
    assert shown.out.count("given") == 4 and "␝" in shown.out and GS not in shown.out


def test_many_lines_take_little_memory(cli):
    """A list of any length, one code at a time."""
    lines = f"(01){MILK}(10)A1\n" * (20000 // SLOW)
    command = ["sh", "-c", "ulimit -v 200000; exec \"$@\"", "sh", *cli.command("code", "parse", "-")]
    if os.environ.get("SUYUAN_VARIANT", "release") not in ("release", "debug"):
        command = command[4:]  # sanitizers reserve terabytes
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60 * SLOW, env=cli.env())
    assert done.returncode == DONE and done.stdout.count("canonical") == 20000 // SLOW, done.stderr


def on_terminal(cli, *words):
    """Standard output is a terminal; what it shows."""
    master, slave = pty.openpty()
    done = subprocess.run(cli.command("code", "parse", *words), stdout=slave, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, env=cli.env(), timeout=60 * SLOW)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:  # the other end is closed
        pass
    os.close(master)
    return done.returncode, text.decode().replace("\r\n", "\n").splitlines()


def test_a_caret_on_a_terminal(cli):
    code, lines = on_terminal(cli, f"(01){MILK}(10)A#b")
    at = next(i for i, line in enumerate(lines) if "^" in line)
    assert code == FAIL and lines[at].index("^") == lines[at - 1].index("#")
    assert lines[at].strip() == "^" and lines[at + 1].startswith("fault: (10) character 2")
    # 批 takes two cells, so the caret stands two cells further
    _, lines = on_terminal(cli, f"tag:批,2026:{'x' * 200}^{'y' * 200}")
    at = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[at].index("^") == lines[at - 1].index("^") and len(lines[at - 1]) < 140
    _, lines = on_terminal(cli, f"(01){MILK}(10)批#")
    assert any(line.strip() == "^^" for line in lines)


def test_a_pipe_gets_no_carets(cli):
    out = cli("code", "parse", f"(01){MILK}(10)A#b", expect=FAIL).out
    assert "^" not in out and "fault" in out and str(BUILD) not in out
