"""What a run would find again although files have changed, because nobody but a reader of the files can tell: comments, blank lines, docstrings,
operators, and other things that no fact mentions.

Whatever the program knows of a file it reads from its facts. Where those are alike before and after (see `index.alike`), every question about the
program has the same answer, but for places in that file. So all files have the results that they had, except those where places or texts of a
changed file were looked at: a run that leaves its results notes which those are, and with them everything is done afresh.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from asynclint import engine
from asynclint.index.alike import alike
from asynclint.index.module import ModuleFacts
from asynclint.model import Problem
from asynclint.project import read
from asynclint.triage import may_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asynclint.cache import Cache, Facts
    from asynclint.config import Settings
    from asynclint.files import SourceFile
    from asynclint.model import RunResult
    from asynclint.source import Source


def recall(cache: Cache, key: bytes, settings: Settings, found: Sequence[SourceFile], around: Sequence[SourceFile]) -> RunResult | None:
    """What a run with this key found, if files have changed since, and would not be found to; else None. The cache is brought up to date."""
    started = time.time_ns()
    files = sorted((*found, *around), key=lambda file: file.path)
    changed = cache.changed(key, files)
    if not changed or cache.quotes(key, [files[number].path for number in changed]):
        return None
    digests: dict[int, bytes] = {}
    facts: dict[bytes, Facts] = {}
    for number, old in changed.items():
        source, known = read(files[number], settings.max_file_size), cache.facts(old)
        same = _again(source, known) if not isinstance(source, Problem) and known is not None else None
        if isinstance(source, Problem) or same is None:
            return None
        digests[number] = cache.digest(source.data)
        facts[digests[number]] = same
    try:
        cache.move(key, started, files, digests)
        cache.write_facts(facts)
    except OSError as error:
        sys.stderr.write(f"warning: {cache.folder}: the cache cannot be written: {error.strerror or error}\n")
    return cache.found(key, [file.path for file in found])


def _again(source: Source, known: Facts) -> Facts | None:
    """The facts of a source whose earlier ones are known, if both are alike, and no comment of the file may have to be reported."""
    packed, names, commented = known
    if commented or may_report(source.text):
        return None
    facts = engine.index(source)
    if isinstance(facts, Problem):
        return None
    structure, _, calls, loads = facts.pack()
    new = structure, packed[1], calls, loads  # the names of calls follow from the rest, and are narrowed already
    return (new, names, False) if alike(ModuleFacts.unpack(packed), ModuleFacts.unpack(new)) else None
