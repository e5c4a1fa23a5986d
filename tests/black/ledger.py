"""A ledger to test against: starts and stops the daemon, signs and sends submissions.

Everything is built from the format's description with Python's own primitives, so that a mistake
in the C library can't hide here.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import verifier

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("SUYUAN_BUILD", ROOT / "build/release"))
VARIANT = os.environ.get("SUYUAN_VARIANT", "release")
SLOW = 4 if VARIANT in ("asan", "tsan") else 1  # how much longer a sanitizer may take
ORIGIN = "example.com/trace"

REGULATOR = "urn:suyuan:own:91110000000000000X:regulator"


def b64(data):
    return base64.b64encode(data).decode()


def compact(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def check_digit(digits):
    """GS1's mod 10, weights 3,1 from the right."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


class Key:
    """A signing key with its salt key, as a key file holds them."""

    def __init__(self, name, seed=None, salt_key=None):
        self.seed = seed or os.urandom(32)
        self.salt_key = salt_key or os.urandom(32)
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.name = "".join(chr(c) if chr(c).isascii() and (chr(c).isalnum() or chr(c) in "-._~:/")
                            else f"%{c:02X}" for c in name.encode())
        key_id = hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]
        self.vkey = f"{self.name}+{key_id.hex()}+{b64(bytes([1]) + self.public)}"

    @classmethod
    def load(cls, path):
        data = json.loads(pathlib.Path(path).read_text())
        key = cls(data["vkey"].split("+")[0], base64.b64decode(data["seed"]),
                  base64.b64decode(data["saltKey"]))
        assert key.vkey == data["vkey"]
        return key

    def save(self, path):
        pathlib.Path(path).write_text(json.dumps(
            {"type": "suyuan/key/v1", "vkey": self.vkey, "seed": b64(self.seed),
             "saltKey": b64(self.salt_key)}))
        os.chmod(path, 0o600)

    def sign(self, message):
        return self.private.sign(message)

    def proof(self, party, origin=ORIGIN):
        return b64(self.sign(f"suyuan/key/v1\n{origin}\n{party}\n{self.vkey}\n".encode()))


