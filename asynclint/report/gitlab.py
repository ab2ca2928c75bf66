"""A Code Quality report, which GitLab shows in merge requests. Source: "Code Quality report format" in GitLab's documentation."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import blake2b
from typing import Any

from asynclint.model import Finding, Problem, RunResult, Severity
from asynclint.report import Paint, in_repository, plain

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def report(result: RunResult, _paint: Paint = plain) -> str:
    entries = [_finding(finding, result) for finding in result.findings]
    seen: Counter[tuple[str, ...]] = Counter()
    for problem in sorted(result.all_problems):
        same = (problem.path, problem.message)
        entries.append(_problem(problem, seen[same], result))
        seen[same] += 1
    return json.dumps(entries, indent=2) + "\n"


def _finding(finding: Finding, result: RunResult) -> dict[str, Any]:
    start, end = finding.span.start, finding.span.end
    path = in_repository(finding.path, result)
    return {
        "description": f"{finding.code}: {finding.message}",
        "check_name": finding.name,
        "fingerprint": _fingerprint(path, finding.code, finding.fingerprint),
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": path,
            "positions": {"begin": {"line": start.line, "column": start.column}, "end": {"line": end.line, "column": end.column}},
        },
    }


def _problem(problem: Problem, number: int, result: RunResult) -> dict[str, Any]:
    path = in_repository(problem.path, result) if problem.path else "."
    return {
        "description": f"{problem.code}: {problem.message}",
        "check_name": "error",
        "fingerprint": _fingerprint(path, problem.code, problem.message, str(number)),
        "severity": "critical",
        "location": {"path": path, "lines": {"begin": problem.line or 1}},
    }


def _fingerprint(*parts: str) -> str:
    """GitLab tells entries of a whole report apart by this; a finding's own fingerprint does so within its file."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
