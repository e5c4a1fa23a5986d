"""What the command line believes: pins, forks, receipts, audits through somebody in between; its words."""
import base64
import json
import re
import shutil

import pytest

from ledger import Ledger, batch, check_digit, erase
from program import Program
from proxy import Proxy

PARTY = "https://id.gs1.org/417/" + check_digit("690123400000")
GTIN = check_digit("0690123400001")
CODE = f"(01){GTIN}(10)A1"


class World:
    """A ledger, its operator, and a dairy with one product and one lot, all made by the program."""

    def __init__(self, folder):
        self.folder = folder
        self.ledger = Ledger(folder / "ledger").init().start()
        self.dairy = folder / "dairy.key"
        self.run = Program(folder, self.ledger.url, self.dairy)
        self.run("key", "new", self.dairy, "--party", PARTY)
        self.run("party", "register", PARTY, "--name-zh", "石家庄乳业", "--name-en", "Dairy", "--role", "producer",
                 "--prefix", "6901234", "--party-key", self.dairy, key=self.ledger.dir / "operator.key")
        self.run("product", "register", GTIN, "--name", "鲜牛奶", "--lang", "zh", "--category", "other")
        self.run("batch", "register", "--product", GTIN, "--lot", "A1", "--quantity", "1200", "--unit", "盒",
                 "--made", "2026-01-01", "--expires", "2090-05-01")

    def receipt(self):
        number = self.run("verify", CODE, "--json").json["records"][0]
        return json.loads(self.run("ledger", "receipt", number).out)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = World(tmp_path_factory.mktemp("cli"))
    yield one
    one.ledger.stop()
    one.ledger.remove()


# --- every command

def test_help_for_every_noun_and_verb(world):
    whole, pages = world.run("help").out, 0
    for noun in ("key", "party", "place", "product", "rules", "batch", "record", "code", "verify", "ledger", "admin"):
        assert noun in whole
        told = world.run("help", noun).out
        assert told
        for verb in re.findall(rf"^suyuan {noun} ([a-z]+)\b", told, re.M):
            page = world.run("help", noun, verb).out
            assert "suyuan" in page and world.run(noun, verb, "--help").out == page
            pages += 1
    assert pages >= 25
    assert world.run("--version").out.startswith("suyuan ")


ASKED = [
    ("party", "show", PARTY), ("party", "list"), ("product", "show", GTIN), ("rules", "show"),
    ("batch", "show", CODE), ("batch", "list", "--product", GTIN), ("code", "parse", CODE), ("verify", CODE),
    ("ledger", "info"), ("ledger", "entry", "0"), ("ledger", "record", "0"), ("ledger", "receipt", "0"),
    ("ledger", "audit"), ("ledger", "audit", "--records", "--full"), ("admin", "status"),
    ("admin", "status", "--metrics"), ("key", "show", "dairy.key"), ("batch", "template", "food"),
]


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_asked_over_either_socket(world, words, way):
    address = world.ledger.url if way == "tcp" else "unix:" + world.ledger.unix
    assert world.run(*words, address=address).out
    if words[1] != "template":
        world.run(*words, "--json", address=address).json


def test_places(world):
    gln = check_digit("690123400001")
    world.run("place", "register", gln, "--name", "Hall 1", "--region", "130102")
    assert "Hall 1" in world.run("place", "show", gln).out


def test_a_name_is_in_the_language_asked_for(world):
    told = world.run("product", "show", GTIN, "--json").json["product"]["name"]
    assert told == {"zh": "鲜牛奶"}
    done = world.run("product", "register", GTIN, "--name", "Milk", "--name-en", "Milk", "--category", "other",
                     "--dry-run", expect=2)
    assert "--name-en" in done.err


def test_register_twice_is_one(world):
    again = world.run("batch", "register", "--product", GTIN, "--lot", "A1", "--quantity", "1200", "--unit", "盒",
                      "--made", "2026-01-01", "--expires", "2090-05-01")
    assert "already registered" in again.out


