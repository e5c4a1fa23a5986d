"""What the command line says under --lang zh: its labels and what it finds wrong itself, in Chinese."""
import re

import pytest

from cli import AWAY, Cli, DAIRY, DONE, FAIL, MILK, OTHERS, REFUSED, UNKNOWN, USAGE, dairy
from ledger import ROOT, check_digit

CHINESE = re.compile("[一-鿿：]")
# What stays as it is in any language: names, codes, paths, options, what somebody else's program says.
KEPT = re.compile(r"suyuan|https?:\S+|urn:\S+|/[\w:@/.-]*|--[\w-]+|\w+[-.]\w+(?:\.\w+)*|\"[^\"]*\"|[A-Z]{2,}|[a-z]+[A-Z]\w*|"
                  r"\(\d+\)|\[\w+\]")


def literals(text):
    """The string literals of C, those that stand behind one another joined."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for run in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text):
        yield "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', run))


def test_the_catalogue_has_nothing_that_nobody_says():
    text = re.sub(r"/\* what the system and curl say \*/.*?/\*", "", (ROOT / "cli/words.c").read_text(), flags=re.S)
    rows = re.findall(r'\{((?:"(?:[^"\\\n]|\\.)*"\s*)+),', text)
    keys = ["".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', row)) for row in rows]
    said = set()
    for folder in ("cli", "lib", "daemon/http", "daemon/api", "include/suyuan"):
        for path in sorted((ROOT / folder).glob("*.[ch]")):
            if path.name != "words.c":
                said |= set(literals(path.read_text()))
    assert len(keys) > 100 and len(set(keys)) == len(keys)
    assert not [key for key in keys if key not in said]


@pytest.fixture(scope="module")
def world(shared_ledger, tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    producer = dairy(shared_ledger, folder)
    producer("product", "register", check_digit("0690123400002"), "--name-zh", "酸奶", "--category", "food")
    Cli(producer.dir)("key", "new", "stranger.key", "--party", "urn:x:stranger")
    producer.write("bad.csv", "商品条码,批号,数量,单位,生产日期\n"
                   f"{MILK},A1,5,车,2026-11-01\n{OTHERS},A2,5,盒,2026-11-01\n{MILK},A3,0,盒,昨天\n")
    producer.write("twice.csv", f"商品条码,批号,批次\n{MILK},A1,A1\n")
    producer.write("columns.csv", f"商品条码,颜色\n{MILK},红\n")
    producer.write("map.ini", "[columns]\n颜色 = 什么\n[什么]\n")
    producer.write("events.ndjson", '{"type":"ObjectEvent","eventTime":"昨天"}\n')
    producer.write("text.ndjson", "{\n")
    producer.write("bad.xml", "<Document><Batch><Batch/></Batch></Document>")
    return producer


WHOLE = ["--quantity", "5", "--unit", "盒", "--made", "2026-11-01", "--expires", "2099-01-01"]
YOGHURT = ["batch", "register", "--product", check_digit("0690123400002"), "--lot", "Y1"]
SAID = [
    ("a batch that lacks what it must have", [*YOGHURT, *WHOLE], REFUSED, ["拒绝：", "账本：422 拒绝"]),
    ("somebody else's product", ["batch", "register", "--product", OTHERS, "--lot", "A1", *WHOLE], REFUSED, ["尚未登记", "422 拒绝"]),
    ("a key that nobody knows", ["batch", "register", "--product", MILK, "--lot", "A1", *WHOLE], REFUSED, ["拒绝：", "401 拒绝"]),
    ("a unit that is none", ["batch", "register", "--product", MILK, "--lot", "A1", *WHOLE[:2], "--unit", "车", *WHOLE[4:]],
     USAGE, ["不是单位", "未登记任何内容"]),
    ("of no product", ["batch", "register", "--lot", "A1", *WHOLE], USAGE, ["应为产品的 GTIN 或编码"]),
    ("rows that are wrong", ["batch", "import", "bad.csv", "--rejects", "bad.rejects"], REFUSED,
     ["bad.csv:2: 单位: 车 不是单位", "bad.csv:3: ", "请在其中改正"]),
    ("rows that are only looked at", ["batch", "import", "bad.csv", "--dry-run"], REFUSED, ["有误；未发送任何内容"]),
    ("a file that is none", ["batch", "import", "nothing.csv"], FAIL, ["nothing.csv：没有此文件"]),
    ("two columns that are one", ["batch", "import", "twice.csv"], USAGE, ["两列相同"]),
    ("a column that nobody knows", ["batch", "import", "columns.csv"], USAGE, ["不认识的列"]),
    ("a mapping that is wrong", ["batch", "import", "columns.csv", "--map", "map.ini"], USAGE, ["不是已知的列", "第 3 行"]),
    ("an encoding that is none", ["batch", "import", "bad.csv", "--encoding", "ebcdic"], USAGE, ["--encoding 应为"]),
    ("a format that is none", ["batch", "import", "bad.csv", "--format", "doc"], USAGE, ["--format 应为"]),
    ("codes in a wrong order", ["batch", "import", "bad.xml"], FAIL, ["Batch 内又有 Batch"]),
    ("an event that is none", ["record", "submit", "events.ndjson"], REFUSED, ["第 1 条：", "应为带时区的时间", "未发送任何内容"]),
    ("a text that is no record", ["record", "submit", "text.ndjson"], REFUSED, ["不是有效的 JSON：应为带引号的名称"]),
    ("an event of nothing", ["event", "ship", "--quantity", "5"], (USAGE, REFUSED), ["缺少"]),
    ("no such product", ["product", "show", check_digit("0690123400999")], UNKNOWN, ["没有产品"]),
    ("a price that isn't asked for", ["product", "register", MILK, "--name", "x"], USAGE, ["缺少 --category"]),
    ("a key file that is none", ["batch", "register", "--product", MILK, "--lot", "A1", *WHOLE], FAIL, ["none.key：没有此文件"]),
    ("a code that is none", ["verify", "(01)06901234567890"], (FAIL, USAGE), ["不是代码"]),
    ("rules asked for two ways", ["rules", "show", "--record", "1", "--at", "2026-11-01"], USAGE, ["只能选一个"]),
]


@pytest.mark.parametrize("what,command,code,words", SAID, ids=[row[0] for row in SAID])
def test_what_is_wrong_is_said_in_chinese(world, what, command, code, words):
    key = {"a key that nobody knows": "stranger.key", "a key file that is none": "none.key"}.get(what)
    said = world("--lang", "zh", *command, expect=code, key=key).err
    for word in words:
        assert word in said, said
    for line in re.sub(r"usage:.*", "", said, flags=re.S).splitlines():
        if line.strip():
            assert CHINESE.search(line), line
    for english in ("refused", "warning", "expected", "is missing", "cannot", " is no ", "the ledger", "nothing"):
        assert english not in KEPT.sub("", said.split("usage:")[0]), said
    # and in English as ever
    told = world("--lang", "en", *command, expect=code, key=key).err
    assert not any(word in told for word in words if CHINESE.search(word))


def test_a_warning_has_its_label(world):
    done = world("--lang", "zh", "batch", "register", "--product", MILK, "--lot", "W1", *WHOLE, "--origin", "990100")
    assert "警告：" in done.err and "warning" not in done.err


def test_a_ledger_that_is_away(world):
    said = Cli(world.dir, "http://127.0.0.1:1", "dairy.key")("--lang", "zh", "ledger", "info", expect=AWAY).err
    assert "http://127.0.0.1:1：无法连接" in said


def test_help_stays_english(world):
    for words in (("help",), ("help", "batch", "register")):
        assert world("--lang", "zh", *words, expect=DONE).out == world("--lang", "en", *words).out
    assert DAIRY in world("--lang", "zh", "party", "show", DAIRY).out
