"""What batches must carry, and in whose language a refusal is told."""
import pytest

from ledger import Key, batch, check_digit, compact, submission

MILK = check_digit("0690123400001")


@pytest.fixture(scope="module")
def dairy(shared_ledger):
    """A producer with a food whose record says no more than it must."""
    key, _ = shared_ledger.dairy()
    shared_ledger.submit(key, {"type": "Product", "code": MILK, "name": {"zh": "酸奶"}, "category": "food"})
    return key


@pytest.mark.parametrize("accept,chinese", [
    (None, False), ("zh", True), ("en", False), ("zh-CN,zh;q=0.9,en;q=0.8", True), ("en,zh;q=0.9", False),
    ("fr, ZH-hans;q=0.2", True), ("zh;q=0", False), ("de", False), ("*", False), ("en;q=0.1 , zh ; q=0.5", True),
    (",,", False), ("zh,en", True), ("en,zh", False),
])
def test_a_refusal_is_told_in_the_language_asked_for(shared_ledger, dairy, accept, chinese):
    headers = {"Content-Type": "application/x-ndjson"}
    if accept is not None:
        headers["Accept-Language"] = accept
    body = submission(dairy, [compact(batch(MILK, "A1"))])
    answer = shared_ledger.request("POST", "/v1/submissions", body, headers)
    assert answer.status == 422
    for fault in answer.json["errors"]:
        assert fault["detail"].isascii() != chinese, fault
    missing = {"specification", "standard", "licences", "address", "contact", "inspection"}
    assert {f["field"] for f in answer.json["errors"] if f["status"] == 422} == missing


def test_of_an_unknown_author_nothing_else_is_asked(shared_ledger, dairy):
    faults = shared_ledger.submit(Key("stranger"), batch(MILK, "A1"), expect=401)["errors"]
    assert not {"producer", "address", "contact"} & {f.get("field") for f in faults}, faults
