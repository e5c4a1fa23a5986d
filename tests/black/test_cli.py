"""The command line from outside: every noun and verb, every exit code, and nothing believed unseen."""
import base64
import fcntl
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import termios

import pytest

import ledger as ledgers
from cli import (AWAY, Cli, DAIRY, DONE, FAIL, MILK, OTHERS, PARTLY, PROOF, REFUSED, STOP, Tamperer, UNKNOWN,
                 USAGE, dairy, register)
from ledger import batch, check_digit, compact

LOT = f"(01){MILK}(10)A1"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A ledger with a dairy, its milk and lot A1, for tests that add no contradiction."""
    folder = tmp_path_factory.mktemp("cli")
    one = ledgers.Ledger(folder / "ledger").init().start()
    producer = dairy(one, folder)
    register(producer, "A1")
    producer.ledger, producer.operator = one, Cli(folder / "operator", one.url, one.dir / "operator.key")
    yield producer
    try:
        one.stop()
    finally:
        one.remove()


# --- happy paths


def test_key(world):
    made = world("key", "new", "spare.key", "--party", DAIRY, "--json").json
    assert os.stat(world.dir / "spare.key").st_mode & 0o777 == 0o600
    assert made["vkey"] == world("key", "show", "spare.key").fields["vkey"]
    shown = world("key", "show", "spare.key", "--origin", "example.com/trace", "--json").json
    key = ledgers.Key.load(world.dir / "spare.key")
    assert shown["proof"] == key.proof(DAIRY)
    world("key", "new", "spare.key", expect=FAIL)  # never over another
    assert world("key", "new", "own.key", "--json").json["party"].startswith("urn:suyuan:own:")


def test_party(world):
    laboratory = "https://id.gs1.org/417/" + check_digit("690123499990")
    args = ("party", "register", laboratory, "--name", "检测中心", "--role", "laboratory")
    first = world.operator(*args, "--json").json
    assert world.operator(*args, "--json").json["record"] == first["record"]  # twice does no harm
    world.operator("party", "grant", laboratory, "--role", "seller")
    assert sorted(world("party", "show", laboratory, "--json").json["party"]["roles"]) == ["laboratory", "seller"]
    assert laboratory in world("party", "list").out
    assert world("party", "show", DAIRY).fields["keys"] == world("key", "show", "dairy.key").fields["vkey"]
    assert {p["id"] for p in world("party", "list", "--json").json} >= {DAIRY, laboratory}


def test_rotate_and_revoke(world):
    site = "https://id.gs1.org/417/" + check_digit("690123488880")
    for name in ("site.key", "site-2.key"):
        world("key", "new", name, "--party", site)
    world.operator("party", "register", site, "--name", "Site", "--role", "site", "--party-key",
                   world.dir / "site.key")
    world("party", "rotate", "site-2.key", key="site.key")
    world("place", "register", site.replace("417", "414"), "--name", "Gate", key="site.key", expect=REFUSED)
    world("place", "register", site.replace("417", "414"), "--name", "Gate", key="site-2.key")
    vkey = world("key", "show", "site-2.key").fields["vkey"]
    world.operator("party", "revoke", site, vkey)
    world("place", "register", site.replace("417", "414"), "--name", "Door", "--replace", key="site-2.key",
          expect=REFUSED)


def test_place_product_rules(world):
    gln = check_digit("690123400001")
    world("place", "register", gln, "--name-zh", "一号车间", "--region", "130102", "--address", "中山路 1 号", "--phone",
          "0311-5550100")
    said = world("place", "show", gln, "--json").json["place"]
    assert (said["name"]["zh"], said["address"], said["phone"]) == ("一号车间", "中山路 1 号", "0311-5550100")
    cheese = check_digit("0690123400777")
    world("product", "register", cheese, "--name", "Cheese", "--category", "other")
    world("product", "register", cheese, "--name", "Old cheese", "--category", "other", "--replace")
    assert world("product", "show", cheese, "--json").json["product"]["name"] == {"en": "Old cheese"}
    assert world("product", "show", cheese).fields["name"] == "Old cheese"
    whole = ["--specification", "1 kg", "--standard", "GB 5420", "--licence", "SC:SC10613010000011:2029-12-31",
             "--ingredient", "milk", "--ingredient", "salt", "--storage", "2:6", "--holder", DAIRY, "--warranty", "P1M",
             "--pledge", "Made of milk", "--pledge-url", "https://example.com/pledge"]
    args = ["product", "register", cheese, "--name", "Cheese", "--category", "food", "--replace", *whole]
    world(*args, "--allergen", "milk")
    said = world("product", "show", cheese, "--json").json["product"]
    assert said["allergens"] == ["milk"] and said["ingredients"] == ["milk", "salt"]
    assert said["pledge"] == {"text": "Made of milk", "url": "https://example.com/pledge"}
    assert said["storage"] == {"min": 2, "max": 6} and said["licences"][0]["until"] == "2029-12-31"
    world(*args, "--no-allergens")
    assert world("product", "show", cheese, "--json").json["product"]["allergens"] == []
    world(*args, "--no-allergens", "--allergen", "milk", expect=USAGE)
    world("rules", "show")
    rules = world("rules", "show", "profile/food", "--json").json
    assert rules["rule"]["fields"]["lotOrDates"] == "M"
    assert re.search(r"lotOrDates +M", world("rules", "show", "profile/food").out)
    world.operator("rules", "publish", ledgers.ROOT / "conf/profiles/food.ini", "--replace")
    assert world("rules", "show", "profile/food", "--json").json["record"] >= rules["record"]


def test_what_init_published_is_what_publish_makes(world):
    """Nothing is replaced: the record in force says the same already."""
    for path in sorted(ledgers.ROOT.glob("conf/*/*.ini")):
        name = re.search(r"(?m)^name = (.*)$", path.read_text()).group(1)
        before = world("rules", "show", name, "--json").json["record"]
        world.operator("rules", "publish", path, "--replace")
        assert world("rules", "show", name, "--json").json["record"] == before, name


def test_batch_and_verify(world):
    register(world, "B7", "--inspection", "R-7", "--result", "pass")
    shown = world("batch", "show", f"(01){MILK}(10)B7")
    assert shown.fields["quantity"] == "500" and shown.fields["unit"] == "boxes"
    assert shown.fields["asOf"].startswith("entry ")
    assert world("batch", "show", f"(01){MILK}(10)B7", "--json").json["quantity"] == "500"
    listed = world("batch", "list", "--product", MILK, "--json").json
    assert {item["code"].rsplit("/", 1)[1] for item in listed} >= {"A1", "B7"}
    assert "/10/B7" in world("batch", "list", "--product", MILK).out
    text, answer = world("verify", f"(01){MILK}(10)B7"), world("verify", f"(01){MILK}(10)B7", "--json").json
    assert "REGISTERED" in text.out and "2099-05-01" in text.out and "R-7" in text.out
    assert answer["status"] == "registered" and answer["proof"]["holds"] and answer["proof"]["exit"] == 0
    assert answer["lot"]["expires"] == "2099-05-01"
    assert answer["inspections"] == [{"result": "pass", "kind": "firm", "record": answer["lot"]["records"][0]}]
    assert answer["proof"]["inspections"][0]["number"] == "R-7"
    chinese = world("verify", LOT, "--lang", "zh").out
    assert "已登记" in chinese and "REGISTERED" not in chinese
    assert world("verify", LOT, env={"LC_ALL": "zh_CN.UTF-8"}).out == chinese


@pytest.mark.parametrize("category", ["agri", "food", "drug", "industrial", "other", "event"])
def test_template_headings_are_known(world, category):
    for lang in ("zh", "en"):
        heading = world("batch", "template", category, "--lang", lang).out
        name = world.write(f"{category}-{lang}.csv", heading)
        assert "rows: 0 sound, 0 not" in world("batch", "import", name, "--dry-run").err


def test_record_submit(world):
    name = world.write("events.ndjson", "".join(compact(batch(MILK, f"N{i}")) + "\n" for i in range(3)))
    sent = world("record", "submit", name, "--json").json
    assert sent["count"] == 3
    again = world("record", "submit", "-", "--json", stdin=world.read(name)).json
    assert again["entry"] == sent["entry"]


def test_code_parse_needs_no_ledger(tmp_path):
    cli = Cli(tmp_path / "nobody")
    assert cli("code", "parse", LOT, "--json").json["canonical"] == f"https://id.gs1.org/01/{MILK}/10/A1"
    assert cli("code", "parse", LOT).fields["lot"] == "A1"
    both = cli("code", "parse", LOT, "nonsense", "--json", expect=FAIL).json
    assert both[1]["kind"] == "none" and both[1]["faults"]
    assert "check digit" in cli("code", "parse", MILK[:-1] + str((int(MILK[-1]) + 1) % 10), expect=(DONE, FAIL)).out


def test_ledger(world):
    info = world("ledger", "info", "--json").json
    assert info["origin"] == ledgers.ORIGIN and info["checkpoint"]["size"] >= info["entries"] > 5
    assert world("ledger", "info").fields["vkey"] == info["vkey"]
    assert world("ledger", "entry", 0, "--json").json["signature"] == "checked"
    record = world("ledger", "record", 0).out
    assert json.loads(record)["type"] == "Ledger"
    receipt = json.loads(world("ledger", "receipt", 0).out)
    assert receipt["record"]["payload"] + "\n" == record
    for more in ([], ["--full"], ["--records"]):
        audit = world("ledger", "audit", *more, "--json").json
        assert audit["faults"] == 0 and audit["kept"]
    assert "every byte holds" in world("ledger", "audit").out
    assert world("admin", "status", "--json").json["ready"] is True
    assert world("admin", "status", "--metrics").fields["ready"] == "true"
    assert world("admin", "status", "--json").json["entries"] >= info["entries"]  # a number


def test_over_the_socket(world):
    where = "unix:" + str(world.ledger.unix)
    assert world("ledger", "info", "--json", where=where).json["origin"] == ledgers.ORIGIN
    register(world, "U1", where=where)
    world("verify", f"(01){MILK}(10)U1", where=where)
    relative = "unix:" + os.path.relpath(world.ledger.unix, world.dir)
    world("verify", f"(01){MILK}(10)U1", where=relative)


def test_settings(world):
    """Flag before environment before file."""
    one = Cli(world.dir.parent / "settings")
    one("ledger", "info", env={"SUYUAN_LEDGER": world.ledger.url})
    (one.dir / "config/suyuan/config").write_text(f"# mine\nledger = {world.ledger.url}\nlang = zh\n")
    assert "已登记" in one("verify", LOT).out
    assert "REGISTERED" in one("verify", LOT, env={"SUYUAN_LANG": "en"}).out
    one("ledger", "info", where="http://127.0.0.1:1", expect=AWAY)
    (one.dir / "config/suyuan/config").write_text("leger = x\n")
    assert "line 1" in one("ledger", "info", expect=USAGE).err


# --- help


def verbs():
    out = subprocess.run([ledgers.BUILD / "suyuan", "help"], capture_output=True, text=True).stdout
    for noun, rest in re.findall(r"^  (\w+) +(\S+)$", out, re.M):
        if noun in ("verify", "quality", "help"):
            yield noun, ""
        else:
            yield from ((noun, verb) for verb in rest.split("|"))


@pytest.mark.parametrize("noun,verb", list(verbs()))
def test_help_and_its_example(tmp_path, noun, verb):
    cli = Cli(tmp_path / "reader")
    text = cli("help", noun, *([verb] if verb else [])).out
    assert cli(noun, *([verb] if verb else []), "--help").out == text
    assert cli("help", noun).out
    assert len(text.splitlines()) < 60 and text.startswith(f"suyuan {noun}")
    example = text.split("Example:\n")[1].strip()
    # as typed in a shell, where neither the ledger nor the key files exist: anything but wrong usage
    done = subprocess.run(["sh", "-c", example], cwd=cli.dir, capture_output=True, text=True,
                                  env=cli.env(PATH=f"{ledgers.BUILD}:{os.environ['PATH']}",
                                              SUYUAN_LEDGER="http://127.0.0.1:1"))
    assert done.returncode in (DONE, FAIL, AWAY), f"{example}\n{done.stderr}"
    assert "usage:" not in done.stderr


def test_the_manual_page_says_what_help_says():
    done = subprocess.run(["/usr/bin/python3", ledgers.ROOT / "conf/man/commands.py", "--check", ledgers.BUILD / "suyuan",
                           ledgers.ROOT / "conf/man/suyuan.1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + "commands differ: make man"


def test_help_in_short(tmp_path):
    cli = Cli(tmp_path / "reader")
    assert "Exit codes" in cli("help").out and cli().out == cli("help").out == cli("--help").out
    assert cli("--version").out.startswith("suyuan ")
    assert len(list(verbs())) > 25


@pytest.mark.parametrize("words", [
    ["frobnicate"], ["batch"], ["batch", "frobnicate"], ["verify"], ["verify", LOT, "--frob"], ["ledger", "entry"],
    ["ledger", "entry", "x"], ["ledger", "entry", "1", "2"], ["verify", LOT, "--json=1"], ["help", "frobnicate"],
    ["batch", "list"], ["batch", "register"], ["product", "register", MILK, "--name", "Milk"],
    ["product", "register", MILK, "--category", "other"], ["verify", "--offline", LOT], ["verify", LOT, "--lang", "fr"],
    ["batch", "register", "--product", "nonsense", "--lot", "X", "--made", "2026-11-01"], ["--ledger"],
    ["batch", "template", "toys"], ["party", "register", DAIRY, "--name", "x"], ["ledger", "audit", "--connections", "0"],
    ["key", "new", "x.key", "--party", "nonsense"], ["batch", "import", "x.csv", "--rows", "0"],
])
def test_wrong_usage(world, words):
    done = world(*words, expect=USAGE)
    assert done.err and not done.out


# --- exit codes


def test_exit_codes(world, tmp_path):
    register(world, "OLD", "--at", "2025-01-01T00:00:00Z")  # conflicts with nothing
    old = batch(MILK, "GONE", expires="2025-01-01", made="2024-12-01")
    world("record", "submit", world.write("old.ndjson", compact(old) + "\n"))
    ghost, expired = f"(01){MILK}(10)GHOST", f"(01){MILK}(10)GONE"
    world("verify", LOT, expect=DONE)
    done = world("verify", expired, expect=STOP)
    assert "EXPIRED" in done.out and "2025-01-01" in done.out
    world("verify", ghost, expect=UNKNOWN)
    world("verify", OTHERS, expect=UNKNOWN)
    world("verify", MILK, expect=PARTLY)
    assert "not a code" in world("verify", "nonsense", expect=FAIL).err
    world("verify", LOT, where="http://127.0.0.1:1", expect=AWAY)
    world("batch", "show", ghost, expect=UNKNOWN)
    world("ledger", "record", 10 ** 9, expect=UNKNOWN)
    world("ledger", "entry", 10 ** 9, expect=UNKNOWN)
    # of several the worst: 1, 5, 3, 8, 4, 0
    order = [("nonsense", FAIL), (expired, STOP), (MILK, PARTLY), (ghost, UNKNOWN), (LOT, DONE)]
    for i, (code, _) in enumerate(order):
        for worse, expect in order[:i + 1]:
            world("verify", code, worse, LOT, expect=expect)
    many = world("verify", "-", "--json", stdin=f"{LOT}\n\n{ghost}\r\n{MILK}\n", expect=PARTLY).json
    assert [one["status"] for one in many] == ["registered", "unknown", "product-only"]


def test_serial_of_a_known_lot(world):
    world("batch", "register", "--product", MILK, "--lot", "S1", "--serial", "0001", "--serial", "0002", "--made",
          "2026-11-01", "--expires", "2099-01-01")
    world("verify", f"(01){MILK}(10)S1(21)0001")
    done = world("verify", f"(01){MILK}(10)S1(21)9999", expect=PARTLY)
    assert "SERIAL" in done.out.upper()
    assert world("verify", f"(01){MILK}(10)S1(21)9999", "--json", expect=PARTLY).json["status"] == "serial-unknown"


@pytest.mark.parametrize("product,lot,word", [
    (OTHERS, "X", "product"), (MILK, "A1", "lotNumber|ilmd|expires|conflict|differ")])
def test_refused_by_the_ledger(world, product, lot, word):
    before = world("ledger", "info", "--json").json["records"]
    done = world("batch", "register", "--product", product, "--lot", lot, "--quantity", "1", "--made", "2026-10-01",
                 expect=REFUSED)
    assert re.search(word, done.err), done
    assert world("ledger", "info", "--json").json["records"] == before


def test_the_disk_is_full_for_the_answer(world):
    """An answer that nobody can read is no success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(world.command("ledger", "info"), stdout=full, stderr=subprocess.PIPE,
                                      text=True, cwd=world.dir, env=world.env())
    assert done.returncode == FAIL and "write" in done.stderr


