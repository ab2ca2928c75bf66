"""What lies outside the project: packages of an environment, and the standard library's stubs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from asynclint import installed
from asynclint.config import Settings
from asynclint.model import Finding
from asynclint.program import environment
from asynclint.program.environment import Environment
from asynclint.testing import lint_files


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment without packages."""
    return make_venv(tmp_path / "env")


def make_venv(folder: Path) -> Path:
    site_packages(folder).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    return folder


def site_packages(venv: Path) -> Path:
    return venv / "lib" / "python3.12" / "site-packages"


def install(venv: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = site_packages(venv) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lint(venv: Path | None, text: str, **more: str) -> list[Finding]:
    """The findings of `app.py`."""
    settings = Settings(root="", python=str(venv) if venv else None)
    files = {"app.py": text, **{f"{name}.py": source for name, source in more.items()}}
    return list(lint_files(files, settings=settings)["app.py"])


def chains(findings: list[Finding]) -> list[str]:
    """Each chain as `file:function > ...`, the file of a library by its last two parts."""
    return [" > ".join(f"{_shown(Path(hop.path))}:{hop.function}" for hop in each.chain) for each in findings]


def _shown(path: Path) -> str:
    return "/".join(path.parts[-2:]) if "site-packages" in path.parts else path.name


# -- libraries

LIBRARIES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "function, through a re-export": (
        {"lib/__init__.py": "from ._core import load\n", "lib/_core.py": "import time\ndef load():\n    time.sleep(1)\n"},
        "import lib\nasync def f():\n    lib.load()\n",
        ["app.py:f > lib/_core.py:load"],
    ),
    "method of what a function gives": (
        {
            "lib.py": "import time\nclass C:\n    def go(self):\n        self._go()\n    def _go(self):\n        time.sleep(1)\ndef make():\n    return C()\n"
        },
        "from lib import make\nasync def f():\n    c = make()\n    c.go()\n",
        ["app.py:f > site-packages/lib.py:C.go > site-packages/lib.py:C._go"],
    ),
    "through a helper of the project": (
        {"lib.py": "import time\ndef load():\n    time.sleep(1)\n"},
        "import lib\ndef g():\n    lib.load()\nasync def f():\n    g()\n",
        ["app.py:f > app.py:g > site-packages/lib.py:load"],
    ),
    "base class in a library": (
        {"lib.py": "import time\nclass C:\n    def go(self):\n        time.sleep(1)\n"},
        "from lib import C\nclass D(C):\n    pass\nasync def f(d: D):\n    d.go()\n",
        ["app.py:f > site-packages/lib.py:C.go"],
    ),
    "one library that calls another": (
        {"one.py": "import two\ndef go():\n    two.go()\n", "two.py": "import time\ndef go():\n    time.sleep(1)\n"},
        "import one\nasync def f():\n    one.go()\n",
        ["app.py:f > site-packages/one.py:go > site-packages/two.py:go"],
    ),
    "folder without __init__": (
        {"space/part/core.py": "import time\ndef go():\n    time.sleep(1)\n"},
        "from space.part.core import go\nasync def f():\n    go()\n",
        ["app.py:f > part/core.py:go"],
    ),
    "star import": (
        {"lib/__init__.py": "from .core import *\n", "lib/core.py": "import time\ndef go():\n    time.sleep(1)\n"},
        "import lib\nasync def f():\n    lib.go()\n",
        ["app.py:f > lib/core.py:go"],
    ),
    "file after two calls": (
        {"lib.py": "def a(p):\n    b(p)\ndef b(p):\n    open(p)\n"},
        "import lib\nasync def f():\n    lib.a('x')\n",
        ["app.py:f > site-packages/lib.py:a > site-packages/lib.py:b"],
    ),
    "file after three calls is too far": (
        {"lib.py": "def a(p):\n    b(p)\ndef b(p):\n    c(p)\ndef c(p):\n    open(p)\n"},
        "import lib\nasync def f():\n    lib.a('x')\n",
        [],
    ),
    "file that is read once": (
        {"lib.py": "class C:\n    x = None\n    def go(self):\n        if self.x is None:\n            self.x = open('x')\n"},
        "import lib\nasync def f():\n    lib.C().go()\n",
        [],
    ),
    "file that a decorator of the library remembers": (
        {"lib.py": "from .other import my_cache\n@my_cache\ndef go():\n    open('x')\n"},
        "import lib\nasync def f():\n    lib.go()\n",
        [],
    ),
    "process after many calls": (
        {"lib.py": "import subprocess\n" + "".join(f"def g{n}():\n    g{n + 1}()\n" for n in range(6)) + "def g6():\n    subprocess.run(['x'])\n"},
        "import lib\nasync def f():\n    lib.g0()\n",
        ["app.py:f" + "".join(f" > site-packages/lib.py:g{n}" for n in range(7))],
    ),
    "deeper than anybody looks": (
        {"lib.py": "import subprocess\n" + "".join(f"def g{n}():\n    g{n + 1}()\n" for n in range(12)) + "def g12():\n    subprocess.run(['x'])\n"},
        "import lib\nasync def f():\n    lib.g0()\n",
        [],
    ),
    "import machinery": (
        {"lib.py": "from importlib.metadata import entry_points\ndef go():\n    return entry_points()\n"},
        "import lib\nasync def f():\n    lib.go()\n",
        [],
    ),
    "handler of logging": (
        {"lib.py": "import logging, socket\nclass H(logging.Handler):\n    def send(self):\n        socket.create_connection(('h', 1))\n"},
        "import lib\nasync def f():\n    lib.H().send()\n",
        [],
    ),
    "sleep for an optional time that the call does not give": (
        {"lib.py": "import time\ndef go(wait=None):\n    some = wait is not None and wait > 0\n    if some:\n        time.sleep(wait)\n"},
        "import lib\nasync def f():\n    lib.go()\n    lib.go(3)\n",
        ["app.py:f > site-packages/lib.py:go"],
    ),
    "arguments that are passed on may say not to block": (
        {"lib.py": "import queue\ndef go(q: queue.Queue, **more):\n    q.get(**more)\n"},
        "import lib\nasync def f(q):\n    lib.go(q, block=False)\n",
        [],
    ),
    "one module or another, as the platform is": (
        {
            "lib/__init__.py": "import sys\nif sys.platform == 'aix':\n    from . import one as os_\nelse:\n    from . import two as os_\ndef go():\n    os_.go()\n",
            "lib/one.py": "import time\ndef go():\n    time.sleep(1)\n",
            "lib/two.py": "def go():\n    pass\n",
        },
        "import lib\nasync def f():\n    lib.go()\n",
        [],
    ),
    "coroutine of a library": (
        {"lib.py": "import time\nasync def go():\n    time.sleep(1)\n"},
        "import lib\nasync def f():\n    await lib.go()\n",
        [],
    ),
    "a catalog entry wins": (
        {"requests/__init__.py": "def get(url):\n    pass\ndef other():\n    import time\n    time.sleep(1)\n"},
        "import requests\nasync def f():\n    requests.get('x')\n    requests.other()\n",
        ["app.py:f", "app.py:f > requests/__init__.py:other"],
    ),
    "a method that the project overrides": (
        {"lib.py": "import time\nclass C:\n    def go(self):\n        time.sleep(1)\ndef make() -> C:\n    return C()\n"},
        "import lib\nclass D(lib.C):\n    async def go(self):\n        pass\nasync def f():\n    x = lib.make()\n    await x.go()\n",
        [],
    ),
    "a future of either kind": (
        {"lib.py": "import asyncio, concurrent.futures as c\ndef make() -> 'asyncio.Future | c.Future':\n    pass\n"},
        "import lib\nasync def f():\n    x = lib.make()\n    x.result()\n",
        [],
    ),
    "source that cannot be read": ({"lib.py": "def go(:\n"}, "import lib\nasync def f():\n    lib.go()\n", []),
    "cycle of imports": (
        {"lib/__init__.py": "from lib.a import x\n", "lib/a.py": "from lib import x\n"},
        "import lib\nasync def f():\n    lib.x()\n",
        [],
    ),
    "types by stubs, where the source is compiled": (
        {
            "lib/__init__.py": "from ._fast import make\n",
            "lib/_fast.cpython-312-x86_64-linux-gnu.so": "",
            "lib/_fast.pyi": "import subprocess\ndef make() -> subprocess.Popen[str]: ...\n",
        },
        "import lib\nasync def f():\n    lib.make().wait()\n",
        ["app.py:f"],
    ),
    "types by a package of stubs": (
        {"lib.abi3.so": "", "lib-stubs/__init__.pyi": "import queue\nclass C:\n    @property\n    def q(self) -> queue.Queue: ...\n"},
        "import lib\nasync def f(c: lib.C):\n    c.q.get()\n",
        ["app.py:f"],
    ),
    "overloads in stubs": (
        {
            "lib.pyi": "from typing import overload\nimport queue\n@overload\ndef make(a: int) -> int: ...\n@overload\ndef make(a: str) -> queue.Queue: ...\n"
        },
        "import lib\nasync def f(a):\n    lib.make(a).get()\n",
        ["app.py:f"],
    ),
}


