"""What users get: the wheel and the sdist hold all of the source and nothing else, and what is installed from them works."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import tomli

import asynclint

ROOT = Path(__file__).parent.parent
BUILT_FROM = ("asynclint", "rules", "pyproject.toml", "README.md", "LICENSE")
DIST = f"asynclint-{asynclint.__version__}"

pytestmark = pytest.mark.slow


def run(command: Sequence[str | Path], cwd: Path, expected: int = 0) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def error(command: Sequence[str | Path], cwd: Path) -> str:
    """What a command says that fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    return done.stderr


def sources() -> set[str]:
    """The files that an installation must have, by their path in it."""
    data = ("py.typed", "schema.json", "templates/**/*.txt")
    package = {path.relative_to(ROOT) for pattern in ("**/*.py", *data) for path in (ROOT / "asynclint").glob(pattern)}
    rules = {path.relative_to(ROOT) for pattern in ("*.py", "catalog/*.toml", "catalog/derived/*.json") for path in (ROOT / "rules").glob(pattern)}
    return {path.as_posix() for path in package} | {f"asynclint/{path.as_posix()}" for path in rules}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the distributions are made from: a build writes into the tree, and several tests run at once."""
    folder = tmp_path_factory.mktemp("tree")
    for name in BUILT_FROM:
        paths = [path for path in (ROOT / name, *(ROOT / name).rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
        for path in paths:
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh virtual environment that sees the packages of this one, but asynclint only once it is installed there."""
    folder = tmp_path_factory.mktemp("venv")
    builder = venv.EnvBuilder(with_pip=False)
    builder.create(folder)
    context = builder.ensure_directories(folder)
    python = Path(context.env_exe)
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
    # A path in a .pth file is only searched: the .pth files in it, and so an editable asynclint, have no effect.
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n", encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def wheel(tree: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree, python, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree, python, "sdist", tmp_path_factory.mktemp("sdist"))


def built(tree: Path, python: Path, kind: str, folder: Path) -> Path:
    """The distribution that the project's build backend makes. The backend is that of the environment: a test downloads nothing."""
    code = f"import setuptools.build_meta as backend; backend.build_{kind}({str(folder)!r})"
    run([python, "-c", code], tree)
    (path,) = folder.iterdir()
    return path


