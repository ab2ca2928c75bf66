"""The configuration: where it is found, what it may say, and which rules it leaves on."""

from __future__ import annotations

import os
import pickle
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from asynclint import config, options, patterns
from asynclint.config import Selection, Settings, load
from asynclint.options import ConfigError

CODES = {"ASL101": "blocking-sleep", "ASL102": "blocking-file-io", "ASL201": "lock-across-await", "ASL301": "discarded-task"}


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------------------- one table


def test_every_option_of_the_file_is_a_setting_with_the_same_default() -> None:
    settings = Settings(root="/")
    names = {field.name for field in fields(Settings)} - {"root", "overrides", "config_file"}

    assert names == {option.field for option in options.OPTIONS if option.in_file}
    assert all(getattr(settings, option.field) == option.default for option in options.OPTIONS if option.in_file)


def test_the_readme_table_has_a_row_for_every_option() -> None:
    rows = options.markdown_table().splitlines()

    assert len(rows) == 2 + len(options.OPTIONS)
    assert "| `jobs` | `--jobs` `-j` | `0` | Processes to work with; 0 is one for each core. |" in rows
    assert all(row.count(" | ") == rows[0].count(" | ") for row in rows[2:])


# ---------------------------------------------------------------------------------------------------------- the nearest file


def test_the_nearest_file_wins_and_its_directory_is_the_root(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.asynclint]\njobs = 1\n")
    inner = write(tmp_path / "a/pyproject.toml", "[tool.asynclint]\njobs = 2\n")
    write(tmp_path / "a/b/pyproject.toml", "[project]\nname = 'no asynclint table'\n")
    path = write(tmp_path / "a/b/x.py")

    settings = load([str(path)])

    assert (settings.jobs, settings.root, settings.config_file) == (2, str(tmp_path / "a"), str(inner))


@pytest.mark.parametrize(
    ("present", "jobs"),
    [
        ((".asynclint.toml", "asynclint.toml", "pyproject.toml"), 1),
        (("asynclint.toml", "pyproject.toml"), 2),
        (("pyproject.toml",), 3),
    ],
)
def test_order_of_files_in_one_directory(tmp_path: Path, present: tuple[str, ...], jobs: int) -> None:
    texts = {".asynclint.toml": "jobs = 1", "asynclint.toml": "jobs = 2", "pyproject.toml": "[tool.asynclint]\njobs = 3"}
    for name in present:
        write(tmp_path / name, texts[name])

    assert load([str(tmp_path)]).jobs == jobs


def test_the_search_starts_at_the_common_parent(tmp_path: Path) -> None:
    write(tmp_path / "asynclint.toml", "jobs = 1")
    write(tmp_path / "a/asynclint.toml", "jobs = 2")
    paths = [str(write(tmp_path / "a/x.py")), str(write(tmp_path / "b/y.py"))]

    assert load(paths).jobs == 1
    assert load(paths[:1]).jobs == 2


@pytest.mark.parametrize("marker", [".git", "pyproject.toml", "setup.py", "setup.cfg"])
def test_without_a_file_the_root_is_the_project(tmp_path: Path, marker: str) -> None:
    write(tmp_path / marker)
    path = write(tmp_path / "a/b/x.py")

    assert load([str(path)]).root == str(tmp_path)


def test_isolated_reads_no_file(tmp_path: Path) -> None:
    write(tmp_path / "asynclint.toml", "jobs = 5\nplugins = ['rules.py']")

    settings = load([str(tmp_path)], isolated=True)

    assert (settings.jobs, settings.plugins, settings.config_file) == (0, (), "")


def test_a_named_file_replaces_the_nearest_and_leaves_the_root(tmp_path: Path) -> None:
    write(tmp_path / "project/.git")
    write(tmp_path / "project/asynclint.toml", "jobs = 1\ntimeout = 1")
    other = write(tmp_path / "shared/team.toml", "jobs = 2")

    settings = load([str(tmp_path / "project")], config=[str(other)])

    assert (settings.jobs, settings.timeout, settings.root) == (2, 30.0, str(tmp_path / "project"))


def test_a_pair_overrides_the_file_and_a_flag_overrides_the_pair(tmp_path: Path) -> None:
    write(tmp_path / "asynclint.toml", "jobs = 1\ntimeout = 1")
    pairs = ["jobs = 2", "timeout = 2"]

    settings = load([str(tmp_path)], config=pairs, command_line={"jobs": 3})

    assert (settings.jobs, settings.timeout) == (3, 2.0)


def test_plugins_that_are_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    write(tmp_path / "asynclint.toml", "plugins = ['rules/mine.py', 'their_rules']")

    assert load([str(tmp_path)]).plugins == (os.path.join(tmp_path, "rules/mine.py"), "their_rules")


