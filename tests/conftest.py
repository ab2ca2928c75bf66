"""`pytest --update-fixtures` writes the caret lines and goldens of all fixtures as asynclint sees them now."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-fixtures", action="store_true", help="rewrite the caret lines and goldens of the fixtures")
