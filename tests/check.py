"""Runs the tests that were built and counts them.

Room rules, unit tests (Check), corpora through the fuzz targets, whole programs (pytest).
The last line counts: N passed, N failed, N skipped.  A run that executed nothing fails.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT = 900

# TSan finds races, so it runs what has threads: what the daemon does under many clients, and the
# unit tests that start threads.  Of the rest it has nothing to say that ASan doesn't say sooner.
THREADED = {
    "unit": ("admit", "audit", "fault", "follow", "fsck", "http", "http_limits", "http_threads", "index",
             "kv", "ledger", "log", "lookups", "metrics", "register", "sign", "walk"),
    "corpus": (),
    "black": ("answers", "faults", "hostile_load", "http", "kill", "proofs", "races", "routes"),
}

# What takes longest begins first, so that nothing is left to run alone on one core at the end.
LONG = {("black", name) for name in ("cli", "faults", "import", "liar", "mishaps", "races", "trace_hub")} | {
    ("unit", name) for name in ("fsck", "index", "packed")}

# What waits nine tenths of its time, for deadlines, retries and the index's delay, has a turn of its own
# beside those two that the cores have.
WAITS = {("unit", "http_limits")} | {
    ("black", name) for name in ("audit", "recall_sense", "webhook_attacks", "webhooks")}


def run(command, env=None):
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=TIMEOUT)
        code, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        code, text = 124, (late.stdout or b"").decode(errors="replace") + "\ntimed out"
    return code, text, time.monotonic() - began


def count_check(code, text):
    """Check's own summary: 100%: Checks: 12, Failures: 0, Errors: 0"""
    found = re.search(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)", text)
    if not found:
        return 0, 1, 0
    checks, failures, errors = map(int, found.groups())
    bad = failures + errors
    if code and not bad:
        bad = 1
    return checks - failures - errors, bad, 0


def count_pytest(code, text):
    """pytest's summary: 1 failed, 12 passed, 2 skipped in 3.45s; warnings may follow it."""
    lines = re.findall(r"^\d+ \w+(?:, \d+ \w+)* in [\d.]+s", text, re.M)
    figure = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", lines[-1])} if lines else {}
    passed, skipped = figure.get("passed", 0), figure.get("skipped", 0)
    bad = sum(figure.get(word, 0) for word in ("failed", "error", "errors"))
    if not bad and (code or not passed + skipped):
        bad = 1
    return passed, bad, skipped


def count_one(code, _text):
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def environment(args):
    build = (ROOT / args.build / args.variant).resolve()
    env = dict(os.environ, SUYUAN_BUILD=str(build), SUYUAN_VARIANT=args.variant,
               PYTHONDONTWRITEBYTECODE="1")
    # TSan and ASan findings must fail the test that met them.
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1:exitcode=98:second_deadlock_stack=1")
    if args.case:
        env["CK_RUN_CASE"] = args.case
    return env


def all_jobs(args):
    """(kind, name, command, count) of everything there is."""
    build = pathlib.Path(args.build) / args.variant
    yield "rooms", "", [sys.executable, "tests/rooms.py"], count_one
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        yield "unit", source.stem[len("test_"):], [str(build / "unit" / source.stem)], count_check
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        name = source.stem[len("fuzz_"):]
        command = [str(build / "fuzz" / source.stem), str(ROOT / "tests/fuzz/corpus" / name)]
        yield "corpus", name, command, count_one
    for source in sorted((ROOT / "tests/black").glob("test_*.py")):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs",
                   str(source.relative_to(ROOT))] + (["-k", args.black] if args.black else [])
        yield "black", source.stem[len("test_"):], command, count_pytest


def wanted(args, kind, name):
    """T= names a kind or a module; asking for it by name runs it in every variant."""
    if args.case and kind != "unit":
        return False
    if args.only:
        return args.only == kind or (args.only == name and kind != "black")
    return args.variant != "tsan" or name in THREADED.get(kind, ())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="release")
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="")
    parser.add_argument("--case", default="")
    parser.add_argument("--black", default="")
    args = parser.parse_args()
    total, env = [0, 0, 0], environment(args)
    jobs = [job for job in all_jobs(args) if wanted(args, *job[:2])]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as cores, \
            concurrent.futures.ThreadPoolExecutor(max_workers=1) as beside:
        begun = {job[:2]: (beside if job[:2] in WAITS else cores).submit(run, job[2], env)
                 for job in sorted(jobs, key=lambda job: job[:2] not in LONG)}
        for kind, name, _, count in jobs:
            code, text, seconds = begun[kind, name].result()
            if args.black and code == 5:  # pytest: this file has no test of that name
                continue
            passed, failed, skipped = count(code, text)
            total = [a + b for a, b in zip(total, (passed, failed, skipped))]
            state = "FAIL" if failed else "ok"
            note = f", {skipped} skipped" if skipped else ""
            print(f"{state:4} {f'{kind} {name}':24} {passed:4} passed{note}  {seconds:.1f} s", flush=True)
            if failed:
                print(text, flush=True)
                continue
            for line in re.findall(r"^\d+ faults tried$", text, re.M):
                print("     " + line, flush=True)
            if skipped:
                print("\n".join(re.findall(r"^SKIPPED.*$", text, re.M)), flush=True)
    if sum(total) == 0:
        print("no test ran")
        total[1] = 1
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
