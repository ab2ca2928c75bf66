"""Files are read whole or not at all: what is no regular file, and what has no end, is an error at once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from asynclint.reading import read_regular, read_text


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_file_up_to_the_limit_is_read(tmp_path: Path, size: int) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * size)
    assert read_regular(str(file), 1000) == b"x" * size


def test_a_larger_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 1001)
    with pytest.raises(OSError, match="more than 1,000 bytes") as raised:
        read_regular(str(file), 1000)
    assert raised.value.errno == errno.EFBIG


@pytest.mark.parametrize("through_link", [False, True])
@pytest.mark.parametrize("kind", ["fifo", "zero", "folder"])
def test_what_is_no_regular_file_is_an_error_and_not_waited_for(tmp_path: Path, kind: str, through_link: bool) -> None:
    place = tmp_path / "a"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place = Path("/dev/zero")
    if through_link:
        (tmp_path / "link").symlink_to(place)
        place = tmp_path / "link"
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(str(place), 1000)


def test_a_link_is_followed_unless_it_must_not_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(str(tmp_path / "link"), 1000) == b"text"
    with pytest.raises(OSError) as raised:
        read_regular(str(tmp_path / "link"), 1000, follow=False)
    assert raised.value.errno == errno.ELOOP


def test_a_file_without_a_size_is_read_to_its_limit() -> None:
    """Files of /proc say that they hold nothing."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no /proc")
    assert b"Name:" in read_regular("/proc/self/status", 100_000)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_regular("/proc/self/status", 10)


def test_text_has_plain_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\ntwo\rthree\n\xc3\xa4")
    assert read_text(str(tmp_path / "a")) == "one\ntwo\nthree\n\xe4"
    (tmp_path / "b").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_text(str(tmp_path / "b"))
