"""The table of categories, held against conf/profiles and then against a ledger, cell by cell.

TABLE is the trade's own, as the rules of the four categories were gathered.  From it and nothing else
comes what each cell must do: M refuses a batch without it by the field's name, S warns, and neither O
nor a dash says a word.
"""
import configparser
import copy
import itertools
import re

import pytest

from ledger import Key, ROOT, check_digit, compact, submission

CATEGORIES = ["agri", "food", "drug", "industrial"]
TABLE = """
| category; product name; product code | M M S | M M S | M M M | M M S |
| producer (统一社会信用代码 or GLN); address, contact | M (farmers: 主体码 or hashed ID) | M | M | M |
| specification or model | O | M | M | M |
| lot (≤20, case kept) | M | M (or dates, GB 7718) | M | M or serial |
| serial | O | O | M | S |
| quantity, unit | M | M | M | M |
| production date | – | M | M | M |
| harvest or slaughter date | M | – | – | – |
| expiry, not before production | O | M | M | O |
| origin or site (GB/T 2260, country) | M | S | S | S |
| licence | – | M (SC) | M (国药准字, 生产许可) | M if listed (CCC, XK) |
| standard (GB, Q) | O | M | S | M |
| release inspection: number, result, report digest | S | M | M | M |
| 承诺达标合格证: pledge and its basis | M | – | – | – |
| inputs used and their stop dates | M | – | – | – |
| input lots (as a transformation) | S | S (a regulator may tighten) | S | S |
| ingredients, allergens | – | S | – | – |
| storage temperature | O | S | S | O |
| holder of the authorisation, pack ratio | – | – | M | – |
| warranty term; public quality pledge | O | O | – | S |
| building materials at the site: project, part, witnessed sample, supervisor | – | – | – | M |
"""
# What a profile calls the fields of a row: those of all categories, or a category's own.
ASKED = {
    "category; product name; product code": ["category", "name", "productCode"],
    "producer (统一社会信用代码 or GLN); address, contact": ["producer", "address", "contact"],
    "specification or model": ["specification"],
    "lot (≤20, case kept)": {"agri": ["lot"], "food": ["lotOrDates"], "drug": ["lot"], "industrial": ["lotOrSerial"]},
    "serial": ["serial"],
    "quantity, unit": ["quantity", "unit"],
    "production date": ["made"],
    "harvest or slaughter date": ["harvested"],
    "expiry, not before production": ["expires"],
    "origin or site (GB/T 2260, country)": ["origin"],
    "licence": {"agri": [], "food": ["SC"], "drug": ["GYZZ", "YPSC"], "industrial": []},
    "standard (GB, Q)": ["standard"],
    "release inspection: number, result, report digest": ["inspection", "reportDigest"],
    "承诺达标合格证: pledge and its basis": ["pledge"],
    "inputs used and their stop dates": ["inputs"],
    "input lots (as a transformation)": ["inputLots"],
    "ingredients, allergens": ["ingredients", "allergens"],
    "storage temperature": ["storage"],
    "holder of the authorisation, pack ratio": ["holder", "packRatio"],
    "warranty term; public quality pledge": ["warranty", "publicPledge"],
    "building materials at the site: project, part, witnessed sample, supervisor":
        ["project", "part", "sample", "supervisor"],
}
# Where a published file says another weight than the table, and why.
OTHERWISE = {
    ("food", "lot"): "S",  # besides lotOrDates: a recall can't tell batches of a day apart
    ("food", "reportDigest"): "S",  # a firm's own spreadsheet has the report's number alone
    ("drug", "reportDigest"): "S",
    ("industrial", "reportDigest"): "S",
    ("drug", "YPSC"): "S",  # of the plant, which may be a contract manufacturer's
}
LICENCES = {"SC", "GYZZ", "YPSC"}
SITE = {"project", "part", "sample", "supervisor"}
OF_RECORDS = {"category"}  # asked of every Product record, whatever a profile says


def cells():
    """{category: {field: weight}} by the table, M, S, O or –."""
    asked = {category: {} for category in CATEGORIES}
    for line in TABLE.strip().splitlines():
        label, *weights = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(weights) == 4, line
        for category, weight in zip(CATEGORIES, weights):
            fields = ASKED[label][category] if isinstance(ASKED[label], dict) else ASKED[label]
            each = re.findall(r"[MSO–](?= |$)", weight) if label.startswith("category") else [weight[0]]
            for field, letter in zip(fields, itertools.cycle(each)):
                asked[category][field] = letter
    return asked


