"""Promise 11: walking every module, and every function of it, finds exactly what walking the suspects finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asynclint import engine
from asynclint.model import Finding
from asynclint.testing import fixture_sources, fixtures, lint_files, lint_text

pytestmark = pytest.mark.matrix

FIXTURES = Path(__file__).parents[2] / "fixtures"


def found(path: Path) -> dict[str, tuple[Finding, ...]]:
    files = fixture_sources(path)
    return lint_files(files) if path.is_dir() else {name: lint_text(text, name) for name, text in files.items()}


def places(findings: dict[str, tuple[Finding, ...]]) -> list[tuple[object, ...]]:
    return [(name, f.code, f.span, f.message.replace(f.path, ""), f.fingerprint) for name, each in findings.items() for f in each]


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_walking_everything_finds_nothing_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suspects = places(found(path))

    def everyone(program: Any, module: int, rules: Any, known: Any) -> Any:
        return engine.Suspects(tuple(rules), None)

    monkeypatch.setattr(engine, "suspicious", everyone)
    assert places(found(path)) == suspects


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_walking_all_rules_through_suspicious_functions_finds_nothing_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suspects, suspicious = places(found(path)), engine.suspicious

    def every_rule(program: Any, module: int, rules: Any, known: Any) -> Any:
        return suspicious(program, module, rules, known)._replace(rules=tuple(rules))

    monkeypatch.setattr(engine, "suspicious", every_rule)
    assert places(found(path)) == suspects
