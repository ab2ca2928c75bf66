"""Reports for programs: what GitHub, GitLab, code scanning and CI servers are given, against what they publish of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from builders import finding, fix, result, span

from asynclint import cli, report
from asynclint.fix import edits
from asynclint.model import About, Applicability, Confidence, Edit, Fix, Frame, Import, Position, Problem, RulePage, RunResult, Severity, Span

SARIF = json.loads((Path(__file__).parent / "schemas/sarif-2.1.0.json").read_text(encoding="utf-8"))
PAGE = RulePage("ASL101", "blocking-sleep", "Flags `time.sleep()`.", "Flags `time.sleep()`.\n\n## Example", Severity.ERROR, Confidence.HIGH)
ABOUT = About("0.1.0", "/home/me/repo/src", "/home/me/repo", (PAGE,))
CHAIN = (Frame("app.py", 12, 11, "main", "cfg = load()"), Frame("lib/io.py", 4, 8, "load", "return open(PATH).read()"))
HELPER = finding("ASL110", "blocking-helper", message="`load()` blocks", at=span(12, 11, 6), chain=CHAIN, help="run it in a thread", no_fix="so")
LONG = finding(at=Span(span(3, 5, 0).start, Position(90, 5, 2)))
PROBLEMS = (Problem("bad.py", 3, 4, "invalid syntax"), Problem("gone.py", 0, 0, "no such file"), Problem("", 0, 0, "fixing did not come to rest"))
RUN = result(finding(fix=fix()), HELPER, LONG, problems=PROBLEMS, lines={("app.py", 3): "    time.sleep(1)\n"})
PROGRAM = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"


def render(name: str, shown: RunResult, about: About | None = ABOUT) -> str:
    from dataclasses import replace

    return report.formatter(name)(replace(shown, about=about), report.plain)


# ---------------------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", sorted(report.FOR_PROGRAMS))
def test_what_could_not_be_checked_is_told(name: str) -> None:
    shown = render(name, result(problems=PROBLEMS))

    assert all(problem.message in shown for problem in PROBLEMS)
    assert "bad.py" in shown


@pytest.mark.parametrize("name", sorted(report.FOR_PROGRAMS))
def test_each_format_works_from_the_command_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(PROGRAM)

    assert cli.run(["--isolated", "--color=always", f"--output-format={name}", "--output-file=out", "."]) == cli.FINDINGS
    shown = (tmp_path / "out").read_text()

    assert "app.py" in shown
    assert "ASL101" in shown
    assert "Found 1 finding" not in shown
    assert "\x1b" not in shown
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------------------------------------------------- GitHub


def test_github() -> None:
    assert render("github", RUN).splitlines() == [
        "::error title=ASL101 blocking-sleep,file=src/app.py,line=3,endLine=3,col=5,endColumn=18::app.py:3:5: ASL101 `time.sleep()` stops the event loop",
        "::error title=ASL110 blocking-helper,file=src/app.py,line=12,endLine=12,col=11,endColumn=17::app.py:12:11: ASL110 `load()` blocks"
        "%0Aapp.py:12:11 in main: cfg = load()%0Alib/io.py:4:8 in load: return open(PATH).read()",
        "::error title=ASL101 blocking-sleep,file=src/app.py,line=3,endLine=5::app.py:3:5: ASL101 `time.sleep()` stops the event loop",
        "::error title=ASL900::fixing did not come to rest",
        "::error title=ASL900,file=src/bad.py,line=3,col=4::invalid syntax",
        "::error title=ASL900,file=src/gone.py::no such file",
    ]


@pytest.mark.parametrize(("severity", "command"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "notice")])
def test_github_says_how_bad_it_is(severity: Severity, command: str) -> None:
    from dataclasses import replace

    assert render("github", result(replace(finding(), severity=severity))).startswith(f"::{command} ")


def test_github_is_told_names_as_they_are() -> None:
    """Read as the runner reads it: `ActionCommand.TryParseV2` of `actions/runner`."""
    name = "100%,a:b\n::error file=x::\r%0A.py"
    line = render("github", result(finding(path=name, message=f"in {name}")), None).rstrip("\n")

    assert "\n" not in line
    head, message = line[2:].split("::", 1)
    properties = dict(each.split("=", 1) for each in head.split(" ", 1)[1].split(","))
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        properties["file"] = properties["file"].replace(code, char)
    assert properties["file"] == name
    assert message.replace("%25", "%").endswith("in 100%,a:b\\n::error file=x::\\r%0A.py")


# ---------------------------------------------------------------------------------------------------------- GitLab

# As documented under "Code Quality report format"; GitLab publishes no schema of it.
_LINE = {"type": "integer", "minimum": 1}
_PLACE = {"type": "object", "properties": {"line": _LINE, "column": _LINE}, "required": ["line"]}
_LINES = {"type": "object", "properties": {"begin": _LINE}, "required": ["begin"]}
_POSITIONS = {"type": "object", "properties": {"begin": _PLACE, "end": _PLACE}, "required": ["begin"]}
_TEXT = {"type": "string", "minLength": 1}
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "description": _TEXT,
            "check_name": _TEXT,
            "fingerprint": _TEXT,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "properties": {"path": {"type": "string", "pattern": r"^(?!\./)"}, "lines": _LINES, "positions": _POSITIONS},
                "required": ["path"],
                "oneOf": [{"required": ["lines"]}, {"required": ["positions"]}],
            },
        },
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
    },
}


def test_gitlab() -> None:
    entries = json.loads(render("gitlab", RUN))

    jsonschema.validate(entries, GITLAB)
    assert entries[0]["location"] == {"path": "src/app.py", "positions": {"begin": {"line": 3, "column": 5}, "end": {"line": 3, "column": 18}}}
    assert [entry["check_name"] for entry in entries[1:4]] == ["blocking-helper", "blocking-sleep", "error"]
    assert json.loads(render("gitlab", result())) == []


def test_gitlab_can_tell_all_entries_apart() -> None:
    """A finding's own fingerprint does not know its file: two copies of a file have the same ones."""
    problem = Problem("c.py", 1, 1, "the same")
    twins = [finding(path=path) for path in ("a.py", "b.py")]
    entries = json.loads(render("gitlab", result(*twins, problems=(problem, problem))))

    assert len({entry["fingerprint"] for entry in entries}) == 4
    assert entries == json.loads(render("gitlab", result(*twins, problems=(problem, problem))))


