"""A mixed import with one bad row in a hundred, while the daemon is killed and started and the command too.

SUYUAN_ROWS=100000 is the full size; `make soak` runs it.
"""
import csv
import io
import json
import os
import random
import re
import signal
import subprocess
import time

from cli import AWAY, DAIRY, MILK, OTHERS, REFUSED, dairy
from ledger import SLOW, check_digit

ROWS = int(os.environ.get("SUYUAN_ROWS", 12000))
HEAD = ["业务", "商品条码", "批号", "序列号", "数量", "单位", "生产日期", "有效期至", "时间", "往来单位", "发货单号", "检验报告号", "检验结果", "检验类别"]
SHOP = check_digit("690123488880")


def batch(lot, product=MILK, quantity="500", unit="盒", made="2026-11-01", **more):
    return {"商品条码": product, "批号": lot, "数量": quantity, "单位": unit, "生产日期": made, "有效期至": "2099-01-01", **more}


def event(word, lot, quantity="5", at="2026-11-02 08:30", **more):
    return {"业务": word, "商品条码": MILK, "批号": lot, "数量": quantity, "单位": "盒", "时间": at, **more}


def good_row(i):
    """One of the kinds of rows that a warehouse and a packing line have, and no two the same."""
    lot = f"M{i // 8}"
    return (batch(lot),
            batch(f"M{i}", unit="公斤", quantity="1,250.5"),
            event("销售出库", lot, 往来单位=SHOP, 发货单号=f"CK-{i}"),
            event("采购入库", lot, at="2026年11月3日", 往来单位=DAIRY, 发货单号=f"CK-{i}"),
            event("退货", lot, at=f"2026-11-04 {i // 60 % 24}:{i % 60:02}", 往来单位=DAIRY, 发货单号=f"TH-{i}"),
            event("抽检", lot, 检验报告号=f"J-{i}", 检验结果="合格", 检验类别="监督抽检"),
            batch(f"S{i}", 序列号=f"{i}A;{i}B", quantity="2", unit=""),
            event("召回入库", lot, at="20261106", 往来单位=SHOP, 发货单号=f"ZH-{i}"))[i % 8]


def bad_row(i):
    """Wrong in itself, or by what the ledger knows; and the column that says so."""
    return ((batch(f"X{i}", unit="车"), "单位"), (batch(f"X{i}", product=OTHERS), "商品条码"),
            (batch(f"X{i}", made="2026年2月30日"), "生产日期"),
            (batch(f"X{i}", 序列号=f"{i};BASE1", quantity="2", unit=""), "序列号"),
            (event("搬家", "M0"), "业务"), (event("销售出库", f"M{i}", at="2099-01-01"), "时间"),
            (event("销售出库", "M0", quantity="1,5"), "数量"),
            (batch("BASE", made="2026-10-31", quantity=i), "生产日期"), (event("抽检", "M0"), "检验报告号"),
            (batch(f"X{i}", product=check_digit("0690123499999")), "商品条码"))[i % 10]


