"""What suppressions silence, which ones silence nothing, and how those are removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asynclint import suppress, triage
from asynclint.config import Settings
from asynclint.fix.edits import apply, merge
from asynclint.model import Confidence, Finding, Severity
from asynclint.source import Source
from asynclint.testing import lint_text

RULES = {"ASL101": "blocking-sleep", "ASL102": "blocking-file", "ASL201": "lock-across-await"}
KNOWN = frozenset(RULES) | frozenset(RULES.values())


def finding(source: Source, mark: str, code: str = "ASL101") -> Finding:
    start = source.text.index(mark)
    span = source.span(start, start + len(mark))
    return Finding(code, RULES[code], "m", Severity.ERROR, Confidence.HIGH, "a.py", "f", span, (), None, "no", "")


def read(text: str) -> tuple[Source, suppress.Suppressions]:
    source = Source.from_bytes("a.py", text.encode())
    return source, suppress.parse(source)


SUPPRESSED = {
    "on the line": "BAD  # asynclint: ignore[ASL101]\n",
    "with a reason": "BAD  # asynclint: ignore[ASL101] -- once at start, see #12\n",
    "by name": "BAD  # asynclint: ignore[blocking-sleep]\n",
    "among others": "BAD  # asynclint: ignore[ASL201, ASL101]\n",
    "blanket": "BAD  # asynclint: ignore\n",
    "blanket with a reason": "BAD  # asynclint: ignore -- because\n",
    "without spaces": "BAD #asynclint:ignore[ASL101]\n",
    "behind another comment": "BAD  # type: ignore  # asynclint: ignore[ASL101]\n",
    "before another comment": "BAD  # asynclint: ignore[ASL101]  # type: ignore\n",
    "above": "# asynclint: ignore[ASL101]\nBAD\n",
    "above, in a block": "def f():\n    # asynclint: ignore[ASL101] -- why\n    BAD\n",
    "above, with another comment between": "# asynclint: ignore[ASL101]\n# Why.\nBAD\n",
    "above a statement of several lines": "# asynclint: ignore[ASL101]\nx(\n    1,\n    BAD,\n)\n",
    "on the last line of a statement": "x(\n    BAD,\n)  # asynclint: ignore[ASL101]\n",
    "on its own line in a statement": "x(\n    # asynclint: ignore[ASL101]\n    BAD,\n)\n",
    "on a header": "with (\n    BAD,\n):  # asynclint: ignore[ASL101]\n    pass\n",
    "above decorators": "# asynclint: ignore[ASL101]\n@a\n@b\ndef BAD(): ...\n",
    "behind a text of several lines": 'x = """\n\n""", BAD  # asynclint: ignore[ASL101]\n',
    "in the file": "# asynclint: file-ignore[ASL101]\n\nBAD\n",
    "in the file, below": "BAD\n\n# asynclint: file-ignore[ASL101] -- a script\n",
    "in the file, all": "# asynclint: file-ignore\n\nBAD\n",
    "noqa": "BAD  # noqa: ASL101\n",
    "noqa without space": "BAD  # noqa:ASL101,E501\n",
    "noqa with a reason": "BAD  # NOQA: E501 ASL101 long\n",
    "bare noqa": "BAD  # noqa\n",
    "form feed": "\x0cBAD  # asynclint: ignore[ASL101]\n",
    "without newline": "BAD  # asynclint: ignore[ASL101]",
    "astral": "'😀\u2028', BAD  # asynclint: ignore[ASL101]\n",
}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", SUPPRESSED.values(), ids=SUPPRESSED.keys())
def test_suppressed(text: str, newline: str) -> None:
    source, suppressions = read(text.replace("\n", newline))
    assert not suppressions.problems
    kept, unused = suppress.apply([finding(source, "BAD")], suppressions, {"ASL101", "blocking-sleep"})
    assert not kept
    assert not unused


KEPT = {
    "nothing": "BAD\n",
    "another rule": "BAD  # asynclint: ignore[ASL102]\n",
    "a longer code": "BAD  # asynclint: ignore[ASL1012]\n",
    "in a string": "BAD, '# asynclint: ignore[ASL101]'\n",
    "in a docstring": '"""\n# asynclint: file-ignore[ASL101]\n"""\nBAD\n',
    "above, with a blank line between": "# asynclint: ignore[ASL101]\n\nBAD\n",
    "below": "BAD\n# asynclint: ignore[ASL101]\n",
    "on the statement before": "x  # asynclint: ignore[ASL101]\nBAD\n",
    "on the header of the block": "if x:  # asynclint: ignore[ASL101]\n    BAD\n",
    "above the header of the block": "# asynclint: ignore[ASL101]\nif x:\n    BAD\n",
    "in prose": "BAD  # see asynclint: ignore[ASL101]\n",
    "noqa of others": "BAD  # noqa: E501\n",
    "noqa without code": "BAD  # noqa: because\n",
    "noqa of a file for another tool": "# ruff: noqa: ASL101\nBAD\n",
    "mark of a function": "BAD  # asynclint: blocking\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_kept(text: str) -> None:
    source, suppressions = read(text)
    assert not suppressions.problems
    assert suppress.apply([finding(source, "BAD")], suppressions)[0] == (finding(source, "BAD"),)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# asynclint: ingore[ASL101]", "did you mean `ignore`?"),
        ("# asynclint: ignorefile[ASL101]", "did you mean"),
        ("# asynclint: ignore ASL101", "write `# asynclint: ignore[ASL101] -- reason`"),
        ("# asynclint: ignore[ASL101", "write"),
        ("# asynclint: ignore[]", "write"),
        ("# asynclint: ignore[ASL101] because", "write"),
        ("# asynclint: noqa", "is no suppression"),
        ("# asynclint:", "is no suppression"),
        ("# asynclint: blokcing", "did you mean `blocking`?"),
        ("# asynclint: blocking network", "write `# asynclint: blocking[network]`"),
        ("# asynclint: nonblocking (it is)", "write `# asynclint: nonblocking`"),
        ("# asynclint: file-ignore[ASL101]", "put it on a line of its own"),
    ],
)
def test_a_malformed_suppression_is_a_problem(comment: str, message: str) -> None:
    source, suppressions = read(f"x\nBAD  {comment}\n")
    (problem,) = suppressions.problems
    assert (problem.line, problem.column) == (2, 6)
    assert message in problem.message
    assert len(suppress.apply([finding(source, "BAD")], suppressions)[0]) == 1


