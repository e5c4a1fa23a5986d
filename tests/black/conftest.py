import pytest


def pytest_terminal_summary(terminalreporter):
    """How many faults were tried, where a test counts them."""
    tried = [value for report in terminalreporter.getreports("passed")
             for name, value in report.user_properties if name == "faults" and report.when == "call"]
    if tried:
        terminalreporter.write_line(f"{sum(tried)} faults tried")

import ledger as ledgers


@pytest.fixture
def ledger(tmp_path):
    """A fresh ledger with its daemon running; a clean stop is part of every test."""
    one = ledgers.Ledger(tmp_path / "ledger").init().start()
    yield one
    try:
        one.stop()
    finally:
        one.remove()


@pytest.fixture
def idle(tmp_path):
    """A fresh ledger whose daemon the test starts itself."""
    one = ledgers.Ledger(tmp_path / "ledger").init()
    yield one
    one.remove()


@pytest.fixture(scope="module")
def shared_ledger(tmp_path_factory):
    """One ledger for tests that only ask, or whose submissions are refused."""
    one = ledgers.Ledger(tmp_path_factory.mktemp("shared") / "ledger").init().start()
    yield one
    try:
        one.stop()
    finally:
        one.remove()
