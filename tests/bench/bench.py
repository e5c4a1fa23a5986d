"""The figures, each beside a limit or a peer measured in the same run.

Prints a table and writes build/bench.json: a list of {name, value, unit, beside, ratio, target, ok}.
SCALE=n multiplies the amount of work (default 1: a million records, a run of some minutes).
A file here is a subject: it measures through a World (world.py) and adds rows to its table.
Arguments choose among its functions (make bench K="bulk verify").
PEER=postgres measures ours beside that, in turns, GROW=1 a ledger of 1, 10 and 50 million lots, instead.
"""
import os
import sys
import tempfile

import affected
import beside
import checks
import closure
import growth
import ingest
import lookups
import memory
import postgres
import sources
import tracing
import world

SUBJECTS = (ingest.codes, ingest.events, ingest.bulk, ingest.single, lookups.verify, lookups.verify_under_bulk,
            lookups.verify_beside_a_crowd, lookups.verify_with_recalls, affected.affected, tracing.tracing, tracing.hubs, beside.beside,
            sources.common, closure.closure, checks.footprint, memory.memory, checks.checks)


INSTEAD = {"PEER": (postgres.postgres, tracing.tracing_beside), "GROW": (growth.growth,)}


def main():
    subjects = [one for name, many in INSTEAD.items() if os.environ.get(name) for one in many] or SUBJECTS
    with tempfile.TemporaryDirectory(dir=world.BUILD) as folder:
        with world.World(folder) as one:
            for subject in subjects:
                if subject.__name__ in (sys.argv[1:] or [subject.__name__]):
                    subject(one)
    one.rows.write(world.BUILD / "bench.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
