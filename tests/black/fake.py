"""A ledger that is made up: entries and records as a test wants them, served as a daemon would.

Nothing here judges what it is given, so it can hold what no honest ledger would accept.
"""
import http.server
import threading
import time
import urllib.parse

import verifier
from ledger import Key, b64, compact

ORIGIN = "example.com/made-up"


class Fake:
    def __init__(self):
        self.log, self.operator = Key(ORIGIN), Key("urn:operator")
        self.entries, self.records, self.before = [], [], None
        self.gone, self.pages = {}, {}  # record: what erased it; path: the answer to give instead
        self.now = int(time.time() * 1000)
        self.submit(self.operator, {
            "type": "Ledger", "origin": ORIGIN, "logKey": self.log.vkey, "operator": {
                "id": "urn:operator", "key": self.enrolled(self.operator, "urn:operator")}})

    @staticmethod
    def enrolled(key, party, **more):
        return {"vkey": key.vkey, "proof": key.proof(party, ORIGIN), **more}

    # --- making

    def put(self, kind, count, deadline, root, author, sign):
        """One entry; SIGN gets its index and gives the signature."""
        index = len(self.entries)
        raw = (b"SYE1" + bytes([kind, 1, 0, 0]) + index.to_bytes(8, "big") +
               (len(self.records) - count).to_bytes(8, "big") + count.to_bytes(4, "big") +
               deadline.to_bytes(4, "big") + self.now.to_bytes(8, "big") +
               (verifier.leaf_hash(self.entries[-1]) if index else bytes(32)) + root + author)
        self.entries.append(raw + sign(index))

    def submit(self, key, *records):
        leaves = []
        for record in records:
            text = record if isinstance(record, str) else compact(record)
            salt = verifier.sha(len(self.records).to_bytes(8, "big"))[:16]
            leaves.append(verifier.sha(b"\0", salt, text.encode()))
            self.records.append((salt, text, leaves[-1]))
        root, deadline = verifier.root_of(leaves), self.now // 1000 + 600
        statement = f"suyuan/submission/v1\n{ORIGIN}\n{len(records)}\n{b64(root)}\n{deadline}\n"
        self.put(1, len(records), deadline, root, key.public, lambda _: key.sign(statement.encode()))
        return len(self.records) - len(records)

    def change_log_key(self, old, new):
        self.put(3, 0, 0, new.public, old.public, lambda index: old.sign(
            f"suyuan/log-key/v1\n{ORIGIN}\n{index}\n{b64(new.public)}\n".encode()))
        self.log = new

    def other(self, kind):
        self.put(kind, 0, 0, bytes(32), bytes(32), lambda _: bytes(64))

    def erase(self, number, **more):
        self.gone[number] = self.submit(self.operator, {
            "type": "Erasure", "record": number, "leaf": b64(self.records[number][2]), **more})

    # --- answering

    def checkpoint(self):
        size, root = len(self.entries), verifier.root_of([verifier.leaf_hash(e) for e in self.entries])
        body = f"{ORIGIN}\n{size}\n{b64(root)}\n"
        signature = verifier.Vkey(self.log.vkey).id + self.log.sign(body.encode())
        return f"{body}\n\u2014 {ORIGIN} {b64(signature)}\n".encode()

    def tile(self, path):
        _, kind, *rest = path.strip("/").split("/")
        width = 256
        if rest[-2:-1] and rest[-2].endswith(".p"):
            width, rest = int(rest[-1]), rest[:-2] + [rest[-2].removesuffix(".p")]
        n = int("".join(part.removeprefix("x") for part in rest))
        if kind == "entries":
            return b"".join(len(e).to_bytes(2, "big") + e for e in self.entries[n * 256:n * 256 + width])
        assert kind == "0"
        return b"".join(verifier.leaf_hash(e) for e in self.entries[n * 256:n * 256 + width])

    def page(self, query):
        asked = {name: int(value) for name, value in urllib.parse.parse_qsl(query)}
        lines = []
        for n in range(asked["from"], asked["to"]):
            salt, text, leaf = self.records[n]
            lines.append(f'{{"number":{n},"leaf":"{b64(leaf)}","erased":{self.gone[n]}}}' if n in self.gone
                         else f'{{"number":{n},"salt":"{b64(salt)}","record":{text}}}')
        lines.append(compact({"end": True, "next": asked["to"], "records": len(self.records)}))
        return "".join(line + "\n" for line in lines).encode()

    def answer(self, path):
        where, _, query = path.partition("?")
        if where in self.pages:
            return self.pages[where](path)
        if where == "/v1/ledger":
            return compact({"origin": ORIGIN, "vkey": self.log.vkey, "entries": len(self.entries)}).encode()
        if where == "/checkpoint":
            return self.checkpoint()
        if where == "/v1/records":
            return self.page(query)
        return self.tile(where) if where.startswith("/tile/") else None

    def __enter__(self):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                body = fake.answer(self.path)
                status = body if isinstance(body, int) else 404 if body is None else 200
                body = body if isinstance(body, bytes) else b"{}"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


