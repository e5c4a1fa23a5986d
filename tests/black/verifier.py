"""An independent verifier, written from the ledger's format description alone.

It shares no code with the C programs: SHA-256 is Python's, Ed25519 is python3-cryptography's with
the format's stricter acceptance rule in front.  Every check raises Refused with what and where.

    verifier.py http://127.0.0.1:PORT VKEY      audits the whole ledger behind that address, record
                                                by record with its receipt; --bulk: by the page
    verifier.py --receipt FILE VKEY             checks one receipt
"""
import base64
import datetime
import hashlib
import json
import re
import sys
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_RECORDS = 10000


class Refused(Exception):
    """STEP names the check that failed, as the format numbers or calls it."""

    def __init__(self, step, why):
        super().__init__(f"{step}: {why}")
        self.step = step


def need(condition, step, why):
    if not condition:
        raise Refused(step, why)


# --- bytes --------------------------------------------------------------------------------------

def sha(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part)
    return h.digest()


def unb64(text, step, size=None):
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is not None, step,
         f"not base64: {text!r}")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as fault:
        raise Refused(step, f"not base64: {fault}") from fault
    need(base64.b64encode(data).decode() == text, step, "not canonical base64")
    need(size is None or len(data) == size, step, f"{len(data)} bytes, expected {size}")
    return data


def decimal(text, step):
    need(re.fullmatch(r"0|[1-9][0-9]*", text) is not None, step,
         f"not a canonical decimal: {text!r}")
    return int(text)


# --- Ed25519 ------------------------------------------------------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point(data):
    """Decompresses a canonical encoding; None for anything else."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2 ** 255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * SQRT_M1 % P
        if v * x * x % P != u:
            return None
    if x == 0 and sign:
        return None
    return (P - x if x & 1 != sign else x), y


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def small_order(p):
    for _ in range(3):
        p = add(p, p)
    return p == (0, 1)


_sound = {}


def sound_point(data):
    """Canonical and not of small order; remembered, since keys repeat."""
    if data not in _sound:
        p = point(data)
        _sound[data] = p is not None and not small_order(p)
    return _sound[data]


def ed25519_ok(key, message, signature):
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    r = point(signature[:32])
    if not sound_point(key) or r is None or small_order(r):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except InvalidSignature:
        return False


# --- keys and notes -----------------------------------------------------------------------------

class Vkey:
    def __init__(self, text):
        match = re.fullmatch(r"([!-*,-~]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text)
        need(match is not None, "vkey", f"malformed: {text!r}")
        self.text, self.name, self.id = text, match[1], bytes.fromhex(match[2])
        data = unb64(match[3], "vkey", 33)
        need(data[0] == 1, "vkey", "not an Ed25519 key")
        self.key = data[1:]
        need(self.id == sha(self.name.encode(), b"\n\x01", self.key)[:4], "vkey",
             "the key id isn't the key's")


def open_note(note, vkey, step="checkpoint"):
    """The body of a signed note that VKEY signed."""
    need(len(note.encode()) <= 65536, step, "larger than 64 KiB")
    cut = note.rfind("\n\n")
    need(cut >= 0 and note.endswith("\n"), step, "not a signed note")
    body, lines = note[:cut + 1], note[cut + 2:].split("\n")[:-1]
    need(lines, step, "no signature lines")
    good = False
    for line in lines:
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(match is not None, step, f"malformed signature line {line!r}")
        data = unb64(match[2], step)
        if match[1] != vkey.name or data[:4] != vkey.id:
            continue
        need(ed25519_ok(vkey.key, body.encode(), data[4:]), step, "the log's signature is bad")
        good = True
    need(good, step, "not signed by the log's key")
    return body


class Checkpoint:
    def __init__(self, note, vkey, step="checkpoint"):
        self.note = note
        lines = open_note(note, vkey, step).split("\n")
        need(len(lines) == 4 and lines[3] == "", step, "expected three lines and no extensions")
        need(lines[0] == vkey.name, step, f"origin {lines[0]!r}, expected {vkey.name!r}")
        self.origin, self.size = lines[0], decimal(lines[1], step)
        self.root = unb64(lines[2], step, 32)


# --- trees --------------------------------------------------------------------------------------

def leaf_hash(data):
    return sha(b"\x00", data)


def node(left, right):
    return sha(b"\x01", left, right)


def root_of(leaves):
    """RFC 6962's MTH over leaf hashes, level by level: the odd one out moves up as it is."""
    if not leaves:
        return sha(b"")
    level = list(leaves)
    while len(level) > 1:
        level = [node(level[i], level[i + 1]) if i + 1 < len(level) else level[i]
                 for i in range(0, len(level), 2)]
    return level[0]


