"""What rules may ask of a module before it is parsed with libcst: only facts, so it is cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program.types import argument
from asynclint.program.values import External, ExternalInstance, Instance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program import Program


class ModuleView:
    """One module of the program, as the index knows it."""

    def __init__(self, program: Program, module: int) -> None:
        self._program = program
        self._module = module

    def has_effect_on_loop(self, kinds: Iterable[str], *, direct: bool) -> bool:
        """Whether a call or property read that runs on the loop blocks with one of these kinds, right there or through a helper."""
        wanted = frozenset(kinds)
        return any(kind in wanted and is_direct == direct for kind, is_direct in self._program.loop_effects.get(self._module, ()))

    def calls(self, path: str) -> bool:
        """Whether the module calls a thing outside the project in a coroutine, by its canonical path."""
        program, name = self._program, path.rpartition(".")[2]
        if program.names[self._module].called.isdisjoint(program.with_aliases((name,))):
            return False
        facts = program.facts(self._module)
        return any(
            External(path) in program.callees(self._module, number)
            for number in facts.calls_of(program.with_aliases((name,)))
            if program.function((self._module, facts.calls[number].function)).is_async
        )

    def loses_tasks(self) -> bool:
        """Whether the module has a call that gives a task handle and is dropped or bound to a local name, or passes a task maker as a callback."""
        return self._module in self._program.losing_modules

    def hands_over_calls(self) -> bool:
        """Whether the module passes the result of a call in the place of a function that should run in a thread."""
        program = self._program
        names = program.with_aliases(program.catalog.names(program.catalog.offloads))
        if program.names[self._module].called.isdisjoint(names):
            return False
        facts = program.facts(self._module)
        for number in facts.calls_of(names):
            call = facts.calls[number]
            if any(ref.__class__ is tuple and ref[0] == "call" for _, ref in call.arguments):
                for value in program.callees(self._module, number):
                    offload = program.catalog.offloads.get(value.path) if isinstance(value, External) else None
                    given = argument(call.arguments, offload.callable) if offload is not None else None
                    if given.__class__ is tuple and given[0] == "call":
                        return True
        return False

    def catches_cancellation(self) -> bool:
        """Whether a coroutine of the module may catch a cancellation around one of its suspension points."""
        program = self._program
        return self._module in program.names and not program.names[self._module].caught.isdisjoint(program.cancellation_names)

    def drops_coroutines(self) -> bool:
        """Whether the module has a call that makes a coroutine and drops it."""
        return bool(self._program.tasks.coroutine_sites(self._module))

    def uses_coroutines(self) -> bool:
        """Whether the module has a call that makes a coroutine and may use it as if it were the result."""
        program = self._program
        names = program.names[self._module].used & program.coroutine_names if self._module in program.names else ()
        facts = program.facts(self._module) if names else None
        return facts is not None and any(program.tasks.uses_coroutine(self._module, number) for number in facts.calls_of(names))

    def holds_lock_across_await(self) -> bool:
        """Whether a coroutine of the module may hold a lock of a thread or process at a suspension point."""
        program = self._program
        for item in program.facts(self._module).withs:
            values = program.evaluate(item.item, Scope(self._module, item.function))
            if any(isinstance(v, (ExternalInstance, Instance)) and program.lock_of(v) for v in values):
                return True
        return self._acquires_lock()

    def _acquires_lock(self) -> bool:
        program = self._program
        if "acquire" not in program.names[self._module].called:
            return False
        facts = program.facts(self._module)
        for number in facts.calls_of(("acquire",)):
            if program.function((self._module, facts.calls[number].function)).is_async:
                for value in program.callees(self._module, number):
                    if isinstance(value, External) and value.path.rpartition(".")[0] in program.catalog.locks:
                        return True
        return False
