"""Questions about calls that run one of their arguments in a thread, and about what such calls may give back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.places import DEFERRED
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


def eager_argument(ctx: Context, node: cst.Call) -> Eager | None:
    """The call in the place of the function that a thread should run, if what it returns can surely not be called."""
    call, arguments = ctx.twin(node), ctx.call_facts(node).arguments
    for value in ctx.callees(node):
        for number in ctx.program.offloads.handed(value, arguments):
            argument = [*call.args, *(keyword.value for keyword in call.keywords)][number]
            if not isinstance(argument, ast.Call):
                continue
            values = ctx.evaluate(argument.func)
            if values and all(_gives_no_callable(ctx, value) for value in values):
                return _eager(ctx, value, argument, number, ctx.program.resolver.forwards.place(value, arguments, number))
    return None


def _eager(ctx: Context, value: Value, argument: ast.Call, number: int, places: int) -> Eager:
    if places & DEFERRED:
        return Eager(argument, alone="pass the function itself, and its arguments to what that gives")
    program = ctx.program
    if isinstance(value, External):
        return Eager(argument, keywords=value.path in program.catalog.offloads and program.catalog.offloads[value.path].keywords)
    for function in program.resolver.forwards.entered(value):
        params = program.function(function.key).params
        position = number + program.resolver.forwards.is_bound(function)
        after = next((n for n, param in enumerate(params) if param.kind == f.VAR_POSITIONAL), -1)
        return Eager(argument, "", 0 <= after <= position + 1, any(param.kind == f.VAR_KEYWORD for param in params))
    return Eager(argument)


def _gives_no_callable(ctx: Context, value: Value) -> bool:
    """Whether calling a value gives something that is surely no callable."""
    program = ctx.program
    if isinstance(value, External):
        return program.catalog.block(value.path) is not None and not program.catalog.result(value.path, value.receiver)
    if not isinstance(value, FunctionValue):
        return False
    function = program.function(value.key)
    if function.is_async or function.is_generator or function.decorators:
        return False
    if function.returns is None and not function.values:
        return True  # returns None
    if function.returns == ("const", None):
        return True
    results = list(types.returned(program.resolver, value))
    return bool(results) and all(
        isinstance(r, ExternalInstance) or (isinstance(r, Instance) and not program.resolver.instance_attribute_of_class(r.klass, "__call__"))
        for r in results
    )


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
