"""Runs unit tests and corpora of the coverage variant and prints which lines of code they reach.

Of the parsers the lines that weren't reached are named, and one below FLOOR fails the run.  The
last line sums up.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOOR = 90
# What reads bytes of others, and what it stands on.
PARSERS = ["lib/*.c", "daemon/http/parse.c", "daemon/base/config.c", "cli/csv.c", "cli/relation.c", "cli/stream.c", "cli/value.c"]


def is_parser(path):
    return any(fnmatch.fnmatch(path, pattern) for pattern in PARSERS)


def tests(build):
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        yield [str(build / "unit" / source.stem)]
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        yield [str(build / "fuzz" / source.stem),
               str(ROOT / "tests/fuzz/corpus" / source.stem[len("fuzz_"):])]


def run(command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=900)
    if done.returncode:
        print(f"FAIL {' '.join(command)}\n{done.stdout}", flush=True)
    return done.returncode == 0


def reached(objects):
    """{file: {line: times}} of all objects; what never ran has zeros."""
    files = collections.defaultdict(dict)
    for notes in sorted(objects.rglob("*.gcno")):
        text = subprocess.run(["gcov", "--stdout", "--json-format", str(notes)], cwd=ROOT,
                              check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
        for file in json.loads(text)["files"]:
            name = file["file"].removeprefix("./")
            for line in file["lines"]:
                lines = files[name]
                n = line["line_number"]
                lines[n] = lines.get(n, 0) + line["count"]
    return files


def spans(lines):
    """1-3 7 9-10"""
    out = []
    for n in lines:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    args = parser.parse_args()
    build = (ROOT / args.build).resolve() / "coverage"
    for old in build.rglob("*.gcda"):
        old.unlink()
    # Counters are added up under a lock, so two may run at once.
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        good = all(list(pool.map(run, tests(build))))
    files = reached(build / "obj")
    low, lines, hit = [], 0, 0
    for path in sorted(path for path in files
                       if path.startswith(("lib/", "daemon/", "cli/")) and path.endswith(".c")):
        missing = sorted(n for n, count in files[path].items() if count == 0)
        total = len(files[path])
        share = 100 * (total - len(missing)) / total
        floor = FLOOR if is_parser(path) else 0
        lines, hit = lines + total, hit + total - len(missing)
        mark = "LOW " if share < floor else "must" if floor else ""
        print(f"{mark:4} {path:28} {share:5.1f} %  {total - len(missing):4} of {total:4} lines")
        if share < floor:
            low.append(path)
        if floor and missing:
            print(f"{'':34} not reached: {spans(missing)}")
    watched = [path for path in files if is_parser(path)]
    if not watched:
        print("no parser ran")
    print(f"{100 * hit / max(lines, 1):.1f} % of {lines} lines; of {len(watched)} parsers' files "
          f"{len(low)} are below {FLOOR} %" + (": " + " ".join(low) if low else ""))
    return 0 if good and watched and not low else 1


if __name__ == "__main__":
    sys.exit(main())
