"""Many at once: whoever comes first wins, everybody else is told so, and nothing is said twice."""
import contextlib
import http.client
import os
import random
import resource
import signal
import subprocess
import threading

import pytest

import verifier
from ledger import Key, Ledger, batch, check_digit, compact, submission
from wire import nothing_left_behind, until

CROWD = 20


def together(*calls):
    """Runs CALLS at the same moment, each in its thread; their results in order."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def one(i, call):
        gate.wait()
        results[i] = call()
    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(calls)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


class Sender:
    """A connection that is there before the race begins."""

    def __init__(self, ledger, body):
        self.ledger, self.body = ledger, body
        self.connection = ledger.connect()
        self.connection.connect()

    def __call__(self):
        try:
            return self.ledger.post(self.body, self.connection)
        finally:
            self.connection.close()


def race(ledger, bodies):
    return together(*[Sender(ledger, body) for body in bodies])


def statuses(answers):
    return sorted(a.status for a in answers)


def unit(product, *serials, day=1):
    return {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
            "eventTime": f"2026-11-{day:02}T00:00:00Z", "eventTimeZoneOffset": "+00:00",
            "epcList": [f"{product}/21/{s}" for s in serials]}


def check(ledger):
    """What the race left is a whole ledger."""
    ledger.settle()
    ledger.auditor().audit(records=False)
    ledger.stop()
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
    ledger.start()


def test_one_submission_on_many_connections(ledger):
    key, gtin = ledger.dairy()
    with nothing_left_behind(ledger):
        for round_ in range(10):
            texts = [compact(batch(gtin, f"A{round_}-{i}")) for i in range(1 + round_ % 3)]
            # Also with other deadlines: the same submission all the same.
            bodies = [submission(key, texts, deadline=4000000000 + i // 2) for i in range(CROWD)]
            answers = race(ledger, bodies)
            assert statuses(answers) == [200] * (CROWD - 1) + [201], statuses(answers)
            assert len({(a.json["entry"], a.json["receipt"]["entry"]) for a in answers}) == 1
            vkey = ledger.vkey()
            for a in answers:
                entry = verifier.Entry(verifier.unb64(a.json["receipt"]["entry"], "entry", 200))
                index, path, note = verifier.parse_proof(a.json["receipt"]["proof"], "proof")
                under = verifier.Checkpoint(note, vkey)
                verifier.check_inclusion(entry.leaf, index, under.size, path, under.root, "race")
    check(ledger)


def test_one_event_in_many_submissions(ledger):
    key, gtin = ledger.dairy()
    for round_ in range(10):
        event = batch(gtin, f"B{round_}", event_id=f"urn:x:event-{round_}")
        bodies = [submission(key, [compact(event), compact(batch(gtin, f"B{round_}-{i}"))][::-1 if i % 2
                                                                                          else 1])
                  for i in range(8)]
        answers = race(ledger, bodies)
        assert statuses(answers) == [201] + [409] * 7, [a.body for a in answers]
        won = next(i for i, a in enumerate(answers) if a.status == 201)
        number = answers[won].json["firstRecord"] + won % 2
        for a in answers:
            assert a.status == 201 or str(number) in a.json["errors"][0]["detail"], (number, a.json)
    check(ledger)
    # None of the losers left anything behind.
    ledger.settle()
    known = ledger.get(f"/v1/items?product={gtin}&limit=1000").json["items"]
    assert len(known) == 20


def test_one_event_without_an_id_in_many_submissions(ledger):
    """Nothing says that they are one event, so shifts of one lot is what they are: all count."""
    key, gtin = ledger.dairy()
    for round_ in range(5):
        event = compact(batch(gtin, f"B{round_}"))
        answers = race(ledger, [submission(key, [event, compact(batch(gtin, f"B{round_}-{i}"))])
                                for i in range(8)])
        assert statuses(answers) == [201] * 8, [a.body for a in answers]
    check(ledger)
    for round_ in range(5):
        item = ledger.get(f"/v1/items?code=(01){gtin}(10)B{round_}").json
        assert (item["historyCount"], item["quantity"]) == (8, "800")


def test_one_serial_in_many_submissions(ledger):
    key, gtin = ledger.dairy()
    product = f"https://id.gs1.org/01/{gtin}"
    for round_ in range(10):
        answers = race(ledger, [submission(key, [compact(unit(product, f"X{round_}-{i}", f"S{round_}",
                                                              day=i + 1))]) for i in range(8)])
        assert statuses(answers) == [201] + [409] * 7, [a.body for a in answers]
    check(ledger)
    for round_ in range(10):
        item = ledger.get(f"/v1/items?code=(01){gtin}(21)S{round_}").json
        assert item["historyCount"] == 1


def test_one_lot_with_conflicting_dates(ledger):
    key, gtin = ledger.dairy()
    for round_ in range(6):
        answers = race(ledger, [submission(key, [compact(batch(gtin, f"L{round_}", expires=f"2028-01-{d:02}"))])
                                for d in range(1, 9)])
        assert statuses(answers) == [201] + [409] * 7, [a.body for a in answers]
    # Shifts of one lot that agree all count.
    answers = race(ledger, [submission(key, [compact(batch(gtin, "SHIFT", quantity=q))])
                            for q in range(1, 11)])
    assert statuses(answers) == [201] * 10
    ledger.settle()
    assert ledger.get(f"/v1/items?code=(01){gtin}(10)SHIFT").json["quantity"] == "55"
    check(ledger)


def party(id_, keys, **more):
    return {"type": "Party", "id": id_, "name": {"en": id_}, "roles": ["producer"],
            "keys": [{"vkey": k.vkey, "proof": k.proof(id_)} for k in keys], **more}


def test_one_replaces_by_many(ledger):
    """Of many that replace one record, one does."""
    id_ = "urn:suyuan:own:farm:party"
    key = Key(id_)
    number = ledger.submit(ledger.operator, party(id_, [key]))["firstRecord"]
    for round_ in range(8):
        answers = race(ledger, [submission(key, [compact(party(id_, [key], replaces=number,
                                                               name={"en": f"Farm {round_}.{i}"}))])
                                for i in range(8)])
        assert statuses(answers) == [201] + [409] * 7, [a.body for a in answers]
        number = next(a for a in answers if a.status == 201).json["firstRecord"]
    check(ledger)


def test_one_key_for_many_parties(ledger):
    for round_ in range(6):
        seed = os.urandom(32)
        ids = [f"urn:suyuan:own:p{round_}-{i}:party" for i in range(8)]
        keys = [Key(id_, seed, seed) for id_ in ids]
        answers = race(ledger, [submission(ledger.operator, [compact(party(id_, [key]))])
                                for id_, key in zip(ids, keys)])
        assert statuses(answers) == [201] + [409] * 7, [a.body for a in answers]
    check(ledger)


def test_one_prefix_for_many_parties(ledger):
    for round_ in range(6):
        ids = [f"urn:suyuan:own:p{round_}-{i}:party" for i in range(8)]
        prefix = f"69012{round_}"
        bodies = [submission(ledger.operator, [compact(party(id_, [Key(id_)],
                                                             prefixes=[prefix + "78"[:i % 3]]))])
                  for i, id_ in enumerate(ids)]
        answers = race(ledger, bodies)
        # Grants that don't contain each other may stand side by side.
        granted = [prefix + "78"[:i % 3] for i, a in enumerate(answers) if a.status == 201]
        assert set(statuses(answers)) <= {201, 409}
        assert len(granted) == 1, granted
    check(ledger)


def test_a_key_is_revoked_while_it_signs(ledger):
    """Every entry's author was enrolled at that point; the auditor checks it."""
    id_ = "urn:suyuan:own:farm:party"
    for round_ in range(4):
        old, new = Key(f"{id_}{round_}"), Key(f"{id_}{round_}")
        number = ledger.submit(ledger.operator, party(f"{id_}{round_}", [old]))["firstRecord"]
        rotate = submission(old, [compact(party(f"{id_}{round_}", [new], replaces=number))])
        bodies = [submission(old, [compact({"type": "Contact", "id": f"c{round_}-{i}-{n}",
                                            "party": f"{id_}{round_}"}) for n in range(3)])
                  for i in range(14)]
        answers = race(ledger, bodies[:7] + [rotate] + bodies[7:])
        entry = answers[7].json["entry"]
        assert answers[7].status == 201
        for a in answers[:7] + answers[8:]:
            assert a.status in (201, 401), a.body
            assert a.status == 401 or a.json["entry"] < entry
    ledger.auditor().audit()
    check(ledger)


