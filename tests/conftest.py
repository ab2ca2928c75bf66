"""`pytest --update-fixtures` writes the caret lines and goldens of all fixtures as asynclint sees them now."""

from __future__ import annotations

import os

import pytest

os.environ.pop("VIRTUAL_ENV", None)  # whose packages the tests must not depend on


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-fixtures", action="store_true", help="rewrite the caret lines and goldens of the fixtures")
