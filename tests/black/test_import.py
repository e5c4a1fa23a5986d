"""Batches from files: what is good is registered exactly once, what is bad is named exactly once."""
import csv
import importlib
import io
import json
import os
import pathlib
import pty
import re
import signal
import sys
import time

import pytest

import ledger as ledgers
import verifier
from cli import (AWAY, Cli, DAIRY, DONE, FAIL, MILK, OTHERS, REFUSED, USAGE, dairy)
from ledger import batch, check_digit, compact

EXAMPLES = pathlib.Path(os.environ.get("SUYUAN_DATA", ledgers.ROOT / "../shared/data")) / "epcis-examples"
HEAD = "product,lot,quantity,unit,made,expires"


def row(lot, quantity="5", unit="盒", made="2026-11-01", expires="2099-01-01", product=MILK):
    return f"{product},{lot},{quantity},{unit},{made},{expires}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("import")
    one = ledgers.Ledger(folder / "ledger").init().start()
    producer = dairy(one, folder)
    producer.ledger = one
    yield producer
    try:
        one.stop()
    finally:
        one.remove()


def records(cli):
    return cli("ledger", "info", "--json").json["records"]


def bring(cli, text, *more, expect=DONE, name="rows.csv"):
    """Imports TEXT; what it counted must be what the ledger has more."""
    cli.write(name, text)
    before = records(cli)
    done = cli("batch", "import", name, *more, "--json", expect=expect)
    counts = done.json
    assert counts["rows"] == counts["registered"] + counts["already"] + counts["refused"], done
    assert records(cli) == before + counts["registered"], done
    done.counts = counts
    return done


def lot(cli, number):
    return cli("batch", "show", f"(01){MILK}(10){number}", "--json").json


# --- forms of a file


@pytest.mark.parametrize("name,heading", [
    ("EN", HEAD), ("ZH", "商品条码,批号,数量,单位,生产日期,有效期至"), ("ZH2", "产品编码,批次,数量,单位,生产日期,有效期至"),
    ("CASE", "Product, LOT ,Quantity,unit,Made,EXPIRES"), ("GTIN", "gtin,batch,quantity,unit,made,expires")])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_headings(world, name, heading, ending, mark):
    number = f"H-{name}{len(ending)}{len(mark)}"
    done = bring(world, mark + ending.join([heading, row(number), row(number + "-2")]) + ending)
    assert done.counts["registered"] == 2
    assert lot(world, number)["quantity"] == "5" and lot(world, number)["expires"] == "2099-01-01"


def test_quotes_and_line_breaks(world):
    text = f'{HEAD},serials\n"{MILK}","Q""1",2,,2026-11-01,2099-01-01,"001\n002"\n\n{row("Q2")},\n"{MILK}",Q3,"1,200.50",kg,2026-11-01,,\n'
    assert bring(world, text).counts["registered"] == 3
    assert lot(world, "Q3")["quantity"] == "1200.5" and lot(world, "Q3")["unit"] == "KGM"
    world("verify", f'https://id.gs1.org/01/{MILK}/10/Q%221/21/001')


@pytest.mark.parametrize("written", ["2026-11-03", "20261103", "2026年11月3日", "2026年11月03日"])
def test_dates(world, written):
    number = "D" + "".join(c for c in written if c.isascii())
    bring(world, f"{HEAD}\n{row(number, made=written)}\n")
    assert lot(world, number)["made"] == "2026-11-03"


@pytest.mark.parametrize("written,code", [("公斤", "KGM"), ("kg", "KGM"), ("吨", "TNE"), ("升", "LTR"), ("米", "MTR"),
                                          ("箱", "XCT"), ("袋", "XBG"), ("KGM", "KGM"), ("C62", "C62")])
def test_units(world, written, code):
    number = "U-" + code + str(len(written.encode()))
    bring(world, f"{HEAD}\n{row(number, unit=written)}\n")
    assert lot(world, number)["unit"] == code