def test_records_of_any_kind(world):
    lot = json.dumps(batch(GTIN, "NDJSON1", made="2026-01-01", event_id="urn:x:ndjson1"))
    assert world.run("record", "submit", "-", "--json", stdin=lot + "\n").json["status"] == "registered"
    assert world.run("record", "submit", "-", stdin='{"a":1,"a":2}\n', expect=6).out == ""


def test_dry_run_sends_nothing(world):
    with Proxy().to(world.ledger) as proxy:
        (world.folder / "dry.csv").write_text(f"product,lot,quantity,made\n{GTIN},DRY,1,2026-01-01\n")
        (world.folder / "dry.ndjson").write_text(json.dumps(batch(GTIN, "DRY2")) + "\n")
        for words in (("batch", "import", "dry.csv"), ("record", "submit", "dry.ndjson"),
                      ("product", "register", GTIN, "--name", "x", "--category", "other"),
                      ("place", "register", check_digit("690123400002"), "--name", "x"),
                      ("batch", "register", "--product", GTIN, "--lot", "DRY", "--quantity", "1", "--made",
                       "2026-01-01")):
            world.run(*words, "--dry-run", address=proxy.url)
        assert proxy.seen == []


# --- verdicts

def test_exit_codes(world):
    register = ("batch", "register", "--product", GTIN, "--made", "2020-01-01", "--quantity")
    world.run(*register, "1", "--lot", "OLD", "--expires", "2020-06-01")
    world.run("batch", "register", "--product", GTIN, "--made", "2026-01-01", "--lot", "U", "--serial", "S1")
    for code, expect in ((CODE, 0), (f"(01){GTIN}(10)OLD", 3), (f"(01){GTIN}(10)NONE", 4), (GTIN, 8),
                         (f"(01){GTIN}(10)U(21)S1", 0), (f"(01){GTIN}(10)U(21)S2", 8),
                         (f"(01){check_digit('0690123499999')}(10)X", 4), ("(01)123", 1)):
        world.run("verify", code, expect=expect)
    world.run("verify", CODE, f"(01){GTIN}(10)OLD", f"(01){GTIN}(10)NONE", expect=3)
    world.run("verify", "-", stdin=f"{CODE}\n(01){GTIN}(10)NONE\n", expect=4)
    world.run("verify", expect=2)
    world.run("nonsense", expect=2)
    world.run("batch", "list", expect=2)
    world.run("batch", "import", "no-such-file", expect=1)
    world.run("product", "register", check_digit("0699999900001"), "--name", "x", "--category", "other", expect=6)
    world.run("verify", CODE, address="http://127.0.0.1:1", expect=7)
    world.run("verify", CODE, address="unix:/nonexistent", expect=7)


def test_a_verdict_in_words(world):
    told = world.run("verify", CODE).out
    assert "REGISTERED" in told and "1200 boxes" in told and "2090-05-01" in told and "XBX" not in told
    world.run("batch", "register", "--product", GTIN, "--lot", "STALE", "--quantity", "3", "--unit", "kg", "--made",
              "2020-01-01", "--best-before", "2020-06-01")
    stale = world.run("verify", f"(01){GTIN}(10)STALE", expect=3).out
    assert "EXPIRED on 2020-06-01" in stale and "best before" in stale and "3 kg" in stale
    none = world.run("verify", f"(01){GTIN}(10)NONE", expect=4).out
    assert "UNKNOWN: the product is registered, this lot isn't" in none
    other = world.run("verify", f"(01){GTIN}(17)300101(10)A1").out
    assert "DIFFERS: expires 2090-05-01 is registered, the label says 2030-01-01" in other


def test_chinese_throughout(world):
    for code, expect in ((CODE, 0), (f"(01){GTIN}(17)300101(10)A1", 0), (f"(01){GTIN}(10)NONE", 4), (GTIN, 8)):
        told = world.run("verify", code, "--lang", "zh", expect=expect).out
        assert not re.search(r"[a-z]{3}", re.sub(r"https?://\S+", "", told)), told