# ---------------------------------------------------------------------------------------------------------- JUnit


def test_junit() -> None:
    root = ET.fromstring(render("junit", RUN))

    assert root.attrib == {"name": "asynclint", "tests": "6", "failures": "3", "errors": "3"}
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("asynclint", "1"), ("app.py", "3"), ("bad.py", "1"), ("gone.py", "1")]
    case = root[1][1]
    assert case.attrib == {"classname": "app.py", "name": "ASL110 12:11", "file": "app.py", "line": "12"}
    assert (case[0].tag, case[0].get("type"), case[0].get("message")) == ("failure", "blocking-helper", "`load()` blocks")
    assert (case[0].text or "").splitlines()[1:] == [
        "app.py:12:11 in main: cfg = load()",
        "lib/io.py:4:8 in load: return open(PATH).read()",
        "run it in a thread",
        "no fix: so",
    ]
    assert root[2][0][0].attrib == {"type": "error", "message": "invalid syntax"}


def test_junit_without_findings_has_a_case_that_passes() -> None:
    root = ET.fromstring(render("junit", result()))
    assert root.attrib == {"name": "asynclint", "tests": "1", "failures": "0", "errors": "0"}
    assert [[(case.get("name"), len(case)) for case in suite] for suite in root] == [[("no findings", 0)]]


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ufffe", "\uffff", "\ud800", "]]>", "<&\"'>", "\n"])
def test_junit_is_xml_whatever_is_in_it(bad: str) -> None:
    chain = (Frame("a.py", 1, 1, bad, bad),) * 2
    root = ET.fromstring(render("junit", result(finding(path=f"a{bad}.py", message=bad, chain=chain), problems=(Problem(bad, 1, 1, bad),))).encode())
    assert len(list(root.iter("testcase"))) == 2


# ---------------------------------------------------------------------------------------------------------- JSON lines


def test_json_lines_are_the_objects_of_json() -> None:
    objects = [json.loads(line) for line in render("json-lines", RUN).splitlines()]
    whole = json.loads(render("json", RUN))

    assert [each.pop("type") for each in objects] == ["finding"] * 3 + ["error"] * 3
    assert objects == whole["findings"] + whole["errors"]
    assert render("json-lines", result()) == ""


# ---------------------------------------------------------------------------------------------------------- SARIF


def sarif(shown: RunResult, about: About | None = ABOUT) -> dict[str, Any]:
    document = json.loads(render("sarif", shown, about))
    jsonschema.validate(document, SARIF, cls=jsonschema.Draft4Validator)
    (run,) = document["runs"]
    return dict(run)


@pytest.mark.parametrize("shown", [RUN, result(), result(finding(path="/else/where.py")), result(finding(fix=Fix("t", Applicability.SAFE, ())))])
@pytest.mark.parametrize("about", [ABOUT, None])
def test_sarif_is_valid(shown: RunResult, about: About | None) -> None:
    sarif(shown, about)


def test_sarif_tells_all_of_a_finding() -> None:
    run = sarif(RUN)
    direct, helper, long = run["results"]

    assert (direct["ruleId"], direct["ruleIndex"], direct["level"]) == ("ASL101", 0, "error")
    place = direct["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/app.py", "uriBaseId": "ROOT"}
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 18}
    assert place["contextRegion"] == {"startLine": 3, "snippet": {"text": "    time.sleep(1)"}}
    assert direct["partialFingerprints"] == {"asynclint/v1": "ASL101-app.py"}
    assert "codeFlows" not in direct
    assert helper["message"] == {"text": "`load()` blocks: run it in a thread"}
    assert "fixes" not in helper
    assert helper["properties"]["noFix"] == "so"
    (flow,) = helper["codeFlows"][0]["threadFlows"]
    hops = [
        (hop["nestingLevel"], hop["location"]["physicalLocation"]["artifactLocation"]["uri"], hop["location"]["message"]["text"])
        for hop in flow["locations"]
    ]
    assert hops == [(0, "src/app.py", "cfg = load()"), (1, "src/lib/io.py", "return open(PATH).read()")]
    assert "contextRegion" not in long["locations"][0]["physicalLocation"]