@pytest.mark.parametrize("encoding,shown", [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"),
                                            ("gbk", "GB18030"), ("utf-16", "UTF-16")])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(world, encoding, shown, separator):
    """As spreadsheets save them; the rejects are in the same form, and are imported when mended."""
    number = f"E{len(encoding)}{encoding[-2:]}{ord(separator)}"
    lines = ["商品条码,批号,数量,单位,生产日期,投入品".replace(",", separator)]
    for i, unit in enumerate(["盒", "盒", "车"]):
        lines.append(separator.join([MILK, f"{number}-{i}", "1200", unit, "2026年11月1日", "饲料"]))
    text = "\r\n".join([*lines, separator * 5, ""])
    done = bring(world, text.encode(encoding), "--rejects", "rejects.csv", expect=REFUSED)
    assert (done.counts["registered"], done.counts["refused"]) == (2, 1) and done.counts["encoding"] == shown
    assert ("read as " + shown in done.err) == (shown != "UTF-8")
    assert lot(world, number + "-1")["made"] == "2026-11-01"
    raw = (world.dir / "rejects.csv").read_bytes()
    kept = raw.decode(encoding)
    assert kept.split("\n")[0] == lines[0] + separator + "reason"
    assert kept.split("\n")[1].startswith(lines[3])
    if encoding in ("utf-8-sig", "utf-16"):  # a spreadsheet looks for the mark
        assert raw[:2] == text.encode(encoding)[:2]
    mended = bring(world, kept.replace("车", "箱").encode(encoding), name="mended.csv")
    assert mended.counts["registered"] == 1


def test_encoding_as_told(world):
    name = world.write("told.csv", f"{HEAD}\n{row('TO1')}\n{row('TO2', unit='盒')}\n".encode("utf-16-le"))
    world("batch", "import", name, expect=(FAIL, USAGE))
    assert world("batch", "import", name, "--encoding", "utf-16", "--json").json["registered"] == 2
    assert "gb18030" in world("batch", "import", name, "--encoding", "big5", expect=USAGE).err


def test_a_byte_of_another_encoding_is_a_bad_row(world):
    text = f"{HEAD}\n{row('BY1', unit='盒')}\n".encode() + row("BY2").encode("gb18030") + b"\n" + \
        "".join(row(f"BY{i}", unit="箱") + "\n" for i in range(3, 9)).encode()
    done = bring(world, text, expect=REFUSED)
    assert (done.counts["registered"], done.counts["refused"]) == (7, 1)
    assert re.search(r"rows.csv:3: line 3, byte \d+: not UTF-8", done.err)


def test_as_a_spreadsheet_leaves_it(world):
    """Rows and columns of nothing, digits in full width, thousands, a number that was shortened."""
    text = (f"{HEAD},,\n{MILK},SP1,\"１，２００．５\",公斤,２０２６年１１月１日,,,\n,,,,,,,\n"
            f"{MILK},SP2,5,盒,2026-11-01,,,\n6.90123E+12,SP3,5,盒,2026-11-01,,,\n"
            f"{MILK},SP4,\"1,5\",公斤,2026-11-01,,,\n{MILK},SP5,5,盒,2026-11-01,,,x\n,,,,,,,\n")
    done = bring(world, text, expect=REFUSED)
    assert (done.counts["rows"], done.counts["registered"]) == (5, 2)
    assert lot(world, "SP1")["quantity"] == "1200.5" and lot(world, "SP1")["made"] == "2026-11-01"
    assert re.search(r":5: product: .*shortened by a spreadsheet", done.err)
    assert re.search(r":6: quantity: 1,5 is not a quantity", done.err)
    assert re.search(r":7: field 8 has a value, but no heading", done.err)


