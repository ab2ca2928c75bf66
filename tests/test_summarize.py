"""Summaries of libraries: what is derived from a distribution's source, how it is written and read, and who wins over whom."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asynclint import cli, derive, knowledge
from asynclint.config import Settings
from asynclint.options import ConfigError
from asynclint.program.catalog import ALWAYS, DERIVED, Catalog
from asynclint.program.environment import Environment
from asynclint.program.summaries import add, read, written
from asynclint.testing import lint_files


def unpacked(folder: Path, modules: Mapping[str, str], name: str = "acme") -> Path:
    """The folder of an unpacked wheel with these modules, by path."""
    for path, text in modules.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n\nThe description: of it\n")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in [*modules, f"{name}-1.2.dist-info/METADATA"]))
    return folder


def summary(folder: Path, modules: Mapping[str, str], name: str = "acme") -> dict[str, Any]:
    distribution = derive.find(str(unpacked(folder, modules, name)), [])
    return derive.summarize(distribution, Catalog.load(knowledge.folder(), summaries=False), Environment([str(folder)]))


def blocks(found: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {f"{owner}.{name}": row for owner, members in found.get("blocks", {}).items() for name, row in members.items()}


ACME = {
    "acme/__init__.py": "from ._client import Client, Eager, Lazy, Platform, Quiet, connect\nfrom .files import *\n",
    "acme/_client.py": """
import concurrent.futures, functools, logging, time, asyncio, queue, sys
import requests

class Base:
    def get(self, path):
        return self._request(path)
    def _request(self, path):
        raise NotImplementedError

class Client(Base):
    def __init__(self):
        self.items = Items()
        self._queue = queue.Queue()
    def _request(self, path):
        return requests.get(path)
    def local(self):
        return 1
    async def aget(self):
        await asyncio.sleep(1)
        return Items()
    def take(self, block=True):
        return self._queue.get(block)
    def _private(self):
        time.sleep(1)
    def __enter__(self):
        time.sleep(1)
        return self
    def __exit__(self, *exc):
        pass

class Quiet(Client):
    def get(self, path):
        return 1

class Items:
    def all(self):
        return list(map(str, self.fetch()))
    def fetch(self):
        time.sleep(1)
        return []

class Handler(logging.Handler):
    def emit(self, record):
        requests.post("x")

class Lazy:
    ready = False
    kept = {}
    def __init__(self, url=None):
        self.url = url
        if self.url is not None:
            self.fetch(self.url)
    def name(self):
        if not self.ready:
            self.load()
    def load(self):
        self.fetch("x")
        self.ready = True
    def fetch(self, url):
        return requests.get(url)
    def known(self, url):
        if url not in self.kept:
            self.kept[url] = self.fetch(url)
        return self.kept[url]
    def version(self):
        if self.seen is None:
            answer = self.fetch("x")
            self.seen = answer.text
        return self.seen
    def only_there(self):
        if sys.platform != "win32":
            return
        time.sleep(1)
    def elsewhere(self):
        if sys.platform == "win32":
            time.sleep(1)
    def either(self, session=None):
        if session is None:
            self.fetch("x")
    def other(self):
        self.either(self)
    def done(self, future: concurrent.futures.Future):
        return future.result()

class Eager:
    def __init__(self):
        self.started = False
        self.start()
    def start(self):
        if not self.started:
            self._begin()
    def _begin(self):
        requests.get("x")
        self.started = True

if sys.platform == "win32":
    class Platform(Client): pass
else:
    class Platform(Lazy): pass

def connect():
    return Client()
""",
    "acme/files.py": """
import functools, os, time

_KNOWN = None

def near(path):
    return inner(path)
def inner(path):
    with open(path) as file:
        return file.read()
def far(path):
    return near(path)
def maybe(path, force):
    if force:
        return open(path)
def early(path):
    if not path:
        return None
    return open(path)
def in_memory(file):
    return file.read()
@functools.lru_cache
def cached(path):
    time.sleep(1)
def after_cache(path):
    return cached(path)
def first_use():
    global _KNOWN
    if _KNOWN is None:
        _KNOWN = time.sleep(1)
    return _KNOWN
def wait(delay=None):
    if delay:
        time.sleep(delay)
def ask():
    return input()
def _hidden():
    time.sleep(1)
async def in_thread(work, *args):
    import asyncio
    return await asyncio.to_thread(work, *args)
