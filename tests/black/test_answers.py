"""The shape of every answer: log, register, items, verdicts, what an operator watches."""
import base64
import json
import re
import urllib.parse

import pytest

import verifier
from ledger import Key, batch, b64, check_digit, compact, erase, submission
from wire import until

RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def quote(code):
    return urllib.parse.quote(code, safe="")


def ask(ledger, path, status=200):
    answer = ledger.get(path)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == ("application/json" if status == 200
                                              else "application/problem+json")
    return answer.json


def verify(ledger, code):
    return ask(ledger, "/v1/verify?code=" + quote(code))


def event(action="ADD", **more):
    return {"type": "ObjectEvent", "action": action, "eventTime": "2026-01-02T00:00:00.000+08:00",
            "eventTimeZoneOffset": "+08:00", **more}


class World:
    """One ledger with something of every kind in it."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.key, self.gtin = ledger.dairy()
        self.party = self.key.name
        self.product = f"https://id.gs1.org/01/{self.gtin}"
        self.dates = {"made": "2026-01-01", "expires": "2060-01-01"}
        self.lot = self.submit(batch(self.gtin, "L1", quantity=100, **self.dates))
        self.submit(batch(self.gtin, "OLD", made="2020-01-01", expires="2020-06-01"))
        self.submit(batch(self.gtin, "GONE", **self.dates))
        self.destroyed = self.submit(event("DELETE", bizStep="destroying", quantityList=[
            {"epcClass": self.product + "/10/GONE", "quantity": 100}]))
        wrong = batch(self.gtin, "WRONG", event_id="urn:uuid:00000000-0000-4000-8000-00000000000a",
                      **self.dates)
        self.submit(wrong)
        self.submit(dict(wrong, errorDeclaration={"declarationTime": "2026-01-03T00:00:00Z",
                                                  "reason": "incorrect_data"}))
        self.units = self.submit(event(bizStep="commissioning", epcList=[
            f"{self.product}/10/L1/21/S{i}" for i in range(3)] + [f"{self.product}/10/OLD/21/T0"],
            ilmd={"suyuan:productionDate": "2026-01-01"}))
        self.free = self.submit(event(bizStep="commissioning", epcList=[f"{self.product}/21/FREE"]))
        ledger.settle()

    def submit(self, *records):
        return self.ledger.submit(self.key, *records)["firstRecord"]


@pytest.fixture(scope="module")
def world(shared_ledger):
    return World(shared_ledger)


# --- the log ---------------------------------------------------------------------------------------

def test_ledger(world):
    head = ask(world.ledger, "/v1/ledger")
    assert head["origin"] == world.ledger.origin
    assert verifier.Vkey(head["vkey"]).name == world.ledger.origin
    assert head["indexPosition"] == head["entries"] and head["records"] >= head["entries"]
    assert re.fullmatch(RFC3339, head["time"])
    assert head["version"] and head["rulesVersion"] >= 0 and head["operator"]


def test_entries(world):
    size = ask(world.ledger, "/v1/ledger")["entries"]
    leaf = bytes(32)
    for i in range(size):
        told = ask(world.ledger, f"/v1/entries/{i}")
        entry = verifier.Entry(base64.b64decode(told["raw"], validate=True))
        assert (told["index"], told["kind"], told["firstRecord"], told["count"], told["deadline"]) == \
            (i, "submission", entry.first, entry.count, entry.deadline)
        assert told["author"] == b64(entry.author) and told["signature"] == b64(entry.signature)
        assert told["recordsRoot"] == b64(entry.records_root) and told["prev"] == b64(leaf)
        assert told["leaf"] == b64(entry.leaf) and told["party"]
        assert re.fullmatch(RFC3339, told["time"])
        leaf = entry.leaf
    ask(world.ledger, f"/v1/entries/{size}", 404)


def test_records(world):
    texts = [compact(batch(world.gtin, f"R{i}", **world.dates)) for i in range(3)]
    # Bytes are kept, however odd a client writes them.
    texts.append(texts[0].replace("R0", "R3").replace('":', '": ').replace("100", "100.50e0"))
    said = world.ledger.submit(world.key, *texts)
    for i, text in enumerate(texts):
        answer = world.ledger.get(f"/v1/records/{said['firstRecord'] + i}")
        assert (answer.status, answer.body) == (200, text.encode())
        assert answer.headers["Suyuan-Entry"] == str(said["entry"])
        assert answer.headers["Suyuan-Position"] == str(i)
    ask(world.ledger, f"/v1/records/{said['firstRecord'] + 4}", 404)
    ask(world.ledger, f"/v1/records/{said['firstRecord'] + 4}/receipt", 404)


def test_records_by_the_page(ledger):
    """Each as it is on its own; about a MiB at a time, and what comes next is said."""
    key, gtin = ledger.dairy()
    large = [compact(batch(gtin, f"L{i}", **{"suyuan:note": "x" * 300000})) for i in range(10)]
    odd = compact(batch(gtin, "ODD")).replace('":', '" : ')[:-1] + ' ,"suyuan:note":"\u00e9\\u4e00" }'
    for texts in ([compact(batch(gtin, f"P{i}")) for i in range(30)], large, [odd]):
        ledger.submit(key, *texts)
    ledger.settle()
    records = ledger.get("/v1/ledger").json["records"]
    at, pages = 0, []
    while at < records:
        answer = ledger.get(f"/v1/records?from={at}")
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-ndjson"
        *lines, last, nothing = answer.body.split(b"\n")
        assert nothing == b"" and json.loads(last) == {"end": True, "next": at + len(lines), "records": records}
        pages.append(len(lines))
        for line in lines:
            told, receipt = json.loads(line), ledger.get(f"/v1/records/{at}/receipt").json
            assert list(told) == ["number", "salt", "record"] and told["number"] == at
            assert told["salt"] == receipt["record"]["salt"]
            assert line.endswith(b',"record":' + ledger.get(f"/v1/records/{at}").body + b"}")
            at += 1
    assert len(pages) > 2 and max(pages[1:]) <= 4
    assert ledger.get("/v1/records?from=3&to=5").body.count(b"\n") == 3
    for query in (f"from={records}", f"from={records}&to={records}", "to=0"):
        assert ledger.get("/v1/records?" + query).json["end"] is True
    for query in (f"from={records + 1}", f"to={records + 1}", "from=5&to=4", "from=x", "to=-1"):
        ask(ledger, "/v1/records?" + query, 400)


def test_erasure(ledger):
    """410 with the erasure's number, for record and receipt; the original receipt for a repeat."""
    key, gtin = ledger.dairy()
    party = key.name
    phone = "0311-7654321"
    texts = [compact({"type": "Contact", "id": f"desk{i}", "party": party, "phone": phone + str(i)})
             for i in range(3)]
    body = submission(key, texts)
    first = ledger.post(body).json
    number = first["firstRecord"] + 1
    receipt = ledger.get(f"/v1/records/{number}/receipt").body.decode()
    payload = json.loads(receipt)["record"]
    leaf = verifier.sha(b"\0", base64.b64decode(payload["salt"]), payload["payload"].encode())
    order = {"type": "Erasure", "record": number, "leaf": b64(leaf), "ground": "PIPL 47",
             "orderedBy": "the person"}
    for wrong, status in ((dict(order, leaf=b64(bytes(32))), 422), (dict(order, record=10 ** 9), 422),
                          (dict(order, record=0), 422)):
        ledger.submit(ledger.operator, wrong, expect=status)
    ledger.submit(key, order, expect=403)
    erasure = ledger.submit(ledger.operator, order)
    ledger.settle()

    def check():
        for path in (f"/v1/records/{number}", f"/v1/records/{number}/receipt"):
            answer = ledger.get(path)
            assert answer.status == 410 and answer.headers["Suyuan-Erasure"] == str(erasure["firstRecord"])
            assert str(erasure["firstRecord"]) in answer.json["detail"]
            assert phone.encode() not in answer.body
        for i in (0, 2):
            other = ledger.get(f"/v1/records/{first['firstRecord'] + i}/receipt").body.decode()
            verifier.check_receipt(other, ledger.vkey(), key.public)
        line = ledger.get(f"/v1/records?from={number}&to={number + 1}").body.split(b"\n")[0]
        assert json.loads(line) == {"number": number, "leaf": b64(leaf), "erased": erasure["firstRecord"]}
        ledger.auditor().audit(bulk=True)
    check()
    for again in (ledger.post(body), ledger.post(submission(key, texts, deadline=4000000000))):
        assert again.status == 200, again.body
        assert again.json["entry"] == first["entry"]
        assert again.json["receipt"]["entry"] == first["receipt"]["entry"]
    check()
    ledger.submit(ledger.operator, dict(order, ground="again"), expect=409)
    one = verifier.check_receipt(
        ledger.get(f"/v1/records/{erasure['firstRecord']}/receipt").body.decode(), ledger.vkey())
    assert json.loads(one[0]) == order
    ledger.stop()
    assert ledger.fsck().returncode == 0
    for file in ledger.dir.rglob("*"):
        if file.is_file():
            assert (phone + "1").encode() not in file.read_bytes(), file
    ledger.start()
    check()


