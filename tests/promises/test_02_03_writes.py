"""Promises 2 and 3: a write is all or nothing, and keeps mode, owner and links."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asynclint import cli
from asynclint.fix import writer
from asynclint.fix.writer import WriteError, sweep, write, write_all

KILLS = 500 if os.environ.get("ASYNCLINT_FULL") == "1" else 40
OLD, NEW = b"x = 1\n" * 50_000, b"y = 23\n" * 50_000
ROOT = Path(__file__).parents[2]


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(OLD)
    return path


@pytest.fixture(params=["alone", "hard-linked"])
def any_file(file: Path, request: pytest.FixtureRequest) -> Path:
    if request.param == "hard-linked":
        os.link(file, file.with_name("b.py"))
    return file


def test_write(file: Path) -> None:
    write(str(file), OLD, NEW)
    assert files(file.parent) == {"a.py": NEW}
    write(str(file), OLD, NEW)  # written already


def test_a_relative_path(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    write("a.py", OLD, NEW)
    assert files(file.parent) == {"a.py": NEW}


# Failures


def test_a_file_size_limit(any_file: Path) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))  # noqa: E731
    code = f"""
        from asynclint.fix.writer import WriteError, write
        try:
            write({str(any_file)!r}, {OLD[:6]!r} * 50_000, {NEW[:7]!r} * 50_000)
        except WriteError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], preexec_fn=limit, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "was not written: File too large" in done.stdout
    assert set(files(any_file.parent).values()) == {OLD}
    assert all(name.endswith(".py") for name in files(any_file.parent))


def test_a_read_only_directory(any_file: Path) -> None:
    any_file.parent.chmod(0o555)
    try:
        with pytest.raises(WriteError, match=r"its directory `.*` is read-only"):
            write(str(any_file), OLD, NEW)
    finally:
        any_file.parent.chmod(0o755)
    assert set(files(any_file.parent).values()) == {OLD}


def test_a_read_only_file(any_file: Path) -> None:
    any_file.chmod(0o444)
    with pytest.raises(WriteError, match="it is read-only"):
        write(str(any_file), OLD, NEW)
    assert any_file.read_bytes() == OLD


def test_a_file_that_changed_since_it_was_read(any_file: Path) -> None:
    any_file.write_bytes(b"z = 1\n")
    with pytest.raises(WriteError, match="it was changed since it was read"):
        write(str(any_file), OLD, NEW)
    assert any_file.read_bytes() == b"z = 1\n"


def test_a_file_that_changes_while_it_is_written(any_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def change(descriptor: int) -> None:
        fsync(descriptor)
        any_file.write_bytes(b"z = 1\n")

    monkeypatch.setattr(os, "fsync", change)
    with pytest.raises(WriteError, match="it was changed since it was read"):
        write(str(any_file), OLD, NEW)
    assert set(files(any_file.parent).values()) == {b"z = 1\n"}


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    for name, message in {".": "not a regular file", "fifo.py": "not a regular file", "loop.py": "Too many levels", "no.py": "No such file"}.items():
        with pytest.raises(WriteError, match=message):
            write(str(tmp_path / name), OLD, NEW)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "^C"])
@pytest.mark.parametrize("step", ["open", "fsync", "replace", "chmod"])
def test_every_step_may_fail(any_file: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fail)
    written = False
    with contextlib.suppress(WriteError, KeyboardInterrupt):
        write(str(any_file), OLD, NEW)
        written = True
    monkeypatch.undo()
    assert set(files(any_file.parent).values()) == {NEW if written else OLD}
    assert all(name.endswith(".py") for name in files(any_file.parent))


def test_a_hard_linked_file_is_put_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.link(file, file.with_name("b.py"))
    fill = writer._fill
    calls = 0

    def fail(target: str, data: bytes) -> None:
        nonlocal calls
        calls += 1
        fill(target, data)
        if calls == 1:
            with open(target, "r+b") as torn:
                torn.write(NEW[:1000] + OLD[1000:])
                torn.truncate(len(OLD))
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(writer, "_fill", fail)
    with pytest.raises(WriteError, match="Input/output error"):
        write(str(file), OLD, NEW)
    assert files(file.parent) == {"a.py": OLD, "b.py": OLD}


# What stays


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o4755, 0o664])
def test_the_mode_stays(any_file: Path, mode: int) -> None:
    any_file.chmod(mode)
    write(str(any_file), OLD, NEW)
    assert any_file.stat().st_mode & 0o777 == mode & 0o777
    assert any_file.read_bytes() == NEW


