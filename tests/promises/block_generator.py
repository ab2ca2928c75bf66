"""Makes small coroutines at random, with blocks that may be moved into a thread and everything around them that makes this hard."""

from __future__ import annotations

import random
from collections.abc import Iterator

_NAMES = ("a", "b", "c", "d")


class Generator:
    """The statements of one coroutine `async def NAME(log, a, b=2)`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._inside = False  # a block that may be moved

    def coroutine(self, name: str) -> str:
        body = "\n".join(f"    {line}" for line in self._row(depth=0, loops=0))
        return f"async def {name}(log, a, b=2):\n{body}\n    return {self._expression()}\n"

    def _row(self, depth: int, loops: int) -> Iterator[str]:
        for _ in range(self._random.randint(1, 3 if depth else 4)):
            yield from self._statement(depth, loops)

    def _indented(self, depth: int, loops: int) -> Iterator[str]:
        for line in self._row(depth + 1, loops):
            yield f"    {line}"

    def _name(self) -> str:
        return self._random.choice(_NAMES)

    def _expression(self) -> str:
        return self._random.choice(
            [
                self._name(),
                f"{self._name()} + {self._random.randint(0, 3)}",
                f"({self._name()} := {self._random.randint(4, 6)})",
                f"sum([{self._name()} for _ in range(2)])",
                f"sum(x + {self._name()} for x in (1, 2))",
                f"({self._name()} or {self._name()})",
                f"(lambda: {self._name()})()",
                str(self._random.randint(0, 9)),
                "len(f.read())" if self._inside else "7",
            ]
        )

    def _statement(self, depth: int, loops: int) -> Iterator[str]:
        simple = self._random.random() < (0.35 + 0.15 * depth) or depth > 3
        if simple:
            yield self._simple(loops)
            return
        kind = self._random.choice(["with", "with", "with", "if", "for", "while", "try", "finally", "def"])
        if kind == "with":
            outer, self._inside = self._inside, True
            yield self._random.choice(
                ["with open(FILE) as f:", "with open(FILE) as f, open(FILE) as g:", f"with open(FILE) as {self._name()}, open(FILE) as f:"]
            )
            yield from self._indented(depth, loops)
            self._inside = outer
        elif kind == "if":
            yield f"if {self._expression()}:"
            yield from self._indented(depth, loops)
            if self._random.random() < 0.5:
                yield "else:"
                yield from self._indented(depth, loops)
        elif kind == "for":
            yield f"for {self._name()} in range({self._random.randint(0, 3)}):"
            yield from self._indented(depth, loops + 1)
            if self._random.random() < 0.3:
                yield "else:"
                yield from self._indented(depth, loops)
        elif kind == "while":
            counter = f"n{self._random.randint(0, 999)}"
            yield f"{counter} = 0"
            yield f"while ({counter} := {counter} + 1) < {self._random.randint(1, 4)}:"
            yield from self._indented(depth, loops + 1)
        elif kind == "try":
            yield "try:"
            yield from self._indented(depth, loops)
            yield self._random.choice(["except ValueError:", "except (ValueError, NameError, TypeError) as error:", "except Exception:"])
            yield from self._indented(depth, loops)
        elif kind == "finally":
            yield "try:"
            yield from self._indented(depth, loops)
            yield "finally:"
            yield f"    log.append({self._name()})"
        else:
            yield f"def inner({self._name()}=1):"
            if self._random.random() < 0.5:
                yield f"    nonlocal {self._name()}"
            yield f"    return {self._name()}"

    def _simple(self, loops: int) -> str:
        name = self._name()
        choices = [
            f"{name} = {self._expression()}",
            f"{name} = {self._expression()}",
            f"{name} += {self._random.randint(1, 3)}",
            f"log.append({self._expression()})",
            f"log.append({self._expression()})",
            f"{name}, {self._name()} = {self._expression()}, {self._expression()}",
            f"del {name}",
            f"return {self._expression()}",
            "raise ValueError",
            "pass",
            f"if {self._expression()}: return {self._expression()}",
        ]
        if loops:
            choices += ["break", "continue", f"if {self._expression()}: break", f"if {self._expression()}: continue"]
        return self._random.choice(choices)


def module(seeds: range) -> str:
    """A module with a coroutine for every seed that makes one which compiles."""
    parts = ['FILE = "in.txt"\n']
    for seed in seeds:
        text = Generator(seed).coroutine(f"program_{seed}")
        try:
            compile(text, "program", "exec")
        except SyntaxError:
            continue
        parts.append(text)
    return "\n\n".join(parts)
