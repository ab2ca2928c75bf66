"""What of the findings is wanted: those that are severe and sure enough, not in the baseline, and caused by a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from asynclint.model import Confidence, Finding, RunResult, Severity

if TYPE_CHECKING:
    from asynclint.baseline import Baseline
    from asynclint.config import Settings
    from asynclint.since import Changes

_SEVERITIES = tuple(Severity)  # the gravest first
_CONFIDENCES = tuple(Confidence)  # the surest first


class Narrowing:
    """What to leave out of a result. Results from a cache are narrowed alike, for nothing but the finding decides.

    What was said of a finding holds to the end of a run, also when fixes have moved its line.
    """

    def __init__(self, settings: Settings, baseline: Baseline | None = None, changes: Changes | None = None) -> None:
        self.baseline = baseline
        self._settings = settings
        self._changes = changes
        self._reasons: dict[tuple[str, str], str] = {}

    def reason(self, finding: Finding) -> str:
        """Why a finding is left out; empty if it is wanted."""
        key = finding.path, finding.fingerprint
        if key not in self._reasons:
            self._reasons[key] = self._reason(finding)
        return self._reasons[key]

    def _reason(self, finding: Finding) -> str:
        if self.baseline is not None and self.baseline.knows(finding):
            return "baseline"
        if not self.is_grave(finding):
            return "threshold"
        if self._changes is not None and not self._changes.caused(finding):
            return "unchanged"
        return ""

    def wants(self, finding: Finding) -> bool:
        return not self.reason(finding)

    def is_grave(self, finding: Finding) -> bool:
        """Whether a finding is as severe and as sure as the settings ask for."""
        severe = _SEVERITIES.index(finding.severity) <= _SEVERITIES.index(Severity(self._settings.min_severity))
        return severe and _CONFIDENCES.index(finding.confidence) <= _CONFIDENCES.index(Confidence(self._settings.min_confidence))


def narrowing(settings: Settings, *, baseline: str | None, since: str | None) -> Narrowing:
    """What the settings, the baseline at a path and a git revision ask to leave out. Raises ConfigError."""
    known = changes = None
    if baseline is not None:
        from asynclint.baseline import Baseline

        known = Baseline.read(baseline)
    if since is not None:
        from asynclint.since import Changes

        changes = Changes(since, settings.root)
    return Narrowing(settings, known, changes)


def without(result: RunResult, reason: Callable[[Finding], str]) -> RunResult:
    """A result without the findings for which there is a reason to leave them out, counted by reason."""
    counts = dict(result.left_out)
    files = []
    for file in result.files:
        kept = []
        for finding in file.findings:
            why = reason(finding)
            if why:
                counts[why] = counts.get(why, 0) + 1
            else:
                kept.append(finding)
        files.append(file if len(kept) == len(file.findings) else replace(file, findings=tuple(kept)))
    return replace(result, files=tuple(files), left_out=tuple(sorted(counts.items())))
