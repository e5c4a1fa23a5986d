"""What is reached from what, written plainly from the design's rules, to hold the daemon against.

Forward: lot -> its units; input -> transformation -> output; item -> container only to know where
it is; container -> contents only when the container itself is in question.  Back is the mirror.
Times count: what left a container before, or entered after, wasn't in it.  An errorDeclaration
withdraws the event that it repeats; events that share a transformationID are one transformation.
"""
import datetime
import re

ALWAYS = (float("-inf"), float("inf"))
ALL = None  # of a container's contents


def canonical(code):
    """GS1 codes: a unit goes without its lot."""
    return re.sub(r"(/01/\d{14})/10/[^/]+/21/", r"\1/21/", code)


def lot_in(code):
    found = re.match(r"(.*/01/\d{14}/10/[^/]+)/21/", code)
    return found and found.group(1)


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def items_of(event):
    """(role, code as written) of everything that the event names."""
    roles = {"epcList": "subject", "quantityList": "subject", "childEPCs": "child", "childQuantityList": "child",
             "inputEPCList": "input", "inputQuantityList": "input",
             "outputEPCList": "output", "outputQuantityList": "output"}
    if "parentID" in event:
        yield "parent", event["parentID"]
    for member, role in roles.items():
        for one in event.get(member, ()):
            yield role, one if isinstance(one, str) else one["epcClass"]


def named_by(event, author):
    """(kind, name) of the parties and the place that an event names: who has its things, had or gets them, and where.

    Whoever has them is the one named as possessing or owning them, else the author."""
    def end(way):
        ends = {e["type"]: e[way] for e in event.get(way + "List", ())}
        return ends.get("possessing_party") or ends.get("owning_party")
    giver, taker = end("source"), end("destination")
    step, moves = event.get("bizStep"), event["type"] == "ObjectEvent"
    got = moves and (event["action"] == "ADD" or step == "receiving")
    yield "party", (taker if got else giver) or author
    if moves and (giver if got else taker):
        yield "party", giver if got else taker
    here, there = (event.get(member, {}).get("id") for member in ("bizLocation", "readPoint"))
    place = there or here if step == "shipping" else here or there
    if place:
        yield "place", place


def at_place(asked, told):
    """Does what is told of a place speak of the one asked for?  A GLN stands for its parts, (414) with (254), as well."""
    return told == asked or bool(re.fullmatch(r".*/414/\d{13}", asked) and (told or "").startswith(asked + "/254/"))


