"""The action for GitHub, and what the chapter about CI tells to write: against the platforms' own schemas, and run where that can be done here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML  # a dependency of check-jsonschema

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
PROGRAM = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"


def snippets() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def validate(schema: str, path: Path, *options: str) -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *options, str(path))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_one() -> None:
    validate("vendor.github-actions", ROOT / "action.yml")
    assert set(ACTION["inputs"]) == {"args", "src", "version"}
    inserted = re.compile(r"\$\{\{.*?\}\}")
    assert not [step for step in ACTION["runs"]["steps"] if inserted.search(step["run"])], "what a user writes must not become a part of a script"


@pytest.mark.parametrize(
    ("sign", "schema", "options"),
    [
        ("runs-on:", "vendor.github-workflows", ()),
        ("codequality:", "vendor.gitlab-ci", ("--data-transform", "gitlab-ci")),
    ],
)
def test_what_the_page_shows_is_valid(sign: str, schema: str, options: tuple[str, ...], tmp_path: Path) -> None:
    shown = [each for each in snippets() if sign in each]
    assert shown
    for number, text in enumerate(shown):
        path = tmp_path / f"{number}.yml"
        path.write_text(text, encoding="utf-8")
        validate(schema, path, *options)


def test_the_page_gives_inputs_that_the_action_has() -> None:
    workflows = [YAML(typ="safe").load(each) for each in snippets() if "runs-on:" in each]
    steps = [step for each in workflows for step in each["jobs"]["asynclint"]["steps"] if "asynclint" in step.get("uses", "")]
    assert steps
    assert all(set(step.get("with", ())) <= set(ACTION["inputs"]) for step in steps)


@pytest.mark.slow
def test_the_action_installs_and_checks(tmp_path: Path) -> None:
    """Its steps, as the runner starts them: `bash --noprofile --norc -eo pipefail FILE`, with the inputs in the environment."""
    for name in ("asynclint", "rules"):
        shutil.copytree(ROOT / name, tmp_path / "action" / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / "action" / name)
    work = tmp_path / "work"
    (work / "my src").mkdir(parents=True)
    (work / "my src/app.py").write_text(PROGRAM)
    (work / "other.py").write_text(PROGRAM)
    (tmp_path / "temp").mkdir()
    environment = {**os.environ, "RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_ACTION_PATH": str(tmp_path / "action"), "GITHUB_ACTIONS": "true"}

    def step(number: int, **inputs: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / f"step{number}.sh"
        script.write_text(ACTION["runs"]["steps"][number]["run"])
        assert set(ACTION["runs"]["steps"][number]["env"]) == set(inputs)
        command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script))
        return subprocess.run(command, cwd=work, env={**environment, **inputs}, capture_output=True, text=True, check=False)

    installed = step(0, VERSION="")
    if installed.returncode and re.search("NewConnectionError|Temporary failure|No matching distribution", installed.stderr):
        pytest.skip("pip cannot fetch what asynclint needs")
    assert installed.returncode == 0, installed.stdout + installed.stderr

    done = step(1, ARGS="--isolated --select 'ASL101'", SRC="'my src'")
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch("::error title=ASL101 blocking-sleep,file=my src/app.py,line=5,endLine=5,col=5,endColumn=18::.*\n", done.stdout)
    assert step(1, ARGS="--ignore=ALL", SRC=".").returncode == 0
    assert step(1, ARGS="", SRC="missing.py").returncode == 2
