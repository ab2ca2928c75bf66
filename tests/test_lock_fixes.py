"""Rewrites of locks: the program does the same before and after, and what is merely shown is right too."""

from __future__ import annotations

import asyncio

import pytest

from asynclint.fix import edits
from asynclint.model import Applicability
from asynclint.testing import fix_text, lint_text

REENTRANT = """\
import asyncio
import threading


class Account:
    def __init__(self) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.log: list[str] = []

    async def add(self, name: str) -> None:
        with self.lock:
            self.log.append(f"{name} in")
            await asyncio.sleep(0)
            self.log.append(f"{name} out")


async def main() -> list[str]:
    account = Account()
    await account.add("a")
    await account.add("b")
    return account.log
"""
CONDITION = """\
import asyncio
import threading

filled = threading.Condition()
items: list[int] = []


async def put(item: int) -> None:
    with filled:
        await asyncio.sleep(0)
        items.append(item)
        filled.notify()


async def get() -> int:
    filled.acquire()
    try:
        if not filled.wait_for(lambda: len(items) > 0):
            return 0
        while not items:
            filled.wait()
        return items.pop()
    finally:
        filled.release()


async def main() -> list[int]:
    await put(1)
    await put(2)
    return [await get(), await get()]
"""
SEMAPHORE = """\
import asyncio
import threading

slots = threading.BoundedSemaphore(value=2)


async def work(number: int) -> int:
    with slots:
        await asyncio.sleep(0)
        return number


async def main() -> list[int]:
    return list(await asyncio.gather(work(1), work(2)))
"""


def result(text: str) -> object:
    space: dict[str, object] = {"__name__": "program"}
    exec(compile(text, "program", "exec", dont_inherit=True), space)
    return asyncio.run(space["main"]())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "made"), [(REENTRANT, "asyncio.Lock()"), (CONDITION, "asyncio.Condition()"), (SEMAPHORE, "asyncio.BoundedSemaphore(")]
)
def test_the_program_does_the_same(text: str, made: str) -> None:
    after = fix_text(text, Applicability.UNSAFE)
    assert made in after
    assert "threading." not in after
    assert result(after) == result(text)


def test_the_condition_is_awaited_and_wakes_who_waits() -> None:
    after = fix_text(CONDITION, Applicability.UNSAFE).replace("await put(1)\n    await put(2)", "later = asyncio.create_task(put(3))")
    assert "    await filled.acquire()\n" in after
    assert "if not await filled.wait_for(" in after
    assert "            await filled.wait()\n" in after
    assert "        filled.notify()\n" in after
    space: dict[str, object] = {"__name__": "program"}
    exec(compile(after.replace("[await get(), await get()]", "[await get()]"), "program", "exec"), space)
    assert asyncio.run(asyncio.wait_for(space["main"](), 5)) == [3]  # type: ignore[operator]


def test_all_uses_that_forbid_it_are_named() -> None:
    uses = "".join(f"def use_{n}():\n    with lock: print({n})\n" for n in range(5))
    (finding,) = lint_text(
        f"import asyncio\nimport threading\nlock = threading.Lock()\nasync def main():\n    with lock:\n        await asyncio.sleep(1)\n{uses}"
    )
    assert finding.no_fix == (
        "`use_0` uses it outside of a coroutine (x.py:8); `use_1` uses it outside of a coroutine (x.py:10); "
        "`use_2` uses it outside of a coroutine (x.py:12); and 2 more uses"
    )


SECTION = """\
import asyncio
import threading

lock = threading.Lock()
items = []


def read():
    with lock:
        return list(items)


async def main():
    with lock:
        await asyncio.sleep(0)
        if items:
            items.clear()

        items.append("a")
        # nobody else needs to wait for this
        for _ in range(2):
            await asyncio.sleep(
                0
            )
    return read()
"""
SMALLER = """\
async def main():
    await asyncio.sleep(0)
    with lock:
        if items:
            items.clear()

        items.append("a")
        # nobody else needs to wait for this
    for _ in range(2):
        await asyncio.sleep(
            0
        )
    return read()
"""


def test_a_smaller_section_is_shown_and_is_right() -> None:
    (finding,) = lint_text(SECTION)
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.title == "Take lines 15, 22 out of the `with`: nothing there touches what the lock guards (`items`)"
    assert finding.help == "it cannot become a lock of asyncio: `read` uses it outside of a coroutine (x.py:9)"
    assert fix_text(SECTION, Applicability.UNSAFE) == SECTION
    after = edits.apply(SECTION, finding.fix.edits)
    assert after.endswith(SMALLER)
    assert result(after) == result(SECTION) == ["a"]
    assert lint_text(after) == ()
