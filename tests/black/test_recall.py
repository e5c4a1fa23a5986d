"""The life of a recall: what it marks, what a scanned code says of it, who was told and answered."""
import datetime
import json
import random
import urllib.parse

import pytest

import ledger as ledgers
from ledger import batch, check_digit, compact, submission
from reference import Reference
from test_trace import Graph, at, classes, event, made, packing, register

RULE = "recall/food"
GRAPHS = 120
SEED = 20261125


def recall(name, scope, state="open", level="1", **more):
    return {"type": "Recall", "id": f"urn:test:recall:{name}", "rule": RULE, "level": level, "state": state,
            "scope": scope, "reason": "Salmonella", "measures": "Don't eat it", **more}


def verify(ledger, code, connection=None):
    answer = ledger.get("/v1/verify?" + urllib.parse.urlencode({"code": code}), connection=connection)
    assert answer.status == 200, answer.body
    return answer.json


def says(ledger, code, connection=None):
    """(status, {recall: partial})"""
    verdict = verify(ledger, code, connection)
    return verdict["status"], {r["id"].rsplit(":", 1)[1]: r["partial"] for r in verdict["recalls"]}


# --- marks --------------------------------------------------------------------------------------

class Case:
    """A recall of some of a graph's things, opened before, between or after its events."""

    def __init__(self, graph, rng):
        self.graph, self.record, self.stage = graph, None, rng.randint(0, 3)
        things = [*graph.lots, *graph.units, *graph.boxes]
        self.items = rng.sample(things, rng.randint(1, 2))
        self.more = [t for t in things if t not in self.items and rng.random() < .1]
        self.mock, self.revoked = rng.random() < .1, rng.random() < .1

    def say(self, ledger, state="open"):
        more = {"replaces": self.record} if self.record is not None else {}
        if self.mock:
            more["mock"] = True
        said = ledger.submit(ledger.operator, recall(self.graph.name, {"items": self.items}, state, **more))
        self.record = said["firstRecord"]

    def turn(self, ledger, wave):
        if wave == self.stage:
            self.say(ledger)
        elif wave > self.stage and self.more:
            self.items, self.more = self.items + self.more, []
            self.say(ledger)

    def counts(self):
        return self.record is not None and not self.mock and not self.revoked


def test_marks_on_random_graphs(tmp_path):
    rng = random.Random(SEED)
    ledger = ledgers.Ledger(tmp_path / "ledger").init().start()
    try:
        key, gtin = ledger.dairy()
        graphs = [Graph(gtin, n, rng) for n in range(GRAPHS)]
        cases = [Case(graph, rng) for graph in graphs]

        def turn(wave):
            for case in cases:
                case.turn(ledger, wave)
        references = [Reference(r) for r in register(ledger, key, graphs, rng, turn)]
        turn(3)
        for case in cases:
            if case.revoked:
                case.say(ledger, "revoked")
        ledger.settle()
        marked = compare_marks(ledger, cases, references)
        assert marked > 3 * GRAPHS
        ledger.stop()
        done = ledger.fsck()
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        ledger.remove()


def compare_marks(ledger, cases, references):
    connection, marked = ledger.connect(), 0
    for case, reference in zip(cases, references):
        covered = reference.covered(case.items) if case.counts() else set()
        partly = {reference.lot.get(item) for item in covered} - {None}
        name = case.graph.name
        for item in {*reference.named, *case.items}:
            status, recalls = says(ledger, item, connection)
            of = item if item in partly else reference.lot.get(item)
            want = {name: False} if item in covered else {name: True} if of in partly else {}
            assert recalls == want, (item, case.items)
            assert (status == "recalled") == (want == {name: False} or item in partly), (item, status)
            marked += item in covered
    return marked


def small(ledger):
    key, gtin = ledger.dairy()
    return key, gtin, lambda name: f"https://id.gs1.org/01/{gtin}/10/{name}"


