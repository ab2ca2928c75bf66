"""`init`, `completion` and `--watch`, as a shell and a file system see them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomli
from click.testing import CliRunner

from asynclint import check, cli, config, plain, watch
from asynclint.commands import commands
from asynclint.commands.init import configuration
from asynclint.options import DEFAULT, FILE_OPTIONS, ConfigError

SLEEPS = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---------------------------------------------------------------------------------------------------------- init


def uncommented(text: str) -> str:
    """The keys of a written configuration, without the lines that explain them."""
    paragraphs = [paragraph.splitlines()[1:] for paragraph in text.split("\n\n")[1:]]
    return "\n".join(line.removeprefix("# ") for paragraph in paragraphs for line in paragraph)


def test_init_writes_a_file_of_comments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("Wrote the configuration to asynclint.toml.\n")
    assert "- id: asynclint " in out
    assert tomli.loads(Path("asynclint.toml").read_text()) == {}
    assert config.load(["."]).config_file == str(Path.cwd() / "asynclint.toml")


def test_each_key_is_there_with_its_default() -> None:
    Path("asynclint.toml").write_text(uncommented(configuration()))

    settings = config.load(["."])

    for option in FILE_OPTIONS.values():
        shown, default = getattr(settings, option.field), DEFAULT[option.field]
        if option.name == "per-file-ignores":
            assert shown == (("scripts/*", ("ASL1",)),)
        else:
            assert shown == default or (not shown and not default), option.name


@pytest.mark.parametrize("before", ["", "[project]\nname = 'x'\n", "[project]\nname = 'x'", "[project]\r\nname = 'x'\r\n", "\ufeff[tool.ruff]\n"])
def test_init_appends_to_a_pyproject(before: str) -> None:
    Path("pyproject.toml").write_bytes(before.encode())

    assert cli.run(["init"]) == 0

    after = Path("pyproject.toml").read_bytes().decode()
    assert after.startswith(before)
    assert set(re.findall("\r?\n", after)) == set(re.findall("\r?\n", before)) or "\r" not in before + after
    assert tomli.loads(after.lstrip("\ufeff"))["tool"]["asynclint"] == {}
    assert not Path("asynclint.toml").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("asynclint.toml", ""),
        (".asynclint.toml", "jobs = 1\n"),
        ("pyproject.toml", "[tool.asynclint]\n"),
        ("pyproject.toml", "tool = {asynclint = {jobs = 1}}\n"),
        ("pyproject.toml", "tool = {ruff = {}}\n"),
        ("pyproject.toml", "not toml\n"),
    ],
)
def test_init_changes_nothing_that_is_there(name: str, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text(content)

    assert cli.run(["init"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {name}: ")
    assert {path.name: path.read_text() for path in Path().iterdir()} == {name: content}


def test_init_of_another_folder() -> None:
    Path("sub").mkdir()

    assert cli.run(["init", "sub"]) == 0
    assert Path("sub/asynclint.toml").exists()


# ---------------------------------------------------------------------------------------------------------- completion


def completed(line: str) -> list[str]:
    """What click tells bash for a line, by the protocol of its scripts."""
    words = line.split(" ")
    environment = {"_ASYNCLINT_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return CliRunner().invoke(commands, [], prog_name="asynclint", env=environment).output.removesuffix("\n").split("\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("asynclint ru", ["file,ru", "plain,rule"]),
        ("asynclint check ru", ["file,ru"]),
        ("asynclint src ru", ["file,ru"]),
        ("asynclint --unsafe", ["plain,--unsafe-fixes"]),
        ("asynclint src --unsafe", ["plain,--unsafe-fixes"]),
        ("asynclint check --write", ["plain,--write-baseline"]),
        ("asynclint --color ", ["plain,auto", "plain,always", "plain,never"]),
        ("asynclint --min-severity e", ["plain,error"]),
        ("asynclint --select blocking-sl", ["plain,blocking-sleep"]),
        ("asynclint --select ASL1,ASL20", ["plain,ASL1,ASL201"]),
        ("asynclint --baseline known", ["file,known"]),
        ("asynclint --cache-dir ", ["dir,"]),
        ("asynclint rule ASL20", ["plain,ASL201"]),
        ("asynclint completion f", ["plain,fish"]),
        ("asynclint new", ["file,new", "plain,new-rule"]),
        ("asynclint new-rule no-gather --p", ["plain,--plugin"]),
        ("asynclint new-rule no-gather --plugin ", ["dir,"]),
        ("asynclint schema --", ["plain,--pyproject", "plain,--help"]),
    ],
)
def test_lines_are_completed(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_commands_and_files_are_offered_first() -> None:
    assert set(completed("asynclint ")) >= {"file,", "plain,rule", "plain,check", "plain,init"}


def test_a_broken_configuration_does_not_break_the_line() -> None:
    Path("asynclint.toml").write_text("nonsense")

    assert completed("asynclint --select ASL") == [""]


COMPLETE = {
    "bash": (
        'eval "$(asynclint completion bash)"; COMP_WORDS=(asynclint --write-b); COMP_CWORD=1; _asynclint_completion asynclint --write-b asynclint; '
        'echo "${COMPREPLY[@]}"',
        ["bash", "--norc", "--noprofile", "-c"],
    ),
    "zsh": (
        'autoload -U compinit; compinit -u -D; eval "$(asynclint completion zsh)"; compadd() { shift 4; print -- ${(P)1} $unsorted }; '
        "_describe() { print -- ${(P)4} ${(P)3} }; words=(asynclint --write-b); CURRENT=2; _asynclint_completion",
        ["zsh", "-f", "-c"],
    ),
    "fish": ("asynclint completion fish | source; complete -C 'asynclint --write-b'", ["fish", "--no-config", "-c"]),
}


@pytest.mark.parametrize("shell", COMPLETE)
def test_the_script_completes_in_the_shell(shell: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    scripts = folder / "bin"
    scripts.mkdir()
    program = scripts / "asynclint"
    program.write_text(f"#!{sys.executable}\nimport sys; sys.path[:] = {sys.path!r}\nfrom asynclint.cli import main\nmain()\n")
    program.chmod(0o755)
    script, command = COMPLETE[shell]
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}

    done = subprocess.run([*command, script], env=environment, capture_output=True, text=True, timeout=60)

    assert "--write-baseline" in done.stdout, done.stderr


# ---------------------------------------------------------------------------------------------------------- watch


def test_the_command_line_of_a_run_says_the_same() -> None:
    lists = ["--select", "A,B", "--select", "C", "--config", "jobs = 1"]
    line = [
        *lists,
        "--no-respect-gitignore",
        "--fix",
        "-j",
        "3",
        "--since",
        "HEAD",
        "--output-format",
        "json",
        "--min-severity",
        "error",
        "--",
        "-b.py",
    ]
    context = commands.make_context("asynclint", [*line])
    child = commands.get_command(context, "check")
    assert child is not None
    given = child.make_context("check", line).params
    paths = given.pop("paths")

    again = child.make_context("check", watch.arguments(paths, {**given, "watch": True})[1:]).params

    assert (again.pop("paths"), again) == (paths, given)


def test_watch_is_for_files_and_for_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    for line, message in [
        ("--watch -", "does not go with standard input"),
        ("--watch --write-baseline", "which are for once"),
        ("--watch --add-ignore", "which are for once"),
        ("--watch nope", "`nope` does not exist"),
    ]:
        parsed = plain.parse(line.split())
        assert parsed is not None
        with pytest.raises(ConfigError, match=message):
            check.check(*parsed)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    parsed = plain.parse(["--watch"])
    assert parsed is not None
    with pytest.raises(ConfigError, match=re.escape("pip install 'asynclint[watch]'")):
        check.check(*parsed)


def test_a_change_during_a_run_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.py").write_text(SLEEPS)
    runs: list[list[str]] = []

    def run(_command: list[str], changed: list[str]) -> None:
        runs.append([Path(path).name for path in changed])
        if len(runs) > 1:
            raise KeyboardInterrupt
        Path("a.py").write_text("x = 1\n")

    monkeypatch.setattr(watch, "_run", run)
    parsed = plain.parse(["--watch"])
    assert parsed is not None
    with pytest.raises(KeyboardInterrupt):
        check.check(*parsed)

    assert runs == [[], ["a.py"]]


@pytest.mark.skipif(sys.platform == "win32", reason="ends the run by a signal of Unix")
def test_watch_checks_again_when_a_file_changes(folder: Path) -> None:
    Path("a.py").write_text(SLEEPS)
    Path("json.py").write_text("raise SystemExit('imported from the working directory')\n")
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from asynclint.cli import main; main()"]
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--watch", "--output-format=concise"], stdout=out, stderr=out, start_new_session=True)

    def wait_for(text: str) -> None:
        end = time.monotonic() + 60
        while text not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.05)

    try:
        wait_for("Checked; waiting for changes.")
        assert "a.py:5:5: ASL101" in log.read_text()
        Path("a.py").write_text(SLEEPS.replace("time.sleep(1)", "time.sleep(1); time.sleep(2)"))
        wait_for("Checked after a change of a.py; waiting")
        assert "a.py:5:20: ASL101" in log.read_text()
        Path("asynclint.toml").write_text("nonsense")
        wait_for("not valid TOML")
        wait_for("Checked after a change of asynclint.toml; waiting")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        code = process.wait(timeout=30)
    assert code == 130
    assert "Traceback" not in log.read_text()
