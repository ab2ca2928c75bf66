"""Why a fix is withheld, what demotes one to unsafe, and what a fix is called. The rewritten code itself is in the fixtures."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from asynclint.model import Applicability, Finding
from asynclint.testing import fix_text, lint_files, lint_text

SLEEP = "import time\n\n"
TASKS = "import asyncio\n\nasync def g(): ...\n\n"
LOCKS = "import asyncio\nimport threading\n"
HELD = "async def f():\n    with lock:\n        await asyncio.sleep(1)\n"
WITHHELD = {  # code -> a part of the reason for its first finding that has no fix
    "async def f():\n    return any(time.sleep(n) for n in range(3))\n": "in a generator expression",
    "async def f():\n    def g(x=time.sleep(1)): ...\n": "in a decorator or a default",
    "async def f():\n    class C:\n        x = time.sleep(1)\n": "in a class body",
    "import asyncio\n\ndef g():\n    time.sleep(1)\n\nasync def f():\n    asyncio.get_running_loop().call_soon(g)\n": "`g` is not a coroutine",
    "import asyncio\n\nasync def f():\n    asyncio.get_running_loop().call_soon(lambda: time.sleep(1))\n": "in a lambda",
    "import threading\nlock = threading.Lock()\n\nasync def f():\n    with lock:\n        time.sleep(1)\n": "`lock` is held here",
    "async def f():\n    return [[time.sleep(1) for _ in 'a'] for _ in 'b']\n": "needs Python 3.11",
    "import asyncio\n\nasync def f():\n    await asyncio.to_thread(time.sleep(1))\n": "see ASL503",
    "async def f(asyncio):\n    time.sleep(1)\n": "the name `asyncio`",
    "async def f():\n    with open('a') as file:\n        print(file)\n": "used as a context manager",
    "import os\n\nasync def f():\n    return os.walk('a')\n": "gives an iterator",
    "import sqlite3\n\nasync def f(c: sqlite3.Connection):\n    c.commit()\n": "must stay in the thread",
    "import asyncio\n\ndef g():\n    time.sleep(1)\n    asyncio.get_running_loop()\n\nasync def f():\n    g()\n": "needs the thread of the event loop",
    "def g():\n    time.sleep(1)\n    yield\n\nasync def f():\n    for _ in g(): ...\n": "it is a generator",
    "async def g(): ...\n\ndef f():\n    g()\n": "`f` is not a coroutine",
    TASKS + "async def f():\n    print(); asyncio.create_task(g())\n": "shares its line",
    TASKS + "async def f():\n    [asyncio.create_task(g()) for _ in 'a']\n": "part of a larger expression",
    LOCKS + "import multiprocessing\nlock = multiprocessing.RLock()\n" + HELD: "no counterpart of `multiprocessing.synchronize.RLock`",
    LOCKS + "\nasync def f(lock: threading.Lock):\n    with lock:\n        await asyncio.sleep(1)\n": "`lock` is a parameter",
    LOCKS + "lock = threading.Lock()\nprint(lock)\n" + HELD: "passed on",
    LOCKS + "lock = threading.Lock()\n\ndef g():\n    lock.acquire()\n" + HELD: "`g` uses it outside of a coroutine",
    LOCKS + "lock = threading.Lock()\nlock = threading.Lock()\n" + HELD: "made in several places",
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), WITHHELD.items(), ids=WITHHELD.values())
def test_a_fix_is_withheld_with_its_reason(text: str, reason: str) -> None:
    text = SLEEP + text
    withheld = [finding for finding in lint_text(text) if finding.fix is None]
    assert withheld
    assert reason in withheld[0].no_fix


@pytest.mark.parametrize("between", [
    "if self.x is None:\n            time.sleep(1)\n            self.x = 1",
    "if not self.x:\n            time.sleep(1)\n        self.x = 1",
    "while self.x:\n            time.sleep(1)\n            self.x -= 1",
    "if 'a' not in self.x:\n            time.sleep(1)\n            self.x['a'] = 1",
    "if self.x:\n            time.sleep(1)\n            del self.x['a']",
])  # fmt: skip
def test_a_fix_between_a_test_of_shared_state_and_the_act_is_unsafe(between: str) -> None:
    (finding,) = lint_text(f"{SLEEP}class C:\n    async def f(self):\n        {between}\n")
    assert _kind(finding) == "unsafe"


@pytest.mark.parametrize("apart", [
    "if self.x:\n            time.sleep(1)",
    "self.x = 1\n        time.sleep(1)",
    "x = 0\n        if x:\n            time.sleep(1)\n            x = 1",
    "if self.x:\n            self.x = 1\n        time.sleep(1)\n        self.y = 1",
])  # fmt: skip
def test_a_fix_elsewhere_is_safe(apart: str) -> None:
    (finding,) = lint_text(f"{SLEEP}class C:\n    async def f(self):\n        {apart}\n")
    assert _kind(finding) == "safe"


def _kind(finding: Finding) -> str:
    return finding.fix.applicability.value if finding.fix else "none"


@pytest.mark.parametrize(("backend", "sleeps", "threads"), [
    ("", "await asyncio.sleep(1)", "await asyncio.to_thread(p.read_text, encoding='a')"),
    ("import anyio\n", "await anyio.sleep(1)", "await anyio.to_thread.run_sync(functools.partial(p.read_text, encoding='a'))"),
    ("import trio\n", "await trio.sleep(1)", "await trio.to_thread.run_sync(functools.partial(p.read_text, encoding='a'))"),
    ("import anyio\nimport asyncio\n", "await asyncio.sleep(1)", "await asyncio.to_thread(p.read_text, encoding='a')"),
])  # fmt: skip
def test_fixes_speak_the_language_of_the_file(backend: str, sleeps: str, threads: str) -> None:
    text = f"{backend}import time\nfrom pathlib import Path\n\nasync def f(p: Path):\n    time.sleep(1)\n    p.read_text(encoding='a')\n"
    fixed = fix_text(text)
    assert f"    {sleeps}\n    {threads}\n" in fixed


def test_a_fix_of_several_files_names_them_all() -> None:
    files: Mapping[str, str] = {
        "store.py": "import threading\n\nclass Store:\n    def __init__(self):\n        self.lock = threading.Lock()\n",
        "use.py": "import asyncio\nfrom store import Store\n\nasync def f(s: Store):\n    with s.lock:\n        await asyncio.sleep(1)\n",
    }
    (finding,) = lint_files(files)["use.py"]
    assert finding.fix is not None
    assert {path.rpartition("/")[2] for path in finding.fix.paths} == {"store.py", "use.py"}
    assert finding.fix.applicability is Applicability.SAFE
    assert "asyncio.Lock" in finding.fix.title