def test_what_comes_later_marks_itself(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "salt"))
    opened = ledger.submit(key, recall("a", {"items": [lot("salt")]}))
    ledger.settle()
    assert says(ledger, lot("salt")) == ("recalled", {"a": False})
    verdict = verify(ledger, lot("salt"))
    assert verdict["recalls"][0].items() >= {"level": "1", "reason": "Salmonella", "measures": "Don't eat it",
                                             "state": "open", "record": opened["firstRecord"]}.items()
    assert opened["firstRecord"] in verdict["records"] and verdict["lot"]["state"] == "recalled"
    unit = f"https://id.gs1.org/01/{gtin}/21/s1"
    ledger.submit(key, made(1, [lot("salt")], [lot("cheese")], eventID="urn:test:1"), made(2, [lot("cheese")], [unit]))
    ledger.submit(key, {**batch(gtin, "cheese"), "epcList": [lot("cheese") + "/21/s2"], "quantityList": []})
    ledger.settle()
    for code in (lot("cheese"), unit, lot("cheese") + "/21/s2", lot("cheese") + "/21/never"):
        assert says(ledger, code) == ("recalled", {"a": False}), code
    ledger.submit(key, made(1, [lot("salt")], [lot("cheese")], eventID="urn:test:1",
                            errorDeclaration={"declarationTime": at(3)}))
    ledger.settle()
    for code in (lot("cheese"), unit):
        assert says(ledger, code)[1] == {}, code
    listed = ledger.get(f"/v1/items?product=https://id.gs1.org/01/{gtin}").json["items"]
    assert {i["code"]: i["state"] for i in listed}[lot("salt")] == "recalled"
    one = ledger.get("/v1/items?" + urllib.parse.urlencode({"code": lot("salt")})).json
    assert one["state"] == "recalled" and [r["id"] for r in one["recalls"]] == ["urn:test:recall:a"]


def test_while_a_large_one_is_worked_through(ledger):
    """Nothing that was made of it is ever said to be good under an entry that has the recall."""
    key, gtin, lot = small(ledger)
    units = [[f"{lot('L')}/21/{i}x{n}" for n in range(2500)] for i in range(16)]
    ledger.submit(key, *({**batch(gtin, "L"), "epcList": some, "quantityList": [], "eventID": f"urn:test:{i}"}
                         for i, some in enumerate(units)))
    ledger.submit(key, made(3, [units[-1][-1]], [lot("last")]), made(4, [lot("last")], [lot("end")]))
    ledger.settle()
    connection, seen = ledger.connect(), set()
    entry = ledger.submit(key, recall("a", {"items": [lot("L")]}))["entry"]
    while True:
        verdict = verify(ledger, lot("end"), connection)
        at_it, pending = verdict["asOf"]["entry"] >= entry, verdict.get("recallsPending", False)
        seen.add((verdict["status"], at_it, pending))
        if at_it:
            break
    # found by the walk that goes before the marks, it is sure already
    assert seen <= {("registered", False, False), ("recalled", False, True), ("recalled", False, False),
                    ("recalled", True, False)}, seen
    assert verdict["status"] == "recalled"


def test_a_unit_of_a_lot_and_a_container(ledger):
    key, gtin, lot = small(ledger)
    box = "https://id.gs1.org/00/" + ledgers.check_digit("06901234000000001")
    unit = [f"https://id.gs1.org/01/{gtin}/10/L/21/{n}" for n in range(3)]
    ledger.submit(key, {**batch(gtin, "L"), "epcList": unit, "quantityList": []}, packing(5, box, unit[1].replace("/10/L", "")))
    ledger.submit(key, recall("u", {"items": [unit[0]]}))
    ledger.submit(ledger.operator, recall("c", {"items": [box]}))
    ledger.settle()
    assert says(ledger, unit[0]) == ("recalled", {"u": False, "c": True})
    assert says(ledger, unit[1]) == ("recalled", {"u": True, "c": False})
    assert says(ledger, unit[2]) == ("registered", {"u": True, "c": True})
    assert says(ledger, lot("L")) == ("recalled", {"u": True, "c": True})
    assert says(ledger, lot("L") + "/21/none") == ("serial-unknown", {"u": True, "c": True})


@pytest.mark.parametrize("state, more, found", (
    ("draft", {}, False), ("open", {"mock": True}, False), ("open", {}, True)))
def test_only_what_is_in_force_marks(ledger, state, more, found):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "a"))
    ledger.submit(key, recall("r", {"items": [lot("a")]}, state, **more))
    ledger.settle()
    assert says(ledger, lot("a")) == (("recalled", {"r": False}) if found else ("registered", {}))


