"""Applies fixes until nothing changes: choose, merge, add imports, apply, check that it still compiles, index again, lint again."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from asynclint.fix import edits
from asynclint.fix.imports import additions
from asynclint.model import Applicability, Applied, Edit, Fix, Problem
from asynclint.source import Source, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asynclint.model import Finding

PASSES = 10


@dataclass(slots=True)
class Outcome:
    """What a run of fixes gave: new sources by path, the fixes that were applied, and what went wrong."""

    sources: dict[str, Source]
    applied: list[Applied] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def groups(self, paths: Iterable[str]) -> list[list[str]]:
        """The paths in groups that must be written all or none, because a fix changed them together."""
        groups: dict[str, set[str]] = {path: {path} for path in paths}
        for fix in self.applied:
            joined = set().union(*(groups[path] for path in fix.paths if path in groups))
            for path in joined:
                groups[path] = joined
        return sorted({tuple(sorted(group)): sorted(group) for group in groups.values()}.values())


class Job(NamedTuple):
    """A file to rewrite: its path, the fixes that are to be applied, which may be of other files too, and its text."""

    path: str
    fixes: list[Fix]
    source: Source


def rewritten(job: Job) -> Source | str:
    """The source after fixes; where the outcome is no Python, or cannot be encoded, why."""
    try:
        return _changed(*job)
    except _Broken as broken:
        return str(broken)


def _rewritten(jobs: Sequence[Job]) -> list[Source | str]:
    return [rewritten(job) for job in jobs]


def converge(
    sources: Mapping[str, Source],
    lint: Callable[[Mapping[str, Source]], Iterable[Finding]],
    findings: Iterable[Finding],
    level: Applicability,
    rewrite: Callable[[Sequence[Job]], list[Source | str]] = _rewritten,
) -> Outcome:
    """Fix until a pass changes nothing, at most `PASSES` times; `rewrite` does `rewritten` for each of several files.

    `sources` gives the source of a path; `lint` the findings once the given sources are changed; `findings` those of the sources as they are.
    `level` is SAFE or UNSAFE: what may be applied. A fix of a file that has no source is not.
    """
    outcome = Outcome({})
    refused: set[tuple[object, ...]] = set()
    for _ in range(PASSES):
        wanted = [f for f in findings if f.fix and allowed(f.fix, level) and f.fix.paths <= sources.keys() and _identity(f) not in refused]
        changed = _apply_pass(wanted, {**sources, **outcome.sources}, outcome, refused, rewrite)
        if not changed:
            return outcome
        outcome.sources.update(changed)
        findings = list(lint(changed))
    outcome.problems.append(Problem("", 0, 0, f"fixing did not come to rest in {PASSES} passes; what was fixed so far is kept"))
    return outcome


def allowed(fix: Fix, level: Applicability) -> bool:
    """Whether a fix may be applied at a level."""
    return fix.applicability is Applicability.SAFE or (level is Applicability.UNSAFE and fix.applicability is Applicability.UNSAFE)


def _apply_pass(
    findings: list[Finding],
    sources: Mapping[str, Source],
    outcome: Outcome,
    refused: set[tuple[object, ...]],
    rewrite: Callable[[Sequence[Job]], list[Source | str]],
) -> dict[str, Source]:
    """The sources that one pass changes. A fix that cannot be applied is refused for good, with a problem where it should have worked."""
    while True:
        chosen, _ = edits.merge([f.fix for f in findings if f.fix])
        taken = {id(fix) for fix in chosen}
        todo = [f for f in findings if id(f.fix) in taken]
        jobs = [Job(path, [f.fix for f in todo if f.fix], sources[path]) for path in sorted({p for fix in chosen for p in fix.paths})]
        made = rewrite(jobs)
        for job, new in zip(jobs, made, strict=True):
            if isinstance(new, str):
                culprits = [f for f in todo if f.fix and job.path in f.fix.paths]
                alone = rewrite([Job(job.path, [f.fix] if f.fix else [], job.source) for f in culprits])
                culprit = next((f for f, single in zip(culprits, alone, strict=True) if isinstance(single, str)), culprits[0])
                refused.add(_identity(culprit))
                place = culprit.span.start
                outcome.problems.append(Problem(culprit.path, place.line, place.column, f"the fix of {culprit.code} is dropped: {new}", culprit.code))
                findings = [f for f in findings if f is not culprit]
                break
        else:
            outcome.applied += [Applied(f.path, f.code, f.name, f.fix.title, f.fix.paths) for f in todo if f.fix]
            return {job.path: new for job, new in zip(jobs, made, strict=True) if isinstance(new, Source)}


class _Broken(Exception):
    """Fixed text of a file that cannot be used."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def _changed(path: str, fixes: list[Fix], source: Source) -> Source:
    """A source after fixes. Raises _Broken where the outcome is no Python, or cannot be encoded."""
    fixes = list({id(fix): fix for fix in fixes}.values())  # many findings may have one
    wanted = [edit for fix in fixes for edit in fix.edits if edit.path == path]
    more = additions(
        source, [i for fix in fixes for i in fix.imports if i.path == path], [d for fix in fixes for d in fix.declarations if d.path == path]
    )
    if isinstance(more, str):
        raise _Broken(path, more)
    try:
        text = _merged(source.text, wanted, more)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", _flags(source), dont_inherit=True)
        return Source.from_bytes(path, source.to_bytes(text))
    except SyntaxError as error:
        raise _Broken(path, f"the code would not compile ({source.named(error.lineno or 0)}: {error.msg})") from None
    except (SourceError, ValueError) as error:
        raise _Broken(path, str(error)) from None
    except (RecursionError, MemoryError):
        raise _Broken(path, "the code is nested too deeply for Python to compile it") from None


def _flags(source: Source) -> int:
    """With which flags of the compiler a source compiles; one that does not, with for example a `return` outside of a function, is only parsed."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if source.may_await else 0
    try:
        compile(source.text, "", "exec", flags, dont_inherit=True)
    except SyntaxError:
        return ast.PyCF_ONLY_AST
    return flags


def _merged(text: str, wanted: list[Edit], more: Iterable[Edit]) -> str:
    return edits.apply(text, [*wanted, *more])


def _identity(finding: Finding) -> tuple[object, ...]:
    return (finding.path, finding.fingerprint, finding.fix.title if finding.fix else "")