def test_batches_and_what_happened_to_them(world):
    """One file of a warehouse: a column says what each row is."""
    head = "业务,商品条码,批号,追溯码,数量,单位,生产日期,时间,往来单位,发货单号,检验报告号,检验结果,检验类别"
    shop = check_digit("690123488880")
    rows = [f",{MILK},MX1,,500,盒,2026-11-01,,,,,,",
            f"生产入库,{MILK},MX2,,500,盒,2026-11-01,,,,,,",
            f"销售出库,{MILK},MX1,,200,盒,2026-11-01,2026/11/2 8:30,{shop},CK-1,,,",
            f"采购入库,{MILK},MX1,,200,盒,,2026-11-02 15:00,{DAIRY},CK-1,,,",
            f"退货,{MILK},MX1,,5,盒,,2026-11-03,{DAIRY},,,,",
            f"召回出库,{MILK},MX1,,3,盒,,2026-11-04,{DAIRY},,,,",
            f"召回入库,{MILK},MX1,,3,盒,,2026-11-05,{shop},,,,",
            f"销毁,{MILK},MX1,,3,盒,,2026-11-06,,,,,",
            f"抽检,{MILK},MX1,,,,,2026-11-07,,,J-1,合格,监督抽检",
            f"销售出库,,,{MILK[:-1]}0,,,,2026-11-07,,,,,",
            f"搬家,{MILK},MX1,,1,盒,,2026-11-08,,,,,",
            f"销售出库,{MILK},MX1,,1,盒,2026-11-01,,{shop},,,,"]
    done = bring(world, "\n".join([head, *rows]) + "\n", expect=REFUSED)
    assert (done.counts["registered"], done.counts["refused"]) == (9, 3), done
    assert re.search(r":11: 追溯码: ", done.err) and re.search(r":12: 业务: 搬家", done.err)
    assert re.search(r":13: 时间: is missing: expected when it happened", done.err)
    total = records(world)
    steps = [json.loads(world("ledger", "record", n).out)["bizStep"] for n in range(total - 9, total)]
    assert sorted(steps) == sorted(["commissioning"] * 2 + ["shipping"] * 3 + ["receiving"] * 2 +
                                   ["destroying", "inspecting"])
    assert bring(world, "\n".join([head, *rows]) + "\n", expect=REFUSED).counts["already"] == 9


def test_a_firms_own_words(world):
    """Headings, units, words and names of a system that nobody will change for us."""
    shop = check_digit("690123488880")
    world.write("our.ini", f"""; 仓库系统
[columns]
物料 = product
货号 = 批号
单据 = event
件数 = quantity
对方 = partner
单据时间 = at
备注 =
[constants]
单位 = 托
made = 2026-11-01
[units]
托 = XPX
[events]
调出 = ship
[names]
五一商店 = {shop}
""".encode("gb18030"))
    head = "物料,货号,单据,件数,对方,单据时间,备注"
    text = f"{head}\n{MILK},MP1,,5,,,好\n{MILK},MP1,调出,2,五一商店,2026-11-02 8:00,\n{MILK},MP1,调出,2,六一商店,2026-11-02,\n"
    done = bring(world, text, "--map", "our.ini", expect=REFUSED)
    assert (done.counts["registered"], done.counts["refused"]) == (2, 1)
    assert re.search(r":4: 对方: 六一商店: expected a GLN or social credit code", done.err)
    assert lot(world, "MP1")["unit"] == "XPX"
    shipped = json.loads(world("ledger", "record", records(world) - 1).out)
    if shipped["bizStep"] != "shipping":
        shipped = json.loads(world("ledger", "record", records(world) - 2).out)
    assert shipped["destinationList"][0]["destination"] == f"https://id.gs1.org/417/{shop}"
    # the same words in JSON
    flat = compact({"物料": MILK, "货号": "MP2", "件数": 3, "备注": "x"}) + "\n"
    assert bring(world, flat, "--map", "our.ini", name="flat.ndjson").counts["registered"] == 1
    world.write("bad.ini", "[columns]\na = colour\n[units]\n车 = 辆\n")
    done = world("batch", "import", "rows.csv", "--map", "bad.ini", expect=USAGE)
    assert "line 2" in done.err and "line 4" in done.err
    assert "no.ini" in world("batch", "import", "rows.csv", "--map", "no.ini", expect=FAIL).err