def test_a_product_with_dates(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "early", made="2026-10-01"), batch(gtin, "in", made="2026-11-02"))
    ledger.submit(key, recall("p", {"product": gtin, "madeFrom": "2026-11-01", "madeTo": "2026-11-10"}))
    ledger.submit(key, batch(gtin, "later", made="2026-11-05"), batch(gtin, "after", made="2026-11-20"),
                  event("ObjectEvent", 9, action="OBSERVE", bizStep="shipping", quantityList=classes(lot("undated"))))
    ledger.settle()
    for name, found in (("early", False), ("in", True), ("later", True), ("after", False), ("undated", True)):
        assert (says(ledger, lot(name))[0] == "recalled") is found, name
    verdict = verify(ledger, gtin)
    assert verdict["status"] == "product-only" and [r["names"] for r in verdict["recalls"]] == ["product"]
    verdict = verify(ledger, lot("nobody"))
    assert verdict["status"] == "unknown" and [r["names"] for r in verdict["recalls"]] == ["product"]


@pytest.mark.parametrize("first", ("recall", "events"))
@pytest.mark.parametrize("scope", ({}, {"madeFrom": "2026-11-01", "madeTo": "2026-11-10"}))
def test_what_is_made_of_a_product_whose_lot_nobody_wrote_down(ledger, first, scope):
    """An input that goes by its product alone may be any of it: by whatever days it may be meant."""
    key, gtin, lot = small(ledger)
    product, other = f"https://id.gs1.org/01/{gtin}", ledgers.check_digit("0690123456790")
    ledger.submit(key, {"type": "Product", "code": f"https://id.gs1.org/01/{other}", "name": {"zh": "奶酪"},
                        "category": "other"})
    cheese = f"https://id.gs1.org/01/{other}/10/"
    told = [{**batch(gtin, "", made="2026-01-02"), "quantityList": classes(product), "ilmd": {
                "suyuan:productionDate": "2026-01-02"}, "eventID": "urn:test:made"},
            made(1, [product], [cheese + "a"], eventID="urn:test:a"), made(2, [cheese + "a"], [cheese + "b"])]
    opened = recall("p", {"product": gtin, **scope})
    for record in [opened, *told] if first == "recall" else [*told, opened]:
        ledger.submit(key, record)
    ledger.settle()
    path = "/v1/recalls/urn%3Atest%3Arecall%3Ap/affected?format=json"
    for name in "ab":
        assert says(ledger, cheese + name) == ("recalled", {"p": False}), name
    assert {i["item"] for i in ledger.get(path).json["items"]} == {product, cheese + "a", cheese + "b"}
    assert verify(ledger, gtin)["status"] == "product-only"
    ledger.submit(key, {**told[1], "errorDeclaration": {"declarationTime": at(9)}})
    ledger.settle()
    assert says(ledger, cheese + "b") == ("registered", {})
    assert {i["item"] for i in ledger.get(path).json["items"]} == {product}


def test_a_place_in_a_time(ledger):
    key, gtin, lot = small(ledger)
    store, other = ("https://id.gs1.org/414/" + ledgers.check_digit(f"69012340000{n}") for n in (1, 2))

    def seen(name, hour, place, step="storing", **much):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep=step, quantityList=[{"epcClass": lot(name), **much}],
                     bizLocation={"id": place}, eventID=f"urn:test:{name}:{hour}:{place[-2:]}")
    ledger.submit(key, *(batch(gtin, n, made="2026-10-01") for n in ("in", "before", "stays", "left", "unsaid", "late")),
                  seen("in", 15, store), seen("before", 5, store), seen("before", 6, other), seen("stays", 5, store),
                  seen("left", 5, store), seen("left", 8, store, "shipping", quantity=100), seen("unsaid", 5, store),
                  seen("unsaid", 8, store, "shipping"), seen("late", 25, store))
    ledger.submit(ledger.operator, recall("x", {"place": store, "from": at(10), "to": at(20)}))
    ledger.submit(key, seen("late", 12, store), seen("stays", 7, other))
    ledger.settle()
    for name, found in (("in", True), ("before", False), ("stays", False), ("left", False), ("unsaid", True),
                        ("late", True)):
        assert (says(ledger, lot(name))[0] == "recalled") is found, name
    ledger.submit(key, {**seen("stays", 7, other), "errorDeclaration": {"declarationTime": at(30)}},
                  {**seen("late", 12, store), "errorDeclaration": {"declarationTime": at(30)}})
    ledger.settle()
    for name, found in (("stays", True), ("late", False)):
        assert (says(ledger, lot(name))[0] == "recalled") is found, name


