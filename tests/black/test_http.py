"""The HTTP face from outside: bad, slow, greedy and silent peers get their answer or their end."""
import json
import random
import re
import threading

import pytest

from ledger import SLOW, batch, compact, submission
from wire import GET, Peer, ask, metric, nothing_left_behind, problem, serving, until


@pytest.fixture(scope="module")
def world(shared_ledger):
    key, gtin = shared_ledger.dairy()
    shared_ledger.submit(key, batch(gtin, "L1"))
    shared_ledger.settle()
    with nothing_left_behind(shared_ledger):
        yield shared_ledger, key, gtin


def post(*headers, body=b"", version=b"HTTP/1.1"):
    return (b"POST /v1/submissions " + version + b"\r\nHost: x\r\n" +
            b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body)


def get(path="/healthz", *headers, method=b"GET", version=b"HTTP/1.1", host=b"Host: x\r\n"):
    return (method + b" " + path.encode() + b" " + version + b"\r\n" + host +
            b"".join(h + b"\r\n" for h in headers) + b"\r\n")


def chunked(*chunks):
    return post(b"Transfer-Encoding: chunked", body=b"".join(chunks))


# --- refused, and whatever stands behind it is never acted upon ----------------------------------

REFUSED = [
    ("LF alone", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    ("LF alone after a field", b"GET /healthz HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
    ("LF alone at the end", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n", 400),
    ("CR alone in a value", get("/healthz", b"X: a\rb"), 400),
    ("CR alone in the request line", b"GET /healthz\r HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("CR CR LF", b"GET /healthz HTTP/1.1\r\nHost: x\r\r\n\r\n", 400),
    ("NUL in a value", get("/healthz", b"X: a\0b"), 400),
    ("NUL in a name", get("/healthz", b"X\0: a"), 400),
    ("NUL in the target", b"GET /health\0z HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a folded field", get("/healthz", b"X: a", b" b"), 400),
    ("a field folded by a tab", get("/healthz", b"X: a", b"\tb"), 400),
    ("a space before the first field", b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    ("a space before the colon", get("/healthz", b"X : a"), 400),
    ("a length with a space before the colon", post(b"Content-Length : 5", body=b"hello"), 400),
    ("no name", get("/healthz", b": a"), 400),
    ("no colon", get("/healthz", b"hello"), 400),
    ("a name that isn't ASCII", get("/healthz", b"X\xff: a"), 400),
    ("two spaces", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a tab in the request line", b"GET\t/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a space at its end", b"GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
    ("a space before it", b" GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("no version", b"GET /healthz\r\nHost: x\r\n\r\n", 400),
    ("two empty lines first", b"\r\n\r\n" + GET, 400),
    ("HTTP/2.0", get(version=b"HTTP/2.0"), 505),
    ("HTTP/0.9", get(version=b"HTTP/0.9"), 505),
    ("HTTP/1", get(version=b"HTTP/1"), 400),
    ("HTTP/11", get(version=b"HTTP/1.10"), 400),
    ("http/1.1", get(version=b"http/1.1"), 400),
    ("ICY/1.1", get(version=b"ICYY/1.1"), 400),
    ("HTTP/2's own opening", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n" * 3, 400),
    ("a method in small letters", get(method=b"get"), 501),
    ("an unknown method", get(method=b"BREW"), 501),
    ("TRACE", get(method=b"TRACE"), 501),
    ("CONNECT", b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ("a method with a slash", get(method=b"GET/"), 400),
    ("no Host", get(host=b""), 400),
    ("two Hosts", get("/healthz", b"Host: x"), 400),
    ("two other Hosts", get("/healthz", b"host: y"), 400),
    ("a Host with a path", get(host=b"Host: x/y\r\n"), 400),
    ("a Host with a user", get(host=b"Host: a@b\r\n"), 400),
    ("an asterisk", get("*"), 400),
    ("an authority", get("x:80"), 400),
    ("another scheme", get("ftp://x/healthz"), 400),
    ("no authority", get("http:///healthz"), 400),
    ("a user in the authority", get("http://a@b/healthz"), 400),
    ("a fragment", get("/healthz#top"), 400),
    ("a target of bytes", b"GET /\xe6\xba\xaf HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("an expectation", post(b"Expect: 200-ok", b"Content-Length: 5", body=b"hello"), 417),
    ("two lengths, the same", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), 400),
    ("two lengths", post(b"Content-Length: 5", b"content-length: 0", body=b"hello"), 400),
    ("a list of lengths", post(b"Content-Length: 5, 5", body=b"hello"), 400),
    ("a length with a sign", post(b"Content-Length: +5", body=b"hello"), 400),
    ("a negative length", post(b"Content-Length: -1", body=b"hello"), 400),
    ("a hexadecimal length", post(b"Content-Length: 0x5", body=b"hello"), 400),
    ("a length with a space", post(b"Content-Length: 1 0", body=b"hello"), 400),
    ("an empty length", post(b"Content-Length:", body=b"hello"), 400),
    ("a length in Arabic digits", post("Content-Length: ٥".encode(), body=b"hello"), 400),
    ("a length of 64 bits and one", post(b"Content-Length: 18446744073709551621", body=b"hello"), 413),
    ("a length of 63 bits", post(b"Content-Length: 9223372036854775807", body=b"hello"), 413),
    ("a length over the limit", post(b"Content-Length: 16781313", body=b"hello"), 413),
    ("length and chunks", post(b"Content-Length: 5", b"Transfer-Encoding: chunked",
                               body=b"0\r\n\r\n"), 400),
    ("chunks and length", post(b"Transfer-Encoding: chunked", b"Content-Length: 5",
                               body=b"0\r\n\r\n"), 400),
    ("gzip", post(b"Transfer-Encoding: gzip", body=b"x"), 501),
    ("gzip, chunked", post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    ("chunked twice", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 501),
    ("two codings", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
                         body=b"0\r\n\r\n"), 400),
    ("identity", post(b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), 501),
    ("xchunked", post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 501),
    ("chunked and a vertical tab", post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400),
    ("an empty coding", post(b"Transfer-Encoding:", body=b"0\r\n\r\n"), 400),
    ("chunks in HTTP/1.0", post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n",
                                version=b"HTTP/1.0"), 400),
    ("two types", post(b"Content-Type: a/b", b"Content-Type: a/b", b"Content-Length: 0"), 400),
    ("no chunk size", chunked(b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size of letters", chunked(b"five\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size with 0x", chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a negative chunk size", chunked(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size after a space", chunked(b" 5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size of 64 bits and more", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk over the limit", chunked(b"fffffff\r\nhello\r\n0\r\n\r\n"), 413),
    ("chunks that add up past it", chunked(b"5\r\nhello\r\nfffffe\r\nhello\r\n0\r\n\r\n"
                                           .replace(b"fffffe", b"1001000")), 413),
    ("a chunk's line without end", chunked(b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk's line with LF alone", chunked(b"5\nhello\r\n0\r\n\r\n"), 400),
    ("a control byte in an extension", chunked(b"5;a\x01\r\nhello\r\n0\r\n\r\n"), 400),
    ("something else than an extension", chunked(b"5 a\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk longer than its size", chunked(b"4\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk without CRLF", chunked(b"5\r\nhello0\r\n\r\n"), 400),
    ("a bad trailer", chunked(b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"), 400),
    ("a folded trailer", chunked(b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"), 400),
    ("65 trailers", chunked(b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 65 + b"\r\n"), 431),
    ("a body where none is taken", get("/healthz", b"Content-Length: 5") + b"hello", 413),
    ("a chunk where none is taken", get("/healthz", b"Transfer-Encoding: chunked") +
     b"5\r\nhello\r\n0\r\n\r\n", 413),
    ("65 fields", get("/healthz", *[b"X: y"] * 64), 431),
    ("10,000 fields", get("/healthz", *[b"X: y"] * 10000), 431),
    ("a field of 16 KiB", get("/healthz", b"X: " + b"y" * 16384), 431),
    ("a field of 1 MiB", get("/healthz", b"X: " + b"y" * (1 << 20)), 431),
    ("a name of 16 KiB", get("/healthz", b"X" * 16384 + b": y"), 431),
    ("a target of 9 KiB", get("/" + "y" * 9216), 414),
    ("a target without end", b"GET /" + b"y" * (1 << 20), 414),
    ("a body for an unknown path", b"POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
     404),
    ("a body for a path without POST", b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
     b"hello", 405),
]


@pytest.mark.parametrize("name,data,status", REFUSED, ids=[r[0] for r in REFUSED])
def test_refused(world, name, data, status):
    """The request, a submission and a question behind it: one answer, and the end."""
    ledger, key, gtin = world
    before = ledger.get("/v1/ledger").json["entries"]
    body = submission(key, [compact(batch(gtin, "smuggled"))])
    behind = post(b"Content-Length: %d" % len(body), body=body) + GET
    with Peer(ledger) as peer:
        answer = peer.send(data + behind).answer()
        problem(answer, status)
        assert answer.headers["Connection"] == "close"
        assert peer.closed()
    assert ledger.get("/v1/ledger").json["entries"] == before


def test_refused_byte_by_byte(world):
    """However the bytes are cut, the answer is the same."""
    ledger, _, _ = world
    for name, data, status in REFUSED:
        if len(data) > 600:
            continue
        with Peer(ledger) as peer:
            for i in range(len(data)):
                peer.send(data[i:i + 1])
            assert peer.answer().status == status, name


# --- legal, if unusual -----------------------------------------------------------------------------

LEGAL = [
    ("plain", get()),
    ("one empty line first", b"\r\n" + GET),
    ("an empty Host", get(host=b"Host:\r\n")),
    ("a Host with a port", get(host=b"hOST: [::1]:80\r\n")),
    ("absolute form", get("http://other:80/healthz")),
    ("absolute form in capitals", get("HTTP://x/healthz")),
    ("a query nobody asked for", get("/healthz?a=b&&=&%zz")),
    ("no space after the colon", get("/healthz", b"X:y")),
    ("space around a value", get("/healthz", b"X: \t y \t ")),
    ("bytes in a value", get("/healthz", b"X: \xe6\xba\xaf\xff")),
    ("an empty value", get("/healthz", b"X:")),
    ("63 fields", get("/healthz", *[b"X: y"] * 63)),
    ("a field of 15 KiB", get("/healthz", b"X: " + b"y" * 15360)),
    ("a length of zero", get("/healthz", b"Content-Length: 0")),
    ("chunks of nothing", get("/healthz", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    ("HTTP/1.1 to come", get(version=b"HTTP/1.7")),
    ("keep-alive", get("/healthz", b"Connection: keep-alive")),
]


@pytest.mark.parametrize("name,data", LEGAL, ids=[r[0] for r in LEGAL])
def test_legal(world, name, data):
    """Answered, and the connection stays good for another."""
    with Peer(world[0]) as peer:
        for cut in (len(data), 1):
            for i in range(0, len(data), cut):
                peer.send(data[i:i + cut])
            answer = peer.answer()
            assert (answer.status, answer.body) == (200, b"ok\n")
            assert "Connection" not in answer.headers


@pytest.mark.parametrize("headers,version,stays", [
    ((), b"HTTP/1.1", True), ((b"Connection: close",), b"HTTP/1.1", False),
    ((b"Connection: x, Close",), b"HTTP/1.1", False), ((), b"HTTP/1.0", False),
    ((b"Connection: Keep-Alive",), b"HTTP/1.0", True),
    ((b"Connection: keep-alive, close",), b"HTTP/1.0", False)])
def test_who_closes(world, headers, version, stays):
    with Peer(world[0]) as peer:
        answer = peer.send(get("/healthz", *headers, version=version)).answer()
        assert answer.body == b"ok\n"
        if stays:
            assert peer.send(GET).answer().body == b"ok\n"
        else:
            assert answer.headers["Connection"] == "close" and peer.closed()


def test_http_1_0_needs_no_host(world):
    assert ask(world[0], b"GET /healthz HTTP/1.0\r\n\r\n").body == b"ok\n"


def test_a_half_closed_peer_gets_its_answers(world):
    with Peer(world[0]) as peer:
        peer.send(GET * 3).finish()
        assert [peer.answer().status for _ in range(3)] == [200] * 3
        assert peer.closed()
    with Peer(world[0]) as peer:
        assert peer.send(GET + GET[:-5]).finish().answer().status == 200
        assert peer.closed()
    with Peer(world[0]) as peer:
        assert peer.finish().closed()


def test_head_is_get_without_its_body(world):
    ledger, _, gtin = world
    for path in ("/healthz", "/v1/ledger", "/checkpoint", "/v1/records/0", f"/v1/verify?code={gtin}",
                 "/nothing", "/v1/records/999999", "/metrics"):
        with Peer(ledger) as peer:
            whole = peer.send(get(path)).answer()
            head = peer.send(get(path, method=b"HEAD")).answer(head=True)
            assert head.status == whole.status and head.body == b""
            assert head.headers["Content-Type"] == whole.headers["Content-Type"]
            if path != "/metrics":
                assert head.headers["Content-Length"] == whole.headers["Content-Length"]
            assert peer.send(GET).answer().body == b"ok\n"


def test_404_and_405_keep_the_connection(world):
    with Peer(world[0]) as peer:
        for path in ("/", "/nothing", "/v1", "/v1/", "/v1/ledger/", "//v1/ledger", "/V1/ledger",
                     "/v1/ledger/x", "/v1/records/", "/v1/records//receipt", "/v1/records/0/",
                     "/healthz/..", "/v1/%6cedger", "/v1/../healthz"):
            problem(peer.send(get(path)).answer(), 404)
        for method, path, allow in ((b"POST", "/v1/ledger", "GET, HEAD"),
                                    (b"DELETE", "/v1/records/0", "GET, HEAD"),
                                    (b"PUT", "/v1/submissions", "POST"),
                                    (b"GET", "/v1/submissions", "POST")):
            answer = peer.send(get(path, method=method)).answer()
            problem(answer, 405)
            assert answer.headers["Allow"] == allow
        answer = peer.send(get("/v1/submissions", method=b"HEAD")).answer(head=True)
        assert answer.status == 405


@pytest.mark.parametrize("length", [b"Content-Length: 0", b"X: no length"])
def test_a_post_without_a_body(world, length):
    with Peer(world[0]) as peer:
        told = problem_with_errors(peer.send(post(length)).answer())
        assert told["errors"][0]["detail"]
        assert peer.send(GET).answer().body == b"ok\n"


def problem_with_errors(answer, status=400):
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = json.loads(answer.body)
    assert told["status"] == status and told["type"] and told["title"] and told["errors"]
    return told


def test_another_type_of_body(world):
    answer = ask(world[0], post(b"Content-Type: text/html", b"Content-Length: 2", body=b"{}"))
    problem(answer, 415)
    told = ask(world[0], post(b"Content-Type: application/x-ndjson; charset=utf-8",
                              b"Content-Length: 2", body=b"{}"))
    problem_with_errors(told)


def pieces(body, sizes):
    at = 0
    while at < len(body):
        n = sizes[at % len(sizes)]
        yield body[at:at + n]
        at += n


CHUNKINGS = [
    ("one chunk", lambda b: b"%x\r\n%s\r\n0\r\n\r\n" % (len(b), b)),
    ("capitals and zeros", lambda b: b"0000000%X\r\n%s\r\n000\r\n\r\n" % (len(b), b)),
    ("an extension", lambda b: b'%x ; a="b"\r\n%s\r\n0;x\r\n\r\n' % (len(b), b)),
    ("trailers", lambda b: b"%x\r\n%s\r\n0\r\nContent-Length: 5\r\nX: y\r\n\r\n" % (len(b), b)),
    ("a byte a chunk", lambda b: b"".join(b"1\r\n%c\r\n" % c for c in b) + b"0\r\n\r\n"),
    ("odd chunks", lambda b: b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces(b, (7, 1, 80)))
     + b"0\r\n\r\n"),
]


@pytest.mark.parametrize("name,make", CHUNKINGS, ids=[c[0] for c in CHUNKINGS])
def test_chunked_submissions(world, name, make):
    ledger, key, gtin = world
    for how in ("at once", "byte by byte"):
        body = submission(key, [compact(batch(gtin, "C1", event_id=f"urn:x:{name}:{how}"
                                              .replace(" ", "-")))])
        data = chunked(make(body))
        with Peer(ledger) as peer:
            if how == "at once":
                peer.send(data)
            else:
                for i in range(len(data)):
                    peer.send(data[i:i + 1])
            answer = peer.answer()
            assert answer.status == 201, answer.body
            assert peer.send(GET).answer().body == b"ok\n"


def test_answers_come_in_the_order_of_the_questions(world):
    """Questions are answered at once, submissions when they are on disk."""
    ledger, key, gtin = world
    data, expect = b"", []
    for i in range(40):
        body = submission(key, [compact(batch(gtin, f"P{i}"))])
        data += post(b"Content-Length: %d" % len(body), body=body)
        expect.append(201)
        data += get(f"/v1/records/{i % 3}")
        expect.append(ledger.get(f"/v1/records/{i % 3}").body)
        data += get("/nothing")
        expect.append(404)
        data += post(b"Content-Length: 1", body=b"x")
        expect.append(400)
    entries = []
    with Peer(ledger) as peer:
        sender = threading.Thread(target=peer.send, args=(data,))
        sender.start()
        for want in expect:
            answer = peer.answer()
            if isinstance(want, bytes):
                assert answer.status == 200 and answer.body == want
            else:
                assert answer.status == want, answer.body
            if want == 201:
                entries.append(answer.json["entry"])
        sender.join()
    assert len(set(entries)) == 40


def test_expect_100_continue(world):
    ledger, key, gtin = world
    body = submission(key, [compact(batch(gtin, "X1"))])
    with Peer(ledger) as peer:
        peer.send(post(b"Expect: 100-continue", b"Content-Length: %d" % len(body)))
        assert peer.answer().status == 100
        assert peer.send(body).answer().status == 201
        # Refused by its head alone: nobody is asked to send it.
        peer.send(post(b"Expect: 100-continue", b"Content-Length: 999999999"))
        problem(peer.answer(), 413)
        assert peer.closed()
    with Peer(ledger) as peer:  # who doesn't wait isn't told to
        peer.send(post(b"Expect: 100-continue", b"Content-Length: %d" % len(body), body=body))
        assert peer.answer().status == 200


def test_admin_is_answered_over_the_unix_socket_alone(world):
    ledger, _, _ = world
    problem(ask(ledger, get("/v1/admin/status")), 403)
    problem(ask(ledger, get("/v1/admin/status", b"X-Forwarded-For: 127.0.0.1")), 403)
    answer = ask(ledger, get("/v1/admin/status"), local=True)
    assert answer.status == 200
    status = answer.json
    assert status["pid"] == ledger.process.pid and status["ready"] is True
    assert status["origin"] == ledger.origin and status["entries"] > 0
    assert ask(ledger, get("/v1/ledger"), local=True).status == 200


@pytest.mark.parametrize("path,status", [
    ("/v1/verify?code=%", 400), ("/v1/verify?code=%0", 400), ("/v1/verify?code=%zz", 400),
    ("/v1/verify?code=%00", 400), ("/v1/verify?code=%ff%fe", 400), ("/v1/verify?code=%c0%af", 400),
    ("/v1/verify?code=%ed%a0%80", 400), ("/v1/verify?code=a%0ab", 400), ("/v1/verify", 400),
    ("/v1/verify?code=", 400), ("/v1/verify?code", 400), ("/v1/verify?Code=x", 400),
    ("/v1/items?code=%ff", 400), ("/v1/items?product=%ff", 400), ("/v1/items", 400),
    ("/v1/parties?id=%ff", 400), ("/v1/parties?after=%", 400), ("/v1/parties?limit=%", 400),
    ("/v1/parties?limit=0", 400), ("/v1/parties?limit=1001", 400), ("/v1/parties?limit=", 400),
    ("/v1/parties?limit=1x", 400), ("/v1/parties?limit=-1", 400), ("/v1/parties?limit=1e2", 400),
    ("/v1/parties?limit=99999999999999999999999", 400), ("/v1/products?code=%ff", 400),
    ("/v1/products?code=(01)1", 400), ("/v1/parties?limit=%ff", 400),
    ("/v1/parties?limit=" + "%E6%BA%90" * 30, 400), ("/v1/parties?limit=%0d%0aX:%20y", 400),
    ("/v1/records/%zz", 400), ("/v1/records/0%00", 400), ("/v1/records/%30", 200),
    ("/v1/records/-1", 404), ("/v1/records/x", 404), ("/v1/records/00", 404), ("/v1/records/+0", 404),
    ("/v1/records/0x0", 404), ("/v1/records/99999999999999999999", 404),
    ("/v1/records/18446744073709551615", 404), ("/v1/entries/18446744073709551615", 404),
    ("/v1/records/18446744073709551615/receipt", 404), ("/v1/records/0/receipt?party=2", 400),
    ("/v1/entries/1%2f0", 404), ("/v1/entries/", 404), ("/v1/consistency", 400),
    ("/v1/consistency?from=x", 400), ("/v1/consistency?from=3&to=2", 400),
    ("/v1/consistency?from=0&to=18446744073709551615", 400), ("/v1/consistency?from=1&to=1", 200),
    ("/tile/0/%30%30%30", 404), ("/tile/%zz", 400), ("/tile/0/000/%00", 400),
    ("/v1/ledger?at=99999999", 200), ("/v1/parties?at=99999999", 404), ("/v1/parties?at=x", 400),
    ("/v1/parties?at=", 400), ("/v1/parties?at=18446744073709551615", 400),
    ("/v1/parties?at=18446744073709551614", 404), ("/v1/parties?at=0", 200),
    ("/v1/rules?record=x", 400), ("/v1/rules?record=99999999", 404), ("/v1/rules?entry=99999999", 404),
    ("/v1/rules?record=18446744073709551615", 400), ("/v1/rules?time=soon", 400), ("/v1/rules?time=%ff", 400),
    ("/v1/rules?record=0&entry=0", 400), ("/v1/rules?record=0&time=2026-11-01T00:00:00Z", 400),
    ("/v1/rules?versions=true", 400), ("/v1/rules?name=limits&versions=1", 400),
    ("/v1/rules?name=limits&versions=true&after=x", 400), ("/v1/rules?name=limits&versions=true", 200),
    ("/v1/rules?name=none&versions=true", 404), ("/v1/rules?name=limits&record=0", 404),
    ("/v1/verify?code=(01)06901234567892&at=99999999", 404)])
def test_paths_and_queries(world, path, status):
    answer = ask(world[0], get(path))
    assert answer.status == status, answer.body
    if status >= 400:
        told = json.loads(answer.body)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert told["status"] == status and told["type"] and told["title"] and told["detail"]


def test_what_was_just_written_is_there_at_its_entry(world):
    ledger, key, gtin = world
    connection = ledger.connect()
    for i in range(8):
        entry = ledger.submit(key, batch(gtin, f"N{i}"), connection=connection)["entry"]
        answer = ledger.get(f"/v1/verify?code=(01){gtin}(10)N{i}&at={entry}", connection=connection)
        assert answer.json["status"] == "registered" and answer.json["asOf"]["entry"] >= entry
    connection.close()


def test_mutated_requests(world):
    """Whatever comes: an answer of HTTP or the end, never a crash; the seed is fixed."""
    ledger, _, _ = world
    chance = random.Random(7)
    seeds = [data for _, data in LEGAL] + [data for _, data, _ in REFUSED if len(data) < 600]
    for _ in range(400):
        data = bytearray(b"".join(chance.choices(seeds, k=2)))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            change = chance.randrange(4)
            if change == 0:
                data[at] = chance.randrange(256)
            elif change == 1:
                del data[at:at + chance.randrange(1, 9)]
            elif change == 2:
                data[at:at] = bytes(chance.choices(b"\r\n :%0\0", k=chance.randrange(1, 5)))
            else:
                data[at:at] = data[at:at + chance.randrange(60)]
        with Peer(ledger) as peer:
            peer.send(bytes(data)).finish()
            while peer.more():
                pass
            assert peer.seen == b"" or re.match(rb"HTTP/1\.1 [1-5]\d\d ", peer.seen), bytes(data)
            assert len(peer.seen) < 1 << 20


# --- slow, silent, greedy ----------------------------------------------------------------------------

HASTY = f"""
[http]
header-timeout = {300 * SLOW}ms
request-timeout = {600 * SLOW}ms
idle-timeout = {300 * SLOW}ms
write-timeout = {300 * SLOW}ms
"""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("hasty"), HASTY) as ledger, nothing_left_behind(ledger):
        yield ledger


def drip(peer, data):
    """A byte now and then, until the daemon has had enough."""
    for i in range(len(data)):
        peer.send(data[i:i + 1])
        if peer.heard(0.05):
            return peer.answer()
    raise AssertionError("the daemon has all the time in the world")


def test_headers_that_stop(hasty):
    with Peer(hasty) as peer:
        problem(peer.send(GET[:-4]).answer(), 408)
        assert peer.closed()


def test_headers_that_drip(hasty):
    with Peer(hasty) as peer:
        problem(drip(peer, b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 10000), 408)
        assert peer.closed()


def test_a_body_that_stops(hasty):
    with Peer(hasty) as peer:
        problem(peer.send(post(b"Content-Length: 1000", body=b"x")).answer(), 408)
        assert peer.closed()


@pytest.mark.parametrize("start", [post(b"Content-Length: 100000"),
                                   post(b"Transfer-Encoding: chunked", body=b"fffff\r\n"),
                                   post(b"Transfer-Encoding: chunked", body=b"0\r\nX: ")])
def test_a_body_that_drips(hasty, start):
    with Peer(hasty) as peer:
        problem(drip(peer.send(start), b"x" * 10000), 408)
        assert peer.closed()


def test_a_peer_that_says_nothing(hasty):
    with Peer(hasty) as peer:
        assert peer.closed()
    with Peer(hasty) as peer:
        assert peer.send(GET).answer().status == 200
        assert peer.closed()
    with Peer(hasty) as peer:
        assert peer.send(b"\r\n").closed() or True  # an empty line alone is no request


def test_a_refused_peer_that_goes_on_talking(hasty):
    with Peer(hasty) as peer:
        peer.send(b"NONSENSE\r\n\r\n")
        problem(peer.answer(), 400)
        while peer.seen == b"" and not peer.heard(0):
            peer.send(b"x" * 1000)
        assert peer.closed()


def test_a_peer_that_never_reads(hasty):
    late = metric(hasty, "suyuan_http_timeouts_total")
    with Peer(hasty, window=4096) as peer:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while True:
                peer.sock.sendall(get("/v1/rules") * 100)
    until(lambda: metric(hasty, "suyuan_http_timeouts_total") > late)


def test_many_idle_connections(ledger):
    """Silent ones and half said ones; an honest verify is answered beside them."""
    key, gtin = ledger.dairy()
    ledger.submit(key, batch(gtin, "L1"))
    ledger.settle()
    with nothing_left_behind(ledger):
        idle = [Peer(ledger) for _ in range(300)]
        for i, peer in enumerate(idle):
            peer.send((b"", GET[:9], post(b"Content-Length: 100", body=b"x"))[i % 3])
        for _ in range(50):
            answer = ledger.get(f"/v1/verify?code=(01){gtin}(10)L1")
            assert answer.json["status"] == "registered"
        ledger.submit(key, batch(gtin, "L2"))
        until(lambda: metric(ledger, "suyuan_http_connections") > 300)
        for peer in idle:
            peer.sock.close()


def test_the_budget_of_bodies(tmp_path):
    """Large uploads that stall: the next large one is told to wait, small ones pass."""
    with serving(tmp_path, "[http]\nbody-budget = 17M\n") as ledger, nothing_left_behind(ledger):
        key, gtin = ledger.dairy()
        large = post(b"Content-Length: 16777216", body=b"{" * 1000)
        with Peer(ledger) as holder:
            holder.send(large)
            until(lambda: metric(ledger, "suyuan_http_body_bytes") >= 16777216)
            for kind in (large, chunked(b"fffff0\r\n", b"x" * 1000)):
                for _ in range(20):
                    holder.send(b"{" * 65536)  # who stood still would be cut off
                    answer = ask(ledger, kind)
                    problem(answer, 503)
                    assert int(answer.headers["Retry-After"]) >= 1
            for i in range(20):
                ledger.submit(key, batch(gtin, f"S{i}"))
            assert ledger.get("/healthz").status == 200
        until(lambda: metric(ledger, "suyuan_http_body_bytes") == 0)
        with Peer(ledger) as next_one:
            next_one.send(large)
            until(lambda: metric(ledger, "suyuan_http_body_bytes") >= 16777216)


def test_resets_in_the_middle(world):
    """Connections cut while they ask, while they wait and while they are answered."""
    import socket
    import struct
    ledger, key, gtin = world
    chance = random.Random(11)
    for i in range(150):
        body = submission(key, [compact(batch(gtin, f"Z{i % 5}"))])
        data = (get("/v1/rules") * 20, post(b"Content-Length: %d" % len(body), body=body) * 3,
                post(b"Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n" % (len(body), body)))[i % 3]
        with Peer(ledger) as peer:
            peer.send(data[:chance.randrange(1, len(data) + 1)])
            if i % 2:
                peer.heard(0.002)
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ledger.get("/healthz").body == b"ok\n"
