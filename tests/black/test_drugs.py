"""The codes of a drug's batch, as its maker reports them: all of them registered, or what is wrong named."""
import json
import os
import re
import subprocess

import pytest

import ledger as ledgers
from cli import Cli, DONE, FAIL, REFUSED, SLOW
from ledger import check_digit

MAKER = "https://id.gs1.org/417/" + check_digit("693456700000")
GTIN = check_digit("0693456700001")
UNIT, CAN, BOX = "8206233", "8031762", "8021762"  # the product codes of the three packages
STEM = "urn:suyuan:cn:drug:"
INSPECTED = ["--inspection", "QC-1", "--result", "pass"]


def codes_of(boxes, cans, units, base):
    """(code, layer, parent) of each package, as a packing line writes them."""
    for b in range(boxes):
        box = f"{BOX}{base + b:013}"
        yield box, 3, ""
        for c in range(b * cans, (b + 1) * cans):
            can = f"{CAN}{base + c:013}"
            yield can, 2, box
            for u in range(c * units, (c + 1) * units):
                yield f"{UNIT}{base + u:013}", 1, can


def code_line(code, layer, parent):
    parent = f' parentCode="{parent}"' if parent else ""
    return f'<Code curCode="{code}" packLayer="{layer}"{parent} flag="2"/>'


def batch_lines(lot, codes, made="2026-09-01", expires="2029-08-31"):
    return [f'<Batch batchNo="{lot}" madeDate="{made}" validateDate="{expires}" workshop="一号车间" lineName="A" '
            'lineManager="">', *(code_line(*code) for code in codes), "</Batch>"]


def document(*batches, encoding="utf-8", product="9999999", ratio="1:5:2500"):
    return "\n".join([
        f'<?xml version="1.0" encoding="{encoding}"?><Document '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="关联关系XML Schema-3.0.xsd" License="1001">',
        '<Events Version="3.0">', '<Event Name="RelationCreate">',
        f'<Relation productCode="{product}" subTypeNo="01" cascade="{ratio}" packageSpec="24粒/盒" comment="">',
        *(line for lines in batches for line in lines),
        "</Relation>", "</Event>", "</Events>", "</Document>", ""])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drugs")
    one = ledgers.Ledger(folder / "ledger").init().start()
    operator = Cli(folder / "operator", one.url, one.dir / "operator.key")
    maker = Cli(folder / "maker", one.url, "maker.key")
    Cli(maker.dir)("key", "new", "maker.key", "--party", MAKER)
    grants = [word for code in (UNIT, CAN, BOX) for word in ("--grant", f"urn:suyuan:cn:drug-product:{code}")]
    operator("party", "register", MAKER, "--name-zh", "华北制药厂", "--role", "producer", "--prefix", "6934567", *grants,
             "--party-key", maker.dir / "maker.key")
    maker("place", "register", check_digit("693456700001"), "--name-zh", "一号车间", "--address", "和平东路 388 号",
          "--phone", "0311-5550100")
    for code, name in ((f"urn:suyuan:cn:drug-product:{UNIT}", "阿莫西林胶囊"), (GTIN, "阿莫西林胶囊"),
                       (f"urn:suyuan:cn:drug-product:{CAN}", "阿莫西林胶囊 中盒"),
                       (f"urn:suyuan:cn:drug-product:{BOX}", "阿莫西林胶囊 大箱")):
        maker("product", "register", code, "--name-zh", name, "--category", "drug", "--specification", "0.25 g × 24",
              "--licence", "GYZZ:国药准字H13020001", "--holder", MAKER, "--storage", ":25")
    maker.ledger = one
    yield maker
    try:
        one.stop()
    finally:
        one.remove()


def records(cli):
    return cli("ledger", "info", "--json").json["records"]


def bring(cli, text, *more, expect=DONE, name="codes.xml"):
    cli.write(name, text)
    before = records(cli)
    done = cli("batch", "import", name, *INSPECTED, *more, "--json", expect=expect)
    done.counts = done.json
    assert done.counts["rows"] == sum(done.counts[n] for n in ("registered", "already", "refused")), done
    assert records(cli) == before + done.counts["registered"], done
    done.new = [json.loads(cli("ledger", "record", n).out) for n in range(before, before + min(done.counts["registered"], 50))]
    return done


def packed(events):
    """{container: contents} of what was packed, {code: layer} of what was made."""
    holds, made = {}, {}
    for e in events:
        if e["type"] == "AggregationEvent":
            assert (e["action"], e["bizStep"]) == ("ADD", "packing")
            holds.setdefault(e["parentID"].removeprefix(STEM), []).extend(c.removeprefix(STEM) for c in e["childEPCs"])
        else:
            assert (e["action"], e["bizStep"]) == ("ADD", "commissioning")
            for c in e["epcList"]:
                assert c not in made
                made[c.removeprefix(STEM)] = e["suyuan:packLayer"]
    return holds, made


