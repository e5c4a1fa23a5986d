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
    tail = text.strip().splitlines()[-1] if text.strip() else ""
    figure = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", tail)}
    bad = figure.get("failed", 0) + figure.get("error", 0) + figure.get("errors", 0)
    if code and not bad:
        bad = 1
    return figure.get("passed", 0), bad, figure.get("skipped", 0)


def count_one(code, _text):
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def jobs(args):
    build = pathlib.Path(args.build) / args.variant
    env = dict(os.environ, SUYUAN_BUILD=str((ROOT / build).resolve()), SUYUAN_VARIANT=args.variant,
               PYTHONDONTWRITEBYTECODE="1")
    # TSan and ASan findings must fail the test that met them.
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1:exitcode=98:second_deadlock_stack=1")
    if args.variant in ("asan", "tsan"):  # they are slower, and so are shared machines
        env["CK_TIMEOUT_MULTIPLIER"] = "15"
    if args.case:
        env["CK_RUN_CASE"] = args.case
    only = args.only
    if not only or only == "rooms":
        yield "rooms", [sys.executable, "tests/rooms.py"], env, count_one
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        name = source.stem[len("test_"):]
        if not only or only == name:
            yield "unit " + name, [str(build / "unit" / source.stem)], env, count_check
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        name = source.stem[len("fuzz_"):]
        corpus = ROOT / "tests/fuzz/corpus" / name
        if (not only or only in (name, "fuzz")) and not args.case:
            yield "corpus " + name, [str(build / "fuzz" / source.stem), str(corpus)], env, count_one
    if (not only or only == "black") and not args.case:
        for source in sorted((ROOT / "tests/black").glob("test_*.py")):
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs",
                       str(source.relative_to(ROOT))]
            if args.black:
                command += ["-k", args.black]
            yield "black " + source.stem[len("test_"):], command, env, count_pytest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="release")
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="")
    parser.add_argument("--case", default="")
    parser.add_argument("--black", default="")
    args = parser.parse_args()
    total = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        waiting = [(name, count, pool.submit(run, command, env))
                   for name, command, env, count in jobs(args)]
        for name, count, result in waiting:
            code, text, seconds = result.result()
            if args.black and code == 5:  # pytest: this file has no test of that name
                continue
            passed, failed, skipped = count(code, text)
            total = [a + b for a, b in zip(total, (passed, failed, skipped))]
            state = "FAIL" if failed else "ok"
            note = f", {skipped} skipped" if skipped else ""
            print(f"{state:4} {name:24} {passed:4} passed{note}  {seconds:.1f} s", flush=True)
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
