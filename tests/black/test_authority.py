"""Who may say what of whose product, as people meet it on the command line."""
import pytest

import ledger as ledgers
from cli import Cli, DAIRY, DONE, MILK, REFUSED, UNKNOWN, USAGE, dairy
from ledger import batch, check_digit, compact, submission

CO_OP = "https://id.gs1.org/417/" + check_digit("690567800000")
CITY = "https://id.gs1.org/417/" + check_digit("690000000001")
SOUTH = "https://id.gs1.org/417/" + check_digit("690000000002")


@pytest.fixture
def world(ledger, tmp_path):
    """A dairy, a contract manufacturer, the regulator of their province, and one of another."""
    producer = dairy(ledger, tmp_path)
    producer.operator = Cli(tmp_path / "operator", ledger.url, ledger.dir / "operator.key")
    producer.coop = enrol(producer, tmp_path, "coop", CO_OP, "producer", "130200")
    producer.city = enrol(producer, tmp_path, "city", CITY, "regulator", "130000")
    producer.south = enrol(producer, tmp_path, "south", SOUTH, "regulator", "440000")
    return producer


def enrol(world, folder, name, party, role, region):
    one = Cli(folder / name, world.where, f"{name}.key")
    Cli(one.dir)("key", "new", f"{name}.key", "--party", party)
    world.operator("party", "register", party, "--name", name, "--role", role, "--region", region, "--party-key",
                   one.dir / f"{name}.key")
    return one


def make(cli, lot, expect=DONE):
    return cli("batch", "register", "--product", MILK, "--lot", lot, "--quantity", "500", "--unit", "盒", "--made",
               "2026-11-01", "--expires", "2099-05-01", expect=expect)


def test_transfer(world):
    make(world, "A1")
    assert "belongs to" in make(world.coop, "A2", REFUSED).err
    moved = world("product", "transfer", MILK, CO_OP, "--json").json
    assert moved["status"] == "registered"
    make(world.coop, "A2")
    assert "belongs to" in make(world, "A3", REFUSED).err
    assert world("product", "show", MILK).fields["owner"] == CO_OP
    # what was registered before stays good, and its owner of then isn't asked again
    world("verify", f"(01){MILK}(10)A1")
    world("product", "transfer", MILK, DAIRY, expect=REFUSED)
    # twice does no harm
    assert world.coop("product", "transfer", MILK, CO_OP, "--json").json["status"] == "already so"
    assert "isn't enrolled" in world.coop("product", "transfer", MILK, "urn:nobody:x", expect=REFUSED).err
    assert "no product" in world("product", "transfer", check_digit("0690123400777"), CO_OP, expect=UNKNOWN).err


def test_transfer_by_authority(world):
    assert "reason" in world.city("product", "transfer", MILK, CO_OP, expect=REFUSED).err
    assert "region" in world.south("product", "transfer", MILK, CO_OP, "--reason", "x", expect=REFUSED).err
    world.city("product", "transfer", MILK, CO_OP, "--reason", "court order 7")
    assert world("product", "show", MILK, "--json").json["product"]["reason"] == "court order 7"
    make(world.coop, "A1")
    # the next change says its own reason, or none
    world.coop("product", "transfer", MILK, DAIRY)
    assert "reason" not in world("product", "show", MILK, "--json").json["product"]


def test_delegate(world):
    world("product", "delegate", MILK, CO_OP, "--until", "2099-12-31")
    assert world("product", "show", MILK).fields["delegates"] == CO_OP
    make(world.coop, "A1")
    make(world, "A2")
    assert world("product", "delegate", MILK, CO_OP, "--until", "2099-12-31", "--json").json["status"] == "already so"
    # described anew it keeps its delegates
    world("product", "register", MILK, "--name-zh", "牛奶", "--category", "other", "--replace")
    make(world.coop, "A3")
    world("product", "delegate", MILK, CO_OP, "--until", "2020-12-31")
    make(world.coop, "A4", REFUSED)
    world("product", "delegate", MILK, CO_OP)
    make(world.coop, "A5")
    world("product", "delegate", MILK, CO_OP, "--remove")
    make(world.coop, "A6", REFUSED)
    assert world("product", "delegate", MILK, CO_OP, "--remove", "--json").json["status"] == "already so"
    world("product", "delegate", MILK, CO_OP, "--remove", "--until", "2099-12-31", expect=USAGE)
    # a delegate doesn't pass it on
    world("product", "delegate", MILK, CO_OP)
    assert "belongs to" in world.coop("product", "delegate", MILK, CITY, expect=REFUSED).err
    # a transfer leaves the new owner to choose its own
    world("product", "transfer", MILK, CO_OP)
    assert world("product", "show", MILK, "--json").json["product"].get("delegates") is None