WEIGHTS = {c: {**f, **{field: w for (of, field), w in OTHERWISE.items() if of == c}} for c, f in cells().items()}


def profile(category):
    ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",), delimiters=("=",))
    ini.optionxform = str
    ini.read(ROOT / f"conf/profiles/{category}.ini", encoding="utf-8")
    return ini


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_published_profile_is_the_table(category):
    ini = profile(category)
    says = {**ini["fields"], **(ini["licences"] if ini.has_section("licences") else {})}
    table = {f: w for f, w in WEIGHTS[category].items() if f not in OF_RECORDS}
    # O and – ask for nothing; the file may name an O for whoever looks for it
    asked = {f: w for f, w in table.items() if w in "MS"}
    assert {f: w for f, w in says.items() if w in "MS"} == asked
    assert {f for f, w in says.items() if w not in "MS"} <= {f for f, w in table.items() if w == "O"} | {"place", "serial"}
    assert all(w in "MSO" for w in says.values())


def test_what_differs_from_the_table_does_differ():
    table = cells()
    for (category, field), weight in OTHERWISE.items():
        assert table[category].get(field) != weight, (category, field)


@pytest.mark.parametrize("name,licence", [("ccc", "CCC"), ("xk", "XK")])
def test_listed_goods_need_their_licence(name, licence):
    ini = profile(f"listed-{name}")
    assert ini["rules"]["licence"] == licence and ini["rules"]["category"] == "industrial"
    assert ini["rules"]["weight"] in "MS" and len(ini["standards"]) > 0


# --- a batch that lacks nothing, and how to lack one thing

EXTRAS = {
    "agri": {"ilmd": {"cbvmda:harvestEndDate": "2026-05-01", "suyuan:origin": "370783",
                      "suyuan:pledge": {"number": "HGZ-1", "basis": "self-test"},
                      "suyuan:inputs": [{"name": "啶虫脒", "stopDate": "2026-04-18"}]}},
    "food": {"ilmd": {"suyuan:productionDate": "2026-05-01", "cbvmda:itemExpirationDate": "2099-06-01",
                      "suyuan:origin": "130100"}},
    "drug": {"ilmd": {"suyuan:productionDate": "2026-05-01", "cbvmda:itemExpirationDate": "2099-04-30",
                      "suyuan:origin": "130100", "suyuan:packRatio": "1:10:200"}},
    "industrial": {"ilmd": {"suyuan:productionDate": "2026-05-01", "suyuan:origin": "130100"}},
}
PRODUCT = {"specification": "x", "standard": "GB 1", "ingredients": ["生牛乳"], "allergens": ["乳"],
           "storage": {"min": 2, "max": 6}, "warranty": "P3M", "pledge": {"text": "包退包换"},
           "licences": [{"kind": "SC", "number": "SC10613010000011"}, {"kind": "GYZZ", "number": "国药准字H13020001"},
                        {"kind": "YPSC", "number": "冀20150001"}]}


