"""Questions about calls that run one of their arguments in a thread."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.program import types
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance
from asynclint.record import record

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.program.catalog import Offload
    from asynclint.program.values import Value
    from asynclint.walk.context import Context


@record(frozen=True, slots=True)
class Eager:
    """An argument that is a call where the function itself was meant."""

    offload: Offload
    argument: ast.Call
    keyword: bool


def eager_argument(ctx: Context, node: cst.Call) -> Eager | None:
    """The call in the place of the function that a thread should run, if what it returns can surely not be called."""
    for path in ctx.callee_paths(node):
        offload = ctx.program.catalog.offloads.get(path)
        if offload is None:
            continue
        argument, keyword = _argument(ctx.twin(node), offload.callable)
        if isinstance(argument, ast.Call):
            values = ctx.evaluate(argument.func)
            if values and all(_gives_no_callable(ctx, value) for value in values):
                return Eager(offload, argument, keyword)
    return None


def _argument(call: ast.Call, which: int | str) -> tuple[ast.expr | None, bool]:
    for keyword in call.keywords:
        if keyword.arg == which:
            return keyword.value, True
    if isinstance(which, int) and which < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: which + 1]):
        return call.args[which], False
    return None, False


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
