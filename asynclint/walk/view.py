"""What rules may ask of a module before it is parsed with libcst: only facts, so it is cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
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

    def calls_any(self, names: Iterable[str]) -> bool:
        """Whether the module calls anything of one of these last names."""
        return not self._program.names[self._module].called.isdisjoint(self._program.with_aliases(names))

    def spawns_tasks(self) -> bool:
        """Whether the module has a call that gives a task handle, or passes a spawning function to a callback of the loop."""
        return self._module in self._program.spawning_modules

    def offloads(self) -> bool:
        """Whether the module calls something of the name of a callable that runs its argument in a thread."""
        return self.calls_any(self._program.catalog.names(self._program.catalog.offloads))

    def drops_coroutines(self) -> bool:
        """Whether the module has a call that makes a coroutine and drops it."""
        return bool(self._program.tasks.coroutine_sites(self._module))

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
        for number, call in enumerate(program.facts(self._module).calls):
            if f.last_name(call.callee) == "acquire" and program.function((self._module, call.function)).is_async:
                for value in program.callees(self._module, number):
                    if isinstance(value, External) and value.path.rpartition(".")[0] in program.catalog.locks:
                        return True
        return False