def test_nobody_reads_on(world):
    """Behind `| head -1` there is nothing to complain about, but it wasn't all said either."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(world.command("party", "list"), stdout=write, stderr=subprocess.PIPE, text=True,
                          cwd=world.dir, env=world.env())
    os.close(write)
    assert done.returncode == FAIL and done.stderr == ""


# --- nothing sent


def test_dry_run_sends_nothing(world):
    before = world("ledger", "info", "--json").json["entries"]
    rows = world.write("dry.csv", f"product,lot,quantity,made\n{MILK},D1,5,2026-11-01\n{MILK},D2,none,2026-11-01\n")
    record = world.write("dry.ndjson", compact(batch(MILK, "D3")) + "\n")
    new = check_digit("0690123400666")
    for words in (["product", "register", new, "--name", "X", "--category", "other"],
                  ["place", "register", check_digit("690123400009"), "--name", "X"],
                  ["party", "register", DAIRY, "--name", "X", "--role", "producer"],
                  ["party", "grant", DAIRY, "--role", "seller"],
                  ["rules", "publish", ledgers.ROOT / "conf/profiles/food.ini"],
                  ["record", "submit", record]):
        world(*words, "--dry-run")
    record = register(world, "D9", "--dry-run").out
    assert json.loads(record)["ilmd"]["cbvmda:lotNumber"] == "D9" and not record.startswith(" ")
    world("batch", "import", rows, "--dry-run", expect=REFUSED)
    assert world("ledger", "info", "--json").json["entries"] == before
    # what needs no ledger asks none
    register(world, "D9", "--dry-run", where="http://127.0.0.1:1")
    register(world, "D 9\u200b" * 9, "--dry-run", expect=USAGE)


# --- key files


def test_passphrase(world):
    world.write("pass", "correct horse\n")
    world.write("wrong", "battery staple\n")
    world.write("empty", "\n")
    laboratory = "https://id.gs1.org/417/" + check_digit("690123477770")
    made = world("key", "new", "sealed.key", "--party", laboratory, "--passphrase-file", "pass")
    assert made.fields["sealed"] == "true"
    text = json.loads(world.read("sealed.key"))
    assert "seed" not in text and "sealed" in text
    world.operator("party", "register", laboratory, "--name", "Lab", "--role", "producer", "--prefix", "6902222",
                   "--party-key", world.dir / "sealed.key", "--party-passphrase-file", world.dir / "pass")
    args = ("product", "register", check_digit("0690222200001"), "--name", "Salt", "--category", "other")
    for more, why in ((["--passphrase-file", "wrong"], "passphrase"), ([], "passphrase"),
                      (["--passphrase-file", "empty"], "empty"), (["--passphrase-file", "none"], "none")):
        assert why in world(*args, *more, key="sealed.key", expect=FAIL).err
    world(*args, "--passphrase-file", "pass", key="sealed.key")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_may_read(world, mode):
    shutil.copy(world.dir / "dairy.key", world.dir / "open.key")
    os.chmod(world.dir / "open.key", mode)
    done = register(world, "K1", key="open.key", expect=FAIL)
    assert "chmod 600" in done.err


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"type":"suyuan/key/v1","vkey":"x"}'])
def test_no_key_file(world, text):
    world.write("odd.key", text)
    os.chmod(world.dir / "odd.key", 0o600)
    assert "odd.key" in register(world, "K1", key="odd.key", expect=FAIL).err
    assert "gone.key" in register(world, "K1", key="gone.key", expect=FAIL).err


# --- receipts


def tampered(receipt, what):
    """The receipt with one byte of WHAT changed."""
    changed = json.loads(json.dumps(receipt))

    def flip(text, at=40):
        raw = bytearray(base64.b64decode(text))
        raw[min(at, len(raw) - 1)] ^= 1
        return base64.b64encode(raw).decode()
    lines = changed["proof"].split("\n")
    if what == "payload":
        changed["record"]["payload"] = changed["record"]["payload"].replace("P1", "P2")
    elif what == "number":
        changed["record"]["number"] += 1
    elif what == "salt":
        changed["record"]["salt"] = flip(changed["record"]["salt"])
    elif what == "path":
        changed["submission"]["path"][0] = flip(changed["submission"]["path"][0], 3)
    elif what == "position":
        changed["submission"]["position"] ^= 1
    elif what == "entry":
        changed["entry"] = flip(changed["entry"], 34)
    elif what == "signature":
        changed["entry"] = flip(changed["entry"], 150)
    elif what == "index":
        lines[1] = f"index {int(lines[1].split()[1]) - 1}"
    elif what == "proof":
        lines[2] = flip(lines[2], 3)
    elif what == "root":
        at = lines.index("") + 3
        lines[at] = flip(lines[at], 3)
    elif what == "checkpoint":
        name, signature = lines[-2].rsplit(" ", 1)
        lines[-2] = f"{name} {flip(signature)}"
    changed["proof"] = "\n".join(lines)
    assert changed != receipt
    return compact(changed)


STEPS = {"payload": "record", "salt": "record", "number": "record", "path": "record", "position": "record",
         "entry": "entry", "signature": "entry", "index": "entry", "proof": "entry", "root": "checkpoint",
         "checkpoint": "checkpoint"}


def test_receipts_offline(world):
    world("record", "submit", world.write("two.ndjson", "".join(compact(batch(MILK, f"P1-{i}")) + "\n" for i in "ab")))
    number = world("verify", f"(01){MILK}(10)P1-a", "--json").json["lot"]["records"][0]
    world("ledger", "receipt", number, "--output", "good.json")
    away = {"where": "http://127.0.0.1:1"}
    good = world("verify", "--receipt", "good.json", "--offline", **away)
    assert "holds" in good.out and "P1-a" in good.out
    assert world("verify", "--receipt", "good.json", "--offline", "--json", **away).json["holds"] is True
    world("verify", "--receipt", "good.json", "--offline", f"(01){MILK}(10)P1-a", **away)
    world("verify", "--receipt", "good.json", "--offline", f"(01){MILK}(10)OTHER", expect=PROOF, **away)
    receipt = json.loads(world.read("good.json"))
    for what, step in STEPS.items():
        world.write("bad.json", tampered(receipt, what))
        done = world("verify", "--receipt", "bad.json", "--offline", expect=PROOF, **away)
        assert re.search(rf"does not hold at its {step}\b", done.out), (what, done)
        said = world("verify", "--receipt", "bad.json", "--offline", "--json", expect=PROOF, **away).json
        assert said["holds"] is False and step in said["detail"]
    for text in ("", "{}", "no JSON", compact(receipt)[:-1], compact(dict(receipt, entry="AA"))):
        world.write("bad.json", text)
        assert "not a receipt" in world("verify", "--receipt", "bad.json", "--offline", expect=PROOF, **away).out
    world("verify", "--receipt", "none.json", "--offline", expect=FAIL, **away)
    # a good and a bad one: the bad one counts
    world("verify", "--receipt", "good.json", "--receipt", "bad.json", "--offline", expect=PROOF, **away)
    # whoever has never met the ledger, and has no key
    stranger = Cli(world.dir.parent / "stranger")
    shutil.copy(world.dir / "good.json", stranger.dir)
    assert "--vkey" in stranger("verify", "--receipt", "good.json", "--offline", expect=PROOF).err
    vkey = world("ledger", "info", "--json").json["vkey"]
    stranger("verify", "--receipt", "good.json", "--offline", "--vkey", vkey)
    other = ledgers.Key(ledgers.ORIGIN).vkey
    stranger("verify", "--receipt", "good.json", "--offline", "--vkey", other, expect=PROOF)


# --- another key, another history


def records_of(ledger):
    return ledger.get("/v1/ledger").json["records"]


def test_another_key_at_the_same_place(world, tmp_path):
    """Same origin, new log key; and same URL, new ledger: nothing is sent."""
    twin = ledgers.Ledger(tmp_path / "twin").init().start()
    other = ledgers.Ledger(tmp_path / "other", "example.com/other").init().start()
    try:
        before = records_of(twin), records_of(other)
        done = register(world, "A1", where=twin.url, expect=PROOF)
        assert "KEY HAS CHANGED" in done.err and "Nothing was sent" in done.err
        known = world.dir / "config/suyuan/known"
        text = known.read_text()
        known.write_text(text + f"{other.url} {ledgers.Key('example.com/other').vkey}\n")
        for words in (["ledger", "info"], ["verify", LOT], ["ledger", "audit"]):
            world(*words, where=other.url, expect=PROOF)
        assert "KEY HAS CHANGED" in register(world, "A1", where=other.url, expect=PROOF).err
        known.write_text(text)
        vkey = ledgers.Key(ledgers.ORIGIN).vkey
        world("ledger", "info", "--vkey", vkey, expect=PROOF)
        assert (records_of(twin), records_of(other)) == before
    finally:
        twin.stop()
        other.stop()


def test_rolled_back_and_forked(tmp_path):
    one = ledgers.Ledger(tmp_path / "ledger").init().start()
    try:
        producer = dairy(one, tmp_path)
        register(producer, "A1")
        one.stop()
        shutil.copytree(one.dir, tmp_path / "copy")
        one.start()
        producer.where = one.url
        for i in range(3):
            register(producer, f"B{i}")
        producer("ledger", "audit")
        one.stop()
        # the copy is an earlier state of the same ledger, under the same log key
        fork = ledgers.Ledger(tmp_path / "copy").start()
        fork.operator = ledgers.Key.load(fork.dir / "operator.key")
        try:
            producer.where = fork.url
            for words in (["ledger", "info"], ["ledger", "audit"]):
                done = producer(*words, expect=PROOF)
                assert "LOST ENTRIES" in done.err, done
            before = records_of(fork)
            register(producer, "C0", expect=PROOF)
            assert records_of(fork) == before, "sent to a ledger that was rolled back"
            innocent = Cli(tmp_path / "innocent", fork.url, tmp_path / "dairy/dairy.key")
            for i in range(4):
                register(innocent, f"C{i}")
            for words in (["ledger", "info"], ["ledger", "audit"], ["verify", LOT]):
                done = producer(*words, expect=PROOF)
                assert "TWO HISTORIES" in done.err + done.out, done
            assert "registered" not in register(producer, "D0", expect=PROOF).out
        finally:
            fork.stop()
    finally:
        if one.process:
            one.stop()


# --- a daemon that lies, or somebody in between


def flip(path, body, at):
    changed = bytearray(body)
    changed[at % len(changed)] ^= 1
    return bytes(changed)


LIES = {
    "entry tile": (lambda path, body: flip(path, body, -20) if path.startswith("/tile/entries") else body,
                   [["ledger", "audit"], ["ledger", "audit", "--records"]]),
    "record": (lambda path, body: body.replace(b'"A1"', b'"A2"').replace(b'\\"A1\\"', b'\\"A2\\"')
               if path.startswith("/v1/records") else body,
               [["ledger", "audit", "--records"], ["verify", LOT]]),
    "receipt's root": (lambda path, body: body.replace(b"index ", b"index 1", 1) if path.endswith("/receipt") else body,
                       [["verify", LOT], ["ledger", "receipt", "0"]]),
    "checkpoint": (lambda path, body: flip(path, body, -10) if path == "/checkpoint" else body,
                   [["ledger", "audit"], ["ledger", "info"]]),
    "consistency": (lambda path, body: b'{"proof":["' + base64.b64encode(bytes(32)) + b'"]}'
                    if path.startswith("/v1/consistency") else body,
                    [["ledger", "audit"], ["ledger", "info"], ["verify", LOT]]),
    "verdict about another lot": (lambda path, body: body.replace(b"/10/A1", b"/10/A2")
                                  if path.startswith("/v1/verify") else body, [["verify", LOT]]),
    "verdict on no record": (lambda path, body: re.sub(rb'"records":\[[^]]*\],"asOf"', b'"records":[],"asOf"', body)
                             if path.startswith("/v1/verify") else body, [["verify", LOT]]),
    "verdict that hides an expiry": (lambda path, body: body.replace(b'"expired"', b'"registered"')
                                     if path.startswith("/v1/verify") else body, [["verify", f"(01){MILK}(10)LATE"]]),
    "entry": (lambda path, body: body.replace(b'"raw":"U1lF', b'"raw":"V1lF') if path.startswith("/v1/entries") else body,
              [["ledger", "entry", "1"]]),
    "acknowledgement": (lambda path, body: re.sub(rb'"entry":"U1lFMQ.{60}', lambda m: flip(path, m[0], -1), body)
                        if path == "/v1/submissions" else body, "register"),
    "acknowledgement's proof": (lambda path, body: body.replace(b"index ", b"index 1", 1)
                                if path == "/v1/submissions" else body, "register"),
    "acknowledgement without receipt": (lambda path, body: re.sub(rb',"receipt":\{.*\}', b"}", body)
                                        if path == "/v1/submissions" else body, "register"),
    "acknowledgement of nothing": (lambda path, body: b"" if path == "/v1/submissions" else body, "register"),
}


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A ledger whose visitor has seen an earlier checkpoint."""
    folder = tmp_path_factory.mktemp("watched")
    one = ledgers.Ledger(folder / "ledger").init().start()
    producer = dairy(one, folder)
    register(producer, "A1")
    register(producer, "LATE", "--event-id", "urn:x:late")
    producer("record", "submit", producer.write("x.ndjson", compact(batch(MILK, "LATE2")) + "\n"))
    yield one, producer
    try:
        one.stop()
    finally:
        one.remove()


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_seen(watched, tmp_path, lie):
    ledger, producer = watched
    change, commands = LIES[lie]
    if lie == "verdict that hides an expiry":
        producer("record", "submit", producer.write("late.ndjson", compact(
            batch(MILK, "EXPIRED", made="2024-01-01", expires="2024-02-01")) + "\n"))
        commands = [["verify", f"(01){MILK}(10)EXPIRED"]]
    with Tamperer(ledger, change) as between:
        me = Cli(tmp_path / "me", ledger.url, producer.dir / "dairy.key")
        vkey = me("ledger", "info", "--json").json["vkey"]
        register(producer, f"L{list(LIES).index(lie)}")  # so that there is something new to prove
        if commands == "register":
            done = register(me, f"R{list(LIES).index(lie)}", "--vkey", vkey, where=between.url, expect=(FAIL, PROOF))
            assert "registered" not in done.out and between.posts == between.lies == 1, done
            return
        for words in commands:
            expect = STOP if "expiry" in lie else (FAIL, PROOF)
            done = me(*words, "--vkey", vkey, where=between.url, expect=expect)
            assert "REGISTERED" not in done.out and "every byte holds" not in done.out, done
            assert done.err or "DOES NOT HOLD" in done.out or expect == STOP
            assert between.lies > 0


def test_who_is_no_ledger(world):
    """Something else answers at that address."""
    with Tamperer(world.ledger, lambda path, body: b"<html>hello</html>") as between:
        assert "like a ledger" in world("ledger", "info", where=between.url, expect=FAIL).err
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    silent.close()
    done = world("verify", LOT, where=f"http://127.0.0.1:{port}", expect=AWAY)
    assert str(port) in done.err
    world("verify", LOT, where="unix:/nowhere/socket", expect=AWAY)


def test_help_is_broken_between_words_on_a_terminal(tmp_path):
    """Within its columns, each text below itself; in a pipe lines stay whole."""
    cli = Cli(tmp_path)
    whole = cli("help", "recall", "answer").out
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    subprocess.run(cli.command("help", "recall", "answer"), env=cli.env(), stdout=slave, check=True, timeout=60)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        shown += piece
    os.close(master)
    lines = shown.decode().replace("\r\n", "\n").split("Example:")[0].splitlines()
    assert max(map(len, lines)) <= 80 < max(map(len, whole.split("Example:")[0].splitlines()))
    assert " ".join(" ".join(lines).split()) == " ".join(whole.split("Example:")[0].split())
