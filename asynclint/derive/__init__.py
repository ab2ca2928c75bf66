"""Summaries: what the public callables of a distribution do, derived from its own source by the same index and program that lint a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint import engine
from asynclint.derive.distributions import Distribution, find
from asynclint.derive.exports import Exports
from asynclint.derive.tables import Tables
from asynclint.index import names
from asynclint.index.module import Packed
from asynclint.index.names import Names
from asynclint.model import Problem
from asynclint.program import Program
from asynclint.program.environment import LARGEST
from asynclint.program.modules import Modules
from asynclint.reading import SOURCE_LIMIT, read_regular
from asynclint.source import Source, SourceError

if TYPE_CHECKING:
    from asynclint.program.catalog import Catalog
    from asynclint.program.environment import Environment

__all__ = ["Distribution", "find", "summarize"]


class _Library(Program):
    """A program whose modules are all those of a library: it is looked through as if a project imported it, and believed no more than that."""

    def is_outside(self, module: int) -> bool:
        return True


def summarize(distribution: Distribution, catalog: Catalog, environment: Environment) -> dict[str, Any]:
    """The summary of a distribution, as it is written to a file. Modules that cannot be read are left out; what it imports is looked up in the
    environment and the catalog.
    """
    texts: dict[int, str] = {}
    packed: dict[int, Packed] = {}
    known: dict[int, Names] = {}
    for number, (_, path) in enumerate(distribution.files):
        try:
            data = read_regular(path, SOURCE_LIMIT)
            source = Source.from_bytes(path, data)
        except (OSError, SourceError):
            continue
        facts = engine.index(source) if len(data) <= LARGEST else None
        if facts is None or isinstance(facts, Problem):
            continue
        texts[number], packed[number], known[number] = source.text, facts.pack(), names.names_of(facts)
    paths = [path for _, path in distribution.files]
    catalog.extend({root for each in known.values() for root in each.imports})
    program = _Library(paths, packed, known, Modules(paths, [distribution.folder.replace("\\", "/")]), catalog, environment)
    return Tables(program, Exports(program), texts).summary(distribution)
