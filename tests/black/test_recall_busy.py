"""A recalled container that goes on being packed."""
import time

import pytest

from ledger import batch, check_digit
from test_recall import recall, says, small
from test_trace import at, packing

UNITS, MORE = 20_000, 150


@pytest.mark.parametrize("place", (False, True))
def test_what_comes_in_is_marked_alone(ledger, place):
    """The case isn't closed again for each: that took as long as the first time, and the index fell behind."""
    key, gtin, lot = small(ledger)
    box, pallet = ("https://id.gs1.org/00/" + check_digit(f"0690123400000000{n}") for n in (1, 2))
    store = "https://id.gs1.org/414/" + check_digit("690123400001")
    unit = f"https://id.gs1.org/01/{gtin}/21/"
    where = {"bizLocation": {"id": store}} if place else {}
    units = [f"{lot('L')}/21/{n}" for n in range(UNITS)]
    ledger.submit(key, *({**batch(gtin, "L"), "epcList": units[i:i + 2500], "quantityList": [], **where,
                          "eventID": f"urn:test:{i}"} for i in range(0, UNITS, 2500)),
                  {**packing(5, box, unit + "first"), **where}, packing(5, pallet, unit + "inner"))
    ledger.settle()
    scope = {"place": store, "to": at(20)} if place else {"items": [lot("L"), box]}
    ledger.submit(ledger.operator, recall("r", scope))
    began = time.monotonic()
    ledger.settle()
    once = max(time.monotonic() - began, .1)
    began = time.monotonic()
    for n in range(MORE):
        ledger.submit(key, packing(6, box, unit + f"c{n}", eventID=f"urn:test:p{n}"))
    ledger.submit(key, packing(7, box, pallet), packing(8, box, unit + "first", action="DELETE"),
                  packing(30, box, unit + "after"))
    ledger.settle()
    assert time.monotonic() - began < once * MORE / 3
    for name, found in (("c0", True), (f"c{MORE - 1}", True), ("inner", True), ("first", True), ("after", not place)):
        assert (says(ledger, unit + name)[0] == "recalled") is found, name
    ledger.stop()
    done = ledger.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
