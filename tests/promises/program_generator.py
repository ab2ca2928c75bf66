"""Makes small async programs at random: a module of helpers that block, and one with a coroutine that calls them in every place a call can have."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence

_NAMES = ("a", "b", "c")

HELPERS = '''"""What blocks, and what only looks like it."""

import time
from pathlib import Path


def slow(n, factor=1, *more, extra=0):
    time.sleep(0.0001)
    return n * factor + len(more) + extra


def through(n):
    return slow(slow(n), factor=2)


def told(log, n):
    time.sleep(0.0001)
    log.append(("told", n))
    return n


def mark(log, n):
    log.append(("mark", n))
    return n


def fails(n):
    time.sleep(0.0001)
    raise ValueError(n)


def numbers(n):
    for number in range(n):
        time.sleep(0.0001)
        yield number


class Box:
    def __init__(self, n):
        self.n = n

    def read(self, times=1):
        time.sleep(0.0001)
        return self.n * times

    def twice(self):
        time.sleep(0.0001)
        return Box(self.n * 2)

    @property
    def size(self):
        return len(Path("in.txt").read_text()) + self.n

    @classmethod
    def made(cls, n):
        time.sleep(0.0001)
        return cls(n)

    def __enter__(self):
        time.sleep(0.0001)
        return self

    def __exit__(self, *error):
        time.sleep(0.0001)
'''

_HEAD = '''"""Program {number}."""

import asyncio
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import helpers
from helpers import Box, fails, mark, numbers, slow, through, told

FILE = "in.txt"
LOCK = threading.Lock()
{locks}
PAIR = (2, 3)


async def later(log, n):
    log.append(("later", n))
    await asyncio.sleep(0)
    return n


async def counted(log):
    for number in PAIR:
        yield number


async def work(log, n):
    await asyncio.sleep(0)
    log.append(("work", slow(n)))


class Keeper:
    def __init__(self):
        self.total = 0
        self.seen = {{}}
        self.first = None
        self.tasks = set()
        self.lock = threading.Lock()

    async def held(self, log, n):
        with self.lock:
            log.append(n)
            await asyncio.sleep(0)
            self.total += n

'''

_FIRES = ("asyncio.create_task(work([], {0}))", "asyncio.ensure_future(work([], {0}))", "asyncio.get_running_loop().create_task(work([], {0}))")


class Programs:
    """A program made from its number: `main(log)` gives a value or raises, and tells `log` what it does."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self.number = number
        self._locks = 0
        self._streams = False  # whether the function at hand may iterate `stream`

    def module(self) -> str:
        """The text of the program's own module."""
        parts = [*self._methods(), self._function("stream", "log, a=3, b=4", returns=False)]
        self._streams = True
        parts.append(self._function("main", "log, a=1, b=2", returns=True))
        locks = "\n".join(f"LOCK_{number} = threading.Lock()" for number in range(1, self._locks + 1))
        return "\n\n".join([_HEAD.format(number=self.number, locks=locks), *parts])

    def _lock(self) -> str:
        """A lock that nothing else takes, so that no program waits for itself."""
        self._locks += 1
        return f"LOCK_{self._locks}"

    # -- functions

    def _function(self, name: str, parameters: str, *, returns: bool) -> str:
        """A coroutine function, or an asynchronous generator."""
        lines = [f"async def {name}({parameters}):", "    c = 5", "    keeper = Keeper()"]
        for _ in range(self._random.randint(2, 4) if returns else 1):
            lines += self._compiling(lines, lambda: [f"    {line}" for line in self._step(0)])
        last = "return {0}, a, b, c, keeper.total" if returns else "yield {0}"
        lines += self._compiling(lines, lambda: [f"    {last.format(self._int(2))}"])
        return "\n".join(lines) + "\n"

    def _compiling(self, before: Sequence[str], make: Callable[[], list[str]]) -> list[str]:
        """The first lines made that compile after those before."""
        tries = (make() for _ in range(20))
        return next((lines for lines in tries if _compiles("\n".join([*before, *lines]) + "\n")), ["    pass"])

    def _methods(self) -> Iterator[str]:
        """Methods that would tear their state if a suspension point came in between."""
        torn = [
            "        before = self.total\n        {0}\n        self.total = before + n",
            "        self.total += {1}",
            "        self.total = self.total + {1}",
            "        if n not in self.seen:\n            self.seen[n] = {1}\n            self.total += 1",
            "        if self.first is None:\n            self.first = {1}\n            self.total += 1",
            "        if self.seen.get(n):\n            return\n        value = {1}\n        self.seen[n] = value\n        self.total += 1",
            "        old, self.total = self.total, 0\n        {0}\n        self.total = old + n",
            "        total = self.total + {1}\n        self.total = total",
            "        self.total, old = self.total + {1}, self.total",
            "        await asyncio.sleep(0)\n        count = self.total\n        self.seen[n] = {1}\n        self.total = count + 1",
            "        for key in list(self.seen) or [n]:\n            if key in self.seen:\n                continue\n            self.seen[key] = {1}\n            self.total += 1",
            "        while self.total < 2:\n            value = {1}\n            self.total += 1",
            "        if not self.seen:\n            {0}\n            self.seen[n] = 1\n            self.total += 1",
            "        try:\n            self.seen[n]\n        except KeyError:\n            self.seen[n] = {1}\n            self.total += 1",
        ]
        for number in range(2):
            text = self._random.choice(torn).format(self._random.choice(["slow(n)", "time.sleep(0.0001)", "Path(FILE).read_text()"]), "slow(n)")
            yield f"    async def add{number}(self, log, n):\n{text}"

    # -- statements

    def _step(self, depth: int) -> Iterator[str]:
        one = self._random.choice
        name, number, text = one(_NAMES), self._int(depth + 1), self._text(depth + 1)
        simple = [
            f"{name} = {number}",
            f"{name}: int = {number}",
            f"{name} += {number}",
            f"keeper.total += {number}",
            f"keeper.seen[{number}] = {self._int(depth + 1)}",
            f"{name}, *rest = {number}, *[{self._int(depth + 1)}]",
            f"log.append({number})",
            f"log.append({text})",
            f'log.append(f"{{{number}!r:>4}}")',
            f"log.append(f'{{{number}}}' f\"{{{text}}}\")",
            f"log += [{number}, {self._int(depth + 1)}]",
            f"log.append({{'k': {number}, **{{'l': {self._int(depth + 1)}}}}})",
            f"assert {number} is not None, {text}",
            f"log.append([x + {number} for x in range(2) if {self._int(depth + 1)}])",
            f"log.append({{x: {number} for x in PAIR}})",
            f"log.append(slow(  # why\n        {number},\n        factor={self._int(depth + 1)},  # twice\n    ))",
            f"log.append(\n        Box({number})\n        .twice()  # a chain\n        .read(times=2)\n    )",
            f"{name} = slow \\\n        ({number})",
            f"time.sleep(0 * {number})",
            "time.sleep(0.0001); log.append('both')",
            "(time.sleep)(0.0001)  # parentheses",
            f"del [{number}][0]",
            f"Path('out.txt').write_text({text})",
            "shutil.copy(FILE, 'copy.txt')",
            "os.makedirs('folder', exist_ok=True)",
            "log.append(sorted(os.listdir('.'))[:1])",
            "log.append(sorted(p.name for p in Path('.').iterdir())[:1])",
            "subprocess.run(['true'], check=True)",
            "log.append(subprocess.run(['sh', '-c', 'exit 3'], capture_output=True, text=True).returncode)",
            f"log.append(subprocess.check_output(['echo', str({number})], text=True))",
            f"log.append(await asyncio.gather(later(log, {number}), later(log, {self._int(depth + 1)})))",
            f"raise ValueError({number})" if depth else f"log.append({number})",
            f"return {number}, {text}" if depth > 1 else f"log.append({text})",
            f"await keeper.add0(log, {number})",
            f"await keeper.held(log, {number})",
            f"LOCK.acquire(); log.append({len(text)}); LOCK.release()",
            *(one(_FIRES).format(number) for _ in range(2)),
            f"_ = {one(_FIRES).format(number)}",
            f"task = {one(_FIRES).format(number)}",
            f"tasks = [{one(_FIRES).format(number)} for _ in range(2)]",
        ]
        if depth > 1 or self._random.random() < 0.6:
            yield one(simple)
            return
        yield from one([self._condition, self._loop, self._try, self._with, self._inner, self._match, self._process])(depth)

    def _body(self, depth: int, *last: str) -> Iterator[str]:
        for _ in range(self._random.randint(1, 2)):
            for line in self._step(depth + 1):
                yield f"    {line}"
        for line in last:
            yield f"    {line}"

    def _condition(self, depth: int) -> Iterator[str]:
        yield f"if {self._int(depth + 1)}:"
        yield from self._body(depth)
        if self._random.random() < 0.5:
            yield f"elif {self._int(depth + 1)}:"
            yield from self._body(depth)
            yield "else:"
            yield from self._body(depth)

    def _loop(self, depth: int) -> Iterator[str]:
        one = self._random.choice
        leave = one([(), ("break",), ("continue",), (f"if {self._int(depth + 1)} % 2: break",), (f"if {self._int(depth + 1)}: continue",)])
        kind = one(["for", "for", "while", "lazy", *["async"] * self._streams])
        if kind == "for":
            yield f"for i in range({self._int(depth + 2)} % 3):"
        elif kind == "lazy":
            yield one(["for i in numbers(2):", "for i in list(numbers(2)):", "for i in sorted(os.listdir('.'))[:2]:", "for line in open(FILE):"])
        elif kind == "async":
            yield "async for i in stream([]):"
            leave = ("break",)
        else:
            yield f"rounds = {self._int(depth + 2)} % 2"
            yield f"while (rounds := rounds + 1) < 3 + 0 * {self._int(depth + 2)}:"
        yield from self._body(depth, *leave)
        if self._random.random() < 0.3:
            yield "else:"
            yield from self._body(depth)

    def _try(self, depth: int) -> Iterator[str]:
        one = self._random.choice
        yield "try:"
        yield f"    {one(['fails', 'slow', 'through'])}({self._int(depth + 1)})"
        yield from self._body(depth)
        yield one(["except (ValueError, TypeError, IndexError) as error:", "except ValueError as error:", "except OSError as error:"])
        yield "    log.append(str(error))"
        yield from self._body(depth)
        if self._random.random() < 0.4:
            yield "else:"
            yield from self._body(depth)
        if self._random.random() < 0.4:
            yield "finally:"
            yield f"    log.append({self._int(depth + 1)})"

    def _with(self, depth: int) -> Iterator[str]:
        yield self._random.choice(
            [
                f"with Box({self._int(depth + 1)}) as box:",
                "with open(FILE) as f:",
                "with open('out.txt', 'w') as f:",
                f"with {self._lock()}:",
                "with open(FILE) as f, Box(1):",
                "async with asyncio.TaskGroup() as group:",
                "with Path(FILE).open() as f:",
            ]
        )
        yield from self._body(depth)

    def _inner(self, depth: int) -> Iterator[str]:
        one = self._random.choice
        if self._random.random() < 0.3:
            yield "import functools"
            yield f"@functools.lru_cache(maxsize={self._int(depth + 1)})"
        kind = one(["def", "def", "async def", "class"])
        if kind == "class":
            yield "class Local:"
            yield f"    value = {self._int(depth + 1)}"
            yield "log.append(Local.value if hasattr(Local, 'value') else 0)"
            return
        yield f"{kind} inner(x={self._int(depth + 1)}):"
        if self._random.random() < 0.4:
            yield f"    nonlocal {one(_NAMES)}"
        yield "    return slow(x)"
        yield f"log.append({'await ' if kind == 'async def' else ''}inner())"

    def _match(self, depth: int) -> Iterator[str]:
        yield f"match {self._int(depth + 1)}:"
        yield f"    case 1 if {self._int(depth + 1)}:"
        for line in self._step(depth + 2):
            yield f"        {line}"
        yield "    case other:"
        yield "        log.append(other)"

    def _process(self, depth: int) -> Iterator[str]:
        one = self._random.choice
        yield one(
            [
                "process = subprocess.Popen(['echo', 'x'], stdout=subprocess.PIPE, text=True)",
                "process = subprocess.Popen(['cat', FILE], stdout=subprocess.PIPE)",
            ]
        )
        kind = one(["lines", "communicate", "read"])
        if kind == "lines":
            yield "for line in process.stdout:"
            yield "    log.append(line)"
            yield "log.append(process.wait())"
            yield "process.stdout.close()"
        elif kind == "communicate":
            yield "log.append(process.communicate()[0])"
        else:
            yield "log.append(process.stdout.read())"
            yield "process.stdout.close(); process.wait()"

    # -- expressions

    def _int(self, depth: int) -> str:
        one, more = self._random.choice, lambda: self._int(depth + 1)
        if depth > 2 or self._random.random() < 0.25:
            return one(
                [one(_NAMES), str(self._random.randint(0, 4)), f"mark(log, {self._random.randint(0, 9)})", f"slow({self._random.randint(0, 4)})"]
            )
        kinds = (
            lambda: f"slow({more()})",
            lambda: f"slow({more()}, factor={more()})",
            lambda: f"slow(factor={more()}, n={more()})",
            lambda: f"slow(*PAIR, {more()}, extra={more()})",
            lambda: f"slow({more()}, *[{more()}], **{{'extra': {more()}}})",
            lambda: f"slow(slow({more()}), slow({more()}))",
            lambda: f"helpers.slow(n={more()},)",
            lambda: f"through({more()})",
            lambda: f"told(log, {more()})",
            lambda: f"helpers.told(log=log, n={more()})",
            lambda: f"mark(log, {more()})",
            lambda: f"Box({more()}).read()",
            lambda: f"Box({more()}).twice().twice().read(times={more()})",
            lambda: f"Box.made({more()}).n",
            lambda: f"Box({more()}).size",
            lambda: "os.path.getsize(FILE)",
            lambda: "Path(FILE).stat().st_size",
            lambda: f"len(Path({one(['FILE', chr(34) + 'in.txt' + chr(34)])}).read_text().strip())",
            lambda: f"len({self._text(depth + 1)})",
            lambda: f"(not os.path.exists('in.txt')) + {more()}",
            lambda: f"({more()} + {more()})",
            lambda: f"({more()} and {more()})",
            lambda: f"({more()} or {more()})",
            lambda: f"({more()} if {more()} else {more()})",
            lambda: f"({more()} < {more()} <= {more()})",
            lambda: f"-{more()}",
            lambda: f"{more()} ** 2 % 7",
            lambda: f"({one(_NAMES)} := {more()})",
            lambda: f"sum([{more()} for i in range(2)])",
            lambda: f"sum({more()} for i in range(2))",
            lambda: f"sum([i async for i in {'stream' if self._streams else 'counted'}([]) if i == {more()}])",
            lambda: f"len({{{more()} for i in PAIR if {more()}}})",
            lambda: f"[{more()}, {more()}][{more()} % 2]",
            lambda: f"(lambda x={more()}: slow(x))()",
            lambda: f"(lambda: {more()})()",
            lambda: f"await later(log, {more()})",
            lambda: f"(await asyncio.wait_for(later(log, {more()}), 5))",
            lambda: f"max({more()}, {more()}, key=lambda x: -x)",
            lambda: f"int(f'{{{more()}}}')",
            lambda: f"subprocess.call(['sh', '-c', f'exit {{{more()} % 5}}'])",
            lambda: "int(subprocess.check_output(['echo', '4']))",
            lambda: f"(yield {more()})",
            lambda: f"(slow)({more()})",
            lambda: f"( slow ( {more()} ) )",
            lambda: f"dict(k=slow({more()}))['k']",
            lambda: f"(*[slow({more()})], {more()})[0]",
            lambda: f"helpers.Box(n={more()}).read(*[2])",
        )
        return one(kinds)()

    def _text(self, depth: int) -> str:
        return self._random.choice(
            [
                lambda: f"str({self._int(depth + 1)})",
                lambda: "Path(FILE).read_text()",
                lambda: "Path(FILE).read_text(encoding='utf-8').upper().strip()",
                lambda: "open(FILE).read()",
                lambda: "Path(FILE).read_bytes().decode()",
                lambda: f"f'{{{self._int(depth + 1)}}} and {{{self._int(depth + 1)}:>{{{self._int(depth + 2)} % 5}}}}'",
                lambda: f"'%s-%s' % ({self._int(depth + 1)}, {self._int(depth + 1)})",
                lambda: f"'x'.join(['a', str({self._int(depth + 1)})])",
                lambda: "os.popen('echo pipe').read()",
                lambda: "subprocess.run(['cat'], input='text', capture_output=True, text=True).stdout",
                lambda: f"os.readlink('missing') if {self._int(depth + 1)} == 77 else ''",
            ]
        )()


def files(numbers: range) -> dict[str, str]:
    """The modules of the programs of these numbers, by path."""
    made = {"helpers.py": HELPERS}
    for number in numbers:
        made[f"program_{number}.py"] = Programs(number).module()
        made["helpers.py"] = HELPERS
    return made


def _compiles(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "program", "exec", dont_inherit=True)
        except SyntaxError:
            return False
    return True
