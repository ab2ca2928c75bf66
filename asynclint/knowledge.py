"""The catalog of a run: the one that ships, and what the user says in the configuration and in files that it names, which wins.

Mistakes of the user's are errors that tell the file, the line and what may have been meant.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from asynclint.config import did_you_mean, parse, read_text
from asynclint.options import ConfigError, described
from asynclint.program.catalog import Catalog, CatalogError
from asynclint.program.shapes import check
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.config import Settings
    from asynclint.program.shapes import Place

_EFFORT = 2_000_000  # characters that may be parsed to find a line; about half a second
_CLOSINGS = ("", "]", "]]")  # what ends an array that a cut has left open; an inline table does not span lines


@record(frozen=True, slots=True)
class Taught:
    """The tables that the user wrote in one file; `prefix` leads to them."""

    path: str
    text: str
    prefix: tuple[str, ...]
    tables: dict[str, Any]

    def line(self, place: Place) -> int:
        """The line on which a value, given by the keys and indices that lead to it, begins."""
        return line_of(self.text, (*self.prefix, *place))


def catalog(settings: Settings) -> Catalog:
    """What is known, the user's own included; families are read later. Raises ConfigError."""
    try:
        found = Catalog.load(folder())
    except CatalogError as error:
        raise ConfigError(str(error)) from error
    for each in taught(settings):
        found.teach(each.tables)
    return found


def folder() -> str:
    """The folder of the files that ship. Raises ConfigError."""
    spec = find_spec("asynclint.rules")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("asynclint is not installed as a distribution, so it has no catalog; install it with pip")
    return os.path.join(next(iter(spec.submodule_search_locations)), "catalog")


def taught(settings: Settings) -> Iterator[Taught]:
    """What the user says, file by file. Raises ConfigError."""
    for number, path in enumerate(settings.catalog):
        if path == settings.config_file:
            found = read(path, _prefix(path))
            files = found.tables.pop("files", [])
            if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
                raise ConfigError(f"{path}:{found.line(('files',))}: `files`: expected a list of catalog files, got {described(files)}")
        elif os.path.exists(path):
            found = read(path, ())
        else:
            raise ConfigError(f"{_naming(settings, number)}: `catalog` names `{path}`, which does not exist")
        for mistake in check(found.tables):
            where = ".".join(found.prefix)
            message = mistake.message.replace("[[", f"[[{where}.") if where else mistake.message
            raise ConfigError(f"{path}:{found.line(mistake.place)}: {message}{did_you_mean(mistake.given, mistake.known)}")
        yield found


def read(path: str, prefix: tuple[str, ...]) -> Taught:
    """The tables of a file, as they stand there, from where `prefix` leads. Raises ConfigError."""
    text = read_text(path)
    tables = parse(text, path)
    for key in prefix:
        tables = tables[key]
    return Taught(path, text, prefix, tables)


def _prefix(config_file: str) -> tuple[str, ...]:
    return ("tool", "asynclint", "catalog") if os.path.basename(config_file) == "pyproject.toml" else ("catalog",)


def _naming(settings: Settings, number: int) -> str:
    """Where the n-th catalog file is named."""
    path = settings.config_file
    prefix = _prefix(path)
    try:
        parent = read(path, prefix[:-1])
    except (ConfigError, KeyError):
        return "--config"
    for place in ((prefix[-1], "files", number), (prefix[-1], number)):
        if _has(parent.tables, place):
            return f"{path}:{parent.line(place)}"
    return "--config"


# -- lines


@lru_cache
def line_of(text: str, place: Place) -> int:
    """The line (from 1) of a valid TOML text on which a value begins: the last of the shortest beginning of the text that has the value."""
    lines = text.split("\n")
    without, within = 0, len(lines)
    while within - without > 1:
        middle = (without + within) // 2
        ends = islice((*range(middle, without, -1), *range(middle + 1, within)), 10 + _EFFORT // len(text))
        tried = next((n for n in ends if _parsed(lines[:n]) is not None), 0)
        if not tried:
            return without + 1  # one long string
        if _has(_parsed(lines[:tried]), place):
            within = tried
        else:
            without = tried
    return within


def _parsed(lines: list[str]) -> dict[str, Any] | None:
    import tomli

    for closing in _CLOSINGS:
        try:
            return tomli.loads("\n".join((*lines, closing)))
        except tomli.TOMLDecodeError:
            continue
    return None


def _has(value: Any, place: Place) -> bool:
    try:
        for key in place:
            value = value[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True
