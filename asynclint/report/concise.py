"""One line for each finding: `path:line:col: ASL101 message`, with `[*]` where `--fix` mends it."""

from __future__ import annotations

from asynclint.model import Applicability, Finding, RunResult
from asynclint.report import Paint, escape, has_fix, plain


def report(result: RunResult, paint: Paint = plain) -> str:
    return "".join(_line(finding, paint) for finding in result.findings)


def _line(finding: Finding, paint: Paint) -> str:
    start = finding.span.start
    path, code = paint(escape(finding.path), "bold"), paint(finding.code, "bold red")
    fixable = paint(" [*]", "magenta") if has_fix(finding, Applicability.SAFE) else ""
    return f"{path}:{start.line}:{start.column}: {code}{fixable} {escape(finding.message)}\n"
