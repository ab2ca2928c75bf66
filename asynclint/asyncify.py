"""Makes a function async with everything that has to follow: the plan, the rewrite, the fixes of what it blocks on, and the proof afterwards."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from asynclint import runner
from asynclint.config import Selection
from asynclint.fix import fixer, signatures, writer
from asynclint.fix.forbids import Obstacle
from asynclint.fix.occurrences import Occurrences
from asynclint.model import Applicability, Confidence, FileResult, Finding, Severity
from asynclint.options import ConfigError
from asynclint.reading import read_text, reason
from asynclint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asynclint.config import Settings
    from asynclint.fix.signatures import Plan
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey

_POINT = re.compile(r"[\"']?(?<![\w.])([\w.]+):([\w.]+)[\"']?")
_ENTRIES = ("pyproject.toml", "setup.cfg", "setup.py")  # where distributions say what they let others call
_BLOCKING = "ASL1"  # the findings that the change is about: their fixes follow it


class Outcome(NamedTuple):
    """What was, or would be, done: the texts before and after by path, what forbids it, and what still blocks in the functions that are now async."""

    plan: Plan
    changed: dict[str, tuple[str, str]]
    obstacles: tuple[Obstacle, ...]
    remaining: tuple[Obstacle, ...]


def asyncify(paths: tuple[str, ...], settings: Settings, target: str, *, write: bool) -> Outcome:
    """Make the functions of a target, `package.module:function` or `path.py:Class.method`, async. Raises ConfigError where there is none."""
    everything = replace(settings, select=("ALL",), pedantic=False, ignore=(), extend_select=(), per_file_ignores=(), overrides=Selection())
    run_, problems = runner.opened(runner.Request(paths, everything))
    program = run_.program
    start = _find(program, target)
    unreadable = [*problems, *run_.state.problems.values()]
    obstacles = [Obstacle(each.path, each.line, f"cannot be read, and may call it: {each.message}") for each in unreadable]
    occurrences = Occurrences(program, run_.sources())
    plan = signatures.plan(occurrences, program, start, settings.target_version, _entry_points(settings.root))
    if plan.fix is None or obstacles:
        return Outcome(plan, {}, (*plan.obstacles, *obstacles), ())
    names = {(program.paths[key[0]], program.function(key).qualname) for key in plan.functions}
    place = plan.fix.edits[0]
    asked = Finding("", "", "", Severity.ERROR, Confidence.HIGH, place.path, "", place.span, (), plan.fix, "", "")
    numbers = {path: n for n, path in enumerate(program.paths)}
    before = {path: occurrences.source(numbers[path]) for path in sorted({edit.path for edit in plan.fix.edits})}
    known = _counted(result.findings for result in run_.lint().values())
    found: list[Finding] = []

    def lint(changed: Mapping[str, Source]) -> list[Finding]:
        for path, source in changed.items():
            run_.state.overlays[numbers[path]] = source
        run_.index([numbers[path] for path in changed])
        found[:] = [each for result in run_.lint({numbers[path] for path in before}).values() for each in result.findings]
        return [each for each in found if _is_about(each, names)]

    outcome = fixer.converge(before, lint, [asked], Applicability.UNSAFE)
    broken = [Obstacle(each.path, each.line, each.message) for each in outcome.problems]
    broken += _brought(run_.lint().values(), known)
    if broken:
        return Outcome(plan, {}, tuple(sorted(broken)), ())
    changed = {path: (before[path].text, source.text) for path, source in sorted(outcome.sources.items())}
    outside = [path for path in changed if settings.leads_out(path, paths)]
    if outside:
        return Outcome(plan, {}, tuple(Obstacle(path, 1, "is a link to a file outside of the project") for path in outside), ())
    if write:
        try:
            writer.write_all({run_.state.files[numbers[path]].absolute: (before[path].data, outcome.sources[path].data) for path in changed})
        except writer.WriteError as error:
            raise ConfigError(f"nothing was changed: {error}") from error
    remaining = [Obstacle(each.path, each.span.start.line, f"{each.message}: {each.no_fix}") for each in found if _is_about(each, names)]
    return Outcome(plan, changed, (), tuple(sorted(remaining)))


def _is_about(finding: Finding, names: Iterable[tuple[str, str]]) -> bool:
    """Whether a finding is that one of these functions blocks the loop."""
    return finding.code.startswith(_BLOCKING) and (finding.path, finding.function) in names


def _find(program: Program, target: str) -> list[FunctionKey]:
    module, _, qualname = target.rpartition(":")
    if not module or not qualname:
        raise ConfigError(f"expected MODULE:FUNCTION, got `{target}`")
    if module.endswith(".py"):
        wanted = os.path.realpath(module)
        modules = [n for n in program.names if os.path.realpath(program.paths[n]) == wanted]
    else:
        modules = [n for n in program.names if program.module_name(n) == module]
    if not modules:
        raise ConfigError(f"`{module}` is not among the modules that were read; name a module, or a file, of the paths")
    found = [(n, number) for n in modules for number, each in enumerate(program.facts(n).functions) if number and each.qualname == qualname]
    if not found:
        from asynclint.config import did_you_mean

        known = [each.qualname for n in modules for each in program.facts(n).functions]
        raise ConfigError(f"`{module}` has no function `{qualname}`{did_you_mean(qualname, known)}")
    if len({key[0] for key in found}) > 1:
        raise ConfigError(f"`{target}` means functions of several files: {', '.join(sorted(program.paths[key[0]] for key in found))}; name the file")
    if all(program.function(key).is_async for key in found):
        raise ConfigError(f"`{target}` is a coroutine function already")
    return found


def _entry_points(root: str) -> dict[str, str]:
    """`module:function` -> the file that names it as an entry point, by pattern: also of tables of other tools."""
    found: dict[str, str] = {}
    for name in _ENTRIES:
        path = os.path.join(root, name)
        try:
            text = read_text(path, errors="replace")
        except (FileNotFoundError, IsADirectoryError):
            continue
        except OSError as error:
            raise ConfigError(f"{path}: entry points cannot be read: {reason(error)}") from error
        for match in _POINT.finditer(text):
            found.setdefault(f"{match[1]}:{match[2]}", name)
    return found


def _counted(results: Iterable[Sequence[Finding]]) -> Counter[tuple[str, str, str]]:
    return Counter((each.code, each.path, each.function) for findings in results for each in findings)


def _brought(results: Iterable[FileResult], known: Counter[tuple[str, str, str]]) -> list[Obstacle]:
    """The findings that were not there before, but for those about blocking calls: these only stand elsewhere now."""
    found = []
    left = known.copy()
    for each in (each for result in results for each in result.findings):
        key = (each.code, each.path, each.function)
        left[key] -= 1
        if left[key] < 0 and not each.code.startswith(_BLOCKING):
            found.append(Obstacle(each.path, each.span.start.line, f"would become a finding: {each.message} ({each.code})"))
    return found
