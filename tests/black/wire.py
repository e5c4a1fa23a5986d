"""HTTP by hand: what no decent client would send, and what exactly came back."""
import contextlib
import json
import os
import pathlib
import re
import select
import socket
import time

from ledger import SLOW, Answer, Ledger

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Peer:
    """One connection of raw bytes; a context manager."""

    def __init__(self, ledger, local=False, timeout=30, window=None, source=None):
        self.sock = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        if source:
            self.sock.bind((source, 0))
        if window:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.sock.settimeout(timeout * SLOW)
        self.sock.connect(ledger.unix if local else ledger.address)
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """The peer may have said its last word already: that isn't this call's business."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)
        return self

    def finish(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def more(self):
        try:
            got = self.sock.recv(65536)
        except ConnectionResetError:
            got = b""
        self.seen += got
        return bool(got)

    def heard(self, seconds):
        """Is there something to read within that time?"""
        return bool(select.select([self.sock], [], [], seconds)[0])

    def answer(self, head=False):
        while b"\r\n\r\n" not in self.seen:
            assert self.more(), f"closed before a whole head: {self.seen!r}"
        raw, _, self.seen = self.seen.partition(b"\r\n\r\n")
        first, *lines = raw.decode().split("\r\n")
        assert re.fullmatch(r"HTTP/1\.1 \d{3} [A-Za-z ]+", first), first
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name not in headers, line
            headers[name] = value
        status = int(first.split()[1])
        length = 0 if head or status == 100 else int(headers["Content-Length"])
        while len(self.seen) < length:
            assert self.more(), "closed before a whole body"
        body, self.seen = self.seen[:length], self.seen[length:]
        return Answer(status, headers, body)

    def closed(self):
        """Reads to the end; nothing more may come."""
        while self.more():
            pass
        return self.seen == b""


def ask(ledger, data, local=False):
    """The one answer to DATA."""
    with Peer(ledger, local) as peer:
        return peer.send(data).answer()


def problem(answer, status):
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = json.loads(answer.body)
    assert told["status"] == status
    assert told["type"] and told["title"] and told["detail"]
    return told


def metric(ledger, name):
    text = ledger.get("/metrics").body.decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


def until(condition):
    """Asks again and again; each question is a round trip, or a look into /proc."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it never came to be"


def descriptors(ledger):
    return len(os.listdir(f"/proc/{ledger.process.pid}/fd"))


@contextlib.contextmanager
def nothing_left_behind(ledger):
    """After it the daemon is well and holds no more than before."""
    until(lambda: metric(ledger, "suyuan_http_connections") <= 1)
    before = descriptors(ledger)
    yield
    assert ledger.process.poll() is None, ledger.log.read_text(errors="replace")[-3000:]
    assert ledger.get("/healthz").body == b"ok\n"
    until(lambda: metric(ledger, "suyuan_http_connections") <= 1)
    until(lambda: metric(ledger, "suyuan_http_body_bytes") == 0)
    until(lambda: metric(ledger, "suyuan_http_answer_bytes") == 0)
    until(lambda: descriptors(ledger) <= before)


@contextlib.contextmanager
def serving(folder, config="", **more):
    """A fresh ledger under a configuration; it must stop cleanly."""
    one = Ledger(pathlib.Path(folder) / "ledger").init().start(config=config, **more)
    try:
        yield one
        one.stop()
    finally:
        one.remove()
