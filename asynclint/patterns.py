"""Patterns of paths, as in a .gitignore."""

from __future__ import annotations

import re
from functools import cache

from asynclint.options import ConfigError

_TOKEN = re.compile(r"\*+|\?|\[!?[^]]+\]|.", re.DOTALL)


def glob_exact(pattern: str) -> re.Pattern[str]:
    """What matches exactly the paths that the gitignore-like `pattern` names; a directory's path ends with `/`."""
    return _compiled(pattern, "/" if pattern.endswith("/") else "/?")


def glob_below(pattern: str) -> re.Pattern[str]:
    """What matches the paths that the gitignore-like `pattern` names, and all that lies below them."""
    return _compiled(pattern, "/.*" if pattern.endswith("/") else "(?:/.*)?")


@cache
def _compiled(pattern: str, end: str) -> re.Pattern[str]:
    """The gitignore-like `pattern`: `*` stops at `/`, `**` does not; without a slash before the end it matches at any depth."""
    body = pattern.removeprefix("./").rstrip("/")
    segments = body.lstrip("/").split("/")
    regex = "" if "/" in body else "(?:.*/)?"
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "**":
            regex += ".*" if last else "(?:.*/)?"
        else:
            regex += "".join(map(_token_regex, _TOKEN.findall(segment))) + ("" if last else "/")
    try:
        return re.compile(f"(?s:{regex}{end})\\Z")
    except re.error as error:
        raise ConfigError(f"`{pattern}` is not a pattern: {error}") from error


def _token_regex(token: str) -> str:
    if token.startswith("*"):
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) > 1:
        inner = token[1:-1].replace("\\", r"\\").replace("[", r"\[")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)
