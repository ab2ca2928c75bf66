"""The cost of one file grows with its length, and not with the square of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from asynclint import pool
from asynclint.testing import lint_text

HEAD = "import asyncio, contextlib, os, threading, time\nimport requests\n\nlock = threading.Lock()\n\nasync def work(a):\n    await asyncio.sleep(a)\n\n"
SMALL, LARGE, MOST = 60, 240, 9.0  # items, and how much more four times as many may cost: of a square it is 16
FLOOR = 0.03  # seconds below which a time says nothing


def _function(*lines: str) -> Callable[[int], str]:
    """A coroutine with these lines n times; `@` is the number."""
    return lambda n: HEAD + "async def main(a):\n" + "".join(f"    {line.replace('@', str(i))}\n" for i in range(n) for line in lines)


def _module(text: str, last: str = "") -> Callable[[int], str]:
    """A module with a text n times; `@` is the number, `#` the next one."""
    return lambda n: HEAD + "".join(text.replace("@", str(i)).replace("#", str(i + 1)) for i in range(n)) + last.replace("@", str(n))


def _branches(n: int) -> str:
    return (
        HEAD + "async def main(a):\n" + "".join(f"    {'elif' if i else 'if'} a == {i}:\n        b = {i}\n" for i in range(n)) + "    time.sleep(1)\n"
    )


SHAPES = {
    "sleeps": _function("time.sleep(@)"),
    "requests": _function("a@ = requests.get('@')"),
    "calls between awaits": _function("requests.get('@')", "await asyncio.sleep(@)", "time.sleep(1)"),
    "looks at files": _function("os.stat('@')"),
    "loops": _function("for i in range(@):", "    time.sleep(i)"),
    "branches": _branches,
    "locks": _function("with lock:", "    await asyncio.sleep(@)"),
    "taken and given back": _function("lock.acquire()", "await asyncio.sleep(@)", "lock.release()"),
    "tasks": _function("asyncio.create_task(work(@))"),
    "tasks under names": _function("t@ = asyncio.create_task(work(@))"),
    "files": _function("with open('@') as f@:", "    a@ = f@.read()"),
    "cancellations": _function("try:", "    await asyncio.sleep(@)", "except asyncio.CancelledError:", "    pass"),
    "suppressed": _function("with contextlib.suppress(asyncio.CancelledError):", "    await asyncio.sleep(@)"),
    "coroutines under names": _function("c@ = work(@)", "if c@:", "    print(@)"),
    "functions": _module("async def f@():\n    time.sleep(@)\n\n"),
    "functions with a lock": _module("async def f@():\n    with lock:\n        await asyncio.sleep(@)\n\n"),
    "task makers": _module("def make@():\n    return asyncio.create_task(work(@))\n\nasync def f@():\n    make@()\n\n"),
    "a chain of helpers": _module("def f#():\n    f@()\n\n", "def f0():\n    time.sleep(1)\n\nasync def main():\n    f@()\n"),
    "a chain of classes": _module(
        "class C#(C@):\n    pass\n\n", "class C0:\n    def m(self):\n        time.sleep(1)\n\nasync def main():\n    C@().m()\n"
    ),
}


def _seconds(text: str) -> float:
    started = time.process_time()
    lint_text(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_costs_what_its_length_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = pool.run
    monkeypatch.setattr(pool, "run", lambda work, items, **options: run(work, items, **{**options, "jobs": 0}))  # in this process, whose time is told
    small, large = SHAPES[name](SMALL), SHAPES[name](LARGE)
    lint_text(small)  # what is loaded once does not count
    for _ in range(3):
        ratio = _seconds(large) / max(_seconds(small), FLOOR)
        if ratio < MOST:
            return
    pytest.fail(f"four times as much costs {ratio:.1f} times as much")
