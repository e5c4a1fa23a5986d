"""suyuan recall: the life of a case from the command line; scripts that run twice do no harm."""
import json
import re

from cli import DONE, REFUSED, STOP, UNKNOWN, USAGE, Cli, DAIRY, MILK, dairy
from ledger import Key

CASE = "urn:dairy:recall:7"
SHOP = "urn:suyuan:own:91110000000000000X:shop"


def lot(name):
    return f"(01){MILK}(10){name}"


def world(ledger, tmp_path):
    """A dairy with two lots, and a shop that has something of the first."""
    producer = dairy(ledger, tmp_path)
    key = Key(SHOP)
    key.save(tmp_path / "shop.key")
    ledger.enrol(SHOP, ["seller"], key=key, region="130102")
    for name in ("A1", "A2"):
        producer("batch", "register", "--product", MILK, "--lot", name, "--quantity", "100", "--unit", "kg",
                 "--made", "2026-11-01")
    producer("event", "ship", lot("A1"), "--to", SHOP, "--quantity", "10", "--unit", "kg", "--at", "2026-11-02 08:00")
    shop = Cli(tmp_path / "shop", ledger.url, tmp_path / "shop.key")
    shop("event", "receive", lot("A1"), "--quantity", "10", "--unit", "kg", "--at", "2026-11-03 08:00")
    return producer, shop


def open_words(*more):
    return ("recall", "open", CASE, "--item", lot("A1"), "--rule", "recall/food", "--level", "2",
            "--reason", "Salmonella", "--measures", "Send it back", *more)


def test_the_life_of_a_case(ledger, tmp_path):
    producer, shop = world(ledger, tmp_path)
    assert '"type":"Recall"' in producer(*open_words("--dry-run")).out
    assert producer("recall", "list", "--json").json == []
    assert producer(*open_words()).fields["status"] == "registered"
    assert "already" in producer(*open_words()).out
    told = shop("verify", lot("A1"), expect=STOP)
    assert "RECALLED" in told.out and CASE in told.out and "Salmonella" in told.out and "Send it back" in told.out
    assert "已召回" in shop("--lang", "zh", "verify", lot("A1"), expect=STOP).out
    widen = ("recall", "widen", CASE, "--item", lot("A2"), "--level", "1")
    assert producer(*widen).fields["status"] == "registered"
    assert "already so" in producer(*widen).out
    assert shop("verify", lot("A2"), expect=STOP)
    assert producer("recall", "notify", CASE).fields["parties"] == "2"
    assert "already so" in producer("recall", "notify", CASE).out
    (mine,) = shop("recall", "inbox", "--json").json
    assert (mine["id"], mine["level"], mine["answered"], mine["current"]) == (CASE, "1", None, True)
    answer = ("recall", "answer", CASE, "--item", lot("A1"), "--unit", "kg", "--found", "10", "--stopped", "8",
              "--returned", "7.5")
    assert shop(*answer).fields["status"] == "registered"
    assert "already so" in shop(*answer).out
    shop("recall", "answer", CASE, "--item", lot("A2"), "--unit", "kg", "--found", "0")
    assert shop("recall", "inbox", "--json").json[0]["answered"]
    done = producer("recall", "effectiveness", CASE, "--json").json
    assert done["total"]["quantities"] == [{"unit": "KGM", "toRecall": "200", "found": "10", "stopped": "8",
                                            "returned": "7.5", "destroyed": "0", "recovered": "7.5",
                                            "outstanding": "192.5", "unknown": False, "recoveredPercent": "3.75"}]
    assert [(p["told"], p["untold"], p["quantities"][0]["toRecall"], p["quantities"][0]["recoveredPercent"])
            for p in done["parties"]] == [(1, 0, "190", "0.00"), (1, 0, "10", "75.00")]
    table = producer("recall", "effectiveness", CASE).out
    assert "130102" in table and "75.00" in table and "outstanding" in table
    assert "召回率" in producer("--lang", "zh", "recall", "effectiveness", CASE).out
    producer("recall", "close", CASE, expect=REFUSED)
    report = ("recall", "report", CASE, "--item", lot("A1"), "--unit", "kg", "--to-recall", "10", "--recovered", "7.5",
              "--final")
    assert producer(*report).fields["status"] == "registered"
    assert "already so" in producer(*report).out
    assert producer("recall", "close", CASE).fields["status"] == "registered"
    assert "already so" in producer("recall", "close", CASE).out
    shown = producer("recall", "show", CASE)
    assert "closed" in shown.out and SHOP in shown.out and "notify" in shown.out
    assert producer("recall", "show", CASE, "--json").json["report"]["final"] is True
    assert shop("verify", lot("A1"), expect=STOP)
    operator = Cli(tmp_path / "operator", ledger.url, ledger.dir / "operator.key")
    operator("recall", "revoke", CASE)
    assert shop("verify", lot("A1"), expect=DONE)


