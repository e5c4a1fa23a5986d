"""Wrong submissions: each gets its problem+json with every fault in it, and writes nothing."""
import json
import time

import pytest

from ledger import ORIGIN, Key, b64, batch, check_digit, compact, submission


@pytest.fixture(scope="module")
def world(shared_ledger):
    key, gtin = shared_ledger.dairy()
    shared_ledger.settle()
    return shared_ledger, key, gtin


def refused(ledger, body, status):
    before = ledger.get("/v1/ledger").json["entries"]
    answer = ledger.post(body)
    assert answer.status == status, answer.body.decode(errors="replace")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status and problem["title"]
    for fault in problem.get("errors", []):
        assert fault["detail"] and "pointer" in fault and fault["status"] >= 400
    assert ledger.get("/v1/ledger").json["entries"] == before
    return problem


def good(key, gtin, n=1):
    return [compact(batch(gtin, f"X{i}")) for i in range(n)]


DEEP = '{"type":"ObjectEvent","x":' + "[" * 100 + "]" * 100 + "}"

BROKEN_BODIES = [
    ("nothing", lambda k, g: b""),
    ("an empty line", lambda k, g: b"\n"),
    ("no envelope", lambda k, g: b"hello\n{}\n"),
    ("an envelope that is an array", lambda k, g: b"[]\n{}\n"),
    ("no author", lambda k, g: submission(k, good(k, g), author=None)),
    ("an author of 31 bytes", lambda k, g: submission(k, good(k, g), author=b64(bytes(31)))),
    ("base64 without padding", lambda k, g: submission(k, good(k, g), salt=b64(bytes(32))[:-1])),
    ("a signature of text", lambda k, g: submission(k, good(k, g), signature="yes")),
    ("a count as text", lambda k, g: submission(k, good(k, g), count="1")),
    ("a count of zero", lambda k, g: submission(k, good(k, g), count=0)),
    ("a count of 10,001", lambda k, g: submission(k, good(k, g), count=10001)),
    ("fewer lines than the count", lambda k, g: submission(k, good(k, g, 2), count=3)),
    ("more lines than the count", lambda k, g: submission(k, good(k, g, 3), count=2)),
    ("a deadline with a fraction", lambda k, g: submission(k, good(k, g), deadline=1.5)),
    ("a deadline beyond 32 bits", lambda k, g: submission(k, good(k, g), deadline=2 ** 32)),
    ("a negative deadline", lambda k, g: submission(k, good(k, g), deadline=-1)),
    ("CR before LF", lambda k, g: submission(k, good(k, g)).replace(b"\n", b"\r\n")),
    ("a byte order mark", lambda k, g: b"\xef\xbb\xbf" + submission(k, good(k, g))),
    ("a record with a byte order mark", lambda k, g: submission(k, [b"\xef\xbb\xbf{}"])),
    ("a record with CR", lambda k, g: submission(k, [b'{"type":"X"}\r'])),
    ("a record with a tab", lambda k, g: submission(k, [b'{\t"type":"X"}'])),
    ("invalid UTF-8", lambda k, g: submission(k, [b'{"type":"\xff\xfe"}'])),
    ("overlong UTF-8", lambda k, g: submission(k, [b'{"type":"\xc0\xaf"}'])),
    ("a surrogate in UTF-8", lambda k, g: submission(k, [b'{"type":"\xed\xa0\x80"}'])),
    ("a lone surrogate escape", lambda k, g: submission(k, ['{"type":"\\ud800"}'])),
    ("a NUL escape", lambda k, g: submission(k, ['{"type":"\\u0000"}'])),
    ("a name twice", lambda k, g: submission(k, ['{"type":"X","type":"Y"}'])),
    ("a name twice after unescaping", lambda k, g: submission(k, ['{"type":"X","\\u0074ype":"Y"}'])),
    ("too deep", lambda k, g: submission(k, [DEEP])),
    ("a record that is an array", lambda k, g: submission(k, ["[1]"])),
    ("a record that is cut off", lambda k, g: submission(k, ['{"type":"X"'])),
    ("an empty record", lambda k, g: submission(k, [""])),
    ("NaN", lambda k, g: submission(k, ['{"type":NaN}'])),
    ("a number with a leading zero", lambda k, g: submission(k, ['{"type":"X","n":01}'])),
    ("a comment", lambda k, g: submission(k, ['{"type":"X"}//'])),
]


