"""How many findings each rule has, the most frequent first; `[*]` where `--fix` mends all of them, `[-]` where it mends some."""

from __future__ import annotations

from asynclint.model import Applicability, Finding, RunResult
from asynclint.report import Paint, has_fix, plain


def report(result: RunResult, paint: Paint = plain) -> str:
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in result.findings:
        by_rule.setdefault((finding.code, finding.name), []).append(finding)
    rows = sorted((-len(findings), rule) for rule, findings in by_rule.items())
    width = max((len(str(-count)) for count, _ in rows), default=0)
    return "".join(f"{-count:>{width}}  {paint(code, 'bold red')}  {_marker(by_rule[code, name], paint)} {name}\n" for count, (code, name) in rows)


def _marker(findings: list[Finding], paint: Paint) -> str:
    fixable = sum(has_fix(finding, Applicability.SAFE) for finding in findings)
    return f"[{paint('*' if fixable == len(findings) else '-', 'cyan')}]" if fixable else "[ ]"
