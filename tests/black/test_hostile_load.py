"""A thousand idle connections and two hundred hostile ones: who is honest hardly notices."""
import contextlib
import json
import re
import resource
import subprocess
import time

import pytest

from crowd import POST, Crowd
from ledger import BUILD, SLOW, VARIANT, batch
from wire import GET, Peer, metric, nothing_left_behind, problem, serving, until

HEADER, REQUEST, WRITE = SLOW, 2 * SLOW, SLOW  # seconds
HASTY = f"""
[http]
header-timeout = {HEADER}s
request-timeout = {REQUEST}s
write-timeout = {WRITE}s
idle-timeout = 10min
drain-timeout = 10min
"""
LATE = 2 * SLOW  # how much later than its deadline one is cut on a machine that does other things too
ANON_MAX = 200 << 20

HURRY = min(2, REQUEST)  # for bodies, when the stalled ones take up half of their budget

# How each kind must end, and after how long at least.  A deaf one gets nothing but a reset.
DEADLINES = {"HalfALine": ("408", HEADER), "DripsHeaders": ("408", HEADER), "DripsABody": ("408", HURRY),
             "DripsChunks": ("408", REQUEST), "DripsTrailers": ("408", REQUEST),
             "StallsALargeBody": ("408", HURRY),
             "DeafForParties": ("cut", WRITE), "DeafForRules": ("cut", WRITE),
             "DeafForEntries": ("cut", WRITE), "DeafForMetrics": ("cut", WRITE),
             "DeafForVerify": ("cut", WRITE), "ClosesHalfWay": ("closed", 0), "ClosesAfterAsking": ("200", 0),
             "Resets": ("reset", 0)}


