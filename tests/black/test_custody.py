"""Where goods are and whether they may go: holds, holders, histories, as answers and as lines."""
import urllib.parse

import pytest

from cli import DAIRY, DONE, MILK, STOP, Cli, dairy, register
from ledger import Ledger, check_digit

LOT = f"(01){MILK}(10)L1"
SHOP = "https://id.gs1.org/417/" + check_digit("690765400000")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An operator, a dairy with a lot of 500 boxes and three units of it, and a shop."""
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    folder = tmp_path_factory.mktemp("desks")
    producer = dairy(ledger, folder)
    producer.operator = Cli(folder / "operator", ledger.url, ledger.dir / "operator.key")
    producer.shop = Cli(folder / "shop", ledger.url, "shop.key")
    Cli(producer.shop.dir)("key", "new", "shop.key", "--party", SHOP)
    producer.operator("party", "register", SHOP, "--name-zh", "超市", "--name-en", "Shop", "--role", "seller",
                      "--party-key", producer.shop.dir / "shop.key")
    producer.ledger = ledger
    yield producer
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()



def quote(code):
    return urllib.parse.quote(code, safe="")


def status(world, code):
    world.ledger.settle()
    return world.ledger.get(f"/v1/verify?code={quote(code)}").json


# --- holds -------------------------------------------------------------------------------------------

def test_who_may_release_a_hold(world):
    register(world, "H1")
    lot = f"(01){MILK}(10)H1"
    world("event", "hold", lot, "--at", "2026-11-02T08:00:00+08:00")
    told = status(world, lot)
    assert told["status"] == told["lot"]["state"] == "held"
    assert [(h["party"], h["authority"]) for h in told["holds"]] == [(DAIRY, False)]
    assert told["holds"][0]["record"] in told["records"]
    # Neither somebody else nor a paper of an earlier day.
    world.shop("event", "release", lot, "--at", "2026-11-03T08:00:00+08:00")
    world("event", "release", lot, "--at", "2026-11-01T08:00:00+08:00")
    assert status(world, lot)["status"] == "held"
    done = world("verify", lot, expect=STOP)
    assert "HELD" in done.out and DAIRY in done.out
    assert "已封存" in world("verify", lot, "--lang", "zh", expect=STOP).out
    world("event", "release", lot, "--at", "2026-11-03T08:00:00+08:00")
    assert status(world, lot)["status"] == "registered"
    world("verify", lot, expect=DONE)
    # An authority's falls by an authority alone.
    world.operator("event", "hold", lot, "--at", "2026-11-04T08:00:00+08:00")
    world("event", "release", lot, "--at", "2026-11-05T08:00:00+08:00")
    assert status(world, lot)["status"] == "held"
    world.operator("event", "release", lot, "--at", "2026-11-05T08:00:00+08:00")
    assert status(world, lot)["status"] == "registered"


def test_a_unit_shares_its_lots_hold(world):
    register(world, "L1")
    world("batch", "register", "--product", MILK, "--lot", "L1", "--serial", "a", "--made", "2026-11-01",
          "--expires", "2099-05-01")
    world("event", "hold", LOT, "--at", "2026-11-02T08:00:00+08:00")
    unit = f"(01){MILK}(21)a"
    told = status(world, unit)
    assert (told["status"], told["serial"]["state"]) == ("held", "registered")
    world("verify", unit, expect=STOP)
    world("event", "release", LOT, "--at", "2026-11-03T08:00:00+08:00")
    world("event", "hold", unit, "--at", "2026-11-04T08:00:00+08:00")
    assert status(world, unit)["status"] == "held" and status(world, LOT)["status"] == "registered"
    world("event", "release", unit, "--at", "2026-11-05T08:00:00+08:00")


def test_what_nobody_registered_may_be_held(world):
    fake = f"(01){MILK}(10)FAKE"
    world.operator("event", "hold", fake, "--at", "2026-11-02T08:00:00+08:00")
    assert status(world, fake)["status"] == "held"
    world.operator("verify", fake, expect=STOP)
