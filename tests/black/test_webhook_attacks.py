"""Receivers of notices that are wrong, slow, hostile or many: each harms itself alone, and nothing is lost."""
import collections
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import ledger as ledgers
from ledger import batch
from test_recall import notice, recall, small
from test_webhooks import SECRET, WAIT, check

NOWHERE = "a" * 64  # no label of a name is as long: no name server is asked
FINE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Raw:
    """Takes requests whole and answers with what BEHAVE(connection, nth) does."""

    def __init__(self, behave, family=socket.AF_INET, context=None):
        self.behave, self.context, self.got = behave, context, []
        self.changed = threading.Condition()
        self.socket = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family,
                                           backlog=100)
        self.port = self.socket.getsockname()[1]
        self.url = "http://%s:%d/hook" % ("[::1]" if family == socket.AF_INET6 else "127.0.0.1", self.port)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(WAIT)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            text = b""
            while b"\r\n\r\n" not in text:
                text += connection.recv(65536) or b"\r\n\r\n"
            head, _, body = text.partition(b"\r\n\r\n")
            if not head:
                return
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            while len(body) < int(headers.get("Content-Length", 0)):
                body += connection.recv(65536)
            with self.changed:
                nth = len(self.got)
                self.got.append((headers, body))
                self.changed.notify_all()
            self.behave(connection, nth)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def wait(self, count, timeout=WAIT):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.got) >= count, timeout)

    def close(self):
        self.socket.close()


def says(*pieces):
    return lambda connection, _: [connection.sendall(piece) for piece in pieces]


def reset(connection, _):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(begin, piece):
    def behave(connection, _):
        connection.sendall(begin)
        while True:
            connection.sendall(piece)
    return behave


def hang(begin=b""):
    def behave(connection, _):
        connection.sendall(begin)
        connection.recv(1)  # until the other one gives up
    return behave


def drip(begin):
    def behave(connection, _):
        connection.sendall(begin)
        while not select.select([connection], [], [], 0.5)[0]:
            connection.sendall(b"X")
    return behave


def once(bad):
    """BAD the first time, then as it should be."""
    return lambda connection, nth: bad(connection, nth) if nth == 0 else connection.sendall(FINE)


def redirect(status):
    def behave(connection, _):
        connection.sendall(b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/stolen\r\nContent-Length: 0\r\n\r\n"
                           % (status, ELSEWHERE.port))
    return behave


ELSEWHERE = None
AGAIN = {
    "no status": says(b"HTTP/fine\r\n\r\n"),
    "reset": reset, "closed": says(), "garbage": says(b"HELLO\r\n\r\n"), "no head": says(b"<html>fine</html>"),
    "500": says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "101": says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), "301": redirect(301), "307": redirect(307),
    "1xx for ever": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a head for ever": endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"y" * 1000 + b"\r\n"),
    "a line for ever": endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10000),
    "half a head": says(b"HTTP/1.1 200 OK\r\nX: y"), "a head that hangs": hang(b"HTTP/1.1 200 OK\r\nX: y\r\n"),
    "hangs": hang(), "a head that drips": drip(b"HTTP/1.1 200 OK\r\nX: "),
    "a status that is none": says(b"HTTP/1.1 2000 OK\r\n\r\n"), "a huge status": says(b"HTTP/1.1 99999999999999999999 OK\r\n\r\n"),
}
ONE_IS_ENOUGH = {
    "a body for ever": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", b"y" * 100000),
    "a body that hangs": hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "a body that says no": says(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"error":true}'),
    "chunks that are none": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"),
    "204": says(FINE), "1xx first": says(b"HTTP/1.1 103 Early\r\n\r\n" * 3, FINE),
}


def party(name):
    return "urn:suyuan:own:91110000000000000X:" + re.sub("[^a-z0-9]", "-", name)


@pytest.fixture
def world(tmp_path):
    """world({party: url}, more lines of [recall]) -> a ledger, its dairy's key, and a lot that is recalled."""
    one, opened = ledgers.Ledger(tmp_path / "ledger").init(), []

    def begin(urls, more="", **start):
        path = tmp_path / "webhooks"
        path.write_text("".join(f"{p} {u} {SECRET}\n" for p, u in urls.items()))
        os.chmod(path, 0o600)
        one.start(config=f"[recall]\nwebhooks = {path}\n{more}", **start)
        if not opened:
            key, gtin, lot = small(one)
            for p in urls:
                one.enrol(p, ["seller"])
            one.submit(key, batch(gtin, "a"), recall("r", {"items": [lot("a")]}))
            opened.extend((key, lot))
        return one, *opened
    yield begin
    one.remove()


