"""`asynclint catalog`: what is known of a callable, by any of its names, and from which source."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint import cli, lookup
from asynclint.config import load

CONFIG = """\
[[catalog.blocks]]               # it asks the server of the team
call = ["acme.Client.fetch", "shop.db.query"]
on = "network"
unless = ["timeout=0"]
offload = "unsafe"

[[catalog.nonblocking]]
call = "requests.get"

[[catalog.marks]]
decorator = "shop.db.slow"
on = "cpu"
"""
DB = """\
import time


def slow(function):
    return function


def query():
    time.sleep(1)


# asynclint: blocking[file]
def load():
    ...


@slow
def crunch():
    ...


def helper():
    inner()


def inner():
    time.sleep(1)


class Store:
    def __init__(self):  # asynclint: nonblocking
        ...
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "asynclint.toml").write_text(CONFIG)
    (tmp_path / "shop" / "__init__.py").write_text("from shop.db import load as reload, query\nfrom time import sleep as rest\n")
    (tmp_path / "shop" / "db.py").write_text(DB)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("time.sleep", ["time.sleep", "blocks: sleep", "instead: asyncio.sleep", "in a thread: safe", "source: stdlib.toml:"]),
        (
            "requests.api.post",
            ["requests.api.post is requests.post", "blocks: network", "source: requests.toml:", "requests.toml is about requests 2.x."],
        ),
        (
            "requests.api.get",
            ["requests.api.get is requests.get", "does not block", "source: asynclint.toml:7, yours", "blocks: network (overruled)"],
        ),
        ("os.path.exists", ["blocks: file", "why: one quick system call"]),
        ("passlib.hash.sha512_crypt.hash", ["blocks: cpu", "in a thread: of little use: it holds the interpreter's lock"]),
        ("botocore.client.BaseClient.get_object", ["blocks: network", "source: boto3+botocore.toml:"]),
        ("asyncio.to_thread", ["runs its argument 0 in a thread or process", "is a coroutine function"]),
        (
            "acme.Client.fetch",
            ["blocks: network", "not if: timeout=0", "only `--unsafe-fixes`", "asynclint.toml:1, yours", "why: it asks the server"],
        ),
        ("shop.query", ["shop.db.query", "project: shop/db.py:8", "blocks: network", "so says `shop.db.query` (asynclint.toml:1, yours)"]),
        ("shop.reload", ["shop.db.load", "project: shop/db.py:13", "blocks: file", "so says the comment `# asynclint: blocking`"]),
        ("shop.db.crunch", ["blocks: cpu", "so says `shop.db.slow` (asynclint.toml:10, yours)"]),
        ("shop.db.Store", ["shop.db.Store.__init__", "does not block", "so says the comment `# asynclint: nonblocking`"]),
        ("shop.db.helper", ["its body blocks (sleep): time.sleep, 1 call further down"]),
        ("shop.db.slow", ["marks a function as blocking"]),
        ("shop.rest", ["time.sleep", "blocks: sleep"]),
    ],
)
def test_what_is_known_of_a_name(name: str, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["catalog", name]) == 0
    shown = capsys.readouterr().out
    at = [shown.find(line) for line in lines]
    assert -1 not in at and at == sorted(at), shown


def test_a_prefix_lists_what_lies_below_it_and_a_library_its_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["catalog", "boto3"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "boto3+botocore.toml" in shown[0]
    assert any(line.startswith("botocore.client.BaseClient.*") and "blocks: network" in line for line in shown)
    assert cli.run(["catalog", "hashlib"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["hashlib.file_digest", "hashlib.pbkdf2_hmac", "hashlib.scrypt"]
    assert cli.run(["catalog", "acme"]) == 0
    assert capsys.readouterr().out == "acme.Client.fetch  blocks: network  (asynclint.toml)\n"


def test_without_a_name_entries_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["catalog"]) == 0
    lines = capsys.readouterr().out.splitlines()
    kinds, sources = (int(line.rpartition(" ")[2]) for line in lines if line.startswith("entries by"))
    assert kinds == sources == len(lookup.statements(load(())))
    assert "  asynclint.toml" in "\n".join(lines)
    assert any(line.split()[:2] == ["blocks:", "cpu"] for line in lines)


@pytest.mark.parametrize(("name", "near"), [("tim.sleep", "`time.sleep`"), ("sleep", "`time.sleep`"), ("shop.db.qurey", "`shop.db.query`")])
def test_an_unknown_name_is_an_error_with_near_ones(name: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["catalog", name]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: nothing is known of `{name}`; did you mean ")
    assert near in error


def test_a_function_of_an_installed_library(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = project / ".venv" / "lib" / "python3.13" / "site-packages"
    (packages / "acme").mkdir(parents=True)
    (project / ".venv" / "pyvenv.cfg").write_text("version = 3.13\n")
    (packages / "acme" / "__init__.py").write_text("from acme.core import fetch\nfrom time import sleep as rest\n")
    (packages / "acme" / "core.py").write_text("\n\ndef fetch(): ...\n")
    assert cli.run(["catalog", "acme.fetch"]) == 0
    shown = capsys.readouterr().out
    assert "acme.core.fetch\n  is a function of a library: " in shown
    assert "core.py:3\n" in shown
    assert cli.run(["catalog", "acme.rest"]) == 0
    assert capsys.readouterr().out.startswith("time.sleep\n  blocks: sleep\n")