# --- the register ------------------------------------------------------------------------------------

def test_register_in_pages(ledger):
    key, gtin = ledger.dairy()
    party = key.name
    stem = "urn:suyuan:own:farm%d:party"
    for i in range(12):
        ledger.enrol(stem % i, ["producer"])
    codes = [f"https://id.gs1.org/01/{check_digit(f'0690123400{i:03}')}" for i in range(12)]
    ledger.submit(key, *({"type": "Product", "code": c, "name": {"en": "P"}, "category": "other"}
                         for c in codes))
    places = [f"https://id.gs1.org/414/{check_digit(f'690123401{i:03}')}" for i in range(12)]
    ledger.submit(key, *({"type": "Place", "id": p, "party": party, "name": {"en": "W"}}
                         for p in places))
    ledger.settle()
    lists = [("parties", "party", "id", [stem % i for i in range(12)]),
             ("products", "product", "code", codes), ("places", "place", "id", places),
             ("rules", "rule", "name", [])]
    for many, one, filter_, some in lists:
        whole = ask(ledger, f"/v1/{many}")
        ids = [row["id"] for row in whole[many]]
        assert ids == sorted(set(ids)) and set(some) <= set(ids) and ids
        assert "next" not in whole and whole["asOf"]["entry"] > 0
        for limit in (1, 5, len(ids) - 1, len(ids), len(ids) + 1):
            if limit < 1:
                continue
            paged, after = [], ""
            while True:
                page = ask(ledger, f"/v1/{many}?limit={limit}&after={quote(after)}")
                paged += page[many]
                assert len(page[many]) <= limit
                if "next" not in page:
                    break
                assert len(page[many]) == limit and page["next"] == page[many][-1]["id"]
                after = page["next"]
            assert paged == whole[many]
        for row in whole[many]:
            alone = ask(ledger, f"/v1/{many}?{filter_}={quote(row['id'])}")[many]
            assert alone == [row]
            assert re.fullmatch(RFC3339, row["time"])
            stored = ledger.get(f"/v1/records/{row['record']}")
            assert stored.headers["Suyuan-Entry"] == str(row["entry"])
            if stored.json["type"] != "Ledger":
                assert row[one] == stored.json
            if many in ("products", "places"):
                assert row["owner"] == party
        assert ask(ledger, f"/v1/{many}?after=%EF%BF%BF")[many] == []
    for path in ("/v1/parties?id=urn:x", "/v1/places?id=https://id.gs1.org/414/6901234000016",
                 "/v1/rules?name=none", f"/v1/products?code={check_digit('0690123400999')}"):
        ask(ledger, path, 404)
    # A product by any spelling of its code, or of a batch of it.
    for spelling in (gtin, gtin[1:], f"(01){gtin}", f"(01){gtin}(10)A", f"http://shop.cn/x/01/{gtin}/21/7"):
        assert ask(ledger, f"/v1/products?code={quote(spelling)}")["products"][0]["id"].endswith(gtin)


