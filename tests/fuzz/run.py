"""Runs the fuzzers, one a core, and fails on any finding.

    run.py --build build --seconds 60 [--only NAME] [--keep] [--jobs N]

A target starts from its corpus and from what earlier runs found; new inputs go to
BUILD/fuzz-new/NAME and findings to BUILD/fuzz-found/.  --keep moves what reaches new code into the
corpus in the tree.
The last line counts: N passed, N failed, N skipped.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FUZZ = ROOT / "tests/fuzz"
# One input that takes longer, or more memory, is a finding.
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=512"]
INPUT_MAX = {"admit": 8192, "csv": 65536, "json": 16384, "submission": 16384, "http": 8192}


class Target:
    def __init__(self, build, name):
        self.name = name
        self.program = build / "fuzz/fuzz" / ("fuzz_" + name)
        self.corpus = FUZZ / "corpus" / name
        self.new = build / "fuzz-new" / name
        self.found = build / "fuzz-found"
        self.new.mkdir(parents=True, exist_ok=True)
        self.found.mkdir(parents=True, exist_ok=True)

    def command(self, *options):
        words = FUZZ / "dict" / (self.name + ".dict")
        return [str(self.program), *LIMITS, f"-max_len={INPUT_MAX.get(self.name, 4096)}",
                f"-artifact_prefix={self.found}/{self.name}-",
                *([f"-dict={words}"] if words.exists() else []), *options]

    def run(self, seconds):
        log = self.found / (self.name + ".log")
        command = self.command(f"-max_total_time={seconds}", "-print_final_stats=1",
                               str(self.new), str(self.corpus))
        with log.open("w") as out:
            try:
                code = subprocess.run(["nice", "-n", "10", *command], cwd=ROOT, stdout=out,
                                      stderr=subprocess.STDOUT,
                                      timeout=2 * seconds + 120).returncode
            except subprocess.TimeoutExpired:
                code = 124
        return code, log.read_text(errors="replace")

    def keep(self):
        """Of the new inputs, those that reach code which the corpus doesn't; few and small."""
        subprocess.run(self.command("-set_cover_merge=1", "-use_counters=0", "-max_len=1500",
                                    str(self.corpus), str(self.new)), cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def figure(text, name):
    tail = text.rpartition(f"stat::{name}:")[2].split()
    return int(tail[0]) if tail and tail[0].isdigit() else 0


def report(target, code, text, keep):
    print(f"{'FAIL' if code else 'ok':4} {target.name:12} {figure(text, 'number_of_executed_units'):9}"
          f" inputs, {figure(text, 'new_units_added'):5} new,"
          f" {figure(text, 'peak_rss_mb'):4} MB", flush=True)
    if code:
        print("\n".join(text.splitlines()[-60:]), flush=True)
    elif keep:
        target.keep()
    return code == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    names = sorted(source.stem[len("fuzz_"):] for source in FUZZ.glob("fuzz_*.c"))
    targets = [Target(build, name) for name in names if args.only in ("", name)]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = {pool.submit(target.run, args.seconds): target for target in targets}
        for run in concurrent.futures.as_completed(runs):
            ok = report(runs[run], *run.result(), args.keep)
            passed, failed = passed + ok, failed + (not ok)
    if passed + failed == 0:
        print("no fuzzer ran")
        failed = 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