def test_the_mode_stays_with_its_special_bits(file: Path) -> None:
    file.chmod(0o2755)
    write(str(file), OLD, NEW)
    assert file.stat().st_mode & 0o7777 == 0o2755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(any_file: Path) -> None:
    os.chown(any_file, 12345, 23456)
    write(str(any_file), OLD, NEW)
    assert (any_file.stat().st_uid, any_file.stat().st_gid) == (12345, 23456)


def test_an_owner_that_cannot_be_kept_means_overwriting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_dress", lambda *_: False)
    inode = file.stat().st_ino
    write(str(file), OLD, NEW)
    assert file.stat().st_ino == inode
    assert files(file.parent) == {"a.py": NEW}


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes")
def test_extended_attributes_stay(any_file: Path) -> None:
    try:
        os.setxattr(any_file, "user.asynclint", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write(str(any_file), OLD, NEW)
    assert os.getxattr(any_file, "user.asynclint") == b"kept"


def test_symbolic_links_stay(file: Path) -> None:
    (file.parent / "sub").mkdir()
    link = file.parent / "sub" / "link.py"
    link.symlink_to("../a.py")
    write(str(link), OLD, NEW)
    assert os.readlink(link) == "../a.py"
    assert file.read_bytes() == NEW


def test_hard_links_stay(file: Path) -> None:
    os.link(file, file.with_name("b.py"))
    write(str(file), OLD, b"short\n")
    assert files(file.parent) == {"a.py": b"short\n", "b.py": b"short\n"}
    assert file.stat().st_nlink == 2
    write(str(file.with_name("b.py")), OLD, b"short\n")  # written already, under its other name


# Several files


@pytest.fixture
def pair(file: Path) -> Iterator[tuple[Path, Path]]:
    other = file.parent / "sub" / "b.py"
    other.parent.mkdir()
    other.write_bytes(OLD)
    yield file, other
    other.parent.chmod(0o755)


def test_all(pair: tuple[Path, Path]) -> None:
    write_all({str(path): (OLD, NEW) for path in pair})
    assert [path.read_bytes() for path in pair] == [NEW, NEW]
    assert list(files(pair[1].parent)) == ["b.py"]


def test_or_none_if_one_cannot_be_prepared(pair: tuple[Path, Path]) -> None:
    pair[1].parent.chmod(0o555)
    with pytest.raises(WriteError, match="read-only"):
        write_all({str(path): (OLD, NEW) for path in pair})
    assert [path.read_bytes() for path in pair] == [OLD, OLD]
    assert sorted(path.name for path in pair[0].parent.iterdir()) == ["a.py", "sub"]


@pytest.mark.parametrize("linked", [False, True])
def test_or_none_if_one_cannot_be_replaced(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, linked: bool) -> None:
    if linked:
        os.link(pair[0], pair[0].with_name("c.py"))
    pair[0].chmod(0o750)
    replace = os.replace

    def fail(source: str, target: str) -> None:
        if target == str(pair[1]):
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(WriteError, match="Input/output error"):
        write_all({str(path): (OLD, NEW) for path in pair})
    assert [path.read_bytes() for path in pair] == [OLD, OLD]
    assert pair[0].stat().st_mode & 0o777 == 0o750
    assert not [path for path in pair[0].parent.rglob("*") if path.name.startswith(".")]


def test_two_names_of_one_file(file: Path) -> None:
    os.link(file, file.with_name("b.py"))
    file.with_name("c.py").symlink_to("a.py")
    names = [str(file.with_name(name)) for name in ("a.py", "b.py", "c.py")]
    with pytest.raises(WriteError, match="another name"):
        write_all({names[0]: (OLD, NEW), names[1]: (OLD, b"other")})
    write_all(dict.fromkeys(names, (OLD, NEW)))
    assert files(file.parent) == {"a.py": NEW, "b.py": NEW, "c.py": NEW}


# Kills

WRITE_FOREVER = r"""
import sys
sys.path.insert(0, sys.argv[1])
from asynclint.fix.writer import write
texts = [b"x = 1\n" * 50_000, b"y = 23\n" * 50_000]
print(flush=True)
while True:
    write(sys.argv[2], *texts)
    texts.reverse()
"""


def test_killed_at_any_moment(any_file: Path) -> None:
    rng = random.Random(1)
    for _ in range(KILLS):
        any_file.write_bytes(OLD)
        command = [sys.executable, "-I", "-S", "-c", WRITE_FOREVER, str(ROOT), str(any_file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.02))
            child.send_signal(signal.SIGKILL)
        if any_file.stat().st_nlink == 1:
            assert any_file.read_bytes() in (OLD, NEW)
        sweep(str(any_file.parent))
        assert set(files(any_file.parent).values()) in ({OLD}, {NEW})
        assert all(name.endswith(".py") for name in files(any_file.parent))


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        return child.pid


@pytest.mark.parametrize("written", [0, 1, 1000, len(OLD), len(NEW)])
@pytest.mark.parametrize(("old", "new"), [(OLD, NEW), (NEW, OLD)], ids=["longer", "shorter"])
def test_sweep_mends_a_half_overwritten_file(file: Path, written: int, old: bytes, new: bytes) -> None:
    file.write_bytes(new[:written] + old[written:])
    stray = file.with_name(f".asynclint-{dead_pid()}-0.a.py")
    Path(f"{stray}.new").write_bytes(new)
    Path(f"{stray}.old").write_bytes(old)
    assert sorted(sweep(str(file.parent))) == [f"{stray}.new", f"{stray}.old"]
    (name, content), *others = files(file.parent).items()
    assert not others
    assert name == "a.py"
    assert content in (old, new)


def test_sweep_leaves_a_file_changed_since(file: Path) -> None:
    stray = file.with_name(f".asynclint-{dead_pid()}-0.a.py")
    Path(f"{stray}.new").write_bytes(NEW)
    Path(f"{stray}.old").write_bytes(OLD)
    file.write_bytes(b"z = 1\n")
    sweep(str(file.parent))
    assert files(file.parent) == {"a.py": b"z = 1\n"}


def test_sweep_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    names = [f".asynclint-{os.getpid()}-0.tmp", f".asynclint-{dead_pid()}-0", ".asynclint-x-0.tmp", "a.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".asynclint-{dead_pid()}-1.tmp").symlink_to("a.tmp")
    assert sweep(str(tmp_path)) == []
    assert len(files(tmp_path)) == 5


@pytest.mark.parametrize("plant", [lambda path, aim: os.mkfifo(path), lambda path, aim: path.symlink_to(aim)], ids=["fifo", "link"])
@pytest.mark.parametrize("planted", ["old", "new"])
def test_sweep_follows_no_link_and_waits_for_no_fifo(file: Path, planted: str, plant: Callable[[Path, Path], None]) -> None:
    file.write_bytes(NEW[:100] + OLD[100:])
    aim = file.with_name("secret")
    aim.write_bytes({"old": OLD, "new": NEW}[planted])
    stray = file.with_name(f".asynclint-{dead_pid()}-0.a.py")
    for ending, content in (("old", OLD), ("new", NEW)):
        if ending == planted:
            plant(Path(f"{stray}.{ending}"), aim)
        else:
            Path(f"{stray}.{ending}").write_bytes(content)
    assert sweep(str(file.parent)) == []
    assert file.read_bytes() == NEW[:100] + OLD[100:]
    assert aim.read_bytes() == {"old": OLD, "new": NEW}[planted]


def test_the_first_run_that_fixes_mends_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in folders where nothing is found, and before anything is read: the torn text is no Python."""
    monkeypatch.chdir(tmp_path)
    old = b"import time\nasync def f():\n    time.sleep(1)\n"
    new = b"import asyncio\n" + old.replace(b"time.sleep", b"await asyncio.sleep")
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "m.py").write_bytes(new[:44] + old[44:])
    os.link(torn / "m.py", torn / "other-name")
    pid = dead_pid()
    for ending, content in (("old", old), ("new", new)):
        (torn / f".asynclint-{pid}-0.m.py.{ending}").write_bytes(content)
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "a.py").write_bytes(b"x = 1\n")
    (tmp_path / "clean" / f".asynclint-{dead_pid()}-0.tmp").write_bytes(b"junk")

    assert cli.run(["--no-cache", "--isolated", "torn", "clean"]) == 2  # without --fix nothing is touched
    assert len(files(torn)) == 4
    assert cli.run(["--no-cache", "--isolated", "--fix", "torn", "clean"]) == 0

    assert sorted(files(torn)) == ["m.py", "other-name"]
    assert b"await asyncio.sleep(1)" in (torn / "m.py").read_bytes()
    assert os.path.samefile(torn / "m.py", torn / "other-name")
    assert sorted(files(tmp_path / "clean")) == ["a.py"]


def test_sweep_of_nothing(tmp_path: Path) -> None:
    assert sweep(str(tmp_path / "none")) == []


def test_the_next_write_sweeps(file: Path) -> None:
    file.with_name(f".asynclint-{dead_pid()}-0.tmp").write_bytes(b"half")
    write(str(file), OLD, NEW)
    assert files(file.parent) == {"a.py": NEW}
