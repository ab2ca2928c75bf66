"""What a run would find again although files have changed, because nobody but a reader of the files can tell: comments, blank lines, and in most
files docstrings, operators, and whatever else no fact mentions.

Whatever the program knows of a file it reads from its facts. Where those are alike before and after (see `index.alike`), every question about the
program has the same answer, but for places in that file. So all files have the results that they had, except those where places or texts of a
changed file were looked at: a run that leaves its results notes which those are, and with them everything is done afresh.

A file that was walked without a finding has none again if its code is the same: no rule looks at comments and blanks before it has found something.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from asynclint import engine, pool
from asynclint.index.alike import alike
from asynclint.index.module import ModuleFacts
from asynclint.model import Problem
from asynclint.project import read, scale
from asynclint.source import Source
from asynclint.triage import may_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asynclint.cache import Cache, Facts
    from asynclint.config import Settings
    from asynclint.files import SourceFile
    from asynclint.model import RunResult


def recall(cache: Cache, key: bytes, settings: Settings, found: Sequence[SourceFile], around: Sequence[SourceFile]) -> RunResult | None:
    """What a run with this key found, if files have changed since, and would not be found to; else None. The cache is brought up to date."""
    started = time.time_ns()
    files = sorted((*found, *around), key=lambda file: file.path)
    changed = cache.changed(key, files)
    if not changed or cache.quotes(key, [files[number].path for number in changed]):
        return None
    contents: dict[int, bytes] = {}
    facts: dict[bytes, Facts] = {}

    def same(number: int) -> tuple[bytes, Facts] | None:
        source, known = read(files[number], settings.max_file_size), cache.facts(changed[number])
        if isinstance(source, Problem) or known is None:
            return None
        alike_, walked = _same_facts(source, known), cache.walked(key, source.path)
        if alike_ is None or (walked is not None and not _is_same_code(Source.from_bytes(source.path, walked), source, alike_)):
            return None
        return source.data, alike_

    limit = lambda number: settings.timeout * scale(files[number].size)  # noqa: E731
    for number, result in pool.run(same, list(changed), jobs=1, limit=limit):
        if result is None or isinstance(result, pool.Failure):  # the run itself finds out what is the matter
            return None
        contents[number], facts[cache.digest(result[0])] = result
    try:
        cache.move(key, started, files, contents)
        cache.write_facts(facts)
    except OSError as error:
        sys.stderr.write(f"warning: {cache.folder}: the cache cannot be written: {error.strerror or error}\n")
    return cache.found(key, [file.path for file in found])


def _same_facts(source: Source, known: Facts) -> Facts | None:
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


def _is_same_code(before: Source, after: Source, facts: Facts) -> bool:
    """Whether two versions of a file differ in nothing but comments and blanks, and libcst reads the new one as it surely did the old."""
    import tokenize

    try:
        if list(_tokens(before.text)) != list(_tokens(after.text)):
            return False
    except (tokenize.TokenError, SyntaxError):
        return False
    import libcst

    from asynclint.walk import elide
    from asynclint.walk.positions import Disagreement, TooDeep, match_part

    tree = engine.parse(after)
    try:
        if isinstance(tree, Problem):
            return False
        match_part(tree, elide.whole(after, ModuleFacts.unpack(facts[0])))
    except (TooDeep, Disagreement, libcst.ParserSyntaxError):
        return False
    return True


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """All that is code. Raises TokenError and SyntaxError."""
    import io
    import tokenize

    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            yield token.type, token.string