@pytest.mark.parametrize("before", (False, True))
def test_a_place_and_its_parts(ledger, before):
    """A GLN stands for its parts, which have codes of their own; a part for itself alone."""
    key, _, lot = small(ledger)
    gln, other = ("https://id.gs1.org/414/" + check_digit(f"69012340000{n}") for n in (1, 2))
    part, longer = gln + "/254/A", gln + "/254/AB"
    cases = {"whole": gln, "part": part, "else": other, "none": gln + "/254/C"}
    made_at = {"P": part, "Q": longer, "W": gln, "O": other + "/254/A"}

    def tell(name, where, hour):
        ledger.submit(key, event("ObjectEvent", hour, action="ADD", bizStep="commissioning", bizLocation={"id": where},
                                 quantityList=classes(lot(name))))

    def opened():
        for name, where in cases.items():
            ledger.submit(ledger.operator, recall(name, {"place": where, "from": at(5), "to": at(20)}))
    if before:
        opened()
    for name, where in made_at.items():
        tell(name, where, 10)
        tell(name + "stood", where, 1)
    if not before:
        ledger.settle()
        opened()
    tell("Late", gln + "/254/new", 19)
    ledger.submit(key, made(22, [lot("Pstood"), lot("Late")], [lot("cake")]))
    ledger.settle()
    want = {"P": {"whole", "part"}, "Q": {"whole"}, "W": {"whole"}, "O": {"else"}, "Late": {"whole"},
            "cake": {"whole", "part"}}
    want.update({name + "stood": want[name] for name in made_at})
    for name, found in want.items():
        assert set(says(ledger, lot(name))[1]) == found, name
    for name, where in cases.items():
        scope = {"place": where, "from": at(5), "to": at(20)}
        for path, query in ((f"/v1/recalls/urn%3Atest%3Arecall%3A{name}/affected", {}), ("/v1/affected", scope)):
            *lines, end = map(json.loads, ledger.get(path + "?" + urllib.parse.urlencode(query)).body.splitlines())
            assert {line["item"] for line in lines} == {lot(one) for one, found in want.items() if name in found}, name
            assert end.get("unknown", []) == ([where] if name == "none" else []), end
    ledger.built_again()
    assert {name: set(says(ledger, lot(name))[1]) for name in want} == want


def test_a_part_is_widened_to_its_place(ledger):
    key, _, lot = small(ledger)
    gln = "https://id.gs1.org/414/" + check_digit("690123400001")
    ledger.submit(key, event("ObjectEvent", 10, action="ADD", bizStep="commissioning", bizLocation={"id": gln},
                             quantityList=classes(lot("W"))))
    scope = {"from": at(5), "to": at(20)}
    first = ledger.submit(ledger.operator, recall("r", {"place": gln + "/254/A", **scope}))["firstRecord"]
    ledger.settle()
    assert says(ledger, lot("W"))[0] == "registered"
    second = ledger.submit(ledger.operator, recall("r", {"place": gln, **scope}, replaces=first))["firstRecord"]
    ledger.settle()
    assert says(ledger, lot("W"))[0] == "recalled"
    refused = ledger.post(submission(ledger.operator, [compact(recall("r", {"place": gln + "/254/A", **scope},
                                                                      replaces=second))]))
    assert refused.status == 409 and "not narrowed" in refused.json["errors"][0]["detail"], refused.body


def test_what_is_left_of_a_lot_stands_at_its_place(ledger):
    key, gtin, lot = small(ledger)
    store = "https://id.gs1.org/414/" + ledgers.check_digit("690123400001")

    def moved(name, hour, much, step):
        return event("ObjectEvent", hour, action="OBSERVE", bizStep=step, bizLocation={"id": store},
                     quantityList=[{"epcClass": lot(name), "quantity": much, "uom": "KGM"}])
    for name in ("part", "all"):
        ledger.submit(key, batch(gtin, name, quantityList=[{"epcClass": lot(name), "quantity": 100, "uom": "KGM"}],
                                 made="2026-10-01"), moved(name, 5, 100, "storing"))
    ledger.submit(key, moved("part", 8, 40, "shipping"), moved("all", 8, 100, "shipping"))
    ledger.submit(ledger.operator, recall("x", {"place": store, "from": at(10), "to": at(20)}))
    ledger.settle()
    hit = {i["item"] for i in ledger.get("/v1/recalls/urn%3Atest%3Arecall%3Ax/affected?format=json").json["items"]}
    for name, found in (("part", True), ("all", False)):
        assert (says(ledger, lot(name))[0] == "recalled", lot(name) in hit) == (found, found), name


