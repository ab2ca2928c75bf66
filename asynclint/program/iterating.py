"""What iterating an object from outside the project runs: a query is sent when its rows are asked for, by `TYPE.__iter__` in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asynclint.program.catalog import Catalog
    from asynclint.program.known import Block
    from asynclint.program.values import External


def iterating(catalog: Catalog, value: External) -> Block | None:
    """What iterating the outcome of a call blocks on."""
    type_ = catalog.result(value.path, value.receiver)
    return catalog.blocks.get(catalog.method(type_, "__iter__")) if type_ else None


def givers(catalog: Catalog, owner: str) -> set[str]:
    """The last names of the callables that give objects of a type or of one derived from it."""
    types = {owner, *(path for path in catalog.types if owner in catalog.ancestry(path))}
    found = {path.rpartition(".")[2] for path, type_ in catalog.returns.items() if type_ in types}
    for path, known in catalog.types.items():
        found |= {name for name, type_ in known.returns.items() if type_ in types or (type_ == "self" and path in types)}
    return found
