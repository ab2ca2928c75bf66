"""What rules may ask of a module before it is parsed with libcst: only facts, so it is cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index.facts import suppressed_names
from asynclint.program.types import argument
from asynclint.program.values import External, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program import Program


class EffectsUnknown(Exception):
    """A question about what blocks was asked of a view that does not answer any."""


class ModuleView:
    """One module of the program, as the index knows it. A question that is answered with True also notes the functions of the module that hold
    what was asked for, for the others are not walked."""

    def __init__(self, program: Program, module: int, *, effects: bool = True) -> None:
        """Without `effects`, questions about what blocks raise EffectsUnknown."""
        self._program = program
        self._module = module
        self._effects = effects
        self._noted: set[int] = set()

    def noted(self) -> set[int]:
        """The numbers of the functions (0: the module's own body) that were noted since this was last called."""
        noted, self._noted = self._noted, set()
        return noted

    def _note(self, functions: Iterable[int]) -> bool:
        found = set(functions)
        self._noted |= found
        return bool(found)

    def has_effect_on_loop(self, kinds: Iterable[str], *, direct: bool) -> bool:
        """Whether a call or property read that runs on the loop blocks with one of these kinds, right there or through a helper."""
        if not self._effects:
            raise EffectsUnknown
        wanted = frozenset(kinds)
        effects = self._program.loop_effects.get(self._module)
        if effects is None:
            return False
        return self._note(n for (kind, is_direct), functions in effects.items() if kind in wanted and is_direct == direct for n in functions)

    def blocks_coroutines_only(self) -> bool:
        """Whether the module has a sync function that blocks and is called from coroutines only."""
        if not self._effects:
            raise EffectsUnknown
        effects = self._program.effects
        return self._note(
            number for module, number in effects.functions if module == self._module and effects.serves_coroutines_only((module, number))
        )

    def calls(self, path: str) -> bool:
        """Whether the module calls a thing outside the project in a coroutine, by its canonical path."""
        program, name = self._program, path.rpartition(".")[2]
        if program.names[self._module].called.isdisjoint(program.with_aliases((name,))):
            return False
        facts = program.facts(self._module)
        return self._note(
            facts.calls[number].function
            for number in facts.calls_of(program.with_aliases((name,)))
            if program.function((self._module, facts.calls[number].function)).is_async and External(path) in program.callees(self._module, number)
        )

    def loses_tasks(self) -> bool:
        """Whether the module has a call that gives a task handle and is dropped or bound to a local name, or passes a task maker as a callback."""
        return self._note(self._program.losing_functions.get(self._module, ()))

    def hands_over_calls(self) -> bool:
        """Whether the module passes the result of a call in the place of a function that should run in a thread."""
        program = self._program
        names = program.offload_names
        if program.names[self._module].called.isdisjoint(names):
            return False
        facts = program.facts(self._module)
        found = set()
        for number in facts.calls_of(names):
            call = facts.calls[number]
            if any(ref.__class__ is tuple and ref[0] == "call" for _, ref in call.arguments):
                for value in program.callees(self._module, number):
                    given = [call.arguments[n][1] for n in program.offloads.handed(value, call.arguments)]
                    if any(ref.__class__ is tuple and ref[0] == "call" for ref in given):
                        found.add(call.function)
        return self._note(found)

    def catches_cancellation(self) -> bool:
        """Whether a coroutine of the module may catch a cancellation around one of its suspension points."""
        program = self._program
        if self._module not in program.names or program.names[self._module].caught.isdisjoint(program.cancellation_names):
            return False
        facts = program.facts(self._module)
        suppressed = ((item.function, suppressed_names(item.item)) for item in facts.withs)
        return self._note(function for function, names in (*facts.catches, *suppressed) if not program.cancellation_names.isdisjoint(names))

    def drops_coroutines(self) -> bool:
        """Whether the module has a call that makes a coroutine and drops it."""
        program = self._program
        return self._note(program.call(self._module, number).function for number in program.tasks.coroutine_sites(self._module))

    def uses_coroutines(self) -> bool:
        """Whether the module has a call that makes a coroutine and may use it as if it were the result."""
        program = self._program
        used = program.names[self._module].used if self._module in program.names else ()
        numbers = program.calls_in(self._module, used, program.coroutine_names)
        return self._note(program.call(self._module, n).function for n in numbers if program.tasks.uses_coroutine(self._module, n))

    def holds_lock_across_await(self) -> bool:
        """Whether a coroutine of the module may hold a lock of a thread or process at a suspension point."""
        program, module = self._program, self._module
        facts, names = program.facts(module), program.names[module]
        found = {facts.calls[number].function for number in program.locks.taking(module)}
        for item in facts.withs if names.holds else ():
            if item.function not in found and any(program.locks.entered(program.evaluate(item.item, Scope(module, item.function)))):
                found.add(item.function)
        for number in facts.calls_of(("enter_context",)) if "enter_context" in names.called else ():
            call = facts.calls[number]
            if any(program.locks.entered(program.evaluate(argument(call.arguments, 0), Scope(module, call.function)))):
                found.add(call.function)
        return self._note(function for function in found if program.function((module, function)).is_async)