def test_sarif_tells_of_the_run() -> None:
    run = sarif(RUN)

    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"] == {"ROOT": {"uri": "file:///home/me/repo/"}}
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["fullDescription"] == {"text": "Flags `time.sleep()`."}
    assert (rule["id"], rule["help"]["markdown"], rule["defaultConfiguration"]) == ("ASL101", PAGE.page, {"level": "error"})
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == [
        "fixing did not come to rest",
        "invalid syntax",
        "no such file",
    ]
    assert sarif(result())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_sarif_addresses_lead_to_the_files(tmp_path: Path) -> None:
    about = About("0", str(tmp_path), str(tmp_path))
    for name in ("a b.py", "100%.py", "a:b.py", "#?.py", "äöü日.py", "sub/\udce9.py", "../out.py"):
        (physical,) = (each["physicalLocation"] for each in sarif(result(finding(path=name)), about)["results"][0]["locations"])
        address = physical["artifactLocation"]
        assert re.fullmatch(r"(file:///)?[\w.~%/-]+", address["uri"], re.ASCII)
        told = unquote(address["uri"].removeprefix("file://"), errors="surrogateescape")
        assert (tmp_path / told).resolve() == (tmp_path / name).resolve()
        assert ("uriBaseId" in address) == (name != "../out.py")


def test_sarif_fixes_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the replacements make of the file, alone, is what `--fix` makes of it, the import included."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path / "src")

    assert cli.run(["--isolated", "--output-format=sarif", "app.py"]) == cli.FINDINGS
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SARIF, cls=jsonschema.Draft4Validator)
    (found,) = document["runs"][0]["results"]
    (told,) = found["fixes"]
    (change,) = told["artifactChanges"]

    assert told["properties"] == {"applicability": "safe"}
    assert change["artifactLocation"] == {"uri": "src/app.py", "uriBaseId": "ROOT"}
    assert document["runs"][0]["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == "ASL101"
    replaced = edits.apply(PROGRAM, [_edit(PROGRAM, each) for each in change["replacements"]])
    cli.run(["--isolated", "--fix", "app.py"])
    assert replaced == (tmp_path / "src/app.py").read_text()


def _edit(text: str, replacement: dict[str, Any]) -> Edit:
    region, starts = replacement["deletedRegion"], [0, *(match.end() for match in re.finditer("\n", text))]
    start, end = (starts[region[f"{which}Line"] - 1] + region[f"{which}Column"] - 1 for which in ("start", "end"))
    return Edit("app.py", Span(Position(start, 0, 0), Position(end, 0, 0)), replacement["insertedContent"]["text"])


def test_sarif_tells_what_is_suppressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    silent = ["    time.sleep(1)  # asynclint: ignore[ASL101] -- nobody else runs yet\n", "    time.sleep(1)  # noqa: ASL101\n"]
    (tmp_path / "app.py").write_text(PROGRAM + "".join(silent))
    monkeypatch.chdir(tmp_path)

    assert cli.run(["--isolated", "--output-format=sarif", "app.py"]) == cli.FINDINGS
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SARIF, cls=jsonschema.Draft4Validator)
    results = document["runs"][0]["results"]

    assert [each["suppressions"] for each in results] == [
        [],
        [{"kind": "inSource", "justification": "nobody else runs yet"}],
        [{"kind": "inSource"}],
    ]
    assert len({each["partialFingerprints"]["asynclint/v1"] for each in results}) == 3
    assert cli.run(["--isolated", "--output-format=github", "app.py"]) == cli.FINDINGS
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_sarif_says_what_a_fix_lacks() -> None:
    lacking = fix()
    assert lacking.imports == (Import("app.py", "asyncio"),)
    (told,) = sarif(result(finding(fix=lacking)))["results"][0]["fixes"]
    assert told["properties"] == {"applicability": "manual", "needs": ["asyncio"]}


def test_sarif_fixes_of_standard_input_are_of_standard_input(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("# quite another text\n" * 9)
    command = (sys.executable, "-m", "asynclint", "--isolated", "--output-format=sarif", "--stdin-filename=app.py", "-")
    done = subprocess.run(command, input=PROGRAM, cwd=tmp_path, capture_output=True, text=True, check=False)
    (change,) = json.loads(done.stdout)["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]

    assert edits.apply(PROGRAM, [_edit(PROGRAM, each) for each in change["replacements"]]).startswith("import asyncio\n")
