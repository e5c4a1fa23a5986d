"""What the chapters of make demo are told with: codes, a ledger of its own, commands typed and shown."""
import json
import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
B = (ROOT / os.environ.get("B", "build/release")).resolve()
DEMO = (ROOT / os.environ.get("BUILD", "build") / "demo").resolve()
ORIGIN = "demo.suyuan.example/city"


def gtin(digits):
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def gln(digits):
    return "https://id.gs1.org/417/" + gtin(digits)


def uscc(seventeen):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(seventeen))
    return seventeen + alphabet[(31 - total % 31) % 31]


def tell(text=""):
    print(text, flush=True)


def show(command):
    tell("  $ " + " ".join(f"'{c}'" if any(x in c for x in " ()&?*;") else c for c in command))


class Stage:
    def __init__(self):
        self.env = dict(os.environ, XDG_CONFIG_HOME=str(DEMO / "config"), SUYUAN_LEDGER="", LANG="C.UTF-8")
        self.daemon = None
        self.url = ""

    def run(self, *command, expect=(0,), quiet=False, key=None):
        """Types a command of ours, shows it as one would type it, checks its exit code."""
        full = [str(B / command[0])]
        if command[0] == "suyuan":
            full += ["--ledger", self.url]
            if key:
                full += ["--key", str(DEMO / f"{key}.key")]
        full += [str(c) for c in command[1:]]
        if not quiet:
            show([c.replace(str(DEMO) + "/", "") for c in [command[0], *full[1:]] if c not in ("--ledger", self.url)])
        done = subprocess.run(full, cwd=DEMO, env=self.env, text=True, capture_output=True, timeout=300)
        if done.returncode not in expect:
            tell(done.stdout + done.stderr)
            raise SystemExit(f"demo: {command[0]} {' '.join(map(str, command[1:]))}: exit "
                             f"{done.returncode}, expected {expect}")
        if not quiet:
            for line in (done.stdout + done.stderr).rstrip().splitlines():
                tell("    " + line)
        return done

    def start(self):
        read, write = os.pipe()
        with open(DEMO / "suyuand.log", "ab") as log:
            self.daemon = subprocess.Popen(
                [B / "suyuand", "--dir", DEMO / "ledger", "--listen", "127.0.0.1:0", "--ready-fd", str(write)],
                pass_fds=[write], stdout=log, stderr=log, start_new_session=True)
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        if not line:
            raise SystemExit("demo: the daemon didn't start:\n" + (DEMO / "suyuand.log").read_text())
        self.url = "http://" + json.loads(line)["http"][0]

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(60)
