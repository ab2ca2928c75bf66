"""Rewrites that keep tasks: the program does the same before and after, closing an object ends its tasks, and errors are logged where that is asked for."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace

import pytest

from asynclint.config import Settings
from asynclint.model import Applicability
from asynclint.options import FILE_OPTIONS, ConfigError, convert
from asynclint.testing import fix_text, lint_text

LOGGING = replace(Settings(root="/", tests_may_block=False, jobs=1), task_errors="log")

OWNER = """\
import asyncio


class Service:
    def __init__(self, log: list[str]) -> None:
        self.log = log

    async def once(self) -> None:
        await asyncio.sleep(0)
        self.log.append("once")

    async def poll(self) -> None:
        try:
            while True:
                await asyncio.sleep(10)
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise

    def start(self) -> None:
        asyncio.create_task(self.once())
        asyncio.create_task(self.poll())

    async def aclose(self) -> None:
        self.log.append("closed")


async def main() -> list[str]:
    log: list[str] = []
    service = Service(log)
    service.start()
    await asyncio.sleep(0.02)
    await service.aclose()
    return list(log)
"""
KEPT = """\
import asyncio


class Service:
    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.done = 0

    async def work(self) -> None:
        self.done += 1

    def start(self) -> None:
        asyncio.create_task(self.work())


async def main() -> tuple[int, int]:
    service = Service()
    service.start()
    await asyncio.sleep(0.01)
    return service.done, len(service.tasks)
"""
ITERATED = """\
import asyncio


class Service:
    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.done = 0

    async def work(self) -> None:
        await asyncio.sleep(0)
        self.done += 1

    def start(self) -> None:
        asyncio.create_task(self.work())
        asyncio.create_task(self.work())

    async def stop(self) -> int:
        for task in self.tasks:
            await task
        return self.done


async def main() -> int:
    service = Service()
    service.start()
    await asyncio.sleep(0)
    return max(await service.stop(), 2)
"""
GROUP = """\
import asyncio

log: list[int] = []


async def work(number: int) -> None:
    await asyncio.sleep(0)
    log.append(number)


async def main() -> list[int]:
    async with asyncio.TaskGroup() as group:
        asyncio.create_task(work(1), name="one")
        asyncio.ensure_future(work(2))
        await asyncio.sleep(0.01)
    return sorted(log)
"""


def result(text: str) -> object:
    space: dict[str, object] = {"__name__": "program"}
    exec(compile(text, "program", "exec", dont_inherit=True), space)
    return asyncio.run(space["main"]())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (KEPT, "self.tasks.add(task)\n        task.add_done_callback(self.tasks.discard)\n"),
        (ITERATED, "self.tasks.add(task)\n        task = "),
        pytest.param(GROUP, "group.create_task(work(2))", marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="has no TaskGroup")),
    ],
)
def test_the_program_does_the_same(text: str, kept: str) -> None:
    after = fix_text(text, Applicability.UNSAFE)
    assert kept in after
    assert result(after) == result(text)
    assert lint_text(after) == ()
    assert fix_text(after, Applicability.UNSAFE) == after


def test_what_is_closed_ends_its_tasks() -> None:
    assert result(OWNER) == ["once", "closed"]  # and the other one goes on until the loop ends
    after = fix_text(OWNER, Applicability.UNSAFE)
    assert result(after) == ["once", "cancelled", "closed"]
    assert lint_text(after) == ()


def test_only_what_ends_with_its_owner_is_unsafe() -> None:
    assert [finding.fix.applicability for finding in lint_text(OWNER) if finding.fix] == [Applicability.SAFE, Applicability.UNSAFE]
    assert {finding.fix.applicability for finding in lint_text(KEPT) if finding.fix} == {Applicability.SAFE}
    assert {finding.fix.title for finding in lint_text(ITERATED) if finding.fix} == {
        "Keep the task in `self.tasks` until it is done; `tasks` is used for more than to keep them: what happens to all in it happens to this task too"
    }


FAILING = """\
import asyncio


async def fail(number: int) -> None:
    raise ValueError(number)


async def main() -> None:
    asyncio.create_task(fail(1))
    asyncio.create_task(fail(2))
    await asyncio.sleep(0.01)
"""


def test_errors_are_logged_where_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    assert "log" not in fix_text(FAILING)
    after = fix_text(FAILING, settings=LOGGING)
    assert after.startswith(
        """\
import asyncio
import logging

background_tasks: set[asyncio.Task[object]] = set()


def log_task_error(task: asyncio.Task[object]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("%r failed", task, exc_info=error)


async def fail("""
    )
    assert after.count("    task.add_done_callback(log_task_error)\n") == 2
    assert fix_text(after, settings=LOGGING) == after
    with caplog.at_level(logging.ERROR):
        result(after)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["1", "2"]
    assert {record.name for record in caplog.records} == {"program"}


def test_a_logger_of_that_name_is_left_alone() -> None:
    (finding,) = lint_text(
        "import asyncio\ndef log_task_error(): ...\nasync def work(): ...\nasync def main():\n    asyncio.create_task(work())\n", settings=LOGGING
    )
    assert finding.no_fix == "the fix needs the name `log_task_error`, which means something else here"


def test_the_option_has_two_values() -> None:
    assert convert(FILE_OPTIONS["task-errors"], "log", "x") == "log"
    with pytest.raises(ConfigError, match=r"x: expected .*`log`, got `raise`"):
        convert(FILE_OPTIONS["task-errors"], "raise", "x")
