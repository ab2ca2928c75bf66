"""Reports: what each format says of the same result."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
from builders import finding, fix, result, span

from asynclint import report
from asynclint.model import Applicability, Declaration, Edit, Finding, Fix, Frame, Import, Problem, RunResult, Span
from asynclint.report import closing_line, diff, text
from asynclint.report.causes import by_cause
from asynclint.report.layout import columns

SLEEP = finding(fix=fix())
UNSAFE = finding(fix=fix(Applicability.UNSAFE))
HELPER = finding(
    "ASL110",
    "blocking-helper",
    message="`load()` reads a file and stops the event loop",
    at=span(12, 11, 6),
    chain=(Frame("app.py", 12, 11, "main", "cfg = load()"), Frame("lib/io.py", 4, 8, "load", "return open(PATH).read()")),
    help="run it in a thread",
    no_fix="`load` touches the loop",
)


def render(name: str, shown: RunResult) -> str:
    return report.formatter(name)(shown, report.plain)


# ---------------------------------------------------------------------------------------------------------- text


def test_text_shows_code_chain_and_why_there_is_no_fix() -> None:
    shown = result(HELPER, lines={("app.py", 12): "    cfg = load()\n"})

    assert render("text", shown) == (
        "ASL110 blocking-helper error: `load()` reads a file and stops the event loop\n"
        "  --> app.py:12:11\n"
        "   |\n"
        "12 |     cfg = load()\n"
        "   |           ^^^^^^\n"
        "   |\n"
        "   = chain:\n"
        "       app.py:12:11 in main: cfg = load()\n"
        "         lib/io.py:4:8 in load: return open(PATH).read()\n"
        "   = help: run it in a thread\n"
        "   = no fix: `load` touches the loop\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("applicability", "words"),
    [
        (Applicability.SAFE, "(safe: --fix applies it)"),
        (Applicability.UNSAFE, "(unsafe: --fix --unsafe-fixes applies it)"),
        (Applicability.MANUAL, "(shown only)"),
    ],
)
def test_text_says_who_applies_the_fix(applicability: Applicability, words: str) -> None:
    assert f" = fix: await `asyncio.sleep` {words}\n" in render("text", result(finding(fix=fix(applicability))))


def test_a_chain_of_one_call_is_the_finding_itself() -> None:
    alone = finding(chain=(Frame("app.py", 3, 5, "wait", "time.sleep(1)"),))

    assert "chain" not in render("text", result(alone))


@pytest.mark.parametrize(
    ("line", "column", "width", "carets"),
    [
        ("\ttime.sleep(1)", 2, 13, "    ^^^^^^^^^^^^^"),  # a tab is shown as four spaces
        ("日本.sleep(1)", 3, 9, "    ^^^^^^^^^"),  # wide characters take two columns
        ("e\u0301.sleep(1)", 3, 3, " ^^^"),  # combining ones none
        ("a\x0cb.sleep(1)", 3, 2, "     ^^"),  # a form feed is shown as `\x0c`
        ("sleep(1)", 9, 0, "        ^"),  # an empty span has one caret
    ],
)
def test_carets_stand_under_the_code(line: str, column: int, width: int, carets: str) -> None:
    shown = render("text", result(finding(at=span(3, column, width)), lines={("app.py", 3): line}))

    assert f"  | {carets}\n" in shown


def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    start, end = span(3, 1, 4).start, span(5, 2, 0).end
    many = finding(at=type(span(1, 1, 1))(start, end))

    assert "3 | with open(p):\n  | ^^^^^^^^^^^^^\n" in render("text", result(many, lines={("app.py", 3): "with open(p):\r\n"}))


def test_without_the_line_there_is_no_frame() -> None:
    assert render("text", result(SLEEP)).startswith(
        "ASL101 blocking-sleep error: `time.sleep()` stops the event loop\n --> app.py:3:5\n  |\n  = fix: "
    )


def test_the_lines_of_a_span_are_shown_and_what_is_left_of_it_is_told() -> None:
    start, end = span(9, 1, 4).start, span(15, 2, 0).end
    lines = {("app.py", 9 + n): f"line {n}\n" for n in range(5)}
    many = finding(at=Span(start, end), no_fix="so")

    shown = render("text", result(many, lines=lines))

    assert shown.splitlines()[2:-2] == [
        "   |", " 9 | line 0", "   | ^^^^^^", "10 | line 1", "11 | line 2", "12 | line 3", "13 | line 4", "   | ...", "   |",
    ]  # fmt: skip


def test_text_shows_what_the_line_becomes() -> None:
    lines = {("app.py", 3): "    time.sleep(1)\n"}

    assert "\n      + await asyncio.sleep(1)\n" in render("text", result(SLEEP, lines=lines))
    assert "+" not in render("text", result(SLEEP))
    elsewhere = fix(path="other.py")
    assert "+" not in render("text", result(finding(fix=elsewhere), lines=lines))
    several = Fix("x", Applicability.SAFE, (Edit("app.py", span(3, 5, 13), "a\nb"),))
    assert "+" not in render("text", result(finding(fix=several), lines=lines))


# ---------------------------------------------------------------------------------------------------------- the width of a terminal


@pytest.mark.parametrize("width", [56, 57, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    code = "    読み込み = open('" + "日本語" * 60 + "'), time.sleep(1), '" + "x" * 200 + "'"
    chain = tuple(Frame(f"lib/{'m' * n}.py", n, 1, f"函数{n}", code.strip()) for n in range(1, 12))
    message = "`time.sleep()` " + "stops the 事件循環 " * 20
    for start, size in ((1, 1), (5, 4), (5, 300), (code.index("time"), 13), (len(code), 1)):
        found = finding(message=message, at=span(7, start, size), chain=chain, help="do not " * 30, fix=fix(title="await " * 30))
        shown = text.report(result(found, lines={("app.py", 7): code}), report.plain, width)

        assert [line for line in shown.splitlines() if columns(line) > width] == []
        assert "^" in shown


def test_what_is_marked_stays_in_sight() -> None:
    code = f"    x = {'a' * 200}, time.sleep(1), {'b' * 200}"
    at = span(3, code.index("time") + 1, 13)
    wide = Fix("await", Applicability.SAFE, (Edit("app.py", at, "await asyncio.sleep(1)"),))

    shown = text.report(result(finding(at=at, fix=wide), lines={("app.py", 3): code}), report.plain, 80)

    (line,) = [line for line in shown.splitlines() if line.startswith("3 | ")]
    (carets,) = [line for line in shown.splitlines() if "^" in line]
    assert line[carets.index("^") : carets.rindex("^") + 1] == "time.sleep(1)"
    assert line.startswith("3 | ...a") and line.endswith("b...")
    assert ", await asyncio.sleep(1)" in shown


def test_a_path_is_left_whole() -> None:
    place = f"{'directory/' * 12}file.py"
    also = [reaching(line, path=place) for line in (1, 2)]

    shown = text.report(result(*also), report.plain, 60)

    assert f"\n      {place}:2\n" in shown
    assert f"\n      {place}:1:1\n          in main: run()\n" in shown


def test_the_closing_line_is_wrapped_too() -> None:
    line = closing_line(result(SLEEP, UNSAFE, left_out=(("baseline", 3), ("unchanged", 12))), width=40)

    assert line.count("\n") > 1
    assert max(map(len, line.splitlines())) <= 40


# ---------------------------------------------------------------------------------------------------------- findings of one cause


def reaching(line: int, *, path: str = "app.py", above: int = 9, code: str = "ASL110") -> Finding:
    """A finding at this line of a chain that ends in a call at line 4 of `lib/io.py`, reached from the line `above` of it."""
    chain = (Frame(path, line, 1, "main", "run()"), Frame("lib/io.py", above, 3, "run", "load()"), Frame("lib/io.py", 4, 8, "load", "open(PATH)"))
    return finding(code, "blocking-helper", path=path, at=span(line, 1, 5), chain=chain, no_fix="so")


def test_a_cause_is_the_primitive_and_the_call_above_it() -> None:
    first, other_way, second, other_rule = reaching(1), reaching(2, above=7), reaching(3, path="b.py"), reaching(4, code="ASL111")

    assert by_cause([first, other_way, second, other_rule]) == [(first, second), (other_way,), (other_rule,)]


def test_a_short_chain_is_a_cause_of_its_own() -> None:
    assert by_cause([HELPER, HELPER, SLEEP, SLEEP]) == [(HELPER,), (HELPER,), (SLEEP,), (SLEEP,)]


def test_text_shows_one_finding_of_a_cause_and_names_the_others() -> None:
    shown = render("text", result(reaching(1), reaching(2), reaching(3, path="b.py"), reaching(5, above=7)))

    assert shown.count("ASL110 blocking-helper") == 2
    assert "\n  = also: 2 other calls reach this: app.py:2, b.py:3\n" in shown
    assert "1 other call reaches this: app.py:2\n" in render("text", result(reaching(1), reaching(2)))


def test_text_names_no_more_than_a_handful_of_the_others() -> None:
    shown = render("text", result(*[reaching(line) for line in range(1, 132)]))

    assert "130 other calls reach this: app.py:2, :3, :4, :5, :6 and 125 more; --output-format=concise lists all\n" in shown


def test_every_finding_of_a_cause_counts() -> None:
    shown = result(reaching(1), reaching(2), reaching(3, above=7))

    assert render("concise", shown).count("ASL110") == 3
    assert len(json.loads(render("json", shown))["findings"]) == 3
    assert closing_line(shown) == "Found 3 findings with 2 causes in 1 file.\n"
    assert render("statistics", shown).splitlines()[1] == "       3       2      0               0  ASL110 blocking-helper"


def test_the_places_of_a_cause_are_escaped() -> None:
    assert "\x1b" not in render("text", result(reaching(1), reaching(2, path="b\x1b.py")))


# ---------------------------------------------------------------------------------------------------------- injection and colours


@pytest.mark.parametrize("name", ["text", "concise", "json"])
@pytest.mark.parametrize("bad", ["\x1b[2J", "\r", "\u202e", "\u2028", "\x9b", "\udce9"])
def test_control_characters_are_escaped(name: str, bad: str) -> None:
    shown = render(name, _everywhere(bad))

    assert bad not in shown
    assert shown.encode("utf-8")


@pytest.mark.parametrize("name", ["text", "concise", "json"])
def test_names_and_messages_start_no_line(name: str) -> None:
    assert render(name, _everywhere("\n")).count("\n") == render(name, _everywhere("x")).count("\n")


def _everywhere(bad: str) -> RunResult:
    path = f"a{bad}.py"
    nasty = finding(path=path, message=bad, chain=(Frame(path, 1, 1, bad, bad),) * 2, fix=fix(title=bad), help=bad)
    return result(nasty, lines={(path, 3): f"    {bad}x"})


def test_codes_are_links_where_there_are_addresses() -> None:
    shown = report.formatter("concise")(result(SLEEP, HELPER), report.painter({"ASL101": "file:///rules/sleep.py"}))

    assert re.sub("id=[0-9-]+", "", shown).count("\x1b]8;;file:///rules/sleep.py\x1b\\\x1b[1;31mASL101\x1b[0m\x1b]8;;\x1b\\") == 1
    assert shown.count("\x1b]8;") == 2


def test_colours_change_nothing_but_colours() -> None:
    shown = result(SLEEP, HELPER, lines={("app.py", 3): "    time.sleep(1)"})

    for name in ("text", "concise", "statistics"):
        coloured = report.formatter(name)(shown, report.painter())
        assert coloured != render(name, shown)
        assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render(name, shown)


# ---------------------------------------------------------------------------------------------------------- concise and statistics


def test_concise() -> None:
    assert render("concise", result(SLEEP, HELPER)) == (
        "app.py:3:5: ASL101 [*] `time.sleep()` stops the event loop\napp.py:12:11: ASL110 `load()` reads a file and stops the event loop\n"
    )


def test_statistics_count_the_most_frequent_first() -> None:
    some = [SLEEP, finding(), UNSAFE, *[finding("ASL102", "blocking-file-io", fix=fix())] * 10, HELPER]

    assert render("statistics", result(*some)) == (
        "findings  causes  --fix  --unsafe-fixes  rule\n"
        "      10      10     10               0  ASL102 blocking-file-io\n"
        "       3       3      1               1  ASL101 blocking-sleep\n"
        "       1       1      0               0  ASL110 blocking-helper\n"
    )  # fmt: skip


def test_nothing_found_is_nothing_said() -> None:
    assert [render(name, result()) for name in ("text", "concise", "statistics")] == ["", "", ""]


# ---------------------------------------------------------------------------------------------------------- the closing line


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (result(checked=1), "All checks passed: 1 file."),
        (result(checked=120), "All checks passed: 120 files."),
        (result(HELPER), "Found 1 finding in 1 file."),
        (result(SLEEP, finding(path="b.py")), "Found 2 findings in 2 files (1 fixable with --fix)."),
        (result(SLEEP, UNSAFE, UNSAFE), "Found 3 findings in 1 file (1 fixable with --fix, 2 more with --unsafe-fixes)."),
        (result(UNSAFE), "Found 1 finding in 1 file (1 fixable with --fix --unsafe-fixes)."),
        (result(finding(fix=fix(Applicability.MANUAL))), "Found 1 finding in 1 file."),
        (
            result(left_out=(("baseline", 3), ("threshold", 1), ("unchanged", 2))),
            "All checks passed: 1 file. Left out 3 in the baseline, 1 below the threshold, 2 that no change caused.",
        ),
        (result(HELPER, left_out=(("ignored", 2),)), "Found 1 finding in 1 file. Ignored 2 findings."),
        (result(problems=(Problem("a.py", 0, 0, "x"),)), "1 error: not everything could be checked."),
        (result(HELPER, problems=(Problem("a.py", 0, 0, "x"),)), "Found 1 finding in 1 file. 1 error: not everything could be checked."),
        (result(checked=2, changed={"a.py": ("", "x")}, fixed={"ASL101": 3}), "Fixed 3 findings in 1 file. All checks passed: 2 files."),
    ],
)
def test_closing_line(shown: RunResult, line: str) -> None:
    assert closing_line(shown) == line + "\n"


def test_closing_line_of_a_diff() -> None:
    all_fixed = result(changed={"a.py": ("", "x")}, fixed={"ASL101": 1})
    assert closing_line(all_fixed, would=True) == "Would fix 1 finding in 1 file. Would leave none.\n"
    some_left = result(HELPER, changed={"a.py": ("", "x")}, fixed={"ASL101": 1})
    assert closing_line(some_left, would=True) == "Would fix 1 finding in 1 file. Would leave 1 finding in 1 file.\n"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("a.py", 3, 4, "invalid syntax"), "a.py:3:4: error: invalid syntax"),
        (Problem("a.py", 3, 0, "bad"), "a.py:3: error: bad"),
        (Problem("a\n.py", 0, 0, "\x1b"), "a\\n.py: error: \\x1b"),
    ],
)
def test_problem_line(problem: Problem, line: str) -> None:
    assert report.problem_line(problem) == line


# ---------------------------------------------------------------------------------------------------------- json


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
_POSITION = _object(line=_NUMBER, column=_NUMBER)
_EDIT = _object(path=_TEXT, start=_POSITION, end=_POSITION, text=_TEXT)
_IMPORT = _object(path=_TEXT, module=_TEXT, name=_TEXT)
_DECLARATION = _object(path=_TEXT, text=_TEXT)
_FIX = _object(
    title=_TEXT,
    applicability=_TEXT,
    edits={"type": "array", "items": _EDIT},
    imports={"type": "array", "items": _IMPORT},
    declarations={"type": "array", "items": _DECLARATION},
)
_FRAME = _object(path=_TEXT, line=_NUMBER, column=_NUMBER, function=_TEXT, text=_TEXT)
_FINDING = _object(
    **dict.fromkeys(("code", "name", "message", "severity", "confidence", "path", "function"), _TEXT),
    span=_object(start=_POSITION, end=_POSITION),
    chain={"type": "array", "items": _FRAME},
    fix={"anyOf": [_FIX, {"type": "null"}]},
    no_fix=_TEXT,
    fingerprint=_TEXT,
)
_COUNTS = dict.fromkeys(("files", "findings", "fixable", "unsafe_fixable", "fixed"), _NUMBER)
_BY_NAME = {"type": "object", "additionalProperties": _NUMBER}
SCHEMA = _object(
    version={"const": 1},
    findings={"type": "array", "items": _FINDING},
    errors={"type": "array", "items": _object(path=_TEXT, line=_NUMBER, column=_NUMBER, message=_TEXT, code=_TEXT)},
    summary=_object(**_COUNTS, left_out=_BY_NAME, by_rule=_BY_NAME),
)


def test_json_is_what_was_promised() -> None:
    problems = (Problem("z.py", 1, 2, "bad"), Problem("a.py", 0, 0, "worse"))
    document = json.loads(render("json", result(SLEEP, HELPER, UNSAFE, problems=problems, checked=3, fixed={"ASL101": 2, "ASL201": 1})))

    jsonschema.validate(document, SCHEMA)
    assert document["summary"] == {
        "files": 3, "findings": 3, "fixable": 1, "unsafe_fixable": 1, "fixed": 3, "left_out": {}, "by_rule": {"ASL101": 2, "ASL110": 1},
    }  # fmt: skip
    assert [error["path"] for error in document["errors"]] == ["a.py", "z.py"]
    assert document["findings"][0]["span"] == {"start": {"line": 3, "column": 5}, "end": {"line": 3, "column": 18}}
    assert document["findings"][0]["fix"]["edits"][0]["text"] == "await asyncio.sleep(1)"
    assert document["findings"][1]["chain"][1]["function"] == "load"
    assert document["findings"][1]["fix"] is None


def test_json_has_all_that_a_fix_needs() -> None:
    whole = Fix("Keep the task", Applicability.SAFE, (), (Import("app.py", "asyncio"),), (Declaration("app.py", "tasks = set()"),))
    document = json.loads(render("json", result(finding(fix=whole))))

    jsonschema.validate(document, SCHEMA)
    assert document["findings"][0]["fix"]["imports"] == [{"path": "app.py", "module": "asyncio", "name": ""}]
    assert document["findings"][0]["fix"]["declarations"] == [{"path": "app.py", "text": "tasks = set()"}]


# ---------------------------------------------------------------------------------------------------------- diff


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nB"),
        ("a\nb", "a\nb\n"),
        ("a\r\nb\r\n", "a\r\nB\r\n"),
        ("a\x0cb\u2028c\x85d\ne\n", "a\x0cb\u2028c\x85D\ne\n"),
        ("", "a\n"),
        ("a\rb\rc", "a\rB\rc"),
    ],
)
def test_a_diff_is_what_git_takes(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(before.encode())
    patch = diff.report(result(changed={"a.py": (before, after)}))

    subprocess.run(["git", "apply", "-p0", "-"], cwd=tmp_path, input=patch.encode(), check=True, capture_output=True)

    assert file.read_bytes() == after.encode()


def test_a_diff_for_people_has_no_control_characters() -> None:
    before, after = "# \x1b[31m\x9b1m \u202e\tb\x0c\na\rb\r\nc\n", "# \x1b[31m\x9b1m \u202e\tb\x0c\na\rb\r\nd\n"
    changed = result(changed={"a.py": (before, after)})

    assert diff.has_controls(changed) and not diff.has_controls(result(changed={"a.py": ("a\tb\x0c\r\n", "b\u200d\n")}))
    assert diff.report(changed, exact=False) == (
        "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n # \\x1b[31m\\x9b1m \\u202e\tb\x0c\n a\\rb\r\n-c\n+d\n"
    )  # fmt: skip


def test_diff_of_files_in_order_of_path() -> None:
    patch = diff.report(result(changed={"b.py": ("x\n", "y\n"), "a.py": ("x", "y\n")}))

    assert patch == (
        "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n"
        "--- b.py\n+++ b.py\n@@ -1 +1 @@\n-x\n+y\n"
    )  # fmt: skip
