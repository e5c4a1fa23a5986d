"""The independent verifier agrees with what the daemon serves."""
import json

import pytest

import verifier
from ledger import batch, b64, submission, compact


def fill(ledger, singles, bulk):
    key, gtin = ledger.dairy()
    for i in range(singles):
        ledger.submit(key, batch(gtin, f"S{i}"))
    for n in bulk:
        ledger.submit(key, *(batch(gtin, f"B{n}-{i}") for i in range(n)))
    return key, gtin


def test_audit_of_a_whole_ledger(ledger):
    fill(ledger, 300, [1, 2, 3, 100])
    entries, records = ledger.auditor().audit()
    head = ledger.get("/v1/ledger").json
    assert (entries, records) == (head["entries"], head["records"])
    assert entries > 300
    assert ledger.auditor().audit(bulk=True) == (entries, records)


def test_every_answer_is_proven(ledger):
    key, gtin = ledger.dairy()
    vkey = ledger.vkey()
    for i in range(70):
        answer = ledger.submit(key, batch(gtin, f"L{i}"))
        entry = verifier.Entry(verifier.unb64(answer["receipt"]["entry"], "entry", 200))
        index, path, note = verifier.parse_proof(answer["receipt"]["proof"], "proof")
        under = verifier.Checkpoint(note, vkey)
        assert index == answer["entry"] == entry.index
        verifier.check_inclusion(entry.leaf, index, under.size, path, under.root, "answer")
        entry.check_signature(ledger.origin)


def test_consistency_between_all_sizes(ledger):
    key, gtin = ledger.dairy()
    seen = [verifier.Checkpoint(ledger.get("/checkpoint").body.decode(), ledger.vkey())]
    for i in range(40):
        ledger.submit(key, batch(gtin, f"L{i}"))
        seen.append(verifier.Checkpoint(ledger.get("/checkpoint").body.decode(), ledger.vkey()))
    for older in seen:
        for newer in seen:
            if older.size > newer.size:
                continue
            answer = ledger.get(f"/v1/consistency?from={older.size}&to={newer.size}").json
            proof = [verifier.unb64(h, "consistency", 32) for h in answer["proof"]]
            verifier.check_consistency(older.size, older.root, newer.size, newer.root, proof)


def test_partial_tiles_stay_and_impossible_ones_are_404(ledger):
    fill(ledger, 270, [])
    auditor = ledger.auditor()
    size = auditor.checkpoint().size
    leaves = [e.leaf for e in auditor.read_entries(size)]
    for width in (1, 2, 7, 100, 255):
        assert auditor.tile(0, 0, width) == b"".join(leaves[:width])
    assert auditor.tile(0, 0, 256) == b"".join(leaves[:256])
    assert auditor.tile(1, 0, 1) == verifier.root_of(leaves[:256])
    for path in ("0/001.p/256", "0/001.p/0", f"0/001.p/{size - 255}", "0/002", "0/001", "0/0", "0/1",
                 "0/0001", "0/x000/000", "00/000", "64/000", "1/000", "2/000.p/1", "0/000.p/01",
                 "0/000.p/", "entries/002.p/1", "x/000", "0/000/", ""):
        assert ledger.get("/tile/" + path).status == 404, path


def test_checkpoint_under_the_origins_path(ledger):
    assert ledger.get("/trace/checkpoint").body == ledger.get("/checkpoint").body
    size = int(ledger.get("/checkpoint").body.split(b"\n")[1])
    tile = ledger.get(f"/trace/tile/0/000.p/{size}")
    assert tile.status == 200 and tile.body == ledger.get(f"/tile/0/000.p/{size}").body
    assert tile.headers["Content-Type"] == "application/octet-stream"
    assert ledger.get("/checkpoint").headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_byte_changed_in_a_receipt_is_refused(ledger):
    key, gtin = ledger.dairy()
    first = ledger.submit(key, *(batch(gtin, f"L{i}") for i in range(5)))["firstRecord"]
    text = ledger.get(f"/v1/records/{first + 2}/receipt").body.decode()
    vkey = ledger.vkey()
    verifier.check_receipt(text, vkey, author=key.public)
    accepted = []
    for at in range(len(text)):
        changed = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1:]
        try:
            verifier.check_receipt(changed, vkey)
            accepted.append(changed[max(0, at - 20):at + 20])
        except (verifier.Refused, UnicodeEncodeError):
            pass
    assert accepted == []
    with pytest.raises(verifier.Refused, match="5 author"):
        verifier.check_receipt(text, vkey, author=ledger.operator.public)


def test_a_receipt_carries_its_authors_enrolment(ledger):
    key, gtin = ledger.dairy()
    number = ledger.submit(key, batch(gtin, "L1"))["firstRecord"]
    ledger.settle()
    receipt = json.loads(ledger.get(f"/v1/records/{number}/receipt?party=1").body)
    party, _, _ = verifier.check_receipt(json.dumps(receipt["party"], ensure_ascii=False),
                                         ledger.vkey())
    assert key.vkey in party


def test_the_same_submission_again_is_the_same_entry(ledger):
    key, gtin = ledger.dairy()
    body = submission(key, [compact(batch(gtin, "L1"))])
    first = ledger.post(body)
    again = ledger.post(body)
    later = ledger.post(submission(key, [compact(batch(gtin, "L1"))], deadline=4000000000))
    assert (first.status, again.status, later.status) == (201, 200, 200)
    for answer in (again, later):
        assert answer.json["entry"] == first.json["entry"]
        assert answer.json["receipt"]["entry"] == first.json["receipt"]["entry"]
        index, path, note = verifier.parse_proof(answer.json["receipt"]["proof"], "proof")
        under = verifier.Checkpoint(note, ledger.vkey())
        entry = verifier.Entry(verifier.unb64(answer.json["receipt"]["entry"], "entry", 200))
        verifier.check_inclusion(entry.leaf, index, under.size, path, under.root, "again")


def test_genesis_is_public(ledger):
    genesis = json.loads(ledger.get("/v1/records/0").body)
    assert genesis["type"] == "Ledger" and genesis["origin"] == ledger.origin
    assert genesis["logKey"] == ledger.vkey().text
    assert genesis["operator"]["key"]["vkey"] == ledger.operator.vkey
    entry = ledger.get("/v1/entries/0").json
    assert entry["author"] == b64(ledger.operator.public) and entry["deadline"] == 0
