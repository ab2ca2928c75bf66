"""What the README and the chapters tell the reader to run or to write does what they say; their generated parts are in test_docs.py."""

from __future__ import annotations

import html
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from asynclint import config, knowledge
from asynclint.config import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    """The module of a script in `docs/`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def asynclint(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "asynclint", *arguments], cwd=cwd, capture_output=True, text=True, encoding="utf-8")


def test_the_first_command_finds_what_the_readme_shows() -> None:
    (command,) = [line for block in blocks("sh") for line in block.splitlines() if line.endswith(" docs/sample")]
    program, *arguments = shlex.split(command.rpartition(" && ")[2])
    assert program == ".venv/bin/asynclint"

    done = asynclint(*arguments)

    shown = next(block for block in blocks("text") if "docs/sample" in block)
    code = r"\bASL\d{3}\b"
    assert (done.returncode, done.stderr) == (1, "")
    assert re.findall(code, done.stdout) == re.findall(code, shown)
    assert done.stdout.splitlines()[-1] == shown.splitlines()[-1]


def test_the_second_command_runs_the_tests_as_the_gate_does() -> None:
    (command,) = [line for block in blocks("sh") for line in block.splitlines() if "pytest" in line]
    _, install, test = command.split(" && ")
    gate = (ROOT / ".ci/run").read_text(encoding="utf-8")

    assert install == '.venv/bin/pip install -e ".[dev]"'
    assert '-e ".[dev]"' in gate
    assert test.removeprefix(".venv/bin/") in gate
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_picture_shows_what_asynclint_prints() -> None:
    def words(svg: str) -> list[str]:
        """What is to read in a picture; the rest of it is of rich's making, and differs from version to version."""
        return html.unescape(" ".join(re.findall(r"<text[^>]*>(.*?)</text>", svg))).split()

    make_picture = script("make_picture")
    assert words(make_picture.picture()) == words(make_picture.PICTURE.read_text(encoding="utf-8")), "run `python docs/make_picture.py`"


def test_the_sample_is_clean_once_it_is_fixed(tmp_path: Path) -> None:
    for path in (ROOT / "docs/sample").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT / "docs/sample")
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())

    assert asynclint("--fix", cwd=tmp_path).returncode == 0
    assert asynclint(cwd=tmp_path).stdout == "All checks passed: 5 files.\n"


def test_the_configuration_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = blocks("toml", "docs/configuration.md")
    (tmp_path / "pyproject.toml").write_text(shown, encoding="utf-8")

    settings = config.load([str(tmp_path)])

    assert settings.src == ("src",)
    assert settings.per_file_ignores == (("scripts/*", ("ASL1", "discarded-task")),)


def test_the_catalog_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = [block for block in blocks("toml", "docs/catalog.md") if "tool.asynclint.catalog.marks" in block]
    (tmp_path / "pyproject.toml").write_text(shown, encoding="utf-8")
    (tmp_path / "team.toml").write_text("")
    known = knowledge.catalog(config.load([str(tmp_path)]))

    assert (known.blocks["acme.Client.fetch"].kind, known.marks["shop.tools.native"]) == ("database", "cpu")
    assert "requests.Session.get" not in known.blocks


@pytest.mark.parametrize("number", range(3))
def test_each_suppression_shown_suppresses(tmp_path: Path, number: int) -> None:
    part = next(block for block in blocks("python", "docs/configuration.md")).split("\n\n")[number]
    body = "".join(f"    {line}\n" for line in part.splitlines())
    (tmp_path / "x.py").write_text(f"import time\n\nasync def f():\n{body}", encoding="utf-8")

    done = asynclint(cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "All checks passed: 1 file.\n")


def test_the_rule_of_the_page_about_plugins_loads_from_a_file(tmp_path: Path) -> None:
    rule = next(block for block in blocks("python", "docs/plugins.md") if "(Rule)" in block)
    (tmp_path / "team_rules.py").write_text(rule, encoding="utf-8")
    (tmp_path / "asynclint.toml").write_text('plugins = ["team_rules.py"]\n', encoding="utf-8")
    (tmp_path / "x.py").write_text("import asyncio as a\n\nasync def f(g):\n    await a.ensure_future(g())\n", encoding="utf-8")

    done = asynclint("--output-format", "concise", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("x.py:4:11: TEA102 `a.ensure_future()` does not say whether it starts a task")


def test_the_rules_and_flags_named_in_the_texts_exist() -> None:
    from asynclint import registry
    from asynclint.commands import commands

    known = {rule.code for rule in registry.load(Settings(root="/"))} | {"ASL900"}  # what cannot be read is no rule
    context = click.Context(commands)
    every = [commands, *(command for name in commands.list_commands(context) if (command := commands.get_command(context, name)))]
    flags = {flag for command in every for each in command.get_params(context) for flag in (*each.opts, *each.secondary_opts)}
    pages = [
        path for path in (ROOT / "docs").glob("*.md") if path.stem not in ("comparison", "editors", "plugins")
    ]  # these name flags of other programs
    texts = [README, *((ROOT / name).read_text(encoding="utf-8") for name in (*pages, "CHANGELOG.md", ".pre-commit-hooks.yaml"))]

    assert {code for text in texts for code in re.findall(r"\bASL\d{3}\b", text)} <= known
    assert {flag for text in texts for flag in re.findall(r"(?<![-\w])--[a-z][\w-]*(?!\w*>)", text)} <= flags


def test_the_page_about_plugins_shows_the_example_as_it_is() -> None:
    page, folder = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"), ROOT / "fixtures" / "plugin"

    shown = [block for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if language != "sh"]
    named = ("team_rules.py", "fixtures/ensure-future/bad_awaited.py", "test_team_rules.py", "conftest.py", "pyproject.toml")
    # The docstring of the rule has fences of its own, which are indented.
    assert shown == [(folder / name).read_text(encoding="utf-8") for name in named]
