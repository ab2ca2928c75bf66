"""Inference seen directly: `reveal(expression)  #: value` in a case file says what the program thinks that an expression may stand for.

A case is a file `cases/NAME.py`, or a folder `cases/NAME/` of modules that are one program. Two kinds of rows end a line:

    reveal(expression)  #: VALUE | VALUE      the values of an expression, sorted; `unknown` where there is none
    call()  #! KIND: FUNCTION > PRIMITIVE     what the first call of the line blocks on, and through which functions; `nothing` where it does not

A value is written `C` (an instance of class C), `type[C]`, `a.f` (a function), `C.m of D` (a method on an instance of D), `super[C]`, `module a`;
outside the project `pathlib.Path` (an instance) and `<time.sleep>` (the thing of this path); `many[V]`, `(V, V)`, `awaitable[V]`, `manager[V]`,
`calls[V]` (calling it calls V), `gives[V]` (calling it returns V).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from asynclint import runner
from asynclint.config import Settings
from asynclint.index.refs import ref
from asynclint.program.calls import Site
from asynclint.program.values import (
    Awaitable,
    Bound,
    ClassValue,
    External,
    ExternalInstance,
    FunctionValue,
    Instance,
    Manager,
    Many,
    Package,
    Parts,
    Scope,
    Super,
)

CASES = Path(__file__).parent / "cases"
_ROW = re.compile(r"#([:!]) (.*\S)\s*$")


class Row(NamedTuple):
    """One expected line: the case, the module in it, the line (from 1), `:` or `!`, and what is expected."""

    case: str
    module: str
    line: int
    sort: str
    expected: str

    def __str__(self) -> str:
        return f"{self.case}/{self.module}:{self.line}" if self.module != f"{self.case}.py" else f"{self.module}:{self.line}"


def rows() -> Iterator[Row]:
    """All rows of all cases."""
    for place in sorted(CASES.iterdir()):
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            module = file.relative_to(place if place.is_dir() else CASES).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                if match := _ROW.search(line):
                    yield Row(place.stem, module, number, *match.groups())


def found(row: Row) -> str:
    """What the program says at the place of a row, in the form in which a row expects it."""
    program, modules = _program(row.case)
    module = modules[row.module]
    for number, call in enumerate(program.facts(module).calls):
        if call.line != row.line:
            continue
        if row.sort == "!":
            return _chain(program, Site(module, call.function, number))
        if call.callee == "reveal":
            return _union(program, program.resolver.evaluate(_argument(row), Scope(module, call.function)))
    raise AssertionError(f"{row}: no call to look at; write `reveal(expression)` or a call")


def _argument(row: Row):
    """The Ref of what the line reveals; as an argument of a call the facts have it only as deep as arguments are kept."""
    folder = CASES / row.case
    tree = ast.parse(((folder if folder.is_dir() else CASES) / row.module).read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.lineno == row.line)
    return next(ref(node.args[0]) for node in calls if isinstance(node.func, ast.Name) and node.func.id == "reveal")


@cache
def _program(case: str):
    """The linked program of a case, and the numbers of its modules."""
    folder = CASES / case
    place = folder if folder.is_dir() else folder.with_suffix(".py")
    settings = Settings(root=str(folder if folder.is_dir() else CASES), cache=False, jobs=1)
    project, problems = runner.opened(runner.Request(paths=(str(place),), settings=settings))
    assert not problems and not project.state.problems, (problems, project.state.problems)
    top = folder if folder.is_dir() else CASES
    return project.program, {
        Path(path).relative_to(top).as_posix(): n for n, path in enumerate(project.program.paths[: project.program.libraries.first])
    }


def _chain(program, site: Site) -> str:
    hops = program.effects.chain(site)
    if not hops:
        return "nothing"
    through = [_function(program, effect.through) for _, effect in hops if effect.through is not None]
    last = hops[-1][1]
    return f"{last.kind}: {' > '.join([*through, last.block.path])}"


def _union(program, values) -> str:
    return " | ".join(sorted(_shown(program, value) for value in values)) or "unknown"


def _function(program, key) -> str:
    function = program.function(key)
    return function.qualname if program.function(key).owner >= 0 else f"{Path(program.paths[key[0]]).stem}.{function.qualname}"


def _shown(program, value) -> str:
    def union(values) -> str:
        return _union(program, values)

    match value:
        case Package(stem):
            return f"module {stem.rpartition('/')[2]}"
        case FunctionValue(_, _, receiver):
            return _function(program, value.key) + (f" of {_name(program, receiver)}" if receiver is not None else "")
        case ClassValue():
            return f"type[{_name(program, value)}]"
        case Instance(klass):
            return _name(program, klass)
        case Super(klass):
            return f"super[{_name(program, klass)}]"
        case External(path):
            return f"<{path}>"
        case ExternalInstance(path):
            return path.removeprefix("builtins.")
        case Many(items):
            return f"many[{union(items)}]"
        case Parts(parts):
            return f"({', '.join(map(union, parts))})"
        case Awaitable(items):
            return f"awaitable[{union(items)}]"
        case Manager(items):
            return f"manager[{union(items)}]"
        case Bound(items, calls):
            return f"{'calls' if calls else 'gives'}[{union(items)}]"
    raise AssertionError(f"a kind of value without a name here: {value!r}")


def _name(program, klass: ClassValue) -> str:
    return program.facts(klass.module).classes[klass.number].qualname
