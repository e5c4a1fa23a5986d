"""What complaints have in common, written plainly from the rules in daemon/trace/common.h.

A question is "who had this thing until then?"; it goes back from the party that used the thing to
those it had it from.  No caches, no numbers, no order that matters.
"""
from collections import namedtuple

from reference import Reference, canonical, items_of, lot_in

FOREVER, NEVER = float("inf"), float("-inf")
DEEP = 16

# STEP is a word of /v1/items; OWN: not by a container that it lay in; MEMBER: a unit of the lot.
Fact = namedtuple("Fact", "record time step party other place own member node")
LEAVES = "ship", "sell", "install", "consume", "destroy"

STEPS = {"shipping": "ship", "receiving": "receive", "retail_selling": "sell", "void_shipping": "unship",
         "inspecting": None, "holding": None}


def party_of(ends):
    return next((e["source" if "source" in e else "destination"] for e in ends
                 if e["type"] == "possessing_party"), None)


def step_of(event, role, children):
    kind, action = event["type"], event.get("action")
    if role in ("input", "output"):
        return "consume" if role == "input" else "produce"
    if kind == "AggregationEvent" and action == "ADD":
        return "pack"
    if kind == "AggregationEvent" and action == "DELETE":
        return "unpack" if children else "empty"
    if kind == "ObjectEvent" and action != "OBSERVE":
        return "create" if action == "ADD" else "destroy"
    return STEPS.get(event.get("bizStep"), "observe")