def test_a_product_is_used_as_soon_as_it_is_registered(ledger):
    """Other connections use what a 201 said; before it they are told that it isn't there."""
    key, _ = ledger.dairy()
    for round_ in range(8):
        gtin = check_digit(f"0690123480{round_:03}")
        product = submission(key, [compact({"type": "Product", "code": f"https://id.gs1.org/01/{gtin}",
                                            "name": {"en": "P"}, "category": "other"})])
        answers = race(ledger, [product] + [submission(key, [compact(batch(gtin, f"L{i}"))])
                                            for i in range(6)])
        assert answers[0].status == 201
        for a in answers[1:]:
            assert a.status in (201, 422), a.body
            assert a.status == 422 or a.json["entry"] > answers[0].json["entry"]
        ledger.submit(key, batch(gtin, "AFTER"))
    check(ledger)


def test_verdicts_while_the_register_changes(ledger):
    """Each is of one version as a whole, and never of an older one than the one before."""
    key, gtin = ledger.dairy()
    product = f"https://id.gs1.org/01/{gtin}"
    ledger.submit(key, batch(gtin, "L", expires="2060-01-01"))
    ledger.settle()
    names = {ledger.get(f"/v1/verify?code={gtin}").json["product"]["record"]: "Milk"}
    enough, told = threading.Event(), [[] for _ in range(4)]

    def reader(mine, code):
        with contextlib.closing(ledger.connect()) as connection:
            last = False
            while not last:
                last = enough.is_set()
                answer = ledger.get(f"/v1/verify?code={code}", connection=connection)
                assert answer.status == 200, answer.body
                shown = answer.json["product"]
                assert shown["record"] in answer.json["records"]
                mine.append((shown["record"], shown["name"]["en"], answer.json["asOf"]["entry"]))
    readers = [threading.Thread(target=reader, args=(mine, code))
               for mine, code in zip(told, (gtin, f"(01){gtin}(10)L") * 2)]
    for t in readers:
        t.start()
    for i in range(40):
        said = ledger.submit(key, {"type": "Product", "code": product, "category": "other",
                                   "name": {"en": f"Milk {i}"}, "replaces": max(names)})
        names[said["firstRecord"]] = f"Milk {i}"
        if i % 8 == 0:
            ledger.settle()
    ledger.settle()
    enough.set()
    for t in readers:
        t.join()
    for mine in told:
        assert mine[-1][0] == max(names)
        assert mine == sorted(mine, key=lambda t: (t[0], t[2]))
        assert all(names[record] == name for record, name, _ in mine)
    check(ledger)


