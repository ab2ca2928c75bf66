"""Why a fix is withheld, what demotes one to unsafe, and what a fix is called. The rewritten code itself is in the fixtures."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from asynclint.config import Settings
from asynclint.model import Applicability, Finding
from asynclint.testing import fix_text, lint_files, lint_text

SLEEP = "import time\n\n"
TASKS = "import asyncio\n\nasync def g(): ...\n\n"
LOCKS = "import asyncio\nimport threading\n"
HELD = "async def f():\n    with lock:\n        await asyncio.sleep(1)\n"
BLOCK = "from contextlib import contextmanager\n\n@contextmanager\ndef held():\n    time.sleep(1)\n    yield 1\n\n"
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
    BLOCK + "async def f():\n    for _ in 'ab':\n        with held() as r:\n            break\n": "with `break`",
    BLOCK + "async def f():\n    for _ in 'ab':\n        with held() as r:\n            continue\n        print(r)\n": "the next round of the loop",
    BLOCK + "async def f():\n    with held() as r:\n        if r:\n            return 1\n    print(r)\n": "returns in one way",
    BLOCK + "async def f():\n    with held() as r:\n        if r:\n            x = 1\n    print(x)\n": "`x` is read where",
    BLOCK + "async def f():\n    with held() as r:\n        await g()\n": "waits for other things too (line 12)",
    BLOCK + "async def f():\n    with held() as r:\n        yield r\n": "waits for other things too",
    BLOCK + "async def f():\n    with held() as r:\n        return\n    yield r\n": "ends a generator",
    BLOCK + "async def f():\n    with held() as r:\n        print(vars())\n": "`vars()` looks at the names",
    BLOCK + "async def f():\n    with held() as r:\n        global x\n        x = 1\n": "declares a name global",
    "import sqlite3\n\nasync def f():\n    return sqlite3.connect('a')\n": "gives a `sqlite3.Connection`",
    "import sqlite3\n\ndef g():\n    return sqlite3.connect('a')\n\nasync def f():\n    return g()\n": "gives a `sqlite3.Connection`",
    "async def f(p):\n    return f'{time.sleep(1)=}'\n": "shows how the call is written",
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
    "self.x = 1\n        time.sleep(1)\n        self.y = 1",
])  # fmt: skip
def test_a_fix_between_a_test_of_shared_state_and_the_act_is_unsafe(between: str) -> None:
    (finding,) = lint_text(f"{SLEEP}class C:\n    async def f(self):\n        {between}\n")
    assert _kind(finding) == "unsafe"


@pytest.mark.parametrize("apart", [
    "if self.x:\n            time.sleep(1)",
    "self.x = 1\n        time.sleep(1)",
    "x = 0\n        if x:\n            time.sleep(1)\n            x = 1",
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


def test_before_python_3_9_the_loop_runs_it_in_its_executor() -> None:
    text = "import asyncio\nimport os\n\nasync def f(p):\n    os.mkdir(p)\n    os.makedirs(p, exist_ok=True)\n"
    fixed = fix_text(text, settings=Settings(root="/", target_version=(3, 8)))
    assert "await asyncio.get_running_loop().run_in_executor(None, os.mkdir, p)" in fixed
    assert "await asyncio.get_running_loop().run_in_executor(None, functools.partial(os.makedirs, p, exist_ok=True))" in fixed


CONTEXT = """\
import contextvars
import time

user = contextvars.ContextVar("user")


def load(*, n=1):
    time.sleep(n)
    return user.get()


async def main():
    return load(), load(n=2)
"""


@pytest.mark.parametrize(
    ("version", "awaited"),
    [
        ((3, 8), "await asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, load)"),
        ((3, 8), "await asyncio.get_running_loop().run_in_executor(None, functools.partial(contextvars.copy_context().run, load, n=2))"),
        ((3, 9), "await asyncio.to_thread(load)"),
    ],
)
def test_before_python_3_9_context_variables_go_along(version: tuple[int, int], awaited: str) -> None:
    assert awaited in fix_text(CONTEXT, settings=Settings(root="/", target_version=version))


@pytest.mark.parametrize(
    ("version", "future", "declared"),
    [
        ((3, 8), "", 'background_tasks: typing.Set["asyncio.Task[object]"] = set()'),
        ((3, 8), "from __future__ import annotations\n", "background_tasks: set[asyncio.Task[object]] = set()"),
        ((3, 9), "", "background_tasks: set[asyncio.Task[object]] = set()"),
    ],
)
def test_the_oldest_python_can_evaluate_the_type_of_the_registry(version: tuple[int, int], future: str, declared: str) -> None:
    text = f"{future}import asyncio\n\nasync def f(): ...\n\nasync def main():\n    asyncio.create_task(f())\n"
    fixed = fix_text(text, settings=Settings(root="/", target_version=version))
    assert declared in fixed
    assert ("import typing" in fixed) is ("typing." in declared)


@pytest.mark.parametrize(("version", "holds"), [((3, 6), "error = None if"), ((3, 8), '(task: "asyncio.Task[object]")'), ((3, 9), "error :=")])
def test_the_oldest_python_can_run_what_logs_the_error_of_a_task(version: tuple[int, int], holds: str) -> None:
    text = "import asyncio\n\nasync def f(): ...\n\nasync def main():\n    asyncio.create_task(f())\n"
    assert holds in fix_text(text, settings=Settings(root="/", target_version=version, task_errors="log"))


@pytest.mark.parametrize(("version", "kind"), [((3, 9), "none"), ((3, 10), "safe")])
def test_before_python_3_10_a_lock_of_a_module_belongs_to_another_loop(version: tuple[int, int], kind: str) -> None:
    text = "import asyncio\nimport threading\n\nlock = threading.Lock()\n\nasync def f():\n    with lock:\n        await asyncio.sleep(1)\n"
    (finding,) = lint_text(text, settings=Settings(root="/", target_version=version))
    assert (finding.fix.applicability.value if finding.fix and finding.fix.edits else "none") == kind


def test_what_is_in_a_block_that_moves_goes_with_it() -> None:
    opening, reading = lint_text("async def f():\n    with open('a') as file:\n        return file.read(1)\n")
    assert _kind(opening) == "unsafe"
    assert "with the `with` block of line 2" in reading.no_fix


def test_what_waits_for_more_than_the_disk_keeps_its_own_fix() -> None:
    _, sleeping = lint_text(f"{SLEEP}async def f():\n    with open('a') as file:\n        time.sleep(1)\n")
    assert _kind(sleeping) == "safe"


def test_a_block_is_taken_before_what_is_in_it() -> None:
    fixed = fix_text(f"{SLEEP}async def f():\n    with open('a') as file:\n        time.sleep(1)\n", Applicability.UNSAFE)
    assert "        with open('a') as file:\n            time.sleep(1)\n\n    await asyncio.to_thread(f_in_thread)\n" in fixed
