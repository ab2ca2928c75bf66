"""Every rule's page is true: its example is flagged by that rule and no other, what to use instead is clean, and the fix leads from one to the other."""

from __future__ import annotations

import re

import pytest

from asynclint import registry
from asynclint.config import Settings
from asynclint.model import Applicability
from asynclint.testing import fix_text, lint_text
from asynclint.walk.rule import Rule

RULES = registry.load(Settings(root="/"))
SECTION = re.compile(r"^## (?P<heading>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def own(rule: Rule) -> Settings | None:
    """Settings in which a pedantic rule is on; None stands for those of all others."""
    return Settings(root="/", tests_may_block=False, jobs=1, extend_select=(rule.name,)) if rule.pedantic else None


def alone(rule: Rule) -> Settings | None:
    """Settings in which only a pedantic rule is on: it says of the findings of others what else can be done."""
    return Settings(root="/", select=(rule.code,)) if rule.pedantic else None


def code(rule: Rule, heading: str) -> str:
    """The code under a heading of a rule's page."""
    (section,) = [match["body"] for match in SECTION.finditer(rule.doc) if match["heading"] == heading]
    (block,) = CODE.findall(section)
    return str(block)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_example_is_flagged_by_its_rule_alone(rule: Rule) -> None:
    assert {finding.code for finding in lint_text(code(rule, "Example"), settings=alone(rule))} == {rule.code}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_use_instead_is_clean(rule: Rule) -> None:
    assert lint_text(code(rule, "Use instead"), settings=own(rule)) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_the_fix_makes_of_the_example_is_what_to_use_instead(rule: Rule) -> None:
    example, instead = code(rule, "Example"), code(rule, "Use instead")
    if any(finding.fix for finding in lint_text(example, settings=own(rule))):
        unused = [line for line in example.splitlines() if line.startswith("import ") and line not in instead.splitlines()]
        fixed = [line for line in fix_text(example, Applicability.UNSAFE, settings=own(rule)).splitlines() if line not in unused]
        assert [line for line in fixed if line] == [line for line in instead.splitlines() if line]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_section_says_something(rule: Rule) -> None:
    sections = {match["heading"]: match["body"].strip() for match in SECTION.finditer(rule.doc)}
    assert list(sections) == ["Why is this bad?", "Example", "Use instead", "Fix safety"]
    assert all(sections.values())
    assert rule.summary.endswith((".", "their like."))
    assert "please" not in rule.doc.lower()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_messages_are_one_sentence_with_the_code_s_own_names(rule: Rule) -> None:
    for finding in lint_text(code(rule, "Example"), settings=alone(rule)):
        assert "\n" not in finding.message
        assert not finding.message.endswith(".")
        assert "`" in finding.message
        assert finding.name == rule.name
        assert bool(finding.fix) != bool(finding.no_fix)