class Case:
    """A firm of its own with its place, a product and a batch: whole, until something is taken away."""
    count = 0

    def __init__(self, category):
        Case.count += 1
        self.category, prefix = category, f"6910{Case.count:03}"
        self.id = "https://id.gs1.org/417/" + check_digit(prefix + "00000")
        self.code = "https://id.gs1.org/01/" + check_digit(f"0{prefix}00001")
        self.party = {"roles": ["producer"], "prefixes": [prefix]}
        self.place = {"type": "Place", "id": f"urn:works:{Case.count}", "name": {"zh": "一车间"}, "address": "中山路 1 号",
                      "phone": "0311-1"}
        self.product = {"type": "Product", "name": {"zh": "货"}, "category": category, **copy.deepcopy(PRODUCT),
                        "holder": self.id}
        self.contact = None
        self.event = {
            "type": "TransformationEvent", "eventTime": "2026-05-01T08:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
            "inputQuantityList": [{"epcClass": "https://id.gs1.org/01/06999999000006/10/RAW", "quantity": 5, "uom": "KGM"}],
            "outputQuantityList": [{"epcClass": "{code}/10/A1", "quantity": 1.5, "uom": "KGM"}],
            **copy.deepcopy(EXTRAS[category]),
            "suyuan:inspection": {"number": "CJ-1", "result": "pass", "report": {"sha256": "ab" * 32}}}
        if category in ("drug", "industrial"):
            self.event["outputEPCList"] = ["{code}/10/A1/21/1"]

    @property
    def ilmd(self):
        return self.event["ilmd"]

    def batch(self):
        return compact(self.event).replace("{code}", self.code)

    def establish(self, ledger):
        self.key = ledger.enrol(self.id, key=Key(self.id), **self.party)
        if not self.code.startswith("http"):
            self.code = self.code.replace("{key}", self.key.vkey.split("+")[1])
        said = [{**self.product, "code": self.code}]
        if self.place:
            said.append({**self.place, "party": self.id})
        if self.contact:
            said.append({"type": "Contact", "id": f"urn:contact:{Case.count}", "party": self.id, **self.contact})
        ledger.submit(self.key, *said)
        return self

    def judged(self, ledger, language="en", expect=None):
        """(status, {field: detail} of what is refused, the same of warnings)"""
        body = submission(self.key, [self.batch()])
        answer = ledger.request("POST", "/v1/submissions", body, {
            "Content-Type": "application/x-ndjson", "Accept-Language": language})
        assert answer.status == (expect or answer.status), answer.body.decode()
        said = answer.json.get("errors", []) + answer.json.get("warnings", [])
        assert all("field" in fault for fault in said), said
        assert len({(f["field"], f["status"]) for f in said if "status" in f}) == len([f for f in said if "status" in f])
        return (answer.status, {f["field"]: f["detail"] for f in said if f.get("status")},
                {f["field"]: f["detail"] for f in said if not f.get("status")})


def own_code(case):
    case.code = "urn:suyuan:own:{key}:x"
    case.event = {**case.event, "outputQuantityList": [{"epcClass": "{code}:lot:1", "quantity": 1.5, "uom": "KGM"}]}
    if "outputEPCList" in case.event:
        case.event["outputEPCList"] = ["{code}:lot:1:serial:1"]


def unknown_firm(case):
    case.id = f"urn:suyuan:own:firm:{Case.count}"


def no_lot(case):
    case.event["outputQuantityList"][0]["epcClass"] = "{code}"
    if "outputEPCList" in case.event:
        case.event["outputEPCList"] = ["{code}/21/1"]


def no_lot_nor_dates(case):
    no_lot(case)
    del case.ilmd["cbvmda:itemExpirationDate"]


def no_lot_nor_serial(case):
    no_lot(case)
    case.event.pop("outputEPCList", None)


def no_inputs(case):
    event = {**case.event, "type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning"}
    del event["inputQuantityList"]
    for member in ("QuantityList", "EPCList"):
        if f"output{member}" in event:
            event[member[0].lower() + member[1:].replace("PCList", "pcList")] = event.pop(f"output{member}")
    event["epcList"] = event.pop("ePCList", event.pop("epcList", [])) or event.pop("epcList", [])
    case.event = {k: v for k, v in event.items() if v != []}


def without(member, *inside):
    """Takes a member away: of the event, or below one of its members."""
    def take(case):
        at = case.event
        for name in inside:
            at = at[name]
        del at[member]
    return take


def of_product(member):
    return lambda case: case.product.pop(member)


def of_licence(kind):
    def take(case):
        case.product["licences"] = [one for one in case.product["licences"] if one["kind"] != kind]
    return take


def quantity(**said):
    def take(case):
        case.event["outputQuantityList"] = [{"epcClass": "{code}/10/A1", **said}]
    return take