def check_inclusion(leaf, index, size, path, root, step):
    """RFC 9162 section 2.1.3.2."""
    need(index < size, step, f"index {index} is beyond the size {size}")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        need(sn != 0, step, "the path is too long")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, step, "the path is too short")
    need(r == root, step, "the path leads to another root")


def check_consistency(first, first_root, second, second_root, proof, step="consistency"):
    """RFC 9162 section 2.1.4.2."""
    need(first <= second, step, "the older tree is the larger one")
    if first == second:
        need(not proof and first_root == second_root, step, "one size, two roots")
        return
    if first == 0:
        need(not proof and first_root == sha(b""), step, "nothing proves an empty tree")
        return
    need(proof, step, "the proof is empty")
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        need(sn != 0, step, "the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, step, "the proof is too short")
    need(fr == first_root and sr == second_root, step, "the proof leads to other roots")


# --- records and entries ------------------------------------------------------------------------

def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def no_constant(text):
    raise ValueError(f"{text} isn't JSON")


def strict_json(text):
    return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)


def check_record(text, step):
    raw = text.encode("utf-8", "surrogatepass")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Refused(step, "not UTF-8") from fault
    need(len(raw) <= 1048576, step, "larger than 1 MiB")
    need(raw[:1] == b"{" and raw[-1:] == b"}", step, "not a JSON object without space around it")
    need(min(raw) >= 0x20, step, "a byte below 0x20")
    try:
        value = strict_json(text)
    except (ValueError, RecursionError) as fault:
        raise Refused(step, f"not JSON: {fault}") from fault

    def walk(v, depth):
        if isinstance(v, str):
            need("\0" not in v, step, "a NUL character")
            need(not re.search("[\ud800-\udfff]", v), step, "a lone surrogate")
        elif isinstance(v, (dict, list)):
            need(depth <= 64, step, "nested deeper than 64")
            for member in v:
                walk(member, depth + 1)
                if isinstance(v, dict):
                    walk(v[member], depth + 1)
    walk(value, 1)
    return value


class Entry:
    def __init__(self, raw, step="entry"):
        def number(start, end):
            return int.from_bytes(raw[start:end], "big")
        need(len(raw) == 200, step, f"{len(raw)} bytes, expected 200")
        need(raw[:4] == b"SYE1", step, "the magic isn't SYE1")
        need(raw[6:8] == b"\0\0", step, "bytes 6 and 7 aren't zero")
        self.raw, self.kind, self.alg = raw, raw[4], raw[5]
        self.index, self.first, self.count = number(8, 16), number(16, 24), number(24, 28)
        self.deadline, self.time = number(28, 32), number(32, 40)
        self.prev, self.records_root = raw[40:72], raw[72:104]
        self.author, self.signature = raw[104:136], raw[136:200]
        self.leaf = leaf_hash(raw)

    def check_signature(self, origin, step="signature"):
        statement = (f"suyuan/submission/v1\n{origin}\n{self.count}\n"
                     f"{base64.b64encode(self.records_root).decode()}\n{self.deadline}\n")
        need(self.alg == 1, step, f"unknown algorithm {self.alg}")
        need(ed25519_ok(self.author, statement.encode(), self.signature), step,
             f"the author's signature over entry {self.index} is bad")


# --- receipts -----------------------------------------------------------------------------------

def parse_proof(text, step):
    head, sep, checkpoint = text.partition("\n\n")
    need(sep, step, "no empty line before the checkpoint")
    lines = head.split("\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1", step, f"begins with {lines[0]!r}")
    need(len(lines) >= 2 and lines[1].startswith("index "), step, "no index line")
    return decimal(lines[1][6:], step), [unb64(line, step, 32) for line in lines[2:]], checkpoint


def check_receipt(text, vkey, author=None):
    """The format's five steps in order; returns (payload, entry, checkpoint)."""
    try:
        receipt = strict_json(text)
        need(receipt["type"] == "suyuan/receipt/v1", "form", "another type")
        record, submission = receipt["record"], receipt["submission"]
        number, payload, position = record["number"], record["payload"], submission["position"]
        for value in (number, position):
            need(isinstance(value, int) and not isinstance(value, bool) and value >= 0, "form",
                 "number and position must be whole numbers")
        salt = unb64(record["salt"], "form", 16)
        path = [unb64(h, "form", 32) for h in submission["path"]]
        entry = Entry(unb64(receipt["entry"], "form", 200), "form")
        index, proof, note = parse_proof(receipt["proof"], "form")
    except (KeyError, TypeError, ValueError) as fault:
        raise Refused("form", f"not a receipt: {fault!r}") from fault
    check_record(payload, "form")
    need(entry.kind == 1, "form", f"an entry of kind {entry.kind}")
    checkpoint = Checkpoint(note, vkey, "1 checkpoint")
    need(entry.index == index, "2 entry", "the proof is for another index")
    check_inclusion(entry.leaf, index, checkpoint.size, proof, checkpoint.root, "2 entry")
    need(position < entry.count, "3 record", "position beyond the count")
    need(number == entry.first + position, "3 record", "another number")
    check_inclusion(sha(b"\x00", salt, payload.encode()), position, entry.count, path,
                    entry.records_root, "3 record")
    entry.check_signature(vkey.name, "4 signature")
    need(author is None or entry.author == author, "5 author", "another author")
    return payload, entry, checkpoint


