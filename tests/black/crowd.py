"""A crowd that means no good: idle, dripping, deaf, half-closed and resetting connections.

In a process of its own, so that it takes nothing from who measures beside it:

    with Crowd(ledger, idle=1000, others=200, code=...) as crowd:  # all are connected
        ...
    crowd.ends  # {kind: {how it ended: [seconds that it lasted, ...]}}

Whoever is cut off comes again at once, so the crowd never gets smaller.
"""
import json
import pathlib
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time

TICK, SHARES = 0.005, 10  # at each tick a tenth of the crowd does something
RESET = struct.pack("ii", 1, 0)


def get(path):
    return b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"


POST = b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\n"


class Peer:
    """One connection: what it says first, what it adds at each tick, whether it listens."""

    first, drip, listens, share = b"", b"", True, None

    def __init__(self, crowd):
        self.crowd = crowd
        self.sock = socket.socket()
        if not self.listens:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.connect(crowd.address)
        self.sock.setblocking(False)
        self.began, self.heard, self.unsent = time.monotonic(), b"", b""
        if self.listens:
            crowd.selector.register(self.sock, selectors.EVENT_READ, self)
        self.begin()

    def begin(self):
        self.say(self.first)

    def say(self, data):
        """What doesn't fit waits; one that is gone has ended."""
        try:
            self.unsent += data
            self.unsent = self.unsent[self.sock.send(self.unsent):] if self.unsent else b""
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            if not self.listens:
                self.end("cut")

    def tick(self):
        self.say(self.drip)

    def listen(self):
        try:
            got = self.sock.recv(65536)
        except BlockingIOError:
            return
        except ConnectionResetError:
            got = b""
        self.heard += got
        if not got:
            self.end(self.heard[9:12].decode() if self.heard.startswith(b"HTTP/1.1 ") else "closed")

    def end(self, how):
        self.crowd.ended(self, how, time.monotonic() - self.began)
        if self.listens:
            self.crowd.selector.unregister(self.sock)
        self.sock.close()


class Idle(Peer):
    pass


class HalfALine(Peer):
    first, drip = b"GET /heal", b""


class DripsHeaders(Peer):
    first, drip = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", b"y"


class DripsABody(Peer):
    first, drip = POST + b"Content-Length: 100000\r\n\r\n", b"{"


class DripsChunks(Peer):
    first, drip = POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"


class DripsTrailers(Peer):
    first, drip = POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y"


class StallsALargeBody(Peer):
    first = POST + b"Content-Length: 4000000\r\n\r\n" + b"{" * 100000


class Deaf(Peer):
    """Asks for more than it could ever hold, and reads nothing."""
    listens, asks = False, ""

    def begin(self):
        self.more = get(self.asks.format(code=self.crowd.code)) * 50
        self.say(self.more)

    def tick(self):
        self.say(b"" if self.unsent else self.more)


class DeafForParties(Deaf):
    asks = "/v1/parties?limit=1000"


class DeafForRules(Deaf):
    asks = "/v1/rules"


class DeafForEntries(Deaf):
    asks = "/tile/entries/000.p/5"


class DeafForMetrics(Deaf):
    asks = "/metrics"


class DeafForVerify(Deaf):
    asks = "/v1/verify?code={code}"


class ClosesHalfWay(Peer):
    """Half a request, and no more will come."""

    def begin(self):
        self.say(b"GET /healthz HTTP/1.1\r\nHo")
        self.sock.shutdown(socket.SHUT_WR)


class ClosesAfterAsking(Peer):
    def begin(self):
        self.say(get("/healthz"))
        self.sock.shutdown(socket.SHUT_WR)


class Resets(Peer):
    """In the middle of what it asks, or of what it is told."""

    def begin(self):
        self.left = 1 + self.crowd.n % 10
        self.say(get("/v1/rules") * 3 + POST)

    def tick(self):
        self.left -= 1
        if self.left == 0:
            self.end("reset")

    def end(self, how):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        super().end("reset")


KINDS = (HalfALine, DripsHeaders, DripsABody, DripsChunks, DripsTrailers, StallsALargeBody, DeafForParties,
         DeafForRules, DeafForEntries, DeafForMetrics, DeafForVerify, ClosesHalfWay, ClosesAfterAsking,
         Resets)


class Gathering:
    """The crowd's own process."""

    def __init__(self, address, idle, others, code):
        self.address, self.code = address, code
        self.selector, self.ends = selectors.DefaultSelector(), {}
        self.shares, self.back = [{} for _ in range(SHARES)], [[] for _ in range(SHARES)]
        self.share = self.n = 0
        for i in range(max(idle, others)):
            if i < idle:
                self.come(Idle)
            if i < others:
                self.come(KINDS[i % len(KINDS)])

    def come(self, kind):
        self.n += 1
        peer = kind(self)
        if kind is not Idle and peer.sock.fileno() >= 0:
            peer.share = self.shares[self.n % SHARES]
            peer.share[peer] = True

    def ended(self, peer, how, seconds):
        self.ends.setdefault(type(peer).__name__, {}).setdefault(how, []).append(round(seconds, 3))
        if peer.share is not None:
            peer.share.pop(peer, None)
        self.back[self.share].append(type(peer))

    def tick(self):
        self.share = (self.share + 1) % SHARES
        for peer in list(self.shares[self.share]):
            if peer in self.shares[self.share]:
                peer.tick()
        back, self.back[self.share] = self.back[self.share], []
        for kind in back:
            self.come(kind)

    def run(self):
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        print("here", flush=True)
        due = time.monotonic()
        while True:
            for key, _ in self.selector.select(max(0, due - time.monotonic())):
                if key.data is None:
                    return
                key.data.listen()
            if time.monotonic() >= due:
                due = time.monotonic() + TICK
                self.tick()


class Crowd:
    """The crowd as a test sees it."""

    def __init__(self, ledger, idle=1000, others=200, code="x"):
        self.command = [sys.executable, str(pathlib.Path(__file__).resolve()), *map(str, ledger.address),
                        str(idle), str(others), code]
        self.ends = {}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        assert self.process.stdout.readline() == "here\n"
        return self

    def __exit__(self, *_):
        told, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        self.ends = json.loads(told)


def main(host, port, idle, others, code):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gathering = Gathering((host, int(port)), int(idle), int(others), code)
    gathering.run()
    json.dump(gathering.ends, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
