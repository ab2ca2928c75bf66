"""Workflow commands, which GitHub Actions shows beside the code: `::error file=app.py,line=3::message`.

Source: "Workflow commands for GitHub Actions" in GitHub's documentation, and the escaping of `command.ts` in its package `@actions/core`.
"""

from __future__ import annotations

from asynclint.model import Finding, Problem, RunResult, Severity
from asynclint.report import Paint, escape, hop, in_repository, plain

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def report(result: RunResult, _paint: Paint = plain) -> str:
    lines = [_finding(finding, result) for finding in result.findings]
    lines += [_problem(problem, result) for problem in sorted(result.all_problems)]
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding, result: RunResult) -> str:
    start, end = finding.span.start, finding.span.end
    place: dict[str, object] = {"file": in_repository(finding.path, result), "line": start.line, "endLine": end.line}
    if start.line == end.line:  # GitHub takes columns for nothing but one line
        place |= {"col": start.column, "endColumn": end.column}
    message = [f"{finding.path}:{start.line}:{start.column}: {finding.code} {finding.message}"]
    if len(finding.chain) > 1:
        message += map(hop, finding.chain)
    return _command(_COMMANDS[finding.severity], {"title": f"{finding.code} {finding.name}", **place}, message)


def _problem(problem: Problem, result: RunResult) -> str:
    place: dict[str, object] = {"file": in_repository(problem.path, result)} if problem.path else {}
    place |= {name: number for name, number in (("line", problem.line), ("col", problem.column)) if number}
    return _command("error", {"title": problem.code, **place}, [problem.message])


def _command(name: str, properties: dict[str, object], message: list[str]) -> str:
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {told}::{'%0A'.join(_data(line) for line in message)}"


def _data(text: str) -> str:
    """One line of a message; control characters in it are shown as escape sequences, since the log of a run is read in a browser and a terminal."""
    return escape(text).replace("%", "%25")


def _property(text: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(char, code)
    return escape(text)