# field -> (what takes it away, what else is missing then)
LACK = {
    "productCode": (own_code, {}),
    "producer": (unknown_firm, {}),
    "address": (lambda case: case.place.pop("address"), {}),
    "contact": (lambda case: case.place.pop("phone"), {}),
    "specification": (of_product("specification"), {}),
    "standard": (of_product("standard"), {}),
    "ingredients": (of_product("ingredients"), {}),
    "allergens": (of_product("allergens"), {}),
    "storage": (of_product("storage"), {}),
    "holder": (of_product("holder"), {}),
    "warranty": (of_product("warranty"), {}),
    "publicPledge": (of_product("pledge"), {}),
    "SC": (of_licence("SC"), {}),
    "GYZZ": (of_licence("GYZZ"), {}),
    "YPSC": (of_licence("YPSC"), {}),
    "lot": (no_lot, {}),
    "lotOrDates": (no_lot_nor_dates, {"lot", "expires"}),
    "lotOrSerial": (no_lot_nor_serial, {"serial"}),
    "serial": (lambda case: case.event.pop("outputEPCList", None), {}),
    "quantity": (quantity(), {"unit"}),
    "unit": (quantity(quantity=1.5), {}),
    "made": (without("suyuan:productionDate", "ilmd"), {}),
    "harvested": (without("cbvmda:harvestEndDate", "ilmd"), {}),
    "expires": (without("cbvmda:itemExpirationDate", "ilmd"), {}),
    "origin": (without("suyuan:origin", "ilmd"), {}),
    "inspection": (without("suyuan:inspection"), {}),
    "reportDigest": (without("report", "suyuan:inspection"), {}),
    "pledge": (without("suyuan:pledge", "ilmd"), {}),
    "inputs": (without("suyuan:inputs", "ilmd"), {}),
    "inputLots": (no_inputs, {}),
    "packRatio": (without("suyuan:packRatio", "ilmd"), {}),
}
NAMED = {kind: "licences" for kind in LICENCES}  # a licence's field in an answer


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_whole_batch(shared_ledger, category):
    """Nothing refused, nothing warned of: so what a later test sees comes from what it takes away."""
    assert Case(category).establish(shared_ledger).judged(shared_ledger) == (201, {}, {})


CELLS = [(c, field, weight) for c in CATEGORIES for field, weight in WEIGHTS[c].items()
         if weight in "MS" and field not in SITE | OF_RECORDS | {"name"}]


@pytest.mark.parametrize("category,field,weight", CELLS)
def test_a_cell(shared_ledger, category, field, weight):
    take, also = LACK[field]
    case = Case(category)
    take(case)
    case.establish(shared_ledger)
    status, refused, warned = case.judged(shared_ledger)
    here = {NAMED.get(f, f) for f in {field, *also} if WEIGHTS[category].get(f) == "M"}
    # a refusal tells what refuses
    noted = set() if here else {NAMED.get(f, f) for f in {field, *also} if WEIGHTS[category].get(f) == "S"}
    assert (status, set(refused), set(warned)) == (422 if here else 201, here, noted)
    if weight == "S":
        return
    zh = case.judged(shared_ledger, "zh")
    assert (zh[0], set(zh[1]), set(zh[2])) == (status, set(refused), set(warned))
    named = NAMED.get(field, field)
    assert refused[named].isascii() and re.search("[一-鿿]{2}", zh[1][named]), zh


OPTIONAL = [(c, field) for c in CATEGORIES for field in LACK
            if WEIGHTS[c].get(field, "–") in "O–" and field not in ("lot", "lotOrDates", "lotOrSerial")]


@pytest.mark.parametrize("category,field", OPTIONAL)
def test_what_isnt_asked_for(shared_ledger, category, field):
    """O and –: a batch without it is whole."""
    case = Case(category)
    try:
        LACK[field][0](case)
    except KeyError:
        pass  # the whole batch is without it
    assert case.establish(shared_ledger).judged(shared_ledger) == (201, {}, {})


@pytest.mark.parametrize("member", ["name", "category"])
def test_what_every_product_has(shared_ledger, member):
    case = Case("food")
    case.establish(shared_ledger)
    body = {**case.product, "code": case.code.replace("/01/0", "/01/1")}
    del body[member]
    faults = shared_ledger.submit(case.key, body, expect=400)["errors"]
    assert f"/{member}" in [fault["pointer"] for fault in faults] or member in faults[0]["detail"], faults


# --- all at once


def all_asked(category):
    return {NAMED.get(f, f) for f, w in WEIGHTS[category].items() if w == "M"} - SITE - OF_RECORDS - {"name"}


