"""Whether a coroutine shares what it is given: asked of all who call it, where the project shows them all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.fix.sharing import SHARED
from asynclint.index.refs import ref
from asynclint.program.values import External, FunctionValue

if TYPE_CHECKING:
    from asynclint.fix.occurrences import Use
    from asynclint.fix.overrides import Overrides
    from asynclint.fix.sharing import Frame, Roots, Sharing
    from asynclint.program.values import FunctionKey

_DEPTH = 3  # coroutines that hand on what they are given
_CALLS = 20  # calls of one function that are looked at; more are too many
_RUNNERS = frozenset({"asyncio.run", "anyio.run", "trio.run", "asyncio.Runner.run", "asyncio.AbstractEventLoop.run_until_complete"})


class Callers:
    """The calls of coroutine functions, and what is handed over there."""

    def __init__(self, sharing: Sharing, overrides: Overrides) -> None:
        self._sharing, self._program, self._overrides = sharing, sharing.program, overrides
        self._known: dict[tuple[FunctionKey, str], bool] = {}

    def may_share(self, frame: Frame, roots: Roots, depth: int = 0) -> bool:
        """Whether other code than a function and its callers, who wait for it, may hold what comes from some roots of it."""
        return SHARED in roots or any(self._may_share(frame, root, depth) for root in sorted(roots))

    def _may_share(self, frame: Frame, root: str, depth: int) -> bool:
        known = self._known.get((frame.key, root))
        if known is None:
            self._known[(frame.key, root)] = True
            known = self._known[(frame.key, root)] = self._is_shared_by_callers(frame, root, depth)
        return known

    def _is_shared_by_callers(self, frame: Frame, root: str, depth: int) -> bool:
        function = self._program.function(frame.key)
        if depth > _DEPTH or not function.is_async or function.decorators or self._overrides.is_open(frame.key[0]):
            return True
        calls = 0
        for use in self._sharing.occurrences.of(function.name):
            if isinstance(use.above[-1], ast.alias) or not isinstance(use.node, (ast.Name, ast.Attribute)):
                continue
            calls += 1
            if calls > _CALLS or not self._is_waited_for(use) or self._shares(use, frame.key, root, depth):
                return True
        return not calls

    def _is_waited_for(self, use: Use) -> bool:
        """Whether a use is a call whose caller waits until it ends."""
        call, outer = use.above[-1], use.above[-2] if len(use.above) > 1 else None
        if not isinstance(call, ast.Call) or call.func is not use.node:
            return False
        if isinstance(outer, ast.Await):
            return True
        if not isinstance(outer, ast.Call) or call not in outer.args[:1]:
            return False
        frame = self._sharing.frame((use.scope.module, use.scope.function))
        return any(isinstance(value, External) and value.path in _RUNNERS for value in frame.evaluate(outer.func))

    def _shares(self, use: Use, key: FunctionKey, root: str, depth: int) -> bool:
        call = use.above[-1]
        frame = self._sharing.frame((use.scope.module, use.scope.function))
        values = self._program.evaluate(ref(use.node), use.scope)
        meant = [value for value in values if isinstance(value, FunctionValue)]
        if not meant or any(value.key != key for value in meant) or len(meant) < len(values):
            return True
        roots = frame.mapped(frozenset({root}), frame.given(meant[0], call))
        return self.may_share(frame, roots, depth + 1)
