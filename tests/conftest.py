"""`pytest --update-fixtures` writes the caret lines and goldens of all fixtures as asynclint sees them now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.pop("VIRTUAL_ENV", None)  # whose packages the tests must not depend on


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-fixtures", action="store_true", help="rewrite the caret lines and goldens of the fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process has all tests of a fixture: most of them ask the same of asynclint first."""
    for item in items:
        path = getattr(item, "callspec", None) and item.callspec.params.get("path")  # type: ignore[attr-defined]
        if isinstance(path, Path):
            item.add_marker(pytest.mark.xdist_group(str(path)))