# ---------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "unknown key `selct`; did you mean `select`?"),
        ("zzz = 1", "unknown key `zzz`"),
        ("[tool.asynclint]\njobs = 1", "unknown key `tool`; the keys stand here without the heading `[tool.asynclint]`"),
        ('select = "ASL1"', "`select`: expected a list of strings, got `ASL1`"),
        ("select = [1]", "`select`: expected a list of strings, got a list with something else in it"),
        ("jobs = -1", "`jobs`: expected a whole number, 0 or more, got `-1`"),
        ("jobs = true", "`jobs`: expected a whole number, 0 or more, got `true`"),
        ("timeout = 0", "`timeout`: expected a number of seconds above 0, got `0`"),
        ("pedantic = 1", "`pedantic`: expected true or false, got `1`"),
        ('target-version = "4"', '`target-version`: expected a Python version such as "3.10" or "py310", got `4`'),
        ('[per-file-ignores]\n"a.py" = "ASL1"', "`per-file-ignores`: expected a table of lists of strings, got a table with something else in it"),
        ("fix = true", "unknown key `fix`; did you mean `fixable`?"),
        ("jobs =", "not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_errors_name_file_key_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "asynclint.toml", text)

    with pytest.raises(ConfigError) as error:
        load([str(tmp_path)])

    assert str(error.value) == f"{path}: {message}"


def test_a_named_file_must_exist_and_speak_of_asynclint(tmp_path: Path) -> None:
    pyproject = write(tmp_path / "pyproject.toml", "[project]\n")

    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load([str(tmp_path)], config=[str(tmp_path / "missing.toml")])
    with pytest.raises(ConfigError, match=r"has no table `\[tool.asynclint\]`"):
        load([str(tmp_path)], config=[str(pyproject)])
    with pytest.raises(ConfigError, match="at most one file"):
        load([str(tmp_path)], config=["a.toml", "b.toml"])


def test_bytes_that_are_not_utf8_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "asynclint.toml").write_bytes(b"select = ['\xff']")

    with pytest.raises(ConfigError, match=r"asynclint.toml: cannot be read: .*invalid start byte"):
        load([str(tmp_path)])


def test_a_broken_pyproject_that_says_nothing_of_asynclint_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[broken")

    assert load([str(tmp_path)]).config_file == ""


@pytest.mark.parametrize(
    ("requires", "version"),
    [(">=3.9", (3, 9)), ("~=3.11", (3, 11)), (">=3.8, <4, !=3.9.1", (3, 8)), (">=3.12.1", (3, 12)), ("<4", (3, 10)), (">=3", (3, 10))],
)
def test_target_version_comes_from_requires_python(tmp_path: Path, requires: str, version: tuple[int, int]) -> None:
    write(tmp_path / "pyproject.toml", f'[project]\nrequires-python = "{requires}"\n')

    assert load([str(tmp_path)]).target_version == version


@pytest.mark.parametrize("spelling", ["3.12", "py312"])
def test_target_version_can_be_said(tmp_path: Path, spelling: str) -> None:
    write(tmp_path / "pyproject.toml", f'[project]\nrequires-python = ">=3.9"\n[tool.asynclint]\ntarget-version = "{spelling}"\n')

    assert load([str(tmp_path)]).target_version == (3, 12)
    assert load([str(tmp_path)], command_line={"target-version": "3.13"}).target_version == (3, 13)


def test_settings_travel_between_processes() -> None:
    settings = Settings(root="/x", overrides=Selection(select=("ASL101",)))

    assert pickle.loads(pickle.dumps(settings)) == settings


# ---------------------------------------------------------------------------------------------------------- which rules are on


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        (Settings("/p"), {"ASL101", "ASL102", "ASL201", "ASL301"}),
        (Settings("/p", select=("ASL1",)), {"ASL101", "ASL102"}),
        (Settings("/p", select=("blocking-sleep",)), {"ASL101"}),
        (Settings("/p", ignore=("ASL1",)), {"ASL201", "ASL301"}),
        (Settings("/p", select=("ASL101",), ignore=("ASL1",)), {"ASL101"}),  # the longer prefix wins
        (Settings("/p", select=("ASL1",), ignore=("blocking-sleep",)), {"ASL102"}),
        (Settings("/p", select=("ASL101",), ignore=("blocking-sleep",)), set()),  # at equal length `ignore` wins
        (Settings("/p", select=("ASL2",), extend_select=("ASL3",)), {"ASL201", "ASL301"}),
        (Settings("/p", ignore=("ALL",)), set()),
        (Settings("/p", select=("ASL101",), overrides=Selection(extend_select=("ASL2",))), {"ASL101", "ASL201"}),
        (Settings("/p", select=("ASL101", "ASL2"), overrides=Selection(ignore=("ASL1",))), {"ASL201"}),  # whatever the file says
        (Settings("/p", ignore=("ASL101",), overrides=Selection(select=("ASL1",))), {"ASL101", "ASL102"}),
    ],
)
def test_enabled(settings: Settings, on: set[str]) -> None:
    assert settings.enabled(CODES, "/p/app.py") == on


