"""Every row of the daemon's route table answers for itself, here and under the origin's path."""
import re

from ledger import ROOT

FILL = {"{id}": "urn:test:none", "{n}": "0", "{i}": "0", "{rest*}": "0/000.p/1"}


def rows():
    text = (ROOT / "daemon/routes.c").read_text()
    table = text[text.index("table[] = {"):text.index("\n};")]
    found = re.findall(r'\{(GET|HTTP_POST), "([^"]+)", (\w+), (HTTP_\w+)', table)
    assert len(found) == table.count("handle_") > 15
    return found


def test_every_route_has_its_handler(shared_ledger):
    for method, path, handler, access in rows():
        named = "{id}" in path  # a thing that isn't there
        for pattern, value in FILL.items():
            path = path.replace(pattern, value)
        method = method.removeprefix("HTTP_")
        local = access == "HTTP_LOCAL"
        answer = shared_ledger.request(method, path, body=b"" if method == "POST" else None,
                                       local=local)
        # What asks for a query or a body refuses one without; nothing is missing or breaks.
        assert answer.status in ((404,) if named else (200, 400)), (method, path, handler, answer.status, answer.body)
        other = "DELETE" if method == "GET" else "GET"
        assert shared_ledger.request(other, path, local=local).status == 405, path
        if local:
            assert shared_ledger.request(method, path).status in (403, 404), path


def test_log_is_served_under_the_origins_path(shared_ledger):
    under = "/" + shared_ledger.origin.split("/", 1)[1]
    for path in ("/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1"):
        at_root, there = shared_ledger.get(path), shared_ledger.get(under + path)
        assert at_root.status == there.status == 200 and at_root.body == there.body
    assert shared_ledger.get(under + "/healthz").status == 404
