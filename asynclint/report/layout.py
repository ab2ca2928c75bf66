"""Text in the columns of a terminal: how wide it is, wrapped at blanks, cut to fit. A width of 0 has no end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from asynclint.report import escape

_TAB = "    "
MORE = "..."  # what stands for text that was cut off


def shown(code: str) -> str:
    """Code as it is printed: tabs as blanks, and nothing that a terminal acts on."""
    return escape(code.replace("\t", _TAB))


def columns(text: str) -> int:
    """How many columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(text: str, first: int, rest: int) -> list[str]:
    """The lines of a text, the first one of at most `first` columns and the others of `rest`; at least one, which may be empty.

    A word that is wider than a line is left whole: it may be a path, to be copied.
    """
    if first <= 0:
        return [text]
    lines = [""]
    for word in text.split(" "):
        limit = first if len(lines) == 1 else rest
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if columns(joined) > limit and (lines[-1] or limit < rest):
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def cut(text: str, width: int) -> str:
    """The beginning of a text, with `MORE` at its end if not all of it fits."""
    if columns(text) <= width or not width:
        return text
    return _fitting(text, max(1, width - len(MORE))) + MORE


def framed(before: str, marked: str, after: str, width: int) -> tuple[str, str]:
    """A line of code with a marked part in the middle, and the carets for under it; what does not fit is cut off at the ends."""
    if width and columns(before) + columns(marked) + columns(after) > width:
        room = max(width // 3, width - columns(marked) - 2 * len(MORE))
        if columns(before) > room:
            before = MORE + _fitting(before[::-1], room - len(MORE))[::-1]
        room = max(1, width - columns(before))
        if columns(marked) > room:
            marked, after = cut(marked, room), ""
        after = cut(after, room - columns(marked)) if room > columns(marked) + len(MORE) else ""
    return before + marked + after, " " * columns(before) + "^" * max(1, columns(marked))


def _fitting(text: Iterable[str], width: int) -> str:
    """As much of the beginning of a text as fits."""
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept)
