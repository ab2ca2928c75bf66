"""What asynclint finds in the fixtures and makes of them, found out once for all the promises that ask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from asynclint.model import Applicability, Finding
from asynclint.testing import fix_files, fix_text, fixture_sources, lint_files, lint_text

FIXTURES = Path(__file__).parents[2] / "fixtures"


@lru_cache(maxsize=64)
def found(path: Path) -> Mapping[str, tuple[Finding, ...]]:
    """The findings of a fixture, by file."""
    sources = fixture_sources(path)
    return lint_files(sources) if path.is_dir() else {name: lint_text(text, name) for name, text in sources.items()}


@lru_cache(maxsize=64)
def fixed(path: Path, level: Applicability) -> Mapping[str, str]:
    """The files of a fixture after fixing."""
    sources = fixture_sources(path)
    return fix_files(sources, level) if path.is_dir() else {name: fix_text(text, level, name) for name, text in sources.items()}
