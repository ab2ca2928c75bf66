"""The command line: what it hands to the runner, what it prints where, and how it exits. The runner here is a stand-in."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from builders import finding, fix, result

import asynclint
import asynclint.commands.rule as rule_command
from asynclint import cli, output
from asynclint.config import Settings
from asynclint.model import Applicability, Applied, Problem, RunResult
from asynclint.options import GROUPS, OPTIONS, ConfigError

FOUND = result(finding(fix=fix()), lines={("app.py", 3): "    time.sleep(1)"})
BROKEN = Problem("bad.py", 1, 7, "invalid syntax")
FIXED = result(changed={"app.py": ("a\n", "b\n")}, fixed={"ASL101": 1})


@dataclass
class Runner:
    """Answers every run with `answer`, and remembers what was asked."""

    answer: RunResult | BaseException = field(default_factory=result)
    requests: list[SimpleNamespace] = field(default_factory=list)

    def run(self, request: SimpleNamespace) -> RunResult:
        self.requests.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    @property
    def asked(self) -> SimpleNamespace:
        (request,) = self.requests
        return request


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    stand_in = Runner()
    _replace_room(monkeypatch, "runner", Request=lambda **given: SimpleNamespace(**given), run=stand_in.run)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return stand_in


def _replace_room(monkeypatch: pytest.MonkeyPatch, name: str, **contents: object) -> None:
    room = ModuleType(f"asynclint.{name}")
    vars(room).update(contents)
    monkeypatch.setitem(sys.modules, f"asynclint.{name}", room)
    monkeypatch.setattr(asynclint, name, room, raising=False)


@dataclass
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Ran:
        code = cli.run(arguments)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    return lambda data: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# ---------------------------------------------------------------------------------------------------------- what is asked of the runner


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ([], (".",)),
        (["src"], ("src",)),
        (["check", "src", "tests"], ("src", "tests")),
        (["--fix", "src"], ("src",)),
        (["check"], (".",)),
        (["--", "-odd.py"], ("-odd.py",)),
        (["./rule"], ("./rule",)),
    ],
)
def test_paths(run: Run, runner: Runner, arguments: Sequence[str], paths: tuple[str, ...]) -> None:
    run(*arguments)

    assert runner.asked.paths == paths
    assert runner.asked.stdin is None


@pytest.mark.parametrize(
    ("flags", "applied", "write"),
    [
        ([], None, True),
        (["--unsafe-fixes"], None, True),
        (["--fix"], Applicability.SAFE, True),
        (["--fix", "--unsafe-fixes"], Applicability.UNSAFE, True),
        (["--fix-only"], Applicability.SAFE, True),
        (["--fix-only", "--unsafe-fixes"], Applicability.UNSAFE, True),
        (["--diff"], Applicability.SAFE, False),
        (["--diff", "--fix-only"], Applicability.SAFE, False),
        (["--diff", "--unsafe-fixes"], Applicability.UNSAFE, False),
        (["--diff", "--fix"], Applicability.SAFE, False),
    ],
)
def test_what_is_fixed_and_written(run: Run, runner: Runner, flags: Sequence[str], applied: Applicability | None, write: bool) -> None:
    run(*flags, ".")

    assert (runner.asked.fix, runner.asked.write) == (applied, write)


def test_fix_only_is_silent_about_what_is_left(run: Run, runner: Runner) -> None:
    runner.answer = replace(FOUND, changed=FIXED.changed, fixed=FIXED.fixed)

    ran = run("--fix-only", ".")

    assert (ran.code, ran.out) == (0, "Fixed 1 finding in 1 file.\n")
    assert run("--fix-only", "--exit-non-zero-on-fix", ".").code == 1


def test_fix_only_hides_no_error(run: Run, runner: Runner) -> None:
    runner.answer = result(problems=(BROKEN,))

    assert run("--fix-only", ".").code == 2


def test_show_fixes(run: Run, runner: Runner) -> None:
    applied = Applied("app.py", "ASL101", "blocking-sleep", "Replace with `await asyncio.sleep(...)`", frozenset({"app.py"}))
    runner.answer = replace(FOUND, changed=FIXED.changed, fixed=FIXED.fixed, applied=(applied,))

    ran = run("--fix", "--show-fixes", "--output-format=concise", ".")

    assert "Fixed:\n  app.py\n    1 x ASL101 Replace with `await asyncio.sleep(...)`\nNot fixed:\n  1 x ASL101 its fix is safe" in ran.out
    assert "Not fixed" not in run("--fix-only", "--show-fixes", ".").out
    assert run("--diff", "--show-fixes", ".").err.startswith("Would be fixed:\n  app.py\n")


def test_flags_become_settings(run: Run, runner: Runner) -> None:
    Path("asynclint.toml").write_text("jobs = 7\npedantic = true\nignore = ['ASL2']\ntimeout = 3")

    run("--select", "ASL1,ASL2", "--select", "ASL301", "--ignore=ASL101", "--exclude", "gen, build", "--per-file-ignores", "a.py:ASL1,ASL2,b/*:ALL")
    settings: Settings = runner.asked.settings

    assert settings.overrides.select == ("ASL1", "ASL2", "ASL301")
    assert settings.overrides.ignore == ("ASL101",)
    assert settings.exclude == ("gen", "build")
    assert settings.per_file_ignores == (("a.py", ("ASL1", "ASL2")), ("b/*", ("ALL",)))
    assert (settings.jobs, settings.pedantic, settings.ignore, settings.timeout) == (7, True, ("ASL2",), 3.0)  # the file's


def test_flags_win_over_the_file(run: Run, runner: Runner) -> None:
    Path("asynclint.toml").write_text("jobs = 7\ntarget-version = '3.10'\nrespect-gitignore = true")

    run("--jobs", "1", "--target-version", "py312", "--no-respect-gitignore")

    settings = runner.asked.settings
    assert (settings.jobs, settings.target_version, settings.respect_gitignore) == (1, (3, 12), False)


def test_config_and_isolated(run: Run, runner: Runner) -> None:
    Path("asynclint.toml").write_text("jobs = 7\ntimeout = 3")

    run("--config", "jobs = 2")
    run("--isolated")

    assert [(each.settings.jobs, each.settings.timeout) for each in runner.requests] == [(2, 3.0), (0, 30.0)]


# ---------------------------------------------------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    ("answer", "flags", "code"),
    [
        (result(), [], 0),
        (FOUND, [], 1),
        (FOUND, ["--exit-zero"], 0),
        (result(problems=(BROKEN,)), [], 2),
        (result(finding(), problems=(BROKEN,)), [], 2),
        (result(finding(), problems=(BROKEN,)), ["--exit-zero"], 2),
        (FIXED, ["--fix"], 0),
        (FIXED, ["--fix", "--exit-non-zero-on-fix"], 1),
        (FIXED, ["--diff"], 1),
        (FIXED, ["--diff", "--exit-zero"], 0),
        (FOUND, ["--diff"], 0),
        (result(changed={"a.py": ("a", "b")}, problems=(BROKEN,)), ["--diff"], 2),
        (KeyboardInterrupt(), [], 130),
        (ConfigError("unknown rule `X`"), [], 2),
        (ConfigError("unknown rule `X`"), ["--exit-zero"], 2),
        (ZeroDivisionError("oops"), ["--exit-zero"], 2),
        (BrokenPipeError(32, "a worker's"), [], 2),
    ],
)
def test_exit_codes(run: Run, runner: Runner, answer: RunResult | BaseException, flags: Sequence[str], code: int) -> None:
    runner.answer = answer

    assert run(*flags).code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--selct=X"], "No such option"),
        (["--jobs", "many"], "'many' is not a valid integer range"),
        (["--output-format", "xml"], "'xml' is not one of 'text', 'concise', 'github',"),
        (["--target-version", "4"], '--target-version: expected a Python version such as "3.10" or "py310", got `4`'),
        (["--per-file-ignores", "ASL1"], "--per-file-ignores: expected PATTERN:RULES, got `ASL1`"),
        (["--config", "selct = []"], "--config: unknown key `selct`; did you mean `select`?"),
        (["--config", "missing.toml"], "missing.toml: cannot be read"),
        (["-", "src"], "cannot be mixed with other paths"),
        (["--stdin-filename", "a.py", "src"], "--stdin-filename goes with `-`"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_2(run: Run, runner: Runner, arguments: Sequence[str], message: str) -> None:
    ran = run(*arguments)

    assert (ran.code, ran.out, runner.requests) == (2, "", [])
    assert ran.err.startswith("error: ")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_crash_leaves_its_traceback_in_a_file(run: Run, runner: Runner) -> None:
    runner.answer = ZeroDivisionError("oops")

    ran = run(".")

    assert ran.err.startswith("error: asynclint crashed: ZeroDivisionError: oops; please report the traceback in ")
    assert ran.err.count("\n") == 1
    log = Path(ran.err.split()[-1])
    assert "Traceback (most recent call last)" in log.read_text()
    log.unlink()


# ---------------------------------------------------------------------------------------------------------- what is printed where


def test_the_report_goes_to_stdout_and_problems_to_stderr(run: Run, runner: Runner) -> None:
    runner.answer = result(finding(), problems=(BROKEN, Problem("nope.py", 0, 0, "no such file or directory")))

    ran = run("--output-format=concise")

    assert ran.out == (
        "app.py:3:5: ASL101 `time.sleep()` stops the event loop\nFound 1 finding in 1 file. 2 errors: not everything could be checked.\n"
    )
    assert ran.err == "bad.py:1:7: error: invalid syntax\nnope.py: error: no such file or directory\n"


def test_quiet_leaves_out_the_closing_line(run: Run, runner: Runner) -> None:
    assert run("-q").out == ""
    assert run().out == "All checks passed: 1 file.\n"


def test_json_is_nothing_but_json(run: Run, runner: Runner) -> None:
    runner.answer = FOUND

    for flags in ([], ["--statistics"], ["--color=always"]):
        assert json.loads(run("--output-format=json", *flags).out)["summary"]["findings"] == 1


def test_statistics(run: Run, runner: Runner) -> None:
    runner.answer = FOUND

    assert run("--statistics", "-q").out.splitlines()[1:] == ["       1       1      1               0  ASL101 blocking-sleep"]


def test_diff_goes_to_stdout_and_the_count_to_stderr(run: Run, runner: Runner) -> None:
    runner.answer = FIXED

    ran = run("--diff")

    assert ran.out == "--- app.py\n+++ app.py\n@@ -1 +1 @@\n-a\n+b\n"
    assert ran.err.startswith("Would fix 1 finding in 1 file.")


def test_output_file_holds_the_report(run: Run, runner: Runner) -> None:
    runner.answer = FOUND
    os.umask(umask := os.umask(0))
    Path("kept.json").touch(mode=0o600)

    first, second = run("--output-format=json", "-o", "out.json"), run("--output-format=json", "-o", "kept.json")

    assert (first.code, first.out, second.out) == (1, "", "")
    assert json.loads(Path("out.json").read_text())["version"] == 1
    assert Path("out.json").stat().st_mode & 0o777 == 0o666 & ~umask
    assert Path("kept.json").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir()) == ["kept.json", "out.json"]


def test_an_output_file_that_cannot_be_written_is_an_error(run: Run, runner: Runner) -> None:
    ran = run("-o", "missing/out.txt")

    assert (ran.code, ran.err) == (2, "error: --output-file: missing/out.txt: No such file or directory\n")


@pytest.mark.parametrize(
    ("flags", "environment", "coloured"),
    [
        ([], {}, False),
        (["--color=always"], {}, True),
        (["--color=always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color=never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(
    run: Run, runner: Runner, monkeypatch: pytest.MonkeyPatch, flags: Sequence[str], environment: dict[str, str], coloured: bool
) -> None:
    runner.answer = FOUND
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in run(*flags).out) is coloured


def test_verbose_says_what_was_read(run: Run) -> None:
    Path("asynclint.toml").write_text("jobs = 1")

    assert f"configuration: {Path.cwd()}/asynclint.toml\nfiles: 1\n" in run("-v").err


# ---------------------------------------------------------------------------------------------------------- standard input


def test_stdin_is_handed_on_as_bytes(run: Run, runner: Runner, stdin: Callable[[bytes], None]) -> None:
    stdin(b"x = 1\r\n")

    ran = run("-", "--stdin-filename", "pkg/app.py")

    assert (runner.asked.stdin, runner.asked.paths, runner.asked.write) == (("pkg/app.py", b"x = 1\r\n"), (), False)
    assert ran.out == "All checks passed: 1 file.\n"


def test_the_settings_are_those_of_the_named_file(run: Run, runner: Runner, stdin: Callable[[bytes], None]) -> None:
    Path("pkg").mkdir()
    Path("pkg/asynclint.toml").write_text("jobs = 3")
    stdin(b"")

    run("-", "--stdin-filename", "pkg/app.py")

    assert runner.asked.settings.jobs == 3


def test_fixed_text_goes_to_stdout_and_the_report_to_stderr(
    runner: Runner, stdin: Callable[[bytes], None], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    before, after = "# coding: latin-1\r\n'é'\r\n", "# coding: latin-1\r\n'éé'\r\n"
    stdin(before.encode("latin-1"))
    runner.answer = result(changed={"app.py": (before, after)}, fixed={"ASL101": 1})

    assert cli.run(["-", "--fix", "--stdin-filename", "app.py"]) == 0

    out, err = capfdbinary.readouterr()
    assert out == after.encode("latin-1")
    assert err == b"Fixed 1 finding in 1 file. All checks passed: 1 file.\n"


def test_input_that_was_not_fixed_comes_out_as_it_was(run: Run, runner: Runner, stdin: Callable[[bytes], None]) -> None:
    stdin(b"def f(:\n")
    runner.answer = result(problems=(Problem("<stdin>", 1, 7, "invalid syntax"),))

    ran = run("-", "--fix")

    assert (ran.code, ran.out) == (2, "def f(:\n")


def test_excluded_input_is_not_checked_under_force_exclude(run: Run, runner: Runner, stdin: Callable[[bytes], None]) -> None:
    Path("setup.py").touch()  # the root of the project, to which patterns are relative
    stdin(b"x = 1\n")

    ran = run("-", "--fix", "--force-exclude", "-q", "--stdin-filename", "build/x.py")

    assert (ran.code, ran.out, runner.requests) == (0, "x = 1\n", [])


# ---------------------------------------------------------------------------------------------------------- rule


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = SimpleNamespace(code="ASL101", name="blocking-sleep", doc="Flags `time.sleep()`.\n\n## Why is this bad?\nIt stalls.\n")
    lock = SimpleNamespace(code="ASL201", name="lock-across-await", doc="Flags locks.\n")
    monkeypatch.setattr(rule_command, "registry", SimpleNamespace(load=lambda settings: (lock, sleep)))


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize("rule", ["ASL101", "blocking-sleep"])
def test_a_rule_prints_its_page(run: Run, rule: str) -> None:
    assert run("rule", rule).out == "# blocking-sleep (ASL101)\n\nFlags `time.sleep()`.\n\n## Why is this bad?\nIt stalls.\n"


@pytest.mark.usefixtures("rules")
def test_rules_are_listed_and_printed_together(run: Run) -> None:
    assert run("rule").out == "ASL101  blocking-sleep     Flags `time.sleep()`.\nASL201  lock-across-await  Flags locks.\n"
    assert run("rule", "--all").out.endswith("It stalls.\n\n# lock-across-await (ASL201)\n\nFlags locks.\n")


def test_in_a_terminal_the_list_of_rules_is_as_wide_as_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_command, "width", lambda stream: 80)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)

    assert cli.run(["rule"]) == 0

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert {line[:3] for line in lines} == {"ASL", "   "}


@pytest.mark.usefixtures("rules")
def test_an_unknown_rule_is_an_error(run: Run) -> None:
    ran = run("rule", "blocking-slep")

    assert (ran.code, ran.err) == (2, "error: unknown rule `blocking-slep`; did you mean `blocking-sleep`?\n")


# ---------------------------------------------------------------------------------------------------------- progress, and as a process


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals(runner: Runner, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(".")
    monkeypatch.setattr(sys, "stderr", Terminal())
    run(".")
    run("-q", ".")

    assert [request.on_progress is not None for request in runner.requests] == [False, True, False]


def test_progress_is_drawn_only_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = [0.0]
    monkeypatch.setattr("asynclint.output.time", SimpleNamespace(monotonic=lambda: clock[0]))

    with output.Progress(shown=True) as progress:
        assert progress.callback is not None
        progress.callback("index", 1, 10)
        assert terminal.getvalue() == ""
        clock[0] = 1.5
        progress.callback("walk", 5, 10)

    assert "walk" in terminal.getvalue()
    assert "5/10" in terminal.getvalue()


def test_the_time_left_is_that_of_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    clock = [0.0]
    monkeypatch.setattr("asynclint.output.time", SimpleNamespace(monotonic=lambda: clock[0]))

    with output.Progress(shown=True) as progress:
        for stage, done in (("indexing", 100), ("indexing", 200), ("linting", 1)):
            clock[0] += 1.5
            progress.show(stage, done, 200)
        assert progress.bar is not None
        (task,) = progress.bar.tasks

    assert (task.description, task.completed, task.total, task.speed) == ("linting", 1, 200, None)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"TERM": "dumb"}, False), ({"CI": "true"}, False), ({"FORCE_HYPERLINK": "1", "CI": "1"}, True), ({"FORCE_HYPERLINK": "0"}, False)],
)
def test_links_are_for_terminals(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: bool) -> None:
    for name in ("CI", "FORCE_HYPERLINK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)

    assert output.links(Terminal()) is expected
    assert not output.links(io.StringIO()) or "FORCE_HYPERLINK" in environment


def test_lines_end_only_in_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "66")

    assert [output.width(stream) for stream in (Terminal(), io.StringIO())] == [66, 0]


def python(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    root = Path(asynclint.__file__).parents[1]
    return subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(root)}, **options)


def test_version_and_help() -> None:
    assert python("from asynclint.cli import main; main(['--version'])").stdout == f"asynclint {asynclint.__version__}\n"
    shown = python("from asynclint.cli import main; main(['--help'])").stdout
    assert "--version" in shown
    assert all(f"\n  {name} " in shown for name in ("asyncify", "server"))
    assert all(flag in shown for option in OPTIONS for flags in option.flags for flag in flags.split("/"))
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(option.name for option in OPTIONS if option.flags)


def test_a_run_without_configuration_loads_nothing_heavy() -> None:
    code = (
        "import sys, asynclint.cli, asynclint.config, asynclint.files, asynclint.report.text\n"
        "settings = asynclint.config.load(['a.py'])\n"
        "asynclint.files.discover(['a.py'], settings), settings.enabled({'ASL101': 'x'}, 'a.py')\n"
        "print(*sorted({'rich', 'tomli', 'pathspec', 'difflib', 'libcst', 'json', 'tempfile', 'multiprocessing'} & set(sys.modules)))\n"
    )

    assert python(code).stdout == "\n"


@pytest.mark.parametrize("arguments", [["chekc"], ["chekc", "."], ["chekc", "--fix"]])
def test_a_misspelt_command_is_no_path(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err == "error: `chekc` is neither a command nor a path; did you mean `asynclint check`?\n"


def test_a_misspelt_command_with_a_hyphen(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new-ruel"]) == 2
    assert "did you mean `asynclint new-rule`?" in capsys.readouterr().err


def test_a_missing_path_is_no_misspelt_command(runner: Runner) -> None:
    assert cli.run(["nowhere"]) == 0  # whoever discovers files tells that it is missing
    assert runner.asked.paths == ("nowhere",)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["rule"], ["-h"], ["--version"], ["--isolated", "--output-format", "json", "-"]])
def test_output_that_cannot_be_written_is_told(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run([sys.executable, "-m", "asynclint", *arguments], input="", stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, "error: stdout: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes streams")
def test_streams_may_be_closed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import time\nasync def f():\n    time.sleep(1)\n")
    command = f"exec {sys.executable} -m asynclint --isolated {tmp_path} >&-"
    ran = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert subprocess.run(["sh", "-c", f"{command} 2>&-"], timeout=60).returncode == 1


def test_a_reader_that_goes_away_ends_nothing() -> None:
    code = (
        "import sys, types, asynclint\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from builders import finding, result\n"
        "room = sys.modules['asynclint.runner'] = asynclint.runner = types.ModuleType('asynclint.runner')\n"
        "room.Request, room.run = dict, lambda request: result(*[finding()] * 10000)\n"
        "import asynclint.cli; asynclint.cli.main(['.'])\n"
    )
    root = Path(asynclint.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()

    assert (process.returncode, err) == (1, b"")
