"""`asynclint new-rule`: what it writes is right as it is, in a checkout and as a plugin, and nothing that is there is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asynclint import cli, skeleton
from asynclint.options import ConfigError
from asynclint.skeleton import NewRule

ROOT = Path(__file__).parent.parent
RUFF = Path(sys.executable).with_name("ruff")
FIXTURES = [
    "bad_another_name.py",
    "bad_called.py",
    "bad_nested_coroutine.py",
    "ok_lambda.py",
    "ok_outside_of_coroutines.py",
    "ok_own_function.py",
    "ok_own_method.py",
    "ok_passed.py",
]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As much of a checkout as the command looks at, and the working directory."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("catalog", "__pycache__"))
    (tmp_path / "fixtures").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.*")) if path.is_file()}


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(["new-rule", *arguments]) == 2
    return capsys.readouterr().err.removeprefix("error: ").removesuffix("\n")


# -- what is written


def test_in_a_checkout_it_writes_the_rule_and_its_fixtures(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(checkout)

    assert cli.run(["new-rule", "no-gather"]) == 0

    shown = capsys.readouterr().out
    new = sorted(files(checkout).keys() - before.keys())
    assert new == [*(f"fixtures/no-gather/{name}" for name in FIXTURES), "rules/no_gather.py"]
    assert all(f"    {name}\n" in shown for name in new)
    assert shown.startswith("Wrote ASL504 (no-gather), a rule that flags calls of `example.no_gather`, in .:\n")
    assert "CHANGELOG.md" in shown


@pytest.mark.slow
def test_the_rule_passes_the_tests_of_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("asynclint", "rules", "fixtures", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "tests/conftest.py", "tests/test_fixtures.py", "tests/test_rules.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "asynclint" / "rules").symlink_to(tmp_path / "rules")  # where an installation has them
    monkeypatch.chdir(tmp_path / "rules")

    def run(*command: str | Path) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert cli.run(["new-rule", "no-gather", "--code", "ASL3", "--call", "asyncio.gather"]) == 0

    about = "no-gather or every_folder or two_folders"
    assert "19 passed" in run(sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", about, "tests/test_fixtures.py", "tests/test_rules.py")
    run(RUFF, "check", "rules/no_gather.py", "--no-cache")
    run(RUFF, "format", "--check", "rules/no_gather.py", "--no-cache")
    run(sys.executable, "docs/make_readme.py")
    run(sys.executable, "docs/make_schema.py")
    assert "| no-gather | `asyncio.gather()` in a coroutine |" in (tmp_path / "docs/rules/index.md").read_text(encoding="utf-8")
    assert '"no-gather"' in (tmp_path / "asynclint" / "schema.json").read_text(encoding="utf-8")


def test_a_plugin_and_the_example_differ_in_the_rule_and_its_fixtures_alone() -> None:
    example = files(ROOT / "fixtures" / "plugin")
    made = skeleton.for_plugin(NewRule("TEA102", "ensure-future", "asyncio.ensure_future"), "team")

    same = {"conftest.py", "pyproject.toml", "test_team_rules.py"}
    assert {name: made[name] for name in same} == {name: example[name] for name in same}
    assert {name for name in {*made, *example} - same if not name.startswith("fixtures/ensure-future/")} == {"team_rules.py"}


def test_what_must_be_awaited_is(checkout: Path) -> None:
    assert cli.run(["new-rule", "no-wait", "--call", "asyncio.wait"]) == 0

    text = (checkout / "fixtures/no-wait/bad_called.py").read_text(encoding="utf-8")
    assert text.endswith("    await asyncio.wait()\n#!        ^^^^^^^^^^^^^^ ASL504 none\n")


def test_a_class_does_not_hide_what_the_rule_needs() -> None:
    assert "class RuleRule(Rule):" in skeleton.for_checkout(NewRule("ASL599", "rule", "example.rule"))["rules/rule.py"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([], "ASL504"),
        (["--code", "ASL2"], "ASL202"),
        (["--code", "ASL7"], "ASL701"),
        (["--code", "ASL11"], "ASL111"),
        (["--code", "ASL550"], "ASL550"),
    ],
)
def test_codes(checkout: Path, wanted: list[str], code: str) -> None:
    assert cli.run(["new-rule", "no-gather", *wanted]) == 0
    assert f'code, name = "{code}", "no-gather"' in (checkout / "rules/no_gather.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "team", "module"),
    [("asynclint-crew", "crew", "crew_rules"), ("Crew", "crew", "crew_rules"), ("a/my-crew", "my-crew", "my_crew_rules")],
)
def test_a_plugin_is_named_after_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, team: str, module: str) -> None:
    monkeypatch.chdir(tmp_path)

    assert cli.run(["new-rule", "no-gather", "--plugin", folder]) == 0

    project = (tmp_path / folder / "pyproject.toml").read_text(encoding="utf-8")
    assert f'name = "asynclint-{team}"\n' in project
    assert f'{team} = "{module}"\n' in project
    assert (tmp_path / folder / f"{module}.py").exists()


def test_a_plugin_is_as_well_written_as_asynclint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["new-rule", "no-gather", "--plugin", "crew"]) == 0

    shared = [
        "--no-cache",
        "--config",
        ROOT / "pyproject.toml",
        "--config",
        "lint.isort.known-first-party = ['asynclint']",
        "--exclude",
        "fixtures",
        "crew",
    ]
    for command in (["check"], ["format", "--check"]):
        assert subprocess.run([RUFF, *command, *shared]).returncode == 0


# -- what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["No_Gather"], "`No_Gather` is not a name of a rule: small letters and digits, parted by `-`, such as `blocking-sleep`"),
        (["blocking-sleep"], "`blocking-sleep` is taken by the rule ASL101 (blocking-sleep) in "),
        (["no-gather", "--code", "ASL201"], "ASL201 is taken by the rule ASL201 (lock-across-await) in "),
        (["no-gather", "--code", "asl5"], "--code: `asl5` is not the beginning of a code"),
        (["no-gather", "--code", "TEA101"], "--code: the rules of asynclint's own have codes that begin with ASL"),
        (["no-gather", "--call", "gather"], "--call: `gather` is not the dotted path of a function, such as `package.module.function`"),
        (["no-gather", "--call", "asyncio.import"], "--call: `asyncio.import` is not the dotted path of a function"),
        (["no-gather", "--call", "time.sleep"], "--call: calls of `time.sleep` are findings of ASL101 (blocking-sleep); give another function"),
        (
            ["no-gather", "--call", "asyncio.tasks.gather"],
            "--call: what calls `asyncio.tasks.gather` is not seen for certain; give the canonical path",
        ),
        (["no-gather", "--plugin", "99"], "--plugin: `99` cannot name a distribution"),
        (["no-gather", "--plugin", "a-b"], "--code: give the three letters and the first digit"),
        (["no-gather", "--plugin", "aslan"], "--code: give the three letters and the first digit"),
        (["no-gather", "--plugin", "crew", "--code", "ASL9"], "--code: codes that begin with ASL are asynclint's own"),
    ],
)
def test_refusals(checkout: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    before = files(checkout)

    assert failure(capsys, *arguments).startswith(message)
    assert files(checkout) == before


def test_a_taken_name_is_told_with_its_file(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, "lock-across-await").partition(" in ")[2].startswith(f"{checkout}/rules/lock_across_await.py:")


@pytest.mark.parametrize("there", ["rules/no_gather.py", "fixtures/no-gather/ok_mine.py"])
def test_nothing_is_written_where_something_is(checkout: Path, capsys: pytest.CaptureFixture[str], there: str) -> None:
    text = (checkout / "rules/get_event_loop.py").read_text(encoding="utf-8").replace("ASL502", "ASL589").replace("get-event-loop", "another-one")
    (checkout / there).parent.mkdir(exist_ok=True)
    (checkout / there).write_text(text, encoding="utf-8")
    before = files(checkout)

    assert failure(capsys, "no-gather").endswith("is there already; nothing was written")
    assert files(checkout) == before


def test_a_plugin_is_not_written_into_another_project(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(checkout)

    assert failure(capsys, "no-gather", "--plugin", ".", "--code", "TEA1") == "pyproject.toml: is there already; nothing was written"
    assert files(checkout) == before


def test_what_cannot_all_be_written_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="nothing was written"):
        skeleton.write(tmp_path, {"new/folder/a.py": "a", "b.py": "b", "file/c.py": "c"})

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_outside_of_a_checkout_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n")

    assert failure(capsys, "no-gather") == "this is no checkout of asynclint; `--plugin DIR` makes a distribution with the rule"
