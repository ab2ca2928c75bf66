"""Everything, for programs. The keys stay as they are while `version` is 1; new ones may be added."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from asynclint.model import Applicability, Finding, Fix, Frame, Problem, RunResult, Span
from asynclint.report import Paint, has_fix, plain
from asynclint.report.cells import Places, of_line


def report(result: RunResult, _paint: Paint = plain) -> str:
    places = dict(result.places)
    document = {
        "version": 1,
        "findings": [of_finding(finding, places) for finding in result.findings],
        "errors": [of_problem(problem, places) for problem in sorted(result.all_problems)],
        "summary": _summary(result),
    }
    return json.dumps(document, indent=2) + "\n"


def of_finding(finding: Finding, places: Places) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "path": finding.path,
        "function": finding.function,
        "span": _span(finding.path, finding.span, places),
        "chain": [_frame(frame, places) for frame in finding.chain],
        "fix": _fix(finding.fix, places) if finding.fix else None,
        "no_fix": finding.no_fix,
        "fingerprint": finding.fingerprint,
    }


def _span(path: str, span: Span, places: Places) -> dict[str, dict[str, int]]:
    return {"start": _place(path, span.start.line, span.start.column, places), "end": _place(path, span.end.line, span.end.column, places)}


def _place(path: str, line: int, column: int, places: Places) -> dict[str, int]:
    """A line and a column; in a notebook they are those of a cell."""
    place = of_line(places, path, line)
    return {"line": line, "column": column} if place is None else {"cell": place.cell, "line": place.line, "column": column}


def _frame(frame: Frame, places: Places) -> dict[str, Any]:
    return {"path": frame.path, **_place(frame.path, frame.line, frame.column, places), "function": frame.function, "text": frame.text}


def _fix(fix: Fix, places: Places) -> dict[str, Any]:
    return {
        "title": fix.title,
        "applicability": fix.applicability.value,
        "edits": [{"path": edit.path, **_span(edit.path, edit.span, places), "text": edit.text} for edit in fix.edits],
        "imports": [{"path": each.path, "module": each.module, "name": each.name} for each in fix.imports],
        "declarations": [{"path": each.path, "text": each.text} for each in fix.declarations],
    }


def of_problem(problem: Problem, places: Places) -> dict[str, Any]:
    return {"path": problem.path, **_place(problem.path, problem.line, problem.column, places), "message": problem.message, "code": problem.code}


def _summary(result: RunResult) -> dict[str, Any]:
    findings = result.findings
    return {
        "files": result.checked,
        "findings": len(findings),
        "fixable": sum(has_fix(finding, Applicability.SAFE) for finding in findings),
        "unsafe_fixable": sum(has_fix(finding, Applicability.UNSAFE) for finding in findings),
        "fixed": sum(result.fixed.values()),
        "left_out": dict(result.left_out),
        "by_rule": dict(sorted(Counter(finding.code for finding in findings).items())),
    }