def product(gtin, **more):
    return {"type": "Product", "code": f"https://id.gs1.org/01/{gtin}", "name": {"en": "P"}, "category": "other",
            **more}


@pytest.mark.parametrize("change,before,after", [
    ("transfer", "owner", "other"), ("delegate", "owner", "both"), ("take back", "both", "owner"),
    ("revoke", "owner", "nobody"),
])
def test_a_product_changes_hands_under_its_batches(ledger, change, before, after):
    """A batch is good by what stood before its entry: never a counterfeit, nobody refused for nothing."""
    key, _ = ledger.dairy()
    other_id = "urn:suyuan:own:coop:party"
    other = ledger.enrol(other_id, ["producer"])
    delegates = {"delegates": [{"party": other_id}]}
    members = {"transfer": {"owner": other_id}, "delegate": delegates, "take back": {},
               "revoke": {"revoked": {"reason": "x"}}}[change]
    may = {"owner": {key}, "other": {other}, "both": {key, other}, "nobody": set()}
    for round_ in range(4):
        gtin = check_digit(f"0690123480{round_:03}")
        number = ledger.submit(key, product(gtin, **(delegates if before == "both" else {})))["firstRecord"]
        makers = [key, other] * 6
        bodies = [submission(maker, [compact(batch(gtin, f"L{i}"))]) for i, maker in enumerate(makers)]
        turn = submission(key, [compact(product(gtin, replaces=number, **members))])
        answers = race(ledger, bodies[:6] + [turn] + bodies[6:])
        turned = answers.pop(6)
        assert turned.status == 201, turned.body
        for maker, a in zip(makers, answers):
            assert a.status in (201, 403), a.body
            if a.status == 201:
                assert maker in may[before if a.json["entry"] < turned.json["entry"] else after]
            else:
                assert maker not in may[before] & may[after]
        for maker in (key, other):
            ledger.submit(maker, batch(gtin, f"AFTER-{maker is key}"), expect=201 if maker in may[after] else 403)
    check(ledger)


