"""A fault in the middle of everything that writes: a sample, `make soak` tries them all."""
import pathlib
import random
import subprocess
import sys

import pytest

from ledger import BUILD, VARIANT

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fault"))
import faults  # noqa: E402

if not faults.SHIM.exists():
    pytest.skip(f"{faults.SHIM} isn't built", allow_module_level=True)

# How many N of each kind; a scenario's kinds differ in how many calls they have.
PER_KIND = 2 if VARIANT == "release" else 1


@pytest.fixture(scope="module", autouse=True)
def works_here():
    """A sanitizer's library must come before the shim, and may refuse to."""
    done = subprocess.run([BUILD / "suyuand", "--version"], env={"LD_PRELOAD": faults.preload()},
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the shim can't be preloaded here: " + done.stderr.strip()[:200])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return faults.Base(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("scenario", faults.SCENARIOS, ids=lambda s: s.scenario.replace(" ", "-"))
def test_faults(base, scenario, record_property):
    chance = random.Random(f"1 {scenario.scenario}")
    tried = faults.some(base, scenario, PER_KIND, chance)
    assert tried > 0, "no fault happened"
    record_property("faults", tried)
