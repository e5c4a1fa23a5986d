"""Checks the rooms' rules of tests/rooms.txt against every #include of the programs."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARIES = {"sodium", "openssl", "event2", "ini", "curl", "expat", "lmdb", "suyuan", "zlib", "check", "json"}


def read_rules():
    rooms, only = {}, {}
    for line in (ROOT / "tests/rooms.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, right = (part.strip() for part in line.split(":", 1))
        if left.startswith("only "):
            only[left[5:]] = right
        else:
            rooms[left] = set(right.split())
    return rooms, only


def room_of(path, rooms):
    """The longest room that holds the file."""
    fits = [room for room in rooms if str(path).startswith(room + "/")]
    return max(fits, key=len) if fits else None


def target(header, path, rooms):
    """What an include reaches: a room's last name, a library, or None for the system."""
    first = header.split("/")[0].removesuffix(".h")
    if "/" not in header and (ROOT / path.parent / header).exists():
        return None  # a neighbour in the same folder
    if "/" in header and any(room.endswith("/" + first) for room in rooms if room.startswith("daemon/")):
        return first
    return first if first in LIBRARIES else None


def main():
    rooms, only = read_rules()
    faults, files = [], 0
    for path in sorted(p.relative_to(ROOT) for top in ("include", "lib", "daemon", "cli")
                       for p in (ROOT / top).rglob("*.[ch]")):
        room = room_of(path, rooms)
        if room is None:
            faults.append(f"{path}: lives in no room of tests/rooms.txt")
            continue
        files += 1
        own = room.split("/")[-1]
        for n, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*[<"]([^">]+)[">]', line)
            if not found:
                continue
            header = found.group(1)
            reached = target(header, path, rooms)
            if ".." in header:
                faults.append(f"{path}:{n}: {header}: climbs out of its room")
            if header in only:
                if str(path) != only[header]:
                    faults.append(f"{path}:{n}: {header} is for {only[header]} alone")
            elif reached and reached != own and reached not in rooms[room]:
                faults.append(f"{path}:{n}: {room} may not use {reached} ({header})")
    for fault in faults:
        print(fault)
    print(f"{files} files in {len(rooms)} rooms, {len(faults)} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