def test_what_all_rows_share(world):
    bring(world, "lot,quantity\nSH1,5\nSH2,6\n", "--gtin", MILK, "--unit", "盒", "--made", "2026-11-01")
    assert lot(world, "SH2")["quantity"] == "6"


@pytest.mark.parametrize("text,expect,words", [
    ("", FAIL, ["empty"]),
    ("\ufeff", FAIL, ["empty"]),
    (f"{HEAD},颜色,size\n", USAGE, ["颜色", "size", "known are", "批号", "lot", "--ignore-columns"]),
    (f"{HEAD},批号\n", USAGE, ["two columns", "lot"]),
    ("\xff\xfe".encode("latin-1"), FAIL, ["empty"]),
    ("批号,caf\xe9\n".encode("latin-1", "ignore"), FAIL, ["line 1", "not UTF-8", "--encoding"]),
    ('{"type":"EPCISDocument"}', FAIL, ["eventList"]),
])
def test_no_such_file_of_rows(world, text, expect, words):
    world.write("odd.csv", text)
    done = world("batch", "import", "odd.csv", expect=expect)
    assert all(word in done.err for word in words), done
    assert not done.out
    world("batch", "import", "absent.csv", expect=FAIL)
    world("batch", "import", ".", expect=FAIL)


def test_unknown_columns_left_out(world):
    assert bring(world, f"{HEAD},colour\n{row('IC1')},red\n", "--ignore-columns").counts["registered"] == 1


def test_heading_alone(world):
    assert bring(world, HEAD + "\n").counts["rows"] == 0


# --- bad rows

BAD = [
    # lot, what is written, column, reason
    ("BAD-DIGIT", {"product": MILK[:-1] + str((int(MILK[-1]) + 1) % 10)}, "product", "check digit"),
    ("BAD-NONE", {"product": ""}, "product", "missing"),
    ("BAD-WORD", {"product": "milk"}, "product", "no code"),
    ("THIS-LOT-NUMBER-IS-TOO-LONG", {}, "lot", "20 characters"),
    ("", {}, "lot", "missing"),
    ("BAD-QUANTITY", {"quantity": "many"}, "quantity", "not a quantity"),
    ("BAD-NEGATIVE", {"quantity": "-5"}, "quantity", "above zero"),
    ("BAD-ZERO", {"quantity": "0"}, "quantity", "above zero"),
    ("BAD-UNIT", {"unit": "车"}, "unit", "no unit"),
    ("BAD-DAY", {"made": "2026年4月31日"}, "made", "no date"),
    ("BAD-SOON", {"made": "soon"}, "made", "no date"),
    ("BAD-NOTMADE", {"made": ""}, "made", "missing"),
    ("BAD-EXPIRES", {"expires": "2026-10-01"}, "expires", "before it was made"),
    ("BAD-THEIRS", {"product": OTHERS}, "product", "product"),
    ("BAD-UNREGISTERED", {"product": check_digit("0690123499999")}, "product", "product"),
]


def test_what_is_wrong_says_what_was_expected(world):
    """In both languages, whatever the column; a lone row isn't several."""
    columns = "product,lot,quantity,unit,made,expires,origin,result,report,at,country,place,to,event,serial"
    wrong = [["milk", "A1", "-5", "lorry", "soon", "2026-10-01", "1", "maybe", "zz", "25:99", "CHINA", "12", "x y", "", ""],
             [MILK, "L" * 21, "1", "kg", "2026-11-01", "2026-10-01", "", "", "", "", "", "", "", "", ""],
             ["", "", "", "", "", "", "", "", "", "", "", "", "", "fly", ""], [MILK, "", "", "", "", "", "", "", "", "", "", "", "", "", ""]]
    world.write("wrong.csv", "\n".join([columns] + [",".join(cells) for cells in wrong]) + "\n" + "only,two\n")
    for lang, word in (("en", "expected|the heading has"), ("zh", "应为|表头有")):
        done = world("batch", "import", "wrong.csv", "--dry-run", "--lang", lang, expect=REFUSED)
        faults = [fault for line in done.err.splitlines() if re.match(r"wrong.csv:\d+: ", line)
                  for fault in re.split(r"; (?=[a-z]+: )", line.split(": ", 1)[1])]
        assert len(faults) > 12 and not [fault for fault in faults if not re.search(word, fault)], done.err


