"""The command line as people and scripts meet it: a process, its two streams, its exit code."""
import json
import os
import subprocess
import threading

from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ledger import BUILD, SLOW, check_digit

DONE, FAIL, USAGE, STOP, UNKNOWN, PROOF, REFUSED, AWAY, PARTLY = range(9)

DAIRY = "https://id.gs1.org/417/" + check_digit("690123400000")
MILK = check_digit("0690123400001")
OTHERS = check_digit("0693456700001")  # somebody else's product


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def fields(self):
        """What `name  value` lines say."""
        pairs = (line.split(None, 1) for line in self.out.splitlines())
        return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Cli:
    """One person's command line: a folder with their files, and a configuration of their own."""

    def __init__(self, folder, where=None, key=None):
        self.dir, self.where, self.key = folder, where, key
        folder.mkdir(exist_ok=True)

    def command(self, *words, where=None, key=None):
        command = [str(BUILD / "suyuan")]
        where, key = where or self.where, key or self.key
        if where:
            command += ["--ledger", str(where)]
        if key:
            command += ["--key", str(key)]
        return command + [str(word) for word in words]

    def env(self, **more):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("SUYUAN_LEDGER", "SUYUAN_KEY", "SUYUAN_TOKEN"))}
        return {**keep, "XDG_CONFIG_HOME": str(self.dir / "config"), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **more}

    def __call__(self, *words, expect=DONE, stdin="", where=None, key=None, env=None):
        done = Ran(subprocess.run(self.command(*words, where=where, key=key), cwd=self.dir, text=True,
                                  input=stdin, capture_output=True, timeout=120 * SLOW,
                                  env=self.env(**(env or {}))))
        expect = expect if isinstance(expect, tuple) else (expect,)
        assert done.code in expect, f"{' '.join(map(str, words))}: expected {expect}, {done!r}"
        return done

    def begin(self, *words, **more):
        """The same, left running."""
        return subprocess.Popen(self.command(*words), cwd=self.dir, env=self.env(), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def write(self, name, text):
        (self.dir / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def read(self, name):
        return (self.dir / name).read_bytes().decode()


def dairy(ledger, folder):
    """The operator and a producer of milk, each with a command line; returns the producer's."""
    operator = Cli(folder / "operator", ledger.url, ledger.dir / "operator.key")
    producer = Cli(folder / "dairy", ledger.url, "dairy.key")
    Cli(producer.dir)("key", "new", "dairy.key", "--party", DAIRY)
    operator("party", "register", DAIRY, "--name-zh", "石家庄乳业", "--name-en", "Shijiazhuang Dairy", "--role",
             "producer", "--prefix", "6901234", "--region", "130100", "--party-key", producer.dir / "dairy.key")
    producer("product", "register", MILK, "--name-zh", "鲜牛奶", "--name-en", "Milk", "--category", "other")
    return producer


def register(cli, lot, *more, **options):
    return cli("batch", "register", "--product", MILK, "--lot", lot, "--quantity", "500", "--unit", "盒",
               "--made", "2026-11-01", "--expires", "2099-05-01", *more, **options)


class Tamperer:
    """Stands between a command line and the daemon, and changes what CHANGE says of it.

    CHANGE(path, body) returns the body to pass on.  POSTS counts what reached the daemon,
    LIES the answers that were changed.
    """

    def __init__(self, ledger, change):
        self.posts = self.lies = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                upstream = HTTPConnection(*ledger.address, timeout=60)
                keep = {k: v for k, v in self.headers.items() if k.lower() in ("content-type", "accept")}
                upstream.request(self.command, self.path, body, keep)
                answer = upstream.getresponse()
                data = answer.read()
                upstream.close()
                outer.posts += self.command == "POST"
                said = change(self.path, data)
                outer.lies += said != data
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = pass_on

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
