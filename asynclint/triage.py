"""Which files may hold suppressions: asked of every file, so it loads nothing."""

from __future__ import annotations


def may_report(text: str) -> bool:
    """Whether a file may hold suppressions that have to be reported even if it has no finding; if not, they can wait for a finding."""
    return "asynclint:" in text or ("ASL" in text and has_noqa(text))


def has_noqa(text: str) -> bool:
    """Whether a text may hold a `# noqa`."""
    return "noqa" in text or "NOQA" in text or "NoQA" in text