def bare(category):
    """A batch of which nothing is said, of a product and by a firm of which as little is."""
    case = Case(category)
    unknown_firm(case)
    own_code(case)
    case.product = {"type": "Product", "name": {"zh": "货"}, "category": category}
    case.place = None
    case.event = {"type": "ObjectEvent", "action": "ADD", "eventTime": "2026-05-01T08:00:00.000+08:00",
                  "eventTimeZoneOffset": "+08:00", "quantityList": [{"epcClass": "{code}"}]}
    return case


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_that_is_missing_is_named_at_once(shared_ledger, category, language):
    """Ten faults a record are all that an answer has room for: what is more stands in the last of them."""
    case = bare(category).establish(shared_ledger)
    status, refused, _ = case.judged(shared_ledger, language)
    assert status == 422
    named = set(refused) | set(re.findall(r"\b[a-z]+[A-Za-z]+\b", list(refused.values())[-1]))
    assert all_asked(category) <= named, all_asked(category) - named
    assert len(refused) == min(10, len(all_asked(category)))


# --- a field is met from wherever it lives


def firm(**members):
    def say(case):
        unknown_firm(case)
        case.party.update(members)
    return say


def batch(member, value, drop=None):
    def say(case):
        case.ilmd[member] = value
        case.ilmd.pop(drop, None)
    return say


def at(member):
    """The place tells the region, and the event names the place."""
    def say(case):
        del case.ilmd["suyuan:origin"]
        case.place["region"] = "130102"
        case.event[member] = {"id": case.place["id"]}
    return say


def of_nobody(case):
    """A farmer who has no place of a firm's."""
    case.place = None


def both(*each):
    return lambda case: [say(case) for say in each]


def in_the_ilmd(case):
    no_lot(case)
    case.ilmd["cbvmda:lotNumber"] = "A1"


def contact_alone(case):
    del case.place["phone"]
    case.contact = {"name": "王", "phone": "0311-2"}


def pledged_by_the_firm(case):
    del case.product["pledge"]
    case.party["pledge"] = {"text": "包退包换"}


def serials_alone(case):
    no_lot(case)
    del case.event["outputQuantityList"]



USCC = "91350100M000100Y43"
MET = [
    ("food", "producer", "a USCC in the Party", firm(uscc=USCC)),
    ("agri", "producer", "a farmer's subject code", both(firm(subjectCode="370783-0001"), of_nobody)),
    ("agri", "producer", "a farmer's hashed identity", both(firm(idHash="ab" * 32), of_nobody)),
    ("food", "contact", "a Contact record", contact_alone),
    ("industrial", "publicPledge", "the Party's", pledged_by_the_firm),
    ("food", "lot", "in the ilmd", in_the_ilmd),
    ("drug", "lot", "in the ilmd", in_the_ilmd),
    ("industrial", "lotOrSerial", "a serial", serials_alone),
    ("food", "expires", "best before", batch("cbvmda:bestBeforeDate", "2099-01-01", "cbvmda:itemExpirationDate")),
    ("agri", "origin", "a country", batch("cbvmda:countryOfOrigin", "CL", "suyuan:origin")),
    ("agri", "origin", "the place of making", at("bizLocation")),
    ("agri", "origin", "the read point", at("readPoint")),
    ("food", "reportDigest", "of SM3", lambda case: case.event["suyuan:inspection"].update(report={"sm3": "cd" * 32})),
    ("food", "unit", "a count of pieces", quantity(quantity=7)),
    ("food", "allergens", "none", lambda case: case.product.update(allergens=[])),
    ("agri", "inputs", "none", batch("suyuan:inputs", [])),
    ("drug", "productCode", "a code of drugs", None),
]


@pytest.mark.parametrize("category,field,where,say", MET, ids=lambda v: v if isinstance(v, str) else "")
def test_where_a_field_is_met(shared_ledger, category, field, where, say):
    case = Case(category)
    if say:
        say(case)
    else:
        case.code = "urn:suyuan:cn:drug-product:8" + f"{Case.count:06}"
        case.party["grants"] = [case.code]
        code = case.code.replace("drug-product", "drug") + "0000000000001"
        case.event = {**case.event, "outputEPCList": [code]}
        del case.event["outputQuantityList"]
        case.ilmd["cbvmda:lotNumber"] = "A1"
    assert case.establish(shared_ledger).judged(shared_ledger) == (201, {}, {}), where


# --- what is there in a form that says nothing


