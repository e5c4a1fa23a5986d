"""suyuan recall affected: for people in two languages, for programs as the ledger tells it."""
import csv
import io
import json
import socket
import threading

import pytest

from cli import AWAY, DAIRY, DONE, FAIL, MILK, UNKNOWN, USAGE, Cli, dairy, register
from ledger import Ledger, check_digit

SHOP = "https://id.gs1.org/417/" + check_digit("690765400000")
SITE = check_digit("690123400002")
LOT = f"https://id.gs1.org/01/{MILK}/10/A1"
CHEESE = f"https://id.gs1.org/01/{MILK}/10/C1"


def short(code):
    return code.removeprefix("https://id.gs1.org/")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A lot of 500 boxes: 60 in a shop, which sold 2 of them, 100 in cheese; a brick of it in a tower."""
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    folder = tmp_path_factory.mktemp("desks")
    one = dairy(ledger, folder)
    one.ledger, one.shop = ledger, Cli(folder / "shop", ledger.url, "shop.key")
    Cli(one.shop.dir)("key", "new", "shop.key", "--party", SHOP)
    operator = Cli(folder / "operator", ledger.url, ledger.dir / "operator.key")
    operator("party", "register", SHOP, "--name-zh", "超市", "--name-en", "Shop", "--role", "seller", "--region",
             "310115", "--party-key", one.shop.dir / "shop.key")
    one("place", "register", SITE, "--name", "tower", "--project", "中心大厦", "--part", "三层")
    register(one, "A1", "--at", "2026-11-01T08:00:00+08:00")
    code = f"(01){MILK}(10)A1"
    one("event", "ship", code, "--quantity", "60", "--unit", "盒", "--to", SHOP, "--at", "2026-11-02T08:00:00+08:00")
    one.shop("event", "receive", code, "--quantity", "60", "--unit", "盒", "--from", DAIRY, "--at",
             "2026-11-03T08:00:00+08:00")
    one.shop("event", "sell", code, "--quantity", "2", "--unit", "盒", "--at", "2026-11-04T08:00:00+08:00")
    one("event", "transform", "--product", MILK, "--lot", "C1", "--quantity", "10", "--unit", "公斤",
        "--input-lot", f"{code}:100:盒", "--made", "2026-11-05", "--expires", "2099-01-01")
    one("event", "install", f"(01){MILK}(10)C1", "--quantity", "1", "--unit", "公斤", "--place", SITE, "--at",
        "2026-11-06T08:00:00+08:00")
    ledger.settle()
    yield one
    try:
        ledger.stop()
    finally:
        ledger.remove()


def test_for_people(world):
    told = world("recall", "affected", f"(01){MILK}(10)A1").out
    lines = told.splitlines()
    assert lines[0] == f"{short(LOT)}  Milk  asked for"
    assert f"    Shop ({short(SHOP)})  region 310115" in lines
    assert "      on hand 58 boxes, sold 2 boxes  since 2026-11-03 08:00" in lines
    assert f"{short(CHEESE)}  Milk  made from {short(LOT)}" in lines
    assert any("project 中心大厦  part 三层" in line for line in lines)
    assert "      used 1 kg  since 2026-11-06 08:00" in lines
    (row,) = [line.split() for line in lines if line.startswith(short(SHOP))]
    assert row == [short(SHOP), "Shop", "310115", "1", "58", "0", "0", "2", "0", "boxes"]
    assert lines[-1].startswith("2 items, 2 batches, ")


def test_in_chinese(world):
    told = world("recall", "affected", LOT, "--lang", "zh").out
    for words in ("所查询", f"由 {short(LOT)} 制成", "鲜牛奶", "库存 58 盒，已售 2 盒", "工程 中心大厦  部位 三层", "超市", "共 2 项，2 个批次"):
        assert words in told


def test_for_programs(world):
    whole = world("recall", "affected", LOT, "--json").json
    assert [i["item"] for i in whole["items"]] == [LOT, CHEESE] and whole["cut"] is None
    *lines, end = map(json.loads, world("recall", "affected", LOT, "--format", "ndjson").out.splitlines())
    assert lines == whole["items"] and end["totals"] == whole["totals"]
    rows = list(csv.DictReader(io.StringIO(world("recall", "affected", LOT, "--format", "csv").out)))
    assert sum(float(r["onHand"]) for r in rows if r["unit"] == "XBX") == 398
    assert [r["project"] for r in rows if r["part"]] == ["中心大厦"]


@pytest.mark.parametrize("words, items", (
    (("--product", MILK, "--made-from", "2026年11月1日", "--made-to", "20261101"), 2),
    (("--product", MILK, "--made-from", "2026-11-02"), 1),
    (("--place", SHOP, "--from", "2026-11-03"), 2),
    (("--place", SITE, "--from", "2026-11-06", "--to", "2026-11-06 9:00"), 1),
    (("--place", SITE, "--to", "2026-11-05"), 0)))
def test_other_questions(world, words, items):
    assert world("recall", "affected", *words, "--json").json["total"] == items


def test_a_recalls_own(world):
    record = {"type": "Recall", "id": "urn:test:recall/1 ü", "rule": "recall/food", "level": "1", "state": "open",
              "scope": {"items": [LOT]}, "reason": "glass", "measures": "bring it back"}
    world("record", "submit", "-", stdin=json.dumps(record, ensure_ascii=False) + "\n")
    whole = world("recall", "affected", "--recall", "urn:test:recall/1 ü", "--json").json
    assert whole["total"] == 2 and whole["recall"] == "urn:test:recall/1 ü"
    world("recall", "affected", "--recall", "urn:test:none", expect=UNKNOWN)


@pytest.mark.parametrize("words, told", (
    ((), "which CODE?"), (("--recall", "x", LOT), "a scope of its own"), ((LOT, "--format", "xml"), "ndjson, csv or html"),
    ((LOT, "--format", "csv", "--json"), "or --json?"),
    (("--product", MILK, "--made-from", "soon", "--made-to", "later"), "--made-to later: expected")))
def test_what_cannot_be_asked(world, words, told):
    assert told in world("recall", "affected", *words, expect=USAGE).err


def test_codes_that_nobody_knows(world):
    world("recall", "affected", LOT + "x", expect=UNKNOWN)
    done = world("recall", "affected", LOT, LOT + "x", expect=UNKNOWN)
    assert "no record names 1 of the codes" in done.err and short(CHEESE) in done.out


class Cutter:
    """Passes on so many bytes of an answer to PATH, then hangs up; or another Suyuan-Cut."""

    def __init__(self, ledger, keep=None, cut=None, path=b"/v1/affected"):
        self.ledger, self.keep, self.cut, self.path = ledger, keep, cut, path
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                self.answer(client)

    def answer(self, client):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(65536)
        with socket.create_connection(self.ledger.address) as upstream:
            upstream.sendall(asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            said = b""
            while part := upstream.recv(65536):
                said += part
        if self.path in asked and self.cut:
            said = said.replace(b"Suyuan-Cut: none", b"Suyuan-Cut: " + self.cut)
        client.sendall(said[:self.keep] if self.path in asked and self.keep else said)


@pytest.mark.parametrize("more", ((), ("--json",), ("--format", "csv")))
def test_what_is_cut_says_so(world, more):
    with Cutter(world.ledger, cut=b"time") as cutter:
        assert "cut by time" in world("recall", "affected", LOT, *more, where=cutter.url, expect=FAIL).err
    with Cutter(world.ledger, keep=900) as cutter:
        world("recall", "affected", LOT, *more, where=cutter.url, expect=AWAY)
    world("recall", "affected", LOT, *more, expect=DONE)
