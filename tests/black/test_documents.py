"""EPCIS documents as other people's systems write them: every event becomes a record, nothing of it
is lost, and nothing but white space."""
import hashlib
import json
import os
import pathlib
import re
import shutil

import pytest

import ledger as ledgers
from cli import DONE, FAIL, MILK, REFUSED, Cli, dairy
from ledger import batch, compact

EXAMPLES = pathlib.Path(os.environ.get("SUYUAN_DATA", ledgers.ROOT / "../shared/data")) / "epcis-examples"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
GS1_PREFIX = "4012345"  # of what the examples commission
PRODUCTS = ["04012345778892", "04012345333336", "04012345444445"]


def without_space(text):
    """What is outside strings."""
    out, inside, escaped = [], False, False
    for c in text:
        if inside or c not in " \t\r\n":
            out.append(c)
        if inside:
            inside = escaped or c != '"'
            escaped = c == "\\" and not escaped
        else:
            inside = c == '"'
    return "".join(out)


def records_of(ledger):
    """Of the events that it has, in order, byte for byte."""
    texts = [ledger.get(f"/v1/records/{n}").body.decode() for n in range(ledger.get("/v1/ledger").json["records"])]
    return [t for t in texts if json.loads(t)["type"].endswith("Event")]


# --- GS1's examples, each on a fresh ledger


