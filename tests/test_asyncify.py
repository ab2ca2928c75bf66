"""`asynclint asyncify`: what changes, that the program does the same afterwards, and what forbids it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asynclint import cli

STORE = """\
import time
from abc import ABC, abstractmethod
from pathlib import Path


class Base(ABC):
    @abstractmethod
    def load(self, name: str) -> str: ...


class Files(Base):
    def __init__(self, root: str) -> None:
        self.root = Path(root)

    def load(self, name: str) -> str:
        time.sleep(0.001)
        return (self.root / name).read_text()  # all of it


class Upper(Files):
    def load(self, name: str) -> str:
        return super().load(name).upper()


def sizes(store: Base, names: list[str]) -> list[int]:
    return [len(store.load(name)) for name in names]
"""
APP = """\
import asyncio

from store import Files, Upper, sizes as how_big


async def show(store: Files) -> None:
    print(store.load("a").strip(), f"{store.load('b')!r}", store.load("a")[0])
    print(how_big(store, ["a", "b"]))


def walk(depth: int) -> int:
    if depth:
        return walk(depth - 1) + 1
    return sum(size for size in how_big(Files("data"), ["a"]))


def main() -> None:
    print(walk(2))


if __name__ == "__main__":
    asyncio.run(show(Upper("data")))
    main()
"""
AFTER = {
    "store.py": """\
import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path


class Base(ABC):
    @abstractmethod
    async def load(self, name: str) -> str: ...


class Files(Base):
    def __init__(self, root: str) -> None:
        self.root = Path(root)

    async def load(self, name: str) -> str:
        await asyncio.sleep(0.001)
        return await asyncio.to_thread((self.root / name).read_text)  # all of it


class Upper(Files):
    async def load(self, name: str) -> str:
        return (await super().load(name)).upper()


async def sizes(store: Base, names: list[str]) -> list[int]:
    return [len(await store.load(name)) for name in names]
""",
    "app.py": """\
import asyncio

from store import Files, Upper, sizes as how_big


async def show(store: Files) -> None:
    print((await store.load("a")).strip(), f"{await store.load('b')!r}", (await store.load("a"))[0])
    print(await how_big(store, ["a", "b"]))


async def walk(depth: int) -> int:
    if depth:
        return await walk(depth - 1) + 1
    return sum(size for size in await how_big(Files("data"), ["a"]))


async def main() -> None:
    print(await walk(2))


if __name__ == "__main__":
    asyncio.run(show(Upper("data")))
    asyncio.run(main())
""",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/a").write_text("one\n")
    Path("data/b").write_text("two\n")


def written(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.py").write_text(text)


def output(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", program], capture_output=True, text=True, timeout=60)
    assert not done.stderr
    return done.stdout


def test_the_program_does_the_same_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    written(store=STORE, app=APP)
    before = output("app.py")
    assert cli.run(["asyncify", "store:Files.load"]) == 0
    assert {name: Path(name).read_text() for name in AFTER} == AFTER
    assert output("app.py") == before
    assert capsys.readouterr().err == "made 6 functions async, awaited at 10 calls, in 2 files\n"
    assert cli.run(["check", "--isolated", "-q"]) == 0
    assert cli.run(["asyncify", "store.py:Files.load"]) == 2
    assert "is a coroutine function already" in capsys.readouterr().err


def test_a_diff_shows_it_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    written(store=STORE, app=APP)
    assert cli.run(["asyncify", "store:Files.load", "--diff"]) == 0
    shown = capsys.readouterr()
    assert "+    async def load(self, name: str) -> str: ..." in shown.out
    assert shown.err == "would make 6 functions async, awaited at 10 calls, in 2 files\n"
    assert (Path("store.py").read_text(), Path("app.py").read_text()) == (STORE, APP)


LOAD = """\
from pathlib import Path


def load(name: str) -> str:
    return Path(name).read_text()


async def page() -> str:
    return load("data/a")