def metrics(ledger):
    lines = (line.rsplit(" ", 1) for line in ledger.get("/metrics").body.decode().splitlines() if line[:1] != "#")
    return {name: float(value) for name, value in lines if name.startswith(("suyuan_webhook", "suyuan_own_bytes"))}


def until(condition, what):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_whatever_they_answer(world, monkeypatch):
    elsewhere = Raw(says(FINE))
    monkeypatch.setattr("test_webhook_attacks.ELSEWHERE", elsewhere)
    raws = {name: Raw(once(bad)) for name, bad in AGAIN.items()} | {name: Raw(b) for name, b in ONE_IS_ENOUGH.items()}
    raws["IPv6"] = Raw(says(FINE), socket.AF_INET6)
    urls = {party(name): raw.url for name, raw in raws.items()} | {party("nowhere"): f"http://{NOWHERE}/",
                                                                   party("refuses"): "http://127.0.0.1:1/"}
    ledger, key, lot = world(urls)
    before = metrics(ledger)["suyuan_own_bytes"]
    ledger.submit(key, notice(list(urls)))
    threads = set()
    for name, raw in raws.items():
        assert raw.wait(2 if name in AGAIN else 1), name
        threads.add(len(os.listdir(f"/proc/{ledger.process.pid}/task")))
    until(lambda: metrics(ledger)["suyuan_webhooks_delivered_total"] == len(raws), metrics(ledger))
    until(lambda: metrics(ledger)["suyuan_webhooks_waiting"] == 2, metrics(ledger))  # nowhere, refuses
    for name, raw in raws.items():
        told = [check(headers, body)["id"] for headers, body in raw.got]
        assert len(told) == (2 if name in AGAIN else 1) and len(set(told)) == 1, name
    assert elsewhere.got == []  # nobody else gets a signature
    now = metrics(ledger)
    assert now["suyuan_webhooks_failed_total"] >= len(AGAIN) + 2
    assert now["suyuan_own_bytes"] - before < 32 << 20 or ledgers.SLOW > 1
    assert max(threads) - min(threads) <= 4, threads
    assert ledger.get(f"/v1/verify?code={lot('a')}").json["status"] == "recalled"
    ledger.stop()
    log = ledger.log.read_text()
    assert SECRET not in log and NOWHERE not in log.replace(f"Could not resolve host: {NOWHERE}", "")
    assert all(party(name) in log for name in raws)


@pytest.mark.parametrize("name", ("hangs", "a body that hangs", "a head for ever"))
def test_the_daemon_stops_while_one_hangs(world, name):
    raw = Raw({**AGAIN, **ONE_IS_ENOUGH}[name])
    ledger, key, _ = world({party(name): raw.url})
    ledger.submit(key, notice([party(name)]))
    assert raw.wait(1)
    begin = time.monotonic()
    ledger.stop()
    assert time.monotonic() - begin < 5 * ledgers.SLOW


def test_many_that_hang_starve_nobody(world):
    hanging = [Raw(hang()) for _ in range(16)]
    fine = Raw(says(FINE))
    urls = {party(f"dead{i}"): raw.url for i, raw in enumerate(hanging)} | {party("fine"): fine.url}
    ledger, key, lot = world(urls)
    records = [r for i in range(20) for r in (recall(f"x{i}", {"items": [lot("a")]}), notice(list(urls), f"x{i}"))]
    ledger.submit(key, *records)
    assert fine.wait(20), len(fine.got)
    assert len({check(*one)["id"] for one in fine.got}) == 20


def test_a_restart_goes_on_where_it_was(world):
    bad = says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    raw = Raw(bad)
    ledger, key, lot = world({party("shop"): raw.url})
    ledger.submit(key, notice([party("shop")]))
    times = []
    for n in (1, 2, 3):
        assert raw.wait(n)
        times.append(time.monotonic())
    assert times[1] - times[0] > 0.5 and times[2] - times[1] > 1.5  # one, two, four seconds
    ledger.kill()
    raw.behave = says(FINE)
    world({party("shop"): raw.url})
    assert raw.wait(4)
    until(lambda: metrics(ledger)["suyuan_webhooks_waiting"] == 0, "it is delivered")
    ledger.kill()
    world({party("shop"): raw.url})
    ledger.submit(key, recall("x", {"items": [lot("a")]}), notice([party("shop")], "x"))
    assert raw.wait(5)
    ids = [check(*one)["recall"]["id"] for one in raw.got]
    assert ids == ["urn:test:recall:r"] * 4 + ["urn:test:recall:x"]


# --- TLS ---------------------------------------------------------------------------------------

