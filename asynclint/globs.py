"""Globs as regular expressions that do not backtrack: matching takes at most a time that grows with the length of the path times that of the glob.

What stands between two wildcards is taken where it is found first, and not looked for again: if the rest matches behind a later place, it does so
behind the first one too, for the wildcard that follows takes what lies between. A group in a lookahead, matched again by its name, is never entered
twice (Python has atomic groups from 3.11 on).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

STAR, FOLDERS, ALL = "[^/]*", "(?:.*/)?", ".*"  # `*`, `**/` and a `**` at the end; what else a glob is made of matches one character each
_SEARCHED = {FOLDERS: "(?:[^/]*/)*?", ALL: ".*?"}


def regex(parts: Iterable[str], numbers: Iterator[int]) -> str:
    """The expression for a glob of these parts, of which only the three wildcards match other than one character, and only these a `/` beside `/`.

    `FOLDERS` and `ALL` stand at the beginning or behind a `/`. `numbers` gives the groups names, no two of one expression the same.
    """
    chunks: list[tuple[str, list[str]]] = [("", [])]
    for part in parts:
        if part in _SEARCHED:
            chunks.append((part, []))
        else:
            chunks[-1][1].append(part)
    (_, first), *others = chunks
    found = _between(first, numbers)
    for number, (wildcard, chunk) in enumerate(others, 1):
        text = _SEARCHED[wildcard] + _between(chunk, numbers)
        if number < len(others):
            text = _once(text, numbers)
        elif not chunk:
            text = wildcard
        found += text
    return found


def _between(chunk: Iterable[str], numbers: Iterator[int]) -> str:
    """The expression for what stands between two wildcards that take folders."""
    pieces = [""]
    for part in chunk:
        if part != STAR:
            pieces[-1] += part
        elif pieces[-1] or len(pieces) == 1:
            pieces.append("")
    found, *others = pieces
    for number, piece in enumerate(others, 1):
        found += STAR + piece if number == len(others) else _once(f"{STAR}?{piece}", numbers)
    return found


def _once(text: str, numbers: Iterator[int]) -> str:
    name = f"g{next(numbers)}"
    return f"(?=(?P<{name}>{text}))(?P={name})"