def test_rules_change_under_those_who_submit(ledger):
    """Verdicts are judged by the rules in force at their entry."""
    key, gtin = ledger.dairy()
    rules = ledger.get("/v1/rules").json["rules"]
    limits = next((r for r in rules if r["rule"].get("kind") == "limits"), None)
    assert limits, [r["id"] for r in rules]
    record = dict(limits["rule"], replaces=limits["record"])
    change = submission(ledger.operator, [compact(record)])
    answers = race(ledger, [submission(key, [compact(batch(gtin, f"R{i}"))]) for i in range(10)] +
                   [change])
    assert statuses(answers) == [201] * 11, [a.body for a in answers if a.status != 201]
    check(ledger)


def test_one_record_is_erased_by_many(ledger):
    key, _ = ledger.dairy()
    texts = [compact({"type": "Contact", "id": f"c{i}", "party": key.name}) for i in range(6)]
    first = ledger.submit(key, *texts)["firstRecord"]
    for i, text in enumerate(texts):
        receipt = ledger.get(f"/v1/records/{first + i}/receipt").json
        salt = verifier.unb64(receipt["record"]["salt"], "salt", 16)
        leaf = verifier.base64.b64encode(verifier.sha(b"\0", salt, text.encode())).decode()
        orders = [{"type": "Erasure", "record": first + i, "leaf": leaf, "ground": f"law {n}",
                   "orderedBy": "x"} for n in range(6)]
        answers = race(ledger, [submission(ledger.operator, [compact(o)]) for o in orders])
        assert statuses(answers) == [201] + [409] * 5, [a.body for a in answers]
    check(ledger)
    assert all(ledger.get(f"/v1/records/{first + i}").status == 410 for i in range(6))


# --- load, resets, the end ---------------------------------------------------------------------------

class Client(threading.Thread):
    """Sends until it is told to stop; remembers what was acknowledged."""

    def __init__(self, ledger, key, gtin, name, rude=0.0):
        super().__init__(daemon=True)
        self.ledger, self.key, self.gtin, self.name_, self.rude = ledger, key, gtin, name, rude
        self.acknowledged, self.busy, self.wrong = [], 0, []
        self.enough = threading.Event()
        self.chance = random.Random(name)

    def run(self):
        connection = self.ledger.connect()
        n = 0
        while not self.enough.is_set():
            n += 1
            body = submission(self.key, [compact(batch(self.gtin, f"{self.name_}-{n}-{i}"))
                                         for i in range(self.chance.choice((1, 1, 1, 30)))])
            try:
                if self.chance.random() < self.rude:
                    connection.connect()
                    connection.sock.sendall(b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\n"
                                            b"Content-Length: %d\r\n\r\n" % len(body) +
                                            body[:self.chance.randrange(len(body) + 1)])
                    connection.close()
                    continue
                answer = self.ledger.post(body, connection)
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 201:
                self.acknowledged.append((body, answer.json))
            elif answer.status in (503, 507):
                assert answer.headers["Content-Type"] == "application/problem+json"
                self.busy += 1
                if answer.status == 507:
                    return
            else:
                self.wrong.append(answer.body)
        connection.close()