# --- a whole ledger -----------------------------------------------------------------------------

def tile_path(n):
    parts = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        parts.insert(0, f"x{n % 1000:03}")
    return "/".join(parts)


def end_of_day(date):
    """In ms: days end at 24:00 +08:00; no date, no end."""
    if date is None:
        return float("inf")
    begin = datetime.datetime.fromisoformat(date + "T00:00:00+08:00")
    return (begin.timestamp() + 24 * 3600) * 1000


class Auditor:
    """Fetches a ledger by FETCH(path) -> bytes and checks all of it."""

    def __init__(self, fetch, vkey):
        self.fetch, self.vkey = fetch, vkey
        self.entries = []

    def checkpoint(self):
        return Checkpoint(self.fetch("/checkpoint").decode(), self.vkey)

    def tile(self, level, n, width):
        kind = "entries" if level is None else str(level)
        tail = f".p/{width}" if width < 256 else ""
        return self.fetch(f"/tile/{kind}/{tile_path(n)}{tail}")

    def read_entries(self, size):
        out = []
        for n in range((size + 255) // 256):
            width = min(256, size - n * 256)
            data, at = self.tile(None, n, width), 0
            for _ in range(width):
                length = int.from_bytes(data[at:at + 2], "big")
                need(length == 200, "entries", f"a length of {length}")
                out.append(Entry(data[at + 2:at + 2 + length], f"entry {len(out)}"))
                at += 2 + length
            need(at == len(data), "entries", f"tile {n} has bytes left over")
        return out

    def check_tiles(self, leaves):
        level, hashes = 0, leaves
        while hashes:
            for n in range((len(hashes) + 255) // 256):
                want = hashes[n * 256:(n + 1) * 256]
                need(self.tile(level, n, len(want)) == b"".join(want), "tiles",
                     f"level {level}, tile {n}")
            hashes = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
            level += 1

    def stream(self, first, end):
        """Records by the page: salt and text of each, no salt and the leaf hash of an erased one."""
        while first < end:
            lines = self.fetch(f"/v1/records?from={first}&to={end}").split(b"\n")
            need(lines.pop() == b"" and len(lines) > 1, "records", "not lines, or none")
            last = strict_json(lines.pop().decode())
            need(last["end"] is True and last["next"] == first + len(lines), "records", f"ends with {last}")
            for line in lines:
                whole = re.fullmatch(rb'\{"number":(\d+),"salt":"([^"]*)","record":(\{.*\})\}', line)
                gone = re.fullmatch(rb'\{"number":(\d+),"leaf":"([^"]*)","erased":(?:\d+|null)\}', line)
                need(whole or gone, "records", f"not a record's line: {line[:100]}")
                need(int((whole or gone)[1]) == first, "records", f"{line[:30]} isn't {first}")
                yield ((unb64(whole[2].decode(), "records", 16), whole[3].decode()) if whole
                       else (None, unb64(gone[2].decode(), "records", 32)))
                first += 1

    def audit(self, records=True, bulk=False):
        """Everything an auditor checks; returns how many entries and records.  BULK reads records by the
        page and not by their receipts, and can do with erased ones."""
        now = self.checkpoint()
        self.entries = self.read_entries(now.size)
        leaves = [e.leaf for e in self.entries]
        need(root_of(leaves) == now.root, "tree", "the entries have another root")
        self.check_tiles(leaves)
        seen, keys, before, first = set(), {}, None, 0
        self.gone, end = {}, sum(e.count for e in self.entries)
        stream = self.stream(0, end) if records and bulk else None
        for i, e in enumerate(self.entries):
            step = f"entry {i}"
            need(e.index == i, step, f"says it is {e.index}")
            need(e.first == first, step, f"first record {e.first}, expected {first}")
            need(e.prev == (before.leaf if before else bytes(32)), step, "the chain is broken")
            need(e.kind == 1 and 1 <= e.count <= MAX_RECORDS, step, f"{e.count} records")
            if before:
                need(e.time >= before.time, step, "time runs backwards")
                need(e.time <= e.deadline * 1000 + 999, step, "later than its deadline")
            need((e.author, e.records_root) not in seen, step, "the same submission twice")
            seen.add((e.author, e.records_root))
            e.check_signature(self.vkey.name, step)
            if records:
                texts = self.read_page(e, stream) if bulk else self.read_receipts(e, now)
                self.check_author(e, texts, keys)
            before, first = e, first + e.count
        need(not self.gone, "erasures", f"nothing erased {sorted(self.gone)}")
        return len(self.entries), first

    def read_page(self, e, stream):
        step = f"entry {e.index}"
        texts, leaves = [], []
        for number in range(e.first, e.first + e.count):
            salt, text = next(stream)
            if salt is None:
                self.gone[number] = text
                leaves.append(text)
                continue
            texts.append(check_record(text, f"record {number}"))
            leaves.append(sha(b"\x00", salt, text.encode()))
        need(root_of(leaves) == e.records_root, step, "the records have another root")
        return texts

    def read_receipts(self, e, now):
        step = f"entry {e.index}"
        texts, leaves = [], []
        for number in range(e.first, e.first + e.count):
            receipt = self.fetch(f"/v1/records/{number}/receipt").decode()
            payload, entry, under = check_receipt(receipt, self.vkey)
            need(entry.raw == e.raw, step, f"the receipt of record {number} has another entry")
            need(under.size >= now.size, step, "a receipt against an older checkpoint")
            need(self.fetch(f"/v1/records/{number}") == payload.encode(), step,
                 f"record {number} reads otherwise in its receipt")
            texts.append(strict_json(payload))
            leaves.append(sha(b"\x00", unb64(strict_json(receipt)["record"]["salt"], step, 16),
                              payload.encode()))
        need(root_of(leaves) == e.records_root, step, "the records have another root")
        return texts

    def check_author(self, e, texts, keys):
        step = f"entry {e.index}"
        need(e.index == 0 or e.author in keys, step, "its author isn't enrolled, or was revoked")
        need(e.index == 0 or e.time < keys[e.author][1], step, "its author's key had expired")
        for record in texts:
            self.take_keys(record, keys, e)
            if record.get("type") == "Erasure" and record["record"] in self.gone:
                need(unb64(record["leaf"], step, 32) == self.gone.pop(record["record"]), step,
                     "erases another leaf")

    def take_keys(self, record, keys, e):
        """Who may sign from the next entry on."""
        if record.get("type") == "Ledger":
            need(e.index == 0 and record["origin"] == self.vkey.name, "genesis", "another origin")
            need(record["logKey"] == self.vkey.text, "genesis", "another log key")
            party, listed = record["operator"]["id"], [record["operator"]["key"]]
        elif record.get("type") == "Party":
            party, listed = record["id"], record.get("keys", [])
        else:
            return
        for key in [k for k, (owner, _) in keys.items() if owner == party]:
            del keys[key]
        for item in listed:
            vkey = Vkey(item["vkey"])
            message = f"suyuan/key/v1\n{self.vkey.name}\n{party}\n{item['vkey']}\n"
            need(ed25519_ok(vkey.key, message.encode(), unb64(item["proof"], "key proof", 64)),
                 "key proof", f"of {item['vkey']}")
            need(keys.get(vkey.key, (party,))[0] == party, "keys", "a key of two parties")
            keys[vkey.key] = party, end_of_day(item.get("until"))

    def check_growth(self, older):
        """The newest checkpoint extends one that was trusted before."""
        now = self.checkpoint()
        answer = strict_json(self.fetch(f"/v1/consistency?from={older.size}&to={now.size}").decode())
        proof = [unb64(h, "consistency", 32) for h in answer["proof"]]
        check_consistency(older.size, older.root, now.size, now.root, proof)
        return now


def fetch_from(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def fetch(path):
        try:
            with opener.open(url.rstrip("/") + path, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as fault:
            raise Refused("fetch", f"{path}: {fault.code}") from fault
    return fetch


def main():
    try:
        if sys.argv[1] == "--receipt":
            with open(sys.argv[2], encoding="utf-8") as f:
                _, entry, checkpoint = check_receipt(f.read(), Vkey(sys.argv[3]))
            print(f"the receipt holds: entry {entry.index} under the checkpoint of {checkpoint.size}")
        else:
            bulk = "--bulk" in sys.argv
            url, vkey = (word for word in sys.argv[1:] if word != "--bulk")
            entries, records = Auditor(fetch_from(url), Vkey(vkey)).audit(bulk=bulk)
            print(f"{entries} entries and {records} records hold")
    except Refused as fault:
        print(fault)
        return 5
    except (IndexError, ValueError):
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
