"""A ledger that lies, breaks off or answers nonsense: whoever asks is told so, and never a part for the whole."""
import json
import os
import pty
import re
import socketserver
import subprocess
import threading

import pytest

from cli import AWAY, DONE, FAIL, MILK, PROOF, Cli
from fake import Fake

LOT = f"(01){MILK}(10)A1"
ITEM = f"https://id.gs1.org/01/{MILK}/10/A1"
TYPES = {"ndjson": "application/x-ndjson", "json": "application/json", "csv": "text/csv; charset=utf-8",
         "dot": "text/vnd.graphviz; charset=utf-8"}


def answer(body, kind="json", status="200 OK", **headers):
    """A whole answer, byte by byte."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {TYPES.get(kind, kind)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Transfer_Encoding" not in headers and "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Liar(Fake):
    """SAYS {beginning of a path: the bytes of the answer}; the rest is as of an honest ledger."""

    def __init__(self):
        super().__init__()
        self.says = {}

    def __enter__(self):
        liar = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                path = self.rfile.readline().decode().split(" ")[1]
                while self.rfile.readline().strip():
                    pass
                for start, said in liar.says.items():
                    if path.startswith(start):
                        self.wfile.write(said)
                        return
                body = liar.answer(path)
                self.wfile.write(answer(body) if body is not None else answer("{}", status="404 Not Found"))

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self


@pytest.fixture
def liar():
    with Liar() as one:
        yield one


@pytest.fixture
def desk(liar, tmp_path):
    return Cli(tmp_path / "desk", liar.url, liar_key(tmp_path))


def liar_key(tmp_path):
    Cli(tmp_path / "desk")("key", "new", "it.key", "--party", "urn:x:desk")
    return tmp_path / "desk/it.key"


# --- streams -----------------------------------------------------------------------------------

LINE = json.dumps({"item": ITEM, "distance": 0, "from": None, "edge": None, "records": [7],
                   "holders": [{"party": "urn:x:shop", "onHand": "5", "unit": "KGM"}]}) + "\n"
END = {"end": True, "items": 1, "parties": 0, "places": 0, "batches": 1, "holders": 1, "asOf": 0, "cut": None,
       "consignees": [], "totals": {"parties": [{"party": "urn:x:shop"}], "regions": []}}


def end(**change):
    return json.dumps({**END, **change}) + "\n"


TRACE = [("trace", "forward", LOT, "--format", form) for form in ("tree", "table", "ndjson")]
AFFECTED = [("recall", "affected", LOT), ("recall", "affected", LOT, "--format", "ndjson"),
            ("recall", "affected", LOT, "--format", "html"), ("recall", "notify", "urn:x:r", "--dry-run")]
STREAMS = {"/v1/trace": TRACE, "/v1/affected": AFFECTED[:3], "/v1/recalls/urn%3Ax%3Ar/affected": AFFECTED[3:]}
WHOLE = LINE + end()
ONE_RECALL = answer(json.dumps({"id": "urn:x:r", "state": "open", "record": 7, "deadlines": [], "notices": []}))

BROKEN = {
    "no end": answer(LINE, "ndjson"),
    "nothing": answer("", "ndjson"),
    "cut in the middle of the last line": answer(WHOLE[:-30], "ndjson"),
    "cut before the last LF": answer(WHOLE[:-1], "ndjson"),
    "fewer lines than it says": answer(end(), "ndjson"),
    "more lines than it says": answer(LINE + LINE + end(), "ndjson"),
    "a count that is none": answer(LINE + end(items=-1), "ndjson"),
    "a count that is huge": answer(LINE + end(items=10 ** 40), "ndjson"),
    "an end that is none": answer(LINE + end(end=False), "ndjson"),
    "something behind the end": answer(WHOLE + LINE, "ndjson"),
    "cut, in the last line alone": answer(LINE + end(cut="size"), "ndjson"),
    "cut, in the headers alone": answer(WHOLE, "ndjson", Suyuan_Cut="size"),
    "cut by what nobody knows": answer(LINE + end(cut="mood"), "ndjson"),
    "cut by no text": answer(LINE + end(cut=1), "ndjson"),
    "a line that is no object": answer("[]\n" + end(), "ndjson"),
    "a line that is no JSON": answer("{]\n" + end(), "ndjson"),
    "deep": answer("[" * 100000 + "]" * 100000 + "\n" + end(), "ndjson"),
    "another content": answer("", "text/html"),
    "partial content": answer(WHOLE, "ndjson", status="206 Partial Content"),
    "no content": answer("", "ndjson", status="204 No Content"),
    "somewhere else": answer("", "ndjson", status="302 Found", Location="http://127.0.0.1:1/"),
    "a length that isn't reached": answer(WHOLE, "ndjson", Content_Length=10 ** 6),
    "no length, as with a connection that broke": answer(WHOLE, "ndjson", Transfer_Encoding="identity")
        .replace(b"Transfer-Encoding: identity\r\n", b""),
    "chunks that don't end": answer(b"%x\r\n%s\r\n" % (len(LINE), LINE.encode()), "ndjson", Transfer_Encoding="chunked"),
    "chunks that lie": answer(b"ffffff\r\n" + WHOLE.encode() + b"\r\n0\r\n\r\n", "ndjson", Transfer_Encoding="chunked"),
    "chunks that are none": answer(b"zz\r\n" + WHOLE.encode(), "ndjson", Transfer_Encoding="chunked"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_stream_that_is_not_whole_is_no_answer(liar, desk, name):
    liar.says["/v1/recalls/urn%3Ax%3Ar?"] = ONE_RECALL
    for path, commands in STREAMS.items():
        liar.says.update({path: BROKEN[name], "/v1/recalls/urn%3Ax%3Ar?": ONE_RECALL})
        for words in commands:
            told = desk(*words, expect=(FAIL, AWAY))
            assert told.err.strip(), words
            assert "</html>" not in told.out or 'class="cut"' in told.out


def test_a_stream_that_is_whole_is_one(liar, desk):
    liar.says["/v1/recalls/urn%3Ax%3Ar?"] = ONE_RECALL
    for path, commands in STREAMS.items():
        liar.says[path] = answer(WHOLE, "ndjson")
        for words in commands:
            desk(*words)


BYTES = {
    "json": ('{"items":[]}\n', ('{"items":[', '{"items":["]}', "", '{"items":[]}}', '{"items":[]}{}')),
    "csv": ("item,distance,from,edge,records\r\n", ("", "item,dist")),
    "dot": ("digraph trace {\n}\n", ("", "digraph trace {\n", "digraph trace {\n}")),
}


@pytest.mark.parametrize("form", BYTES)
def test_what_is_passed_on_is_whole(liar, desk, form):
    commands = [("trace", "back", LOT, "--format", form)]
    if form == "csv":
        commands += [("recall", "affected", LOT, "--format", form), ("trace", "common", LOT, "--format", form),
                     ("trace", "balance", LOT, "--format", form), ("quality", "--format", form)]
    if form == "json":
        commands += [("recall", "affected", LOT, "--json")]
    whole, broken = BYTES[form]
    for words in commands:
        for path in ("/v1/trace", "/v1/affected", "/v1/balance", "/v1/quality"):
            liar.says[path] = answer(whole, form)
        assert desk(*words).out == whole.replace("\r\n", "\n")
        for body in broken:
            for path in liar.says:
                liar.says[path] = answer(body, form)
            assert desk(*words, expect=FAIL).err.strip(), (words, body)


# --- documents ---------------------------------------------------------------------------------

ASKS = {
    "/v1/recalls": [("recall", "list"), ("recall", "list", "--json"), ("recall", "inbox")],
    "/v1/recalls/": [("recall", "show", "urn:x:r"), ("recall", "show", "urn:x:r", "--json"),
                     ("recall", "effectiveness", "urn:x:r"), ("recall", "effectiveness", "urn:x:r", "--json"),
                     ("recall", "notify", "urn:x:r"), ("export", "recall", "urn:x:r"),
                     ("export", "recall", "urn:x:r", "--format", "csv")],
    "/v1/trace/common": [("trace", "common", LOT), ("trace", "common", LOT, "--json")],
    "/v1/balance": [("trace", "balance", LOT), ("trace", "balance", LOT, "--json")],
    "/v1/verify": [("verify", LOT), ("verify", LOT, "--json")],
    "/v1/quality": [("quality",), ("quality", "--json")],
    "/v1/items": [("batch", "show", LOT), ("batch", "show", LOT, "--json")],
    "/v1/products": [("product", "show", MILK), ("product", "show", MILK, "--json")],
    "/v1/parties": [("party", "list"), ("party", "list", "--json")],
    "/v1/events": [("record", "find", "0" * 64)],
}
NONSENSE = ["{}", "[]", "null", "0", '""', "", "{", "[" * 100 + "]" * 100, "\x00", '{"status":"registered"}',
            json.dumps({name: {} for name in ("recalls", "rows", "lines", "history", "events", "parties", "products",
                                              "batches", "items", "notices", "deadlines")}),
            json.dumps({name: "x" for name in ("recalls", "rows", "lines", "history", "events", "parties", "products",
                                               "batches", "items", "notices", "deadlines", "status", "id", "code")})]


@pytest.mark.parametrize("path", ASKS)
def test_nonsense_is_no_answer(liar, desk, path):
    for body in NONSENSE:
        liar.says = {path: answer(body)}
        for words in ASKS[path]:
            assert desk(*words, expect=FAIL).err.strip(), (words, body)
    liar.says = {path: answer("{}", status="206 Partial Content")}
    for words in ASKS[path]:
        assert desk(*words, expect=FAIL).err.strip(), words


@pytest.mark.parametrize("next_", (["x"], {}, 7, True))
def test_a_list_that_goes_on_where_nobody_can_follow(liar, desk, next_):
    liar.says["/v1/recalls"] = answer(json.dumps({"recalls": [], "next": next_}))
    desk("recall", "list", expect=FAIL)


def test_a_list_without_end(liar, desk):
    liar.says["/v1/recalls"] = answer(json.dumps({"recalls": [], "next": "again"}))
    assert "goes on with itself" in desk("recall", "list", expect=FAIL).err


def test_more_roots_than_were_asked_for(liar, desk):
    lines = "".join(json.dumps({"item": f"urn:x:{i}", "distance": 0, "records": []}) + "\n" for i in range(9000))
    liar.says["/v1/trace"] = answer(lines + end(items=9000), "ndjson")
    assert "2000 of 9000" in desk("trace", "back", LOT, "--format", "tree").out


def test_a_cut_table_is_no_answer(liar, desk):
    rows = {"rows": [], "complaints": [], "total": 0, "cut": "size"}
    liar.says["/v1/trace/common"] = answer(json.dumps(rows))
    assert "not all" in desk("trace", "common", LOT, expect=FAIL).err
    liar.says["/v1/trace/common"] = answer("a\r\n", "csv", Suyuan_Cut="time")
    assert "not all" in desk("trace", "common", LOT, "--format", "csv", expect=FAIL).err


@pytest.mark.parametrize("recall, wrong", (
    ({"id": "urn:x:r", "partial": False}, True), ({"id": "urn:x:r", "partial": True}, True),
    ({"id": "urn:x:r", "partial": False, "names": "code"}, True), ({"id": "urn:x:r", "names": "product"}, False)))
def test_registered_and_recalled_at_once(liar, desk, recall, wrong):
    liar.says["/v1/verify"] = answer(json.dumps({"status": "unknown", "recalls": [recall], "records": []}))
    told = desk("verify", LOT, expect=FAIL if wrong else 4)
    assert ("contradicts itself" in told.err) == wrong


# --- what a terminal gets ----------------------------------------------------------------------

EVIL = "\x1b]0;pwned\x07\x1b[2J\r\n\u009b31m\u202e\u2066\x7f\b"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def evil_answers():
    """Whatever a command shows, hostile."""
    row = {"id": EVIL, "state": EVIL, "party": EVIL, "reason": EVIL, "level": EVIL, "step": EVIL, "rule": EVIL,
           "due": EVIL, "unit": EVIL, "item": EVIL, "distance": 1, "edge": EVIL, "from": None, "records": [EVIL],
           "code": EVIL, "kind": EVIL, "name": {"en": EVIL}, "flag": EVIL, "score": EVIL, "complaints": EVIL,
           "producer": EVIL, "category": EVIL, "inspected": EVIL, "place": EVIL, "region": EVIL, "record": EVIL,
           "product": {"code": EVIL, "name": EVIL}, "time": EVIL, "step_": EVIL, "told": EVIL, "measures": EVIL}
    rows = [{**row, "quantities": [row], "holders": [row], "explains": [row]}]
    every = {**row, "recalls": [{**row, "names": "product"}], "rows": rows, "lines": rows, "flags": rows, "history": rows,
             "holders": rows, "total": {**row, "quantities": [row]}, "targets": [{"year": EVIL, "percent": EVIL}],
             "deadlines": rows, "notices": rows, "parties": rows, "regions": rows, "products": rows, "cut": None,
             "recall": {"scope": {EVIL: EVIL}}, "batches": rows, "items": rows, "next": None, "events": [],
             "searched": EVIL, "asOf": {"entry": EVIL, "time": EVIL}}
    line = json.dumps(rows[0], ensure_ascii=False) + "\n"
    last = end(totals={"parties": rows, "regions": rows}, consignees=[EVIL], asOf=EVIL)
    said = {path: answer(json.dumps(every, ensure_ascii=False)) for path in
            ("/v1/recalls", "/v1/balance", "/v1/quality", "/v1/items", "/v1/products", "/v1/events")}
    said["/v1/verify"] = answer(json.dumps({**every, "status": "unknown"}, ensure_ascii=False))
    said["/v1/trace/common"] = answer(json.dumps({**every, "total": 1, "complaints": [row]}, ensure_ascii=False))
    said["/v1/trace"] = said["/v1/affected"] = answer(line + last, "ndjson")
    return said


def on_a_terminal(desk, words):
    """Exit code, and what came on a terminal that is both streams."""
    here, there = pty.openpty()
    run = subprocess.Popen(desk.command(*words), cwd=desk.dir, env=desk.env(), stdin=there, stdout=there, stderr=there)
    os.close(there)
    got = b""
    while True:
        try:
            piece = os.read(here, 65536)
        except OSError:
            break
        if not piece:
            break
        got += piece
    os.close(here)
    return run.wait(60), got.decode(errors="replace").replace("\r\r", "\r").replace("\r\n", "\n")


SHOWN = [words for commands in ASKS.values() for words in commands] + TRACE + AFFECTED[:2] + [
    ("trace", "forward", LOT), ("trace", "forward", LOT, "--json"), ("recall", "affected", LOT, "--json")]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_nothing_moves_the_cursor(liar, desk, words):
    liar.says = dict(sorted(evil_answers().items(), key=lambda one: -len(one[0])))
    for change in ("as it is", "refused"):
        _, told = on_a_terminal(desk, words)
        assert not UNSAFE.search(told), (change, told[:3000])
        assert len(told.splitlines()) < 400
        problem = json.dumps({"title": EVIL, "detail": EVIL}, ensure_ascii=False)
        liar.says = {path: answer(problem, "application/problem+json", "422 " + "x") for path in liar.says}


def test_what_is_passed_on_to_a_terminal(liar, desk):
    for form, body in (("json", '{"items":["%s"]}\n'), ("csv", "%s\r\n"), ("dot", "digraph trace {\n%s}\n")):
        body %= EVIL.replace("\r\n", "")
        liar.says["/v1/trace"] = answer(body, form)
        code, told = on_a_terminal(desk, ("trace", "back", LOT, "--format", form))
        assert code == DONE and not UNSAFE.search(told), told
        assert desk("trace", "back", LOT, "--format", form).out == body.replace("\r\n", "\n")  # a pipe gets every byte


# --- drawings ----------------------------------------------------------------------------------

HEAD = "digraph trace {\n\trankdir=LR;\n\tnode [shape=box];\n"


@pytest.mark.parametrize("line", (
    '\t"a" [label="a", URL="javascript:alert(1)"];', '\t"a" [image="/etc/passwd"];', "\t\"a\" [label=<<b>a</b>>];",
    '\t"a" [label="a"]; "b" [URL="x"];', '\t"a\\" [label="a"];', "}\ndigraph more {", '\tgraph [shapepath="/"];', "/*"))
def test_a_drawing_has_what_a_trace_has(liar, desk, line):
    liar.says["/v1/trace"] = answer(HEAD + line + "\n}\n", "dot")
    told = desk("trace", "back", LOT, "--svg", "out.svg", expect=FAIL)
    assert "no line of a drawing" in told.err and not (desk.dir / "out.svg").exists()


def test_the_ledgers_key_is_asked_first(liar, desk):
    desk("trace", "back", LOT, expect=(4, FAIL))
    liar.log = liar.operator
    liar.says["/v1/trace"] = answer(WHOLE, "ndjson")
    desk("trace", "back", LOT, expect=PROOF)
