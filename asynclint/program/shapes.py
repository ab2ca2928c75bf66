"""What the rows of a catalog file must look like: for a user's files, whose mistakes are told with their place, for the JSON schema of the
configuration, and for tests of the files that ship.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from asynclint.program.known import FILE_USES, KINDS, OFFLOADS, PARTS, PLACES
from asynclint.program.tables import SUBJECTS, condition
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Place = tuple["str | int", ...]  # keys and indices that lead to a value


@record(frozen=True, slots=True)
class Mistake:
    """What is wrong in the tables of a catalog, and where; `known` are the names of which the `given` one may have been meant."""

    place: Place
    message: str
    given: str = ""
    known: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Shape:
    """What a value must look like: gives the mistakes in one, their places relative to it. `schema` is the JSON schema of what has none."""

    mistakes: Callable[[Any], Iterator[Mistake]]
    schema: Mapping[str, Any]


def check(tables: Mapping[str, Any]) -> Iterator[Mistake]:
    """The mistakes in the tables of a catalog file, in their order."""
    for table, content in tables.items():
        if table == "aliases":
            yield from _within(("aliases",), "`aliases`: ", TEXTS.mistakes(content))
        elif table not in SHAPES:
            yield Mistake((table,), f"unknown table `{table}`", table, (*SHAPES, "aliases"))
        elif not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
            yield Mistake((table,), f"`{table}`: expected tables (`[[{table}]]`), got {_called(content)}")
        else:
            for number, row in enumerate(content):
                yield from _within((table, number), f"`{table}`: ", _row(table, row))


def paths_of(row: Mapping[str, Any]) -> list[str]:
    """The paths that a well-formed row speaks of."""
    value = next(row[key] for key in SUBJECTS if key in row)
    return [value] if isinstance(value, str) else list(value)


def _row(table: str, row: dict[str, Any]) -> Iterator[Mistake]:
    required, shapes = SHAPES[table]
    for key, value in row.items():
        shape = shapes.get(key)
        if shape is None:
            yield Mistake((key,), f"unknown key `{key}`", key, tuple(shapes))
        else:
            yield from _within((key,), f"`{key}`: ", shape.mistakes(value))
    for alternatives in required:
        if not any(key in row for key in alternatives.split("|")):
            yield Mistake((), f"needs the key `{alternatives.replace('|', '` or `')}`")


def _within(place: Place, prefix: str, mistakes: Iterator[Mistake]) -> Iterator[Mistake]:
    return (Mistake((*place, *each.place), prefix + each.message, each.given, each.known) for each in mistakes)


def _called(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a table"
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- shapes

# Each pattern is one of Python's and of ECMAScript's regular expressions alike.
_NAME = r"[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*"
_OWNER = rf"{_NAME}(\(\w*\))?"  # `queue.Queue(maxsize).put`: of one made with a size
_CONDITION = r"^[^=]*=\s*\S"


def _dotted(*, ending: str = "") -> Shape:
    """A dotted path or a list of them, whose last name may match a pattern."""
    pattern = rf"^({_OWNER}\.)+({_OWNER}{'|' + ending if ending else ''})$"

    def path(value: Any) -> Iterator[Mistake]:
        if not isinstance(value, str):
            yield Mistake((), f"expected a dotted path, got {_called(value)}")
        elif value.isidentifier():
            yield Mistake((), f"`{value}` is not a dotted path; name its module too (`builtins.{value}` if it is built in)")
        elif not re.search(pattern, value):
            yield Mistake((), f"`{value}` is not a dotted path, such as `package.module.function`")

    def mistakes(value: Any) -> Iterator[Mistake]:
        if not isinstance(value, list):
            yield from path(value)
            return
        if not value:
            yield Mistake((), "names nothing")
        for number, each in enumerate(value):
            yield from _within((number,), "", path(each))

    one = {"type": "string", "pattern": pattern}
    return Shape(mistakes, {"type": ["string", "array"], "pattern": pattern, "items": one, "minItems": 1})


def _one_of(*choices: Any) -> Shape:
    names = tuple(map(_plain, choices))

    def mistakes(value: Any) -> Iterator[Mistake]:
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            expected = f"one of {', '.join(names)}" if len(names) > 1 else f"`{names[0]}`"
            yield Mistake((), f"expected {expected}, got {_called(value)}", str(value), names)

    return Shape(mistakes, {"enum": list(choices)})


def _a(name: str, **kinds: type) -> Shape:
    """A value of one of some types, by the names that JSON schemas have for them."""

    def mistakes(value: Any) -> Iterator[Mistake]:
        if type(value) not in kinds.values():
            yield Mistake((), f"expected {name}, got {_called(value)}")

    return Shape(mistakes, {"type": list(kinds) if len(kinds) > 1 else next(iter(kinds))})


def _texts(value: Any) -> Iterator[Mistake]:
    if not isinstance(value, dict):
        yield Mistake((), f"expected a table of strings, got {_called(value)}")
        return
    for key, item in value.items():
        yield from _within((key,), f"`{key}`: ", _TEXT.mistakes(item))


def _conditions(value: Any) -> Iterator[Mistake]:
    if not isinstance(value, list):
        yield Mistake((), f"expected a list of conditions such as `timeout=0`, got {_called(value)}")
        return
    for number, text in enumerate(value):
        try:
            condition(text)
        except (AttributeError, TypeError, ValueError, SyntaxError):
            yield Mistake((number,), f"{_called(text)} is not a condition such as `timeout=0` or `arg0=False`")


def _numbers(value: Any) -> Iterator[Mistake]:
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        yield Mistake((), f"expected a list of whole numbers, got {_called(value)}")


_FLAG, _TEXT, _NUMBER = _a("true or false", boolean=bool), _a("a string", string=str), _a("a whole number", integer=int)
_ARGUMENT = _a("the number (from 0) or the name of an argument", integer=int, string=str)
TEXTS = Shape(_texts, {"type": "object", "additionalProperties": _TEXT.schema})
_NUMBERS = Shape(_numbers, {"type": "array", "items": _NUMBER.schema})
_CONDITIONS = Shape(_conditions, {"type": "array", "items": {"type": "string", "pattern": _CONDITION}})
_PATHS, _ALL = _dotted(), _dotted(ending=r"\*")  # `package.Type.*` is every method
_CALL: dict[str, Shape] = {"call": _PATHS}
_CALLABLE = {**_CALL, "callable": _ARGUMENT}
SHAPES: dict[str, tuple[tuple[str, ...], dict[str, Shape]]] = {  # table -> the keys that must be there, the shape of each
    "blocks": (
        ("call", "on"),
        {
            "call": _ALL,
            "on": _one_of(*KINDS),
            "instead": _TEXT,
            "offload": _one_of(*OFFLOADS),
            "unless": _CONDITIONS,
            "only_if": _CONDITIONS,
            "bound_unless": _CONDITIONS,
            "takes_file": _NUMBER,
            "takes_path": _NUMBER,
            "light": _FLAG,
            "lazy": _FLAG,
            "help": _TEXT,
        },
    ),
    "nonblocking": (("call",), {"call": _ALL}),
    "types": (
        ("type",),
        {
            "type": _PATHS,
            "bases": _PATHS,
            "returns": TEXTS,
            "attributes": TEXTS,
            "operators": TEXTS,
            "enter": _TEXT,
            "async_enter": _TEXT,
            "items": _TEXT,
            "callable": _FLAG,
        },
    ),
    "returns": (("call", "type|bare"), {**_CALL, "type": _TEXT, "bare": _TEXT, "when": _CONDITIONS}),
    "offloads": (("call", "callable"), {**_CALLABLE, "awaits": _FLAG, "keywords": _FLAG, "each": _FLAG}),
    "wrappers": (("call", "callable"), _CALLABLE),
    "loop_callbacks": (("call", "callable"), _CALLABLE),
    "callers": (("call", "callable"), _CALLABLE),
    "exit_callbacks": (("call", "callable"), _CALLABLE),
    "entries": (
        ("decorator|override", "sync_runs"),
        {"decorator": _PATHS, "override": _dotted(ending=r"\w+\*"), "sync_runs": _one_of("thread", "loop")},
    ),
    "marks": (("decorator", "on|nonblocking"), {"decorator": _PATHS, "on": _one_of(*KINDS), "nonblocking": _one_of(True)}),
    "tasks": (("call",), {**_CALL, "coroutine": _ARGUMENT}),
    "locks": (("type",), {"type": _PATHS, "instead": _TEXT, "reentrant": _FLAG}),
    "runners": (
        ("call", "backend"),
        {**_CALL, "backend": _TEXT, "coroutine": _ARGUMENT, "loop": _one_of("new", "given", "other")},
    ),
    "reflection": (("call",), {**_CALL, "name": _ARGUMENT}),
    "endless": (("call",), {**_CALL, "until_told": _FLAG}),
    "touches_loop": (("call",), _CALL),
    "coroutines": (("call",), _CALL),
    "cancellations": (("call",), _CALL),
    "markers": (("call",), _CALL),
    "endings": (("call",), _CALL),
    "swallowing": (("call",), _CALL),
    "groups": (("call", "starts"), {**_CALL, "starts": _one_of("create_task", "start_soon")}),
    "caches": (("call",), _CALL),
    "aware": (("call", "of"), {**_CALL, "of": _one_of(*PLACES), "only_if": _CONDITIONS, "unless": _CONDITIONS}),
    "walks": (("call", "argument"), {**_CALL, "argument": _ARGUMENT, "deep": _FLAG, "changes": _FLAG}),
    "shares": (("call", "argument", "part"), {**_CALL, "argument": _ARGUMENT, "part": _one_of(*PARTS)}),
    "mutable": (("type",), {"type": _PATHS}),
    "bound": (("type",), {"type": _PATHS}),
    "file_uses": (
        ("call", "does"),
        {
            **_CALL,
            "does": _one_of(*FILE_USES),
            "paths": _NUMBERS,
            "mode": _NUMBER,
            "unless": _CONDITIONS,
            "only_if": _CONDITIONS,
            "lost": _FLAG,
        },
    ),
    "holds": (("call",), {**_CALL, "unless": _CONDITIONS, "awaits": _FLAG, "block": _FLAG}),
    "releases": (("call",), _CALL),
    "process_state": (("call",), _CALL),
    "sequences": (("type",), {"type": _PATHS}),
    "positions": (("call",), _CALL),
    "changes": (("call",), _CALL),
    "suspends": (("call",), _CALL),
    "unique": (("call",), _CALL),
}