def must_hold(events, codes):
    holds, made = packed(events)
    assert made == {code: layer for code, layer, _ in codes}
    wanted = {}
    for code, _, parent in codes:
        if parent:
            wanted.setdefault(parent, []).append(code)
    assert holds == wanted


def test_a_box_of_2500(world):
    """3 packing levels as one submission; the same document again is the same records."""
    codes = list(codes_of(1, 5, 500, 0))
    assert len(codes) == 2506
    text = document(batch_lines("D1", codes))
    done = bring(world, text)
    assert done.counts["submissions"] == 1 and done.counts["registered"] == 9
    must_hold(done.new, codes)
    units = next(e for e in done.new if e.get("suyuan:packLayer") == 1)
    assert units["ilmd"] == {"cbvmda:lotNumber": "D1", "suyuan:productionDate": "2026-09-01",
                             "cbvmda:itemExpirationDate": "2029-08-31", "suyuan:packRatio": "1:5:2500"}
    assert units["suyuan:inspection"]["number"] == "QC-1" and "quantityList" not in units
    # codes are registered before what was packed of them
    kinds = [e["type"] for e in done.new]
    assert kinds == sorted(kinds, reverse=True)
    for code, _, _ in codes[::500]:
        world("verify", code)
    again = bring(world, text)
    assert (again.counts["registered"], again.counts["already"]) == (0, 9)
    assert world("ledger", "audit", "--records", "--json").json["faults"] == 0


def test_with_the_products_own_code(world):
    """A GTIN, in the document or told, links the lot that is printed on the pack with its codes."""
    codes = list(codes_of(1, 2, 3, 10000))
    for lot, more, product in (("D2", ["--product", GTIN, "--unit", "盒"], "9999999"), ("D3", ["--unit", "盒"], GTIN)):
        done = bring(world, document(batch_lines(lot, codes), product=product, ratio="1:2:6"), *more)
        units = next(e for e in done.new if e.get("suyuan:packLayer") == 1)
        assert units["quantityList"] == [{"epcClass": f"https://id.gs1.org/01/{GTIN}/10/{lot}", "quantity": 6, "uom": "XBX"}]
        assert all("quantityList" not in e and "childQuantityList" not in e for e in done.new if e is not units)
        world("verify", f"(01){GTIN}(10){lot}")
        codes = [(code[:7] + "9" + code[8:], layer, parent[:7] + "9" + parent[8:] if parent else "")
                 for code, layer, parent in codes]


def shuffled(codes, base):
    """All units, then their cans, then the boxes."""
    return sorted(codes_of(2, 2, 3, base), key=lambda code: code[1])


def test_as_other_systems_write_it(world):
    """Attributes in another order and case, prefixes, empty parents, children first, GB2312."""
    for n, (encoding, declared) in enumerate([("gb18030", "GB2312"), ("utf-8", "GB2312"), ("utf-16", "UTF-16"),
                                              ("utf-8-sig", "utf-8")]):
        codes = shuffled(None, 20000 + 100 * n)
        lines = [f'<ns:CODE  flag="0" parentCode="{parent}"\n packLayer="{layer}" CurCode=\'{code}\'></ns:CODE>'
                 for code, layer, parent in codes]
        lines = [f'<Batch validateDate="2029年8月31日" madeDate="20260901" batchNo="T{n}">', *lines, "</Batch>"]
        text = document(lines, encoding=declared).replace("<Document ", '<Document xmlns:ns="urn:x" ')
        text = text.replace("<Relation ", "<DataField><Relation ").replace("</Relation>", "</Relation></DataField>")
        done = bring(world, text.replace("\n", "\r\n").encode(encoding))
        must_hold(done.new, codes)


