"""What batches must carry, and in whose language a refusal is told."""
import datetime
import re
import time
from urllib.parse import quote

import pytest

from cli import Cli, REFUSED, UNKNOWN, USAGE
from ledger import ROOT, Key, batch, check_digit, compact, submission

MILK = check_digit("0690123400001")


@pytest.fixture(scope="module")
def dairy(shared_ledger):
    """A producer with a food whose record says no more than it must."""
    key, _ = shared_ledger.dairy()
    shared_ledger.submit(key, {"type": "Product", "code": MILK, "name": {"zh": "酸奶"}, "category": "food"})
    return key


@pytest.mark.parametrize("accept,chinese", [
    (None, False), ("zh", True), ("en", False), ("zh-CN,zh;q=0.9,en;q=0.8", True), ("en,zh;q=0.9", False),
    ("fr, ZH-hans;q=0.2", True), ("zh;q=0", False), ("de", False), ("*", False), ("en;q=0.1 , zh ; q=0.5", True),
    (",,", False), ("zh,en", True), ("en,zh", False),
])
def test_a_refusal_is_told_in_the_language_asked_for(shared_ledger, dairy, accept, chinese):
    headers = {"Content-Type": "application/x-ndjson"}
    if accept is not None:
        headers["Accept-Language"] = accept
    body = submission(dairy, [compact(batch(MILK, "A1"))])
    answer = shared_ledger.request("POST", "/v1/submissions", body, headers)
    assert answer.status == 422
    for fault in answer.json["errors"]:
        assert fault["detail"].isascii() != chinese, fault
    missing = {"specification", "standard", "licences", "address", "contact", "inspection"}
    assert {f["field"] for f in answer.json["errors"] if f["status"] == 422} == missing


def test_of_an_unknown_author_nothing_else_is_asked(shared_ledger, dairy):
    faults = shared_ledger.submit(Key("stranger"), batch(MILK, "A1"), expect=401)["errors"]
    assert not {"producer", "address", "contact"} & {f.get("field") for f in faults}, faults


# --- earlier rules


def publish(ledger, fields, replaces, **more):
    """The profile of farm produce, and where it stands."""
    said = ledger.submit(ledger.operator, {
        "type": "Rules", "name": "profile/agri", "kind": "profile", "category": "agri", "fields": fields,
        "replaces": replaces, **more})
    ledger.settle()
    return said["firstRecord"], said["entry"]


def profile(ledger, **by):
    path = "/v1/rules?name=" + quote("profile/agri") + "".join(f"&{k}={quote(str(v))}" for k, v in by.items())
    answer = ledger.get(path)
    return answer.json["rules"] if answer.status == 200 else answer.status


@pytest.fixture(scope="module")
def grower(shared_ledger):
    """A grower, and three versions of what its batches must carry, with a batch accepted under each."""
    ledger = shared_ledger
    party = "https://id.gs1.org/417/" + check_digit("692345600000")
    key = ledger.enrol(party, ["producer"], prefixes=["6923456"])
    leek = check_digit("0692345600001")
    ledger.submit(key, {"type": "Product", "code": leek, "name": {"zh": "韭菜"}, "category": "agri"})
    ledger.settle()
    first = profile(ledger)[0]
    versions, batches = [(first["record"], first["entry"])], []
    for fields in ({}, {"lot": "M"}, {"lot": "M", "quantity": "S"}):
        versions.append(publish(ledger, fields, versions[-1][0]))
        batches.append(ledger.submit(key, batch(leek, f"L{len(versions)}")))
        until = datetime.datetime.fromisoformat(batches[-1]["time"].replace("Z", "+00:00")).timestamp() + 0.001
        while time.time() < until:  # what comes next is of a later millisecond
            pass
    return versions, batches


def test_the_rules_by_which_a_record_was_judged(shared_ledger, grower):
    versions, batches = grower
    for (record, _), said in zip(versions[1:], batches):
        for by in ({"record": said["firstRecord"]}, {"entry": said["entry"]}, {"time": said["time"]}):
            assert [r["record"] for r in profile(shared_ledger, **by)] == [record], by
    # a rule isn't judged by itself, but by the one before
    for (before, _), (record, entry) in zip(versions, versions[1:]):
        assert profile(shared_ledger, record=record)[0]["record"] == before
        assert profile(shared_ledger, entry=entry)[0]["record"] == before
        assert profile(shared_ledger, entry=entry + 1)[0]["record"] == record
    assert profile(shared_ledger, record=0) == profile(shared_ledger, time="2020-01-01T00:00:00Z") == 404