""",
    "acme/tests/test_client.py": "import time\ndef test_it():\n    time.sleep(1)\n",
    "acme/_vendor/old.py": "import time\ndef old():\n    time.sleep(1)\n",
}


def test_what_blocks_is_derived_with_its_chain(tmp_path: Path) -> None:
    found = summary(tmp_path, ACME)
    assert blocks(found) == {
        "acme._client.Base.get": ["network", "Client._request > requests.get"],
        "acme.Client.take": ["wait", "queue.Queue.get", {"unless": ["block=False", "arg0=False"]}],
        "acme.Client.__enter__": ["sleep", "time.sleep"],
        "acme._client.Items.all": ["sleep", "Items.fetch > time.sleep"],
        "acme._client.Items.fetch": ["sleep", "time.sleep"],
        "acme.Eager": ["network", "Eager.start > Eager._begin > requests.get"],
        "acme.Lazy.fetch": ["network", "requests.get"],
        "acme.Lazy.load": ["network", "Lazy.fetch > requests.get"],
        "acme.Lazy.either": ["network", "Lazy.fetch > requests.get", {"unless": ["session=...", "arg0=..."]}],
        "acme.inner": ["file", "builtins.open"],
        "acme.near": ["file", "inner > builtins.open"],
        "acme.wait": ["sleep", "time.sleep", {"offload": "safe", "unless": ["delay=0", "arg0=0"], "only_if": ["delay=...", "arg0=..."]}],
    }


def test_types_lead_to_what_blocks(tmp_path: Path) -> None:
    found = summary(tmp_path, ACME)
    assert found["returns"] == {"acme.connect": "acme.Client", "acme.early": "io.TextIOWrapper", "acme.maybe": "io.TextIOWrapper"}
    assert found["types"] == {
        "acme._client.Base": {"returns": {"get": "requests.Response"}},
        "acme.Client": {
            "bases": ["acme._client.Base"],
            "returns": {"aget": "await:acme._client.Items"},
            "attributes": {"items": "acme._client.Items"},
        },
        "acme.Lazy": {"returns": {"fetch": "requests.Response", "known": "requests.Response"}},
        "acme.Quiet": {"bases": ["acme.Client"]},
    }
    assert found["nonblocking"] == ["acme.Quiet.get"]
    assert found["aliases"] == {
        "acme._client.Quiet": "acme.Quiet",
        "acme._client.Eager": "acme.Eager",
        "acme._client.Lazy": "acme.Lazy",
        "acme._client.Client": "acme.Client",
        "acme._client.connect": "acme.connect",
        **{f"acme.files.{name}": f"acme.{name}" for name in ("early", "in_thread", "inner", "maybe", "near", "wait")},
    }
    assert found["coroutines"] == ["acme.Client.aget", "acme.in_thread"]
    assert found["offloads"] == {"acme.in_thread": [0, True, False]}
    assert (found["distribution"], found["version"], found["modules"]) == ("acme", "1.2", ["acme"])


# -- files


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog of the files that are always read and `requests`, with an empty folder of summaries."""
    folder = tmp_path / "catalog"
    (folder / DERIVED).mkdir(parents=True)
    for name in (*ALWAYS, "requests"):
        shutil.copy(Path(knowledge.folder(), f"{name}.toml"), folder)
    monkeypatch.setattr(knowledge, "folder", lambda: str(folder))
    return folder


@pytest.fixture
def shipped(catalog: Path, tmp_path: Path) -> Path:
    """The file of the summary of `acme`, in that catalog."""
    found = summary(tmp_path / "acme", ACME)
    return Path(written(found, ["acme"], str(catalog / DERIVED)))


USE = """
import acme
async def use(path):
    client = acme.connect()
    client.get(path)
    client.local()
    client.items.all()
    (await client.aget()).fetch()
    acme.Quiet().get(path)
    client.take()
    client.take(block=False)
    acme.near(path)
    acme.wait()
    acme.wait(1)
    client.aget()
    await acme.in_thread(client.get, path)
"""


def messages(text: str = USE, **settings: Any) -> list[str]:
    found = lint_files({"app.py": text}, settings=Settings(root="", **settings))["app.py"]
    return [f"{each.span.start.line} {each.code} {each.message}" for each in found]


def test_a_summary_tells_of_what_is_not_installed(shipped: Path) -> None:
    said = "on the event loop, and every other task waits with it"
    assert shipped.name == "acme@acme.json"
    assert messages() == [
        f"5 ASL104 `client.get()` waits for the network (acme 1.2: Client._request > requests.get) {said}",
        f"7 ASL101 `client.items.all()` sleeps (acme 1.2: Items.fetch > time.sleep) {said}",
        f"8 ASL101 `(await client.aget()).fetch()` sleeps (acme 1.2: time.sleep) {said}",
        f"10 ASL106 `client.take()` waits for another thread or process (acme 1.2: queue.Queue.get) {said}",
        f"12 ASL102 `acme.near()` waits for the disk (acme 1.2: inner > builtins.open) {said}",
        f"14 ASL101 `acme.wait()` sleeps (acme 1.2: time.sleep) {said}",
        "15 ASL304 `client.aget()` only makes a coroutine, and nothing awaits it: its body never runs",
    ]


def test_without_a_summary_nothing_is_said(catalog: Path) -> None:
    assert messages() == []


def test_a_summary_is_read_only_where_its_root_is_imported(shipped: Path) -> None:
    shipped.write_text("nothing that could be read")
    assert messages("import acmes\nacmes.get()\n") == []