@pytest.mark.parametrize("path", ["tests/a.py", "pkg/tests/sub/a.py", "test/a.py", "test_a.py", "pkg/a_test.py", "conftest.py"])
def test_tests_may_block(path: str) -> None:
    assert Settings("/p").enabled(CODES, f"/p/{path}") == {"ASL201", "ASL301"}
    assert Settings("/p", tests_may_block=False).enabled(CODES, f"/p/{path}") == set(CODES)


@pytest.mark.parametrize("path", ["contest.py", "tests.py", "attest/a.py", "pkg/latest/a.py"])
def test_what_only_looks_like_a_test_may_not(path: str) -> None:
    assert Settings("/p").enabled(CODES, f"/p/{path}") == set(CODES)


def test_a_root_called_tests_is_no_test() -> None:
    assert Settings("/x/tests").enabled(CODES, "/x/tests/app.py") == set(CODES)


def test_per_file_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "asynclint.toml", '[per-file-ignores]\n"scripts/*" = ["ASL1"]\n"setup.py" = ["ALL"]\n"a/**/gen.py" = ["discarded-task"]')
    monkeypatch.chdir(tmp_path)
    settings = load(["."])

    assert settings.enabled(CODES, "scripts/deep/x.py") == {"ASL201", "ASL301"}
    assert settings.enabled(CODES, "pkg/setup.py") == set()
    assert settings.enabled(CODES, "a/b/c/gen.py") == {"ASL101", "ASL102", "ASL201"}
    assert settings.enabled(CODES, "b/a/gen.py") == set(CODES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings("/p", select=("ASL999",), config_file="/p/asynclint.toml"), "/p/asynclint.toml: `select`: unknown rule `ASL999`"),
        (Settings("/p", overrides=Selection(ignore=("blocking-slep",))), "--ignore: unknown rule `blocking-slep`; did you mean `blocking-sleep`?"),
        (Settings("/p", per_file_ignores=(("a.py", ("X",)),)), "`per-file-ignores` of `a.py`: unknown rule `X`"),
        (Settings("/p", select=("",)), "configuration: `select`: unknown rule ``"),
    ],
)
def test_unknown_selectors_are_errors(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.check_selectors(settings, CODES)

    assert str(error.value).startswith(message)


def test_known_selectors_are_not() -> None:
    config.check_selectors(Settings("/p", select=("ALL", "ASL", "ASL1", "ASL101", "discarded-task"), ignore=("ASL3",)), CODES)


# ---------------------------------------------------------------------------------------------------------- patterns

_PARTS = st.sampled_from(["a", "b", "ab", "*", "a*", "?", "**", "[ab]", "[!a]", "a.b"])
_NAMES = st.sampled_from(["a", "b", "ab", "a.b", "c", "abc"])


@given(
    st.lists(_PARTS, min_size=1, max_size=4).map("/".join),
    st.sampled_from(["", "/"]),
    st.sampled_from(["", "/"]),
    st.lists(_NAMES, min_size=1, max_size=4).map("/".join),
)
def test_patterns_mean_what_gitignore_means(body: str, before: str, after: str, path: str) -> None:
    assume(not (body.endswith("**") and after))  # where pathspec differs from git
    pattern = before + body + after

    assert bool(patterns.glob_below(pattern).match(path)) == GitIgnoreSpec.from_lines([pattern]).match_file(path)


def test_a_pattern_that_is_none_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"`\[z-a\]` is not a pattern"):
        patterns.glob_below("[z-a]")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings("/p"), False),
        (Settings("/p", select=("ALL",)), False),
        (Settings("/p", select=("ASL60",)), False),
        (Settings("/p", extend_select=("ASL604",)), True),
        (Settings("/p", overrides=Selection(select=("should-be-async",))), True),
    ],
)
def test_what_is_selected_by_its_own_name(settings: Settings, expected: bool) -> None:
    assert settings.names("ASL604", "should-be-async") is expected


@pytest.mark.parametrize("tool", ['tool = ["asynclint"]', 'tool = "asynclint"', "tool = 1 # asynclint"])
def test_a_pyproject_whose_tool_is_no_table_is_an_error(tmp_path: Path, tool: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"{tool}\n")
    with pytest.raises(ConfigError, match="`tool`: expected a table"):
        load((str(tmp_path),))


@pytest.mark.parametrize("key", ["python", "baseline", "cache-dir"])
def test_a_path_with_a_nul_character_is_an_error(tmp_path: Path, key: str) -> None:
    (tmp_path / "asynclint.toml").write_text(f'{key} = "a\\u0000b"\n')
    with pytest.raises(ConfigError, match=f"`{key}`: no path has a NUL character in it"):
        load((str(tmp_path),))
