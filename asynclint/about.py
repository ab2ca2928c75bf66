"""What a report says of the run itself, beyond its findings."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from asynclint import __version__, pool, registry
from asynclint.fix import imports
from asynclint.model import About, RulePage
from asynclint.reading import RECORD_LIMIT, read_regular
from asynclint.source import Source, SourceError

if TYPE_CHECKING:
    from asynclint.config import Settings
    from asynclint.model import Edit, Finding, RunResult


_SECONDS = 600.0  # of processor time for the sources of all files with fixes


def about(settings: Settings, *, rules: bool) -> About:
    """The version, the folders and, if wanted, the rules with their pages."""
    pages = (
        [RulePage(rule.code, rule.name, rule.summary, rule.doc, rule.severity, rule.confidence) for rule in registry.load(settings)] if rules else ()
    )
    return About(__version__, os.getcwd(), _repository(settings.root), tuple(pages))


def _repository(folder: str) -> str:
    """The root of the repository that a folder lies in; the working directory if it lies in none."""
    parent = folder
    while not os.path.exists(os.path.join(parent, ".git")):
        if os.path.dirname(parent) == parent:
            return os.getcwd()
        parent = os.path.dirname(parent)
    return parent


def with_whole_fixes(result: RunResult, stdin: tuple[str, bytes] | None) -> RunResult:
    """The same as `_with_whole_fixes`, made in another process, because sources are parsed for it; where that is lost, fixes stay as they are."""
    if not any(f.fix and (f.fix.imports or f.fix.declarations) for file in result.files for f in file.findings):
        return result
    try:
        return replace(result, files=pool.alone(lambda _: _with_whole_fixes(result, stdin).files, None, limit=_SECONDS))
    except pool.Failure:
        return result


def _with_whole_fixes(result: RunResult, stdin: tuple[str, bytes] | None) -> RunResult:
    """A result whose fixes hold all that they change as edits, also the imports and declarations that they need, for who applies one by itself.
    `stdin` is a file name and what it holds instead of what is on disk.
    """
    sources: dict[str, Source | None] = {}

    def source(path: str) -> Source | None:
        if path not in sources:
            try:
                sources[path] = Source.from_bytes(path, stdin[1] if stdin is not None and stdin[0] == path else _read(path))
            except (OSError, SourceError):
                sources[path] = None
        return sources[path]

    more: dict[tuple[object, ...], tuple[Edit, ...] | None] = {}  # by what is added: a thousand fixes may need the same import

    def whole(finding: Finding) -> Finding:
        fix = finding.fix
        if fix is None or not (fix.imports or fix.declarations):
            return finding
        needed = (fix.imports, fix.declarations)
        if needed not in more:
            more[needed] = imports.needed(fix, source)
        added = more[needed]
        edits = None if added is None else (*fix.edits, *added)
        return replace(finding, fix=replace(fix, edits=edits, imports=(), declarations=())) if edits is not None else finding

    return replace(result, files=tuple(replace(file, findings=tuple(map(whole, file.findings))) for file in result.files))


def _read(path: str) -> bytes:
    return read_regular(path, RECORD_LIMIT)