@pytest.mark.parametrize("name,make", BROKEN_BODIES, ids=[n for n, _ in BROKEN_BODIES])
def test_malformed(world, name, make):
    ledger, key, gtin = world
    assert refused(ledger, make(key, gtin), 400)["errors"]


def test_an_envelope_over_4_kib(world):
    ledger, key, gtin = world
    envelope, _, rest = submission(key, good(key, gtin)).partition(b"\n")
    assert refused(ledger, envelope[:-1] + b" " * 4096 + b"}\n" + rest, 413)["errors"]


def test_a_record_over_one_mebibyte(world):
    ledger, key, _ = world
    problem = refused(ledger, submission(key, ['{"type":"X","pad":"' + "y" * 1048576 + '"}']), 413)
    assert problem["errors"][0]["record"] == 0


def test_a_body_over_the_limit(world):
    ledger, key, _ = world
    answer = ledger.request("POST", "/v1/submissions", headers={"Content-Length": str(64 << 20)})
    assert answer.status == 413 and answer.headers["Content-Type"] == "application/problem+json"


def test_all_faults_of_all_records_at_once(world):
    ledger, key, gtin = world
    records = [compact(batch(gtin, f"A{i}")) for i in range(6)]
    records[1] = '{"type":"X","type":"Y"}'
    records[3] = '{"type":"\\ud800"}'
    records[4] = "[]"
    faults = refused(ledger, submission(key, records), 400)["errors"]
    assert sorted({f["record"] for f in faults}) == [1, 3, 4]


def test_all_faults_of_one_event_at_once(world):
    ledger, key, gtin = world
    wrong = batch(gtin, "A1", quantity=-5, made="2026-11-01", expires="2026-10-01")
    wrong["eventTimeZoneOffset"] = "later"
    wrong["action"] = "MAYBE"
    faults = refused(ledger, submission(key, [compact(wrong)]), 400)["errors"]
    pointers = {f["pointer"] for f in faults}
    for pointer in ("/action", "/eventTimeZoneOffset", "/quantityList/0/quantity",
                    "/ilmd/cbvmda:itemExpirationDate"):
        assert pointer in pointers, faults
    assert all(f["record"] == 0 for f in faults)


def flip(text):
    return b64(bytes([__import__("base64").b64decode(text)[0] ^ 1]) +
               __import__("base64").b64decode(text)[1:])


@pytest.mark.parametrize("member", ["signature", "salt", "author"])
def test_signature_does_not_verify(world, member):
    ledger, key, gtin = world
    envelope, _, rest = submission(key, good(key, gtin)).partition(b"\n")
    envelope = json.loads(envelope)
    envelope[member] = flip(envelope[member])
    refused(ledger, compact(envelope).encode() + b"\n" + rest, 401)


def test_a_record_changed_after_signing(world):
    ledger, key, gtin = world
    body = submission(key, good(key, gtin)).replace(b'"quantity":100', b'"quantity":900')
    refused(ledger, body, 401)


def test_made_for_another_ledger(world):
    ledger, key, gtin = world
    refused(ledger, submission(key, good(key, gtin), origin="example.com/other"), 401)


def test_an_unknown_key(world):
    ledger, _, gtin = world
    problem = refused(ledger, submission(Key("stranger"), good(None, gtin)), 401)
    assert "key" in json.dumps(problem)


def test_a_deadline_that_passed(world):
    ledger, key, gtin = world
    problem = refused(ledger, submission(key, good(key, gtin), deadline=int(time.time()) - 10), 422)
    assert problem["errors"][0]["pointer"] == "/deadline"