@pytest.mark.parametrize("files,text,expected", LIBRARIES.values(), ids=LIBRARIES.keys())
def test_libraries_are_looked_through(venv: Path, files: dict[str, str], text: str, expected: list[str]) -> None:
    install(venv, files)

    assert chains(lint(venv, text)) == expected


def test_without_an_environment_only_the_catalog_speaks(venv: Path) -> None:
    assert lint(None, "import lib\nasync def f():\n    lib.load()\n") == []


def test_only_what_is_imported_is_read(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(venv, {"one.py": "import two\ndef go():\n    pass\n", "two.py": "", "three.py": "", "four.py": ""})
    read: list[str] = []
    monkeypatch.setattr("asynclint.program.libraries.facts_of_file", lambda path: read.append(Path(path).name) or environment.facts_of_file(path))

    lint(venv, "import one\nimport three\nasync def f():\n    one.go()\n")

    assert read == ["one.py"]


def test_an_object_is_followed_into_modules_that_do_not_import_its_library(venv: Path) -> None:
    install(venv, {"lib.py": "import time\nclass C:\n    def reload(self):\n        time.sleep(1)\n"})
    holder = "import lib\nclass H:\n    def __init__(self):\n        self.c = lib.C()\n        self.c.reload()\n"

    found = lint(venv, "from holder import H\nasync def f(h: H):\n    h.c.reload()\n", holder=holder)

    assert [chain.partition(" > ")[2] for chain in chains(found)] == ["site-packages/lib.py:C.reload"]


# -- stubs of the standard library

STUBS = {
    "function": ("import shelve\nasync def f():\n    s = shelve.open('x')\n    s.sync()\n", 2),
    "executor": (
        "from concurrent.futures import Executor\nasync def f(e: Executor, g):\n    x = e.submit(g)\n    x.result()\n",
        1,
    ),
    "attribute of an attribute": ("from pathlib import Path\nasync def f(p: Path):\n    p.parent.parent.read_text()\n", 1),
    "method of a type that the catalog does not know": ("import zipfile\nasync def f(z: zipfile.ZipFile):\n    z.open('x').read()\n", 1),
    "in memory": ("import io\nasync def f():\n    b = io.StringIO()\n    b.write('x')\n    b.read()\n", 0),
    "asyncio's own": ("import asyncio\nasync def f(q: asyncio.Queue, e: asyncio.Event):\n    await q.get()\n    await e.wait()\n", 0),
}


@pytest.mark.parametrize("text,number", STUBS.values(), ids=STUBS.keys())
def test_stubs_tell_types(text: str, number: int) -> None:
    assert len(lint(None, text)) == number


def test_stubs_are_read_only_where_types_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr("asynclint.program.libraries.facts_of_file", lambda path: read.append(path))

    lint(
        None,
        "import asyncio, json, shelve, pathlib\nasync def f(p: pathlib.Path):\n    json.loads('1').get()\n    shelve.open('x')\n    p.exists()\n",
    )

    assert read == []


def test_versions_tell_what_the_standard_library_has(tmp_path: Path) -> None:
    (tmp_path / "VERSIONS").write_text("# a comment\nold: 3.0-3.8\nlate: 3.0-3.11\nnew: 3.9-\nnew.part: 3.0-3.6\n")
    for name in ("old.pyi", "late.pyi", "new/__init__.pyi", "new/part.pyi", "new/other.pyi", "unlisted.pyi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = Environment(stubs=str(tmp_path))

    modules = ["old", "late", "new", "new.part", "new.other", "unlisted", "missing"]
    assert [name for name in modules if found.stub(name)] == ["late", "new", "new.other"]


def test_the_stubs_are_those_of_a_package_that_is_not_imported() -> None:
    script = (
        "import sys; from asynclint.program.environment import Environment; print(Environment().stub('shelve'), 'typeshed_client' in sys.modules)"
    )

    path, imported = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.rsplit(maxsplit=1)

    assert Path(path).name == "shelve.pyi"
    assert imported == "False"


# -- which environment

BLOCKS = "import lib\nasync def f():\n    lib.load()\n"
LIB = {"lib.py": "import time\ndef load():\n    time.sleep(1)\n"}


def run(folder: Path, *options: str, active: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"} | ({"VIRTUAL_ENV": str(active)} if active else {})
    command = [sys.executable, "-m", "asynclint", "--output-format", "concise", *options, "."]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that calls what blocks in a library."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text(BLOCKS)
    (folder / "asynclint.toml").write_text("")
    return folder


def filled(folder: Path, files: Mapping[str, str] = LIB) -> Path:
    install(make_venv(folder), files)
    return folder


def test_option(project: Path, tmp_path: Path) -> None:
    filled(tmp_path / "env")

    shown = run(project, "--python", "../env")

    assert shown.returncode == 1
    assert "app.py:3:5: ASL110" in shown.stdout
    assert "lib.py" not in shown.stdout  # a library is never reported on


def test_interpreter_as_option(project: Path, tmp_path: Path) -> None:
    folder = filled(tmp_path / "env")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)

    assert run(project, "--python", str(folder / "bin" / "python")).returncode == 1


def test_key_of_the_configuration_is_relative_to_it(project: Path, tmp_path: Path) -> None:
    filled(tmp_path / "env")
    (project / "asynclint.toml").write_text('python = "../env"\n')

    assert run(project).returncode == 1


def test_active_environment(project: Path, tmp_path: Path) -> None:
    folder = filled(tmp_path / "env")

    assert run(project, active=folder).returncode == 1
    assert run(project, "--isolated", active=folder).returncode == 0


def test_environment_beside_the_configuration(project: Path) -> None:
    filled(project / ".venv")

    assert run(project).returncode == 1
    assert run(project, "--isolated").returncode == 0
    assert run(project, "--isolated", "--python", ".venv").returncode == 1


def test_order(project: Path, tmp_path: Path) -> None:
    full, empty = filled(tmp_path / "full"), filled(tmp_path / "empty", {})
    filled(project / ".venv", {})

    assert run(project, active=full).returncode == 1
    (project / "asynclint.toml").write_text(f'python = "{empty}"\n')
    assert run(project, active=full).returncode == 0
    assert run(project, "--python", str(full)).returncode == 1


@pytest.mark.parametrize("path,reason", [("missing", "does not exist"), ("app.py", "has no packages"), (".", "has no packages")])
def test_wrong_option(project: Path, path: str, reason: str) -> None:
    shown = run(project, "--python", path)

    assert shown.returncode == 2
    assert shown.stderr.startswith("error: --python: `") and reason in shown.stderr
    assert shown.stderr.count("\n") == 1


def test_an_active_environment_that_is_gone_is_passed_over(project: Path, tmp_path: Path) -> None:
    assert run(project, active=tmp_path / "gone").returncode == 0


def test_chains_name_files_of_libraries(project: Path) -> None:
    filled(project / ".venv")

    shown = run(project, "--output-format", "text").stdout

    assert str(Path(".venv", "lib", "python3.12", "site-packages", "lib.py")) in shown


def test_the_result_is_always_the_same(project: Path) -> None:
    filled(project / ".venv")

    results = {run(project, "--output-format", "json", "--jobs", jobs).stdout for jobs in ("1", "2")}

    assert len(results) == 1


# -- where packages lie


@pytest.mark.parametrize(
    "folders,named,expected",
    [
        (["lib/python3.12/site-packages"], ".", ["lib/python3.12/site-packages"]),
        (["lib/python3.9/site-packages", "lib/python3.13/site-packages"], ".", ["lib/python3.13/site-packages"]),
        (["lib/python3.9/site-packages", "lib/python3.13/site-packages"], "bin/python3.9", ["lib/python3.9/site-packages"]),
        (["Lib/site-packages"], "python.exe", ["Lib/site-packages"]),
        (["lib/python3/dist-packages", "local/lib/python3.12/dist-packages"], "bin/python3.12", ["local/lib/python3.12/dist-packages", "lib/python3/dist-packages"]),
        (["src"], ".", []),
        ([], "missing", []),
    ],
)  # fmt: skip
def test_folders_of_packages(tmp_path: Path, folders: list[str], named: str, expected: list[str]) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    if named not in (".", "missing"):
        (tmp_path / named).parent.mkdir(exist_ok=True)
        (tmp_path / named).touch()

    assert installed.site_packages(str(tmp_path / named)) == [str(tmp_path / folder) for folder in expected]


def test_packages_of_the_system_come_second(tmp_path: Path) -> None:
    folder = make_venv(tmp_path / "env")
    system = tmp_path / "usr" / "lib" / "python3.12" / "site-packages"
    system.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {tmp_path / 'usr' / 'bin'}\nversion = 3.12.1\ninclude-system-site-packages = true\n")

    assert installed.site_packages(str(folder)) == [str(site_packages(folder)), str(system)]