# --- the life of a case -------------------------------------------------------------------------

SHOP = "urn:suyuan:own:91110000000000000X:shop"
ABROAD = "urn:suyuan:own:91110000000000000X:abroad"


def now(seconds=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def name(record):
    return urllib.parse.quote(record, safe="")


def notice(parties, of="r"):
    return {"type": "RecallNotice", "recall": f"urn:test:recall:{of}", "parties": parties}


def answer(quantities, of="r", **more):
    return {"type": "RecallAnswer", "recall": f"urn:test:recall:{of}", "time": now(), "quantities": quantities, **more}


def report(of="r", **more):
    return {"type": "RecallReport", "recall": f"urn:test:recall:{of}", "time": now(), "quantities": [], **more}


def shops(ledger):
    return [ledger.enrol(SHOP, ["seller"], region="130102"), ledger.enrol(ABROAD, ["seller"])]


@pytest.mark.parametrize("mock", (False, True))
def test_the_life_of_a_case(ledger, mock):
    key, gtin, lot = small(ledger)
    shop, abroad = shops(ledger)
    case = {"items": [lot("a")]}
    more = {"mock": True} if mock else {}
    ledger.submit(key, batch(gtin, "a"))
    opened = ledger.submit(key, recall("r", case, level="2", known=now(-3600), **more))["firstRecord"]
    ledger.submit(key, notice([SHOP, ABROAD]))
    quantity = {"code": lot("a"), "uom": "KGM", "found": 10, "stopped": 4.5, "returned": 6, "destroyed": 1.5}
    first = ledger.submit(shop, answer([{**quantity, "found": 12}]))["firstRecord"]
    ledger.submit(shop, answer([quantity], replaces=first))
    raised = ledger.submit(key, recall("r", case, level="1", known=now(-3600), replaces=opened, **more))["firstRecord"]
    ledger.settle()
    inbox = ledger.get(f"/v1/recalls?to={name(SHOP)}").json["recalls"]
    assert [(r["id"], r["current"], r["level"], r["answered"] is not None) for r in inbox] == [
        ("urn:test:recall:r", False, "1", True)]
    ledger.submit(key, notice([SHOP, ABROAD]), report(final=True))
    ledger.submit(key, recall("r", case, "closed", replaces=raised, **more))
    ledger.settle()
    for by in ("urn:test:recall:r", str(opened)):
        one = ledger.get("/v1/recalls/" + name(by)).json
        assert (one["number"], one["state"], one["level"], one["marked"]) == (opened, "closed", "1", 0 if mock else 1)
    assert [v["state"] for v in one["versions"]] == ["closed", "open", "open"]
    assert [(n["party"], n["answered"] is not None) for n in one["notices"]] == [(ABROAD, False), (SHOP, True)]
    assert one["report"]["final"] is True and one["recall"]["state"] == "closed"
    assert {d["step"]: d["state"] for d in one["deadlines"]} == {"start": "met", "notify": "met", "complete": "met"}
    assert says(ledger, lot("a")) == (("registered", {}) if mock else ("recalled", {"r": False}))
    done = ledger.get("/v1/recalls/" + name("urn:test:recall:r") + "/effectiveness").json
    total = done["total"]
    assert (total["told"], total["untold"], total["answered"], total["answeredPercent"]) == (2, 1, 1, "33.33")
    # The lot was made by the piece, 100 of it, and is all with the dairy, which nobody told.
    none = dict.fromkeys(("toRecall", "found", "stopped", "returned", "destroyed", "recovered", "outstanding"), "0")
    assert total["quantities"] == [
        {**none, "unit": "KGM", "found": "10", "stopped": "4.5", "returned": "6", "destroyed": "1.5", "recovered": "7.5",
         "outstanding": "2.5", "unknown": False, "recoveredPercent": "75.00"},
        {**none, "unit": "", "toRecall": "100", "outstanding": "100", "unknown": False, "recoveredPercent": "0.00"}]
    assert [(r["region"], r["answeredPercent"]) for r in done["regions"]] == [("", "0.00"), ("130102", "100.00")]
    assert (done["deadlinesMet"], done["deadlinesMissed"]) == (3, 0)
    assert ("exerciseSeconds" in done) is mock
    assert [r["id"] for r in ledger.get("/v1/recalls?state=closed").json["recalls"]] == ["urn:test:recall:r"]
    assert ledger.get("/v1/recalls?state=open").json["recalls"] == []


def test_deadlines_that_were_missed(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "a"))
    ledger.submit(key, recall("r", {"items": [lot("a")]}, known=now(-30 * 3600)),
                  {**recall("d", {"items": [lot("a")]}, known=now()), "rule": "recall/drug"})
    ledger.settle()
    one = ledger.get("/v1/recalls/" + name("urn:test:recall:r")).json
    assert {d["step"]: d["state"] for d in one["deadlines"]} == {"start": "missed", "notify": "missed",
                                                                 "complete": "waiting"}
    one = ledger.get("/v1/recalls/" + name("urn:test:recall:d")).json
    assert {d["step"]: d["state"] for d in one["deadlines"]} == {"start": "met", "notify": "open", "report": "open"}


