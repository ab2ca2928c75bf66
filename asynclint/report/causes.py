"""Findings by their cause: one blocking call behind one helper may be reached from a hundred places, and is mended once."""

from __future__ import annotations

from collections.abc import Iterable

from asynclint.model import Finding

_FRAMES = 2  # the primitive, and the frame above it
Place = tuple[str, int, int]


def by_cause(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """The findings of each cause, in their order; causes in the order of their first findings.

    Findings of one rule that share the primitive at the end of their chains and the call above it have one cause. A chain that is no longer than
    that begins at the finding's own place, which it shares with none.
    """
    groups: dict[tuple[str, tuple[Place, ...]] | int, list[Finding]] = {}
    for number, finding in enumerate(findings):
        shared = tuple((frame.path, frame.line, frame.column) for frame in finding.chain[-_FRAMES:])
        key = (finding.code, shared) if len(finding.chain) > _FRAMES else number
        groups.setdefault(key, []).append(finding)
    return [tuple(group) for group in groups.values()]