def test_bad_rows_are_named_once(world):
    lines, wanted = [HEAD], {}
    for i, (number, change, column, reason) in enumerate(BAD):
        lines.append(row(f"GOOD-{i}"))
        lines.append(row(number, **change))
        wanted[len(lines)] = (column, reason)
    lines.append(f"{MILK},SHORT,5")
    wanted[len(lines)] = ("3 fields", "6")
    lines.append(row("LONG") + ",x")
    wanted[len(lines)] = ("7 fields", "6")
    lines.append(f'{MILK},A"B,5,盒,2026-11-01,')
    wanted[len(lines)] = ("field 2", "quote")
    text = "\n".join(lines) + "\n"
    done = bring(world, text, "--rejects", "rejects.csv", expect=REFUSED)
    assert done.counts["refused"] == len(wanted) and done.counts["registered"] == len(BAD)
    named = {}
    for line in done.err.splitlines():
        found = re.match(r"rows\.csv:(\d+): (.*)", line)
        if found:
            assert int(found[1]) not in named, f"twice: {line}"
            named[int(found[1])] = found[2]
    assert sorted(named) == sorted(wanted), done.err
    kept = list(csv.reader(io.StringIO(world.read("rejects.csv"))))
    assert kept[0] == HEAD.split(",") + ["reason"] and len(kept) == 1 + len(wanted)
    for line, (column, reason) in wanted.items():
        assert column in named[line] and reason in named[line], named[line]
        assert any(kept_row[-1] == named[line] for kept_row in kept[1:]), named[line]
    # in the producer's language
    chinese = bring(world, text, "--lang", "zh", expect=REFUSED)
    for line in (5, 17, 21):
        assert re.search(rf"^rows\.csv:{line}: .*[\u4e00-\u9fff]", chinese.err, re.M), chinese
    # run again: nothing new, the same complaints
    again = bring(world, text, "--rejects", "rejects2.csv", expect=REFUSED)
    assert again.counts["registered"] == 0 and again.counts["already"] == len(BAD)
    assert sorted(world.read("rejects2.csv").splitlines()) == sorted(world.read("rejects.csv").splitlines())


def test_rejects_are_repaired_and_imported(world):
    bad = [row("REP1", unit="车"), row("REP2", made="soon"), row("REP0")]
    bring(world, HEAD + "\n" + "\n".join(bad) + "\n", "--rejects", "mend.csv", expect=REFUSED)
    text = world.read("mend.csv").replace("车", "箱").replace("soon", "2026-11-02", 1)
    assert bring(world, text, name="mend.csv").counts["registered"] == 2
    assert lot(world, "REP2")["made"] == "2026-11-02"


def test_rejects_never_over_the_input(world):
    text = f"{HEAD}\n{row('OVER1')}\n{row('OVER2', unit='车')}\n"
    world.write("same.csv", text)
    os.symlink("same.csv", world.dir / "link.csv")
    for name in ("same.csv", "./same.csv", "link.csv"):
        assert "rejects" in world("batch", "import", "same.csv", "--rejects", name, expect=USAGE).err
    assert world.read("same.csv") == text
    world("batch", "import", "same.csv", "--rejects", "no/such/folder.csv", expect=FAIL)


def test_rejects_on_a_full_disk(world):
    world.write("full.csv", f"{HEAD}\n{row('FULL1', unit='车')}\n")
    done = world("batch", "import", "full.csv", "--rejects", "/dev/full", expect=FAIL)
    assert "cannot be written" in done.err


