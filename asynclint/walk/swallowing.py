"""Whether a context manager may end an exception, so that what follows its `with` runs after all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import ref
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance, Manager, Scope
from asynclint.walk.leaving import RAISE, parents_of, ways_out
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from asynclint.program.values import Value
    from asynclint.walk.context import Context

_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))
_DEPTH = 5  # context managers that enter one another and are followed


def may_swallow(ctx: Context, node: ast.With | ast.AsyncWith, scope: Scope, depth: int = _DEPTH) -> bool:
    """Whether a `with`, read in a scope, may end an exception; what nobody knows may."""
    return not all(_lets_through(ctx, item.context_expr, scope, depth) for item in node.items)


def _lets_through(ctx: Context, expression: ast.expr, scope: Scope, depth: int) -> bool:
    values = ctx.program.evaluate(ref(expression.func), scope) if isinstance(expression, ast.Call) else ()
    if not values or not all(isinstance(value, External) for value in values):
        values = ctx.program.evaluate(ref(expression), scope)
    return bool(values) and all(_value_lets_through(ctx, value, depth) for value in values)


def _value_lets_through(ctx: Context, value: Value, depth: int) -> bool:
    if isinstance(value, (External, ExternalInstance)):
        return value.path not in ctx.program.catalog.swallowing
    if isinstance(value, Instance):
        leaving = ctx.program.resolver.instance_attribute_of_class(value.klass, "__exit__")
        return bool(leaving) and all(isinstance(each, FunctionValue) and _gives_nothing(ctx, each) for each in leaving)
    return isinstance(value, Manager) and depth > 0 and _yields_bare(ctx, value.function, depth - 1)


def _gives_nothing(ctx: Context, function: FunctionValue) -> bool:
    facts = ctx.program.function(function.key)
    return facts.returns == ("const", None) or (facts.returns is None and not facts.values)


def _yields_bare(ctx: Context, function: FunctionValue, depth: int) -> bool:
    """Whether an exception at every `yield` of a generator leaves it."""

    tree = ctx.function_tree(function.key)
    parents = parents_of(tree)
    for node in own_nodes(tree):
        below: ast.AST = node
        while isinstance(node, (ast.Yield, ast.YieldFrom)) and below is not tree:
            above: Any = parents[below]
            if isinstance(above, _TRIES) and below in above.body and any(ways_out(each.body, lambda _: False) != {RAISE} for each in above.handlers):
                return False
            if isinstance(above, _TRIES) and ways_out(above.finalbody, lambda _: False) - {RAISE, "fall"}:
                return False
            if isinstance(above, (ast.With, ast.AsyncWith)) and below in above.body and may_swallow(ctx, above, Scope(*function.key), depth):
                return False
            below = above
    return True