def test_all_rules_as_they_were(shared_ledger, grower):
    versions, batches = grower
    now = {r["id"]: r["record"] for r in shared_ledger.get("/v1/rules?limit=1000").json["rules"]}
    for (record, _), said in zip(versions[1:], batches):
        then = {}
        after = ""
        while True:
            page = shared_ledger.get(f"/v1/rules?limit=2&record={said['firstRecord']}{after}").json
            then |= {r["id"]: r["record"] for r in page["rules"]}
            if "next" not in page:
                break
            after = "&after=" + quote(page["next"])
        assert then == now | {"profile/agri": record}
    first = shared_ledger.get("/v1/rules?record=0").json
    assert first["rules"] == [] and "next" not in first


def test_versions(shared_ledger, grower):
    versions, _ = grower
    newest = [record for record, _ in reversed(versions)]
    assert [r["record"] for r in profile(shared_ledger, versions="true")] == newest
    paged, after = [], {}
    while True:
        page = shared_ledger.get("/v1/rules?name=profile/agri&versions=true&limit=2" +
                                 "".join(f"&after={a}" for a in after.values())).json
        paged += [r["record"] for r in page["rules"]]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    assert paged == newest
    assert [r["record"] for r in profile(shared_ledger, versions="true", record=versions[2][0])] == newest[2:]
    fields = [r["rule"]["fields"] for r in profile(shared_ledger, versions="true")]
    assert fields[:3] == [{"lot": "M", "quantity": "S"}, {"lot": "M"}, {}] and fields[3]["pledge"] == "M"


def test_a_person_looks_at_earlier_rules(shared_ledger, grower, tmp_path):
    versions, batches = grower
    cli = Cli(tmp_path / "cli", shared_ledger.url, shared_ledger.dir / "operator.key")

    def show(*more, **expect):
        return cli("rules", "show", *more, **expect)
    for (record, _), said in zip(versions[1:], batches):
        by_record = show("profile/agri", "--record", said["firstRecord"])
        assert by_record.fields["record"] == str(record)
        assert show("profile/agri", "--at", said["time"]).fields["record"] == str(record)
        assert show("profile/agri", "--record", said["firstRecord"], "--json").json["record"] == record
        assert re.search(rf"profile/agri .* {record} ", show("--record", said["firstRecord"]).out)
    assert [row["record"] for row in show("profile/agri", "--versions", "--json").json] == \
        [record for record, _ in reversed(versions)]
    assert show("--at", "2020-01-01", "--json").json == []
    show("profile/agri", "--at", "2020-01-01", expect=UNKNOWN)
    for wrong in (["--at", "soon"], ["--record", "x"], ["--versions"], ["--record", "1", "--at", "2026-11-01"]):
        show(*wrong, expect=USAGE)


EXEMPTION = """[rules]
name = exemption/milk
kind = exemption
product = %s
until = 2099-12-31
reason = 检验机构受灾，凭企业自检放行

[fields]
inspection = S
address = S
contact = O
"""


def test_an_exemption_is_a_record(shared_ledger, tmp_path):
    """With its reason and its last day; what it excuses is taken, with a warning that names it."""
    ledger = shared_ledger
    key = ledger.enrol("https://id.gs1.org/417/" + check_digit("690999900000"), ["producer"], prefixes=["6909999"])
    milk = check_digit("0690999900001")
    ledger.submit(key, {"type": "Product", "code": milk, "name": {"zh": "酸奶"}, "category": "food", "specification":
                        "1 L", "standard": "GB 19302", "licences": [{"kind": "SC", "number": "SC10613010000011"}]})
    what = batch(milk, "A1", quantityList=[{"epcClass": f"https://id.gs1.org/01/{milk}/10/A1", "quantity": 7, "uom": "CT"}])
    refused = ledger.submit(key, what, expect=422)["errors"]
    assert {f["field"] for f in refused if f["status"] == 422} == {"inspection", "address", "contact"}
    cli = Cli(tmp_path / "cli", ledger.url, ledger.dir / "operator.key")
    cli("rules", "publish", cli.write("exemption.ini", EXEMPTION % milk))
    shown = cli("rules", "show", "exemption/milk", "--json").json
    assert shown["rule"]["reason"].startswith("检验机构") and shown["rule"]["until"] == "2099-12-31"
    said = ledger.submit(key, what)
    warned = {f["field"]: f["detail"] for f in said["warnings"]}
    assert {"inspection", "address"} <= set(warned) and "contact" not in warned
    assert f"record {shown['record']}" in warned["inspection"]


