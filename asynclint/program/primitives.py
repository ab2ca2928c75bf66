"""By which names the blocking calls of the catalog are written: where the search for what blocks begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index.names import ANYTHING
from asynclint.program.iterating import givers

if TYPE_CHECKING:
    from asynclint.program import Program

Receivers = frozenset[str] | None  # the last names of what a call may be made on; None: anything


def primitives(program: Program) -> dict[str, Receivers]:
    """The last names of the catalog's blocking calls, each with what it may be called on: functions only on their modules."""
    catalog = program.catalog
    found: dict[str, Receivers] = {}
    roots = catalog.within_reach({root for names in program.names.values() for root in names.imports})
    roots |= {path.partition(".")[0] for path in catalog.taught()}  # the project's own, which it may import relatively
    aliases: dict[str, list[str]] = {}
    for alias, target in catalog.aliases.items():
        aliases.setdefault(target, []).append(alias)
    for path in [*catalog.blocks, *(alias for alias, path in catalog.aliases.items() if path in catalog.blocks)]:
        if path.partition(".")[0] not in roots:
            continue
        owner, _, name = path.rpartition(".")
        spellings = [owner, *aliases.get(owner, ())]
        modules = program.with_aliases(spelling.rpartition(".")[2] for spelling in spellings)
        if name in ("__init__", "__enter__", "__exit__"):
            found[owner.rpartition(".")[2]] = None
        elif name == "__iter__":
            found.update(dict.fromkeys(givers(catalog, owner)))
        elif catalog.is_type(owner):
            found[name] = None
        elif found.get(name, modules) is not None:
            found[name] = modules.union(found.get(name) or (), ("", ANYTHING))
        for alias in program.with_aliases((name,)) if program.is_rebound(name) or len(program.with_aliases((name,))) > 1 else ():
            if alias != name or program.is_rebound(name):
                found[alias] = None
    return found
