"""Notices of recalls, posted to whoever wants them so: signed, again until they are answered."""
import hashlib
import hmac
import json
import os
import queue
import socket
import threading

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import ledger as ledgers
from ledger import batch
from test_recall import SHOP, notice, recall, shops, small

SECRET = "s3cret"
WAIT = 30 * ledgers.SLOW


class Receiver:
    """Keeps what it is told; ANSWERS are the statuses that it gives, the last of them for ever."""

    def __init__(self, *answers):
        self.got, outer = queue.Queue(), self
        answers = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                outer.got.put((self.path, dict(self.headers), body))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/hook" % self.server.server_address[1]

    def next(self):
        return self.got.get(timeout=WAIT)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def world(tmp_path):
    """Starts a ledger with receivers: begin({party: url}) returns it, its dairy and one lot."""
    one = ledgers.Ledger(tmp_path / "ledger").init()

    def begin(urls):
        path = tmp_path / "webhooks"
        path.write_text("# who is told how\n" + "".join(f"{p} {u} {SECRET}\n" for p, u in urls.items()))
        os.chmod(path, 0o600)
        return one.start(config=f"[recall]\nwebhooks = {path}\n")
    yield begin
    one.remove()


def tell(ledger):
    key, gtin, lot = small(ledger)
    shops(ledger)
    ledger.submit(key, batch(gtin, "a"))
    opened = ledger.submit(key, recall("r", {"items": [lot("a")]}))["firstRecord"]
    said = ledger.submit(key, {**notice([SHOP]), "text": "Call us"})["firstRecord"]
    return key, lot, opened, said


def check(headers, body):
    mac = hmac.new(SECRET.encode(), headers["Suyuan-Time"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Suyuan-Signature"] == "sha256=" + mac
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert headers["Idempotency-Key"] == told["id"]
    return told


def test_a_notice_is_posted_until_it_is_answered(world):
    receiver = Receiver(500, 302, 204)
    ledger = world({SHOP: receiver.url})
    key, lot, opened, said = tell(ledger)
    told = [receiver.next() for _ in range(3)]
    bodies = {check(headers, body)["id"] for _, headers, body in told}
    assert len(bodies) == 1 and {path for path, _, _ in told} == {"/hook"}
    one = json.loads(told[0][2])
    assert (one["type"], one["party"], one["notice"], one["text"]) == ("RecallNotice", SHOP, said, "Call us")
    assert one["recall"].items() >= {"id": "urn:test:recall:r", "record": opened, "level": "1",
                                     "measures": "Don't eat it"}.items()
    raised = ledger.submit(key, recall("r", {"items": [lot("a"), lot("b")]}, replaces=opened))["firstRecord"]
    ledger.submit(key, notice([SHOP]))
    again = check(*receiver.next()[1:])
    assert again["recall"]["record"] == raised and again["id"] not in bodies
    ledger.stop()
    assert receiver.got.empty()
    ledger.start(config=(ledger.dir.parent / "ledger.ini").read_text())
    ledger.submit(key, recall("x", {"items": [lot("a")]}), notice([SHOP], "x"))
    assert check(*receiver.next()[1:])["recall"]["id"] == "urn:test:recall:x"  # and nothing before it
    receiver.close()


def test_a_kill_loses_no_notice(world):
    gone = socket.create_server(("127.0.0.1", 0))  # accepts nothing that it would answer
    ledger = world({SHOP: "http://127.0.0.1:%d/" % gone.getsockname()[1]})
    _, _, _, said = tell(ledger)
    connection, _ = gone.accept()
    connection.recv(10)
    ledger.kill()
    connection.close()
    gone.close()
    receiver = Receiver(200)
    ledger = world({SHOP: receiver.url})
    assert check(*receiver.next()[1:])["notice"] == said
    receiver.close()


def test_a_receiver_that_hangs_harms_nobody(world):
    hangs, fine = socket.create_server(("127.0.0.1", 0)), Receiver(200)
    party = "urn:suyuan:own:91110000000000000X:abroad"
    ledger = world({SHOP: "http://127.0.0.1:%d/" % hangs.getsockname()[1], party: fine.url})
    key, gtin, lot = small(ledger)
    shops(ledger)
    ledger.submit(key, batch(gtin, "a"), recall("r", {"items": [lot("a")]}), notice([SHOP, party]))
    connection, _ = hangs.accept()
    assert check(*fine.next()[1:])["party"] == party
    ledger.submit(key, recall("y", {"items": [lot("a")]}), notice([SHOP, party], "y"))
    assert check(*fine.next()[1:])["recall"]["id"] == "urn:test:recall:y"
    ledger.settle()
    ledger.stop()
    connection.close()
    hangs.close()
    fine.close()


def test_a_thousand_that_are_refused_keep_no_newer_one_waiting(world):
    refuses = Receiver(500)
    ledger = world({SHOP: refuses.url})
    key, gtin, lot = small(ledger)
    shops(ledger)
    ledger.submit(key, batch(gtin, "a"))
    many = [f"r{n}" for n in range(1001)]
    ledger.submit(key, *(recall(name, {"items": [lot("a")]}) for name in many))
    ledger.submit(key, *(notice([SHOP], name) for name in many))
    refuses.next()
    ledger.submit(key, recall("new", {"items": [lot("a")]}), notice([SHOP], "new"))
    told = [json.loads(refuses.next()[2])["recall"]["id"] for _ in range(3)]  # each waits longer than the one before
    assert "urn:test:recall:new" in told, told
    assert len(set(told)) == 3  # nor does that keep the others waiting
    ledger.stop()
    refuses.close()


@pytest.mark.parametrize("text, mode, words", (
    ("urn:a http://127.0.0.1/\n", 0o600, "webhooks:1: "), ("urn:a ftp://x/ s\n", 0o600, "webhooks:1: "),
    ("urn:a http://127.0.0.1/ s\n", 0o644, "chmod 600"), (None, 0, "can't be read")))
def test_a_file_that_cannot_be_read(tmp_path, text, mode, words):
    one = ledgers.Ledger(tmp_path / "ledger").init()
    path = tmp_path / "webhooks"
    if text is not None:
        path.write_text(text)
        os.chmod(path, mode)
    with pytest.raises(RuntimeError, match=words):
        one.start(config=f"[recall]\nwebhooks = {path}\n")
    one.remove()
