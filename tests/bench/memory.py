"""Memory beyond the mapped files: the most that each load brings it to, and all of them at once.

Then four traces of a million units, one of them as CSV: one walks at a time, with most of [query]
memory, which is a budget of its own beside those of bodies, answers and judging.
"""
import concurrent.futures
import contextlib
import resource
import socket
import subprocess

import ledger as ledgers
from tracing import BOX, CHILDREN, Streamed, fill, packing
from watch import Watch
from world import BUILD, run, scaled

BOUND = 200  # MB


def large_bodies(world):
    """64 connections with a submission of 16 MiB each, which is as large as they come."""
    return world.command("bulk", *world.producer(640000), 10000, 64, 1676)


def many_small(world):
    return world.command("single", *world.producer(scaled(30000)), 1000)


def look_ups(world, count):
    return world.command("get", f"/v1/verify?code=(01){world.gtin}(10)b%u", count, 64, 0, world.lots)


@contextlib.contextmanager
def deaf(world):
    """A thousand that ask for a megabyte, again and again, and read nothing."""
    world.lots += 1
    large = ledgers.batch(world.gtin, f"b{world.lots - 1}", **{"suyuan:pad": "0" * 1000000})
    number = world.ledger.submit(world.producer_key, large)["firstRecord"]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ask = f"GET /v1/records/{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            peer = stack.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(world.ledger.address)
            peer.sendall(ask * 10)
        yield


def boxed(world, units):
    stem = f"https://id.gs1.org/01/{world.gtin}/21/u"
    fill(world, (packing(f"{stem}{n}" for n in range(at, at + CHILDREN)) for at in range(0, units, CHILDREN)), 20)


def traces(world):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for answer in [pool.submit(Streamed, world, BOX, form) for form in ("ndjson",) * 3 + ("csv",)]:
            answer.result()


def note(world, name, watch, said=""):
    world.rows.add(f"memory, {name}{said}", watch.peak / 1e6, "MB", target=BOUND, lower=True)


def memory(world):
    pid = world.ledger.process.pid
    with Watch(pid) as watch:
        done = run(large_bodies(world))
    note(world, "64 submissions of 16 MiB at once", watch, f" ({done['busy']} times 503)")
    with Watch(pid) as watch:
        run(many_small(world))
    note(world, "1,000 connections, a record each", watch)
    with Watch(pid) as watch, deaf(world):
        run(look_ups(world, scaled(100000)))
    note(world, "1,000 that don't read 1 MB, and look-ups", watch)
    with Watch(pid) as watch, deaf(world):
        others = [subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=BUILD)
                  for command in (large_bodies(world), many_small(world))]
        while others[0].poll() is None:
            run(look_ups(world, scaled(50000)))
        if any(other.wait() for other in others):
            raise SystemExit("a load of many at once failed")
    note(world, "all of these at once", watch)
    boxed(world, scaled(1000000, CHILDREN))
    with Watch(pid) as watch:
        traces(world)
    note(world, "four traces of a million at once", watch)
