"""Every fixture, and what all fixtures together must cover."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from asynclint import registry
from asynclint.config import Settings
from asynclint.testing import check_fixture, fixtures, lint_text, parse_fixture, update_fixture, with_plugins

ROOT = Path(__file__).parent.parent / "fixtures"
ALL = fixtures(ROOT)
RULES = registry.load(Settings(root="/"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_fixture(path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-fixtures"):
        update_fixture(path)
    check_fixture(path)


def test_every_rule_has_its_folder_and_every_folder_its_rule() -> None:
    assert {path.name for path in ROOT.iterdir()} == {rule.name for rule in RULES} | {"plugin", "projects"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_at_least_three_bad_and_five_ok_fixtures(rule: registry.Rule) -> None:
    names = [path.name for path in ALL if path.parent.name == rule.name]
    count = Counter(name.partition("_")[0] for name in names)
    assert count["bad"] >= 3
    assert count["ok"] >= 5


@pytest.mark.parametrize("path", [p for p in ALL if p.name.startswith("bad_")], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_bad_fixture_shows_the_rule_of_its_folder(path: Path) -> None:
    code = next(rule.code for rule in RULES if rule.name == path.parent.name)
    _, expected = parse_fixture(path.read_text(encoding="utf-8"))
    assert code in {each.code for each in expected}


def test_no_scenario_stands_in_two_folders() -> None:
    texts = Counter(parse_fixture(path.read_bytes().decode())[0].strip() for path in ALL if path.is_file())
    assert [text for text, number in texts.items() if number > 1] == []


def test_every_golden_belongs_to_a_fixture() -> None:
    every = {*ALL, *fixtures(ROOT / "plugin")}
    known = {path.with_suffix("") for path in every} | every
    goldens = [p for p in ROOT.rglob("*") if p.name.endswith((".fixed.py", ".unsafe.py", ".fixed", ".unsafe"))]
    assert [p for p in goldens if p.with_name(p.name.removesuffix(".py")).with_suffix("") not in known] == []


def test_the_fixtures_of_a_distribution_are_its_own() -> None:
    assert not [path for path in ALL if ROOT / "plugin" in path.parents]
    assert len(fixtures(ROOT / "plugin")) == 3


def test_a_caret_line_that_is_indented_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"line 3: a caret line begins with `#!` in the first column"):
        parse_fixture("async def f():\n    time.sleep(1)\n    #! ^^^ ASL101 safe\n")


def test_rules_of_a_file_are_tested_too(tmp_path: Path) -> None:
    source = Path(__file__).parent.parent / "fixtures" / "plugin" / "team_rules.py"
    plugin = tmp_path / "own_rules.py"
    plugin.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")

    found = lint_text("import asyncio\n\nasync def f(g):\n    return await asyncio.ensure_future(g)\n", settings=with_plugins(str(plugin)))

    assert [each.code for each in found] == ["TEA102"]


def test_a_node_that_has_no_place_is_told(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "fixtures" / "plugin" / "team_rules.py").read_text(encoding="utf-8")
    plugin = tmp_path / "own_rules.py"
    plugin.write_text(text.replace("ctx.span(node.func)", "ctx.span(node.args[0])"), encoding="utf-8")

    with pytest.raises(AssertionError, match="TypeError: a `Arg` has no place of its own; ask for the node around it"):
        lint_text("import asyncio\n\nasync def f(g):\n    return await asyncio.ensure_future(g)\n", settings=with_plugins(str(plugin)))
