"""An old code base: the baseline, what changed since a revision, thresholds, and suppressions that are written; on real files and repositories."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asynclint import cache, check, cli
from asynclint.source import Source

BASELINE = ".asynclint-baseline.json"
CALLER = "from helper import load\n\n\nasync def main():\n    return load()\n"
HELPER = "def load():\n    return open('x').read()\n"
SLEEPS = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def places(self) -> list[str]:
        """`path:line code` of each finding."""
        return [f"{place} {code}" for place, code in re.findall(r"^(.+?:\d+):\d+: (ASL\d+)", self.out, re.MULTILINE)]


Lint = Callable[..., Ran]


@pytest.fixture
def lint(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lint:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("pyproject.toml").touch()

    def lint(*arguments: str) -> Ran:
        code = cli.run(("--output-format=concise", *arguments))
        return Ran(code, *capsys.readouterr())

    return lint


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(text.encode())


def git(*arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], check=True, capture_output=True)


def commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", "x")


@pytest.fixture
def repository(lint: Lint) -> None:
    """A repository with two findings: a sleep, and a blocking helper."""
    git("init", "--quiet", "--initial-branch", "main")
    write("sleeps.py", SLEEPS)
    write("caller.py", CALLER)
    write("helper.py", HELPER)
    commit()


# ---------------------------------------------------------------------------------------------------------- baseline


def test_what_is_in_the_baseline_is_not_reported_wherever_it_moves(lint: Lint) -> None:
    write("a.py", SLEEPS)

    first = lint("--write-baseline")
    write("a.py", f"# moved\n\n{SLEEPS.replace('sleep(1)', 'sleep( 1 )')}")
    second = lint()

    assert (first.code, first.out) == (0, "All checks passed: 1 file. Left out 1 in the baseline.\n")
    assert first.err == f"Wrote 1 finding to {BASELINE}: 1 new, 0 pruned.\n"
    assert (second.code, second.out, second.err) == (0, first.out, "")


def test_a_second_case_of_the_same_is_reported(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")

    write("a.py", f"{SLEEPS}    time.sleep(1)\n\n\nasync def other():\n    time.sleep(1)\n")

    assert lint().places == ["a.py:6 ASL101", "a.py:10 ASL101"]


def test_the_same_in_another_file_is_reported(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")
    write("b.py", SLEEPS)

    assert lint().places == ["b.py:5 ASL101"]


def test_what_is_gone_is_reported_and_pruned(lint: Lint) -> None:
    write("a.py", f"{SLEEPS}    time.sleep(2)\n")
    write("gone.py", SLEEPS)
    lint("--write-baseline")
    write("a.py", SLEEPS)
    Path("gone.py").unlink()

    stale = lint()
    pruned = lint("--write-baseline")

    assert stale.code == 0
    assert stale.err == f"warning: {BASELINE}: 2 findings in it no longer found, in a.py, gone.py; --write-baseline prunes what is gone\n"
    assert pruned.err == f"Wrote 1 finding to {BASELINE}: 0 new, 2 pruned.\n"
    assert list(json.loads(Path(BASELINE).read_text())["files"]) == ["a.py"]
    assert lint().err == ""


@pytest.mark.parametrize("narrower", [["b.py"], ["--select=ASL2"], ["--min-severity=error"], ["--ignore=ASL101"]])
def test_what_was_not_checked_is_neither_stale_nor_pruned(lint: Lint, narrower: list[str]) -> None:
    write("a.py", SLEEPS)
    write("b.py", f"{SLEEPS}    open('x').read()\n")
    lint("--write-baseline")
    before = Path(BASELINE).read_text()

    assert lint(*narrower).err == ""
    lint("--write-baseline", *narrower)
    assert Path(BASELINE).read_text() == before


def test_callers_of_a_file_that_is_checked_alone_are_not_checked(lint: Lint) -> None:
    write("helper.py", HELPER)
    write("caller.py", f"{CALLER}    open('z')\n\n\nasync def other():\n    open('y')\n")
    lint("--write-baseline")
    before = Path(BASELINE).read_text()

    for flags in ([], ["--write-baseline"]):
        ran = lint("helper.py", *flags)
        assert (ran.code, "no more" in ran.err, Path(BASELINE).read_text()) == (0, False, before)
    text = Path("caller.py").read_text()
    lint("helper.py", "--no-baseline", "--add-ignore")
    assert Path("caller.py").read_text() == text


def test_a_file_that_does_not_parse_keeps_its_entries(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")
    before = Path(BASELINE).read_text()
    write("a.py", "def f(:\n")

    assert lint("--write-baseline").code == 2
    assert Path(BASELINE).read_text() == before


def test_the_baseline_is_written_the_same_and_found_from_below(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b/é.py", "a.py", "b/c.py"):
        write(name, SLEEPS)
    lint("--write-baseline")
    before = Path(BASELINE).read_bytes()

    lint("--write-baseline", "b", "a.py")
    assert Path(BASELINE).read_bytes() == before
    assert list(json.loads(before)["files"]) == ["a.py", "b/c.py", "b/é.py"]
    monkeypatch.chdir("b")
    assert lint().out == "All checks passed: 2 files. Left out 2 in the baseline.\n"
    assert not Path(BASELINE).exists()


def test_a_baseline_elsewhere_is_named_by_flag_or_configuration(lint: Lint) -> None:
    write("src/a.py", SLEEPS)
    os.mkdir("known")

    assert lint("--baseline", "known/old.json", "--write-baseline").code == 0
    assert lint().places == ["src/a.py:5 ASL101"]
    assert lint("--baseline=known/old.json").code == 0
    write("pyproject.toml", "[tool.asynclint]\nbaseline = 'known/old.json'\n")
    assert lint().code == 0
    assert lint("--no-baseline").code == 1
    assert list(json.loads(Path("known/old.json").read_text())["files"]) == ["../src/a.py"]


def test_isolated_reads_no_baseline_that_is_not_named(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")

    assert lint("--isolated").code == 1
    assert lint("--isolated", "--baseline", BASELINE).code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no baseline: "),
        ("<<<<<<< HEAD\n", "is no baseline: "),
        ("[" * 100_000, "is no baseline: "),
        ("[]", "is no baseline: it has no `version`"),
        ('{"version": 2, "files": {}}', "is a baseline of version 2, this asynclint reads version 1"),
        ('{"version": 1}', "is no baseline: expected `files` with lists"),
        ('{"version": 1, "files": {"a.py": ["x"]}}', "is no baseline: expected `files` with lists"),
        ('{"version": 1, "files": {"a.py": {"ASL101": "abc"}}}', "is no baseline: expected `files` with lists"),
        ('{"version": 1, "files": {"a.py": {"ASL101": [1]}}}', "is no baseline: expected `files` with lists"),
    ],
)
def test_a_broken_baseline_is_an_error_and_is_not_overwritten(lint: Lint, content: str, message: str) -> None:
    write("a.py", SLEEPS)
    write(BASELINE, content)

    for flags in ([], ["--write-baseline"], ["--exit-zero"]):
        ran = lint(*flags)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert message in ran.err
    assert Path(BASELINE).read_text() == content


def test_a_named_baseline_that_is_missing_is_an_error(lint: Lint) -> None:
    ran = lint("--baseline", "nope.json")

    assert (ran.code, ran.err) == (2, f"error: {Path.cwd()}/nope.json: cannot be read: No such file or directory; --write-baseline makes it\n")


def test_fixes_leave_alone_what_is_known(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")
    write("a.py", f"{SLEEPS}\n\nasync def new():\n    time.sleep(2)\n")

    ran = lint("--fix")

    assert (ran.code, ran.out) == (0, "Fixed 1 finding in 1 file. All checks passed: 1 file. Left out 1 in the baseline.\n")
    assert "time.sleep(1)" in Path("a.py").read_text()
    assert "await asyncio.sleep(2)" in Path("a.py").read_text()


def test_json_counts_what_was_left_out(lint: Lint) -> None:
    write("a.py", SLEEPS)
    lint("--write-baseline")

    document = json.loads(lint("--output-format=json").out)

    assert document["findings"] == []
    assert document["summary"]["left_out"] == {"baseline": 1}


def test_a_remembered_result_is_narrowed_like_a_new_one(
    lint: Lint, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(check, "WORTH_KEEPING", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("home")))
    recalled: list[Any] = []
    recall = cache.Cache.recall
    monkeypatch.setattr(cache.Cache, "recall", lambda *asked: recalled.append(recall(*asked)) or recalled[-1])
    write("a.py", SLEEPS)
    write("b.py", SLEEPS)

    assert len(lint().places) == 2
    lint("--write-baseline")
    assert lint().out == "All checks passed: 2 files. Left out 2 in the baseline.\n"
    assert lint("--no-baseline", "--min-severity=error").code == 1
    assert [bool(result) for result in recalled] == [False, True, True, True]


# ---------------------------------------------------------------------------------------------------------- thresholds


def test_thresholds(lint: Lint) -> None:
    write("a.py", "import asyncio\n\n\nasync def f():\n    return asyncio.get_event_loop()\n")  # a warning

    assert lint("--min-severity=warning").places == ["a.py:5 ASL502"]
    assert (lint("--min-severity=error").code, lint("--min-severity=error").out) == (
        0,
        "All checks passed: 1 file. Left out 1 below the threshold.\n",
    )
    write("pyproject.toml", "[tool.asynclint]\nmin-severity = 'error'\n")
    assert lint("--fix").code == 0
    assert lint("--min-severity=info").code == 1
    write("pyproject.toml", "[tool.asynclint]\nmin-severity = 'grave'\n")
    assert "`min-severity`: expected one of `error`, `warning`, `info`, got `grave`" in lint().err


def test_confidence_has_a_threshold(lint: Lint) -> None:
    swallowing = "async def f(g):\n    while True:\n        try:\n            await g()\n        except BaseException:\n            pass\n"
    write("a.py", swallowing)  # of medium confidence

    assert lint("--min-confidence=medium").places == ["a.py:5 ASL401"]
    assert lint("--min-confidence=high").code == 0


# ---------------------------------------------------------------------------------------------------------- since a revision


def test_nothing_changed_is_nothing_reported(lint: Lint, repository: None) -> None:
    ran = lint("--since", "HEAD")

    assert (ran.code, ran.out) == (0, "All checks passed: 3 files. Left out 2 that no change caused.\n")


def test_only_changed_lines_are_reported(lint: Lint, repository: None) -> None:
    write("sleeps.py", f"# moved\n{SLEEPS}    time.sleep(2)\n")

    assert lint("--since", "HEAD").places == ["sleeps.py:7 ASL101"]
    commit()
    assert lint("--since", "HEAD").places == []
    assert lint("--since", "HEAD~1").places == ["sleeps.py:7 ASL101"]


def test_a_chain_through_a_changed_line_is_caused_by_it(lint: Lint, repository: None) -> None:
    write("helper.py", HELPER.replace("'x'", "'y'"))

    assert lint("--since=HEAD").places == ["caller.py:5 ASL110"]


def test_what_a_function_becomes_by_its_header_is_caused_by_it(lint: Lint, repository: None) -> None:
    write("later.py", "import time\n\n\ndef wait():\n    x = 1\n    time.sleep(x)\n")
    commit()
    write("later.py", "import time\n\n\nasync def wait():\n    x = 1\n    time.sleep(x)\n")

    assert lint("--since=HEAD").places == ["later.py:6 ASL101"]


def test_untracked_files_count_as_changed_and_so_does_what_git_knows_nothing_of(lint: Lint, repository: None) -> None:
    write("new.py", SLEEPS)
    write(".gitignore", "made.py\n")
    write("made.py", SLEEPS)

    assert lint("--since=HEAD").places == ["new.py:5 ASL101"]
    assert lint("--since=HEAD", "--no-respect-gitignore").places == ["made.py:5 ASL101", "new.py:5 ASL101"]


def test_renames_are_followed(lint: Lint, repository: None) -> None:
    git("mv", "sleeps.py", "renamed.py")

    assert lint("--since=HEAD").places == []
    write("renamed.py", f"{SLEEPS}    time.sleep(2)\n")
    assert lint("--since=HEAD").places == ["renamed.py:6 ASL101"]


@pytest.mark.parametrize("name", ["with blank.py", "é.py", 'quo"te.py', "tab\t.py", "b/-dash.py", "日本/c.py", "back\\slash.py"])
def test_names_that_git_quotes(lint: Lint, repository: None, name: str) -> None:
    write(name, SLEEPS)
    commit()
    write(name, f"{SLEEPS}    time.sleep(2)\n")

    ran = lint("--since=HEAD", "--output-format=json")

    assert [(each["path"], each["span"]["start"]["line"]) for each in json.loads(ran.out)["findings"]] == [(name, 6)]


def test_content_that_looks_like_a_diff_is_not_one(lint: Lint, repository: None) -> None:
    text = 'X = """\n++ b/sleeps.py\n@@ -1 +1,99 @@\ndiff --git a/sleeps.py b/sleeps.py\n"""\n'
    write("data.py", text)
    commit()
    write("data.py", text.replace("1,99", "1,98").replace("++ b", "++  b"))

    assert lint("--since=HEAD").places == []


def test_the_users_configuration_of_git_changes_nothing(lint: Lint, repository: None) -> None:
    for key, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "color.ui": "always", "diff.context": "9", "diff.interHunkContext": "99",
        "core.quotePath": "false", "diff.external": "false", "diff.relative": "true", "diff.renames": "false",
    }.items():  # fmt: skip
        git("config", key, value)
    write("sleeps.py", f"# moved\n{SLEEPS}    time.sleep(2)\n")
    write(".gitattributes", "*.py -diff\n")

    assert lint("--since=HEAD").places == ["sleeps.py:7 ASL101"]


def test_three_dots_compare_with_where_the_branch_began(lint: Lint, repository: None) -> None:
    git("checkout", "--quiet", "-b", "feature")
    write("new.py", SLEEPS)
    commit()
    git("checkout", "--quiet", "main")
    write("helper.py", HELPER.replace("'x'", "'y'"))
    commit()
    git("checkout", "--quiet", "feature")

    assert lint("--since=main...").places == ["new.py:5 ASL101"]
    assert lint("--since=main").places == ["caller.py:5 ASL110", "new.py:5 ASL101"]


def test_since_below_the_top_of_the_repository_and_through_a_link(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "--quiet")
    write("part/pyproject.toml", "")
    write("part/a.py", SLEEPS)
    commit()
    write("part/a.py", f"{SLEEPS}    time.sleep(2)\n")
    os.symlink("part", "linked")

    for folder in ("part", "../linked"):
        monkeypatch.chdir(folder)
        assert lint("--since=HEAD").places == ["a.py:6 ASL101"]


@pytest.mark.parametrize("ref", ["nope", "--output=x", "-h", "", "...", "HEAD:sleeps.py", "HEAD..main"])
def test_an_unknown_revision_is_an_error(lint: Lint, repository: None, ref: str) -> None:
    ran = lint(f"--since={ref}")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: --since: `{ref}` is not a revision of {Path.cwd()}; a shallow clone may lack it\n"
    assert not Path("x").exists()


def test_without_a_repository_or_git_since_is_an_error(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", SLEEPS)
    assert lint("--since=HEAD").err == f"error: --since: `{Path.cwd()}` is not in a git repository\n"
    monkeypatch.setenv("PATH", "/nowhere")
    ran = lint("--since=HEAD", "--exit-zero")

    assert (ran.code, ran.err) == (2, "error: --since: git is not installed\n")


def test_fixes_leave_alone_what_did_not_change(lint: Lint, repository: None) -> None:
    write("sleeps.py", f"{SLEEPS}    time.sleep(2)\n")

    diff = lint("--since=HEAD", "--diff")
    ran = lint("--since=HEAD", "--fix")

    assert "+    await asyncio.sleep(2)\n" in diff.out
    assert "sleep(1)" not in "".join(line for line in diff.out.splitlines() if line[0] in "+-")
    assert (ran.code, ran.out) == (0, "Fixed 1 finding in 1 file. All checks passed: 3 files. Left out 2 that no change caused.\n")
    assert "    time.sleep(1)\n    await asyncio.sleep(2)\n" in Path("sleeps.py").read_text()


# ---------------------------------------------------------------------------------------------------------- suppressions

IGNORED = {
    "on the line": ("time.sleep(1)\n", "time.sleep(1)  # asynclint: ignore[ASL101]\n"),
    "without a last newline": ("time.sleep(1)", "time.sleep(1)  # asynclint: ignore[ASL101]"),
    "behind blanks": ("time.sleep(1)  \n", "time.sleep(1)  # asynclint: ignore[ASL101]  \n"),
    "behind a comment": ("time.sleep(1)  # type: ignore\n", "time.sleep(1)  # type: ignore  # asynclint: ignore[ASL101]\n"),
    "two of one line": ("time.sleep(1); time.sleep(2)\n", "time.sleep(1); time.sleep(2)  # asynclint: ignore[ASL101]\n"),
    "in a header": ("if open('x').read(): pass\n", "if open('x').read(): pass  # asynclint: ignore[ASL102]\n"),
    "two rules of one line": ("time.sleep(1), open('x')\n", "time.sleep(1), open('x')  # asynclint: ignore[ASL101, ASL102]\n"),
    "above several lines": ("time.sleep(\n        1\n    )\n", "# asynclint: ignore[ASL101]\n    time.sleep(\n        1\n    )\n"),
    "above a string": ('x = """\n{}\n""".format(open("x"))\n', '# asynclint: ignore[ASL102]\n    x = """\n{}\n""".format(open("x"))\n'),
    "above a continuation": ("x = 1 + \\\n time.sleep(1)\n", "# asynclint: ignore[ASL101]\n    x = 1 + \\\n time.sleep(1)\n"),
    "under another comment": (
        "# Why.\n    time.sleep(\n1)\n",
        "# Why.\n    # asynclint: ignore[ASL101]\n    time.sleep(\n1)\n",
    ),
    "beside another suppression": (
        "time.sleep(open('x'))  # asynclint: ignore[ASL102] -- small\n",
        "time.sleep(open('x'))  # asynclint: ignore[ASL102] -- small  # asynclint: ignore[ASL101]\n",
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("case", IGNORED)
def test_suppressions_are_written_where_they_work(lint: Lint, case: str, newline: str) -> None:
    head = "import time\n\n\nasync def f():\n    "
    before, after = (f"{head}{text}".replace("\n", newline) for text in IGNORED[case])
    write("a.py", before)

    first, text, second = lint("--add-ignore"), Path("a.py").read_bytes().decode(), lint()

    assert (first.code, first.err) == (0, "")
    assert text == after
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(before))
    assert (second.code, second.out, second.err) == (0, "All checks passed: 1 file.\n", "")
    assert lint("--add-ignore").out == second.out
    assert Path("a.py").read_bytes().decode() == after


def test_a_reason_is_written_with_it(lint: Lint) -> None:
    write("a.py", SLEEPS)

    ran = lint("--add-ignore=known, see #12", "a.py")

    assert ran.out == "All checks passed: 1 file. Ignored 1 finding.\n"
    assert Path("a.py").read_text().endswith("    time.sleep(1)  # asynclint: ignore[ASL101] -- known, see #12\n")


@pytest.mark.parametrize("reason", ["two\nlines", "# noqa", "a # b", "\x1b[0m"])
def test_a_reason_that_is_no_comment_is_an_error(lint: Lint, reason: str) -> None:
    write("a.py", SLEEPS)

    assert lint(f"--add-ignore={reason}").code == 2
    assert Path("a.py").read_text() == SLEEPS


def test_a_path_behind_the_flag_is_a_path(lint: Lint) -> None:
    write("a.py", SLEEPS)
    write("b.py", SLEEPS)

    lint("--add-ignore", "a.py")
    lint("--no-cache", "--no-respect-gitignore", "--add-ignore", "b.py")  # through click

    assert "ignore[ASL101]\n" in Path("a.py").read_text()
    assert "ignore[ASL101]\n" in Path("b.py").read_text()


def test_only_what_would_be_reported_is_suppressed(lint: Lint, repository: None) -> None:
    write("sleeps.py", f"{SLEEPS}    time.sleep(2)\n")

    assert lint("--since=HEAD", "--add-ignore").out == "All checks passed: 3 files. Ignored 1 finding. Left out 2 that no change caused.\n"
    assert Path("sleeps.py").read_text() == f"{SLEEPS}    time.sleep(2)  # asynclint: ignore[ASL101]\n"


def test_what_is_fixed_is_not_suppressed(lint: Lint) -> None:
    write("a.py", f"{SLEEPS}    f = [open(p) for p in g()]\n    [time.sleep(x) async for x in f]\n    lambda: None\n")
    write("b.py", "import time\n\n\nasync def f(g):\n    g(x for x in [time.sleep(1)])\n    (lambda: time.sleep(1))()\n")

    ran = lint("--fix", "--add-ignore")

    assert (ran.code, lint().code) == (0, 0)
    assert "await asyncio.sleep(1)" in Path("a.py").read_text()


def test_findings_about_suppressions_are_left(lint: Lint) -> None:
    write("a.py", f"x = 1  # asynclint: ignore[ASL101]\n{SLEEPS}")

    ran = lint("--add-ignore")

    assert (ran.code, ran.places) == (1, ["a.py:1 ASL901"])
    assert Path("a.py").read_text().count("ignore") == 2


def test_a_file_that_cannot_be_written_is_an_error_and_stays(lint: Lint) -> None:
    write("a.py", f"# coding: latin-1\n{SLEEPS}")
    write("b.py", SLEEPS)
    before = Path("a.py").read_bytes()

    ran = lint("--add-ignore=日本")

    assert (ran.code, ran.places) == (2, ["a.py:6 ASL101"])
    assert "does not exist in" in ran.err
    assert Path("a.py").read_bytes() == before
    assert Source.read("b.py").text.endswith("-- 日本\n")


def test_a_reason_that_would_be_a_coding_cookie_is_refused(lint: Lint) -> None:
    write("a.py", "async def g(): import time; time.sleep(\\\n1)\n")
    before = Path("a.py").read_bytes()

    lint("--add-ignore=coding: latin-1")

    assert Path("a.py").read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--write-baseline", "--since=HEAD"], "--write-baseline does not go with --since"),
        (["--write-baseline", "--diff"], "--write-baseline does not go with --diff"),
        (["--write-baseline", "--no-baseline"], "--write-baseline does not go with --no-baseline"),
        (["--add-ignore", "--diff"], "--add-ignore does not go with --diff"),
        (["--write-baseline", "--add-ignore"], "--write-baseline does not go with --add-ignore"),
    ],
)
def test_flags_that_contradict_each_other(lint: Lint, flags: list[str], message: str) -> None:
    ran = lint(*flags)

    assert (ran.code, ran.err) == (2, f"error: {message}\n")