def party_record(party, key, **more):
    record = {"type": "Party", "id": party, "name": {"en": party}, "roles": ["producer"],
              "keys": [{"vkey": key.vkey, "proof": key.proof(party)}]}
    record.update(more)
    return record


def contact(party):
    return {"type": "Contact", "id": "desk", "party": party, "phone": "0311-1234567"}


def test_revoked_and_expired_keys(ledger):
    party = "urn:suyuan:own:farm:party"
    old, new, short = Key(party), Key(party), Key(party)
    number = ledger.submit(ledger.operator, party_record(party, old))["firstRecord"]
    old_body = submission(old, [compact(contact(party))])
    listed = [{"vkey": k.vkey, "proof": k.proof(party)} for k in (old, new, short)]
    listed[2]["until"] = "2020-01-01"
    number = ledger.submit(old, party_record(party, old, keys=listed, replaces=number))["firstRecord"]
    problem = refused(ledger, submission(short, [compact(contact(party))]), 401)
    assert "2020-01-01" in json.dumps(problem) or "expired" in json.dumps(problem)
    ledger.submit(new, party_record(party, new, replaces=number))
    problem = refused(ledger, old_body, 401)
    assert "revoked" in json.dumps(problem)


def test_a_retry_with_a_key_revoked_since_gets_its_receipt(ledger):
    party = "urn:suyuan:own:farm:party"
    old, new = Key(party), Key(party)
    number = ledger.submit(ledger.operator, party_record(party, old))["firstRecord"]
    both = [{"vkey": k.vkey, "proof": k.proof(party)} for k in (old, new)]
    body = submission(old, [compact(party_record(party, old, keys=both, replaces=number))])
    first = ledger.post(body)
    assert first.status == 201, first.body
    ledger.submit(new, party_record(party, new, replaces=first.json["firstRecord"]))
    again = ledger.post(body)
    assert again.status == 200 and again.json["entry"] == first.json["entry"]


def test_a_stale_replaces(ledger):
    party = "urn:suyuan:own:farm:party"
    key = Key(party)
    number = ledger.submit(ledger.operator, party_record(party, key))["firstRecord"]
    for replaces in (None, number - 1, number + 1, 10 ** 12):
        record = party_record(party, key, name={"en": "Farm"})
        if replaces is not None:
            record["replaces"] = replaces
        problem = refused(ledger, submission(key, [compact(record)]), 409)
        assert str(number) in json.dumps(problem), problem
    ledger.submit(key, party_record(party, key, name={"en": "Farm"}, replaces=number))


def test_a_key_of_another_party(ledger):
    key = Key("urn:suyuan:own:a:party")
    ledger.submit(ledger.operator, party_record("urn:suyuan:own:a:party", key))
    twin = Key("urn:suyuan:own:b:party", key.seed, key.salt_key)
    refused(ledger, submission(ledger.operator, [compact(party_record("urn:suyuan:own:b:party", twin))]),
            409)


def test_a_proof_for_another_origin(ledger):
    party = "urn:suyuan:own:a:party"
    key = Key(party)
    record = party_record(party, key)
    record["keys"][0]["proof"] = key.proof(party, "example.com/other")
    problem = refused(ledger, submission(ledger.operator, [compact(record)]),
                      ledger.post(submission(ledger.operator, [compact(record)])).status)
    assert problem["status"] in (400, 401, 422)
    assert problem["errors"][0]["pointer"].startswith("/keys/0")


def test_somebody_elses_product(ledger):
    _, gtin = ledger.dairy()
    thief = ledger.enrol("urn:suyuan:own:thief:party", ["producer"])
    problem = refused(ledger, submission(thief, good(thief, gtin)), 403)
    assert gtin in json.dumps(problem)
    refused(ledger, submission(thief, [compact(
        {"type": "Product", "code": "https://id.gs1.org/01/" + check_digit("0690123400077"),
         "name": {"en": "Copy"}, "category": "other"})]), 403)


def test_only_registered_products(world):
    ledger, key, _ = world
    problem = refused(ledger, submission(key, good(key, check_digit("0690123499999"))), 422)
    assert problem["errors"][0]["pointer"] == "/quantityList/0/epcClass"


