"""One module of a linked program is given other facts, and all that does not depend on them is kept.

What blocks is found anew over the whole program, from calls that stay resolved as they are; what hands callables, tasks and locks around is found
anew too, from evaluations that are remembered. Only evaluations in *other* modules that led through the module are not made again. They can be
others only where its interface has changed: `replace` compares it, and says so. Then the module's own answers are those of a fresh link but where
other modules hand back to it what they got from it, and the program should be linked afresh before other modules are judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.module import ModuleFacts
    from asynclint.index.names import Names
    from asynclint.program import Program
    from asynclint.program.forwards import Taken

_DERIVED = ("marks", "offload_names")  # found anew at each change
_NAMED = {  # found anew where these names of a module change
    "async_names": ("coroutines", "coroutine_methods"),
    "coroutine_names": ("coroutines", "coroutine_methods"),
    "cancellation_names": ("groups",),
    "decorated": ("decorated",),
    "displays": ("groups",),
    "entered_names": ("entered",),
}


def replace(program: Program, module: int, new: ModuleFacts, names: Names) -> bool:
    """Give a module of the project other facts, in place. Whether the program is now just what a fresh link would make of it: the module shows to
    others what it showed before.
    """
    _ = program.loop_effects, program.losing_functions, program.offloads, program.callbacks, program.coroutine_names, program.locks
    old, old_names = program.facts(module), program.names.get(module)
    questions = program.resolver.forwards.known_of(module)
    before = _handed_around(program, module, questions)
    imports = program.import_roots
    imported = names.imports - imports
    seen = program.effects.seen(module)
    program.set_facts(module, new, names)
    renumbered = _shape(old) != _shape(new)
    imports |= imported
    more = program.add_names(module, old_names) | bool(imported and program.catalog.extend(imports))
    program.resolver.forget(module, renumbered=renumbered)
    program.forget_calls(module, renumbered=renumbered or more)
    for name in _DERIVED:
        vars(program).pop(name, None)
    if more or renumbered or any(each is not None and program.locks.concern(each) for each in (old_names, names)):
        del program.locks
    for name, roles in _NAMED.items():
        if more or old_names is None or any(getattr(old_names, role) != getattr(names, role) for role in roles):
            vars(program).pop(name, None)
    program.offloads.replace(module)
    program.callbacks.replace(module)
    numbers = _numbers(old, new)
    contexts_stay = program.contexts.replace(module, numbers)
    if contexts_stay and not more and program.tasks.replace(module):
        program.renew_losing_functions(module)
    else:
        del program.tasks, program.losing_functions
        vars(program).pop("coroutine_names", None)
    if program.effects.replace(module, numbers, seen, renumbered=renumbered, renamed=more or bool(imported)) and contexts_stay:
        program.renew_loop_effects(module)
    else:
        del program.loop_effects
    return not more and not renumbered and _interface(old) == _interface(new) and before == _handed_around(program, module, questions)


def _shape(facts: ModuleFacts) -> tuple[Any, ...]:
    """What numbers functions and classes."""
    return [raw[1:4] for raw in facts.functions.raw], [raw[1:4] for raw in facts.classes.raw]


def _numbers(old: ModuleFacts, new: ModuleFacts) -> dict[int, int]:
    """The numbers of the functions that both have, by qualified name and the how-manieth of that name each is."""

    def places(facts: ModuleFacts) -> Iterator[tuple[str, int]]:
        seen: dict[str, int] = {}
        for raw in facts.functions.raw:
            seen[raw[1]] = seen.get(raw[1], -1) + 1
            yield raw[1], seen[raw[1]]

    numbers = {place: number for number, place in enumerate(places(new))}
    return {number: numbers[place] for number, place in enumerate(places(old)) if place in numbers}


def _interface(facts: ModuleFacts) -> tuple[Any, ...]:
    """What evaluations in other modules may read of a module: all but its calls, positions, and the local names of functions that give nothing."""
    assigning = {number for raw in facts.classes.raw for pairs in raw[7].values() for number, _ in pairs}
    parents = {raw[2] for raw in facts.functions.raw}
    functions = []
    for number, raw in enumerate(facts.functions.raw):
        gives = number == 0 or raw[8] or raw[9] or number in assigning or number in parents
        functions.append((*raw[:10], raw[10] if gives else None))
    return functions, [raw[:8] for raw in facts.classes.raw], facts.stars


def _handed_around(program: Program, module: int, questions: Iterable[tuple[int, Taken]]) -> tuple[Any, ...]:
    """What the module's functions do with callables, tasks, coroutines and locks, as others see it."""
    forwards = program.resolver.forwards

    return (
        [forwards.runs((module, number), taken) for number, taken in questions],
        program.offloads.ways_of(module),
        program.callbacks.ways_of(module),
        set(program.tasks.makers.of(module)),
        set(program.tasks.givers.of(module)),
        {key[1]: held.lock for key, held in program.locks.takers.items() if key[0] == module},
    )