def crowd(ledger, n, rude=0.0):
    key, gtin = ledger.dairy()
    clients = [Client(ledger, key, gtin, f"c{i}", rude) for i in range(n)]
    for c in clients:
        c.start()
    until(lambda: all(len(c.acknowledged) > 3 for c in clients) or not any(c.is_alive() for c in clients))
    return clients


def kept(ledger, clients):
    connection = ledger.connect()
    for c in clients:
        assert c.wrong == []
        for body, said in c.acknowledged:
            again = ledger.post(body, connection)
            assert again.status == 200 and again.json["entry"] == said["entry"], again.body
    connection.close()


def test_rude_clients_among_honest_ones(ledger):
    with nothing_left_behind(ledger):
        clients = crowd(ledger, 6, rude=0.4)
        for c in clients:
            c.enough.set()
        for c in clients:
            c.join()
        kept(ledger, clients)
    check(ledger)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_under_load(idle, sign):
    idle.start()
    clients = crowd(idle, 6, rude=0.1)
    idle.process.send_signal(sign)
    idle.process.send_signal(sign)
    idle.stop()
    for c in clients:
        c.enough.set()
        c.join()
    idle.start()
    kept(idle, clients)
    idle.stop()
    assert idle.fsck().returncode == 0


def fill(ledger, key, gtin):
    """Submits until something else than 201 comes; what was acknowledged, and that other answer."""
    said, connection = [], ledger.connect()
    for n in range(2000):
        body = submission(key, [compact(batch(gtin, f"D{n}-{i}", **{"x:pad": "x" * 500})) for i in range(50)])
        answer = ledger.post(body, connection)
        if answer.status != 201:
            connection.close()
            assert answer.headers["Content-Type"] == "application/problem+json"
            return said, answer, body
        said.append((body, answer.json))
    raise AssertionError("the disk is never full")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 96 MiB; needs root."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", where]
    if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("no right to mount a small file system")
    ledger = Ledger(where / "ledger").init()
    ledger.log = tmp_path / "ledger.log"
    yield ledger
    if ledger.process and ledger.process.poll() is None:
        ledger.kill()
    subprocess.run(["umount", where], check=True)


def test_a_disk_that_is_full(small_disk):
    """507 before anything is numbered, answers all the while, and room again later."""
    ledger = small_disk
    ballast = ledger.dir.parent / "ballast"
    ballast.write_bytes(bytes(32 << 20))
    ledger.start()
    key, gtin = ledger.dairy()
    said, full, left = fill(ledger, key, gtin)
    assert full.status == 507, full.body
    assert said and ledger.process.poll() is None
    for body, told in said[:5] + said[-5:]:
        again = ledger.post(body)
        assert again.status == 200 and again.json["entry"] == told["entry"]
    assert ledger.get(f"/v1/verify?code=(01){gtin}(10)D0-0").json["status"] == "registered"
    assert ledger.get("/v1/ledger").json["entries"] == said[-1][1]["entry"] + 1
    ballast.unlink()
    assert ledger.post(left).status == 201
    ledger.settle()
    ledger.auditor().audit(records=False)
    ledger.stop()
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_write_that_fails_is_the_last(idle):
    """A file that may not grow: the daemon takes no more writes, ends, and has lost nothing."""
    idle.start()
    key, gtin = idle.dairy()
    idle.settle()
    size = max(f.stat().st_size for f in idle.dir.rglob("*.mdb"))
    resource.prlimit(idle.process.pid, resource.RLIMIT_FSIZE, (size + (1 << 20), resource.RLIM_INFINITY))
    said, failed, left = fill(idle, key, gtin)
    assert failed.status in (500, 503, 507), failed.body
    assert idle.process.wait(60) != 0
    idle.process = None
    idle.start()
    for body, told in said:
        again = idle.post(body)
        assert again.status == 200 and again.json["entry"] == told["entry"]
    assert idle.post(left).status in (200, 201)
    idle.auditor().audit(records=False)
    idle.stop()
    assert idle.fsck().returncode == 0