def test_the_catalog_wins_over_a_summary(shipped: Path, catalog: Path) -> None:
    (catalog / "acme.toml").write_text(
        '[[blocks]]\ncall = "acme.near"\non = "network"\n'
        '[[nonblocking]]\ncall = "acme.wait"\n'
        '[[blocks]]\ncall = "acme._client.Items.fetch"\non = "database"\n'
    )
    found = [line.partition(",")[0] for line in messages("import acme\nasync def f(path):\n    acme.near(path)\n    acme.wait(1)\n")]
    assert found == ["3 ASL104 `acme.near()` waits for the network on the event loop"]
    found = [line.partition(",")[0] for line in messages("import acme\nasync def f(c: acme.Client):\n    c.items.fetch()\n    c.items.all()\n")]
    assert found == ["3 ASL105 `c.items.fetch()` waits for the database on the event loop"]  # of a class that it mentions, all is its


def test_an_installed_library_wins_over_its_summary(shipped: Path, tmp_path: Path) -> None:
    venv = tmp_path / "env"
    site = venv / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    unpacked(site, {"acme/__init__.py": "import time\ndef near(path):\n    time.sleep(1)\ndef wait(delay):\n    pass\n"})
    text = "import acme\nasync def f(path):\n    acme.near(path)\n    acme.wait(1)\n"
    assert messages(text, python=str(venv)) == ["3 ASL110 `acme.near()` blocks the event loop: 1 call further down, `time.sleep` sleeps"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: "{", r"acme@acme\.json: .*property name"),
        (lambda data: "[]", "is no summary of a distribution"),
        (lambda data: json.dumps({**data, "format": 0}), "has the format 0, not 1; make it anew with `asynclint summarize`"),
        (lambda data: json.dumps({**data, "blocks": {"acme": {"near": ["noise", "x"]}}}), "`on` is one of sleep"),
        (lambda data: json.dumps({**data, "blocks": {"acme": {"near": ["file"]}}}), "is damaged: ValueError"),
        (lambda data: json.dumps({**data, "types": []}), "is damaged: AttributeError"),
        (lambda data: json.dumps({**data, "types": {"acme.Client": {"gives": {}}}}), "gives"),
    ],
)
def test_a_bad_file_is_an_error_that_names_it(shipped: Path, change: Any, said: str) -> None:
    shipped.write_text(change(json.loads(shipped.read_text())))
    with pytest.raises(ConfigError, match=said) as error:
        messages()
    assert shipped.name in str(error.value)


# -- what is shipped

SHIPPED = sorted(Path(knowledge.folder(), DERIVED).glob("*.json"))


def test_what_is_shipped_is_small_and_listed() -> None:
    listed = (Path(__file__).parent.parent / "docs" / "summarized.txt").read_text(encoding="utf-8").splitlines()
    assert {path.name.partition("@")[0] for path in SHIPPED} <= set(listed)
    assert sum(path.stat().st_size for path in SHIPPED) < 4_000_000


@pytest.mark.parametrize("path", SHIPPED, ids=[path.name.partition("@")[0] for path in SHIPPED])
def test_what_is_shipped_can_be_read(path: Path) -> None:
    data = read(str(path))
    roots = path.stem.partition("@")[2].split("+")
    assert {module.partition(".")[0] for module in data["modules"]} <= set(roots)
    known = Catalog.load(knowledge.folder(), summaries=False)
    known.extend(roots)
    before = set(known.blocks)
    add(known, data, str(path))
    told = {f"{owner}.{name}" for owner, members in data.get("blocks", {}).items() for name in members}
    assert known.blocks.keys() - before == told  # nothing that the catalog already tells


# -- the command


def test_the_command_prints_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["summarize", str(unpacked(tmp_path, ACME))]) == 0
    assert json.loads(capsys.readouterr().out)["distribution"] == "acme"


def test_the_command_writes_files_of_what_has_something_to_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acme, idle = unpacked(tmp_path / "a", ACME), unpacked(tmp_path / "b", {"idle.py": "def f():\n    return 1\n"}, "idle")
    assert cli.run(["summarize", str(acme), str(idle), "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"acme 1.2: {tmp_path / 'acme@acme.json'}", "idle 1.2: nothing to tell"]
    assert [path.name for path in tmp_path.glob("*.json")] == ["acme@acme.json"]


def test_an_sdist_is_found_in_its_folder(tmp_path: Path) -> None:
    source = tmp_path / "acme-2.0" / "src" / "acme"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text("import time\ndef wait():\n    time.sleep(1)\n")
    (tmp_path / "acme-2.0" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 2.0\n")
    (tmp_path / "acme-2.0" / "setup.py").write_text("raise SystemExit('nobody runs this')\n")
    found = derive.find(str(tmp_path), [])
    assert (found.name, found.version, [name for name, _ in found.files]) == ("acme", "2.0", ["acme"])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("acme", "Name the environment with --python"), ("acme-1.0.whl", "unpack the archive first"), (".", "is no unpacked distribution")],
)
def test_what_is_no_distribution_is_an_error(wanted: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=said):
        derive.find(wanted, [])
