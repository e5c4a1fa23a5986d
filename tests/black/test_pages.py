"""Pages ready to print: what a recall would hit, the report of a recall; and that report as CSV."""
import csv
import html.parser
import io
import re

import pytest

from cli import FAIL, UNKNOWN, USAGE, Cli
from ledger import batch, check_digit
from program import Program
from test_affected import ask
from test_recall import ABROAD, SHOP, answer, notice, now, recall, report, shops
from test_recall import small as lots
from test_recall_affected import Cutter
from test_trace import event
from trade import ends

EVIL = "<script>alert('1')</script>&\"=x\u202e"


class Page(html.parser.HTMLParser):
    """Its text, its tables, and whether each element is closed; nothing in it is loaded or run."""
    EMPTY = {"meta", "!doctype"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.fields, self.tags, self.texts = [], [], {}, set(), []
        self.name = None
        self.feed(text)
        self.close()
        assert self.open == [], self.open
        assert self.tags <= {"html", "head", "meta", "style", "title", "body", "h1", "h2", "p", "dl", "dt", "dd", "table",
                             "thead", "tbody", "tr", "th", "td"}

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert {name for name, _ in attributes} <= {"lang", "charset", "http-equiv", "content", "class"}
        if tag in self.EMPTY:
            return
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.texts.append(data)
        if self.open[-1:] == ["dt"]:
            self.name = data
        elif self.open[-1:] == ["dd"]:
            self.fields[self.name] = data
        elif self.open[-1:] in (["td"], ["th"]):
            self.tables[-1][-1][-1] += data

    @property
    def text(self):
        return "".join(self.texts)


DAIRY = "https://id.gs1.org/417/" + check_digit("690123400000")


def short(code):
    return code.removeprefix("https://id.gs1.org/")


def cells_of(table, party):
    """What stands beside a party, which is there by its name and its code."""
    return [row[1:] for row in table if short(party) in row[0]]


@pytest.fixture
def desk(ledger, tmp_path):
    """A lot of 100 kg, 40 of it with a shop, and a brick of it in a tower with an evil name."""
    key, gtin, lot = lots(ledger)
    one = Program(tmp_path, ledger.url)
    site = "https://id.gs1.org/414/" + check_digit("690123400007")
    one.ledger, one.key_, one.lot = ledger, key, lot("a")
    one.shop, _ = shops(ledger)
    route = {"sourceList": ends(DAIRY, "source"), "destinationList": ends(SHOP, "destination")}
    pieces = [{"epcClass": one.lot, "quantity": 40, "uom": "KGM"}]
    ledger.submit(key, {"type": "Place", "id": site, "party": DAIRY, "name": {"en": "tower"}, "project": EVIL, "part": "3"})
    ledger.submit(key, batch(gtin, "a", quantityList=[{"epcClass": one.lot, "quantity": 100, "uom": "KGM"}]),
                  event("ObjectEvent", 10, action="OBSERVE", bizStep="shipping", quantityList=pieces, **route),
                  event("ObjectEvent", 12, action="OBSERVE", bizStep="receiving", quantityList=pieces, **route),
                  event("ObjectEvent", 14, action="OBSERVE", bizStep="installing", bizLocation={"id": site},
                        quantityList=[{"epcClass": one.lot, "quantity": 1, "uom": "KGM"}]))
    ledger.settle()
    return one


def test_what_a_recall_would_hit(desk):
    done = desk("recall", "affected", desk.lot, "--format", "html")
    assert done.out.startswith("<!DOCTYPE html>") and "size: A4" in done.out and "\u202e" not in done.out
    page = Page(done.out)
    listed, parties, regions = page.tables
    assert listed[0] == ["batch", "why", "who has it, where", "how much", "since"]
    (shop,) = [row for row in listed if short(SHOP) in row[2]]
    assert shop[0].split(" · ")[0] == short(desk.lot) and shop[1] == "asked for"
    assert shop[2].endswith(f"({short(SHOP)}) · 130102") and shop[3:] == ["on hand 40 kg", "2026-11-01 20:00"]
    assert any("<script>alert('1')</script>&\"=x" in row[2] and row[3] == "used 1 kg" for row in listed)
    assert page.fields["batches"] == "1" and page.fields["holders"] == str(len(listed) - 1)
    assert [row[2:5] for row in parties if row[0] == short(SHOP)] == [["130102", "1", "40"]]
    assert ["130102", "40", "0", "0", "0", "0", "kg"] in regions
    assert "This page isn't whole" not in page.text
    chinese = desk("recall", "affected", desk.lot, "--format", "html", "--lang", "zh").out
    assert '<html lang="zh-CN">' in chinese
    assert all(word in chinese for word in ("召回影响范围", "受影响批次", "库存 40 公斤", "已使用", "合计"))
    # What is told in words of the page itself, and nothing else, is not Chinese.
    words = re.sub(r"https?://\S+|[A-Z]{3}|Manufact\S+", "", " ".join(cell for row in Page(chinese).tables[0][:1] for cell in row))
    assert not re.search("[a-z]{3}", words), words


def test_a_day_is_a_day_in_china(desk):
    """Came at half past one in the morning: the page has that day, and not the one before, as UTC does."""
    desk.ledger.submit(desk.key_, event("ObjectEvent", 10, action="OBSERVE", bizStep="receiving", eventTime="2026-11-05T01:30:00+08:00",
                                        quantityList=[{"epcClass": desk.lot, "quantity": 3, "uom": "KGM"}],
                                        sourceList=ends(DAIRY, "source"), destinationList=ends(ABROAD, "destination")))
    desk.ledger.settle()
    page = Page(desk("recall", "affected", desk.lot, "--format", "html").out)
    assert [row[4] for row in page.tables[0] if short(ABROAD) in row[2]] == ["2026-11-05 01:30"]
    assert "Times are those of China, +08:00." in page.text


def test_whom_it_is_under_way_to(desk):
    """A consignee holds nothing yet: it is on the page all the same, by its name."""
    route = {"sourceList": ends(DAIRY, "source"), "destinationList": ends(ABROAD, "destination")}
    desk.ledger.submit(desk.key_, event("ObjectEvent", 13, action="OBSERVE", bizStep="shipping", quantityList=[
        {"epcClass": desk.lot, "quantity": 7, "uom": "KGM"}], **route))
    desk.ledger.settle()
    page = Page(desk("recall", "affected", desk.lot, "--format", "html").out)
    assert page.tables[-1][0] == ["party", "name"] and [row[0] for row in page.tables[-1][1:]] == [short(ABROAD)]
    assert "Under way to, and perhaps there" in page.text
    assert "在途货物的收货方" in desk("recall", "affected", desk.lot, "--format", "html", "--lang", "zh").out


def test_a_page_that_is_not_whole_says_so(desk):
    with Cutter(desk.ledger, cut=b"time") as cutter:
        done = Cli(desk.folder / "cli", cutter.url)("recall", "affected", desk.lot, "--format", "html", expect=FAIL)
    assert "cut by time" in done.err
    desk("recall", "affected", desk.lot + "x", "--format", "html", expect=UNKNOWN)


def open_case(desk):
    ledger, key = desk.ledger, desk.key_
    opened = ledger.submit(key, recall("r", {"items": [desk.lot]}, known=now(-30 * 3600)))["firstRecord"]
    ledger.submit(key, notice([SHOP, ABROAD]))
    quantity = {"code": desk.lot, "uom": "KGM", "found": 10, "stopped": 4.5, "returned": 6, "destroyed": 1.5}
    ledger.submit(desk.shop, answer([quantity], text=EVIL))
    ledger.submit(key, report(text=EVIL, quantities=[{"code": desk.lot, "uom": "KGM", "made": 100, "sold": 40,
                                                      "toRecall": 100, "recovered": 7.5, "outstanding": 92.5}]))
    ledger.settle()
    return opened


def test_the_report_of_a_recall(desk):
    opened = open_case(desk)
    page = Page(desk("export", "recall", "urn:test:recall:r").out)
    assert page.fields["recall"] == "urn:test:recall:r" and page.fields["codes"] == desk.lot
    assert page.fields["reason"] == "Salmonella" and page.fields["report"].startswith("<script>")
    deadlines, reported, parties, regions, listed, totals, _ = page.tables
    assert [(row[0], row[4]) for row in deadlines[1:]][:2] == [("start", "MISSED"), ("notify", "MISSED")]
    assert reported[1:] == [[desk.lot, "100", "40", "100", "7.5", "92.5", "kg"]]
    assert ["1", "0", "1", "100.00 %", "40", "10", "4.5", "6", "1.5", "32.5", "18.75 %", "kg"] in cells_of(parties, SHOP)
    assert ["1", "0", "0", "0.00 %", "", "", "", "", "", "", "", ""] in cells_of(parties, ABROAD)
    assert parties[-1][:5] == ["total", "2", "1", "1", "33.33 %"] and "130102" in [row[0] for row in regions]
    assert any(short(SHOP) in row[2] for row in listed) and any(row[0] == short(SHOP) for row in totals)
    assert ("1 who have something of it were not told. 1 of 2 who were told did not answer. Not back: 91.5 kg. "
            in page.text), page.texts[:5]
    zh = desk("export", "recall", str(opened), "--lang", "zh").out
    assert all(word in zh for word in ("召回报告", "期限", "答复情况", "报告数量", "未被通知", "未召回：91.5 公斤", "逾期", "知悉后 24 小时内"))
    assert not re.search("[a-z]{3}", re.sub(r"urn:\S+", "", " ".join(sum(Page(zh).tables[0] + Page(zh).tables[2][:1], []))))
    desk("export", "recall", "urn:test:none", expect=UNKNOWN)
    desk("export", "recall", "urn:test:recall:r", "--format", "pdf", expect=USAGE)
    # The list in it is what the ledger's marks say.
    lines, end = ask(desk.ledger, "/v1/recalls/urn%3Atest%3Arecall%3Ar/affected")
    assert len(lines) == desk.ledger.get("/v1/recalls/urn%3Atest%3Arecall%3Ar").json["marked"] == 1


def test_the_report_as_csv(desk):
    open_case(desk)
    rows = list(csv.DictReader(io.StringIO(desk("export", "recall", "urn:test:recall:r", "--format", "csv").out)))
    assert [(r["party"], r["region"], r["answeredPercent"], r["found"], r["returned"], r["recoveredPercent"], r["unit"])
            for r in rows] == [
                (DAIRY, "", "0.00", "0", "0", "0.00", "KGM"), (ABROAD, "", "0.00", "", "", "", ""),
                (SHOP, "130102", "100.00", "10", "6", "18.75", "KGM")]
    assert [(r["untold"], r["toRecall"], r["outstanding"]) for r in rows] == [
        ("1", "59", "59"), ("0", "", ""), ("0", "40", "32.5")]