def test_a_later_record_takes_the_earlier_ones_place(ledger):
    key, gtin = ledger.dairy()
    product = f"https://id.gs1.org/01/{gtin}"
    ledger.settle()
    old = ask(ledger, f"/v1/products?code={gtin}")["products"][0]["record"]
    said = ledger.submit(key, {"type": "Product", "code": product, "name": {"en": "New"},
                               "category": "other", "replaces": old})
    now = ask(ledger, f"/v1/products?code={gtin}&at={said['entry']}")["products"]
    assert [r["product"]["name"]["en"] for r in now] == ["New"]
    assert len(ask(ledger, "/v1/products")["products"]) == 1
    assert ledger.get(f"/v1/records/{old}").json["name"]["en"] == "Milk"
    assert verify(ledger, gtin)["product"]["name"] == {"en": "New"}


# --- items -------------------------------------------------------------------------------------------

def test_one_item(world):
    told = ask(world.ledger, f"/v1/items?code={quote(world.product + '/10/GONE')}")
    assert (told["code"], told["kind"], told["state"]) == (world.product + "/10/GONE", "lot", "destroyed")
    assert told["historyCount"] == 2 and told["lastRecord"] == world.destroyed
    assert [(h["role"], h["action"]) for h in told["history"]] == [("subject", "ADD"),
                                                                    ("subject", "DELETE")]
    lot = ask(world.ledger, f"/v1/items?code={quote(world.product + '/10/L1')}")
    assert lot["firstRecord"] == world.lot == lot["createdRecord"]
    assert (lot["made"], lot["expires"], lot["quantity"]) == ("2026-01-01", "2060-01-01", "100")
    unit = ask(world.ledger, f"/v1/items?code={quote(world.product + '/21/S1')}")
    assert unit["kind"] == "unit" and unit["lot"]["firstRecord"] == world.lot
    path = f"/v1/items?code={quote(world.product + '/10/WRONG')}"
    assert (ask(world.ledger, path)["view"], ask(world.ledger, path)["history"]) == ("effective", [])
    withdrawn = ask(world.ledger, path + "&view=audit")
    assert withdrawn["state"] == "withdrawn" and withdrawn["holders"] == []
    assert [(h.get("error", False), h.get("withdrawn", False)) for h in withdrawn["history"]] == \
        [(False, True), (True, False)]
    ask(world.ledger, f"/v1/items?code={quote(world.product + '/10/NEVER')}", 404)
    ask(world.ledger, f"/v1/items?code={world.gtin[:-1]}0", 422)
    ask(world.ledger, path + "&view=all", 400)