def test_whom_it_is_under_way_to_is_told(ledger, tmp_path):
    """Papers of arrival are late: a shop whose goods were sent may have them on its shelf."""
    producer, shop = world(ledger, tmp_path)
    producer("event", "ship", lot("A2"), "--to", SHOP, "--quantity", "30", "--unit", "kg", "--at", "2026-11-04 08:00")
    told = producer("recall", "affected", lot("A2"))
    assert f"Under way to, and perhaps there:\n    {SHOP}" in told.out
    producer("recall", "open", CASE, "--item", lot("A2"), "--rule", "recall/food", "--level", "1", "--reason", "x",
             "--measures", "y")
    parties = producer("recall", "effectiveness", CASE, "--json").json["parties"]
    assert [(p["party"] == SHOP, p["told"], p["untold"], p["holders"]) for p in parties] == [
        (False, 0, 1, 1), (True, 0, 1, 0)]
    assert producer("recall", "notify", CASE).fields["parties"] == "2"
    assert [r["id"] for r in shop("recall", "inbox", "--json").json] == [CASE]
    assert shop("recall", "answer", CASE, "--item", lot("A2"), "--unit", "kg", "--found", "30").fields["status"] == "registered"


def test_nothing_is_no_answer_and_no_report(ledger, tmp_path):
    """An answer without a word counted as answered in full: 100 percent of a shop that had said nothing."""
    producer, shop = world(ledger, tmp_path)
    producer(*open_words())
    producer("recall", "notify", CASE)
    assert "nothing is answered" in shop("recall", "answer", CASE, expect=USAGE).err
    assert "没有答复内容" in shop("--lang", "zh", "recall", "answer", CASE, expect=USAGE).err
    assert "nothing is reported" in producer("recall", "report", CASE, expect=USAGE).err
    ledger.settle()
    assert shop("recall", "inbox", "--json").json[0]["answered"] is None
    shop("recall", "answer", CASE, "--text", "we never had any")
    assert shop("recall", "inbox", "--json").json[0]["answered"]


def test_nobody_to_tell_is_not_everybody_told(ledger, tmp_path):
    """Of a lot that was mistyped nobody has any: "already so" said that all were told."""
    producer, _ = world(ledger, tmp_path)
    producer("recall", "open", CASE, "--item", lot("TYPO"), "--rule", "recall/food", "--level", "1", "--reason", "x",
             "--measures", "y")
    done = producer("recall", "notify", CASE)
    assert done.fields["parties"] == "0" and "nobody was told" in done.fields["status"]
    assert "未通知任何人" in producer("--lang", "zh", "recall", "notify", CASE).out


def test_a_level_that_rose_is_told_to_the_same_shops(ledger, tmp_path):
    """The notice was byte for byte the one of before: the ledger had it already, and nobody was told."""
    producer, shop = world(ledger, tmp_path)
    producer(*open_words())
    first = producer("recall", "notify", CASE).fields["record"]
    producer("recall", "widen", CASE, "--level", "1")
    ledger.settle()
    assert shop("recall", "inbox", "--json").json[0]["current"] is False
    again = producer("recall", "notify", CASE).fields
    assert again["status"] == "registered" and int(again["record"]) > int(first)
    ledger.settle()
    (one,) = shop("recall", "inbox", "--json").json
    assert (one["current"], one["level"], one["notice"]) == (True, "1", int(again["record"]))


def test_whoever_answered_is_told_again(ledger, tmp_path):
    """A scope that grows may reach more of what he has: that he answered once isn't the end of it."""
    producer, shop = world(ledger, tmp_path)
    producer(*open_words())
    producer("recall", "notify", CASE)
    shop("recall", "answer", CASE, "--item", lot("A1"), "--unit", "kg", "--found", "10")
    assert shop("recall", "inbox", "--json").json[0]["toldAgain"] is False
    producer("recall", "widen", CASE, "--item", lot("A2"))
    assert producer("recall", "notify", CASE).fields["status"] == "registered"  # not the notice of before
    assert "already so" in producer("recall", "notify", CASE).out
    ledger.settle()
    assert shop("recall", "inbox", "--json").json[0]["toldAgain"] is True
    assert "told again since" in shop("recall", "inbox").out
    assert producer("recall", "effectiveness", CASE, "--json").json["total"]["toldAgain"] == 1
    assert "1 of those who answered were told again since" in producer("recall", "effectiveness", CASE).out
    notices = producer("recall", "show", CASE, "--json").json["notices"]
    assert [n.get("toldAgain") for n in notices if n["party"] == SHOP] == [True]
    shop("recall", "answer", CASE, "--item", lot("A2"), "--unit", "kg", "--found", "1")
    assert shop("recall", "inbox", "--json").json[0]["toldAgain"] is False
    assert producer("recall", "effectiveness", CASE, "--json").json["total"]["toldAgain"] == 0


def test_whose_goods_by_the_number_of_a_firm(ledger, tmp_path):
    producer, _ = world(ledger, tmp_path)
    operator = Cli(tmp_path / "operator", ledger.url, ledger.dir / "operator.key")
    gln = DAIRY.rsplit("/", 1)[-1]
    operator(*open_words("--party", gln))
    assert producer("recall", "show", CASE, "--json").json["party"] == DAIRY
    assert [r["id"] for r in producer("recall", "list", "--party", gln, "--json").json] == [CASE]
    assert "expected a GLN" in operator("recall", "open", "urn:x:2", *open_words("--party", "6901")[3:], expect=USAGE).err


