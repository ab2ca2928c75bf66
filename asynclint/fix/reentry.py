"""Whether the holder of a lock may take it again: an RLock lets it, a lock of asyncio does not.

All uses of the lock stand in coroutines by now. So its holder takes it again only through what it awaits, and that is what is followed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.fix.occurrences import Occurrences
from asynclint.index.refs import ref
from asynclint.program.values import ClassValue, External, ExternalInstance, FunctionValue, Instance, Scope
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.fix.occurrences import Use
    from asynclint.program.values import FunctionKey
    from asynclint.walk.context import Context

_TAKING = frozenset({"acquire"})
_ENTERING = ("__aenter__", "__aexit__", "__aiter__", "__anext__")
_REACH = 200  # coroutine functions that are followed; more is unknown


def taken_again(ctx: Context, uses: list[Use]) -> str:
    """What may take a lock again while it is held, or cannot be followed; "" where nothing does. `uses` are all uses of the lock."""
    takes = [use for use in uses if _takes(use)]
    holders = {(use.scope.module, use.scope.function): use for use in takes}
    search = _Search(ctx, holders)
    for use in takes:
        region, scope = search.region(use), use.scope
        for other in takes:
            if other is not use and other.scope == scope and any(node is other.node for statement in region for node in own_nodes(statement)):
                return f"it is taken again in {other.place}"
        reason = search.of_statements(region, scope)
        if reason:
            return reason
    return ""


def _takes(use: Use) -> bool:
    return isinstance(use.above[-1], ast.withitem) or (isinstance(use.above[-1], ast.Attribute) and use.above[-1].attr in _TAKING)


class _Search:
    """Follows what is awaited, each function once."""

    def __init__(self, ctx: Context, holders: dict[FunctionKey, Use]) -> None:
        self._ctx, self._holders = ctx, holders
        self._occurrences = Occurrences.shared(ctx.program, ctx.sources)
        self._seen: set[FunctionKey] = set()

    def region(self, use: Use) -> list[ast.stmt]:
        """The statements that run while the lock is held: of a call that takes it, all of its function."""
        if isinstance(use.above[-1], ast.withitem):
            return list(use.above[-2].body)
        return list(self._occurrences.function((use.scope.module, use.scope.function)).body)

    def of_statements(self, statements: Iterable[ast.AST], scope: Scope) -> str:
        for statement in statements:
            for node in own_nodes(statement):
                reason = self._of_point(node, scope)
                if reason:
                    return reason
        return ""

    def _of_point(self, node: Any, scope: Scope) -> str:
        """What a suspension point may run."""
        place = f"{self._ctx.program.paths[scope.module]}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Await):
            if not isinstance(node.value, ast.Call):
                return f"what `{ast.unparse(node)}` waits for is not known ({place})"
            calls = [each for each in ast.walk(node.value) if isinstance(each, ast.Call)]
            return next((reason for call in calls if (reason := self._of_call(call, scope, place))), "")
        given = [node.iter] if isinstance(node, ast.AsyncFor) or (isinstance(node, ast.comprehension) and node.is_async) else []
        given += [item.context_expr for item in node.items] if isinstance(node, ast.AsyncWith) else []
        for expression in given:
            values = self._ctx.program.evaluate(ref(expression), scope)
            if not values or not all(isinstance(value, (Instance, ExternalInstance)) for value in values):
                return f"what `{ast.unparse(expression)}` does is not known ({place})"
            for value in values:
                for name in _ENTERING if isinstance(value, Instance) else ():
                    methods = self._ctx.program.resolver.instance_attribute_of_class(value.klass, name)  # type: ignore[union-attr]
                    reason = self._of_values(methods, place)
                    if reason:
                        return reason
        return ""

    def _of_call(self, call: ast.Call, scope: Scope, place: str) -> str:
        values = self._ctx.program.evaluate(ref(call.func), scope)
        if not values:
            return f"what `{ast.unparse(call.func)}` does is not known ({place})"
        return self._of_values(values, place)

    def _of_values(self, values: Iterable[object], place: str) -> str:
        for value in values:
            if isinstance(value, FunctionValue):
                reason = self._of_function(value.key, place)
                if reason:
                    return reason
            elif not isinstance(value, (External, ClassValue)):
                return f"what is called is not known ({place})"
        return ""

    def _of_function(self, key: FunctionKey, place: str) -> str:
        function = self._ctx.program.function(key)
        if key in self._holders:
            return f"`{function.qualname}`, which takes it, is awaited while it is held ({place})"
        if key in self._seen or not function.is_async:
            return ""
        self._seen.add(key)
        if self._ctx.program.is_outside(key[0]) or len(self._seen) > _REACH:
            return "" if self._ctx.program.is_outside(key[0]) else f"too much is awaited while it is held ({place})"
        return self.of_statements(self._occurrences.function(key).body, Scope(*key))