"""


def forbidden(target: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The reasons why it is forbidden; no file is changed."""
    before = {path: path.read_bytes() for path in Path().rglob("*.py")}
    code = cli.run(["asyncify", target])
    assert {path: path.read_bytes() for path in Path().rglob("*.py")} == before
    shown = capsys.readouterr()
    assert code == 1, shown.err
    assert shown.err.startswith("nothing was changed: ")
    return shown.out.splitlines()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("TEXT = load('data/a')\n", "app.py:10: `load` is called at module level, where nothing can be awaited"),
        ("if __name__ == '__main__':\n    print(load('a'))\n", "app.py:11: `load` is called at module level, where nothing can be awaited"),
        ("class Page:\n    text = load('data/a')\n", "app.py:11: a class body calls `load`, and cannot await"),
        ("def f(text=load('data/a')): ...\n", "app.py:10: `load` is called at module level, where nothing can be awaited"),
        ("async def g(): return [lambda: load(n) for n in 'ab']\n", "app.py:10: the call of `load` stands in a lambda, which cannot await"),
        (
            "async def g(): return any(load(n) for n in 'ab')\n",
            "app.py:10: the call of `load` stands in a generator expression, whose consumer would have to be asynchronous",
        ),
        ("async def g(): return map(load, 'ab')\n", "app.py:10: `load` is passed on as a value, and nobody knows who calls it"),
        ("async def g(): return sorted('ab', key=load)\n", "app.py:10: `load` is passed on as a value, and nobody knows who calls it"),
        (
            "import asyncio\nasync def g(): return await asyncio.to_thread(load, 'a')\n",
            "app.py:11: `load` is run in a thread, which cannot await it",
        ),
        ("__all__ = ['load']\n", "app.py:10: `load` is exported: callers outside of the program would have to await it"),
        ("def g(): return load('a')\n", "app.py:10: `g` is called by nobody in the program: whoever does would have to await it; it calls `load`"),
        (
            "def g():\n    yield load('a')\nasync def h(): return list(g())\n",
            "app.py:10: `g` is a generator, and whoever iterates it would need `async for`; it calls `load`",
        ),
        (
            "class C:\n    @property\n    def text(self): return load('a')\n",
            "app.py:12: `C.text` is a property, and the reading of an attribute cannot be awaited; it calls `load`",
        ),
        (
            "class C:\n    def __len__(self): return len(load('a'))\n",
            "app.py:11: `C.__len__` is called by Python itself, which does not await it; it calls `load`",
        ),
        (
            "import functools\n@functools.lru_cache\ndef g(): return load('a')\nasync def h(): return g()\n",
            "app.py:12: `g` has the decorator `@lru_cache`, which may call it, or do something with its result; it calls `load`",
        ),
        (
            "import asyncio\ndef g():\n    load('a')\n    start()\ndef start(): asyncio.run(page())\nif __name__ == '__main__':\n    g()\n",
            "app.py:11: `g` reaches `asyncio.run` in `start` (app.py:14), which cannot run on an event loop; it calls `load`",
        ),
        (
            "import asyncio\ndef g():\n    asyncio.run(page())\n    return load('a')\nif __name__ == '__main__':\n    g()\n",
            "app.py:11: `g` reaches `asyncio.run` (app.py:12), which cannot run on an event loop; it calls `load`",
        ),
        (
            "import threading\nlock = threading.Lock()\nasync def g():\n    with lock:\n        return load('a')\n",
            "app.py:14: the call of `load` stands in `with lock`, and another task that wants the lock would stop the event loop",
        ),
        ("async def g(): return await load('a')\n", "app.py:10: the call of `load` stands in an `await` already: it gives something to wait for"),
        ("from unittest import mock\ndef g(): mock.patch('app.load')\n", "app.py:11: the string `app.load` names `load`"),
        (
            "import threading\nclass C(threading.Thread):\n    def run(self): load('a')\n",
            "app.py:12: `C.run` overrides a method of `threading.Thread`, which calls it; it calls `load`",
        ),
        (
            "import asyncio\nclass C(asyncio.Protocol):\n    def data_received(self, data): load('a')\n",
            "app.py:12: `C.data_received` is called by the event loop or a framework (`data_received`), which does not await it; it calls `load`",
        ),
        (
            "if __name__ == '__main__':\n    load('a')\n    load('b')\n",
            "app.py:1: the module would start 2 event loops, one after another",
        ),
    ],
)
def test_what_forbids_a_function(more: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    written(app=f"{LOAD}{more}")
    assert reason in forbidden("app:load", capsys)


METHOD = """\
import time


class Shop:
    def close(self) -> None:
        time.sleep(0.1)


async def main(shop: Shop) -> None:
    shop.close()
"""


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("async def g(x): x.close()\n", "app.py:11: cannot tell whether `x.close` is `Shop.close`"),
        ("async def g(x): f = x.close\n", "app.py:11: cannot tell whether `x.close` is `Shop.close`"),
        ("async def g(x): getattr(x, 'close')()\n", "app.py:11: cannot tell whether `getattr(x, 'close')` is `Shop.close`"),
        ("async def g(s: Shop): getattr(s, 'close')()\n", "app.py:11: cannot tell whether `getattr(s, 'close')` is `Shop.close`"),
        ("async def g(s: Shop): s.close = print\n", "app.py:11: `Shop.close` is replaced by something else"),
        ("class Other(Shop):\n    close = print\n", "app.py:5: `Other.close` is no method (app.py:11)"),
        (
            "class Other(Shop):\n    async def close(self): ...\n",
            "app.py:12: `Other.close` is a coroutine function already, and others of its family are not",
        ),
        ("__all__ = ['Shop']\n", "app.py:11: `Shop.close` is a method of an exported class: callers outside of the program would have to await it"),
        ("import httpx\nhttpx.Client(transport=Shop())\n", "app.py:12: a `Shop` is given to `httpx.Client`, which may call `close`"),
        (
            "import nowhere\nclass Other(Shop, nowhere.Base): ...\n",
            "app.py:5: `Other` derives from `nowhere.Base`, outside of the program, which may call `close`",
        ),
    ],
)
def test_what_forbids_a_method(more: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    written(app=f"{METHOD}{more}")
    assert reason in forbidden("app:Shop.close", capsys)


@pytest.mark.parametrize(
    "more",
    [
        "async def g(x): await x.close()\n",  # what is awaited is no sync method
        "async def g(x): x.close(1, force=True)\n",  # takes no arguments
        "async def g(): open('data/a').close()\n",  # known, and something else
        "def close(): ...\nclose()\n",
        "class Door:\n    def close(self): ...\ndef shut(door: Door): door.close()\n",
        "TEXT = {'close': 1}\n",
        "print(Shop())\n",
    ],
)
def test_what_is_something_else_forbids_nothing(more: str, capsys: pytest.CaptureFixture[str]) -> None:
    written(app=f"{METHOD}{more}")
    assert cli.run(["asyncify", "app:Shop.close"]) == 0
    text = Path("app.py").read_text()
    assert "    async def close(self) -> None:\n        await asyncio.sleep(0.1)\n" in text
    assert "    await shop.close()\n" in text
    assert text.endswith(more)


def test_what_is_called_by_nobody_may_be_looked_up_in_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    plugin = "import time\n\n\ndef setup(host):\n    time.sleep(1)\n"
    written(plugin=plugin, core="def load(module):\n    module.setup()\n    module.setup('a')\n")
    assert forbidden("plugin:setup", capsys) == ["core.py:3: cannot tell whether `module.setup` is `setup`"]
    written(plugin=f"{plugin}\n\nasync def main():\n    setup('a')\n")
    assert cli.run(["asyncify", "plugin:setup", "--diff"]) == 0


def test_a_test_that_calls_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    written(app=LOAD, test_app="from app import load\n\n\ndef test_load():\n    assert load('data/a')\n")
    assert forbidden("app:load", capsys) == ["test_app.py:4: `test_load` is sync code of a test; it calls `load`"]


def test_an_entry_point_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    written(app=f"{LOAD}def main():\n    load('data/a')\n")
    Path("pyproject.toml").write_text('[project.scripts]\napp = "app:main"\n')
    assert "app.py:10: `main` is an entry point (pyproject.toml); it calls `load`" in forbidden("app:load", capsys)


def test_a_file_that_cannot_be_read_may_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    written(app=LOAD, broken="def f(:\n")
    assert forbidden("app:load", capsys) == ["broken.py:1: cannot be read, and may call it: cannot parse: invalid syntax"]


def test_exits_and_nested_calls(capsys: pytest.CaptureFixture[str]) -> None:
    written(
        app="""\
import sys
import time


class Chain:
    def wait(self) -> "Chain":
        time.sleep(0)
        return self


def main() -> int:
    chain = Chain()
    return 0 if chain.wait().wait() is (chain.wait()) else 1


if __name__ == "__main__":
    sys.exit(main())
"""
    )
    assert cli.run(["asyncify", "app:Chain.wait"]) == 0
    text = Path("app.py").read_text()
    assert "return 0 if await (await chain.wait()).wait() is (await chain.wait()) else 1" in text
    assert "sys.exit(asyncio.run(main()))" in text
    assert output("app.py") == ""


def test_what_still_blocks_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    written(app="import queue\n\nJOBS: queue.Queue[int] = queue.Queue()\n\n\ndef more() -> list[int]:\n    return list(JOBS.get() for _ in '12')\n")
    assert cli.run(["asyncify", "app:more"]) == 0
    assert "still blocks: app.py:7: `JOBS.get()`" in capsys.readouterr().err


def test_calls_that_other_tasks_may_now_come_between_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    written(
        app="""\
import time


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def pause(self) -> None:
        time.sleep(0)

    async def more(self) -> None:
        count = self.count
        self.pause()
        self.count = count + 1

    async def wait(self) -> None:
        self.pause()
"""
    )
    assert cli.run(["asyncify", "app:Counter.pause", "--diff"]) == 0
    assert capsys.readouterr().err == (
        "check: app.py:13: `Counter.more` reads something before this call and writes it afterwards: other tasks run meanwhile\n"
        "would make 1 function async, awaited at 2 calls, in 1 file\n"
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("app", "expected MODULE:FUNCTION, got `app`"),
        ("shop:load", "`shop` is not among the modules that were read; name a module, or a file, of the paths"),
        ("app:lode", "`app` has no function `lode`; did you mean `load`?"),
        ("app:page", "`app:page` is a coroutine function already"),
    ],
)
def test_targets_that_do_not_exist(target: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    written(app=LOAD)
    assert cli.run(["asyncify", target]) == 2
    assert message in capsys.readouterr().err
