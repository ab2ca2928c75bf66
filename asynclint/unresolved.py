"""The calls on an event loop of which asynclint cannot tell what they run, and why: what to annotate, or to describe in a catalog, to see more."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.values import External, ExternalInstance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.values import Values
    from asynclint.walk.sources import Sources

_TAKEN = frozenset({"attr", "call", "item", "await", "iter", "unpack", "enter", "aenter", "aiter"})


def unresolved(program: Program, sources: Sources, modules: Iterable[int]) -> list[str]:
    """A line for every such call of the modules, in order of path and position, and at the end how many there are for each kind of reason."""
    lines: list[str] = []
    reasons: Counter[str] = Counter()
    total = 0
    for module in sorted(modules, key=lambda number: program.paths[number]):
        for number, call in enumerate(program.facts(module).calls):
            if not call.function or call.flags & f.AWAITED or not program.contexts.on_loop((module, call.function)):
                continue  # what can be awaited does not block
            total += 1
            found = _reason(program, module, call, program.callees(module, number))
            if found is not None:
                kind, detail = found
                reasons[kind] += 1
                source = sources.get(module)
                column = source.position(source.offset_at(call.line, call.column)).column
                lines.append(f"{source.where(call.line)}:{column}: {_shown(call.callee)}(): {kind}{detail}")
    calls = "1 call on the loop that is" if total == 1 else f"{total} calls on the loop that are"
    lines.append(f"{calls} not awaited, {sum(reasons.values())} of them unresolved")
    lines += [f"{count:>8}  {kind}" for kind, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))]
    return lines


def _reason(program: Program, module: int, call: Call, values: Values) -> tuple[str, str] | None:
    """The kind of reason why nothing is known of a call, and what it is about; None where something is known."""
    if values:
        paths = [value.path for value in values if isinstance(value, (External, ExternalInstance))]
        if len(paths) < len(values):
            return None
        unknown = [path for path in paths if path.partition(".")[0] not in sys.stdlib_module_names and not program.catalog.knows(path)]
        return ("a library that nothing is known of", f": {unknown[0]}") if len(unknown) == len(values) else None
    root = call.callee
    while root.__class__ is tuple and root[0] in _TAKEN:
        root = root[1]
    if root.__class__ is not str:
        return ("what is called is computed", "")
    return _of_name(program, Scope(module, call.function), root)


def _of_name(program: Program, scope: Scope, name: str) -> tuple[str, str]:
    """Why nothing is known of a dotted name: the first part of it that is unknown, and what binds it."""
    head, *rest = name.split(".")
    known = head
    for part in rest:
        if not program.evaluate(known, scope):
            break
        known = f"{known}.{part}"
    if known != head:
        return ("an attribute that nothing is known of", f": {known}")
    number = scope.function
    while number > 0:
        function = program.function((scope.module, number))
        if head in function.bindings:
            return ("a local name that nothing is known of", f": {head}")
        for param in function.params:
            if param.name == head:
                what = "a parameter without annotation" if param.annotation is None else "a parameter whose annotation says nothing"
                return (what, f": {head}")
        number = function.parent
    return ("a name that nothing is known of", f": {head}")


def _shown(ref: Ref) -> str:
    """A callee, shortened: `client.get`, `....json`."""
    if ref.__class__ is str:
        return str(ref)
    last = f.last_name(ref)
    return f"....{last}" if last else "..."
