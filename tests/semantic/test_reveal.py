"""What the program infers, row by row; `reveal.py` says how a row is written."""

from __future__ import annotations

import pytest
from reveal import Row, found, rows


@pytest.mark.parametrize("row", list(rows()), ids=str)
def test_row(row: Row) -> None:
    assert found(row) == row.expected
