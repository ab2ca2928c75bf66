"""The tables of a catalog file: what their rows add to the catalog."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from asynclint.program.known import (
    FILE_USES,
    KINDS,
    OFFLOADS,
    PARTS,
    PLACES,
    Aware,
    Block,
    Condition,
    Entry,
    FileUse,
    Hold,
    Lock,
    Offload,
    Runner,
    Type,
    Walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from asynclint.program.catalog import Catalog

SUBJECTS = ("call", "decorator", "override", "type")  # the keys that name what a row speaks of
_DOTTED = re.compile(r"(?!(True|False|None)$)[A-Za-z_][\w.]*")


def _paths(row: dict[str, Any], key: str = "call") -> list[str]:
    value = row.pop(key)
    found = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(path, str) and path for path in found):
        raise ValueError(f"`{key}` takes a dotted path or a list of them")
    return found


def _end(row: dict[str, Any]) -> None:
    if row:
        raise ValueError(f"unknown key `{next(iter(row))}`")


@cache  # the same few conditions stand in many rows
def condition(text: str) -> Condition:
    """The condition that a text such as `timeout=0` or `arg1=False` means. Raises ValueError or SyntaxError."""
    name, sign, literal = text.partition("=")
    if not sign:
        raise ValueError(f"`{text}` is not of the form name=LITERAL")
    value = literal if _DOTTED.fullmatch(literal) else ("const", ast.literal_eval(literal))
    if name.startswith("arg") and name[3:].isdigit():
        return Condition("", int(name[3:]), value)
    return Condition(name, -1, value)


def _block(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, kind = _paths(row), row.pop("on")
    if kind not in KINDS:
        raise ValueError(f"`on` is one of {', '.join(KINDS)}")
    offload = row.pop("offload", "safe")
    if offload not in OFFLOADS:
        raise ValueError(f"`offload` is one of {', '.join(OFFLOADS)}")
    unless, only_if, bound_unless = (tuple(map(condition, row.pop(key, ()))) for key in ("unless", "only_if", "bound_unless"))
    rest = {key: row.pop(key) for key in ("instead", "takes_file", "takes_path", "light", "lazy", "help", "by") if key in row}
    _end(row)
    for path in paths:
        block = Block(path, kind, offload=offload, unless=unless, only_if=only_if, bound_unless=bound_unless, **rest)
        owner, _, name = path.rpartition(".")
        if name == "*":
            catalog.every[owner] = block
        else:
            catalog.blocks[path] = block


def _type(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row, "type"):
        rest = dict(row)
        bases = rest.pop("bases", ())
        catalog.types[path] = Type(path, (bases,) if isinstance(bases, str) else tuple(bases), **rest)


def _returns(catalog: Catalog, row: dict[str, Any]) -> None:
    paths = _paths(row)
    if "when" in row:
        catalog.when.update(dict.fromkeys(paths, (tuple(map(condition, row.pop("when"))), row.pop("type"))))
    for key, table in (("type", catalog.returns), ("bare", catalog.bare)):
        if key in row:
            table.update(dict.fromkeys(paths, row.pop(key)))
    _end(row)


def _offload(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row):
        catalog.offloads[path] = Offload(path, **row)


def _positions(table: str) -> Callable[[Catalog, dict[str, Any]], None]:
    def read(catalog: Catalog, row: dict[str, Any]) -> None:
        paths, position = _paths(row), row.pop("callable")
        _end(row)
        getattr(catalog, table).update(dict.fromkeys(paths, position))

    return read


def _entry(catalog: Catalog, row: dict[str, Any]) -> None:
    key = "decorator" if "decorator" in row else "override"
    for path in _paths(row, key):
        catalog.entries[path] = Entry(**{key: path}, **row)


def _lock(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row, "type"):
        catalog.locks[path] = Lock(path, **row)


def _runner(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row):
        catalog.runners[path] = Runner(path, **row)


def _endless(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, until_told = _paths(row), row.pop("until_told", False)
    _end(row)
    catalog.endless.update(dict.fromkeys(paths, until_told))


def _reflection(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, name = _paths(row), row.pop("name", -1)
    _end(row)
    catalog.reflection.update(dict.fromkeys(paths, name))


def _file(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, does = _paths(row), row.pop("does")
    if does not in FILE_USES:
        raise ValueError(f"`does` is one of {', '.join(FILE_USES)}")
    named, mode, lost = tuple(row.pop("paths", (0,))), row.pop("mode", -1), row.pop("lost", False)
    unless, only_if = (tuple(map(condition, row.pop(key, ()))) for key in ("unless", "only_if"))
    _end(row)
    for path in paths:
        catalog.file_uses[path] = FileUse(path, does, named, mode, unless, only_if, lost)


def _hold(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, unless = _paths(row), tuple(map(condition, row.pop("unless", ())))
    awaits, block = row.pop("awaits", False), row.pop("block", False)
    _end(row)
    for path in paths:
        catalog.holds[path] = Hold(path, unless, awaits, block)


def _mark(catalog: Catalog, row: dict[str, Any]) -> None:
    paths = _paths(row, "decorator")
    kind = row.pop("on", "")
    if kind not in KINDS and not row.pop("nonblocking", False):
        raise ValueError(f"needs `nonblocking = true`, or `on`, one of {', '.join(KINDS)}")
    _end(row)
    catalog.marks.update(dict.fromkeys(paths, kind))


def _group(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, method = _paths(row), row.pop("starts")
    _end(row)
    catalog.groups.update(dict.fromkeys(paths, method))


def _aware(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, of = _paths(row), row.pop("of")
    if of not in PLACES:
        raise ValueError(f"`of` is one of {', '.join(PLACES)}")
    only_if, unless = (tuple(map(condition, row.pop(key, ()))) for key in ("only_if", "unless"))
    _end(row)
    for path in paths:
        catalog._aware.setdefault(path, []).append(Aware(of, only_if, unless))


def _walk(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row):
        catalog._walks.setdefault(path, []).append(Walk(**row))


def _share(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, argument, part = _paths(row), row.pop("argument"), row.pop("part")
    if part not in PARTS:
        raise ValueError(f"`part` is one of {', '.join(PARTS)}")
    _end(row)
    for path in paths:
        catalog._shares.setdefault(path, []).append((argument, part))


def _set(table: str, subject: str = "call") -> Callable[[Catalog, dict[str, Any]], None]:
    def read(catalog: Catalog, row: dict[str, Any]) -> None:
        paths = _paths(row, subject)
        row.pop("coroutine", None)
        _end(row)
        getattr(catalog, table).update(paths)

    return read


READERS: dict[str, Callable[[Catalog, dict[str, Any]], None]] = {
    "blocks": _block,
    "types": _type,
    "returns": _returns,
    "offloads": _offload,
    "wrappers": _positions("wrappers"),
    "loop_callbacks": _positions("loop_callbacks"),
    "callers": _positions("callers"),
    "exit_callbacks": _positions("exit_callbacks"),
    "entries": _entry,
    "tasks": _set("tasks"),
    "locks": _lock,
    "touches_loop": _set("touches_loop"),
    "coroutines": _set("coroutines"),
    "cancellations": _set("cancellations"),
    "markers": _set("markers"),
    "endings": _set("endings"),
    "swallowing": _set("swallowing"),
    "groups": _group,
    "caches": _set("caches"),
    "nonblocking": _set("nonblocking"),
    "marks": _mark,
    "runners": _runner,
    "endless": _endless,
    "reflection": _reflection,
    "aware": _aware,
    "walks": _walk,
    "shares": _share,
    "mutable": _set("_mutable", "type"),
    "bound": _set("_thread_bound", "type"),
    "file_uses": _file,
    "holds": _hold,
    "releases": _set("releases"),
    "process_state": _set("process_state"),
    "sequences": _set("sequences", "type"),
    "positions": _set("positions"),
    "changes": _set("changes"),
    "suspends": _set("suspends"),
    "unique": _set("unique"),
}