def test_many_codes_are_several_records(world):
    """Cut where the document says, whatever is read at once; each cut the same every time."""
    codes = list(codes_of(12, 5, 500, 100000))
    assert len(codes) > 30000
    text = document(batch_lines("D4", codes))
    world.write("many.xml", text)
    shown = world("batch", "import", "many.xml", *INSPECTED, "--dry-run").out.splitlines()
    assert shown == world("batch", "import", "-", *INSPECTED, "--dry-run", stdin=text).out.splitlines()
    assert max(map(len, shown)) <= 1 << 20
    events = [json.loads(line) for line in shown]
    must_hold(events, codes)
    assert sum(e["bizStep"] == "commissioning" and e["suyuan:packLayer"] == 1 for e in events) == 2
    assert len({e["eventID"] for e in events}) == len(events)
    done = bring(world, text, name="many.xml")
    assert done.counts["registered"] == len(events)
    assert bring(world, text, name="many.xml").counts["already"] == len(events)


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer keeps what was freed")
def test_memory_is_bounded(world):
    """Four times the codes take no more than what it needs to know a code again: 512 bytes each."""
    peak = []
    for boxes in (10, 40):
        name = world.write("big.xml", document(batch_lines("D5", codes_of(boxes, 5, 500, 0))))
        process = subprocess.Popen(world.command("batch", "import", name, *INSPECTED, "--dry-run", "--rows", "1"),
                                   cwd=world.dir, env=world.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == DONE
        peak.append(usage.ru_maxrss)
    more = sum(1 for _ in codes_of(40, 5, 500, 0)) - sum(1 for _ in codes_of(10, 5, 500, 0))
    assert peak[1] - peak[0] < more * 512 / 1024, peak


def test_every_fault_is_named_and_no_half_batch_registered(world):
    good = list(codes_of(1, 1, 3, 200000))
    bad = list(codes_of(1, 1, 8, 210000))
    lines = batch_lines("B1", bad)
    begin = 5 + len(batch_lines("G1", good))  # line of B1
    lines[3] = lines[3].replace("curCode=\"8", "curCode=\"7")         # no drug code
    lines[4] = code_line(bad[2][0], 1, bad[1][0])                      # again, but for the one before
    lines[5] = lines[5].replace('packLayer="1"', 'packLayer="x"')
    lines[6] = code_line(bad[5][0], 1, bad[6][0])                      # a parent that is no higher, and comes later
    lines[8] = code_line(bad[7][0], 1, bad[5][0])                      # the same, that came before
    lines[9] = lines[9].replace(f'curCode="{bad[8][0]}"', "")
    lines.insert(5, lines[4])
    text = document(batch_lines("G1", good), lines, batch_lines("B2", list(codes_of(1, 1, 1, 220000)), made="soon"),
                    batch_lines("B3", []), batch_lines("THIS-LOT-NUMBER-IS-TOO-LONG", list(codes_of(1, 1, 1, 230000))))
    done = bring(world, text, "--rejects", "bad.ndjson", expect=REFUSED)
    must_hold(done.new, good)
    named = dict(re.findall(r"^codes\.xml:(\d+): (.*)", done.err, re.M))
    at = {int(n) - begin: words for n, words in named.items()}
    said = {3: "curCode: ", 5: "stands on line", 6: "packLayer", 8: "packLayer: 1: expected a higher",
            9: "of no higher layer", 10: "curCode: is missing", 0: "6 of its 11 codes are at fault"}
    assert all(words in at[n] for n, words in said.items()), at
    words = " ".join(named.values())
    assert "made: soon" in words and "has no Code" in words
    assert len(named) == done.counts["refused"]
    kept = [json.loads(line) for line in world.read("bad.ndjson").splitlines()]
    assert sorted(str(one["line"]) for one in kept) == sorted(named) and all(one["text"].startswith("<") for one in kept)
    # mended, all of it is registered
    whole = document(batch_lines("G1", good), batch_lines("B1", bad))
    done = bring(world, whole)
    must_hold(done.new, bad)


def test_what_the_ledger_refuses(world):
    """A code that was registered before: its event alone is refused, in a form that can be sent again."""
    first = list(codes_of(1, 1, 2, 300000))
    bring(world, document(batch_lines("L1", first)))
    again = list(codes_of(1, 1, 3, 310000))
    text = document(batch_lines("L2", [*again, (first[-1][0], 1, again[1][0])]))
    done = bring(world, text, "--rejects", "refused.ndjson", expect=REFUSED)
    assert done.counts["refused"] == 1 and first[-1][0] in done.err
    kept = json.loads(world.read("refused.ndjson"))
    event = kept["event"]
    event["epcList"].remove(STEM + first[-1][0])
    del event["eventID"]
    assert bring(world, json.dumps(event) + "\n", name="mended.ndjson").counts["registered"] == 1
    world("verify", again[-1][0])


@pytest.mark.parametrize("text,words", [
    ("<Document><Events></Document>", ["line 1", "mismatched tag"]),
    ("<Document>\n<Relation>\n<Code curCode='8'/></Relation></Document>", ["line 3", "outside of a Batch"]),
    ("<html><body>hello</body></html>", ["no Batch"]),
    ('<!DOCTYPE x [<!ENTITY a "b">]><Document/>', ["document type"]),
    ("<epcis:EPCISDocument xmlns:epcis='urn:x'/>", ["EPCIS 2.0 JSON"]),
    ("<Document><Batch><Batch/></Batch></Document>", ["inside of a Batch"]),
    ("<", ["line 1"]),
])
def test_no_such_document(world, text, words):
    before = records(world)
    world.write("odd.xml", text)
    done = world("batch", "import", "odd.xml", expect=FAIL)
    assert all(word in done.err for word in words) and records(world) == before, done


def test_cut_in_the_middle(world):
    """What doesn't end says nothing: not even its whole batches are sent."""
    text = document(batch_lines("C1", list(codes_of(1, 1, 3, 400000))), batch_lines("C2", list(codes_of(1, 1, 3, 410000))))
    world.write("cut.xml", text[:-60])
    before = records(world)
    assert re.search("cut.xml: line 17, column 1: ", world("batch", "import", "cut.xml", *INSPECTED, expect=FAIL).err)
    assert records(world) == before