def test_nobody_knows_later_than_it_is_opened(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "a"))
    for known in (now(30 * 3600), "2999-01-01T00:00:00Z"):
        ledger.submit(key, recall(known[:4], {"items": [lot("a")]}, known=known))
        ledger.settle()
        one = ledger.get("/v1/recalls/" + name("urn:test:recall:" + known[:4])).json
        assert one["known"] == one["opened"]
        due = {d["step"]: d["due"] for d in one["deadlines"]}
        assert due["start"] == due["notify"] < now(25 * 3600)
    early = now(-30 * 3600)
    opened = ledger.submit(key, recall("k", {"items": [lot("a")]}, known=early))["firstRecord"]
    ledger.submit(key, recall("k", {"items": [lot("a"), lot("b")]}, replaces=opened))  # says nothing of it
    ledger.settle()
    one = ledger.get("/v1/recalls/" + name("urn:test:recall:k")).json
    assert {d["step"]: d["state"] for d in one["deadlines"]} == {"start": "missed", "notify": "missed",
                                                                 "complete": "waiting"}


def test_cases_in_pages(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, *(recall(f"{n}", {"items": [lot("a")]}, "draft") for n in range(5)))
    ledger.settle()
    seen, after = [], ""
    while after is not None:
        page = ledger.get(f"/v1/recalls?limit=2&after={name(after)}").json
        seen += [r["id"][-1] for r in page["recalls"]]
        after = page.get("next")
    assert seen == ["0", "1", "2", "3", "4"]
    assert ledger.get("/v1/recalls/nobody").status == 404
    assert ledger.get("/v1/recalls?state=begun").status == 400


def test_a_notice_tells_of_the_version_in_force(ledger):
    """It may say which; without that a notice to the same parties as before is the same record."""
    key, gtin, lot = small(ledger)
    shops(ledger)
    ledger.submit(key, batch(gtin, "a"))
    first = ledger.submit(key, recall("r", {"items": [lot("a")]}, level="2"))["firstRecord"]
    ledger.submit(key, {**notice([SHOP]), "version": first})
    raised = ledger.submit(key, recall("r", {"items": [lot("a")]}, level="1", replaces=first))["firstRecord"]
    assert ledger.submit(key, {**notice([SHOP]), "version": first}, expect=200)["entry"]  # as it was sent then
    (fault,) = ledger.submit(key, {**notice([SHOP, ABROAD]), "version": first}, expect=409)["errors"]
    assert fault["pointer"] == "/version" and str(raised) in fault["detail"]
    said = ledger.submit(key, {**notice([SHOP]), "version": raised})["firstRecord"]
    ledger.settle()
    (told,) = ledger.get("/v1/recalls/" + name("urn:test:recall:r")).json["notices"]
    assert (told["notice"], told["current"]) == (said, True)