def test_history_in_pages(ledger):
    key, gtin = ledger.dairy()
    records = [ledger.submit(key, batch(gtin, "L1", quantity=q))["firstRecord"] for q in range(1, 8)]
    ledger.settle()
    code = quote(f"https://id.gs1.org/01/{gtin}/10/L1")
    assert ask(ledger, f"/v1/items?code={code}")["quantity"] == "28"
    for limit in (1, 3, 7, 8):
        got, start = [], 0
        while start is not None:
            page = ask(ledger, f"/v1/items?code={code}&from={start}&limit={limit}")
            got += [h["record"] for h in page["history"]]
            start = page.get("next")
        assert got == records


def test_items_of_a_product_in_pages(ledger):
    key, gtin = ledger.dairy()
    names = [f"L{i:02}" for i in range(25)]
    ledger.submit(key, *(batch(gtin, n) for n in names))
    ledger.settle()
    expect = [f"https://id.gs1.org/01/{gtin}/10/{n}" for n in names]
    for limit in (1, 7, 25, 26):
        got, after = [], ""
        while after is not None:
            page = ask(ledger, f"/v1/items?product={gtin}&limit={limit}&after={quote(after)}")
            got += [i["code"] for i in page["items"]]
            after = page.get("next")
        assert got == expect
    assert ask(ledger, f"/v1/items?product={check_digit('0690123400999')}")["items"] == []


# --- verdicts ----------------------------------------------------------------------------------------

def test_registered(world):
    told = verify(world.ledger, f"(01){world.gtin}(10)L1")
    assert told["status"] == told["lot"]["state"] == "registered"
    assert told["code"]["gtin"] == world.gtin and told["code"]["lot"] == "L1"
    assert told["product"]["name"]["zh"] == "鲜牛奶" and told["product"]["owner"] == world.party
    assert told["producer"]["id"] == world.party
    assert told["lot"]["made"] == "2026-01-01" and told["lot"]["expires"] == "2060-01-01"
    assert told["recalls"] == [] and told["labelDiffers"] == [] and told["serial" if "serial" in told
                                                                         else "item"] is None
    assert world.lot in told["records"] and told["product"]["record"] in told["records"]
    assert told["asOf"]["entry"] > 0 and re.fullmatch(RFC3339, told["asOf"]["time"])