def submission(key, texts, origin=ORIGIN, deadline=None, **change):
    """A submission's body; CHANGE overrides members of the envelope."""
    payloads = [t.encode() if isinstance(t, str) else t for t in texts]
    deadline = int(time.time()) + 600 if deadline is None else deadline
    mac = hmac.new(key.salt_key, b"suyuan/submission-salt/v1" +
                   hashlib.sha256(origin.encode()).digest(), hashlib.sha256)
    for p in payloads:
        mac.update(hashlib.sha256(p).digest())
    salt = mac.digest()
    leaves = []
    for i, p in enumerate(payloads):
        one = hashlib.sha256(b"suyuan/salt/v1" + salt + i.to_bytes(4, "big")).digest()[:16]
        leaves.append(hashlib.sha256(b"\x00" + one + p).digest())
    statement = (f"suyuan/submission/v1\n{origin}\n{len(payloads)}\n"
                 f"{b64(verifier.root_of(leaves))}\n{deadline}\n")
    envelope = {"author": b64(key.public), "count": len(payloads), "salt": b64(salt),
                "deadline": deadline, "signature": b64(key.sign(statement.encode()))}
    envelope.update(change)
    return compact(envelope).encode() + b"\n" + b"".join(p + b"\n" for p in payloads)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Ledger:
    """One ledger folder and the daemon over it."""

    def __init__(self, folder, origin=ORIGIN):
        self.dir, self.origin = pathlib.Path(folder), origin
        self.process = self.address = self.unix = None
        self.log = self.dir.parent / (self.dir.name + ".log")

    # --- the daemon

    def init(self, *more):
        subprocess.run([BUILD / "suyuand", "--init", "--dir", self.dir, "--origin", self.origin, *more],
                       check=True, stdout=subprocess.DEVNULL)
        self.operator = Key.load(self.dir / "operator.key")
        return self

    def start(self, *more, config=None, env=None, preexec_fn=None):
        """Returns once the daemon says that it is ready; no sleeping."""
        read, write = os.pipe()
        command = [BUILD / "suyuand", "--dir", self.dir, "--listen", "127.0.0.1:0",
                   "--ready-fd", str(write), *more]
        if config:
            path = self.dir.parent / (self.dir.name + ".ini")
            path.write_text(config)
            command += ["--config", path]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=[write],
                                            env=dict(os.environ, **(env or {})),
                                            preexec_fn=preexec_fn)
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        if not line:
            self.process.wait(30)
            raise RuntimeError("the daemon didn't start:\n" + self.log.read_text(errors="replace")[-3000:])
        told = json.loads(line)
        host, port = told["http"][0].rsplit(":", 1)
        self.address, self.unix = (host, int(port)), told["unix"]
        return self

    def stop(self, expect=0):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60 * SLOW)
        self.process = None
        assert code == expect, f"exit {code}\n" + self.log.read_text(errors="replace")[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def run(self, *arguments):
        return subprocess.run([BUILD / "suyuand", *arguments, "--dir", self.dir], text=True,
                              capture_output=True, timeout=300)

    def fsck(self):
        return self.run("--fsck")

    def built_again(self):
        """Stops, has no fault, gets its index from the truth alone, and runs again."""
        self.stop()
        done = self.fsck()
        assert done.returncode == 0, done.stdout + done.stderr
        done = self.run("--reindex")
        assert done.returncode == 0, done.stdout + done.stderr
        self.start()
        self.settle()

    def remove(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- requests

    @property
    def url(self):
        return "http://%s:%d" % self.address

    def connect(self, timeout=60, local=False):
        if local:
            return UnixConnection(self.unix, timeout * SLOW)
        return http.client.HTTPConnection(*self.address, timeout=timeout * SLOW)

    def request(self, method, path, body=None, headers=None, connection=None, local=False):
        c = connection or self.connect(local=local)
        try:
            c.request(method, path, body=body, headers=headers or {})
            answer = c.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                c.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, body, connection=None):
        return self.request("POST", "/v1/submissions", body,
                            {"Content-Type": "application/x-ndjson"}, connection)

    def submit(self, key, *records, expect=201, connection=None):
        texts = [r if isinstance(r, (str, bytes)) else compact(r) for r in records]
        answer = self.post(submission(key, texts, self.origin), connection)
        assert answer.status == expect, answer.body.decode(errors="replace")
        return answer.json

    def vkey(self):
        return verifier.Vkey(self.get("/v1/ledger").json["vkey"])

    def auditor(self):
        connection = self.connect()

        def fetch(path):
            answer = self.get(path, connection=connection)
            if answer.status != 200:
                raise verifier.Refused("fetch", f"{path}: {answer.status} {answer.body[:200]}")
            return answer.body
        return verifier.Auditor(fetch, self.vkey())

    def settle(self):
        """Waits until the index has everything that is published."""
        entries = self.get("/v1/ledger").json["entries"]
        for _ in range(SLOW):  # one waits for ten seconds
            answer = self.get(f"/v1/parties?limit=1&at={entries - 1}")
            if answer.status != 503:
                break
        assert answer.status == 200, answer.body

    # --- a small world

    def enrol(self, party, roles, key=None, by=None, **more):
        key = key or Key(party)
        self.submit(by or self.operator,
                    {"type": "Party", "id": party, "name": {"en": party}, "roles": roles,
                     "keys": [{"vkey": key.vkey, "proof": key.proof(party, self.origin)}], **more})
        return key

    def dairy(self):
        """A producer with a prefix and one product of category other; returns (key, gtin)."""
        party = "https://id.gs1.org/417/" + check_digit("690123400000")
        key = self.enrol(party, ["producer"], prefixes=["6901234"])
        gtin = check_digit("0690123456789")
        self.submit(key, {"type": "Product", "code": f"https://id.gs1.org/01/{gtin}",
                          "name": {"zh": "鲜牛奶", "en": "Milk"}, "category": "other"})
        return key, gtin


def batch(gtin, lot, quantity=100, made="2026-11-01", expires="2027-05-01", event_id=None, **more):
    """An ObjectEvent that commissions one lot."""
    event = {"type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
             "eventTime": f"{made}T00:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
             "quantityList": [{"epcClass": f"https://id.gs1.org/01/{gtin}/10/{lot}",
                               "quantity": quantity}],
             "ilmd": {"cbvmda:lotNumber": lot, "suyuan:productionDate": made,
                      "cbvmda:itemExpirationDate": expires}}
    if event_id:
        event["eventID"] = event_id
    event.update(more)
    return event


def erase(ledger, number, **more):
    """The operator's Erasure of a record, from what its receipt says."""
    record = json.loads(ledger.get(f"/v1/records/{number}/receipt").body)["record"]
    leaf = verifier.sha(b"\0", base64.b64decode(record["salt"]), record["payload"].encode())
    said = ledger.submit(ledger.operator, {
        "type": "Erasure", "record": number, "leaf": b64(leaf), "ground": "PIPL 47",
        "orderedBy": "court", **more})
    ledger.settle()
    return said["firstRecord"]
