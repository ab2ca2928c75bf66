"""For each rule how many findings it has, how many causes these have, and how many `--fix` and `--unsafe-fixes` mend; the most frequent first."""

from __future__ import annotations

from asynclint.model import Applicability, Finding, RunResult
from asynclint.report import Paint, has_fix, plain
from asynclint.report.causes import by_cause

_HEADINGS = ("findings", "causes", "--fix", "--unsafe-fixes")


def report(result: RunResult, paint: Paint = plain) -> str:
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in result.findings:
        by_rule.setdefault((finding.code, finding.name), []).append(finding)
    if not by_rule:
        return ""
    lines = [f"{'  '.join(_HEADINGS)}  rule\n"]
    for (code, name), findings in sorted(by_rule.items(), key=lambda item: (-len(item[1]), item[0])):
        safe, unsafe = (sum(has_fix(finding, level) for finding in findings) for level in (Applicability.SAFE, Applicability.UNSAFE))
        counts = (len(findings), len(by_cause(findings)), safe, unsafe)
        cells = [f"{count:>{len(heading)}}" for count, heading in zip(counts, _HEADINGS, strict=True)]
        lines.append(f"{'  '.join(cells)}  {paint(code, 'bold red')} {name}\n")
    return "".join(lines)
