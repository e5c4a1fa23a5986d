"""A GS1 Digital Link followed to the ledger: a page for whoever scans it, JSON for a program."""
import html.parser
import json
import urllib.parse

import pytest

from ledger import Ledger, batch, check_digit
from test_answers import verify
from test_quality import inspection

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
NASTY = "<script>alert('x')</script>&\"Milk\" \u202ekliM"


class Page(html.parser.HTMLParser):
    """The text of a page in order, and which elements it has."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.attributes = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.style = tag == "style"
        self.attributes += attrs

    def handle_data(self, data):
        if data.strip() and not self.style:
            self.texts.append(data.strip())

    @property
    def text(self):
        return "\n".join(self.texts)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger").init().start()
    ledger.key, ledger.gtin = ledger.dairy()
    ledger.regulator = ledger.enrol("https://example.com/regulator", ["regulator"], region="130000",
                                    name={"zh": "市监局", "en": "Market Office"})
    ledger.nasty = check_digit("0690123400077")
    ledger.submit(ledger.key, {"type": "Product", "code": f"https://id.gs1.org/01/{ledger.nasty}", "category": "other",
                               "name": {"en": NASTY}})
    ledger.submit(ledger.key, *(batch(ledger.gtin, lot, made="2026-11-01", expires="2060-01-01")
                                for lot in ("GOOD", "BAD", "BACK")),
                  batch(ledger.gtin, "OLD", made="2019-11-01", expires="2020-01-01"),
                  batch(ledger.nasty, "N", made="2026-11-01", expires="2060-01-01"))
    slashed = batch(ledger.gtin, "A/B", made="2026-11-01", expires="2060-01-01")
    slashed["quantityList"][0]["epcClass"] = f"https://id.gs1.org/01/{ledger.gtin}/10/A%2FB"
    ledger.submit(ledger.key, slashed)
    ledger.submit(ledger.regulator, inspection([f"https://id.gs1.org/01/{ledger.gtin}/10/BAD"], "fail", day=3))
    ledger.submit(ledger.key, {"type": "Recall", "id": "urn:dairy:1", "rule": "recall/food", "level": "1", "state": "open",
                               "scope": {"items": [f"https://id.gs1.org/01/{ledger.gtin}/10/BACK"]},
                               "reason": "glass <b>shards</b>", "measures": "bring it back"})
    ledger.submit(ledger.key, {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning", "epcList": [
        f"https://id.gs1.org/01/{ledger.gtin}/10/GOOD/21/7"], "eventTime": "2026-11-01T00:00:00Z",
        "eventTimeZoneOffset": "+08:00"})
    ledger.settle()
    yield ledger
    ledger.stop()
    ledger.remove()


def page(world, path, language="en", status=200):
    answer = world.get(path.format(g=world.gtin, n=world.nasty), headers={"Accept": BROWSER, "Accept-Language": language})
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Vary"] == "Accept, Accept-Language"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    seen = Page(answer.body.decode())
    assert not seen.tags & {"script", "iframe", "img", "link", "object", "form", "b"}
    assert not any(name.startswith("on") or name in ("src", "href") for name, _ in seen.attributes)
    return seen


@pytest.mark.parametrize("path,code", [
    ("/01/{g}/10/GOOD", "(01){g}(10)GOOD"), ("/01/{g}", "(01){g}"), ("/01/{g}/21/7", "(01){g}(21)7"),
    ("/01/{g}/10/GOOD/21/7?17=600101", "(01){g}(10)GOOD(21)7"), ("/01/{g}/10/A%2FB", "(01){g}(10)A/B"),
    ("/01/{g}/10/NEVER", "(01){g}(10)NEVER"), ("/00/" + check_digit("06901234000000001"),
                                               "(00)" + check_digit("06901234000000001"))])
def test_a_program_gets_what_verify_says(world, path, code):
    want = verify(world, code.format(g=world.gtin))
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/html;q=0.5, application/json"}):
        answer = world.get(path.format(g=world.gtin), headers=headers)
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
        told = json.loads(answer.body)
        for one in (told, want):
            one.pop("lookups", None)
            one["code"].pop("given", None)
            for label in ("expires", "made"):
                one["code"].pop(label, None)
        assert told == want


@pytest.mark.parametrize("path,language,verdict", [
    ("/01/{g}/10/GOOD", "en", "Registered in this ledger"), ("/01/{g}/10/GOOD", "zh-CN,zh;q=0.9,en;q=0.8", "已在本账本登记"),
    ("/01/{g}/10/GOOD", "fr", "Registered in this ledger"), ("/01/{g}/10/OLD", "en", "EXPIRED"),
    ("/01/{g}/10/BACK", "en", "RECALLED: do not use or sell it"), ("/01/{g}/10/BACK", "zh", "已召回：请勿使用或销售"),
    ("/01/{g}/10/GOOD/21/9", "en", "SERIAL UNKNOWN: the batch is registered, this serial never was; a copy?"),
    ("/01/{g}/10/NO", "en", "UNKNOWN: the product is registered, this batch or serial isn't"),
    ("/01/{g}", "en", "The product is known; this code names no batch"),
    ("/01/09506000134352/10/X", "zh", "未知：无人登记此编码")])
def test_the_verdict_comes_first(world, path, language, verdict):
    seen = page(world, path, language)
    assert seen.texts[:2] == [verdict, verdict]  # its title and its first heading
    assert dict(seen.attributes)["lang"] == ("zh-CN" if language.startswith("zh") else "en")


def test_what_the_page_tells(world):
    seen = page(world, "/01/{g}/10/GOOD/21/7")
    for text in ("2026-11-01", "2060-01-01", "GOOD", "7", f"https://id.gs1.org/01/{world.gtin}/21/7"):
        assert text in seen.texts
    seen = page(world, "/01/{g}/10/BACK")
    assert "glass <b>shards</b>" in seen.texts and "bring it back" in seen.texts and "urn:dairy:1" in seen.texts
    assert seen.texts.index("bring it back") < seen.texts.index("BACK")  # before what it is


def test_a_failed_inspection_stands_on_top(world):
    seen = page(world, "/01/{g}/10/BAD")
    assert seen.texts.index("An inspection FAILED: see below.") <= 3
    assert ("class", "fine") not in seen.attributes and ("class", "stop") in seen.attributes
    assert "FAILED 2026-11-03, Market Office" in seen.text
    assert "不合格 2026-11-03，市监局" in page(world, "/01/{g}/10/BAD", "zh").text


def test_a_label_that_differs(world):
    seen = page(world, "/01/{g}/10/GOOD?17=610101&11=261102")
    assert "The label gives another expiry than was registered." in seen.texts
    assert "The label gives another production date than was registered." in seen.texts


def test_what_a_record_says_is_text(world):
    seen = page(world, "/01/{n}/10/N")
    assert NASTY in seen.texts and "bdi" in seen.tags


def test_scans_of_a_unit_are_counted(world):
    page(world, "/01/{g}/21/7")
    assert "Looked up" in page(world, "/01/{g}/21/7").text
    assert "Looked up" not in page(world, "/01/{g}/10/GOOD").text


@pytest.mark.parametrize("path,status", [("/01/06901234567890/10/X", 422), ("/01/123", 400), ("/01/{g}/99/<x>", 400)])
def test_what_is_no_code(world, path, status):
    path = urllib.parse.quote(path.format(g=world.gtin))
    answer = world.get(path)
    assert answer.status == status and answer.headers["Content-Type"] == "application/problem+json"
    seen = page(world, path, status=answer.status)
    assert "This isn't a code that anybody can have registered" in seen.texts
    assert "编码" in page(world, path, "zh", status=answer.status).text


def test_under_the_origins_own_path(world):
    stem = "/" + world.origin.split("/", 1)[1]
    assert page(world, stem + "/01/{g}/10/GOOD").texts[0] == "Registered in this ledger"


def test_head_and_other_methods(world):
    answer = world.request("HEAD", f"/01/{world.gtin}/10/GOOD", headers={"Accept": BROWSER})
    assert answer.status == 200 and answer.body == b"" and answer.headers["Content-Type"].startswith("text/html")
    assert world.request("POST", f"/01/{world.gtin}/10/GOOD").status == 405