UNUSED = {
    "whole comment": ("x  # asynclint: ignore[ASL101]\ny\n", "x\ny\n"),
    "with a reason": ("x\t# asynclint: ignore[ASL101] -- why, see #12\n", "x\n"),
    "on its own line": ("if x:\n    # asynclint: ignore[ASL101]\n    y\n", "if x:\n    y\n"),
    "on the last line": ("x\n# asynclint: ignore[ASL101]", "x\n"),
    "before another comment": ("x  # asynclint: ignore[ASL101]  # type: ignore\n", "x  # type: ignore\n"),
    "behind another comment": ("x  # type: ignore  # asynclint: ignore[ASL101]\n", "x  # type: ignore\n"),
    "between comments": ("x  # a  # asynclint: ignore[ASL101] -- b # c\n", "x  # a # c\n"),
    "one of two": ("BAD  # asynclint: ignore[ASL101, ASL102]\n", "BAD  # asynclint: ignore[ASL101]\n"),
    "one of two in noqa": ("x  # noqa:ASL101,E501\n", "x  # noqa:E501\n"),
    "last in noqa": ("x  # noqa: E501, W291, ASL101\n", "x  # noqa: E501, W291\n"),
    "noqa with a reason": ("x  # noqa: ASL101 never blocks\n", "x\n"),
    "noqa alone": ("x  # noqa: ASL101\n", "x\n"),
    "blanket": ("x  # asynclint: ignore\n", "x\n"),
    "file": ("# asynclint: file-ignore[ASL101]\nx\n", "x\n"),
    "twice": ("x  # asynclint: ignore[ASL101]  # noqa: ASL101\n", "x\n"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("text", "expected"), UNUSED.values(), ids=UNUSED.keys())
def test_unused(text: str, expected: str, newline: str) -> None:
    source, suppressions = read(text.replace("\n", newline))
    findings = [finding(source, "BAD")] if "BAD" in text else []
    _, unused = suppress.apply(findings, suppressions)
    assert {notice.code for notice in unused} == {"ASL901"}
    while unused:
        chosen, _ = merge(notice.fix for notice in unused if notice.fix)
        source, suppressions = read(apply(source.text, [edit for fix in chosen for edit in fix.edits]))
        _, unused = suppress.apply(findings, suppressions)
    assert source.text == expected.replace("\n", newline)


@pytest.mark.parametrize("comment", ["# asynclint: ignore[ASL102]", "# asynclint: ignore", "# noqa", "# noqa: E501", "# noqa: ASL102"])
def test_not_unused_while_its_rule_is_off(comment: str) -> None:
    _, suppressions = read(f"x  {comment}\n")
    assert suppress.apply([], suppressions, {"ASL101", "blocking-sleep"})[1] == ()


def test_unknown_codes() -> None:
    source, suppressions = read("x  # asynclint: ignore[blocking-slep, ASL101]\ny  # noqa: ASL999, E501\n")
    notices = suppress.unknown(suppressions, KNOWN)
    assert [(notice.code, source.text[notice.span.start.offset : notice.span.end.offset]) for notice in notices] == [
        ("ASL903", "blocking-slep"),
        ("ASL903", "ASL999"),
    ]
    assert "did you mean `blocking-sleep`?" in notices[0].message


def test_blanket() -> None:
    _, suppressions = read("x  # asynclint: ignore\ny  # asynclint: ignore[ASL101]\nz  # noqa\n")
    assert [notice.span.start.line for notice in suppress.blanket(suppressions)] == [1]


@pytest.mark.parametrize("text", ["x = '''\n# asynclint: ignore", "(\n# asynclint: ignore", "if x:\n  y\n z  # asynclint: ignore\n"])
def test_broken_code_is_no_crash(text: str) -> None:
    read(text)


def test_may_report() -> None:
    assert triage.may_report("# asynclint: ignore")
    assert triage.may_report("# noqa: ASL101")
    assert not triage.may_report("# noqa: E501")


def test_suppressions_of_every_rule_are_findings_where_pedantic_rules_are_on() -> None:
    text = "import time\nasync def f():\n    time.sleep(1)  # asynclint: ignore\n"
    plain = Settings(root="/", jobs=1)

    found = [lint_text(text, settings=settings) for settings in (plain, replace(plain, pedantic=True), replace(plain, extend_select=("ASL902",)))]

    assert [[each.code for each in findings] for findings in found] == [[], ["ASL902"], ["ASL902"]]