@pytest.mark.parametrize("code,status", [
    ("(01){g}(10)L1", "registered"), ("https://shop.cn/p/01/{g}/10/L1?17=600101", "registered"),
    ("01{g}10L1", "registered"), ("]d201{g}10L1", "registered"),
    ("(01){g}(10)OLD", "expired"), ("(01){g}(10)GONE", "destroyed"), ("(01){g}(10)WRONG", "withdrawn"),
    ("(01){g}(10)L1(21)S1", "registered"), ("(01){g}(21)S1", "registered"),
    ("(01){g}(21)T0", "expired"), ("(01){g}(10)OLD(21)T0", "expired"),
    ("(01){g}(10)L1(21)S9", "serial-unknown"), ("(01){g}(10)OLD(21)S1", "serial-unknown"),
    ("(01){g}(10)l1", "unknown"), ("(01){g}(10)NEVER", "unknown"), ("(01){g}(10)NEVER(21)S9", "unknown"),
    ("(01){g}(10)NEVER(21)S1", "unknown"), ("(01){g}(21)S9", "unknown"),
    ("(01){g}(21)FREE", "registered"), ("{g}", "product-only"),
    (check_digit("0690123400999"), "unknown"), ("urn:suyuan:own:x:y:lot:z", "unknown"),
    ("83857930000879766660", "unknown"), ("https://example.com/some/thing", "unknown")])
def test_statuses(world, code, status):
    told = verify(world.ledger, code.format(g=world.gtin))
    assert told["status"] == status, told


def test_a_serial_printed_with_another_lot(world):
    told = verify(world.ledger, f"(01){world.gtin}(10)OLD(21)S1")
    assert told["status"] == "serial-unknown" and "lot" in told["labelDiffers"]
    # Graver facts about what is registered come first.
    told = verify(world.ledger, f"(01){world.gtin}(10)L1(21)T0")
    assert told["status"] == "expired" and "lot" in told["labelDiffers"]


@pytest.mark.parametrize("label,differs", [
    ("(17)600101", []), ("(17)600102", ["expires"]), ("(11)260101", []), ("(11)260102", ["made"]),
    ("(11)250101(17)300101", ["expires", "made"])])
def test_label_dates(world, label, differs):
    for code in (f"(01){world.gtin}{label}(10)L1", f"(01){world.gtin}{label}(10)L1(21)S0"):
        assert verify(world.ledger, code)["labelDiffers"] == differs


@pytest.mark.parametrize("inspection,shown", [
    ({"number": "R-7", "result": "pass", "kind": "firm", "date": "2026-01-02", "by": "Li Lei"},
     {"result": "pass", "kind": "firm", "date": "2026-01-02"}),
    ({"number": "R-8", "result": "fail"}, {"result": "fail"}),
    ({"number": "R-9"}, {})])
def test_inspections(world, inspection, shown):
    """The result of one, and the record that has the rest; of a lot made with its unit once."""
    lot = "I" + inspection["number"]
    made = event(bizStep="commissioning", epcList=[f"{world.product}/10/{lot}/21/{lot}-1"],
                 quantityList=[{"epcClass": f"{world.product}/10/{lot}", "quantity": 1}],
                 **{"suyuan:inspection": inspection})
    number = world.submit(made)
    world.ledger.settle()
    for code in (f"(01){world.gtin}(10){lot}", f"(01){world.gtin}(10){lot}(21){lot}-1"):
        assert verify(world.ledger, code)["inspections"] == [dict(shown, record=number)]
    assert world.ledger.get(f"/v1/records/{number}").json["suyuan:inspection"] == inspection
    assert verify(world.ledger, f"(01){world.gtin}(10)L1")["inspections"] == []


def test_an_inspection_that_was_erased(ledger):
    key, gtin = ledger.dairy()
    made = {"made": "2026-01-01", "expires": "2060-01-01"}
    whole = {"number": "R-7", "by": "Li Lei", "result": "pass", "kind": "firm"}
    kept = batch(gtin, "KEPT", **made, **{"suyuan:inspection": whole})
    gone = batch(gtin, "GONE", **made, **{"suyuan:inspection": whole})
    first = ledger.submit(key, kept, gone)["firstRecord"]
    kept["suyuan:inspection"] = {"result": "pass"}
    del gone["suyuan:inspection"]
    erasure = erase(ledger, first, remains=kept)
    also = erase(ledger, first + 1, remains=gone)
    told = verify(ledger, f"(01){gtin}(10)KEPT")
    assert told["inspections"] == [{"result": "pass", "record": erasure}]
    assert erasure in told["records"] and first not in told["records"]
    told = verify(ledger, f"(01){gtin}(10)GONE")
    assert told["inspections"] == [] and told["lot"]["records"] == [also]


