"""suyuan trace, for people and for scripts, beside what the daemon answers."""
import json
import os
import urllib.parse

import pytest

import ledger as ledgers
from cli import DONE, FAIL, UNKNOWN, USAGE, Cli
from ledger import batch
from test_trace import PARTY, PLACE, made, small

WIDE = 50


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = ledgers.Ledger(tmp_path_factory.mktemp("tracing") / "ledger").init().start()
    key, names, first = small(one)
    stem = names["salt"].rsplit("/", 1)[0]
    one.submit(key, {"type": "Place", "id": PLACE, "party": PARTY, "name": {"zh": "一号车间", "en": "Hall one"}},
               batch(stem.split("/")[4], "flour", made="2026-10-30"),
               *(made(5, [f"{stem}/flour"], [f"{stem}/loaf{i}"]) for i in range(WIDE)),
               made(6, [f"{stem}/loaf{WIDE - 1}"], [f"{stem}/toast"]))
    one.settle()
    one.names, one.first, one.stem = names, first, stem
    yield one
    try:
        one.stop()
    finally:
        one.remove()


@pytest.fixture(scope="module")
def desk(world, tmp_path_factory):
    one = Cli(tmp_path_factory.mktemp("desk") / "desk", world.url)
    one("ledger", "info")
    return one


def ask(world, form, **more):
    return world.get("/v1/trace?" + urllib.parse.urlencode({**more, "format": form})).body.decode()


@pytest.mark.parametrize("form", ("json", "ndjson", "csv", "dot"))
def test_forms_are_passed_on_as_they_are(world, desk, form):
    said = desk("trace", "forward", world.names["salt"], "--format", form)
    assert said.out == ask(world, form, code=world.names["salt"], direction="forward").replace("\r\n", "\n")
    assert said.err == ""
    if form == "json":
        assert desk("trace", "forward", world.names["salt"], "--json").out == said.out


def test_a_tree(world, desk):
    n, first = {k: v.removeprefix("https://id.gs1.org/") for k, v in world.names.items()}, world.first
    assert desk("trace", "forward", world.names["salt"], "--format", "tree").out.splitlines() == [
        f"{n['salt']}  Milk  made 2026-11-01, record {first}",
        f"└─ {n['cheese']}  Milk  first seen 2026-11-01  [1] made of it, record {first + 2}",
        f"   └─ {n['slice']}  Milk  first seen 2026-11-01  [2] made of it, record {first + 3}",
        f"      └─ {n['box']}  first seen 2026-11-01  [3] packed together, record {first + 4}",
        "", "Parties", f"  {PARTY[19:]}  {PARTY}  [0]", "", "Places", f"  {PLACE[19:]}  Hall one  [0]"]
    chinese = desk("trace", "back", world.names["slice"], "--format", "tree", "--lang", "zh").out
    assert "其原料" in chinese and "鲜牛奶" in chinese and "一号车间" in chinese and "made" not in chinese
    both = desk("trace", "both", world.names["cheese"], "--format", "tree").out.splitlines()
    assert [line.split()[1] for line in both[1:5]] == [n["salt"], n["milk"], n["slice"], n["box"]]


def test_what_is_wide_is_counted(world, desk):
    flour = f"{world.stem}/flour"
    lines = desk("trace", "forward", flour, "--format", "tree").out.splitlines()
    assert len([line for line in lines if "loaf" in line]) == 20 and f"└─ and {WIDE - 20} more" in lines
    assert any(line.startswith(f"21 of {WIDE + 2} things are shown") for line in lines)
    whole = desk("trace", "forward", flour, "--format", "tree", "--wide", "0").out
    assert whole.count("loaf") == WIDE and "toast" in whole and "shown" not in whole


def test_a_table(world, desk):
    lines = desk("trace", "forward", world.names["salt"]).out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["0", world.names["salt"][19:], str(world.first)],
        ["1", world.names["cheese"][19:], "transform", world.names["salt"][19:], str(world.first + 2)]]
    assert [line.split()[2] for line in lines[4:]] == ["party", "place"]


def test_where_it_was_cut_is_said(world, desk):
    salt = world.names["salt"]
    for form in ("tree", "table", "json", "csv", "dot"):
        said = desk("trace", "forward", salt, "--depth", "1", "--format", form)
        assert "there is more, farther than --depth" in said.err, form
    assert "out of the time asked for" in desk("trace", "forward", salt, "--to", "2026-10-31").err
    assert desk("trace", "forward", salt, "--from", "2026年11月1日", "--to", "2026-11-01 22:00").err == ""


def test_codes_that_nobody_knows(world, desk):
    salt = world.names["salt"]
    assert "no record names" in desk("trace", "back", salt + "x", expect=UNKNOWN).err
    said = desk("trace", "back", salt, salt + "x", "--format", "ndjson", expect=UNKNOWN)
    assert json.loads(said.out.splitlines()[-1])["unknown"] == [salt + "x"] and "1 of these codes" in said.err
    assert "1 of these codes" in desk("trace", "back", salt, salt + "x", "--format", "csv", expect=UNKNOWN).err


@pytest.mark.parametrize("words", (
    ["back"], ["back", "06901234567893"], ["back", "{}", "--depth", "x"], ["back", "{}", "--format", "xml"],
    ["back", "{}", "--from", "soon"], ["back", "{}", "--svg", "x.svg", "--format", "csv"]))
def test_wrong_usage(world, desk, words):
    desk("trace", *(w.format(world.names["salt"]) for w in words), expect=USAGE)


def test_a_drawing(world, desk):
    """Graphviz's place is taken by a program that copies what it is given."""
    programs = desk.dir / "programs"
    programs.mkdir()
    (programs / "dot").write_text('#!/bin/sh\n[ "$1 $2" = "-Tsvg -o" ] && cat > "$3"\n')
    (programs / "dot").chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    desk("trace", "forward", world.names["salt"], "--svg", "x.svg", env=path)
    assert desk.read("x.svg") == ask(world, "dot", code=world.names["salt"], direction="forward")
    (programs / "dot").write_text("#!/bin/sh\nexit 1\n")
    assert "could not draw" in desk("trace", "back", world.names["salt"], "--svg", "x.svg", env=path, expect=FAIL).err
    said = desk("trace", "back", world.names["salt"], "--svg", "y.svg", env={"PATH": "/nowhere"}, expect=FAIL)
    assert "install graphviz" in said.err and not (desk.dir / "y.svg").exists()


def test_nobody_reads_on(world, desk):
    process = desk.begin("trace", "forward", f"{world.stem}/flour", "--format", "ndjson")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) in (DONE, FAIL)
    process.stderr.close()
