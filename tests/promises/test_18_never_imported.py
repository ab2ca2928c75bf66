"""Promise 18: code of the linted project is never imported or run; local rules only where the configuration names them; no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import sys

def watch(event, arguments):
    if event == "import" and arguments[1] and PROJECT in str(arguments[1]):
        print("IMPORTED", arguments, file=sys.stderr)
    if event == "exec" and PROJECT in arguments[0].co_filename:
        print("EXECUTED", arguments, file=sys.stderr)
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "urllib.")):
        print("FORBIDDEN", event, arguments, file=sys.stderr)
    if event in ("pickle.find_class", "marshal.load"):
        pass

sys.addaudithook(watch)
from asynclint import cli
sys.exit(cli.run(sys.argv[1:]))
"""
BOMB = "import os, sys\nopen(os.path.join(os.path.dirname(__file__), 'RUN'), 'a').write(__name__ + chr(10))\n"
NAMES = ["conftest.py", "setup.py", "sitecustomize.py", "usercustomize.py", "noxfile.py", "asynclint_plugin.py", "libcst.py", "click.py", "app.py", "json.py",
         "__init__.py", "__main__.py"]  # fmt: skip
USES = BOMB + "import time, app, libcst\n\nasync def f():\n    time.sleep(1)\n    app.g()\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / ".git").mkdir()
    for name in NAMES:
        (root / name).write_text(BOMB)
    (root / "uses.py").write_text(USES)
    return root


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = WATCHED.replace("PROJECT", repr(str(project)))
    return subprocess.run([sys.executable, "-I", "-c", code, *arguments], capture_output=True, text=True, cwd=project, check=False)


def ran(project: Path) -> bool:
    return any(project.rglob("RUN"))


def test_nothing_of_the_project_runs(project: Path) -> None:
    done = run(project, "--fix", "--unsafe-fixes", ".")
    assert done.returncode == 0, done.stderr
    assert "asyncio.sleep" in (project / "uses.py").read_text()
    assert not ran(project)
    assert not any(word in done.stderr for word in ("IMPORTED", "EXECUTED", "FORBIDDEN")), done.stderr


def test_the_command_does_not_look_into_the_working_directory(project: Path) -> None:
    command = shutil.which("asynclint", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("not installed")
    done = subprocess.run([command, "uses.py"], capture_output=True, text=True, cwd=project, check=False)
    assert done.returncode == 1, done.stderr
    assert not ran(project)


RULE = '''
from asynclint.api import Rule


class Local(Rule):
    """Finds names.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "local"

    def visit_Call(self, node, ctx):
        ctx.report(node, "a call", no_fix="none")
'''


@pytest.mark.parametrize(("arguments", "loaded"), [((), True), (("--isolated",), False)], ids=["named", "isolated"])
def test_a_local_rule_runs_only_where_the_configuration_names_it(arguments: tuple[str, ...], loaded: bool, project: Path) -> None:
    (project / "rule.py").write_text(BOMB + RULE)
    run(project, "uses.py")
    assert not ran(project)
    (project / "asynclint.toml").write_text('plugins = ["rule.py"]\n')
    done = run(project, *arguments, "--output-format=concise", "uses.py")
    assert ran(project) is loaded
    assert ("XXX001" in done.stdout) is loaded