def test_who_may_enrol(world):
    ledger, key, _ = world
    newcomer = Key("urn:suyuan:own:n:party")
    refused(ledger, submission(key, [compact(party_record("urn:suyuan:own:n:party", newcomer))]), 403)
    refused(ledger, submission(newcomer, [compact(party_record("urn:suyuan:own:n:party", newcomer))]), 401)
    refused(ledger, submission(key, [compact({"type": "Rules", "name": "limits", "kind": "limits",
                                              "limits": {"futureHours": 1}})]), 403)


def test_an_unknown_type_names_the_known_ones(world):
    ledger, key, _ = world
    problem = refused(ledger, submission(key, ['{"type":"Wish"}']), 422)
    assert "Product" in json.dumps(problem)
    refused(ledger, submission(key, ["{}"]), 400)


def test_the_same_event_again_names_the_original(ledger):
    key, gtin = ledger.dairy()
    event = batch(gtin, "E1", event_id="urn:uuid:00000000-0000-4000-8000-000000000001")
    first = ledger.submit(key, event)["firstRecord"]
    problem = refused(ledger, submission(key, [compact(event), compact(batch(gtin, "E2"))]), 409)
    assert problem["errors"][0]["record"] == 0 and str(first) in problem["errors"][0]["detail"]


def test_a_serial_created_twice(ledger):
    key, gtin = ledger.dairy()
    unit = {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
            "eventTime": "2026-11-01T00:00:00Z", "eventTimeZoneOffset": "+00:00",
            "epcList": [f"https://id.gs1.org/01/{gtin}/21/S1"]}
    ledger.submit(key, unit)
    refused(ledger, submission(key, [compact(dict(unit, eventTime="2026-11-02T00:00:00Z"))]), 409)
    fresh = [compact(dict(unit, epcList=[f"https://id.gs1.org/01/{gtin}/21/S2"],
                          eventTime=f"2026-11-0{d}T00:00:00Z")) for d in (3, 4)]
    problem = refused(ledger, submission(key, fresh), 409)
    assert problem["errors"][0]["record"] == 1


def test_a_lot_again_with_conflicting_dates(ledger):
    key, gtin = ledger.dairy()
    ledger.submit(key, batch(gtin, "L1"))
    ledger.submit(key, batch(gtin, "L1", quantity=50))  # another shift: quantities add
    problem = refused(ledger, submission(key, [compact(batch(gtin, "L1", expires="2028-01-01"))]), 409)
    assert "itemExpirationDate" in json.dumps(problem)
    ledger.settle()
    assert ledger.get(f"/v1/verify?code=(01){gtin}(10)L1").json["lot"]["quantity"] == "150"