WRONG = [
    ("food", "expires", "expired before it was made", batch("cbvmda:itemExpirationDate", "2026-04-30")),
    ("food", "expires", "best before that", batch("cbvmda:bestBeforeDate", "2026-04-30")),
    ("agri", "expires", "expired before the harvest", batch("cbvmda:itemExpirationDate", "2026-04-30")),
    ("agri", "pledge", "on no known basis", batch("suyuan:pledge", {"number": "1", "basis": "hope"})),
    ("agri", "pledge", "of no number", batch("suyuan:pledge", {"basis": "control"})),
    ("agri", "inputs", "without a stop date", batch("suyuan:inputs", [{"name": "x"}])),
    ("agri", "inputs", "with a stop date that is none", batch("suyuan:inputs", [{"name": "x", "stopDate": "soon"}])),
    ("agri", "inputs", "without a name", batch("suyuan:inputs", [{"stopDate": "2026-04-01"}])),
    ("agri", "origin", "of five digits", batch("suyuan:origin", "13010")),
    ("drug", "packRatio", "that falls", batch("suyuan:packRatio", "1:20:5")),
    ("drug", "packRatio", "of one", batch("suyuan:packRatio", "1")),
    ("food", "lot", "of 21 characters", lambda case: (no_lot(case), batch("cbvmda:lotNumber", "批" * 21)(case))),
    ("food", "inspection", "of no result", lambda case: case.event["suyuan:inspection"].pop("result")),
    ("food", "inspection", "of no number", lambda case: case.event["suyuan:inspection"].pop("number")),
]


@pytest.mark.parametrize("category,field,what,say", WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_a_field_of_wrong_form_isnt_met(shared_ledger, category, field, what, say):
    case = Case(category)
    say(case)
    case.establish(shared_ledger)
    for language in ("en", "zh"):
        body = submission(case.key, [case.batch()])
        answer = shared_ledger.request("POST", "/v1/submissions", body, {
            "Content-Type": "application/x-ndjson", "Accept-Language": language})
        assert answer.status == 422, what
        [fault] = answer.json["errors"]
        pointer = {"expires": "(itemExpirationDate|bestBeforeDate)", "lot": "lotNumber"}.get(field, field)
        assert re.search(pointer, fault["pointer"]), fault
        assert fault["detail"].isascii() == (language == "en"), fault


# --- goods at a building site


SITE_SAID = {"project": "一号桥", "part": "桥墩 3", "sample": "JZ-1", "supervisor": "城建监理"}


@pytest.fixture(scope="module")
def cement(shared_ledger):
    """A firm's cement, in the ledger."""
    case = Case("industrial").establish(shared_ledger)
    assert case.judged(shared_ledger)[0] == 201
    return case


def install(case, said, place=None):
    event = {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "installing",
             "eventTime": "2026-05-02T08:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
             "eventID": f"urn:x:install:{place}:{'-'.join(said)}",
             "quantityList": [{"epcClass": f"{case.code}/10/A1", "quantity": 1, "uom": "KGM"}], "suyuan:site": said}
    if place:
        event["bizLocation"] = {"id": place}
    case.event = event


@pytest.mark.parametrize("lacking", [["project"], ["part"], ["sample"], ["supervisor"],
                                     ["project", "part", "sample", "supervisor"]], ids="+".join)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_told_of_a_building_site(shared_ledger, cement, lacking, language):
    install(cement, {k: v for k, v in SITE_SAID.items() if k not in lacking})
    status, refused, _ = cement.judged(shared_ledger, language)
    assert (status, set(refused)) == (422, set(lacking))
    assert all(detail.isascii() == (language == "en") for detail in refused.values())


@pytest.mark.parametrize("told", [{}, {"project": "一号桥"}, {"project": "一号桥", "part": "桥墩 3"}], ids=len)
def test_a_place_tells_of_its_site(shared_ledger, cement, told):
    place = f"urn:site:{len(told)}"
    shared_ledger.submit(cement.key, {"type": "Place", "id": place, "party": cement.id, "name": {"zh": "工地"}, **told})
    install(cement, {k: v for k, v in SITE_SAID.items() if k in ("sample", "supervisor")}, place)
    status, refused, _ = cement.judged(shared_ledger)
    assert (status, set(refused)) == (422 if len(told) < 2 else 201, {"project", "part"} - set(told))
