"""Whoever takes his answer slowly, or never, keeps nobody else's question from being answered."""
import contextlib
import json
import socket

import pytest

from ledger import SLOW
from test_trace import at
from test_trace_hub import request
from wire import Peer, metric, nothing_left_behind, serving, until

THREADS = 2
LOTS, PER = 12000, 200  # made of the salt, of one transformation
WINDOW = 4096
MUCH = 2000000  # bytes, more than a system holds on their way to who doesn't read
PATIENCE = "[http]\nwrite-timeout = 600s\n[query]\n"  # nobody is let go for what the connection does


def salt(ledger, key, gtin, lots):
    stem = f"https://id.gs1.org/01/{gtin}/10/"

    def amounts(names):
        return [{"epcClass": stem + name, "quantity": 1, "uom": "KGM"} for name in names]
    events = [{"type": "TransformationEvent", "eventTime": at(1), "eventTimeZoneOffset": "+08:00",
               "eventID": f"urn:test:{begin}", "inputQuantityList": amounts(["salt"]),
               "outputQuantityList": amounts([f"b{n}" for n in range(begin, begin + PER)])}
              for begin in range(0, lots, PER)]
    for begin in range(0, len(events), 10):
        ledger.submit(key, *events[begin:begin + 10])
    ledger.settle()
    return stem


@contextlib.contextmanager
def with_salt(folder, config, lots=LOTS):
    with serving(folder, PATIENCE + config) as one:
        key, gtin = one.dairy()
        one.stem = salt(one, key, gtin, lots)
        one.key = key
        yield one


KINDS = {"trace": "/v1/trace?direction=forward&format=ndjson&code=",
         "csv": "/v1/trace?direction=forward&format=csv&code=",
         "affected": "/v1/affected?format=ndjson&code=",
         "affected_csv": "/v1/affected?format=csv&code=",
         "events": "/v1/events?direction=forward&code="}


class Slow(Peer):
    """Has asked, and read the first of it."""

    def __init__(self, ledger, path):
        super().__init__(ledger, window=WINDOW, timeout=120)
        self.send(request(path))
        assert self.more()
        assert self.seen.startswith(b"HTTP/1.1 200"), self.seen

    def hurry(self):
        """Is slow no more."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def whole(self):
        """Reads on; has it all come?"""
        self.hurry()
        while not self.seen.endswith(b"\r\n0\r\n\r\n"):
            if not self.more():
                return False
        return True


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with with_salt(tmp_path_factory.mktemp("slow"), f"threads = {THREADS}\nmemory = 512M\n") as one:
        yield one


def reading(ledger):
    return metric(ledger, "suyuan_queries_read")


@pytest.mark.parametrize("kind", KINDS)
def test_slow_readers_keep_no_thread(ledger, kind):
    """More of them than there are threads; each gets the whole of its answer in the end."""
    with nothing_left_behind(ledger), contextlib.ExitStack() as stack:
        slow = [stack.enter_context(Slow(ledger, KINDS[kind] + ledger.stem + "salt")) for _ in range(3 * THREADS)]
        assert reading(ledger) == len(slow)
        for path in KINDS.values():
            answer = ledger.get(path + ledger.stem + "salt")
            assert answer.status == 200 and len(answer.body) > 1000000
        assert ledger.get(f"/v1/trace/common?code={ledger.stem}b1&code={ledger.stem}b9").status == 200
        assert reading(ledger) == len(slow)  # nobody had to go for it
        assert metric(ledger, "suyuan_queries_read_bytes") > 0
        for peer in slow:
            assert peer.whole()
    until(lambda: reading(ledger) == 0)
    assert metric(ledger, "suyuan_queries_read_bytes") == 0
    assert metric(ledger, "suyuan_queries_cut_total") == 0


def test_a_reader_keeps_no_snapshot(ledger):
    """What is freed while somebody reads is used again: the index doesn't grow by it."""
    def commits(n):
        for i in range(n):
            commits.n += 1
            ledger.submit(ledger.key, {"type": "ObjectEvent", "eventTime": at(2), "eventTimeZoneOffset": "+08:00",
                                       "action": "OBSERVE", "bizStep": "storing", "eventID": f"urn:test:w{commits.n}",
                                       "epcList": [f"{ledger.stem}b{i}/21/1"]})
            ledger.settle()
        return (ledger.dir / "index/data.mdb").stat().st_blocks
    commits.n = 0
    commits(20)
    alone = -commits(0) + commits(60)
    with contextlib.ExitStack() as stack:
        for kind in KINDS:
            stack.enter_context(Slow(ledger, KINDS[kind] + ledger.stem + "salt"))
        beside = -commits(0) + commits(60)
    assert beside <= 3 * alone + 512, (alone, beside)


def test_the_slowest_goes_once_others_wait(tmp_path):
    """Where one reader alone may be without a thread, who keeps one is cut for others after a while."""
    with with_salt(tmp_path, f"threads = 1\nreaders = 1\npatience = {2 * SLOW}s\n", 3 * LOTS) as one, \
            nothing_left_behind(one):
        path = KINDS["trace"] + one.stem + "salt"
        with Slow(one, path) as first, Slow(one, path) as second:
            first.hurry()
            while len(first.seen) < MUCH:
                assert first.more()
            assert reading(one) == 2
            assert json.loads(one.get(path).body.splitlines()[-1])["end"]
            assert metric(one, "suyuan_queries_cut_total") == 1
            assert first.whole() and not second.whole()


def test_answers_being_read_hold_so_much_memory(tmp_path):
    """Past it who reads keeps his thread, and goes once others wait."""
    with with_salt(tmp_path, "threads = 1\nmemory = 16M\npatience = 1s\n") as one, nothing_left_behind(one):
        path, peers = KINDS["trace"] + one.stem + "salt", []
        with contextlib.ExitStack() as stack:
            while not metric(one, "suyuan_queries_cut_total"):
                peers.append(stack.enter_context(Slow(one, path)))
                assert metric(one, "suyuan_queries_read_bytes") <= 1 << 20
                assert len(peers) < 60
        until(lambda: reading(one) == 0)