def test_the_same_row_twice(world):
    text = f"{HEAD}\n{row('TW1')}\n{row('TW2')}\n{row('TW1')}\n"
    done = bring(world, text)
    assert done.counts["registered"] == 2 and done.counts["already"] == 1
    assert "rows.csv:4: repeats line 2" in done.err
    refused = bring(world, f"{HEAD}\n{row('TW5', product=OTHERS)}\n{row('TW6')}\n{row('TW5', product=OTHERS)}\n",
                    "--rejects", "twice.csv", expect=REFUSED)
    assert refused.counts["registered"] == 1 and refused.counts["refused"] == 2  # one reason for both
    assert len(re.findall("rows.csv:2: ", refused.err)) == 1 and len(world.read("twice.csv").splitlines()) == 2
    assert bring(world, text).counts["already"] == 3
    # a row more in a file that is there already
    more = bring(world, text + row("TW3") + "\n")
    assert (more.counts["registered"], more.counts["already"]) == (1, 3)


def test_contradictions_are_refused(world):
    bring(world, f"{HEAD}\n{row('CO1')}\n")
    done = bring(world, f"{HEAD}\n{row('CO2')}\n{row('CO1', expires='2098-01-01')}\n", expect=REFUSED)
    assert done.counts["registered"] == 1 and "rows.csv:3" in done.err


# --- other forms


def test_ndjson(world):
    events = [batch(MILK, f"ND{i}", event_id=f"urn:x:nd:{i}") for i in range(5)]
    events[3]["quantityList"][0]["epcClass"] = "https://id.gs1.org/01/123/10/X"
    text = "".join(compact(e) + "\n" for e in events) + "{not JSON}\n"
    done = bring(world, text, "--rejects", "bad.ndjson", name="e.ndjson", expect=REFUSED)
    assert done.counts["registered"] == 4 and "e.ndjson:4" in done.err and "e.ndjson:6" in done.err
    bad = [json.loads(line) for line in world.read("bad.ndjson").splitlines()]
    assert [one["line"] for one in bad] == [4, 6] and all(one["reason"] for one in bad)
    for lang in ("en", "zh"):
        assert bring(world, text, "--lang", lang, name="e.ndjson", expect=REFUSED).counts["already"] == 4


def test_flat_ndjson(world):
    text = "".join(compact({"gtin": MILK, "lot": f"FL{i}", "quantity": 5, "made": "2026-11-01"}) + "\n" for i in "ab")
    assert bring(world, text, name="flat.ndjson").counts["registered"] == 2


def test_epcis_document(world):
    document = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
                "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-01T00:00:00Z",
                "epcisBody": {"eventList": [batch(MILK, "EP1"), batch(MILK, "EP2"), batch(OTHERS, "EP3")]}}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    done = bring(world, text, name="doc.json", expect=REFUSED)
    assert (done.counts["registered"], done.counts["refused"]) == (2, 1)
    assert bring(world, text, name="doc.json", expect=REFUSED).counts["already"] == 2


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="GS1's example documents aren't on this machine")
def test_gs1_examples(world):
    """Somebody else's documents: each event is registered or refused with a reason, none lost."""
    seen = 0
    for path in sorted(EXAMPLES.rglob("*.json*")):
        document = json.loads(path.read_text())
        events = (document.get("epcisBody") or {}).get("eventList") if isinstance(document, dict) else None
        if document.get("type") != "EPCISDocument" or not events:
            continue
        try:
            verifier.strict_json(path.read_text())
        except ValueError:  # a name twice in one object: nobody can say which is meant
            world.write("example.json", path.read_bytes())
            assert "twice" in world("batch", "import", "example.json", expect=FAIL).err
            continue
        done = bring(world, path.read_bytes(), name="example.json", expect=(DONE, REFUSED))
        assert done.counts["rows"] == len(events), path
        assert len(re.findall(r"^example\.json:\d+: (?!warning|repeats)", done.err, re.M)) == done.counts["refused"]
        seen += len(events)
    assert seen > 10


