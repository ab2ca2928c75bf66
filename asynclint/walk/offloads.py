"""Questions about calls that run one of their arguments in a thread, and about what such calls may give back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.places import DEFERRED
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance
from asynclint.record import record

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.program.values import Value
    from asynclint.walk.context import Context


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
    """The type of what an expression gives, where that must stay in the thread that made it, or ""."""
    found = (value.path for value in ctx.evaluate(expression) if isinstance(value, ExternalInstance))
    return next((path for path in found if ctx.program.catalog.is_bound(path)), "")


def gives_bound(ctx: Context, node: cst.Call) -> str:
    """The type of what a call gives, where that must stay in the thread that makes the call, or ""."""
    for value in ctx.callees(node):
        block = ctx.program.catalog.block(value.path) if isinstance(value, External) else None
        if block is not None and any(condition.holds(ctx.call_facts(node).arguments) for condition in block.bound_unless):
            return ""
    return bound_type(ctx, ctx.twin(node))
