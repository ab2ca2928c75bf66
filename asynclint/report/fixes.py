"""What was fixed, file by file, and what was not, reason by reason."""

from __future__ import annotations

from collections import Counter, defaultdict

from asynclint.model import Applicability, Finding, RunResult
from asynclint.report import Paint, escape, plain

_LEFT = {
    Applicability.SAFE: "its fix is safe: --fix applies it",
    Applicability.UNSAFE: "its fix is unsafe: --unsafe-fixes applies it",
    Applicability.MANUAL: "its fix is only shown",
}
_PLACES = 5  # of findings with the same reason, that are named


def report(result: RunResult, paint: Paint = plain, *, would: bool = False, left: bool = True) -> str:
    """The fixes that were applied (`would`: would be), and, if `left`, the findings that are left, with the reasons."""
    lines = []
    if result.applied:
        lines.append(paint("Would be fixed:" if would else "Fixed:", "bold"))
        for path in sorted({fix.path for fix in result.applied}):
            lines.append(f"  {escape(path)}")
            counts = Counter((fix.code, fix.title) for fix in result.applied if fix.path == path)
            lines += [f"    {count} x {paint(code, 'bold')} {escape(title)}" for (code, title), count in sorted(counts.items())]
    if left and result.findings:
        lines.append(paint("Not fixed:", "bold"))
        by_reason: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in result.findings:
            by_reason[finding.code, _LEFT[finding.fix.applicability] if finding.fix else finding.no_fix].append(finding)
        for (code, reason), findings in sorted(by_reason.items()):
            lines.append(f"  {len(findings)} x {paint(code, 'bold')} {escape(reason)}")
            lines.append(f"    {_places(findings)}")
    return "".join(f"{line}\n" for line in lines)


def _places(findings: list[Finding]) -> str:
    places = ", ".join(f"{escape(finding.path)}:{finding.span.start.line}" for finding in findings[:_PLACES])
    return f"{places} and {len(findings) - _PLACES} more" if len(findings) > _PLACES else places