def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """An authority of its own, and certificates that it signed: of 127.0.0.1, and of another name."""
    folder = tmp_path_factory.mktemp("tls")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=test authority", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    for name, names in (("good", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example")):
        (folder / "ext").write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
        openssl("x509", "-req", "-days", "1", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey",
                folder / "ca.key", "-CAcreateserial", "-extfile", folder / "ext", "-out", folder / f"{name}.pem")
    return folder


def secure(papers, name, old=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / f"{name}.pem", papers / f"{name}.key")
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    raw = Raw(says(FINE), context=context)
    raw.url = raw.url.replace("http:", "https:")
    return raw


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_certificate_must_hold(world, papers):
    raws = {"good": secure(papers, "good"), "other": secure(papers, "other"), "old": secure(papers, "good", old=True)}
    plain = Raw(says(FINE))
    urls = {party(name): raw.url for name, raw in raws.items()} | {
        party("plain"): plain.url.replace("http:", "https:")}
    ledger, key, _ = world(urls, f"webhooks-authorities = {papers}/ca.pem\n")
    ledger.submit(key, notice(list(urls)))
    assert raws["good"].wait(1)
    until(lambda: metrics(ledger)["suyuan_webhooks_failed_total"] >= 6, "tried again")
    assert not raws["other"].got and not raws["old"].got and not plain.got
    assert metrics(ledger)["suyuan_webhooks_waiting"] == 3
    ledger.stop()
    log = ledger.log.read_text()
    assert "certificate" in log and SECRET not in log


def test_an_authority_that_nobody_named(world, papers):
    raw = secure(papers, "good")
    ledger, key, _ = world({party("shop"): raw.url})
    ledger.submit(key, notice([party("shop")]))
    until(lambda: metrics(ledger)["suyuan_webhooks_failed_total"] >= 2, "tried again")
    assert not raw.got and "certificate" in ledger.log.read_text()


# --- the file ----------------------------------------------------------------------------------

@pytest.mark.parametrize("way", ("start", "check"))
def test_every_fault_of_the_file_is_named(tmp_path, way):
    one = ledgers.Ledger(tmp_path / "ledger").init()
    path = tmp_path / "webhooks"
    good = "urn:x:good https://127.0.0.1/ 0123456789abcdef\n"
    path.write_bytes((good + "urn:x:a http://127.0.0.1/\n# a comment\n\nurn:x:b ftp://x/ secret\nno-uri http://x/ secret\n"
                      "urn:x:c http://x/ secret more\nurn:x:good http://x/ secret\nurn:x:d http:// secret\n"
                      "urn:x:e http://me:pass@x/ secret\n").encode() + b"urn:x:\xff http://x/ secret\nurn:x:f http://x\x01/ secret\n"
                     b"\xef\xbb\xbfurn:x:g http://x/ secret\n:h http://x/ secret\n1:i http://x/ secret\nurn:x:j\0 http://x/ secret\n"
                     b"urn: http://x/ secret\nurn:x:k\x02 http://x/ secret\nurn:x:l http://x\0@y/ secret\n")
    os.chmod(path, 0o600)
    if way == "start":
        with pytest.raises(RuntimeError):
            one.start(config=f"[recall]\nwebhooks = {path}\n")
        text = one.log.read_text()
    else:
        text = checked(one, f"webhooks = {path}", 2)
    lines = collections.Counter(int(n) for n in re.findall(r"webhooks:(\d+): ", text))
    assert set(lines) == {2, *range(5, 20)}, text
    assert "expected" in text and not re.search("secret |me:pass", text)
    one.remove()


def checked(ledger, lines, code):
    """What `suyuand -n` says of a configuration."""
    config = ledger.dir.parent / "checked.ini"
    config.write_text(f"[recall]\n{lines}\n")
    done = ledger.run("-n", "--config", config)
    assert done.returncode == code, done.stderr
    return done.stderr


def test_a_file_that_is_not_there_is_named_by_the_check(tmp_path):
    one = ledgers.Ledger(tmp_path / "ledger").init()
    path = tmp_path / "webhooks"
    said = checked(one, f"webhooks = {path}\nwebhooks-authorities = {path}.pem", 2)
    assert f"{path}: " in said and f"{path}.pem: " in said  # both at once
    path.write_text("urn:x:good https://127.0.0.1/ 0123456789abcdef\n")
    os.chmod(path, 0o640)
    assert "chmod 600" in checked(one, f"webhooks = {path}", 2)
    os.chmod(path, 0o600)
    assert checked(one, f"webhooks = {path}", 0) == ""
    one.remove()