def test_a_first_contact_knows_all_that_was_published(world, tmp_path):
    for i in range(20):
        world.run("batch", "register", "--product", GTIN, "--lot", f"F{i}", "--quantity", "1", "--made", "2026-01-01")
        (tmp_path / str(i)).mkdir()
        Program(tmp_path / str(i), world.ledger.url)("verify", f"(01){GTIN}(10)F{i}")


# --- whom it trusts

def test_another_ledger_at_the_same_address(world, tmp_path):
    other = Ledger(tmp_path / "other", origin="example.com/other").init().start()
    try:
        with Proxy().to(world.ledger) as proxy:
            world.run("verify", CODE, address=proxy.url)
            proxy.to(other)
            for words in (("verify", CODE), ("batch", "register", "--product", GTIN, "--lot", "PIN", "--quantity",
                                             "1", "--made", "2026-01-01"), ("ledger", "audit")):
                proxy.seen.clear()
                assert "KEY HAS CHANGED" in world.run(*words, address=proxy.url, expect=5).err
                assert proxy.seen == [("GET", "/v1/ledger")]
        world.run("ledger", "info", "--vkey", world.run("ledger", "info", "--json").json["vkey"],
                  address=other.url, expect=5)
    finally:
        other.stop()
        other.remove()


def test_a_ledger_with_two_histories(tmp_path):
    first = World(tmp_path)
    first.ledger.stop()
    second = Ledger(tmp_path / "second")
    shutil.copytree(first.ledger.dir, second.dir)
    second.operator = first.ledger.operator
    first.ledger.start()
    second.start()
    try:
        with Proxy().to(first.ledger) as proxy:
            add = ("batch", "register", "--product", GTIN, "--quantity", "1", "--made", "2026-01-01", "--lot")
            elsewhere = Program(tmp_path / "ledger", second.url, first.dairy)
            elsewhere.env["XDG_CONFIG_HOME"] = str(tmp_path / "elsewhere")
            first.run(*add, "ONE", address=proxy.url)
            elsewhere(*add, "TWO")
            elsewhere(*add, "THREE")
            proxy.to(second)
            for words in (("verify", f"(01){GTIN}(10)NONE"), ("verify", CODE, CODE), (*add, "FOUR"),
                          ("ledger", "audit")):
                proxy.seen.clear()
                done = first.run(*words, address=proxy.url, expect=5)
                assert "TWO HISTORIES" in done.err and "REGISTERED" not in done.out
                assert not [s for s in proxy.seen if s[0] == "POST"]
    finally:
        for one in (first.ledger, second):
            one.stop()
            one.remove()


def flip(text, at):
    """Another base64 text: the byte AT of what it encodes differs in one bit."""
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(raw).decode()


def change_proof(line, at=0):
    def change(r):
        lines = r["proof"].split("\n")
        lines[line] = flip(lines[line], at)
        r["proof"] = "\n".join(lines)
    return change