def test_verdicts_follow_the_register(ledger):
    """Who and what as of the answer's entry, whatever was asked before; and so after a rebuild."""
    key, gtin = ledger.dairy()
    party, product = key.name, f"https://id.gs1.org/01/{gtin}"
    other = check_digit("0690123456790")
    ledger.submit(key, {"type": "Product", "code": f"https://id.gs1.org/01/{other}", "category": "other",
                        "name": {"en": "Other"}})
    lots = [ledger.submit(key, batch(g, "L", expires="2060-01-01", event_id=f"urn:uuid:00000000-0000-4000-"
                          f"8000-00000000000{i}")) for i, g in enumerate((gtin, other))]
    ledger.settle()
    codes = [f"(01){g}(10)L" for g in (gtin, other)] + [gtin]
    told = [verify(ledger, c) for c in codes]
    assert [t["product"]["name"]["en"] for t in told] == ["Milk", "Other", "Milk"]
    products = told[0]["product"]["record"]
    parties = told[0]["producer"]["record"]

    def say(by, record):
        said = ledger.submit(by, record)
        ask(ledger, f"/v1/parties?limit=1&at={said['entry']}")
        return said["firstRecord"]
    for i in range(4):
        name = {"en": f"Milk {i}", "zh": "\"奶\" \\"}
        products = say(key, {"type": "Product", "code": product, "name": name, "category": "other",
                             "specification": f"{i} mL", "replaces": products})
        parties = say(ledger.operator, {
            "type": "Party", "id": party, "name": {"en": f"Dairy {i}"}, "roles": ["producer"],
            "prefixes": ["6901234"], "replaces": parties,
            "keys": [{"vkey": key.vkey, "proof": key.proof(party, ledger.origin)}]})
        told = [verify(ledger, c) for c in codes]
        for t in told[::2]:
            assert t["product"] == {"code": product, "name": name, "category": "other",
                                    "specification": f"{i} mL", "owner": party, "record": products}
            assert products in t["records"] and parties in t["records"]
        assert told[1]["product"]["name"] == {"en": "Other"}
        for t in told:
            assert t["producer"] == {"id": party, "name": {"en": f"Dairy {i}"}, "record": parties}
    wrong = batch(gtin, "L", expires="2060-01-01", event_id="urn:uuid:00000000-0000-4000-8000-000000000000",
                  errorDeclaration={"declarationTime": "2026-01-03T00:00:00Z", "reason": "incorrect_data"})
    say(key, wrong)
    erase(ledger, lots[1]["firstRecord"])
    told = [verify(ledger, c) for c in codes]
    assert [t["status"] for t in told] == ["withdrawn", "unknown", "product-only"]
    ledger.stop()
    assert ledger.run("--reindex").returncode == 0
    ledger.start()
    assert [verify(ledger, c) for c in codes] == told


def test_look_ups_are_counted(world):
    ledger = world.ledger
    code = f"(01){world.gtin}(21)S2"
    first = verify(ledger, code)["lookups"]
    assert first["count"] == 1 and re.fullmatch(RFC3339, first["first"])
    for n in (2, 3):
        again = verify(ledger, f"https://x.cn/01/{world.gtin}/10/L1/21/S2")["lookups"]
        assert again == {"count": n, "first": first["first"]}
    assert "lookups" not in verify(ledger, f"(01){world.gtin}(10)L1")


def test_look_up_counts_last(ledger):
    key, gtin = ledger.dairy()
    ledger.submit(key, event(bizStep="commissioning", epcList=[f"https://id.gs1.org/01/{gtin}/21/S"]))
    ledger.settle()
    counts = [verify(ledger, f"(01){gtin}(21)S")["lookups"] for _ in range(5)]
    ledger.stop()
    ledger.start()
    assert verify(ledger, f"(01){gtin}(21)S")["lookups"] == dict(counts[0], count=6)


