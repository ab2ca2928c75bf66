"""Why a call is, or is not, a finding: what it calls, what that blocks on, by which chain, and whether it runs on an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.calls import Site
from asynclint.program.values import Bound, ClassValue, FunctionValue, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.index import Call
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value
    from asynclint.walk.sources import Sources

_SILENCED = {  # flags of a call that keep it from being reported, in words
    f.GUARDED: "it stands under a test that is never true, or says that no event loop runs here",
    f.SETTLED: "it stands after a test that says that nothing has to be waited for",
    f.FIRST_USE: "it runs once, to compute what is then remembered",
    f.AWAITED: "its result is awaited, so it comes from a branch that does not wait",
}


def explain(program: Program, sources: Sources, module: int, line: int) -> list[str]:
    """The lines that explain every call that begins on a line (counted from 1) of a module; none where no call does."""
    found: list[str] = []
    for number, call in enumerate(program.facts(module).calls):
        if call.line == line:
            source = sources.get(module)
            position = source.position(source.offset_at(call.line, call.column))
            text = source.text[position.offset : source.offset_at(call.end_line, call.end_column)]
            found.append(f"{source.where(line)}:{position.column}: {' '.join(text.split())}")
            found += [f"  {part}" for part in _parts(program, sources, Site(module, call.function, number), call)]
    return found


def _parts(program: Program, sources: Sources, site: Site, call: Call) -> Iterator[str]:
    yield _context(program, (site.module, site.function))
    values = program.callees(site.module, site.call)
    called = dict.fromkeys(_named(program, value) for value in values)
    yield f"calls {', '.join(called)}" if called else "it is not known what it calls, so nothing is said of it"
    effect = program.effects.worst(site)
    if effect is not None:
        further = f", {effect.depth} call{'s' if effect.depth > 1 else ''} further down" if effect.depth else ""
        by = f" ({effect.block.by})" if effect.block.by else ""
        yield f"blocks ({effect.kind}): {effect.block.path}{further}{by}"
        for hop, _ in program.effects.chain(site):
            where = program.function((hop.module, hop.function))
            at = program.call(hop.module, hop.call).line if hop.call >= 0 else where.line
            source = sources.get(hop.module)
            yield f"  {source.where(at)} in {where.qualname}: {source.line_text(at).strip()}"
        return
    reasons = [words for flag, words in _SILENCED.items() if call.flags & flag]
    said = program.marks.said
    silenced = [value.key for value in values if isinstance(value, FunctionValue) and value.key in said and said[value.key] is None]
    reasons += [f"{program.marks.told_by(key)} says so" for key in silenced]
    if values:
        yield "is not known to block" + (f"; {'; '.join(reasons)}" if reasons else "")


def _named(program: Program, value: Value) -> str:
    if isinstance(value, (ClassValue, Instance)):
        klass = value.klass if isinstance(value, Instance) else value
        name = f"{program.module_name(klass.module)}.{program.resolver.klass(klass).qualname}"
        return name if klass is value else f"an instance of {name}"
    if isinstance(value, Bound):
        return "a method of a container"
    return program.qualified(value)


def _context(program: Program, key: FunctionKey) -> str:
    function = program.function(key)
    if key[1] == 0:
        return "at module level: it runs when the module is imported, before any loop"
    if function.is_async:
        return f"in {function.qualname}, a coroutine: it runs on the event loop"
    runner = program.contexts.runner(key)
    if runner:
        return f"in {function.qualname}, which {runner} runs on the event loop"
    return f"in {function.qualname}, a sync function: reported where a coroutine calls it"
