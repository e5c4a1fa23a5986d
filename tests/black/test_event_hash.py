"""Whoever has an event hash finds the record: in what is indexed, in what isn't yet, after an erasure."""
import json
import urllib.parse

import pytest

from cli import AWAY, PROOF, UNKNOWN, USAGE, Cli, Tamperer
from ledger import Ledger, batch, compact, erase
from wire import until

SPAN = 1024  # records that are hashed at a time


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three thousand events and a bit, of which two rows are hashed once there is time."""
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "L").init().start()
    ledger.key, ledger.gtin = ledger.dairy()
    ledger.texts = [compact(batch(ledger.gtin, f"L{i}", quantity=i + 1,
                                  event_id=f"urn:uuid:00000000-0000-4000-8000-{i:012}")) for i in range(2500)]
    ledger.first = ledger.submit(ledger.key, *ledger.texts)["firstRecord"]
    ledger.cli = Cli(tmp_path_factory.mktemp("desk") / "auditor", ledger.url)
    ledger.settle()
    yield ledger
    try:
        ledger.stop()
        assert ledger.fsck().returncode == 0
    finally:
        ledger.remove()


def hash_of(world, text):
    name = world.cli.write("event.ndjson", text + "\n")
    return world.cli("record", "hash", name).out.strip()


def find(world, hash_, status=200):
    answer = world.get("/v1/events?hash=" + urllib.parse.quote(hash_, safe=""))
    assert answer.status == status, answer.body
    return answer.json


def metric(ledger, name):
    text = ledger.get("/metrics").body.decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def hashed(world, rows):
    """Waits until so many rows are indexed."""
    until(lambda: metric(world, "suyuan_index_hashed_records") >= rows * SPAN)


def test_each_is_found(world):
    """While they are hashed and afterwards; the last are hashed at the look-up alone."""
    picks = [(i, hash_of(world, world.texts[i])) for i in (0, 1, 700, 1023, 1024, 1025, 2047, 2499)]
    for again in range(2):
        for i, hash_ in picks:
            told = find(world, hash_)
            assert [e["record"] for e in told["events"]] == [world.first + i] and told["complete"]
            assert told["events"][0]["eventID"] == json.loads(world.texts[i])["eventID"]
            assert told["hash"] == hash_ and not told["events"][0]["error"]
            assert find(world, hash_[14:78].upper())["events"] == told["events"]
        hashed(world, 2)
    records = world.get("/v1/ledger").json["records"]
    assert find(world, "00" * 32) == {"hash": f"ni:///sha-256;{'00' * 32}?ver=CBV2.0", "events": [],
                                      "searched": records, "complete": True, "asOf": told["asOf"]}


def test_what_is_no_hash(world):
    for wrong in ("", "x", "0" * 63, "0" * 65, "g" * 64, f"ni:///sha-256;{'0' * 64}?ver=CBV1.0"):
        assert "hash" in find(world, wrong, 400)["detail"]


def test_the_command(world):
    cli = world.cli
    hash_ = hash_of(world, world.texts[5])
    for spelling in (hash_, hash_[14:78], hash_[:78], hash_[14:78].upper()):
        said = cli("record", "find", spelling, "--json").json
        assert [(r["record"], r["party"], r["type"], r["error"]) for r in said] == [
            (world.first + 5, world.key.name, "ObjectEvent", False)]
    assert str(world.first + 5) in cli("record", "find", hash_).out
    assert "no record" in cli("record", "find", "0" * 64, expect=UNKNOWN).err
    for wrong in ("x", "0" * 63, hash_.replace("2.0", "1.0")):
        cli("record", "find", wrong, expect=USAGE)
    # A ledger that names another record, or that hides one behind a search that isn't through.
    with Tamperer(world, lambda path, body: body.replace(b'"record":%d' % (world.first + 5),
                                                         b'"record":%d' % (world.first + 6))
                  if path.startswith("/v1/events") else body) as liar:
        assert "doesn't have that event hash" in cli("record", "find", hash_, where=liar.url, expect=PROOF).err
    with Tamperer(world, lambda path, body: body.replace(b'"complete":true', b'"complete":false')
                  if path.startswith("/v1/events") else body) as liar:
        cli("record", "find", "0" * 64, where=liar.url, expect=AWAY)


def test_a_declared_error_has_the_events_hash(world):
    wrong = batch(world.gtin, "WRONG", event_id="urn:uuid:00000000-0000-4000-8000-00000000ffff")
    first = world.submit(world.key, wrong)["firstRecord"]
    second = world.submit(world.key, dict(wrong, errorDeclaration={
        "declarationTime": "2026-11-02T00:00:00Z", "reason": "incorrect_data"}))["firstRecord"]
    world.settle()
    told = find(world, hash_of(world, compact(wrong)))
    assert [(e["record"], e["error"]) for e in told["events"]] == [(first, False), (second, True)]


def test_erased_and_restarted(world):
    """What is erased is found no more, hashed or not; a start goes on where it was; three rows in the end."""
    hashed(world, 2)
    fresh = compact(batch(world.gtin, "FRESH", **{"suyuan:note": "somebody"}))
    number = world.submit(world.key, fresh)["firstRecord"]
    world.settle()
    for text, record in ((world.texts[77], world.first + 77), (fresh, number)):
        hash_ = hash_of(world, text)
        assert find(world, hash_)["events"]
        erase(world, record)
        assert record not in [e["record"] for e in find(world, hash_)["events"]]
    world.stop()
    assert world.fsck().returncode == 0
    world.start()
    world.cli.where = world.url
    world.submit(world.key, *(compact(batch(world.gtin, f"M{i}")) for i in range(900)))
    hashed(world, 3)
    for i in (76, 78, 2046, 2499):
        assert [e["record"] for e in find(world, hash_of(world, world.texts[i]))["events"]] == [world.first + i]
