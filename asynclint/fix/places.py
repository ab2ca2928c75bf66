"""A place in a coroutine where a new `await` would stand: what is touched before and after it without another task having its turn."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asynclint.fix.timeline import Cuts, tests, timeline
from asynclint.fix.told import Tellers
from asynclint.fix.touches import Touches, View
from asynclint.program.values import External
from asynclint.walk.locals import COMPREHENSIONS
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.files_touched import FileAccess
    from asynclint.fix.timeline import Arm, Moment, Timeline
    from asynclint.fix.touches import Access
    from asynclint.walk.context import Context


HOLDING = frozenset({"hold", "hold-awaits", "release"})  # kinds of touches that say what is held


class _Told:
    """What is known of a whole function, for all places in it."""

    def __init__(self, ctx: Context, function: Any) -> None:
        self.timeline: Timeline = timeline(function)
        self.view = View(Touches.shared(ctx.program, ctx.sources), ctx.function, function)
        self.cuts = Cuts([moment for moment in self.timeline.moments if self.view.suspends(moment.node)])
        self._accesses: dict[int, list[Access]] = {}
        self._files: dict[int, list[FileAccess]] = {}
        self._names: dict[int, set[str]] = {}
        self.loops = [node for node in own_nodes(function) if isinstance(node, (ast.For, *COMPREHENSIONS))]

    @cached_property
    def touching(self) -> list[Moment]:
        """The moments at which something is touched that matters to a place: every place asks for them. A reading does
        only if the function also writes what is read, or it decides what is done, or a call reads.
        """
        touching = [(moment, found) for moment in self.timeline.moments if (found := self.accesses(moment.node))]
        written = {each.path for _, found in touching for each in found if each.kind == "write"}

        def matters(each: Access) -> bool:
            return each.kind != "read" or each.path in written or isinstance(each.node, ast.Call) or id(each.node) in self.deciding

        return [moment for moment, found in touching if any(map(matters, found))]

    @cached_property
    def holding(self) -> list[Moment]:
        """The moments at which something is taken that is held until it is given back, or is given back."""
        return [moment for moment in self.touching if any(each.kind in HOLDING for each in self.accesses(moment.node))]

    @cached_property
    def deciding(self) -> set[int]:
        """The ids of the nodes whose outcome decides what is done, also by way of a name."""
        tested = list(tests(self.timeline))
        names = {node.id for test in tested for node in self._asked(test) if isinstance(node, ast.Name)}
        for moment in self.timeline.moments:
            node: Any = moment.node
            if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id in names for target in node.targets):
                tested.append(node.value)
        return {id(node) for test in tested for node in self._asked(test)}

    @cached_property
    def _tellers(self) -> Tellers:
        return Tellers(self.timeline)

    def told_by(self, node: Any) -> set[str]:
        known = self._names.get(id(node))
        if known is None:
            known = self._names[id(node)] = self._tellers.by(node)
        return known

    def _asked(self, test: Any) -> Iterator[Any]:
        """The names and attributes whose values a test is about, and the calls that give them."""
        if isinstance(test, (ast.Name, ast.Attribute)):
            yield test
        elif isinstance(test, ast.Call):
            yield test
            if any(isinstance(value, External) and value.path.startswith("builtins.") for value in self.view.evaluate(test.func)):
                for argument in test.args:
                    yield from self._asked(argument)
            elif isinstance(test.func, ast.Attribute):
                yield test.func
        elif not isinstance(test, (ast.Lambda, ast.Await)):
            for child in ast.iter_child_nodes(test):
                yield from self._asked(child)

    @cached_property
    def touching_files(self) -> list[Moment]:
        """The moments at which files are touched."""
        return [moment for moment in self.timeline.moments if self.files(moment.node)]

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
    def before(self) -> list[Access]:
        """What is touched before the place, and by what is done there, which is over when its task goes on."""
        moments = self.timeline.before(self.node, self._told.touching, self._told.cuts)
        return [each for moment in moments for each in self._told.accesses(moment.node)] + self.own

    @cached_property
    def own(self) -> list[Access]:
        """What the call itself touches."""
        return self._told.accesses(self.node)

    @cached_property
    def after(self) -> list[Access]:
        """What is touched after the place."""
        moments = self.timeline.after(self.node, self._told.touching, self._told.cuts)
        return [each for moment in moments for each in self._told.accesses(moment.node)]

    @cached_property
    def files_before(self) -> list[FileAccess]:
        """The files that are touched before the place, or there."""
        moments = self.timeline.before(self.node, self._told.touching_files, self._told.cuts)
        return [each for moment in moments for each in self._told.files(moment.node)] + self.own_files

    @cached_property
    def own_files(self) -> list[FileAccess]:
        """The files that the call itself touches."""
        return self._told.files(self.node)

    @cached_property
    def files_after(self) -> list[FileAccess]:
        """The files that are touched after the place."""
        moments = self.timeline.after(self.node, self._told.touching_files, self._told.cuts)
        return [each for moment in moments for each in self._told.files(moment.node)]

    @cached_property
    def files_later(self) -> list[FileAccess]:
        """The files that are touched after the place, however late."""
        return [each for moment in self.timeline.after(self.node, self._told.touching_files) for each in self._told.files(moment.node)]

    @cached_property
    def held_earlier(self) -> list[Access]:
        """What is taken, to be held, or given back before the place, however early."""
        moments = self.timeline.before(self.node, self._told.holding)
        return [each for moment in moments for each in self._told.accesses(moment.node) if each.kind in HOLDING]

    def told_by(self, node: Any) -> set[str]:
        """The local names of the function whose values come from a node."""
        return self._told.told_by(node)

    @property
    def deciding(self) -> set[int]:
        """The ids of the nodes of the function whose outcome decides what is done."""
        return self._told.deciding

    def is_cut(self, arm: Arm) -> bool:
        """Whether other tasks have their turn in each round of a loop."""
        return self._told.cuts.holds(arm)

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
        arms = set(self.timeline.of[id(self.node)].arms) if self._told.loops else ()
        for node in self._told.loops:
            if (id(node), "round") in arms and not self.is_cut((id(node), "round")):
                yield from [node.iter] if isinstance(node, ast.For) else [part.iter for part in node.generators]

    def held_blocks(self) -> Iterator[Any]:
        """The `with` and `async with` statements in whose body the place stands."""
        below = self.node
        for node in self.above:
            if isinstance(node, (ast.With, ast.AsyncWith)) and below in node.body:
                yield node
            below = node
