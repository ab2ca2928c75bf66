"""Edits as people make them between two runs: some that nobody but a reader can tell, and some that change what is found elsewhere."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

Edit = Callable[[Path, random.Random], None]
BLOCKS = "__import__('x'); import time; time.sleep(1)"


def _somewhere(path: Path, rng: random.Random, pattern: str, new: str) -> None:
    """Replace one of the lines (with the last newline) that match a pattern, if there is one."""
    text = path.read_text(encoding="utf-8")
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    if matches:
        match = rng.choice(matches)
        path.write_text(text[: match.start()] + match.expand(new) + text[match.end() :], encoding="utf-8")


def _line(pattern: str, new: str) -> Edit:
    return lambda path, rng: _somewhere(path, rng, pattern, new)


def _override(path: Path, rng: random.Random) -> None:
    """A class that overrides a method of one in the file."""
    text = path.read_text(encoding="utf-8")
    classes = re.findall(r"^class (\w+)", text, re.MULTILINE)
    methods = re.findall(r"^    (?:async )?def (\w+)\(self", text, re.MULTILINE)
    if classes and methods:
        added = f"\n\nclass _Other({rng.choice(classes)}):\n    def {rng.choice(methods)}(self, *args, **kwargs):\n        {BLOCKS}\n"
        path.write_text(text + added, encoding="utf-8")


def _more(path: Path, rng: random.Random) -> None:
    """Another file."""
    path.with_name(f"more_{rng.randrange(9)}.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n", encoding="utf-8")


EDITS: dict[str, Edit] = {
    "a comment in front": lambda path, rng: path.write_text("# one\n# two\n" + path.read_text(encoding="utf-8"), encoding="utf-8"),
    "a comment in a body": _line(r"^( *(?:async )?def \w+\(.*\).*:\n)( +)", r"\1\2# told\n\2"),
    "a comment after a line": _line(r"^( +\w[\w.]*\(.*\))$", r"\1  # told"),
    "a blank line": _line(r"^( *(?:async )?def )", r"\n\1"),
    "a number": _line(r"\b1\b", "2"),
    "a word in a text": _line(r'"(\w+) ', r'"\1 \1 '),
    "lines that are one": _line(r",\n +", ", "),
    "a line that is two": _line(r"\((\w+), ", r"(\n        \1, "),
    "a call that blocks": _line(r"^( *)((?:async )?def \w+\(.*\).*:)\n", rf"\1\2\n\1    {BLOCKS}\n"),
    "a call that is gone": _line(r"^( +)(?:await )?[\w.]+\(.*\)$", r"\1pass"),
    "another name of a function": _line(r"^( *(?:async )?def )(\w+)\(", r"\1\2_too("),
    "a coroutine that was none": _line(r"^( *)def ", r"\1async def "),
    "another argument": _line(r"\(\)$", "(None)"),
    "another import": _line(r"^import (\w+)$", r"import \1 as \1, time"),
    "a function in front": lambda path, rng: path.write_text(
        "import time\ndef _first(x=lambda: 1):\n    time.sleep(x())\n" + path.read_text(encoding="utf-8"), encoding="utf-8"
    ),
    "an override": _override,
    "another file": _more,
    "a file that is gone": lambda path, rng: path.unlink(),
    "a file that is no Python": lambda path, rng: path.write_text(path.read_text(encoding="utf-8") + "\ndef f(:\n", encoding="utf-8"),
    "a mark": _line(r"^( *(?:async )?def \w+\(.*\).*:)$", r"\1  # asynclint: blocking"),
    "an ignore comment": _line(r"^( +\w[\w.]*\(.*\))$", r"\1  # asynclint: ignore"),
}
