"""The daemon's memory beyond the files that it maps, watched while something else happens."""
import re
import threading


def own_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        text = status.read()
    return sum(int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) << 10 for name in ("RssAnon", "RssShmem"))


class Watch:
    """A context manager; PEAK afterwards is the most that was seen, in bytes."""

    def __init__(self, pid):
        self.pid, self.peak = pid, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.over.wait(0.005):
            self.peak = max(self.peak, own_bytes(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.peak = max(self.peak, own_bytes(self.pid))