# --- one batch after another while the rules change


@pytest.fixture
def trade(ledger, tmp_path):
    """A regulator of the province and a maker of toys in it, with their command lines; (regulator, maker, toy)."""
    operator = Cli(tmp_path / "operator", ledger.url, ledger.dir / "operator.key")
    made = {}
    for name, digits, role, region, more in (
            ("city", "690000000001", "regulator", "130000", ()), ("south", "690000000002", "regulator", "440000", ()),
            ("maker", "690888800000", "producer", "130100", ("--prefix", "6908888", "--uscc", "91350100M000100Y43"))):
        made[name] = one = Cli(tmp_path / name, ledger.url, f"{name}.key")
        one.party = "https://id.gs1.org/417/" + check_digit(digits)
        Cli(one.dir)("key", "new", f"{name}.key", "--party", one.party)
        operator("party", "register", one.party, "--name", name, "--role", role, "--region", region, *more,
                 "--party-key", one.dir / f"{name}.key")
    toy = check_digit("0690888800001")
    made["maker"]("place", "register", check_digit("690888800001"), "--name", "works", "--address", "1 Main St",
                  "--phone", "0311-1")
    made["maker"]("product", "register", toy, "--name", "Ball", "--category", "industrial", "--specification", "x",
                  "--standard", "GB 1")
    return made["city"], made["south"], made["maker"], toy


def make(maker, toy, lot, *more, **expect):
    return maker("batch", "register", "--product", toy, "--lot", lot, "--quantity", "500", "--unit", "个", "--made",
                 "2026-11-01", *more, **expect)


INSPECTED = ["--inspection", "R1", "--result", "pass"]
STRICT = """[rules]
name = profile/industrial
kind = profile
category = industrial

[fields]
lotOrSerial = M
quantity = M
made = M
inspection = %s
expires = %s
"""


def test_a_batch_is_judged_by_the_rules_of_its_entry(ledger, trade):
    city, _, maker, toy = trade
    # under the default rules an inspection is a must and an expiry isn't
    refused = make(maker, toy, "A0", "--json", expect=REFUSED)
    assert "inspection" in refused.err
    first = make(maker, toy, "A1", *INSPECTED, "--json").json["record"]
    # from here on the other way round
    before = city("rules", "show", "profile/industrial", "--json").json["record"]
    city("rules", "publish", city.write("p.ini", STRICT % ("O", "M")), "--replace")
    after = city("rules", "show", "profile/industrial", "--json").json["record"]
    assert after > before
    assert "expires" in make(maker, toy, "A2", *INSPECTED, expect=REFUSED).err
    second = make(maker, toy, "A2", "--expires", "2099-01-01", "--json").json["record"]
    # and back again
    city("rules", "publish", city.write("p.ini", STRICT % ("M", "O")), "--replace")
    newest = city("rules", "show", "profile/industrial", "--json").json["record"]
    make(maker, toy, "A3", "--expires", "2099-01-01", expect=REFUSED)
    third = make(maker, toy, "A3", *INSPECTED, "--json").json["record"]

    def judged_by(one):
        for record, rules in ((first, before), (second, after), (third, newest)):
            shown = one("rules", "show", "profile/industrial", "--record", record, "--json").json
            assert shown["record"] == rules
            assert ledger.get(f"/v1/rules?name=profile/industrial&record={record}").json["rules"][0]["record"] == rules
            one("ledger", "record", str(record))
        assert [row["record"] for row in one("rules", "show", "profile/industrial", "--versions", "--json").json][:3] == \
            [newest, after, before]
    judged_by(city)
    # what was accepted stays so, and by which rules is told for ever: also by an index built anew
    maker("verify", f"(01){toy}(10)A1")
    ledger.stop()
    assert ledger.run("--reindex").returncode == 0
    ledger.start()
    city.where = maker.where = ledger.url
    judged_by(city)
    assert make(maker, toy, "A1", *INSPECTED, "--json").json["status"] == "already registered"


def exemption(of, until):
    return f"""[rules]
name = exemption/flood
kind = exemption
{of}
until = {until}
reason = the laboratory is flooded

[fields]
inspection = S
"""


