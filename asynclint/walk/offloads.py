"""Questions about calls that run one of their arguments in a thread, and about what such calls may give back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.program.places import DEFERRED
from asynclint.program.results import CALL, NONE, UNKNOWN, admitted, can, meant_by, results
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance, Many, Parts, Scope
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    import libcst as cst

    from asynclint.program.values import Value
    from asynclint.walk.context import Context


_INSIDE = 3  # objects in objects that are looked into


@record(frozen=True, slots=True)
class Eager:
    """An argument that is a call where the function itself was meant, and how the arguments for that function can be handed over."""

    argument: ast.Call
    alone: str = ""  # why only a function without arguments can be put in its place
    positional: bool = True  # whether positional arguments may follow it
    keywords: bool = False  # and keyword ones
    fails: bool = False  # whether the program fails as it stands, for the result is called there and then


def eager_argument(ctx: Context, node: cst.Call) -> Eager | None:
    """The call in the place of the function that a thread should run, if what it returns can surely not be called."""
    call, facts = ctx.twin(node), ctx.call_facts(node)
    for value in ctx.callees(node):
        for number in ctx.program.offloads.handed(value, facts.arguments):
            argument = [*call.args, *(keyword.value for keyword in call.keywords)][number]
            if isinstance(argument, ast.Call) and _gives_no_callable(ctx, argument):
                return _eager(ctx, value, argument, facts, number)
    return None


def _eager(ctx: Context, value: Value, argument: ast.Call, call: f.Call, number: int) -> Eager:
    program, is_awaited = ctx.program, bool(call.flags & f.AWAITED)
    wraps = isinstance(value, External) and value.path in program.catalog.wrappers
    if program.resolver.forwards.place(value, call.arguments, number) & DEFERRED:
        return Eager(argument, "pass the function itself, and its arguments to what that gives", fails=wraps)
    if isinstance(value, External):
        known = program.catalog.offloads.get(value.path)
        if known is None:
            return Eager(argument, positional=False, fails=wraps)
        return Eager(argument, "", known.awaits or known.keywords, known.keywords, known.awaits and is_awaited)
    for function in program.resolver.forwards.entered(value):
        params = program.function(function.key).params
        position = number + program.resolver.forwards.is_bound(function)
        after = next((n for n, param in enumerate(params) if param.kind == f.VAR_POSITIONAL), -1)
        named = {keyword.arg for keyword in argument.keywords}
        keywords = any(param.kind == f.VAR_KEYWORD for param in params) and named.isdisjoint(param.name for param in params)
        taken = [param for n, param in enumerate(params) if n == position or param.name == call.arguments[number][0]]
        fails = is_awaited and not any(_is_optional(ctx, function, param) for param in taken)
        return Eager(argument, "", 0 <= after <= position + 1, keywords, fails)
    return Eager(argument, positional=False)


def _is_optional(ctx: Context, value: FunctionValue, param: f.Param) -> bool:
    """Whether None may be given for a parameter."""
    scope = Scope(value.module, max(ctx.program.function(value.key).parent, 0))
    return param.default == ("const", None) or NONE in admitted(ctx.program.resolver, param.annotation, scope)


def called_functions(ctx: Context, call: ast.Call) -> list[FunctionValue]:
    """The functions of the program that a call may call."""
    return [value for value in meant_by(ctx.program.resolver, ref(call.func), ctx.scope) if isinstance(value, FunctionValue)]


def _gives_no_callable(ctx: Context, call: ast.Call) -> bool:
    """Whether all that a call may give is known, and none of it can be called."""
    resolver = ctx.program.resolver
    found = [
        can(resolver, result, CALL)
        for callee in meant_by(resolver, ref(call.func), ctx.scope)
        for result in (results(resolver, callee) if callee is not None else UNKNOWN)
    ]
    return bool(found) and all(verdict is False for verdict in found)


def bound_type(ctx: Context, expression: ast.expr) -> str:
    """The type of what an expression gives, or of what is in that, where it must stay in the thread that made it, or ""."""
    return _bound_in(ctx, ctx.evaluate(expression), 0)


def _bound_in(ctx: Context, values: Iterable[Value], depth: int) -> str:
    """The same of values: a tuple and a container hold others, and so do the attributes that an object of the project gets from its own methods."""
    program = ctx.program
    for value in values:
        found = ""
        if isinstance(value, ExternalInstance):
            found = value.path if program.catalog.is_bound(value.path) else ""
        elif depth < _INSIDE and isinstance(value, (Many, Parts)):
            inner = value.parts if isinstance(value, Parts) else (value.items,)
            found = _bound_in(ctx, (each for group in inner for each in group), depth + 1)
        elif depth < _INSIDE and isinstance(value, Instance):
            facts = program.facts(value.klass.module)
            for pairs in facts.classes[value.klass.number].attributes.values():
                for number, given in pairs:
                    made = program.evaluate(given, Scope(value.klass.module, number))
                    found = found or ("" if _is_unbound(ctx, given, Scope(value.klass.module, number)) else _bound_in(ctx, made, depth + 1))
        if found:
            return found
    return ""


def _is_unbound(ctx: Context, made: f.Ref, scope: Scope) -> bool:
    """Whether a call says by its arguments that what it gives may go to other threads."""
    if made.__class__ is not tuple or made[0] != "call":
        return False
    blocks = [ctx.program.catalog.block(value.path) for value in ctx.program.evaluate(made[1], scope) if isinstance(value, External)]
    return any(block is not None and any(condition.holds(made[2]) for condition in block.bound_unless) for block in blocks)


def gives_bound(ctx: Context, node: cst.Call) -> str:
    """The type of what a call gives, where that must stay in the thread that makes the call, or ""."""
    for value in ctx.callees(node):
        block = ctx.program.catalog.block(value.path) if isinstance(value, External) else None
        if block is not None and any(condition.holds(ctx.call_facts(node).arguments) for condition in block.bound_unless):
            return ""
    return bound_type(ctx, ctx.twin(node)) or next((found for value in ctx.callees(node) if (found := _bound_in_result(ctx, value))), "")


def _bound_in_result(ctx: Context, value: Value) -> str:
    """The type of what a function of the project puts into the object that it returns, where that is bound to its thread."""
    if not isinstance(value, FunctionValue):
        return ""
    function, scope = ctx.program.function(value.key), Scope(*value.key)
    returned = [inner for each in function.values for inner in (function.bindings.get(each, ()) if each.__class__ is str else (each,))]
    given = [each for made in returned if made.__class__ is tuple and made[0] == "call" for _, each in made[2]]
    return next((found for each in given if (found := _bound_in(ctx, ctx.program.evaluate(each, scope), 0))), "")
