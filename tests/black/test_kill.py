"""kill -9 at any moment under load: what was acknowledged is there, nothing is half there."""
import http.client
import random
import threading

import pytest

from ledger import SLOW, batch, compact, submission

ROUNDS = 10
CLIENTS = 6


class Client(threading.Thread):
    """Sends submissions one after the other until its connection dies."""

    def __init__(self, ledger, key, gtin, name, sizes):
        super().__init__(daemon=True)
        self.ledger, self.key, self.gtin, self.name_, self.sizes = ledger, key, gtin, name, sizes
        self.acknowledged, self.unanswered = [], []
        self.wrong = None
        self.first = threading.Event()

    def run(self):
        connection = self.ledger.connect(timeout=30)
        try:
            for n in range(100000):
                size = self.sizes[n % len(self.sizes)]
                body = submission(self.key, [compact(batch(self.gtin, f"{self.name_}-{n}-{i}"))
                                             for i in range(size)])
                self.unanswered = [body]
                answer = self.ledger.post(body, connection)
                if answer.status == 503:  # told to stop before it was read whole
                    return
                if answer.status != 201:
                    self.wrong = answer.body
                    return
                self.acknowledged.append((body, answer.json))
                self.unanswered = []
                self.first.set()
        except (OSError, http.client.HTTPException):
            pass  # killed under us
        finally:
            self.first.set()
            connection.close()


def check_after_a_kill(ledger, clients):
    size = ledger.get("/v1/ledger").json["entries"]
    for client in clients:
        assert client.wrong is None, client.wrong
        connection = ledger.connect()
        for body, said in client.acknowledged:
            again = ledger.post(body, connection)
            assert again.status == 200, again.body
            assert again.json["entry"] == said["entry"] < size
            assert again.json["receipt"]["entry"] == said["receipt"]["entry"]
        for body in client.unanswered:
            again = ledger.post(body, connection)
            assert again.status in (200, 201), again.body
        connection.close()


@pytest.mark.parametrize("seed", [1])
def test_kill_under_load(idle, seed):
    chance = random.Random(seed)
    idle.start()
    key, gtin = idle.dairy()
    acknowledged = 0
    for round_ in range(ROUNDS):
        clients = [Client(idle, key, gtin, f"r{round_}c{c}", [1] if c % 2 else [1, 50, 400])
                   for c in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            assert client.first.wait(30 * SLOW)
        # Not a wait for readiness: the moment of the kill is what varies.
        threading.Event().wait(chance.uniform(0.01, 0.4))
        idle.kill()
        for client in clients:
            client.join(60)
        idle.start()
        check_after_a_kill(idle, clients)
        acknowledged += sum(len(c.acknowledged) for c in clients)
        idle.auditor().audit(records=False)
    assert acknowledged > ROUNDS * CLIENTS
    idle.settle()
    entries, records = idle.auditor().audit(records=False)
    head = idle.get("/v1/ledger").json
    assert (entries, records) == (head["entries"], head["records"])
    idle.stop()
    checked = idle.fsck()
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_index_catches_up_by_itself(idle):
    idle.start()
    key, gtin = idle.dairy()
    for n in range(5):
        idle.submit(key, *(batch(gtin, f"K{n}-{i}") for i in range(300)))
    idle.kill()
    idle.start()
    idle.settle()
    for n in range(5):
        assert idle.get(f"/v1/verify?code=(01){gtin}(10)K{n}-299").json["status"] == "registered"
    idle.stop()


def test_a_deleted_index_is_built_again(idle):
    import shutil
    idle.start()
    key, gtin = idle.dairy()
    idle.submit(key, *(batch(gtin, f"L{i}") for i in range(200)))
    idle.stop()
    shutil.rmtree(idle.dir / "index")
    shutil.rmtree(idle.dir / "local")
    idle.start()
    idle.settle()
    assert idle.get(f"/v1/verify?code=(01){gtin}(10)L199").json["status"] == "registered"
    idle.stop()
    checked = idle.fsck()
    assert checked.returncode == 0, checked.stdout


def test_sigterm_answers_what_is_under_way(idle):
    idle.start()
    key, gtin = idle.dairy()
    clients = [Client(idle, key, gtin, f"t{c}", [1, 100]) for c in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        assert client.first.wait(30 * SLOW)
    idle.stop()
    for client in clients:
        client.join(60)
    idle.start()
    check_after_a_kill(idle, clients)
    idle.stop()
