"""A place in a coroutine where a new `await` would stand: what is touched before and after it without another task having its turn."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asynclint.fix.timeline import timeline
from asynclint.fix.touches import Touches, View
from asynclint.walk.locals import COMPREHENSIONS
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.files_touched import FileAccess
    from asynclint.fix.timeline import Arm, Moment, Timeline
    from asynclint.fix.touches import Access
    from asynclint.walk.context import Context


class _Told:
    """What is known of a whole function, for all places in it."""

    def __init__(self, ctx: Context, function: Any) -> None:
        self.timeline: Timeline = timeline(function)
        self.view = View(Touches.shared(ctx.program, ctx.sources), ctx.function, function)
        self.cuts = [moment for moment in self.timeline.moments if self.view.suspends(moment.node)]
        self._accesses: dict[int, list[Access]] = {}
        self._files: dict[int, list[FileAccess]] = {}

    def accesses(self, node: Any) -> list[Access]:
        known = self._accesses.get(id(node))
        if known is None:
            known = self._accesses[id(node)] = list(self.view.accesses(node))
        return known

    def files(self, node: Any) -> list[FileAccess]:
        known = self._files.get(id(node))
        if known is None:
            known = self._files[id(node)] = self.view.files(node) if isinstance(node, ast.Call) else []
        return known


class Place:
    """A call in a function that is to be awaited."""

    def __init__(self, ctx: Context, function: Any, node: Any) -> None:
        key = ("touched", function)
        if key not in ctx.plans:
            ctx.plans[key] = _Told(ctx, function)
        told: _Told = ctx.plans[key]
        self._told, self.function, self.node = told, function, node
        self.timeline, self.view = told.timeline, told.view

    @cached_property
    def _moments(self) -> tuple[list[Moment], list[Moment]]:
        return self.timeline.before(self.node, self._told.cuts), self.timeline.after(self.node, self._told.cuts)

    @cached_property
    def before(self) -> list[Access]:
        """What is touched before the place, and by what is done there, which is over when its task goes on."""
        return [each for moment in self._moments[0] for each in self._told.accesses(moment.node)] + self.own

    @cached_property
    def own(self) -> list[Access]:
        """What the call itself touches."""
        return self._told.accesses(self.node)

    @cached_property
    def after(self) -> list[Access]:
        """What is touched after the place."""
        return [each for moment in self._moments[1] for each in self._told.accesses(moment.node)]

    @cached_property
    def files_before(self) -> list[FileAccess]:
        """The files that are touched before the place, or there."""
        return [each for moment in self._moments[0] for each in self._told.files(moment.node)] + self.own_files

    @cached_property
    def own_files(self) -> list[FileAccess]:
        """The files that the call itself touches."""
        return self._told.files(self.node)

    @cached_property
    def files_after(self) -> list[FileAccess]:
        """The files that are touched after the place."""
        return [each for moment in self._moments[1] for each in self._told.files(moment.node)]

    @cached_property
    def files_later(self) -> list[FileAccess]:
        """The files that are touched after the place, however late."""
        return [each for moment in self.timeline.after(self.node) for each in self._told.files(moment.node)]

    @cached_property
    def earlier(self) -> list[Access]:
        """What is touched before the place, however early."""
        return [each for moment in self.timeline.before(self.node) for each in self._told.accesses(moment.node)]

    def is_cut(self, arm: Arm) -> bool:
        """Whether other tasks have their turn in each round of a loop."""
        return any(cut.arms[-1:] == (arm,) for cut in self._told.cuts)

    @cached_property
    def above(self) -> tuple[Any, ...]:
        """The nodes around the place, innermost first."""
        found, node = [], self.node
        while id(node) in self.timeline.parents:
            node = self.timeline.parents[id(node)]
            found.append(node)
        return tuple(found)

    def loops(self) -> Iterator[Any]:
        """What the loops and comprehensions iterate in whose body the place stands, and in which no other task has its turn anyway."""
        arms = self.timeline.of[id(self.node)].arms
        for node in own_nodes(self.function):
            if isinstance(node, (ast.For, *COMPREHENSIONS)) and (id(node), "round") in arms and not self.is_cut((id(node), "round")):
                yield from [node.iter] if isinstance(node, ast.For) else [part.iter for part in node.generators]

    def held_blocks(self) -> Iterator[Any]:
        """The `with` and `async with` statements in whose body the place stands."""
        below = self.node
        for node in self.above:
            if isinstance(node, (ast.With, ast.AsyncWith)) and below in node.body:
                yield node
            below = node