class Common(Reference):
    """The view in force of RECORDS, all by AUTHOR."""

    def __init__(self, records, author):
        super().__init__(records)
        self.author, self.own, self.visited, self.done = author, {}, {}, {}
        for n, event in records.items():
            if "errorDeclaration" not in event:
                self.read_facts(n, event, n in self.events)
        self.cut = set()

    def read_facts(self, n, event, stands):
        written = list(items_of(event))
        children = [c for role, c in written if role == "child"]
        source, target = party_of(event.get("sourceList", ())), party_of(event.get("destinationList", ()))
        place = event.get("bizLocation", event.get("readPoint", {})).get("id")
        container = canonical(event["parentID"]) if "parentID" in event else None
        for role, code in written:
            step = step_of(event, role, children)
            party, other = source or self.author, target
            if step in ("receive", "create"):
                party, other = target or self.author, source
            if role in ("input", "output"):
                other = None
            if step in ("pack", "unpack", "empty"):
                other = container if role == "child" else None
            item, lot = canonical(code), lot_in(code)
            # What was withdrawn is looked at, too; it says nothing of who had the thing.
            for actor in {party, other, place, self.author}:
                self.visited.setdefault(actor, set()).add(lot or item)
            for one, member in ((item, False), (lot, True)):
                if one and step and stands:
                    node = event.get("transformationID", n) if role in ("input", "output") else None
                    self.own.setdefault(one, []).append(
                        Fact(n, self.time(n), step + (":parent" if role == "parent" and step != "empty" else ""),
                             party, other, place, True, member, node))

    def ask(self, cut=(), contact=(), dates="given"):
        self.cut, self.contact, self.dates, self.done = set(cut), contact, dates, {}
        self.came = {place: self.arrivals(place) for place in contact}
        return self

    # --- what is said of a thing

    def facts(self, item, busy=()):
        """Its own, and those of containers while it lay in them."""
        if item in self.done:
            return self.done[item]
        found = list(self.own.get(item, ()))
        for box in {f.other for f in found if f.step == "pack" and f.other and f.other not in self.cut}:
            if box in busy or box == item or len(busy) >= DEEP:
                continue
            moves = [(f.time, f.record, f.step == "pack") for f in found
                     if f.own and f.other == box and (f.step == "pack" or (f.step == "unpack" and not f.member))]
            moves += [(f.time, f.record, False) for f in self.own.get(box, ()) if f.step == "empty"]
            came = None
            for time, _, into in [*sorted(moves), (FOREVER, 0, False)]:
                if into and came is None:
                    came = time
                elif not into and came is not None:
                    found += [f._replace(own=False) for f in self.facts(box, (*busy, item))
                              if came <= f.time <= time and not f.step.endswith(":parent")]
                    came = None
        if not busy:
            self.done[item] = found
        return found

    def dropped(self, fact):
        return fact.party in self.cut or fact.place in self.cut

    def creations(self, item):
        return [f for f in self.facts(item) if f.own and f.step in ("create", "produce")]

    def shipments(self, item):
        return [f for f in self.facts(item) if f.step == "ship" or (f.step == "sell" and f.other)]

    def receipts(self, item):
        return [f for f in self.facts(item) if f.step == "receive"]

    def parties(self, item):
        """Those that records of it name."""
        return ({f.party for f in self.facts(item)} |
                {f.other for f in self.shipments(item) + self.receipts(item)}) - {None}

    def presences(self, item, party):
        """[(time, record, place)] of what says that the party had it."""
        return ([(f.time, f.record, f.place) for f in self.facts(item) if f.party == party and not self.dropped(f)] +
                [(f.time, f.record, None) for f in self.receipts(item)
                 if f.other == party and not self.dropped(f) and party not in self.cut])

    # --- who had it

    def had(self, item, party, until):
        """{party: until}, and whether that stands with what is cut."""
        holds, todo = {}, [(party, until)]
        origin = unknown = blocked = False

        def by(fact):
            nonlocal blocked
            if self.dropped(fact):
                blocked = True
            else:
                todo.append((fact.party, fact.time))
        while todo:
            one, then = todo.pop()
            if holds.get(one, NEVER) >= then:
                continue
            holds[one] = then
            made = [f for f in self.creations(item) if f.party == one and f.time <= then]
            receipts = [f for f in self.receipts(item) if f.party == one and f.time <= then]
            sent = [f for f in self.shipments(item) if f.other == one and f.time <= then]
            openly = [f for f in self.shipments(item) if f.other is None and f.time <= then]
            origin |= any(not self.dropped(f) for f in made)
            blocked |= any(self.dropped(f) for f in made + receipts)
            nameless = not (made or receipts or sent)
            for fact in sent:
                by(fact)
            for fact in receipts:
                if self.dropped(fact):
                    continue
                theirs = [f for f in openly if f.party == fact.other]
                if fact.other is None:
                    nameless = True
                elif any(f.party == fact.other for f in sent):
                    pass
                elif theirs:
                    for f in theirs:
                        by(f)
                elif fact.other in self.cut:
                    blocked = True
                else:
                    todo.append((fact.other, fact.time))
            if nameless:
                unknown |= not openly
                for fact in openly:
                    by(fact)
        return holds, origin or unknown or not blocked

    # --- contact

    def arrivals(self, place):
        """[(counts from, there until, item, party, record)]"""
        found = []
        for item in self.visited.get(place, set()) - self.cut:
            for party in self.parties(item):
                def there(facts):
                    return [f for f in facts if f.party == party and place in (f.party, f.place) and not self.dropped(f)]
                here, came, made = there(self.facts(item)), there(self.receipts(item)), there(self.creations(item))
                sent = [f for f in self.shipments(item) if f.other == place == party and not self.dropped(f)]
                ever = min((f.time for f in self.facts(item)), default=None)
                first = min(came or here or sent, key=lambda f: (f.time, f.record), default=None)
                if first is None:
                    continue
                time = until = first.time
                if came:
                    pass
                elif sent and self.dates != "given":
                    first = min(sent, key=lambda f: (f.time, f.record))
                    time, until = first.time, max([first.time] + ([min(f.time for f in here)] if here else []))
                elif made or not here:
                    continue
                elif self.dates == "inferred":
                    time = ever
                within = (until, until)
                if self.dates == "ignored":
                    time, until, within = NEVER, FOREVER, (NEVER, FOREVER)
                for one in [item, *self.inside(item, within)]:
                    found.append((time, until, one, party, first.record))
        return found

    def inside(self, container, times):
        """What lay in it then, and in what lay there."""
        boxes, found = [(container, times)], set()
        for box in boxes:
            for child, stay, _ in self.opened(*box):
                if child not in self.cut:
                    found.add(child)
                    if (child, stay) not in boxes:
                        boxes.append((child, stay))
        return found

    def left(self, item, party, until, place):
        """When it left there, as far as that party had it there; None: it hadn't."""
        here = [f for f in self.facts(item) if f.party == party and place in (f.party, f.place) and f.time <= until
                and not self.dropped(f)]
        named = party == place and (
            any(time <= until for time, _, _ in self.presences(item, party)) or
            any(f.other == party and f.time <= until and not self.dropped(f) for f in self.shipments(item)))
        if not here and (not named or self.dates == "given"):
            return None
        if self.dates == "ignored":
            return FOREVER
        last = max((f.time for f in here), default=None)
        if self.dates == "given":
            return last
        gone = any(f.time == last and f.step in LEAVES and not f.member for f in here)
        return last if gone else until

    # --- the walk

    def explain(self, code):
        """{(kind, code): (distance, {records that may say so})} of what explains it."""
        distance, until, allowed, level, asked = {}, {}, {}, 0, set()
        questions = {(code, "all", FOREVER, self.registration(code))}
        insides = self.insides(code)
        while questions or any(at > level for at, *_ in insides):
            following = set()
            for item, who, then, record in questions:
                if item in self.cut:
                    continue
                if distance.get(item, level) == level:
                    allowed.setdefault(item, set()).add(record)
                if (item, who, then) in asked:
                    continue
                asked.add((item, who, then))
                if who == "all":
                    who = [p for p in self.parties(item) if self.presences(item, p)] if self.facts(item) else [None]
                else:
                    who = [who]
                for party in who:
                    self.answer(item, party, then, level, distance, until, following)
            for at, child, went, record in insides:
                if at == level + 1:
                    following.add((child, "all", went, record))
            questions = following
            level += 1
        return self.told(distance, until, allowed)

    def answer(self, item, party, then, level, distance, until, following):
        holds, stands = {}, True
        if party in self.parties(item):
            holds, stands = self.had(item, party, then)
        if not stands:
            return
        if item not in distance:
            distance[item] = level
            for made in self.creations(item):
                if not self.dropped(made):
                    for p, t in self.had(item, made.party, made.time)[0].items():
                        holds[p] = max(holds.get(p, NEVER), t)
            nodes = {f.node for f in self.own.get(item, ()) if f.step == "produce" and not f.member and not self.dropped(f)}
            for used, facts in self.own.items():
                for f in facts:
                    if f.step == "consume" and not f.member and f.node in nodes and not self.dropped(f):
                        following.add((used, f.party, f.time, f.record))
        for p, t in holds.items():
            until[item, p] = max(until.get((item, p), NEVER), t)
            for place in self.contact:
                gone = self.left(item, p, t, place)
                following |= {(one, who, there, record) for time, there, one, who, record in self.came[place]
                              if gone is not None and time <= gone}
        if item in self.lot:
            following |= {(self.lot[item], p, t, self.registration(item)) for p, t in (holds or {None: 0}).items()}

    def insides(self, code):
        """[(level, child, until, record)] of what lay in it."""
        found, boxes = [], [(code, (NEVER, FOREVER), 0)] if code not in self.cut else []
        opened = set()
        for container, times, level in boxes:
            if (container, times) in opened:
                continue
            opened.add((container, times))
            for child in {line[3] for line in self.contents.get(container, ())} - {None} - self.cut:
                for came, went, n in self.stays(container, child):
                    if came <= times[1] and went >= times[0]:
                        found.append((level + 1, child, went, n))
                        boxes.append((child, (max(came, times[0]), min(went, times[1])), level + 1))
        return found

    def told(self, distance, until, allowed):
        found = {("item", item): (d, allowed[item]) for item, d in distance.items()}
        for (item, party), then in until.items():
            for time, record, place in self.presences(item, party):
                for who in ("party", party), ("place", place):
                    if time > then or who[1] is None:
                        continue
                    nearest, records = found.get(who, (FOREVER, set()))
                    if distance[item] < nearest:
                        found[who] = distance[item], {record}
                    elif distance[item] == nearest:
                        records.add(record)
        return found

    def common(self, weights):
        """[(kind, code, weight, distance, {complaint: (distance, records)})], best first."""
        rows = {}
        for code, weight in weights.items():
            for who, (distance, records) in self.explain(code).items():
                rows.setdefault(who, {})[code] = distance, records
        found = []
        for (kind, code), why in rows.items():
            complaints = [c for c in why if weights[c] > 0]
            if complaints:
                found.append((kind, code, sum(weights[c] for c in why), sum(why[c][0] for c in complaints), why))
        order = {"item": 0, "place": 1, "party": 2}
        return sorted(found, key=lambda row: (-row[2], row[3], row[1].encode(), order[row[0]]))
