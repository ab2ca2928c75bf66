"""Lint one module: pure, no input or output of its own; the one core behind the command line, standard input and the editor."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import extract
from asynclint.model import Confidence, FileResult, Finding, Problem, Severity, Suppressed
from asynclint.triage import may_report
from asynclint.walk.view import EffectsUnknown, ModuleView

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Mapping, Sequence

    from asynclint.index import ModuleFacts
    from asynclint.program import Program
    from asynclint.source import Source
    from asynclint.walk.rule import Rule
    from asynclint.walk.sources import Sources


_RECURSION = 10_000  # calls of Python; each branch of an `elif` chain stands inside the one before, and takes two or three


def parse(source: Source) -> ast.Module | Problem:
    """The syntax tree of a source, or why there is none."""
    try:
        return source.tree()
    except SyntaxError as error:
        return Problem(source.path, error.lineno or 0, error.offset or 0, f"cannot parse: {error.msg}")
    except (RecursionError, MemoryError):
        return Problem(source.path, 0, 0, "cannot parse: nested too deeply for Python's own parser")
    except ValueError as error:
        return Problem(source.path, 0, 0, f"cannot parse: {error}")


def index(source: Source) -> ModuleFacts | Problem:
    """The facts of a source, or why there are none."""
    enabled = gc.isenabled()
    gc.disable()  # a tree is all garbage or none: collecting in between only costs
    try:
        tree = parse(source)
        return tree if isinstance(tree, Problem) else extract(tree, _marks(source))
    finally:
        if enabled:
            gc.enable()


def _marks(source: Source) -> dict[int, tuple[str, str]]:
    """What comments say of functions: verb and kind, by the line of the `def`."""
    if "asynclint:" not in source.text:
        return {}
    from asynclint.comments import marks

    return {mark.line: (mark.verb, mark.kind) for mark in marks(source)}


class Suspects(NamedTuple):
    """The rules that may have a finding in a module, and the numbers of the functions where; None: anywhere."""

    rules: tuple[Rule, ...] = ()
    functions: frozenset[int] | None = frozenset()


class Early(NamedTuple):
    """What rules suspect that need not know what blocks: the codes of the rules that asked for nothing else, and by module the functions that each
    of them suspects."""

    codes: frozenset[str] = frozenset()
    suspected: Mapping[int, Mapping[str, frozenset[int]]] = {}


def early(program: Program, modules: Collection[int], rules: Sequence[Rule]) -> Early:
    """Ask all rules that do not need to know what blocks."""
    asked = {rule.code: rule for rule in rules}
    suspected: dict[int, dict[str, frozenset[int]]] = {}
    for module in modules:
        view = ModuleView(program, module, effects=False)
        for code, rule in list(asked.items()):
            try:
                suspects = rule.suspects(view)
            except EffectsUnknown:
                del asked[code]
                continue
            noted = view.noted()
            if suspects:
                suspected.setdefault(module, {})[code] = frozenset(noted)
    return Early(frozenset(asked), suspected)


def suspicious(program: Program, module: int, rules: Sequence[Rule], known: Early) -> Suspects:
    """What to walk of a module. The rules that are in `known` are not asked again."""
    view = ModuleView(program, module)
    answered = known.suspected.get(module, {})
    found: list[tuple[Rule, Collection[int]]] = []
    for rule in rules:
        if rule.code not in known.codes:
            suspects, noted = rule.suspects(view), view.noted()
            if suspects:
                found.append((rule, noted))
        elif rule.code in answered:
            found.append((rule, answered[rule.code]))
    functions = frozenset[int]().union(*(noted for _, noted in found))
    return Suspects(tuple(rule for rule, _ in found), functions if all(noted for _, noted in found) else None)


def lint(
    program: Program,
    module: int,
    source: Source,
    suspects: Suspects,
    sources: Sources,
    *,
    enabled: Collection[str],
    codes: Mapping[str, str],
    target_version: tuple[int, int],
    task_errors: str = "ignore",
) -> FileResult:
    """All findings of one module by the suspecting rules, suppressions applied. `enabled` are the codes on for the file, `codes` all known
    ones with their names."""
    findings: list[Finding] = []
    problems: list[Problem] = []
    active = Suspects(tuple(rule for rule in suspects.rules if rule.code in enabled), suspects.functions)
    if active.rules:
        walked = _walk(program, module, source, active, sources, target_version, task_errors)
        if isinstance(walked, Problem):
            problems.append(walked)
        else:
            findings = walked
    suppressed: list[tuple[Finding, str]] = []
    if findings or may_report(source.text):
        findings, suppressed, malformed = _suppressed(source, findings, enabled, codes)
        problems += malformed
    findings.sort(key=_place)
    suppressed.sort(key=lambda each: _place(each[0]))
    told = _fingerprinted(source, [*findings, *(finding for finding, _ in suppressed)])
    silenced = tuple(Suppressed(finding, reason) for finding, (_, reason) in zip(told[len(findings) :], suppressed, strict=True))
    return FileResult(source.path, told[: len(findings)], tuple(sorted(problems)), silenced)


def _place(finding: Finding) -> tuple[object, ...]:
    return finding.span, finding.code, finding.message


def _walk(
    program: Program, module: int, source: Source, suspects: Suspects, sources: Sources, target_version: tuple[int, int], task_errors: str
) -> list[Finding] | Problem:
    import libcst as cst

    from asynclint.walk import elide
    from asynclint.walk.context import Context
    from asynclint.walk.positions import Disagreement, TooDeep, match_part
    from asynclint.walk.walker import dispatch, walk

    enabled = gc.isenabled()
    gc.disable()
    recursion = sys.getrecursionlimit()
    sys.setrecursionlimit(max(recursion, _RECURSION))
    try:
        tree = parse(source)
        if isinstance(tree, Problem):
            return tree
        facts = program.facts(module)
        everything = elide.whole(source, facts)
        part = everything if suspects.functions is None else elide.elide(tree, source, facts, suspects.functions)
        try:
            try:
                places = match_part(tree, part)
            except (cst.ParserSyntaxError, Disagreement):
                if part is everything:
                    raise
                places = match_part(tree, everything)  # the lines were cut in a way that nobody thought of
        except TooDeep as error:
            return Problem(source.path, error.line, 0, str(error))
        except cst.ParserSyntaxError as error:
            return Problem(source.path, error.raw_line, error.raw_column, "cannot parse: Python reads this file, but libcst does not")
        except Disagreement as error:
            return Problem(source.path, 0, 0, f"cannot place findings: {error}")
        ctx = Context(program, module, source, places, sources, target_version, task_errors)
        walk(places.root, places.children, dispatch(suspects.rules), ctx)
        return ctx.findings
    finally:
        sys.setrecursionlimit(recursion)
        if enabled:
            gc.enable()


def _suppressed(
    source: Source, findings: list[Finding], enabled: Collection[str], codes: Mapping[str, str]
) -> tuple[list[Finding], list[tuple[Finding, str]], tuple[Problem, ...]]:
    """The findings that no comment suppresses, with those of unused suppressions; the others, with the reasons; and what is malformed in comments."""
    from asynclint import suppress  # a file without a finding is done before any of this

    suppressions = suppress.parse(source)
    kept, notices = suppress.apply(findings, suppressions, {*enabled, *(codes[code] for code in enabled)})
    notices += suppress.unknown(suppressions, {*codes, *codes.values()}) + suppress.mismarked(source) + suppress.blanket(suppressions)
    own = [
        Finding(
            notice.code,
            codes[notice.code],
            notice.message,
            Severity.WARNING,
            Confidence.HIGH,
            source.path,
            "<module>",
            notice.span,
            (),
            notice.fix,
            "" if notice.fix else "only you know what was meant",
            "",
        )
        for notice in notices
        if notice.code in enabled
    ]
    silenced = suppress.reasons(findings, suppressions) if len(kept) < len(findings) else []
    return [*kept, *own], silenced, suppressions.problems


def _fingerprinted(source: Source, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with fingerprints that stay when lines move: of code, function, the line's text without blanks, and the how-manieth it is."""
    if not findings:
        return ()
    from dataclasses import replace
    from hashlib import blake2b

    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in findings:
        key = (finding.code, finding.function, "".join(source.line_text(finding.span.start.line).split()))
        digest = blake2b("\0".join((*key, str(seen[key]))).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        seen[key] += 1
        found.append(replace(finding, fingerprint=digest))
    return tuple(found)
