"""The hooks of `.pre-commit-hooks.yaml`, as pre-commit itself installs and runs them in a repository of its user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRE_COMMIT = (sys.executable, "-m", "pre_commit")
OFFLINE = ("NewConnectionError", "Temporary failure in name resolution", "No matching distribution found", "Could not find a version")
APP = "from shop.store import load\n\n\nasync def main():\n    load()\n"
IDLE = "def load():\n    return 1\n"
BLOCKING = "import requests\n\n\ndef load():\n    return requests.get('https://example.org/stock').json()\n"  # a package that the hook does not have
SLEEPING = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"

pytestmark = pytest.mark.slow


def run(command: Sequence[str], cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{what}": f"{what}@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"PRE_COMMIT_HOME": str(home / "pre-commit"), "XDG_CACHE_HOME": str(home / "cache"), "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env={**os.environ, **who, **own}, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def git(cwd: Path, home: Path, *arguments: str) -> str:
    done = run(("git", *arguments), cwd, home)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory, home: Path) -> tuple[Path, str]:
    """A repository with this checkout as its only commit, and the commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("asynclint")
    listed = run(("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), ROOT, home)
    if listed.returncode:
        pytest.skip("the tests do not run in a checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, home, "init", "--quiet")
    git(folder, home, "add", "--all")
    git(folder, home, "commit", "--quiet", "--message", "all")
    return folder, git(folder, home, "rev-parse", "HEAD").strip()


@pytest.fixture
def project(tmp_path: Path, home: Path, hooks: tuple[Path, str], request: pytest.FixtureRequest) -> Path:
    """A repository that uses a hook, with two modules, committed before the hook was installed."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    repository, commit = hooks
    (tmp_path / "shop").mkdir()
    for name, text in {"__init__.py": "", "app.py": APP, "store.py": IDLE}.items():
        (tmp_path / "shop" / name).write_text(text)
    config = f"repos:\n- repo: {repository}\n  rev: {commit}\n  hooks:\n  - id: {request.param}\n"
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    git(tmp_path, home, "init", "--quiet")
    git(tmp_path, home, "add", "--all")
    git(tmp_path, home, "commit", "--quiet", "--message", "first")
    done = run((*PRE_COMMIT, "install", "--install-hooks"), tmp_path, home)
    if done.returncode and any(word in done.stdout + done.stderr for word in OFFLINE):
        pytest.skip("pip cannot fetch what the hook's environment needs")
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


def commit(project: Path, home: Path, **changed: str) -> tuple[int, str]:
    """Commit changed modules: the exit code, and what pre-commit said."""
    for name, text in changed.items():
        (project / "shop" / f"{name}.py").write_text(text)
        git(project, home, "add", f"shop/{name}.py")
    done = run(("git", "commit", "--message", "more"), project, home)
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_one(home: Path) -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    done = run((*PRE_COMMIT, "validate-manifest", ".pre-commit-hooks.yaml"), ROOT, home)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_that_the_readme_shows_is_one(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    (shown,) = re.findall(r"```yaml\n(repos:\n.*?)```", (ROOT / "docs/ci.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "config.yaml").write_text(shown)
    done = run((*PRE_COMMIT, "validate-config", "config.yaml"), tmp_path, home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"- id: {re.findall('- id: (.*)', (ROOT / '.pre-commit-hooks.yaml').read_text())[0]} " in shown


@pytest.mark.parametrize("project", ["asynclint"], indirect=True)
def test_a_commit_that_makes_a_helper_block_is_stopped(project: Path, home: Path) -> None:
    code, said = commit(project, home, store=BLOCKING)

    assert code == 1, said
    assert "shop/app.py:5:5" in said
    assert "shop/store.py:5:12 in load: return requests.get(" in said

    code, said = commit(project, home, store=IDLE, clean="async def nothing():\n    pass\n")
    assert code == 0, said


@pytest.mark.parametrize("project", ["asynclint"], indirect=True)
def test_what_a_commit_does_not_touch_does_not_stop_it(project: Path, home: Path) -> None:
    (project / "shop/old.py").write_text(SLEEPING)
    (project / "shop/broken.py").write_text("def\n")
    git(project, home, "add", "--all")
    git(project, home, "commit", "--quiet", "--no-verify", "--message", "old sins")

    code, said = commit(project, home, store=IDLE + "\n\ndef more():\n    return 2\n")
    assert code == 0, said
    code, said = commit(project, home, old=SLEEPING + "\n\nX = 1\n")
    assert code == 1, said
    assert "Found 1 finding in 1 file" in said
    code, said = commit(project, home, old=SLEEPING.replace("wait", "later"), broken="def f(:\n")
    assert code == 1
    assert "shop/broken.py:1:" in said


@pytest.mark.parametrize("project", ["asynclint"], indirect=True)
def test_the_packages_of_the_project_are_those_of_its_own_environment(project: Path, home: Path) -> None:
    """pre-commit activates the hook's environment, which has other packages."""
    packages = project / ".venv/lib/python3.12/site-packages/stock"
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("import time\n\n\ndef fetch():\n    time.sleep(1)\n")
    (project / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    (project / ".gitignore").write_text(".venv\n")

    code, said = commit(project, home, shelf="import stock\n\n\nasync def main():\n    stock.fetch()\n")

    assert code == 1, said
    assert "shop/shelf.py:5:5" in said


@pytest.mark.parametrize("project", ["asynclint-fix"], indirect=True)
def test_the_fix_hook_fixes_and_stops(project: Path, home: Path) -> None:
    code, said = commit(project, home, wait=SLEEPING, store=IDLE)

    assert code == 1, said
    assert "files were modified by this hook" in said
    assert "await asyncio.sleep(1)" in (project / "shop/wait.py").read_text()
    assert (project / "shop/app.py").read_text() == APP

    git(project, home, "add", "--all")
    code, said = commit(project, home)
    assert code == 0, said


@pytest.mark.parametrize("project", ["asynclint"], indirect=True)
def test_what_the_configuration_excludes_is_not_checked(project: Path, home: Path) -> None:
    (project / "asynclint.toml").write_text('extend-exclude = ["shop/generated.py"]\n')
    git(project, home, "add", "--all")

    code, said = commit(project, home, generated=SLEEPING)

    assert code == 0, said