def test_revoke(world):
    make(world, "A1")
    assert "--reason" in world("product", "revoke", MILK, expect=USAGE).err
    world("product", "revoke", MILK, "--reason", "made no more")
    assert world("product", "show", MILK).fields["revoked"] == "made no more"
    assert "revoked" in make(world, "A2", REFUSED).err
    world("verify", f"(01){MILK}(10)A1")
    world("product", "revoke", MILK, "--undo")
    make(world, "A2")
    world.city("product", "revoke", MILK, "--reason", "unsafe")
    assert "已由" in world("batch", "register", "--product", MILK, "--lot", "A3", "--quantity", "1", "--unit", "盒",
                         "--made", "2026-11-01", "--lang", "zh", expect=REFUSED).err
    assert "operator or a regulator" in world("product", "revoke", MILK, "--undo", expect=REFUSED).err
    world("product", "register", MILK, "--name", "Milk", "--category", "other", "--replace", expect=REFUSED)
    world.city("product", "revoke", MILK, "--undo", "--reason", "safe again")
    make(world, "A3")


def test_registered_for_another(world):
    cheese = check_digit("0690123400777")
    world.south("product", "register", cheese, "--name", "Cheese", "--category", "other", "--owner", DAIRY,
                expect=REFUSED)
    world.city("product", "register", cheese, "--name", "Cheese", "--category", "other", "--owner", DAIRY)
    assert world("product", "show", cheese).fields["owner"] == DAIRY


def test_a_regulator_corrects(world, ledger):
    """Its region's events, with a reason, naming whose they are."""
    event = ledger.get(f"/v1/records/{make(world, 'A1').fields['record']}").json
    declared = {"declarationTime": "2026-11-02T00:00:00Z", "reason": "incorrect_data", "suyuan:author": DAIRY}
    keys = {name: ledgers.Key.load(cli.dir / f"{name}.key")
            for name, cli in (("city", world.city), ("south", world.south), ("coop", world.coop))}
    for name in ("south", "coop"):
        answer = ledger.submit(keys[name], dict(event, errorDeclaration=declared), expect=403)
        assert answer["errors"][0]["pointer"] == "/errorDeclaration/suyuan:author"
    answer = ledger.submit(keys["city"], dict(event, errorDeclaration={**declared, "reason": None}), expect=400)
    del declared["reason"]
    answer = ledger.submit(keys["city"], dict(event, errorDeclaration=declared), expect=422)
    assert "reason" in answer["errors"][0]["detail"]
    declared["suyuan:reason"] = "no such batch was made"
    ledger.submit(keys["city"], dict(event, errorDeclaration=declared))
    ledger.settle()
    assert ledger.get(f"/v1/verify?code=(01){MILK}(10)A1").json["status"] == "withdrawn"


def test_a_laboratory_only_inspects(world, ledger):
    lab = "https://id.gs1.org/417/" + check_digit("690000000003")
    key = ledger.enrol(lab, ["laboratory"])
    make(world, "A1")
    seen = batch(MILK, "A1", action="OBSERVE", bizStep="inspecting")
    del seen["ilmd"]
    ledger.submit(key, seen)
    for step in ("shipping", "receiving", "destroying"):
        assert "laboratory" in ledger.submit(key, dict(seen, bizStep=step), expect=403)["errors"][0]["detail"]
    answer = ledger.post(submission(key, [compact(batch(MILK, "A9"))]))
    assert answer.status == 403


def test_grants_do_not_overlap(world):
    site = "https://id.gs1.org/417/" + check_digit("690000000004")
    for rights in (["--prefix", "69012345"], ["--prefix", "690123"], ["--grant", check_digit("0690123400888")],
                   ["--prefix", "69"]):
        done = world.operator("party", "register", site, "--name", "Site", "--role", "producer", *rights,
                              expect=REFUSED)
        assert "overlaps" in done.err or "4 to 12 digits" in done.err
    eight, drug = check_digit("1234567"), "8385793"
    world.operator("party", "register", site, "--name", "Site", "--role", "producer", "--grant", eight, "--grant", drug)
    assert "granted to" in world.operator("party", "grant", DAIRY, "--grant", eight, expect=REFUSED).err
    world.operator("party", "grant", site, "--no-grant", eight)
    world.operator("party", "grant", DAIRY, "--grant", eight)
    world("product", "register", eight, "--name", "Gum", "--category", "other")