def documents():
    return sorted(EXAMPLES.rglob("*.jsonld"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A ledger with a producer of what the examples make, to be copied."""
    folder = tmp_path_factory.mktemp("documents")
    one = ledgers.Ledger(folder / "ledger").init().start()
    party = "https://id.gs1.org/417/4012345000009"
    key = one.enrol(party, ["producer"], prefixes=[GS1_PREFIX])
    for gtin in PRODUCTS:
        one.submit(key, {"type": "Product", "code": f"https://id.gs1.org/01/{gtin}", "name": {"en": gtin},
                         "category": "other"})
    key.save(folder / "key")
    one.stop()
    yield folder
    one.remove()


def test_there_are_all():
    if not EXAMPLES.is_dir():
        pytest.skip(f"GS1's example documents aren't at {EXAMPLES}")
    assert len(documents()) == 47


@pytest.mark.parametrize("path", documents(), ids=lambda path: getattr(path, "stem", "none"))
def test_example(fresh, tmp_path, path):
    shutil.copytree(fresh / "ledger", tmp_path / "ledger")
    ledger = ledgers.Ledger(tmp_path / "ledger").start()
    cli = Cli(tmp_path / "cli", ledger.url, fresh / "key")
    text = path.read_text()
    try:
        if path.stem == "AssociationEvent-h":  # a name twice in one object: nobody can say which is meant
            assert "a name stands twice" in cli("batch", "import", path, expect=FAIL).err
            assert records_of(ledger) == []
            return
        document = json.loads(text)
        body = document["epcisBody"]
        events = body.get("queryResults", {}).get("resultsBody", body)["eventList"]
        done = cli("batch", "import", path, "--json")
        assert done.json["registered"] == done.json["rows"] == len(events), done
        stored, flat = [json.loads(r) for r in records_of(ledger)], without_space(text)
        assert stored == [{"eventID": r["eventID"], **e, "@context": document["@context"]} for r, e in zip(stored, events)]
        for record, event in zip(records_of(ledger), events):
            added = '"@context":' + compact(document["@context"]) + ","
            if "eventID" not in event:
                added += f'"eventID":"{json.loads(record)["eventID"]}",'
            assert record.startswith("{" + added) and "{" + record[1 + len(added):] in flat
        assert cli("batch", "import", path, "--json").json["already"] == len(events)
    finally:
        ledger.stop()
        ledger.remove()


# --- forms of a document


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    one = ledgers.Ledger(folder / "ledger").init().start()
    producer = dairy(one, folder)
    producer.ledger = one
    yield producer
    try:
        one.stop()
    finally:
        one.remove()


def event(lot, **more):
    return batch(MILK, lot, event_id=f"urn:x:{lot}", **more)


def wrapped(kind, events):
    body = {"EPCISDocument": {"eventList": events}, "event": {"event": events[0]},
            "EPCISQueryDocument": {"queryResults": {"queryName": "q", "resultsBody": {"eventList": events}}}}[kind]
    return {"@context": [CONTEXT, {"ex": "https://a.example/"}], "type": kind if kind != "event" else "EPCISDocument",
            "schemaVersion": "2.0", "creationDate": "2026-11-01T00:00:00Z", "epcisBody": body}


FORMS = {
    "document": lambda events: wrapped("EPCISDocument", events),
    "query": lambda events: wrapped("EPCISQueryDocument", events),
    "event": lambda events: wrapped("event", events[:1]),
    "array": lambda events: events,
    "alone": lambda events: events[0],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", ["batch import", "record submit"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_forms(world, form, how, indent, mark):
    lots = [f"F-{form}-{how[0]}{indent or 0}{len(mark)}-{i}" for i in range(2)]
    events = [event(lot, **{"ex:note": "1 \\ \" 鲜", "ex:number": 1.50}) for lot in lots]
    text = json.dumps(FORMS[form](events), indent=indent, separators=None if indent else (",", ":"), ensure_ascii=False)
    text = mark + text.replace("1.5", "1.50")
    before = records_of(world.ledger)
    world(*how.split(), world.write("doc.jsonld", text))
    new = records_of(world.ledger)[len(before):]
    assert [json.loads(r)["eventID"] for r in new] == [f"urn:x:{lot}" for lot in lots[:1 if form in ("event", "alone") else 2]]
    for record in new:
        assert '"ex:number":1.50' in record and '"ex:note":"1 \\\\ \\" 鲜"' in record
        carried = f'{{"@context":["{CONTEXT}",{{"ex":"https://a.example/"}}],'
        assert record.startswith(carried) == (form not in ("array", "alone"))


def test_context_of_both(world):
    """What an event declares adds to what its document does."""
    one = event("C1", **{"ex:a": 1, "own:b": 2})
    one["@context"] = [CONTEXT, {"own": "https://b.example/"}]
    two = event("C2")
    two["@context"] = [CONTEXT, {"ex": "https://a.example/"}]
    three = event("C3")
    three["@context"] = {"own": "https://b.example/"}
    before = len(records_of(world.ledger))
    world("batch", "import", world.write("both.json", json.dumps(wrapped("EPCISDocument", [one, two, three]))))
    new = [json.loads(r) for r in records_of(world.ledger)[before:]]
    both = [CONTEXT, {"ex": "https://a.example/"}, {"own": "https://b.example/"}]
    assert [r["@context"] for r in new] == [both, [CONTEXT, {"ex": "https://a.example/"}], both]


def test_what_is_no_document(world):
    for text, words in [('{"type":"EPCISDocument"}', "no epcisBody.eventList"), ('{"epcisBody":{}}', "no epcisBody.eventList"),
                        ('{"epcisBody":{"eventList":7}}', "no epcisBody.eventList"), ("[1,\n2", "byte")]:
        assert words in world("batch", "import", world.write("no.json", text), expect=FAIL).err
        world("record", "submit", "no.json", expect=REFUSED)
    said = world("batch", "import", world.write("no.json", "[17]"), expect=REFUSED)
    assert "not a JSON object" in said.err
    world("record", "submit", "no.json", expect=REFUSED)


def test_faults_name_their_event(world):
    good, bad = event("W1"), event("W2", bizStep="shiping")
    text = json.dumps(wrapped("EPCISQueryDocument", [good, bad]), indent=1)
    said = world("batch", "import", world.write("w.json", text), "--json", expect=REFUSED)
    assert (said.json["registered"], said.json["refused"]) == (1, 1)
    begins = text.rindex("{", 0, text.rindex('"ObjectEvent"'))
    assert f"w.json:{1 + text[:begins].count(chr(10))}: /bizStep" in said.err, said
    said = world("record", "submit", "w.json", expect=REFUSED)
    assert "record 2: /bizStep" in said.err and "record 1" not in said.err


def test_master_data_is_left_out_aloud(world):
    document = wrapped("EPCISDocument", [event("M1")])
    document["epcisHeader"] = {"epcisMasterData": {"vocabularyList": []}}
    assert "master data is left out" in world("batch", "import", world.write("m.json", compact(document))).err


def test_lines_stay_lines(world):
    """A record a line, also where the first is longer than a glance at the file."""
    serials = [f"https://id.gs1.org/01/{MILK}/21/L{i:05}" for i in range(2500)]
    long = {**event("L1"), "epcList": serials, "quantityList": []}
    text = compact(long) + "\n" + compact(event("L2")) + "\n"
    assert len(text) > 1 << 16
    before = len(records_of(world.ledger))
    assert world("batch", "import", world.write("l.ndjson", text), "--json").json["registered"] == 2
    assert [r + "\n" for r in records_of(world.ledger)[before:]] == text.splitlines(keepends=True)
    one_line = compact(wrapped("EPCISDocument", [{**event("L3"), "epcList": [s + "x" for s in serials], "quantityList": []}]))
    assert world("batch", "import", world.write("l.json", one_line), "--json").json["registered"] == 1
    assert world("batch", "import", "l.json", "--json").code == DONE


def test_hash(world):
    """The same event has the same hash, however it is written down."""
    one = event("H1", **{"ex:a": 1.50, "ex:b": ["2", "1"]})
    other = dict(reversed(one.items()), **{"ex:b": ["1", "2"], "eventID": "urn:x:other", "recordTime": one["eventTime"]})
    hashes = []
    for form, e in [("document", one), ("query", other), ("event", other)]:
        text = json.dumps(FORMS[form]([e]), indent=2).replace("1.5,", "1.500,")
        hashes += world("record", "hash", world.write("h.jsonld", text)).out.split()
    assert len(hashes) == 3 and len(set(hashes)) == 1 and re.fullmatch(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0", hashes[0])
    said = world("record", "hash", "--prehash", "--json", "-", stdin=compact(one)).json[0]
    assert said["eventID"] == "urn:x:H1" and said["prehash"].startswith("eventType=ObjectEventeventTime=")
    assert f"ni:///sha-256;{hashlib.sha256(said['prehash'].encode()).hexdigest()}?ver=CBV2.0" == said["hash"]
    assert "ex:a=1.5" in said["prehash"] and said["hash"] != hashes[0]  # without its context ex: is nobody's
    assert "is no EPCIS event" in world("record", "hash", "-", stdin='{"type":"Party"}', expect=REFUSED).err
    assert "/bizStep" in world("record", "hash", "-", stdin=compact({**one, "bizStep": "x"}), expect=REFUSED).err
