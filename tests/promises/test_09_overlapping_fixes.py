"""Promise 9: the outcome of overlapping fixes is that of some order of applying them one after another, and always the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from asynclint.fix import fixer
from asynclint.model import Applicability, Finding, Fix
from asynclint.source import Source
from asynclint.testing import fix_text, fixture_sources, fixtures, lint_text

pytestmark = pytest.mark.matrix

FIXTURES = Path(__file__).parents[2] / "fixtures"
LIMIT = 30  # fixes one after another
ORDERS: dict[str, Callable[[Sequence[Fix]], Fix]] = {
    "first": lambda fixes: fixes[0],
    "last": lambda fixes: fixes[-1],
    "random": random.Random(7).choice,
}


def one_by_one(text: str, choose: Callable[[Sequence[Fix]], Fix]) -> str:
    """The text after applying a chosen fix, then a chosen one of those that are then offered, and so on."""
    for _ in range(LIMIT):
        fixes = [finding.fix for finding in sorted(lint_text(text), key=_place) if finding.fix and fixer.allowed(finding.fix, Applicability.UNSAFE)]
        if not fixes:
            return text
        source = Source.from_bytes("x.py", text.encode())
        text = fixer._changed("x.py", [choose(fixes)], source).text
    raise AssertionError(f"{LIMIT} fixes were not enough")


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.span.start.offset, finding.span.end.offset, finding.code


FILES = [path for path in fixtures(FIXTURES) if path.is_file() and path.name.startswith("bad_")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_all_at_once_equals_one_after_another(path: Path) -> None:
    (text,) = fixture_sources(path).values()
    together = fix_text(text, Applicability.UNSAFE)
    assert together in {one_by_one(text, choose) for choose in ORDERS.values()}
