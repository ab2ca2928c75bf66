"""Promise 7: what is fixed safely is found no more, and nothing new is found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from outcomes import FIXTURES, fixed, found

from asynclint.fix.fixer import allowed
from asynclint.testing import LEVELS, fixtures, lint_files, lint_text

pytestmark = pytest.mark.matrix


@pytest.mark.parametrize(
    "path", [p for p in fixtures(FIXTURES) if not p.name.startswith("ok_")], ids=lambda path: path.relative_to(FIXTURES).as_posix()
)
def test_fixed_findings_are_gone_and_none_is_new(path: Path) -> None:
    for level in LEVELS:
        after = fixed(path, level)
        left = lint_files(after) if path.is_dir() else {name: lint_text(text, name) for name, text in after.items()}
        for name, findings in found(path).items():
            unfixed = [f for f in findings if not (f.fix and allowed(f.fix, level))]
            assert Counter((f.code, f.function) for f in left[name]) <= Counter((f.code, f.function) for f in unfixed)
