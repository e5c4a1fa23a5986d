"""The command line's audit, of ledgers made up and of a daemon that somebody stands before."""
import base64
import datetime
import json
import re

import pytest

import verifier
from fake import Fake
from ledger import Key, Ledger, batch, erase
from program import Program
from proxy import Proxy

PARTY = "urn:maker"


def day(ms):
    """The date in China that many ms after 1970."""
    return datetime.datetime.fromtimestamp(ms / 1000 + 8 * 3600, datetime.timezone.utc).strftime("%Y-%m-%d")


class Maker(Fake):
    """A made-up ledger with one party and a few records."""

    def __init__(self):
        super().__init__()
        self.key = Key(PARTY)
        self.list(self.key)
        self.first = self.event()
        self.event(2)

    def list(self, *keys, **more):
        return self.submit(self.operator, {"type": "Party", "id": PARTY,
                                           "keys": [self.enrolled(key, PARTY, **more) for key in keys]})

    def event(self, count=1, key=None):
        return self.submit(key or self.key, *({"type": "ObjectEvent", "n": len(self.records) + i}
                                              for i in range(count)))


def audit(made, folder, *words, expect):
    with made:
        return Program(folder, made.url)("ledger", "audit", "--json", *words, expect=expect)


# --- what is sound ------------------------------------------------------------------------------

def as_it_is(_):
    pass


def erased(made):
    made.erase(made.first)


def good_today(made):
    made.list(made.key, until=day(made.now))
    made.event()


def rotated(made):
    new = Key(PARTY)
    made.list(made.key, new)
    made.list(new)
    made.event(key=new)


def log_key_changed(made):
    made.change_log_key(made.log, Key(made.log.name))
    made.event()
    made.change_log_key(made.log, Key(made.log.name))
    made.event()


@pytest.mark.parametrize("change", [as_it_is, erased, good_today, rotated, log_key_changed])
def test_sound(tmp_path, change):
    made = Maker()
    change(made)
    for words in (["--records"], [], ["--full"]):
        told = audit(made, tmp_path, *words, expect=0).json
        assert told["faults"] == told["unchecked"] == 0 and told["status"] == "every byte holds"
        assert (told["entries"], told["records"]) == (len(made.entries), len(made.records))


def test_kinds_that_this_version_does_not_know(tmp_path):
    made = Maker()
    made.other(2)
    made.other(77)
    made.event()
    for words in (["--records"], ["--full"]):
        told = audit(made, tmp_path, *words, expect=0).json
        assert told["unchecked"] == 2 and told["faults"] == 0 and "can check" in told["status"]


# --- what isn't ---------------------------------------------------------------------------------

def expired(made):
    made.list(made.key, until=day(made.now - 86400000))
    made.event()


def revoked(made):
    made.list()
    made.event()


def stranger(made):
    made.event(key=Key("urn:stranger"))


def no_proof(made):
    made.submit(made.operator, {"type": "Party", "id": "urn:other", "keys": [made.enrolled(made.key, PARTY)]})


def twice(made):
    leaf = made.records[made.first]
    entry = made.entries[2]
    made.records.append(leaf)
    made.put(1, 1, int.from_bytes(entry[28:32], "big"), entry[72:104], entry[104:136], lambda _: entry[136:])


def hidden(made):
    made.gone[made.first] = 0


def another_leaf(made):
    made.erase(made.first, leaf=base64.b64encode(bytes(32)).decode())


def foreign_log_key(made):
    made.change_log_key(made.operator, Key(made.log.name))


def log_key_of_nobody(made):
    made.log = Key(made.log.name)


def illegal(made):
    made.submit(made.key, '{"type":"ObjectEvent","n":1,"n":2}')


def bad_signature(made):
    last = made.entries[-1]
    made.entries[-1] = last[:-64] + bytes([last[-64] ^ 1]) + last[-63:]


FAULTS = {
    expired: "entry 5: its author's key had expired",
    revoked: "entry 5: its author's key was revoked",
    stranger: "entry 4: nobody enrolled its author's key",
    no_proof: "record 5: enrols a key without that key's own proof",
    twice: "entry 4: is the same submission as entry 2",
    hidden: "record 2: is answered as erased, but no Erasure names it",
    another_leaf: "record 5: is an Erasure with another leaf hash",
    foreign_log_key: "entry 4: changes the log's key, and isn't signed by the one before",
    log_key_of_nobody: "checkpoint of 4: is signed by another key",
    illegal: "record 5: is no legal record",
    bad_signature: "entry 3: the author's signature doesn't verify",
}


@pytest.mark.parametrize("change", FAULTS, ids=lambda change: change.__name__)
@pytest.mark.parametrize("connections", ["1", "7"])
def test_unsound(tmp_path, change, connections):
    made = Maker()
    change(made)
    told = audit(made, tmp_path, "--records", "--connections", connections, expect=5)
    assert FAULTS[change] in told.err and told.json["status"] == "FAULTS FOUND", told.err
    assert told.json["kept"] is False


