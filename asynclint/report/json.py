"""Everything, for programs. The keys stay as they are while `version` is 1; new ones may be added."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from asynclint.model import Applicability, Finding, Fix, Frame, Position, Problem, RunResult
from asynclint.report import Paint, has_fix, plain


def report(result: RunResult, _paint: Paint = plain) -> str:
    document = {
        "version": 1,
        "findings": [of_finding(finding) for finding in result.findings],
        "errors": [of_problem(problem) for problem in sorted(result.all_problems)],
        "summary": _summary(result),
    }
    return json.dumps(document, indent=2) + "\n"


def of_finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "path": finding.path,
        "function": finding.function,
        "span": {"start": _position(finding.span.start), "end": _position(finding.span.end)},
        "chain": [_frame(frame) for frame in finding.chain],
        "fix": _fix(finding.fix) if finding.fix else None,
        "no_fix": finding.no_fix,
        "fingerprint": finding.fingerprint,
    }


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}


def _frame(frame: Frame) -> dict[str, Any]:
    return {"path": frame.path, "line": frame.line, "column": frame.column, "function": frame.function, "text": frame.text}


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "applicability": fix.applicability.value,
        "edits": [{"path": edit.path, "start": _position(edit.span.start), "end": _position(edit.span.end), "text": edit.text} for edit in fix.edits],
        "imports": [{"path": each.path, "module": each.module, "name": each.name} for each in fix.imports],
        "declarations": [{"path": each.path, "text": each.text} for each in fix.declarations],
    }


def of_problem(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "line": problem.line, "column": problem.column, "message": problem.message, "code": problem.code}


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
