from pathlib import Path

import pytest

from asynclint.testing import check_fixture, fixtures, update_fixture


@pytest.mark.parametrize("path", fixtures(Path(__file__).with_name("fixtures")), ids=lambda path: path.stem)
def test_fixture(path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-fixtures"):
        update_fixture(path)
    check_fixture(path)