# --- pages that aren't --------------------------------------------------------------------------

def page(made, change):
    """Answers records changed by CHANGE, which gets the lines and gives others."""
    def answer(path):
        lines = made.page(path.partition("?")[2]).decode().split("\n")[:-1]
        return "".join(line + "\n" for line in change(lines)).encode()
    return answer


PAGES = {
    "nothing": lambda lines: [],
    "no end": lambda lines: lines[:-1],
    "an end alone": lambda lines: [re.sub(r'"next":\d+', '"next":0', lines[-1])],
    "an end too soon": lambda lines: [lines[0], lines[-1]],
    "an end that counts otherwise": lambda lines: lines[:-1] + [lines[-1].replace('"next":5', '"next":4')],
    "lines behind the end": lambda lines: lines + [lines[0]],
    "a line twice": lambda lines: lines[:1] + lines,
    "a line left out": lambda lines: lines[:1] + lines[2:],
    "another order": lambda lines: [lines[1], lines[0], *lines[2:]],
    "another number": lambda lines: [line.replace('"number":3', '"number":03') for line in lines],
    "no salt": lambda lines: [re.sub(r'"salt":"[^"]*",', "", line) for line in lines],
    "a short salt": lambda lines: [re.sub(r'"salt":"....', '"salt":"', line) for line in lines],
    "not base64": lambda lines: [re.sub(r'"salt":"....', '"salt":"%%%%', line) for line in lines],
    "a brace less": lambda lines: [line[:-1] for line in lines],
    "a brace more": lambda lines: [line + "}" for line in lines],
    "a leaf alone": lambda lines: ['{"number":0,"leaf":"AAAA","erased":null}', *lines[1:]],
    "members in another order": lambda lines: ['{"salt":"","number":0}', *lines[1:]],
    "something else": lambda lines: ["<html>"],
    "NULs": lambda lines: ["\0" * 1000],
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_that_are_none(tmp_path, name):
    made = Maker()
    made.pages["/v1/records"] = page(made, PAGES[name])
    told = audit(made, tmp_path, "--records", expect=5)
    assert "record" in told.err or "entry" in told.err, told.err


@pytest.mark.parametrize("status", [404, 410, 500])
def test_pages_that_are_refused(tmp_path, status):
    made = Maker()
    made.pages["/v1/records"] = lambda path: status
    assert f"status {status}" in audit(made, tmp_path, "--records", expect=5).err


def test_pages_as_short_as_can_be(tmp_path):
    """One record a page: the audit goes on from where each ends."""
    made = Maker()
    asked = []

    def one(path):
        asked.append(path)
        first = int(re.search(r"from=(\d+)", path)[1])
        return made.page(f"from={first}&to={first + 1}")
    made.pages["/v1/records"] = one
    assert audit(made, tmp_path, "--records", expect=0).json["faults"] == 0
    assert len(asked) == len(made.records)


# --- somebody between a daemon and an audit -----------------------------------------------------

def hide(ledger, number):
    """Says that the record was erased, with its right leaf hash."""
    def change(path, body):
        if not path.startswith("/v1/records?"):
            return body
        lines = body.split(b"\n")
        for i, line in enumerate(lines):
            if line.startswith(b'{"number":%d,"salt"' % number):
                told = json.loads(line)
                text = ledger.get(f"/v1/records/{number}").body
                leaf = verifier.sha(b"\0", base64.b64decode(told["salt"]), text)
                lines[i] = b'{"number":%d,"leaf":"%s","erased":null}' % (number, base64.b64encode(leaf))
        return b"\n".join(lines)
    return change


def test_a_record_that_somebody_hides(shared_ledger, tmp_path):
    with Proxy(hide(shared_ledger, 1)).to(shared_ledger) as proxy:
        told = Program(tmp_path, proxy.url)("ledger", "audit", "--records", expect=5)
    assert "record 1" in told.err and "no Erasure" in told.err and "1 faults" in told.err


def test_an_erasure_while_the_audit_runs(tmp_path):
    """It stands under a newer checkpoint than the one that is audited; that one is asked for."""
    ledger = Ledger(tmp_path / "ledger").init().start()
    key, gtin = ledger.dairy()
    numbers = [ledger.submit(key, batch(gtin, f"E{i}"))["firstRecord"] for i in range(3)]
    before = ledger.get("/v1/ledger").json["entries"]
    waiting = list(numbers)

    def change(path, body):
        # one when entries are read, a further one each time that records are
        if waiting and path.startswith(("/tile/entries", "/v1/records?")):
            erase(ledger, waiting.pop())
        return body
    with Proxy(change).to(ledger) as proxy:
        told = Program(tmp_path, proxy.url)("ledger", "audit", "--records", "--connections", "1", "--json").json
    assert told["faults"] == 0 and told["erased"] >= 1 and told["entries"] > before
    assert told["kept"] is True and not waiting
    ledger.stop()
