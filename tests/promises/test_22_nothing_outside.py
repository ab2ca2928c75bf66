"""Promise 22: nothing is written outside of the project by way of links, names or keys that a repository holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asynclint import cache, cli
from asynclint import check as check_room
from asynclint.fix.writer import sweep
from asynclint.lsp.session import Session
from asynclint.program.summaries import SummaryError, written

PROGRAM = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"
FIXED = "import asyncio\nimport time\n\n\nasync def wait():\n    await asyncio.sleep(1)\n"
PRECIOUS = "precious\n"
Run = Callable[..., tuple[int, str, str]]
linked = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
pytestmark = linked


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "app.py").write_text(PROGRAM)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with one file, both of which must stay as they are."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text(PRECIOUS)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run([*arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def is_untouched(folder: Path) -> bool:
    return [path.name for path in folder.iterdir()] == ["file"] and (folder / "file").read_text() == PRECIOUS


def links_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_symlink()}


# -- the cache


def test_links_in_the_folder_of_the_cache_are_not_followed(project: Path, outside: Path, run: Run) -> None:
    """Neither those of temporary files that a process of this number would make, nor those of the files themselves."""
    folder = project / ".asynclint_cache"
    folder.mkdir()
    for name in ("results", "facts", "later", ".gitignore"):
        (folder / name).symlink_to(outside / "file")
        (folder / f"{name}.{os.getpid()}.tmp").symlink_to(outside / "file")
    assert run("-q", ".")[0] == 1
    assert is_untouched(outside)
    assert not (folder / "results").is_symlink()
    assert run("-q", ".")[0] == 1
    assert is_untouched(outside)


@pytest.mark.parametrize("kind", ["endless", "pipe", "folder", "link to a link"])
def test_what_is_no_file_of_the_cache_is_none(project: Path, run: Run, kind: str) -> None:
    folder = project / ".asynclint_cache"
    folder.mkdir()
    for name in ("results", "facts", "later"):
        if kind == "endless":
            (folder / name).symlink_to("/dev/zero")
        elif kind == "pipe":
            os.mkfifo(folder / name)
        elif kind == "folder":
            (folder / name).mkdir()
        else:
            (folder / name).symlink_to(name)
    code, out, err = run("-q", "--output-format=concise", ".")
    assert (code, out.partition(" ")[0]) == (1, "app.py:5:5:")
    assert ("cannot be written" in err) is (kind == "folder")


@pytest.fixture(params=["itself", "above", "itself, inside", "dangling"])
def refused(request: pytest.FixtureRequest, project: Path, outside: Path) -> list[str]:
    """Options with which the folder of the cache is, or lies behind, a link."""
    if request.param == "above":
        (project / "build").symlink_to(outside)
        return ["--cache-dir=build/kept"]
    if request.param == "itself, inside":
        (project / "elsewhere").mkdir()
    target = {"itself": outside, "itself, inside": project / "elsewhere", "dangling": outside / "new"}[request.param]
    (project / ".asynclint_cache").symlink_to(target)
    return []


def test_no_cache_is_kept_behind_a_link(project: Path, outside: Path, run: Run, refused: list[str]) -> None:
    code, out, err = run("-q", "--output-format=concise", *refused, ".")
    assert (code, out.partition(" ")[0]) == (1, "app.py:5:5:")
    (line,) = err.splitlines()
    assert line.startswith("warning: ")
    assert line.endswith(" is a link, and no cache is kept behind one; remove it, or choose another `cache-dir`")
    assert is_untouched(outside)
    assert not (project / "elsewhere").exists() or not [*(project / "elsewhere").iterdir()]
    assert run("-q", "--no-cache", *refused, ".")[2] == ""


def test_no_cache_of_an_editor_is_kept_behind_a_link(project: Path, outside: Path) -> None:
    (project / ".asynclint_cache").symlink_to(outside)
    session = Session((str(project),), {}, {}, "utf-16", trusted=False, progress=lambda *_: None)
    assert [found.code for found in session.lint([str(project / "app.py")])[str(project / "app.py")]] == ["ASL101"]
    assert [notice.partition(" is ")[0] for notice in session.notices] == [str(project / ".asynclint_cache")]
    assert is_untouched(outside)


def test_what_a_killed_run_has_left_in_the_cache_goes_away(project: Path, run: Run, outside: Path) -> None:
    folder = project / ".asynclint_cache"
    folder.mkdir()
    old, young, other = (folder / f"results.{name}.tmp" for name in ("0" * 16, "1" * 16, "other"))
    for path in (old, young, other):
        path.write_text("a piece")
    for path in (old, other):
        os.utime(path, (0, 0))
    (folder / f"facts.{'2' * 16}.tmp").symlink_to(outside / "file")
    assert run("-q", ".")[0] == 1
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)
    assert is_untouched(outside)


@pytest.mark.parametrize("base", ["{project}/.cache", "cache", ""])
def test_a_secret_that_the_project_could_have_brought_is_none(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    """A cache that it signs is data that is trusted."""
    home = "/" if base else "~"  # "~" where no user is known
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", home if base else "~"))
    monkeypatch.setenv("XDG_CACHE_HOME", base.format(project=project))
    for folder in (".cache", "cache", "~/.cache"):
        (project / folder / "asynclint").mkdir(parents=True)
        (project / folder / "asynclint/secret").write_bytes(b"s" * 32)
    used: list[bytes] = []
    monkeypatch.setattr(cache, "Cache", lambda folder, secret: used.append(secret))
    run("-q", ".")
    assert b"s" * 32 not in used


@pytest.mark.parametrize(("mode", "is_used"), [(0o644, False), (0o600, True)])
def test_a_home_that_is_the_project_has_a_secret_of_its_own(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, mode: int, is_used: bool
) -> None:
    """As in many containers, and where a home is in a repository: git brings no file that only its owner may read."""
    monkeypatch.setenv("HOME", str(project))
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / ".cache"))
    (project / ".cache/asynclint").mkdir(parents=True)
    (project / ".cache/asynclint/secret").write_bytes(b"s" * 32)
    (project / ".cache/asynclint/secret").chmod(mode)
    assert run("-q", ".")[0] == 1
    assert (project / ".asynclint_cache").exists() is is_used


# -- keys of the configuration


@pytest.mark.parametrize("key", ["cache-dir", "baseline"])
@pytest.mark.parametrize("value", ["../outside/new", "{outside}/new", "linked/new", "sub/../../outside/new", "a\\u0000b"])
@pytest.mark.parametrize("name", ["pyproject.toml", "asynclint.toml"])
def test_a_configuration_names_no_place_outside(project: Path, outside: Path, run: Run, key: str, value: str, name: str) -> None:
    (project / "linked").symlink_to(outside)
    heading = "[tool.asynclint]\n" if name == "pyproject.toml" else ""
    (project / name).write_text(f'{heading}{key} = "{value.format(outside=outside)}"\n')
    code, _, err = run("-q", "--write-baseline", ".")
    assert code == 2
    assert err.startswith(f"error: {project / name}: `{key}`: ")
    assert f"give --{key} on the command line" in err or "NUL" in err
    assert is_untouched(outside)


@pytest.mark.parametrize("value", ["kept", "sub/kept", "sub/../kept", "here/kept"])
def test_a_configuration_names_places_inside(project: Path, run: Run, value: str) -> None:
    (project / "real").mkdir()
    (project / "here").symlink_to("real")
    (project / "sub").mkdir()
    (project / "asynclint.toml").write_text(f'cache-dir = "{value}"\nbaseline = "{value}.json"\n')
    assert run("-q", "--write-baseline", ".")[0] == 0
    assert (project / value / "results").exists()
    assert json.loads((project / f"{value}.json").read_text())["version"] == 1


def test_a_command_line_names_places_outside(project: Path, tmp_path: Path, run: Run) -> None:
    (project / "asynclint.toml").write_text('cache-dir = "/nowhere"\nbaseline = "/nowhere"\n')
    assert run("-q", "--write-baseline", f"--cache-dir={tmp_path / 'c'}", f"--baseline={tmp_path / 'b.json'}", ".")[0] == 0
    assert (tmp_path / "c/results").exists()
    assert (tmp_path / "b.json").exists()
    pairs = [f'--config=cache-dir = "{tmp_path / "c2"}"', f'--config=baseline = "{tmp_path / "b2.json"}"']
    assert run("-q", "--write-baseline", *pairs, ".")[0] == 0
    assert (tmp_path / "c2/results").exists()
    assert (tmp_path / "b2.json").exists()


def test_a_configuration_that_is_named_may_name_places_beside_it(project: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/asynclint.toml").write_text('baseline = "known.json"\n')
    assert run("-q", "--write-baseline", "--config=../shared/asynclint.toml", ".")[0] == 0
    assert (tmp_path / "shared/known.json").exists()


# -- reports and baselines


@pytest.mark.parametrize("target", ["file", "new"])
def test_a_report_is_not_written_through_a_link(project: Path, outside: Path, run: Run, target: str) -> None:
    (project / "report.xml").symlink_to(outside / target)
    (project / "reports").symlink_to(outside)
    for name in ("report.xml", "reports/file", "reports/new"):
        code, _, err = run("-q", "--output-format=junit", f"--output-file={name}", ".")
        assert code == 2
        assert err.startswith(f"error: --output-file: {name}: leads out of the project by a link, to {outside}")
    assert is_untouched(outside)


def test_a_report_is_written_where_it_is_meant(project: Path, outside: Path, run: Run) -> None:
    (project / "real.txt").write_text("")
    (project / "report.txt").symlink_to("real.txt")
    (project / f"real.txt.{os.getpid()}.tmp").symlink_to(outside / "file")
    for name, read in (("report.txt", "real.txt"), ("new.txt", "new.txt"), (str(outside.parent / "a.txt"), str(outside.parent / "a.txt"))):
        assert run("-q", "--output-format=concise", f"--output-file={name}", ".")[0] == 1
        assert Path(read).read_text().startswith("app.py:5:5:")
    assert links_in(project) == {"report.txt", f"real.txt.{os.getpid()}.tmp"}
    assert is_untouched(outside)
    assert run("-q", "--output-file=/dev/null", ".")[0] == 1


@pytest.mark.parametrize("arguments", [[], ["--baseline=.asynclint-baseline.json"]])
@pytest.mark.parametrize("target", ["file", "new"])
def test_a_baseline_is_not_written_through_a_link(project: Path, outside: Path, run: Run, target: str, arguments: list[str]) -> None:
    (outside / "file").write_text(baseline := '{"version": 1, "files": {}}')
    (project / ".asynclint-baseline.json").symlink_to(outside / target)
    code, _, err = run("-q", "--write-baseline", *arguments, ".")
    assert code == 2
    assert "leads out of the project by a link" in err
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("file", baseline)]


# -- fixes and suppressions


@pytest.fixture
def leading_out(project: Path, outside: Path) -> Path:
    """A file of the project that is a link to one outside."""
    (outside / "file").write_text(PROGRAM)
    (project / "link.py").symlink_to(outside / "file")
    return project / "link.py"


@pytest.mark.parametrize("argument", [".", "link.py"])
@pytest.mark.parametrize("option", ["--fix", "--fix-only", "--diff"])
def test_a_fix_is_not_written_through_a_link(project: Path, outside: Path, leading_out: Path, run: Run, option: str, argument: str) -> None:
    code, out, err = run("-q", option, argument)
    assert code == 2
    assert err == "link.py: error: not fixed: it is a link to a file outside of the project\n"
    assert (outside / "file").read_text() == PROGRAM
    assert "link.py" not in out or option != "--diff"
    assert (project / "app.py").read_text() == (FIXED if argument == "." and option != "--diff" else PROGRAM)


def test_where_there_is_nothing_to_fix_nothing_is_said(project: Path, leading_out: Path, run: Run) -> None:
    (project / "app.py").write_text(FIXED)
    assert run("-q", "--fix", "--ignore=ASL101", ".") == (0, "", "")
    assert run("-q", "--fix", "--unfixable=ASL101", ".")[::2] == (1, "")


def test_a_fix_of_standard_input_is_of_no_file(leading_out: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "asynclint", "-q", "--fix", "--stdin-filename=link.py", "-"],
        input=PROGRAM,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, FIXED, "")
    assert leading_out.read_text() == PROGRAM


def test_a_suppression_is_not_written_through_a_link(outside: Path, leading_out: Path, run: Run) -> None:
    code, _, err = run("-q", "--add-ignore", "link.py")
    assert code == 2
    assert "was not written: it is a link to a file outside of the project" in err
    assert (outside / "file").read_text() == PROGRAM


def test_a_function_is_not_made_async_through_a_link(project: Path, outside: Path, leading_out: Path, run: Run) -> None:
    (outside / "file").write_text(text := "import time\n\n\ndef load():\n    time.sleep(1)\n")
    code, out, err = run("asyncify", "link:load", ".")
    assert (code, out) == (1, "link.py:1: is a link to a file outside of the project\n")
    assert "nothing was changed" in err
    assert (outside / "file").read_text() == text


def test_a_link_inside_the_project_is_followed(project: Path, run: Run) -> None:
    (project / "real").mkdir()
    (project / "real/a.txt").write_text(PROGRAM)
    (project / "link.py").symlink_to("real/a.txt")
    assert run("-q", "--fix", ".") == (0, "", "")
    assert (project / "real/a.txt").read_text() == FIXED
    assert links_in(project) == {"link.py"}


def test_a_project_that_is_reached_by_a_link_is_a_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    (tmp_path / "other name").symlink_to(project)
    monkeypatch.chdir(tmp_path)
    assert run("-q", "--fix", "--output-file=other name/report", "other name") == (0, "", "")
    assert (project / "app.py").read_text() == FIXED
    assert (project / ".asynclint_cache/results").exists()


def test_without_a_project_what_is_named_is_meant(project: Path, outside: Path, leading_out: Path, run: Run) -> None:
    (project / "pyproject.toml").unlink()
    code, _, err = run("-q", "--fix", ".")
    assert (code, err) == (2, "link.py: error: not fixed: it is a link to a file outside of the project\n")
    assert (outside / "file").read_text() == PROGRAM
    assert run("-q", "--output-file=link.py", ".")[0] == 2
    assert run("-q", "--fix", "link.py") == (0, "", "")
    assert (outside / "file").read_text() == FIXED
    assert leading_out.is_symlink()


# -- after a kill

DEAD = 4_000_000  # above the highest number of a process


@pytest.mark.parametrize("which", ["old", "new", "target"])
def test_nothing_is_mended_by_way_of_a_link(project: Path, outside: Path, which: str) -> None:
    """A pair of texts of which one leads elsewhere is none: the mixture stays, and so does what the link leads to."""
    before, after, now = b"a" * 50, b"b" * 50, b"b" * 20 + b"a" * 30
    files = {"old": project / f".asynclint-{DEAD}-ab.b.py.old", "new": project / f".asynclint-{DEAD}-ab.b.py.new", "target": project / "b.py"}
    for name, text in (("old", before), ("new", after), ("target", now)):
        place = outside / "file" if name == which else files[name]
        place.write_bytes(text)
        if name == which:
            files[name].symlink_to(place)
    sweep(str(project))
    place = outside / "file" if which == "target" else files["target"]
    assert place.read_bytes() == now
    assert files[which].is_symlink()


@pytest.mark.parametrize("which", ["old", "new"])
def test_an_endless_stray_is_no_stray(project: Path, which: str, run: Run) -> None:
    (project / f".asynclint-{DEAD}-ab.app.py.old").write_text("x")
    (project / f".asynclint-{DEAD}-ab.app.py.new").write_text("x")
    stray = project / f".asynclint-{DEAD}-ab.app.py.{which}"
    stray.unlink()
    stray.symlink_to("/dev/zero")
    assert run("-q", "--fix", ".") == (0, "", "")
    assert (project / "app.py").read_text() == FIXED


# -- commands that make files


@pytest.mark.parametrize("name", ["asynclint.toml", "pyproject.toml"])
def test_init_writes_through_no_link(project: Path, outside: Path, run: Run, name: str) -> None:
    (project / "pyproject.toml").unlink()
    (project / name).symlink_to(outside / ("new" if name == "asynclint.toml" else "file"))
    (outside / "file").write_text("")
    code, _, err = run("init")
    assert code == 2
    assert "link" in err
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("file", "")]


def test_init_follows_a_link_inside_the_repository(project: Path, run: Run) -> None:
    (project / ".git").mkdir()
    (project / "sub").mkdir()
    (project / "sub/pyproject.toml").symlink_to("../pyproject.toml")
    assert run("init", "sub")[0] == 0
    assert "[tool.asynclint]" in (project / "pyproject.toml").read_text()


def test_a_new_rule_is_written_through_no_link(project: Path, outside: Path, run: Run) -> None:
    (project / "team").mkdir()
    (project / "team/fixtures").symlink_to(outside)
    code, _, err = run("new-rule", "some-rule", "--plugin", "team")
    assert code == 2
    assert "leads out of team by a link; nothing was written" in err
    assert is_untouched(outside)
    assert [path.name for path in (project / "team").iterdir()] == ["fixtures"]


@pytest.mark.parametrize("name", ["/tmp/x", "../x", "a/b", "", "a\0b"])
def test_a_summary_is_named_after_a_distribution(tmp_path: Path, name: str) -> None:
    data = {"distribution": name, "version": "1", "blocks": {"x": {"y": ["file", "z"]}}}
    with pytest.raises(SummaryError, match="is no name of a distribution"):
        written(data, ["x"], str(tmp_path))
    assert not [*tmp_path.iterdir()]


def test_a_summary_replaces_a_link(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "summaries"
    folder.mkdir()
    (folder / "some@x.json").symlink_to(outside / "file")
    path = written({"distribution": "some", "version": "1", "blocks": {"x": {"y": ["file", "z"]}}}, ["x"], str(folder))
    assert json.loads(Path(path).read_text())["distribution"] == "some"
    assert not Path(path).is_symlink()
    assert is_untouched(outside)


def test_a_run_in_a_hostile_repository_leaves_all_links_and_their_targets(project: Path, outside: Path, run: Run) -> None:
    """All at once, and again with the cache of the first run."""
    shutil.copytree(project, project / "pkg")
    for name in (".asynclint-baseline.json.1.tmp", "app.py.tmp", f"app.py.{os.getpid()}.tmp", f".asynclint-{os.getpid()}-ab.tmp"):
        (project / name).symlink_to(outside / "file")
    before = links_in(project)
    for _ in range(2):
        run("-q", "--fix", "--unsafe-fixes", ".")
        run("-q", "--write-baseline", ".")
        run("-q", "--add-ignore", ".")
    assert links_in(project) == before
    assert is_untouched(outside)


@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.cfg"])
@pytest.mark.parametrize("arguments", [["-o", "report.json"], ["--write-baseline", "--baseline", "report.json"]])
def test_a_project_within_the_project_makes_no_link_lead_elsewhere(project: Path, outside: Path, run: Run, marker: str, arguments: list[str]) -> None:
    """A file in the folder that is linted makes that the root; the repository around it is still what nothing is written out of."""
    (project / "src").mkdir()
    (project / "src" / marker).write_text("[tool.asynclint]\n" if marker == "pyproject.toml" else "")
    (project / "app.py").rename(project / "src" / "app.py")
    (project / "report.json").symlink_to(outside / "new")
    code, _, told = run("--no-cache", "src", *arguments)
    assert code == 2 and "leads out of the project by a link" in told
    assert is_untouched(outside)


def test_a_linked_folder_with_a_configuration_is_still_outside(project: Path, outside: Path, run: Run) -> None:
    (outside / "file").rename(outside / "app.py")
    (outside / "app.py").write_text(PROGRAM)
    (outside / "pyproject.toml").write_text("")
    (project / "lib").symlink_to(outside)
    code, _, told = run("--no-cache", "--fix", "lib")
    assert code == 2 and "link to a file outside of the project" in told
    assert (outside / "app.py").read_text() == PROGRAM


def test_a_file_of_the_cache_is_taken_for_no_other(project: Path, run: Run) -> None:
    first = run(".")
    folder = project / ".asynclint_cache"
    for source, target in (("facts", "results"), ("results", "facts")):
        shutil.copy(folder / source, folder / target)
        assert run(".")[:2] == first[:2]