CHANGES = {
    "payload": ("record", lambda r: r["record"].update(payload=r["record"]["payload"].replace("1200", "1201"))),
    "salt": ("record", lambda r: r["record"].update(salt=flip(r["record"]["salt"], 3))),
    "number": ("record", lambda r: r["record"].update(number=r["record"]["number"] + 1)),
    "path": ("", lambda r: r["submission"]["path"].append("A" * 43 + "=")),
    "entry": ("entry", lambda r: r.update(entry=flip(r["entry"], 20 + 60))),
    "proof": ("entry", change_proof(2)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_receipt(world, tmp_path, what):
    step, change = CHANGES[what]
    receipt = world.receipt()
    file = tmp_path / "r.json"
    file.write_text(json.dumps(receipt, ensure_ascii=False))
    offline = ("verify", "--receipt", file, "--offline")
    world.run(*offline)
    change(receipt)
    file.write_text(json.dumps(receipt, ensure_ascii=False))
    told = world.run(*offline, expect=5).out
    assert "DOES NOT HOLD" in told and (f"at its {step}" in told or "not a receipt" in told), told


def test_a_changed_checkpoint(world, tmp_path):
    receipt = world.receipt()
    head, last = receipt["proof"].rstrip("\n").rsplit(" ", 1)
    file = tmp_path / "r.json"
    file.write_text(json.dumps(dict(receipt, proof=f"{head} {flip(last, 40)}\n"), ensure_ascii=False))
    assert "checkpoint" in world.run("verify", "--receipt", file, "--offline", expect=5).out


def test_offline_with_a_key_alone(world, tmp_path):
    file = tmp_path / "r.json"
    file.write_text(json.dumps(world.receipt(), ensure_ascii=False))
    stranger = Program(tmp_path)
    stranger("verify", "--receipt", file, "--offline", expect=5)
    vkey = world.run("ledger", "info", "--json").json["vkey"]
    stranger("verify", "--receipt", file, "--offline", "--vkey", vkey)
    assert stranger("verify", CODE, "--receipt", file, "--offline", "--vkey", vkey, "--json").json["holds"] is True
    stranger("verify", f"(01){GTIN}(10)NONE", "--receipt", file, "--offline", "--vkey", vkey, expect=5)


# --- audits

def flip_byte(part, at):
    def change(path, body):
        if part not in path or len(body) <= at:
            return body
        changed = bytearray(body)
        changed[at] ^= 1
        return bytes(changed)
    return change


def other_record(path, body):
    return body.replace(b"1200", b"1201") if path.startswith("/v1/records?") else body


def other_consistency(path, body):
    if "/consistency" not in path or not json.loads(body).get("proof"):
        return body
    told = json.loads(body)
    told["proof"][0] = flip(told["proof"][0], 5)
    return json.dumps(told).encode()


def test_audit_of_an_honest_ledger(world):
    told = world.run("ledger", "audit", "--records", "--json").json
    assert told["faults"] == 0 and told["records"] == world.ledger.get("/v1/ledger").json["records"]


@pytest.mark.parametrize("change", [flip_byte("/tile/entries/", 50), flip_byte("/tile/entries/", 0),
                                    flip_byte("/tile/entries/", 199), other_record],
                         ids=["entry", "length", "signature", "record"])
def test_audit_through_somebody_who_changes_answers(world, tmp_path, change):
    with Proxy(change).to(world.ledger) as proxy:
        auditor = Program(tmp_path, proxy.url)
        assert auditor("ledger", "audit", "--records", expect=5).err


def test_what_was_erased(tmp_path):
    """An audit counts it; what remains of an event stands for it, and is proven."""
    ledger = Ledger(tmp_path / "ledger").init().start()
    key, gtin = ledger.dairy()
    kept, gone = (batch(gtin, lot, expires="2090-01-01", **{"suyuan:inspector": "Li Lei"})
                  for lot in ("R1", "R2"))
    first = ledger.submit(key, kept, gone)["firstRecord"]
    del kept["suyuan:inspector"]
    erasure = erase(ledger, first, remains=kept)
    erase(ledger, first + 1)
    run = Program(tmp_path, ledger.url)
    told = run("verify", f"(01){gtin}(10)R1", "--json").json
    assert told["status"] == "registered" and erasure in told["records"] and first not in told["records"]
    run("verify", f"(01){gtin}(10)R2", expect=4)
    audit = run("ledger", "audit", "--records", "--json").json
    assert audit["erased"] == 2 and audit["faults"] == 0
    ledger.stop()


def test_a_consistency_proof_that_is_changed(world, tmp_path):
    with Proxy(other_consistency).to(world.ledger) as proxy:
        auditor = Program(tmp_path, proxy.url)
        auditor("ledger", "audit")
        for i in range(3):
            world.run("batch", "register", "--product", GTIN, "--lot", f"C{i}", "--quantity", "1", "--made",
                      "2026-01-01")
        assert "TWO HISTORIES" in auditor("ledger", "audit", expect=5).err