def test_a_refusal_harms_nobody_else(ledger):
    """Good and bad submissions side by side: the good ones all get in."""
    import threading
    key, gtin = ledger.dairy()
    stranger = Key("stranger")
    statuses = []

    def send(bodies):
        connection = ledger.connect()
        for body in bodies:
            statuses.append(ledger.post(body, connection).status)
        connection.close()

    bad = [submission(stranger, good(None, gtin)) for _ in range(40)]
    fine = [submission(key, [compact(batch(gtin, f"F{i}"))]) for i in range(40)]
    threads = [threading.Thread(target=send, args=(part,))
               for part in (bad[:20], fine[:20], bad[20:], fine[20:])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert statuses.count(201) == 40 and statuses.count(401) == 40
    assert ORIGIN == ledger.origin


def mutations(chance, key, gtin):
    """Records changed before they are signed, and bodies changed after; the seed is fixed."""
    seeds = [batch(gtin, "M1"), {"type": "Contact", "id": "m", "party": key.name},
             {"type": "Product", "code": f"https://id.gs1.org/01/{gtin}", "name": {"zh": "奶"},
              "category": "other", "replaces": 2},
             party_record(key.name, key, replaces=1, prefixes=["6901234"]),
             {"type": "Erasure", "record": 1, "leaf": b64(bytes(32)), "ground": "x", "orderedBy": "x"}]
    odd = [None, True, 0, -1, 1e308, 2 ** 70, "", "源" * 600, "x" * 5000, [], {}, [[]], [None], {"a": {}},
           "2026-02-30", "https://id.gs1.org/01/1", "urn:epc:id:sgtin:1.2.3", "\u202e", "9" * 400]

    def spoil(value):
        if isinstance(value, dict) and value and chance.random() < 0.8:
            name = chance.choice(list(value))
            change = chance.random()
            if change < 0.1:
                return {k: v for k, v in value.items() if k != name}
            if change < 0.2:
                return {**value, name + "x": chance.choice(odd)}
            return {**value, name: spoil(value[name])}
        if isinstance(value, list) and value and chance.random() < 0.8:
            at = chance.randrange(len(value))
            return value[:at] + [spoil(value[at])] * chance.choice((1, 1, 2)) + value[at + 1:]
        return chance.choice(odd)

    while True:
        records = [chance.choice(seeds) for _ in range(chance.choice((1, 1, 2, 5)))]
        at = chance.randrange(len(records))
        for _ in range(chance.randrange(1, 4)):
            spoilt = spoil(records[at])
            records[at] = spoilt if isinstance(spoilt, dict) else records[at]
        body = bytearray(submission(key, [compact(r) for r in records]))
        if chance.random() < 0.3:
            where = chance.randrange(len(body))
            body[where:where + chance.randrange(3)] = bytes(chance.choices(b'{}[]",:\\u09\n\x80\xff', k=1))
        yield bytes(body)


def test_mutated_submissions(ledger):
    """Whatever comes is answered in JSON, from many threads, and the ledger stays whole."""
    import random
    import threading
    key, gtin = ledger.dairy()
    wrong = []

    def send(seed):
        connection = ledger.connect()
        bodies = mutations(random.Random(seed), key, gtin)
        for _ in range(150):
            body = next(bodies)
            answer = ledger.post(body, connection)
            try:
                told = json.loads(answer.body.decode())
            except ValueError:
                told = {}
            if answer.status in (200, 201):
                fine = "receipt" in told
            else:
                fine = answer.status in (400, 401, 403, 409, 413, 422) and told.get("errors") and \
                    all(f["detail"] for f in told["errors"])
            if not fine:
                wrong.append((body, answer.status, answer.body))
        connection.close()

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    ledger.settle()
    ledger.auditor().audit(records=False)
    ledger.stop()
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
    ledger.start()


def test_envelope_faults_in_chinese(ledger):
    """What is wrong with the envelope, the lines and the signature, in the language asked for."""
    key, gtin = ledger.dairy()
    good = submission(key, [compact(batch(gtin, "ZH"))])
    head, rest = good.split(b"\n", 1)
    envelope = json.loads(head)
    for change, pointer, words in (
            ({"author": "x"}, "/author", "应为 32 字节"), ({"count": 0}, "/count", "应为 1 至"), ({"count": 7}, "/count", "行记录"),
            ({"salt": None}, "/salt", "缺少"), ({"extra": 1}, "/extra", "没有此项"), ({"deadline": 4000000001}, "/signature", "签名不成立")):
        changed = {k: v for k, v in {**envelope, **change}.items() if v is not None}
        body = json.dumps(changed, separators=(",", ":")).encode() + b"\n" + rest
        answer = ledger.request("POST", "/v1/submissions", body, {"Content-Type": "application/x-ndjson",
                                                                  "Accept-Language": "zh-CN"})
        (fault,) = [f for f in answer.json["errors"] if f["pointer"] == pointer]
        assert words in fault["detail"], answer.json
    for body, words in ((b"", "正文为空"), (head + b"\n\n", "空行"), (head + b"\n{\n", "不是有效的 JSON")):
        answer = ledger.request("POST", "/v1/submissions", body, {"Content-Type": "application/x-ndjson",
                                                                  "Accept-Language": "zh"})
        assert answer.status == 400 and words in json.dumps(answer.json, ensure_ascii=False)