def install(wheel: Path, python: Path, folder: Path) -> Path:
    """Install a wheel without its dependencies; the directory of scripts."""
    run([python, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", "--quiet", wheel], folder)
    return python.parent


def test_the_wheel_holds_the_source_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    metadata = {name for name in names if name.startswith(f"{DIST}.dist-info/")}
    assert names - metadata == sources()
    assert {f"{DIST}.dist-info/licenses/LICENSE", f"{DIST}.dist-info/entry_points.txt"} <= metadata


def test_the_sdist_holds_the_source_and_what_builds_it(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {member.name.removeprefix(f"{DIST}/") for member in archive.getmembers() if member.isfile()}

    installed = {name.removeprefix("asynclint/") if name.startswith("asynclint/rules/") else name for name in sources()}
    generated = {name for name in names if name.startswith("asynclint.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    assert names - generated == installed | {"pyproject.toml", "README.md", "LICENSE"}


def test_the_wheel_of_the_sdist_is_the_wheel(sdist: Path, wheel: Path, python: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))

    again = built(tmp_path / DIST, python, "wheel", tmp_path / "wheel")

    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert {each.filename: each.CRC for each in first.infolist()} == {each.filename: each.CRC for each in second.infolist()}


def test_what_is_installed_runs(wheel: Path, python: Path, tmp_path: Path) -> None:
    scripts = install(wheel, python, tmp_path)
    command = scripts / "asynclint"
    (tmp_path / "bad.py").write_text("import time\n\n\nasync def wait():\n    time.sleep(1)\n", encoding="utf-8")

    where = run([python, "-c", "import asynclint, asynclint.rules; print(asynclint.__file__); print(asynclint.rules.__file__)"], tmp_path)
    assert str(ROOT) not in where
    assert str(scripts.parent) in where
    assert run([command, "--version"], tmp_path) == f"asynclint {asynclint.__version__}\n"
    assert "# blocking-sleep (ASL101)" in run([command, "rule", "--all"], tmp_path)
    assert "bad.py:5:5: ASL101 " in run([command, "--output-format", "concise", "bad.py"], tmp_path, expected=1)
    assert run([command, "--fix", "--quiet", "bad.py"], tmp_path) == ""
    assert "    await asyncio.sleep(1)\n" in (tmp_path / "bad.py").read_text(encoding="utf-8")


def test_the_installed_package_is_typed(wheel: Path, python: Path, tmp_path: Path) -> None:
    install(wheel, python, tmp_path)
    (tmp_path / "plugin.py").write_text("from asynclint.api import Rule\n\nreveal_type(Rule.code)\n", encoding="utf-8")

    shown = run([python, "-m", "mypy", "--strict", "plugin.py"], tmp_path)

    assert 'Revealed type is "str"' in shown.replace("builtins.", "")


def test_the_dependencies_are_those_of_the_plan() -> None:
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = importlib.metadata.requires("asynclint") or []

    assert sorted(each.partition(">=")[0] for each in project["dependencies"]) == ["click", "libcst", "rich", "tomli", "typeshed-client"]
    assert sorted(each for each in required if "extra ==" not in each) == sorted(project["dependencies"])


def test_the_plugin_of_the_documentation(wheel: Path, python: Path, tmp_path: Path) -> None:
    """It is built, installed beside asynclint and tested with its own tests; its rule is then one of all."""
    install(wheel, python, tmp_path)
    plugin = tmp_path / "plugin"
    shutil.copytree(ROOT / "fixtures" / "plugin", plugin)
    (tmp_path / "built").mkdir()
    scripts = install(built(plugin, python, "wheel", tmp_path / "built"), python, tmp_path)

    try:
        assert "3 passed" in run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_team_rules.py"], plugin)
        assert "# ensure-future (TEA102)" in run([scripts / "asynclint", "rule", "TEA102"], tmp_path)
        assert run([python, "-m", "mypy", "--strict", "team_rules.py"], plugin).startswith("Success")
    finally:
        run([python, "-m", "pip", "uninstall", "--yes", "--quiet", "asynclint-team"], tmp_path)


def test_a_new_plugin(wheel: Path, python: Path, tmp_path: Path) -> None:
    """What `asynclint new-rule --plugin` writes is built, installed and tested as it is, and well written."""
    scripts = install(wheel, python, tmp_path)
    shown = run([scripts / "asynclint", "new-rule", "no-gather", "--plugin", "asynclint-crew", "--call", "asyncio.gather"], tmp_path)
    plugin = tmp_path / "asynclint-crew"
    assert shown.startswith("Wrote CRE101 (no-gather), a rule that flags calls of `asyncio.gather`, in asynclint-crew:\n")
    written = sorted(path.name for path in plugin.rglob("*") if path.is_file())
    (tmp_path / "built").mkdir()
    install(built(plugin, python, "wheel", tmp_path / "built"), python, tmp_path)

    try:
        assert written == sorted(line.rpartition("/")[2].strip() for line in shown.partition("\n\n")[0].splitlines()[1:])
        assert "8 passed" in run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], plugin)
        assert "# no-gather (CRE101)" in run([scripts / "asynclint", "rule", "CRE101"], tmp_path)
        assert run([python, "-m", "mypy", "--strict", "crew_rules.py", "conftest.py", "test_crew_rules.py"], plugin).startswith("Success")
        assert "CRE101 (no-gather)" in (taken := error([scripts / "asynclint", "new-rule", "no-gather", "--plugin", "asynclint-other"], tmp_path))
        assert "crew_rules.py:13" in taken
    finally:
        run([python, "-m", "pip", "uninstall", "--yes", "--quiet", "asynclint-crew"], tmp_path)