def test_standard_input(world):
    before = records(world)
    text = f"{HEAD}\n{row('IN1')}\n{row('IN2', unit='车')}\n"
    done = world("batch", "import", "-", "--rejects", "in.csv", "--json", stdin=text, expect=REFUSED)
    assert done.json["registered"] == 1 and records(world) == before + 1 and ":3: unit" in done.err
    many = "".join(compact(batch(MILK, f"IN-{i}")) + "\n" for i in range(3))
    assert world("batch", "import", "-", "--json", stdin=many).json["registered"] == 3


def test_progress_on_a_terminal_alone(world):
    world.write("tty.csv", HEAD + "\n" + "".join(row(f"TTY{i}") + "\n" for i in range(50)))
    assert "\r" not in world("batch", "import", "tty.csv").err
    main, sub = pty.openpty()
    process = ledgers.subprocess.Popen(world.command("batch", "import", "tty.csv", "--rows", "10"), cwd=world.dir,
                                       env=world.env(), stdout=ledgers.subprocess.PIPE, stderr=sub)
    os.close(sub)
    out = process.communicate(timeout=60)[0]
    shown = os.read(main, 65536)
    os.close(main)
    assert process.returncode == DONE and b"already" in out and b"\r" not in out
    assert b"\r" in shown


# --- interrupted


def many_rows(n, prefix):
    """N rows of which every 50th is bad, half of those here and half by the ledger's judgement."""
    lines = [HEAD]
    bad = {}
    for i in range(n):
        if i % 100 == 7:
            bad[len(lines) + 1] = f"{prefix}{i}"
            lines.append(row(f"{prefix}{i}", unit="车"))
        elif i % 100 == 57:
            bad[len(lines) + 1] = f"{prefix}{i}"
            lines.append(row(f"{prefix}{i}", product=OTHERS))
        else:
            lines.append(row(f"{prefix}{i}"))
    return "\n".join(lines) + "\n", bad


def lots_of(ledger, prefix):
    """Each record's lot with that prefix, straight from the journal."""
    numbers = []
    connection = ledger.connect()
    total = ledger.get("/v1/ledger", connection=connection).json["records"]
    for n in range(total):
        text = ledger.get(f"/v1/records/{n}", connection=connection).body.decode()
        numbers += re.findall(rf'"cbvmda:lotNumber":"({prefix}\d+)"', text)
    return numbers


def finish(cli, ledger, n, prefix, bad):
    done = cli("batch", "import", "many.csv", "--rejects", "bad.csv", "--json", expect=REFUSED)
    assert done.json["rows"] == n and done.json["refused"] == len(bad)
    assert done.json["registered"] + done.json["already"] == n - len(bad)
    named = [int(x) for x in re.findall(r"^many\.csv:(\d+): (?!warning)", done.err, re.M)]
    assert sorted(named) == sorted(bad)
    kept = [r["lot"] for r in csv.DictReader(io.StringIO(cli.read("bad.csv")))]
    assert sorted(kept) == sorted(bad.values())
    lots = lots_of(ledger, prefix)
    assert len(lots) == len(set(lots)) == n - len(bad)
    return done


def wait_for(condition, process):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        if process.poll() is not None:
            return


def test_import_killed_and_run_again(ledger, tmp_path):
    n = 10_000
    cli = dairy(ledger, tmp_path)
    before = ledger.get("/v1/ledger").json["records"]
    text, bad = many_rows(n, "K")
    cli.write("many.csv", text)
    for round_ in (1, 2):
        process = cli.begin("batch", "import", "many.csv", "--rows", "5")
        wait_for(lambda: ledger.get("/v1/ledger").json["records"] > before + round_ * 1000, process)
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, "too fast to be killed in the middle"
    done = finish(cli, ledger, n, "K", bad)
    assert done.json["already"] >= 2000
    assert cli("ledger", "audit", "--records", "--json").json["faults"] == 0


