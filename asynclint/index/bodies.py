"""What the head and the body of a function tell at a glance."""

from __future__ import annotations

import ast
from typing import Any

from asynclint.index import facts as f
from asynclint.index.refs import annotation, ref


def parameters(args: ast.arguments) -> tuple[tuple[Any, ...], ...]:
    """The fields of `facts.Param` of all parameters."""
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    found = [(a.arg, f.POSITIONAL, annotation(a.annotation), ref(d)) for a, d in zip(positional, defaults, strict=True)]
    if args.vararg:
        found.append((args.vararg.arg, f.VAR_POSITIONAL, annotation(args.vararg.annotation), None))
    found += [(a.arg, f.KEYWORD, annotation(a.annotation), ref(d)) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg:
        found.append((args.kwarg.arg, f.VAR_KEYWORD, annotation(args.kwarg.annotation), None))
    return tuple(found)


def signature(node: Any) -> list[ast.AST]:
    """Decorators, type parameters, annotations and defaults, last first: they run in the enclosing frame."""
    found: list[ast.AST] = [*node.decorator_list, *getattr(node, "type_params", ()), node.args]
    if node.returns is not None:
        found.append(node.returns)
    found.reverse()
    return found


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
