"""What a label says counts against it: codes whose recall no mark tells of."""
import pytest

from ledger import batch, check_digit
from test_recall import recall, report, says, small
from test_trace import packing


def closed(ledger, key, name, scope):
    """A recall that was opened and closed."""
    record = ledger.submit(key, recall(name, scope))["firstRecord"]
    ledger.submit(key, report(name))
    ledger.submit(key, recall(name, scope, "closed", replaces=record))


def test_a_closed_case_still_names_what_never_came(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "a"))
    closed(ledger, key, "c", {"items": [lot("never"), lot("a")]})
    ledger.settle()
    for code in (lot("a"), lot("never"), lot("never") + "/21/1"):
        assert says(ledger, code) == ("recalled", {"c": False}), code


def test_a_unit_that_never_came_beside_one_that_did(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, {**batch(gtin, "L"), "epcList": [f"{lot('L')}/21/1", f"{lot('L')}/21/2"], "quantityList": []})
    ledger.submit(key, recall("u", {"items": [f"{lot('L')}/21/1", f"{lot('L')}/21/9"]}))
    ledger.settle()
    for serial, found in (("1", True), ("2", False), ("9", True)):
        assert (says(ledger, f"{lot('L')}/21/{serial}")[0] == "recalled") is found, serial
    assert says(ledger, f"https://id.gs1.org/01/{gtin}/21/9")[0] == "recalled"


@pytest.mark.parametrize("known", (True, False))
def test_the_lot_that_is_printed(ledger, known):
    """The unit is registered in another lot, or in none; what its label says is recalled."""
    key, gtin, lot = small(ledger)
    unit = f"https://id.gs1.org/01/{gtin}/21/"
    ledger.submit(key, {**batch(gtin, "good"), "epcList": [lot("good") + "/21/1"], "quantityList": []},
                  packing(5, "https://id.gs1.org/00/" + check_digit("06901234000000001"), unit + "2"))
    if known:
        ledger.submit(key, batch(gtin, "bad"))
    ledger.submit(key, recall("r", {"items": [lot("bad")]}))
    ledger.settle()
    for serial in "12":
        assert says(ledger, f"{lot('bad')}/21/{serial}") == ("recalled", {"r": False}), serial
        assert says(ledger, unit + serial)[1] == {}, serial


@pytest.mark.parametrize("end", (recall, None))
def test_all_of_a_product(ledger, end):
    key, gtin, lot = small(ledger)
    ledger.submit(key, batch(gtin, "a"))
    if end:
        ledger.submit(key, recall("p", {"product": gtin}))
    else:
        closed(ledger, key, "p", {"product": gtin})
    ledger.settle()
    for code in (lot("a"), lot("never"), lot("never") + "/21/1", f"https://id.gs1.org/01/{gtin}/21/1"):
        assert says(ledger, code) == ("recalled", {"p": False}), code
    assert says(ledger, gtin)[0] == "product-only"


def test_the_day_that_is_printed(ledger):
    key, gtin, lot = small(ledger)
    ledger.submit(key, recall("p", {"product": gtin, "madeFrom": "2026-11-01", "madeTo": "2026-11-10"}))
    ledger.settle()
    for day, found in (("261031", False), ("261101", True), ("261110", True), ("261111", False)):
        assert (says(ledger, lot("never") + f"?11={day}")[0] == "recalled") is found, day
