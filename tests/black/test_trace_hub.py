"""What everything hangs on: a container of very many, walked again and again by clients of every kind."""
import contextlib
import json
import time

import pytest

from ledger import SLOW, VARIANT, check_digit
from test_trace import at
from watch import Watch, own_bytes
from wire import Peer, metric, nothing_left_behind, problem, serving, until

BOX = "https://id.gs1.org/00/" + check_digit("06901234000000001")
UNITS, PER = 100000 // (3 if SLOW > 1 else 1), 3500  # in the box, and of one packing
MB = 1000000
WALKS = 300
plain = pytest.mark.skipif(VARIANT != "release", reason="what a sanitizer takes isn't the daemon's")


def pack(ledger, key, gtin, units=UNITS):
    """They were named in another order before they were packed."""
    stem = f"https://id.gs1.org/01/{gtin}/21/u"
    for begin in range(0, units, PER):
        ledger.submit(key, {"type": "ObjectEvent", "eventTime": at(0), "eventTimeZoneOffset": "+08:00",
                            "action": "OBSERVE", "bizStep": "storing",
                            "epcList": [f"{stem}{n * 7919 % units}" for n in range(begin, min(units, begin + PER))]})
    for begin in range(0, units, PER):
        children = [f"{stem}{n}" for n in range(begin, min(units, begin + PER))]
        ledger.submit(key, {"type": "AggregationEvent", "eventTime": at(1), "eventTimeZoneOffset": "+08:00",
                            "action": "ADD", "parentID": BOX, "childEPCs": children})
    ledger.settle()


@pytest.fixture
def hub(tmp_path):
    """A daemon with one thread for walks, which drops who reads nothing for two seconds."""
    with serving(tmp_path, "[http]\nwrite-timeout = 2s\n[query]\nthreads = 1\n") as one:
        key, gtin = one.dairy()
        pack(one, key, gtin)
        yield one


def question(format="ndjson", **more):
    return f"/v1/trace?code={BOX}&direction=forward&format={format}" + "".join(f"&{k}={v}" for k, v in more.items())


def request(path):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def verifies(ledger):
    answer = ledger.get("/v1/verify?code=" + BOX)
    return answer.status == 200 and answer.json["code"]["canonical"] == BOX


def seconds(ledger):
    """Processor time of the daemon."""
    return time.clock_gettime(~ledger.process.pid << 3 | 2)  # clock_getcpuclockid(3)


def test_all_of_it_comes_in_little_memory(hub):
    before = own_bytes(hub.process.pid)
    with Watch(hub.process.pid) as watch, nothing_left_behind(hub):
        for _ in range(3):
            lines = hub.get(question()).body.splitlines()
            end = json.loads(lines[-1])
            assert end["items"] == UNITS + 1 and end["cut"] is None
            assert json.loads(lines[1])["from"] == BOX
    if VARIANT == "release":
        assert watch.peak - before < 64 * MB


@plain
def test_large_walks_one_after_another_beside_small_ones(tmp_path):
    with serving(tmp_path, "[query]\nthreads = 2\nmemory = 24M\npatience = 60s\ntime = 60s\n") as one:
        key, gtin = one.dairy()
        pack(one, key, gtin)
        small = f"/v1/trace?code=https://id.gs1.org/01/{gtin}/21/u7&direction=forward"
        before, ends = own_bytes(one.process.pid), []
        with Watch(one.process.pid) as watch, nothing_left_behind(one), contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Peer(one, window=262144)) for _ in range(4)]
            for peer in peers:
                peer.send(request(question()))
            until(lambda: metric(one, "suyuan_queries_pending") == 3)
            for _ in range(5):
                assert one.get(small).status == 200
            waiting = list(peers)
            while waiting:
                until(lambda: any(peer.heard(0) for peer in waiting))
                peer = next(peer for peer in waiting if peer.heard(0))
                assert metric(one, "suyuan_queries_pending") == len(waiting) - 1
                while b'"end":true' not in peer.seen and peer.more():
                    peer.seen = peer.seen[-1000:]
                ends.append(json.loads(peer.seen[peer.seen.rindex(b'{"end"'):].split(b"\n")[0]))
                waiting.remove(peer)
        assert watch.peak - before < 40 * MB
        assert [end["cut"] for end in ends] == [None] * 4 and metric(one, "suyuan_queries_cut_total") == 0


@plain
def test_what_waits_too_long_to_be_large_comes_back(tmp_path):
    with serving(tmp_path, "[query]\nthreads = 2\nmemory = 24M\npatience = 60s\ntime = 2s\n") as one:
        key, gtin = one.dairy()
        pack(one, key, gtin)
        small = f"/v1/trace?code=https://id.gs1.org/01/{gtin}/21/u7&direction=forward"
        with nothing_left_behind(one), Peer(one, window=4096) as reader:
            reader.send(request(question()))
            until(lambda: reader.heard(0))
            answer = one.get(question())
            problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
            assert one.get(small).status == 200


def test_verify_answers_while_it_is_read(hub):
    """Whoever reads slowly has nothing that others want."""
    with nothing_left_behind(hub), Peer(hub, window=65536) as slow:
        slow.send(request(question()))
        for _ in range(30):
            assert slow.more()
            assert verifies(hub)
        assert b'"end":true' not in slow.seen


def test_whoever_stops_reading_is_let_go(hub):
    with nothing_left_behind(hub), Peer(hub, window=4096) as deaf, Peer(hub) as next_one:
        deaf.send(request(question()))
        assert deaf.more()
        next_one.send(request(question("csv", depth=0)))
        assert verifies(hub)
        assert next_one.more()
        until(lambda: metric(hub, "suyuan_http_timeouts_total") > 0)
        while deaf.more():
            pass
        assert b'"end":true' not in deaf.seen and not deaf.seen.endswith(b"0\r\n\r\n")


def test_whoever_goes_away_is_not_walked_for(hub):
    with nothing_left_behind(hub):
        for _ in range(20):
            with Peer(hub, window=4096) as gone:
                gone.send(request(question()))
                gone.more()
        assert hub.get(question(depth=0)).status == 200


@plain
def test_many_walks_at_once_wait_or_are_told_to_come_back(hub):
    before = own_bytes(hub.process.pid)
    peers = []
    try:
        with Watch(hub.process.pid) as watch, nothing_left_behind(hub):
            for _ in range(WALKS):
                peers.append(Peer(hub, window=4096).send(request(question())))
            answered = []
            until(lambda: answered.extend(p for p in peers if p not in answered and p.heard(0)) or
                  len(answered) >= WALKS - 256)
            refused = 0
            for peer in answered:
                peer.more()
                if peer.seen.startswith(b"HTTP/1.1 503"):
                    answer = peer.answer()
                    problem(answer, 503)
                    refused += int(answer.headers["Retry-After"]) > 0
            assert refused >= WALKS - 256 - 1
            assert verifies(hub)
            spent = seconds(hub)
            for peer in reversed(peers):
                peer.sock.close()
            until(lambda: hub.get(question(depth=0)).status == 200)
            assert seconds(hub) - spent < 4  # nobody walks for those that wait: that would be ten
    finally:
        for peer in peers:
            peer.sock.close()
    assert watch.peak - before < 64 * MB
