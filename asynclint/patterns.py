"""Patterns of paths in a configuration, which are like those of a .gitignore."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count

from asynclint.globs import ALL, FOLDERS, STAR, regex
from asynclint.options import ConfigError

_TOKEN = re.compile(r"\*+|\?|\[!?[^]]+\]|.", re.DOTALL)
_OPERATORS = str.maketrans({char: f"\\{char}" for char in "\\[&~|"})  # what may mean more in a class than itself


@cache
def glob_below(pattern: str) -> re.Pattern[str]:
    """What matches the paths that the gitignore-like `pattern` names, and all that lies below them."""
    return _compiled(_regex(pattern, "/.*" if pattern.endswith("/") else "(?:/.*)?", count()), pattern)


def any_exact(patterns: Iterable[str]) -> re.Pattern[str]:
    """What matches exactly the paths that one of the patterns names; a directory's path ends with `/`."""
    numbers = count()
    found = []
    for pattern in patterns:
        found.append(f"(?:{_regex(pattern, '/' if pattern.endswith('/') else '/?', numbers)})")
        if "[" in pattern:
            glob_below(pattern)  # its mistakes are told as its own
    return re.compile("|".join(found) or "(?!)")


def _compiled(text: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ConfigError(f"`{pattern}` is not a pattern: {error}") from error


def _regex(pattern: str, end: str, numbers: Iterator[int]) -> str:
    """The gitignore-like `pattern`: `*` stops at `/`, `**` does not; without a slash before the end it matches at any depth."""
    body = pattern.removeprefix("./").rstrip("/")
    segments = body.lstrip("/").split("/")
    parts = [] if "/" in body else [FOLDERS]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "**":
            parts.append(ALL if last else FOLDERS)
        else:
            parts += map(_token_regex, _TOKEN.findall(segment))
            if not last:
                parts.append("/")
    return f"(?s:{regex(parts, numbers)}{end})\\Z"


def _token_regex(token: str) -> str:
    if token.startswith("*"):
        return STAR
    if token == "?":
        return "[^/]"
    if len(token) > 1:
        inner = token[1:-1].translate(_OPERATORS)
        return f"(?!/)[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)