def test_a_draft_is_opened_later(ledger, tmp_path):
    producer, shop = world(ledger, tmp_path)
    producer(*open_words("--draft"))
    shop("verify", lot("A1"), expect=DONE)
    assert [r["state"] for r in producer("recall", "list", "--json").json] == ["draft"]
    assert producer("recall", "open", CASE).fields["status"] == "registered"
    assert "already so" in producer("recall", "open", CASE).out
    shop("verify", lot("A1"), expect=STOP)


def test_an_exercise_marks_nothing(ledger, tmp_path):
    producer, shop = world(ledger, tmp_path)
    producer(*open_words("--mock"))
    producer("recall", "notify", CASE)
    shop("recall", "answer", CASE, "--item", lot("A1"), "--unit", "克", "--found", "10000", "--returned", "10000")
    producer("recall", "report", CASE, "--final")
    closed = producer("recall", "close", CASE)  # its own stock it never answered for
    assert "closed though 1 of 2 who were told did not answer" in closed.err and "not told" not in closed.err
    assert "（共通知 2 个）尚未答复" in producer("--lang", "zh", "recall", "close", CASE).err
    shop("verify", lot("A1"), expect=DONE)
    done = producer("recall", "effectiveness", CASE, "--json").json
    assert done["mock"] is True and done["exerciseSeconds"] >= 0
    (sum_,) = done["total"]["quantities"]
    assert (sum_["unit"], sum_["toRecall"], sum_["found"], sum_["recoveredPercent"]) == ("KGM", "100", "10", "10.00")


def test_what_is_wrong_is_said(ledger, tmp_path):
    producer, shop = world(ledger, tmp_path)
    assert "--rule is missing" in producer("recall", "open", CASE, "--item", lot("A1"), expect=USAGE).err
    producer("recall", "open", CASE, expect=UNKNOWN)
    producer("recall", "show", CASE, expect=UNKNOWN)
    producer(*open_words())
    shop("recall", "answer", CASE, "--item", lot("A1"), "--found", "1", expect=REFUSED)
    assert "number" in producer("recall", "report", CASE, "--item", lot("A1"), "--made", "many", expect=USAGE).err
    assert json.loads(producer("recall", "show", CASE, "--json").out)["state"] == "open"


def test_what_people_see(ledger, tmp_path):
    """Names beside numbers, times of their own day, each total once; in Chinese all that isn't somebody's text."""
    producer, shop = world(ledger, tmp_path)
    producer(*open_words("--mock"))
    producer("recall", "notify", CASE)
    shown = producer("recall", "show", CASE)
    assert shown.fields["exercise"] == "yes" and shown.fields["scope"] == f"01/{MILK}/10/A1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", shown.fields["known"])
    assert "Shijiazhuang Dairy (417/" in shown.out
    assert "exercise" in shop("recall", "inbox").out and "in force as told" in shop("recall", "inbox").out
    done = producer("recall", "effectiveness", CASE).out
    assert len([line for line in done.splitlines() if line.startswith("total")]) == 1
    for command, headings in ((("list",), ["标识", "状态", "演练", "主体", "原因"]), (("show", CASE), ["规则", "处置措施", "范围", "知悉后", "工作日"]),
                              (("inbox",), ["与所通知一致", "已答复", "进行中", "是"])):
        said = shop("recall", *command, "--lang", "zh").out
        assert all(heading in said for heading in headings), said
        assert not re.search("[a-z]{3}", re.sub(r"https?:\S+|urn:\S+|recall/food|Salmonella|Send it back|recall:", "", said)), said
    assert "已登记" in producer("recall", "widen", CASE, "--item", lot("A2"), "--lang", "zh").out
    assert "已是如此" in producer("recall", "widen", CASE, "--item", lot("A2"), "--lang", "zh").out
    assert producer("recall", "widen", CASE, "--item", lot("A2"), "--lang", "zh", "--json").json["status"] == "already so"


def test_places_by_name_and_one_of_a_thing(ledger, tmp_path):
    producer, shop = world(ledger, tmp_path)
    shop("place", "register", "urn:suyuan:own:91110000000000000X:counter", "--name-zh", "柜台", "--name-en", "Counter")
    shop("event", "receive", lot("A2"), "--quantity", "1", "--unit", "kg", "--at", "2026-11-03 08:00", "--place",
         "urn:suyuan:own:91110000000000000X:counter")
    said = producer("recall", "affected", lot("A2")).out
    assert "@ Counter (urn:suyuan:own:91110000000000000X:counter)" in said
    producer("batch", "register", "--product", MILK, "--lot", "ONE", "--quantity", "1", "--unit", "kg", "--made", "2026-11-01")
    assert "1 item, 1 batch, 1 holder; as of entry" in producer("recall", "affected", lot("ONE")).out