def mixed(n):
    """A CSV of N rows, and {line: column} of the bad ones."""
    dice, lines, bad = random.Random(n), [HEAD], {}
    wrong = set(dice.sample(range(100, n), n // 100))
    for i in range(n):
        row, column = bad_row(len(bad)) if i in wrong else (good_row(i), None)
        lines.append([row.get(name, "") for name in HEAD])
        if i in wrong:
            bad[len(lines)] = column
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue(), bad


def wait_for(ledger, records, process):
    end = time.monotonic() + 120 * SLOW
    while ledger.get("/v1/ledger").json["records"] < records:
        assert process.poll() is None and time.monotonic() < end, "too fast to be killed in the middle"


class Running:
    """The command, left running; what it says goes into files, since a pipe that nobody reads would stop it."""

    def __init__(self, cli, *words):
        self.out, self.err = cli.dir / "said.out", cli.dir / "said.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(cli.command(*words), cwd=cli.dir, env=cli.env(), stdout=out, stderr=err)

    def end(self):
        code = self.process.wait(600 * SLOW)
        return code, self.out.read_text(), self.err.read_text()


def named(done_err):
    return [(int(n), words) for n, words in re.findall(r"^mixed\.csv:(\d+): (?!warning|repeats)(.*)", done_err, re.M)]


def all_records(ledger):
    connection = ledger.connect()
    total = ledger.get("/v1/ledger", connection=connection).json["records"]
    for n in range(total):
        yield ledger.get(f"/v1/records/{n}", connection=connection).body.decode()


def test_mixed_import(ledger, tmp_path):
    text, bad = mixed(ROWS)
    cli = dairy(ledger, tmp_path)
    cli.where = f"unix:{ledger.unix}"  # the same address when the daemon is started again
    cli.write("mixed.csv", text)
    for more in (["--lot", "BASE"], ["--lot", "BASE2", "--serial", "BASE1"]):
        cli("batch", "register", "--product", MILK, *more, "--made", "2026-11-01", "--expires", "2099-01-01")
    command = ["batch", "import", "mixed.csv", "--rejects", "rejects.csv", "--rows", "200", "--json"]
    running = Running(cli, *command)
    for part in (4, 3):  # the command goes on by itself
        wait_for(ledger, ROWS // part, running.process)
        ledger.kill()
        ledger.start()
    wait_for(ledger, ROWS // 2, running.process)
    running.process.kill()  # and so does the next one
    assert running.end()[0] == -signal.SIGKILL
    before = ledger.get("/v1/ledger").json["records"]
    running = Running(cli, *command)
    wait_for(ledger, before + ROWS // 10, running.process)
    ledger.kill()
    ledger.start()
    code, out, err = running.end()
    assert code == REFUSED, err
    counts = json.loads(out)
    assert counts["rows"] == ROWS and counts["refused"] == len(bad)
    assert counts["registered"] + counts["already"] == ROWS - len(bad) and "trying again" in err
    check_reports(cli, err, bad)
    check_ledger(cli, ledger, bad)
    again = cli(*command, expect=REFUSED)
    assert again.json["registered"] == 0 and sorted(n for n, _ in named(again.err)) == sorted(bad)
    assert cli("ledger", "audit", "--records", "--json").json["faults"] == 0


def check_reports(cli, err, bad):
    """Every bad row once, on the terminal and in the rejects, with its column."""
    said = named(err)
    assert sorted(n for n, _ in said) == sorted(bad)
    for n, words in said:
        assert words.startswith(bad[n] + ": "), (n, words)
    kept = list(csv.reader(io.StringIO(cli.read("rejects.csv"))))
    rows = list(csv.reader(io.StringIO(cli.read("mixed.csv"))))
    assert kept[0] == HEAD + ["reason"]
    assert sorted(kept[1:]) == sorted(rows[n - 1] + [words] for n, words in said)


def check_ledger(cli, ledger, bad):
    """Every good row once, and nothing else: what a dry run makes of them is what stands there."""
    lines = cli.read("mixed.csv").splitlines()
    cli.write("good.csv", "\n".join(line for n, line in enumerate(lines, 1) if n not in bad) + "\n")
    wanted = cli("batch", "import", "good.csv", "--dry-run").out.splitlines()
    found = [r for r in all_records(ledger) if '"type":"ObjectEvent"' in r and "BASE" not in r]
    assert len(wanted) == ROWS - len(bad)
    assert sorted(found) == sorted(wanted)


def test_away_for_too_long(ledger, tmp_path):
    """Then it says how to go on."""
    text, _ = mixed(3000)
    cli = dairy(ledger, tmp_path)
    cli.write("mixed.csv", text)
    process = cli.begin("batch", "import", "mixed.csv", "--rows", "50", "--wait", "1")
    wait_for(ledger, 300, process)
    ledger.kill()
    out, err = process.communicate(timeout=60 * SLOW)
    assert process.returncode == AWAY and "trying again for 1 s" in err and "run again" in err, err
    assert len(re.findall("trying again", err)) == 1
