"""What calls return: annotations, returned expressions, generators, coroutines, partials, decorators."""

import asyncio
import contextlib
import functools
import typing
from collections.abc import Callable, Iterator
from pathlib import Path


class Box:
    def open(self):
        return Path("a")


def annotated() -> Path:
    return unknown()


def quoted() -> "Box":
    return unknown()


def optional() -> Box | None:
    return unknown()


def either(flag) -> typing.Union[Box, Path]:
    return unknown()


def returned(flag):
    if flag:
        return Box()
    return Path("b")


def nothing():
    pass


async def coroutine():
    return Box()


def generator():
    yield Box()


def promises() -> Iterator[Path]:
    yield unknown()


@contextlib.contextmanager
def managed():
    yield Box()


@functools.lru_cache
def cached():
    return Box()


def keeps(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@keeps
def decorated():
    return Box()


def made() -> Callable[[], Box]:
    return unknown()


reveal(annotated())  #: pathlib.Path
reveal(quoted())  #: Box
reveal(optional())  #: Box
reveal(either(True))  #: Box | pathlib.Path
reveal(returned(True))  #: Box | pathlib.Path
reveal(nothing())  #: unknown
reveal(coroutine())  #: awaitable[Box]
reveal(generator())  #: many[Box]
reveal(promises())  #: many[pathlib.Path]
reveal(managed())  #: manager[Box]
reveal(cached())  #: Box
reveal(decorated())  #: Box
reveal(functools.partial(returned, True))  #: calls[calls.returned]
reveal(functools.partial(returned, True)())  #: Box | pathlib.Path
made_here = lambda: Box()
reveal(made_here())  #: Box
reveal(typing.cast(Box, unknown()))  #: Box
reveal(getattr(Box(), "open"))  #: Box.open of Box
reveal(Box().open().parent)  #: pathlib.Path
reveal(Path("c") / "d")  #: pathlib.Path
reveal(Path("c").read_text())  #: str


async def awaits(task_group):
    reveal(await coroutine())  #: Box
    reveal(await asyncio.wait_for(coroutine(), 1))  #: Box
    reveal(await asyncio.create_task(coroutine()))  #: Box
    reveal(await asyncio.to_thread(returned, True))  #: Box | pathlib.Path
    reveal(await unknown())  #: unknown
    loop = asyncio.get_running_loop()
    reveal(await loop.run_in_executor(None, cached))  #: Box
    with managed() as box:
        reveal(box)  #: Box
    with open("e") as file:
        reveal(file)  #: io.TextIOWrapper
    async with asyncio.timeout(1) as entered:
        reveal(entered)  #: asyncio.Timeout
