"""Whatever is sent, memory stays in its budgets: what doesn't fit is told to come back, and gets in."""
import json
import subprocess

import pytest

from ledger import BUILD, VARIANT, batch, compact, submission
from watch import Watch
from wire import Peer, metric, nothing_left_behind, problem, serving, until

MB = 1000000
# An allocator that watches keeps what was freed, and shadows all of it.
plain = pytest.mark.skipif(VARIANT != "release", reason="what a sanitizer takes isn't the daemon's")

DENSE = "1," * 500000 + "1"  # what it is read into is sixteen times its size


def bulk(ledger, folder, key, gtin, records, per, connections, size):
    """Submissions at once from several connections; each is sent again until it is taken."""
    key.save(folder / "key")
    done = subprocess.run([BUILD / "bench/load", "bulk", "%s:%d" % ledger.address, folder / "key", ledger.origin,
                           gtin, "0", str(records), str(per), str(connections), str(size)],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0 and told["records"] == records
    return told


def records_beyond(ledger, before):
    ledger.settle()
    return ledger.get("/v1/ledger").json["records"] - before


def test_a_body_past_the_budget_waits_and_gets_in(tmp_path):
    with serving(tmp_path, "[http]\nbody-budget = 17M\n") as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        before = ledger.get("/v1/ledger").json["records"]
        first, second = (submission(key, [compact(batch(gtin, f"{side}{i}", **{"suyuan:pad": "0" * 3000}))
                                          for i in range(3000)], ledger.origin) for side in "AB")
        with Peer(ledger) as peer:
            peer.send(b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                      b"Content-Length: %d\r\n\r\n" % len(first) + first[:-1])
            until(lambda: metric(ledger, "suyuan_http_body_bytes") == len(first))
            answer = ledger.post(second)
            problem(answer, 503)
            assert answer.headers["Retry-After"]
            ledger.submit(key, batch(gtin, "small"))
            assert peer.send(first[-1:]).answer().status == 201
        until(lambda: metric(ledger, "suyuan_http_body_bytes") == 0)
        assert ledger.post(second).status == 201
        assert records_beyond(ledger, before) == 6001


@plain
def test_the_largest_submissions_at_once(tmp_path):
    with serving(tmp_path) as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        before = ledger.get("/v1/ledger").json["records"]
        with Watch(ledger.process.pid) as watch:
            told = bulk(ledger, tmp_path, key, gtin, 160000, 10000, 16, 1676)
            assert records_beyond(ledger, before) == 160000
        assert told["busy"] > 0
        assert watch.peak < 200 * MB, watch.peak


def dense(gtin, lot):
    return compact(batch(gtin, lot))[:-1] + f',"suyuan:pad":[{DENSE}]}}'


@plain
def test_dense_records_one_at_a_time(tmp_path):
    with serving(tmp_path) as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        with Watch(ledger.process.pid) as watch:
            ledger.submit(key, *(dense(gtin, f"L{i}") for i in range(15)))
            ledger.settle()
        assert watch.peak < 100 * MB, watch.peak


def test_judging_past_its_budget_is_busy(tmp_path):
    """Records of the register last until the verdict; 15 of these would take 240 MB."""
    with serving(tmp_path, "[ledger]\nwork-budget = 24M\n") as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        with Watch(ledger.process.pid) as watch:
            name = {"type": "Product", "name": {"en": "x"}, "category": "other"}
            texts = [compact(dict(name, code=f"https://id.gs1.org/01/0690123450{i:03d}0"))[:-1] +
                     f',"pad":[{DENSE}]}}' for i in range(15)]
            answer = ledger.post(submission(key, texts, ledger.origin))
            problem(answer, 503)
            assert answer.headers["Retry-After"]
            assert metric(ledger, "suyuan_work_bytes") == 0
        if VARIANT == "release":
            assert watch.peak < 100 * MB, watch.peak
        ledger.submit(key, dense(gtin, "L1"))
        ledger.submit(key, *(batch(gtin, f"M{i}") for i in range(1000)))


@plain
def test_many_serials_in_one_submission(tmp_path):
    """300,000 units: judged and indexed within bounds, though it is one entry."""
    with serving(tmp_path) as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        unit = f"https://id.gs1.org/01/{gtin}/21/"
        with Watch(ledger.process.pid) as watch:
            ledger.submit(key, *(dict(batch(gtin, f"L{i}"), quantityList=[],
                                      epcList=[f"{unit}{i * 3000 + k:06d}" for k in range(3000)])
                                 for i in range(100)))
            ledger.settle()
        assert watch.peak < 150 * MB, watch.peak
        assert metric(ledger, "suyuan_items") >= 300000