def test_daemon_killed_and_run_again(ledger, tmp_path):
    n = 5000
    cli = dairy(ledger, tmp_path)
    before = ledger.get("/v1/ledger").json["records"]
    text, bad = many_rows(n, "D")
    cli.write("many.csv", text)
    process = cli.begin("batch", "import", "many.csv", "--rows", "5", "--wait", "0")
    wait_for(lambda: ledger.get("/v1/ledger").json["records"] > before + 400, process)
    ledger.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == AWAY, err
    assert "run again" in err
    cli.write("mended.csv", "mended by hand\n")
    cli("batch", "import", "many.csv", "--rejects", "mended.csv", expect=AWAY)
    assert cli.read("mended.csv") == "mended by hand\n"
    ledger.start()
    cli.where = ledger.url
    finish(cli, ledger, n, "D", bad)
    assert cli("ledger", "audit", "--records", "--json").json["faults"] == 0


def test_interrupted_by_hand(world):
    """Ctrl-C: it stops at once, also while the ledger doesn't answer; what was registered stays."""
    n = 10_000
    text, bad = many_rows(n, "C")
    world.write("many.csv", text)
    before = records(world)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs this in the background has it ignored
    process = world.begin("batch", "import", "many.csv", "--rows", "1")  # as many answers as rows
    wait_for(lambda: world.ledger.get("/v1/ledger").json["records"] > before + 200, process)
    world.ledger.process.send_signal(signal.SIGSTOP)
    try:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        world.ledger.process.send_signal(signal.SIGCONT)
    assert process.returncode in (-signal.SIGINT, 130), process.returncode
    finish(world, world.ledger, n, "C", bad)


# --- the demo's files


@pytest.mark.parametrize("name,good,bad", [
    ("dairy.csv", 296, {42: "商品条码", 113: "保质期至", 182: "商品条码", 224: "检验"}),
    ("vegetables.csv", 237, {19: "采收日期", 92: "数量", 152: "合格证编号|承诺依据"}),
    ("drugs.csv", 197, {35: "lot", 72: "serials", 142: "serials"}),
    ("cement.csv", 257, {7: "单位", 79: "检验结果", 202: "生产日期"})])
def test_the_demos_files(trades, name, good, bad):
    cli = trades[name]
    before = records(cli)
    done = cli("batch", "import", ledgers.ROOT / "tests/data" / name, "--rejects", "bad.csv", "--json", expect=REFUSED)
    assert (done.json["registered"], done.json["refused"]) == (good, len(bad)), done
    assert records(cli) == before + good
    for line, column in bad.items():
        assert re.search(rf"{name}:{line}: ({column})", done.err), (line, done.err)
    again = cli("batch", "import", ledgers.ROOT / "tests/data" / name, "--json", expect=REFUSED)
    assert (again.json["registered"], again.json["already"]) == (0, good)


@pytest.fixture(scope="module")
def trades(tmp_path_factory):
    """Four producers enrolled as the demo enrols them, from the demo's own table."""
    sys.path.insert(0, str(ledgers.ROOT / "tests"))  # the demo's files import one another
    try:
        demo = importlib.import_module("demo")
    finally:
        sys.path.pop(0)
    folder = tmp_path_factory.mktemp("trades")
    one = ledgers.Ledger(folder / "ledger").init().start()
    operator = Cli(folder / "operator", one.url, one.dir / "operator.key")
    out = {}
    for trade in demo.TRADES:
        cli = out[trade["file"]] = Cli(folder / trade["key"], one.url, "my.key")
        Cli(cli.dir)("key", "new", "my.key", "--party", trade["party"])
        operator("party", "register", trade["party"], "--name-zh", trade["zh"], "--role", "producer", "--uscc",
                 trade["uscc"], "--prefix", trade["prefix"], "--party-key", cli.dir / "my.key")
        cli("place", "register", *demo.place(trade))
        for digits, name, specification, standard in trade["products"]:
            more = ["--standard", standard] if standard else []
            cli("product", "register", demo.gtin(digits), "--name-zh", name, "--category", trade["category"],
                "--specification", specification, *more, *trade["more"])
    yield out
    try:
        one.stop()
    finally:
        one.remove()