class Reference:
    """The view in force of RECORDS: {number: event}, all by one author."""

    def __init__(self, records, author=None):
        self.author = author
        withdrawn = {e["eventID"] for e in records.values() if "errorDeclaration" in e}
        self.events = {n: e for n, e in sorted(records.items())
                       if "errorDeclaration" not in e and e.get("eventID") not in withdrawn}
        self.lot, self.named, self.registered = {}, {}, {}
        self.names = {}                       # item -> [(record, kind, party or place)]
        self.inputs, self.outputs = {}, {}    # transformation -> [(item, record)]
        self.contents, self.packings = {}, {}  # container -> [(time, record, added, child)], item -> {container}
        for n, event in self.events.items():
            self.read(n, event)
        for lines in self.contents.values():
            lines.sort(key=lambda line: line[:2])

    def read(self, n, event):
        kind, action = event["type"], event.get("action")
        time, node = self.time(n), event.get("transformationID", n)
        children, container = [], None
        for role, written in items_of(event):
            item, lot = canonical(written), lot_in(written)
            creates = role == "output" or (kind == "ObjectEvent" and action == "ADD")
            if lot:
                self.lot[item] = lot
            for one in {item, lot} - {None}:
                self.named.setdefault(one, n)
                self.names.setdefault(one, []).extend((n, kind, name) for kind, name in named_by(event, self.author))
                if creates:
                    self.registered.setdefault(one, n)
            if role == "input":
                self.inputs.setdefault(node, []).append((item, n))
            elif role == "output":
                self.outputs.setdefault(node, []).append((item, n))
            elif role == "parent":
                container = item
            elif role == "child":
                children.append(item)
        if kind in ("AggregationEvent", "AssociationEvent") and action in ("ADD", "DELETE") and container:
            lines = self.contents.setdefault(container, [])
            for child in children or ([ALL] if action == "DELETE" else []):
                lines.append((time, n, action == "ADD", child))
                if action == "ADD":
                    self.packings.setdefault(child, {}).setdefault(container, []).append(n)

    def time(self, n):
        return milliseconds(self.events[n]["eventTime"])

    def registration(self, item):
        return self.registered.get(item, self.named.get(item))

    def stays(self, container, child):
        """[(came, went, record)] of a child in a container, both ends within."""
        came, stays = None, []
        for time, n, added, who in self.contents.get(container, ()):
            if who not in (child, ALL):
                continue
            if added and came is None:
                came = time, n
            elif not added and came is not None:
                stays.append((came[0], time, came[1]))
                came = None
        if came is not None:
            stays.append((came[0], ALWAYS[1], came[1]))
        return stays

    def steps(self, item, forward, window):
        """(edge, what is reached, records that say so); not through containers."""
        into, out_of = (self.inputs, self.outputs) if forward else (self.outputs, self.inputs)

        def within(n):
            return window[0] <= self.time(n) <= window[1]
        for node, ends in into.items():
            came = [n for one, n in ends if one == item and within(n)]
            for reached, n in out_of.get(node, ()) if came else ():
                if within(n):
                    for m in came:
                        yield "transform", reached, {m, n}
        for unit, lot in self.lot.items():
            if forward and lot == item:
                yield "member", unit, {self.registration(unit)}
            elif not forward and unit == item:
                yield "member", lot, {self.registration(unit)}

    def opened(self, container, times):
        """(child, its time there, the record of its packing) of those that lay in it at some of that time."""
        for child in {line[3] for line in self.contents.get(container, ())} - {ALL}:
            for came, went, n in self.stays(container, child):
                if came <= times[1] and went >= times[0]:
                    yield child, (max(came, times[0]), min(went, times[1])), n

    def packed(self, child, container, window):
        """The first record by which it lay there at some time of the window."""
        for n in sorted(self.packings.get(child, {}).get(container, ())):
            went = next((time for time, m, added, who in self.contents[container]
                         if not added and who in (child, ALL) and (time, m) > (self.time(n), n)), ALWAYS[1])
            if self.time(n) <= window[1] and went >= window[0]:
                return n
        return None

    def trace(self, asked, forward, depth=float("inf"), window=ALWAYS, questions=None, tell=True):
        """{item: (distance, [(from, edge, records)])}, and whether depth left something out.

        QUESTIONS are the containers that are opened, each with its time; else all that is asked for."""
        found = {item: (0, [(None, None, {self.registration(item)})]) for item in asked}
        questions = [(item, window) for item in asked] if questions is None else list(questions)
        opened, deeper = set(), False
        level, frontier = 0, list(found)
        while frontier or questions:
            level += 1
            reached, asked_next = {}, []
            for item in frontier:
                for edge, to, records in self.steps(item, forward, window):
                    reached.setdefault(to, []).append((item, edge, records))
            for container, times in questions:
                if (container, times) in opened:
                    continue
                opened.add((container, times))
                for child, stay, n in self.opened(container, times):
                    reached.setdefault(child, []).append((container, "contain", {n}))
                    asked_next.append((child, stay))
            frontier = [item for item in reached if item not in found]
            if level > depth:
                deeper = bool(frontier)
                break
            found.update((item, (level, reached[item])) for item in frontier)
            questions = asked_next
        self.walked = dict(found)
        return self.told(found, depth, window, deeper) if tell else (found, deeper)

    def covered(self, asked):
        """What a recall of these marks: all that is reached forward; whoever merely carries it isn't."""
        return set(self.trace(asked, True, tell=False)[0])

    def told(self, found, depth, window, deeper):
        """The containers that what was found was ever in; nobody is named at those."""
        told = {}
        for item, (distance, _) in found.items():
            for container in self.packings.get(item, ()):
                record = self.packed(item, container, window)
                if container in found or record is None:
                    continue
                if distance >= depth:
                    deeper |= container not in told
                    continue
                told.setdefault(container, []).append((distance + 1, item, record))
        for container, by in told.items():
            nearest = min(by)[0]
            found[container] = (nearest, [(item, "contain", {record}) for distance, item, record in by
                                          if distance == nearest])
        return found, deeper

    def actors(self, found, window=ALWAYS):
        """{(kind, name): (distance, {(item, first record)})} of the nearest of what was walked to."""
        met = {}
        for item, (distance, _) in found.items():
            first = {}
            for n, kind, name in self.names.get(item, ()):
                if window[0] <= self.time(n) <= window[1]:
                    first.setdefault((kind, name), n)
            for who, n in first.items():
                met.setdefault(who, []).append((distance, item, n))
        return {who: (min(at)[0], {(item, n) for distance, item, n in at if distance == min(at)[0]})
                for who, at in met.items()}