@pytest.mark.parametrize("by", ["party", "product"])
def test_a_regulator_lets_a_batch_through(ledger, trade, by):
    city, south, maker, toy = trade
    of = f"party = {maker.party}" if by == "party" else f"product = {toy}"
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
    make(maker, toy, "A1", expect=REFUSED)
    south("rules", "publish", south.write("x.ini", exemption(of, "2099-12-31")), expect=REFUSED)
    maker("rules", "publish", maker.write("x.ini", exemption(of, "2099-12-31")), expect=REFUSED)
    unfounded = exemption(of, "2099-12-31").replace("reason = the laboratory is flooded\n", "")
    assert "reason" in city("rules", "publish", city.write("y.ini", unfounded), expect=REFUSED).err
    make(maker, toy, "A1", expect=REFUSED)
    # until the end of its last day, which is today
    city("rules", "publish", city.write("x.ini", exemption(of, today)))
    record = city("rules", "show", "exemption/flood", "--json").json["record"]
    assert f"exemption of record {record}" in make(maker, toy, "A1").err
    assert f"记录 {record} 的豁免" in make(maker, toy, "A2", "--lang", "zh").err
    # which rules let it through is told by the record
    number = make(maker, toy, "A1", "--json").json["record"]
    assert maker("rules", "show", "exemption/flood", "--record", number, "--json").json["record"] == record
    # over: what was accepted stays, what comes is refused
    yesterday = today - datetime.timedelta(days=1)
    city("rules", "publish", city.write("x.ini", exemption(of, yesterday)), "--replace")
    make(maker, toy, "A4", expect=REFUSED)
    maker("verify", f"(01){toy}(10)A1")
    assert maker("rules", "show", "exemption/flood", "--record", number, "--json").json["rule"]["until"] == str(today)


def test_a_wrong_credit_code_with_a_reason(ledger, trade, tmp_path):
    """Real firms have such codes: an authority takes one, says why, and the answer and the register show it."""
    city, _, maker, _ = trade
    firm = Cli(tmp_path / "firm", ledger.url, "firm.key")
    party = "https://id.gs1.org/417/" + check_digit("690777700000")
    Cli(firm.dir)("key", "new", "firm.key", "--party", party)
    enrol = ["party", "register", party, "--name", "firm", "--role", "producer", "--region", "130100", "--party-key",
             firm.dir / "firm.key", "--uscc", "91350100M000100Y4A"]
    assert "32100" in city(*enrol, expect=REFUSED).err
    done = city(*enrol, "--override", "so it stands on its licence")
    assert "so it stands on its licence" in done.err
    assert city("party", "show", party).fields["override"] == "so it stands on its licence"
    assert city("party", "show", party, "--json").json["party"]["override"] == {"reason": "so it stands on its licence"}


def test_farmers_are_enrolled_by_what_they_have(ledger, trade, tmp_path):
    city, *_ = trade
    for flag, member, value in (("--subject-code", "subjectCode", "370783-0001"), ("--id-hash", "idHash", "ab" * 32)):
        party = f"urn:suyuan:own:farm:{member}"
        farm = Cli(tmp_path / member, ledger.url, "farm.key")
        Cli(farm.dir)("key", "new", "farm.key", "--party", party)
        city("party", "register", party, "--name", "farm", "--role", "producer", "--region", "130100", "--party-key",
             farm.dir / "farm.key", flag, value)
        assert city("party", "show", party, "--json").json["party"][member] == value


def test_the_same_rules_by_another_authority(ledger, trade):
    """They stand already: nothing is sent, where the same record by its own author is the same entry."""
    city, south, *_ = trade
    for one in (city, south):
        one.write("p.ini", STRICT % ("O", "M"))
    said = city("rules", "publish", "p.ini", "--replace", "--json").json
    assert city("rules", "publish", "p.ini", "--replace", "--json").json["record"] == said["record"]
    there = south("rules", "publish", "p.ini", "--replace", "--json").json
    assert (there["status"], there["record"]) == ("already so", said["record"])


def test_the_sample_of_an_exemption(shared_ledger, tmp_path):
    """What the README points to can be published as it stands."""
    operator = Cli(tmp_path / "cli", shared_ledger.url, shared_ledger.dir / "operator.key")
    done = operator("rules", "publish", ROOT / "conf/exemption.ini", "--dry-run")
    assert '"name":"exemption/7"' in done.out
