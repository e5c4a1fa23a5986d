"""What `make install` puts down, used as somebody else's build would."""
import json
import os
import shlex
import shutil
import subprocess

import pytest

import ledger as ledgers
from cli import Cli, DAIRY
from test_cli import STEPS, tampered

pytestmark = pytest.mark.skipif(ledgers.VARIANT != "release",
                                reason=f"the {ledgers.VARIANT} variant isn't for installing")
PREFIX = "/opt/suyuan"
FILES = {
    "bin/suyuan", "sbin/suyuand", "lib/libsuyuan.a", "lib/pkgconfig/suyuan.pc", "lib/systemd/system/suyuand.service",
    "lib/sysusers.d/suyuan.conf", "share/man/man1/suyuan.1", "share/man/man8/suyuand.8", "share/suyuan/suyuand.ini",
    "share/suyuan/exemption.ini",
    "share/bash-completion/completions/suyuan"}


def run(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The installed tree, under DESTDIR."""
    dest = tmp_path_factory.mktemp("dest")
    built = [str(ledgers.BUILD / name) for name in ("suyuan", "suyuand", "libsuyuan.a")]
    build = os.path.relpath(ledgers.BUILD.parent, ledgers.ROOT)
    keep = [flag for name in built for flag in ("-o", os.path.relpath(name, ledgers.ROOT))]
    before = [os.stat(name).st_mtime_ns for name in built]
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    run("make", *keep, "install", f"DESTDIR={dest}", f"PREFIX={PREFIX}", f"BUILD={build}", "V=release",
        cwd=ledgers.ROOT, env=env)
    assert [os.stat(name).st_mtime_ns for name in built] == before
    return dest


@pytest.fixture
def pkg_config(tree):
    env = dict(os.environ, PKG_CONFIG_PATH=f"{tree}{PREFIX}/lib/pkgconfig", PKG_CONFIG_SYSROOT_DIR=str(tree))
    return lambda *words: shlex.split(run("pkg-config", *words, "suyuan", env=env))


def test_the_tree(tree):
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}
    assert all(name.startswith(PREFIX[1:] + "/") for name in files)
    files = {name[len(PREFIX):] for name in files}
    headers = {f"include/suyuan/{path.name}" for path in (ledgers.ROOT / "include/suyuan").glob("*.h")}
    rules = {f"share/suyuan/{path.parent.name}/{path.name}"
             for folder in ("profiles", "recalls") for path in (ledgers.ROOT / "conf" / folder).glob("*.ini")}
    assert files == FILES | headers | rules
    for name in files:
        mode = os.stat(tree / PREFIX[1:] / name).st_mode & 0o777
        assert mode == (0o755 if "bin/" in name else 0o644), name


def test_programs_and_pages_know_their_place(tree):
    at = tree / PREFIX[1:]
    version = run(at / "bin/suyuan", "--version").split()[1]
    assert run(at / "sbin/suyuand", "--version").split()[1] == version
    assert f"Version: {version}" in (at / "lib/pkgconfig/suyuan.pc").read_text()
    for page in ("man1/suyuan.1", "man8/suyuand.8"):
        text = (at / "share/man" / page).read_text()
        assert ".Sh NAME" in text or ".SH NAME" in text
    for folder in ("share", "lib/pkgconfig", "lib/systemd"):
        for path in (at / folder).rglob("*"):
            text = path.read_text() if path.is_file() else ""
            assert str(tree) not in text and str(ledgers.ROOT) not in text, path
    # the service starts what was installed, where it was installed
    start = [line for line in (at / "lib/systemd/system/suyuand.service").read_text().splitlines()
             if line.startswith("ExecStart=")]
    assert start and start[0].split("=", 1)[1].startswith(f"{PREFIX}/sbin/suyuand")


@pytest.mark.parametrize("header", sorted(p.name for p in (ledgers.ROOT / "include/suyuan").glob("*.h")))
def test_each_header_stands_alone(pkg_config, tmp_path, header):
    source = tmp_path / "one.c"
    source.write_text(f"#include <suyuan/{header}>\n#include <suyuan/{header}>\nint main(void) {{ return 0; }}\n")
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *pkg_config("--cflags"), source)


def test_a_verifier_of_thirty_lines(tree, pkg_config, ledger, tmp_path):
    shutil.copy(ledgers.ROOT / "tests/black/verify.c", tmp_path)
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "verify.c", "-o", "verify",
        *pkg_config("--cflags", "--libs"), cwd=tmp_path)
    key, gtin = ledger.dairy()
    ledger.submit(key, ledgers.batch(gtin, "P0"), ledgers.batch(gtin, "P1"))
    number = ledger.get("/v1/ledger").json["records"] - 1
    receipt = ledger.get(f"/v1/records/{number}/receipt").json
    vkey = ledger.get("/v1/ledger").json["vkey"]

    def verify(text, vkey=vkey):
        (tmp_path / "receipt.json").write_text(text)
        done = subprocess.run(["./verify", "receipt.json", vkey], cwd=tmp_path, text=True, capture_output=True)
        return done.returncode, done.stdout
    assert verify(json.dumps(receipt)) == (0, "holds\n")
    for what, step in STEPS.items():
        code, said = verify(tampered(receipt, what))
        assert code == 1 and said.startswith(step + ": "), (what, said)
    assert verify("{}")[1].startswith("form: ")
    assert verify(json.dumps(receipt), ledgers.Key(ledgers.ORIGIN).vkey)[1].startswith("checkpoint: ")
    assert verify(json.dumps(receipt), "nonsense")[0] == 1


def test_the_installed_command_line(tree, tmp_path):
    """It runs from wherever it is put, and makes a key."""
    cli = Cli(tmp_path / "me")
    run(tree / PREFIX[1:] / "bin/suyuan", "key", "new", "my.key", "--party", DAIRY, cwd=cli.dir, env=cli.env())
    assert (cli.dir / "my.key").exists()