def anonymous_bytes(ledger):
    with open(f"/proc/{ledger.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) << 10


def cpu_seconds(ledger):
    with open(f"/proc/{ledger.process.pid}/stat") as stat:
        user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / 100


def open_loop(ledger, path, seconds, rate=500, connections=8):
    """An honest client's latencies; each counts from when it should have asked."""
    done = subprocess.run([BUILD / "bench/load", "get", "%s:%d" % ledger.address, path, str(seconds * rate),
                           str(connections), str(rate), "1"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["busy"] == told["lost"] == 0, told
    return told


@pytest.fixture
def milk(tmp_path):
    """A ledger with one lot: (ledger, producer's key, its product, the lot's code)."""
    with serving(tmp_path, HASTY) as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        ledger.submit(key, batch(gtin, "L1"))
        ledger.settle()
        yield ledger, key, gtin, f"(01){gtin}(10)L1"


def test_a_hostile_crowd(milk):
    ledger, _, _, code = milk
    verify, seconds = f"/v1/verify?code={code}", 4 * SLOW
    said = ledger.get(verify).body
    with Crowd(ledger, idle=1000, others=200, code=code) as crowd:
        until(lambda: metric(ledger, "suyuan_http_connections") >= 1100)
        done = open_loop(ledger, verify, seconds)
        for _ in range(20):
            assert ledger.get(verify).body == said
        if VARIANT == "release":
            assert anonymous_bytes(ledger) < ANON_MAX
    assert done["p99_us"] < 500000 * SLOW
    assert metric(ledger, "suyuan_http_displaced_total") == 0, "there was room for everybody"
    assert "Idle" not in crowd.ends
    for kind, (how, least) in DEADLINES.items():
        ends = crowd.ends[kind]
        assert list(ends) == [how], (kind, {end: len(times) for end, times in ends.items()})
        assert min(ends[how]) >= least * 0.95, (kind, ends)
        if how in ("408", "cut"):
            assert sorted(ends[how])[len(ends[how]) // 2] < REQUEST + LATE, (kind, ends)


def test_submissions_among_a_hostile_crowd(milk):
    """Small ones pass whatever large bodies are stalled."""
    ledger, key, gtin, code = milk
    with Crowd(ledger, idle=100, others=200, code=code):
        for i in range(20):
            ledger.submit(key, batch(gtin, f"H{i}"))
    ledger.settle()
    head = ledger.get("/v1/ledger").json
    assert ledger.auditor().audit() == (head["entries"], head["records"])


# --- how many may come --------------------------------------------------------------------------

def test_idle_ones_make_room(tmp_path):
    """However many sit there, whoever asks is answered; who has been idle longest goes first."""
    with serving(tmp_path, "[http]\nmax-connections = 64\nfronts = 2\n") as ledger:
        with nothing_left_behind(ledger), contextlib.ExitStack() as stack:
            idle = [stack.enter_context(Peer(ledger)) for _ in range(64)]
            until(lambda: metric(ledger, "suyuan_http_connections") >= 64)
            for _ in range(30):
                peer = stack.enter_context(Peer(ledger))
                assert peer.send(GET).answer().status == 200
                assert peer.send(GET).answer().status == 200
            assert metric(ledger, "suyuan_http_turned_away_total") == 0
            assert metric(ledger, "suyuan_http_displaced_total") >= 30
            gone = [i for i, peer in enumerate(idle) if peer.heard(0)]
            assert len(gone) >= 30 and gone[0] <= 1
            assert all(peer.send(GET).answer().status == 200 for peer in idle[gone[-1] + 1:])


def test_slow_ones_make_room_when_nobody_is_idle(tmp_path):
    with serving(tmp_path, "[http]\nmax-connections = 16\n") as ledger, nothing_left_behind(ledger):
        with contextlib.ExitStack() as stack:
            for _ in range(40):
                stack.enter_context(Peer(ledger)).send(GET[:-2])
            answers = []

            def answered():
                with Peer(ledger) as peer:
                    answers.append(peer.send(GET).answer())
                return answers[-1].status == 200
            until(answered)
            for answer in answers[:-1]:
                problem(answer, 503)
                assert answer.headers["Retry-After"]


def test_an_address_has_its_share(tmp_path):
    with serving(tmp_path, "[http]\nmax-per-address = 8\n") as ledger, contextlib.ExitStack() as stack:
        taken = [stack.enter_context(Peer(ledger)) for _ in range(8)]
        assert all(peer.send(GET).answer().status == 200 for peer in taken)
        with Peer(ledger) as peer:
            problem(peer.answer(), 503)
        with Peer(ledger, source="127.0.0.9") as peer:
            assert peer.send(GET).answer().status == 200
        assert ledger.get("/v1/admin/status", local=True).status == 200
        taken.pop().sock.close()

        def again():
            with Peer(ledger) as peer:
                return peer.send(GET).answer().status == 200
        until(again)


def test_fewer_descriptors_than_connections(tmp_path):
    """Said at the start; the limit of connections follows."""
    few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))}
    with serving(tmp_path, "", **few) as ledger, contextlib.ExitStack() as stack:
        assert "event=few-descriptors" in ledger.log.read_text()
        for _ in range(150):
            stack.enter_context(Peer(ledger))
        for _ in range(10):
            with Peer(ledger) as peer:
                assert peer.send(GET).answer().status == 200
        assert metric(ledger, "suyuan_http_connections") <= 65


def test_out_of_descriptors(tmp_path):
    """Who comes then waits at the door, and nobody runs in a circle meanwhile."""
    with serving(tmp_path) as ledger, contextlib.ExitStack() as stack:
        before = resource.prlimit(ledger.process.pid, resource.RLIMIT_NOFILE)
        inside = stack.enter_context(Peer(ledger)).send(GET)
        assert inside.answer().status == 200
        used = metric(ledger, "suyuan_http_connections")
        resource.prlimit(ledger.process.pid, resource.RLIMIT_NOFILE, (20, before[1]))
        outside = [stack.enter_context(Peer(ledger)) for _ in range(20)]
        began, spent = time.monotonic(), cpu_seconds(ledger)
        while time.monotonic() < began + 1:
            assert not outside[-1].send(GET).heard(0.1)
            assert inside.send(GET).answer().status == 200
        assert cpu_seconds(ledger) - spent < 0.5
        resource.prlimit(ledger.process.pid, resource.RLIMIT_NOFILE, before)
        assert all(peer.send(GET).answer().status == 200 for peer in outside)
        assert metric(ledger, "suyuan_http_connections") >= used


# --- stopping -----------------------------------------------------------------------------------

def test_a_stop_waits_for_what_was_asked_alone(milk):
    """Idle, half sent, lingering: each is closed at once, ten minutes though a stop may take."""
    ledger = milk[0]
    peers = [Peer(ledger).send(first) for first in (b"", b"\r\n", GET[:9], GET[:-1], b"NONSENSE\r\n\r\n",
                                                    POST + b"Content-Length: 100\r\n\r\nxx")]
    until(lambda: metric(ledger, "suyuan_http_connections") >= len(peers))
    ledger.stop()
    for peer in peers:
        with peer:
            while peer.more():
                pass
            assert re.match(rb"HTTP/1\.1 (400|503) |$", peer.seen), peer.seen
    ledger.start(config=HASTY)
