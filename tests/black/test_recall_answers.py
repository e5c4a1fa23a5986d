"""Answers and reports of many batches at once: from options, a file, standard input; run twice, killed in between."""
import json
import signal

import pytest

from cli import FAIL, MILK, REFUSED, USAGE
from test_recall_cli import CASE, lot, open_words, world as make_world

MANY = 300


@pytest.fixture(scope="module")
def world(shared_ledger, tmp_path_factory):
    producer, shop = make_world(shared_ledger, tmp_path_factory.mktemp("answers"))
    producer(*open_words())
    producer("recall", "widen", CASE, "--item", lot("A2"))
    producer("recall", "notify", CASE)
    return producer, shop


def said(cli, which="answer"):
    """What stands of the shop's answer, or of the report: {lot and unit: amounts}."""
    case = cli("recall", "show", CASE, "--json").json
    text = case[which] if which == "report" else next(n["answer"] for n in case["notices"] if n.get("answer"))
    return {(q["code"].split("/10/")[1], q.get("uom", "")): {k: v for k, v in q.items() if k not in ("code", "uom")}
            for q in text["quantities"]}


def test_several_items(world):
    _, shop = world
    both = ("recall", "answer", CASE, "--item", lot("A1"), "--item", lot("A2"), "--unit", "kg")
    assert shop(*both, "--found", "10", "--found", "0", "--returned", "0").fields["status"] == "registered"
    assert said(shop) == {("A1", "KGM"): {"found": 10, "returned": 0}, ("A2", "KGM"): {"found": 0, "returned": 0}}
    assert "already so" in shop(*both, "--found", "10", "--found", "0", "--returned", "0").out
    done = shop(*both, "--item", lot("A3"), "--found", "10", "--found", "0", expect=USAGE)
    assert "--found is there 2 times, --item 3 times" in done.err
    done = shop(*both, "--found", "many", "--returned", "-1", expect=USAGE)
    assert done.err.count("expected a number such as 12.5") == 4 and "--item 2: returned" in done.err


@pytest.mark.parametrize("name,text", [
    ("en.csv", 'item,unit,found,stopped\n"(01){g}(10)B1",kg,"1,250.5",3\n(01){g}(10)B2,,0,\n,,,\n'),
    ("zh.csv", "批次;单位;查获数量;下架\n(01){g}(10)B1;公斤;１２５０．５;3\n(01){g}(10)B2;;0;\n"),
    ("rows.ndjson", '{{"item":"(01){g}(10)B1","unit":"kg","found":1250.5,"stopped":"3"}}\n\n'
                    '{{"code":"(01){g}(10)B2","uom":null,"found":"0"}}\n')])
def test_a_file(world, name, text):
    _, shop = world
    text = text.format(g=MILK)
    for write in (text.encode(), text.encode("gb18030") if name == "zh.csv" else b"\xef\xbb\xbf" + text.encode()):
        shop("recall", "answer", CASE, "--item", lot("B1"), "--unit", "kg", "--found", "9")
        shop.write(name, write)
        before = shop("ledger", "info", "--json").json["records"]
        shop("recall", "answer", CASE, name)
        assert shop("ledger", "info", "--json").json["records"] == before + 1  # one submission, one record
        told = said(shop)
        assert told["B1", "KGM"] == {"found": 1250.5, "stopped": 3} and told["B2", ""] == {"found": 0}
        assert told["A1", "KGM"] == {"found": 10, "returned": 0}  # what was said before of others stands
    assert "already so" in shop("recall", "answer", CASE, "-", stdin=text).out


def test_every_fault_at_once(world):
    _, shop = world
    shop.write("bad.csv", f"item,unit,found\n(01){MILK}(10)C1,kg,5\n(01)06901234567890(10)C2,kg,5\n"
                          f"(01){MILK}(10)C3,lorries,-4\n,kg,1\n(01){MILK}(10)C1,公斤,7\n(01){MILK}(10)C4,kg,1,2,3\n")
    before = said(shop)
    done = shop("recall", "answer", CASE, "bad.csv", expect=REFUSED)
    for line in ("bad.csv:3: (01)06901234567890(10)C2 is not a code", 'bad.csv:4: unit: is "lorries", expected a unit',
                 'bad.csv:4: found: is "-4", expected a number', 'bad.csv:5: item: is "", expected the code of a batch',
                 "bad.csv:6: item: is ", "expected each batch once in a unit", "bad.csv:7: has 5 fields, the heading has 3",
                 "nothing was sent"):
        assert line in done.err, (line, done.err)
    assert said(shop) == before
    chinese = shop("recall", "answer", CASE, "bad.csv", "--lang", "zh", expect=REFUSED).err
    assert 'bad.csv:4：found：为 "-4"，应为数字' in chinese and "未发送任何内容" in chinese
    for name, text, words in (("columns.csv", "item,colour\nx,red\n", "unknown column: colour; known are: item, unit, found"),
                              ("none.csv", "unit,found\nkg,5\n", "expected a column item"), ("empty.csv", "", "has no row"),
                              ("list.ndjson", '{"item":"x"\n', "list.ndjson:1: byte")):
        shop.write(name, text)
        done = shop("recall", "answer", CASE, name, expect=REFUSED)
        assert words in done.err, done.err
    shop("recall", "answer", CASE, "nowhere.csv", expect=FAIL)


def test_a_report_of_many(world):
    producer, _ = world
    producer.write("report.csv", "item,unit,made,应召回,已召回\n" + "".join(
        f"(01){MILK}(10)R{i},kg,{i + 10},{i + 5},{i}\n" for i in range(MANY)))
    assert '"type":"RecallReport"' in producer("recall", "report", CASE, "report.csv", "--dry-run").out
    producer("recall", "report", CASE, "report.csv")
    told = said(producer, "report")
    assert len(told) == MANY and told["R7", "KGM"] == {"made": 17, "toRecall": 12, "recovered": 7}
    assert "already so" in producer("recall", "report", CASE, "report.csv").out
    assert producer("recall", "report", CASE, "report.csv", "--final").fields["status"] == "registered"


def test_killed_and_run_again(world):
    """Whenever it dies, running it again ends in the same, said once."""
    _, shop = world
    shop.write("again.csv", "item,unit,found\n" + "".join(f"(01){MILK}(10)K{i},kg,{i}\n" for i in range(MANY)))
    began = shop.begin("recall", "answer", CASE, "again.csv")
    began.send_signal(signal.SIGKILL)
    began.communicate()
    shop("recall", "answer", CASE, "again.csv")
    assert {k: v for k, v in said(shop).items() if k[0].startswith("K")} == {
        (f"K{i}", "KGM"): {"found": i} for i in range(MANY)}
    assert json.loads(shop("recall", "answer", CASE, "again.csv", "--json").out)["status"] == "already so"
