"""What the body of a function tells at a glance."""

from __future__ import annotations

import ast
from typing import Any

from asynclint.index import facts as f


def stub_flags(body: list[Any]) -> int:
    """The flags of a function whose body only holds its place: `...`, `pass`, a docstring, `raise NotImplementedError`."""
    if len(body) > 2 or (len(body) == 2 and not _is_constant(body[0])):
        return 0
    last = body[-1]
    if last.__class__ is ast.Pass or _is_constant(last):
        return f.STUB
    if last.__class__ is ast.Raise:
        error = last.exc.func if last.exc.__class__ is ast.Call else last.exc
        if error.__class__ is ast.Name and error.id == "NotImplementedError":
            return f.STUB | f.UNIMPLEMENTED
    return 0


def _is_constant(statement: Any) -> bool:
    """Whether a statement is a docstring or `...`."""
    return statement.__class__ is ast.Expr and statement.value.__class__ is ast.Constant
