"""JUnit's XML, which most CI servers read: a suite for each file with findings, a failed case for each finding, and an error for each problem."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

from asynclint.model import Finding, Problem, RunResult
from asynclint.report import Paint, escape, hop, plain

# What XML 1.0 has no place for, not even escaped; most of it `escape` has written in another way before.
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(result: RunResult, _paint: Paint = plain) -> str:
    suites: dict[str, tuple[list[Finding], list[Problem]]] = {}
    for finding in result.findings:
        suites.setdefault(finding.path, ([], []))[0].append(finding)
    for problem in sorted(result.all_problems):
        suites.setdefault(problem.path, ([], []))[1].append(problem)
    parts = [part for path in sorted(suites) for part in _suite(path, *suites[path])]
    if not parts:  # a report without any case is taken for a run that did not take place
        parts = [
            '<testsuite name="asynclint" tests="1" failures="0" errors="0">',
            '<testcase classname="asynclint" name="no findings"/>',
            "</testsuite>",
        ]
    failures, errors = len(result.findings), len(result.all_problems)
    head = f'<testsuites name="asynclint" tests="{failures + errors or 1}" failures="{failures}" errors="{errors}">'
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *parts, "</testsuites>"]) + "\n"


def _suite(path: str, findings: Sequence[Finding], problems: Sequence[Problem]) -> list[str]:
    name = _attribute(path or "asynclint")
    lines = [f'<testsuite name={name} tests="{len(findings) + len(problems)}" failures="{len(findings)}" errors="{len(problems)}">']
    for finding in findings:
        start = finding.span.start
        body = [f"{finding.path}:{start.line}:{start.column}: {finding.code} {finding.message}"]
        if len(finding.chain) > 1:
            body += map(hop, finding.chain)
        body += [text for text in (finding.help, f"no fix: {finding.no_fix}" if finding.no_fix else "") if text]
        lines += [
            f'<testcase classname={name} name={_attribute(f"{finding.code} {start.line}:{start.column}")} file={name} line="{start.line}">',
            f"<failure type={_attribute(finding.name)} message={_attribute(finding.message)}>{_lines(body)}</failure>",
            "</testcase>",
        ]
    for problem in problems:
        place = f"{problem.code} {problem.line}:{problem.column}" if problem.line else problem.code
        lines += [
            f"<testcase classname={name} name={_attribute(place)} file={name}>",
            f'<error type="error" message={_attribute(problem.message)}/>',
            "</testcase>",
        ]
    return [*lines, "</testsuite>"]


def _attribute(text: str) -> str:
    return quoteattr(_INVALID.sub("\ufffd", escape(text)))


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(xml_text(_INVALID.sub("\ufffd", escape(text))) for text in texts)
