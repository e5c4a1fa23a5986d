"""PostgreSQL, fed the same records just as durably: it hashes and chains, we also verify and judge.

It gets the best that was found for it: rows by COPY from files that are ready, two ways to chain them
(postgres.sql), shared_buffers that hold everything, no checkpoint meanwhile.
Our submissions are ready, too.  Rounds alternate, each side on a ledger that began empty.

Both clients come over a Unix socket, as psql and pgbench do, and share the processors with what
they drive.  Both sides wait for fdatasync before they answer, on one file system.
"""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

from world import B, BUILD, ROUNDS, World, scaled

HERE = pathlib.Path(__file__).resolve().parent
PER, CONNECTIONS, CLIENTS = 1000, 4, (16, 64)
SAMPLE = 987654321  # a lot number that is nowhere else in a record
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_buffers = 2GB
fsync = on
synchronous_commit = on
wal_buffers = 64MB
max_wal_size = 16GB
checkpoint_timeout = 30min
jit = off
"""


def programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    if not found:
        raise SystemExit("no PostgreSQL: make deps-postgres")
    return found[-1]


class Postgres:
    """A cluster in a folder of its own; it refuses root, so root runs it as its package's user."""

    def __enter__(self):
        self.bin = programs()
        self.version = self.bin.parent.name
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=BUILD, prefix="postgres"))
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.folder.chmod(0o755)
        self.process = None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def become(self):
        if self.user:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)

    def program(self, name, *words, **more):
        return subprocess.Popen([self.bin / name, *map(str, words)], cwd=self.folder, preexec_fn=self.become,
                                text=True, **more)

    def call(self, name, *words, stdin=None):
        process = self.program(name, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(stdin)
        if process.returncode:
            raise SystemExit(f"{name} {' '.join(map(str, words))} failed")
        return out

    def start(self):
        self.call("initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "--no-locale", "-U", "bench")
        with open(self.folder / "data/postgresql.conf", "a") as conf:
            conf.write(SETTINGS.format(folder=self.folder))
        with open(self.folder / "log", "w") as log:
            self.process = self.program("postgres", "-D", "data", stdout=log, stderr=log)
        while self.program("pg_isready", "-q", "-t", "5", "-h", self.folder).wait():
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "log").read_text())
        self.call("createdb", "-h", self.folder, "-U", "bench", "bench")
        self.call("psql", *self.session(), stdin=(HERE / "postgres.sql").read_text())

    def session(self):
        return "-h", self.folder, "-U", "bench", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "bench"

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(120)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, question):
        return self.call("psql", *self.session(), stdin=question).strip()

    # --- load

    def write_scripts(self, lines, schema):
        """A script a connection, each transaction a COPY."""
        paths = [self.folder / f"{i}.sql" for i in range(CONNECTIONS)]
        for i, path in enumerate(paths):
            with open(path, "w") as out:
                for at in range(i * PER, len(lines), PER * CONNECTIONS):
                    out.write(f"COPY {schema}.record (author, event_id, code, product, lot, payload) FROM STDIN;\n")
                    out.writelines("\t".join(columns(line)).replace("\\", "\\\\") + "\n" for line in lines[at:at + PER])
                    out.write("\\.\n")
        return paths

    def bulk(self, lines, schema):
        paths = self.write_scripts(lines, schema)
        began = time.monotonic()
        sessions = [self.program("psql", *self.session(), "-f", path) for path in paths]
        if any([session.wait() for session in sessions]):
            raise SystemExit("psql failed")
        return len(lines) / (time.monotonic() - began)

    def make_single(self, line, number):
        """A function that stores the record LINE, but of another lot than NUMBER."""
        values = ", ".join(f"{expression(column, number)}::{kind}" for column, kind in zip(columns(line), TYPES))
        self.ask("CREATE FUNCTION put(n bigint) RETURNS void LANGUAGE sql AS $put$ INSERT INTO plain.record "
                 f"(author, event_id, code, product, lot, payload) SELECT {values} $put$;")

    def single(self, clients, seconds, first):
        """One row a transaction; prepared, and the record is made on the server's side."""
        script = self.folder / "single.sql"
        script.write_text(f"\\set n :n + 1\n\\set id {first} + :client_id * 1000000 + :n\nSELECT put(:id);\n")
        told = self.call("pgbench", "-n", "-M", "prepared", "-f", script, "-D", "n=0", "-c", clients, "-j", 2,
                         "-T", seconds, "-h", self.folder, "-U", "bench", "bench")
        return float(re.search(r"tps = ([\d.]+) \(without initial", told)[1])


TYPES = "bytea", "text", "text", "text", "text", "jsonb"


def columns(line):
    event = json.loads(line)
    code = event["quantityList"][0]["epcClass"]
    product, lot = code.split("/10/")
    return "\\x" + "ab" * 32, event["eventID"], code, product, lot, line


def expression(column, number):
    """COLUMN in SQL, with n in NUMBER's place."""
    text = column.replace("%", "%%").replace(f"{number:08x}", "%1$s").replace(str(number), "%2$s")
    return f"format('{text}', lpad(to_hex(n), 8, '0'), n)"


def print_records(gtin, first, count):
    done = subprocess.run([B / "bench/load", "print", gtin, str(first), str(count)], text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.splitlines()


WHOLE = """
SELECT (SELECT max(number) + 1 = count(*) FROM plain.record)
	AND (SELECT max(number) + 1 = count(*) AND count(*) = (SELECT count(*) FROM apart.record) FROM apart.link);
"""
CHAINS = {"plain": "a trigger a row", "apart": "a trigger a COPY, links apart"}


def postgres(world):
    ours = World(world.folder / "beside")
    ours.folder.mkdir()
    bulk, single = [], []
    count, ones = scaled(200000, PER * CONNECTIONS), scaled(30000)
    with Postgres() as peer, ours:
        ours.at = f"unix:{ours.ledger.unix}"
        for _ in range(ROUNDS):
            lines = print_records(ours.gtin, ours.lots, count)
            theirs = [peer.bulk(lines, schema) for schema in CHAINS]
            bulk.append((count / ours.ready(count)["seconds"], *theirs))
        peer.make_single(*print_records(ours.gtin, SAMPLE, 1), SAMPLE)
        for nth in range(ROUNDS):
            theirs = [peer.single(clients, 4, (2 * nth + i + 1) * 100000000) for i, clients in enumerate(CLIENTS)]
            single.append((ones / ours.single(ones, 64)["seconds"], max(theirs)))
        if peer.ask(WHOLE) != "t":
            raise SystemExit("a chain of PostgreSQL's isn't whole")
    name = f"PostgreSQL {peer.version}"
    mine, *theirs = (statistics.median(column) for column in zip(*bulk))
    for chain, rate in zip(CHAINS.values(), theirs):
        world.rows.add("bulk, 1,000 records a submission, signed before", mine, "records/s", rate,
                       f"{name}, 1,000 a COPY, {chain}", 2)
    mine, theirs = (statistics.median(column) for column in zip(*single))
    world.rows.add("single, 64 connections", mine, "records/s", theirs,
                   f"{name}, the better of 16 and 64 clients", 5)