def test_a_destroyed_lots_units(ledger):
    """A unit shares its lot's fate; a destroyed unit doesn't destroy its lot."""
    key, gtin = ledger.dairy()
    product = f"https://id.gs1.org/01/{gtin}"
    dates = {"made": "2026-01-01", "expires": "2060-01-01"}
    ledger.submit(key, batch(gtin, "L1", quantity=3, **dates))
    ledger.submit(key, event(bizStep="commissioning",
                             epcList=[f"{product}/10/L1/21/S{i}" for i in range(3)]))
    ledger.submit(key, event("DELETE", bizStep="destroying", epcList=[f"{product}/10/L1/21/S0"]))
    ledger.settle()
    assert verify(ledger, f"(01){gtin}(21)S0")["status"] == "destroyed"
    assert verify(ledger, f"(01){gtin}(21)S1")["status"] == "registered"
    assert verify(ledger, f"(01){gtin}(10)L1")["status"] == "registered"
    again = ledger.submit(key, event("DELETE", bizStep="destroying", quantityList=[
        {"epcClass": f"{product}/10/L1"}]))
    ask(ledger, f"/v1/parties?limit=1&at={again['entry']}")
    assert verify(ledger, f"(01){gtin}(21)S1")["status"] == "destroyed"


# --- operation -----------------------------------------------------------------------------------------

def test_health_and_readiness(world):
    for path, text in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
        answer = world.ledger.get(path)
        assert (answer.status, answer.body) == (200, text)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_metrics_are_prometheus_text(world):
    answer = world.ledger.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert text.endswith("\n")
    kinds, values, buckets = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert len(line.split(" ", 3)) == 4
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds and kind in ("counter", "gauge", "histogram")
            kinds[name] = kind
        else:
            name, labels, value = re.fullmatch(
                r'([a-z_]+)(\{le="[^"]+"\})? ([0-9.e+-]+)', line).groups()
            assert (name, labels) not in values, line
            values[name, labels] = float(value)
            family = re.sub("_(bucket|sum|count)$", "", name) if name not in kinds else name
            assert family in kinds and name.startswith("suyuan_"), line
            if labels:
                buckets.setdefault(family, []).append(float(value))
    for family, counts in buckets.items():
        assert counts == sorted(counts) and counts[-1] == values[family + "_count", None]
    for name, kind in kinds.items():
        assert kind != "counter" or name.endswith("_total"), name
    assert values["suyuan_entries", None] == ask(world.ledger, "/v1/ledger")["entries"]


def test_metrics_count(ledger):
    def value(name):
        return float(re.search(rf"^{name} (\S+)$", ledger.get("/metrics").body.decode(), re.M)[1])
    key, gtin = ledger.dairy()
    accepted = value("suyuan_submissions_accepted_total")
    for i in range(3):
        ledger.submit(key, batch(gtin, f"L{i}"))
    ledger.submit(Key("stranger"), batch(gtin, "L1"), expect=401)
    assert value("suyuan_submissions_accepted_total") == accepted + 3
    assert value("suyuan_submissions_refused_total") == 1
    until(lambda: value("suyuan_index_lag_records") == 0)
    before = value("suyuan_verify_total")
    verify(ledger, gtin)
    assert value("suyuan_verify_total") == before + 1
    assert value("suyuan_commit_seconds_count") == value("suyuan_commits_total") > 0
    assert 0 < value("suyuan_index_commit_seconds_count") <= value("suyuan_index_commits_total")


def test_a_lot_known_only_through_its_units(ledger):
    key, gtin = ledger.dairy()
    unit = {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
            "eventTime": "2026-11-01T00:00:00Z", "eventTimeZoneOffset": "+00:00",
            "epcList": [f"https://id.gs1.org/01/{gtin}/10/L7/21/A", f"https://id.gs1.org/01/{gtin}/10/L7/21/B"],
            "ilmd": {"suyuan:productionDate": "2026-11-01", "cbvmda:itemExpirationDate": "2099-11-01"}}
    ledger.submit(key, unit)
    ledger.settle()
    lot = ledger.get(f"/v1/verify?code=(01){gtin}(10)L7").json
    assert lot["status"] == "registered" and lot["lot"]["expires"] == "2099-11-01"
    assert ledger.get(f"/v1/verify?code=(01){gtin}(10)L7(21)B").json["status"] == "registered"
    copy = ledger.get(f"/v1/verify?code=(01){gtin}(10)L7(21)C").json
    assert copy["status"] == "serial-unknown" and copy["serial"] is None
