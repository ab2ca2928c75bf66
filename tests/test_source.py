"""Bytes to text and back, and positions that agree with `ast` whatever the newlines and characters."""

from __future__ import annotations

import ast
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynclint.model import Position
from asynclint.source import Source, SourceError

TEXT = "# x\nx = 'é'; yy = 'a😀b'; z = 1\n\x0cdef f():\n\tö = '\u2028\x0c\x85'; q = 2\n\ns = '''a\nb\u2029''' + w\nif x: \\\n  y = 3"


def source(text: str) -> Source:
    return Source.from_bytes("a.py", text.encode())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_positions_are_those_of_ast(newline: str, bom: bytes) -> None:
    src = Source.from_bytes("a.py", bom + TEXT.replace("\n", newline).encode())
    found = 0
    for node in ast.walk(ast.parse(src.text)):
        if isinstance(node, ast.expr | ast.stmt):
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            span = src.span_of(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            assert span.start.line == node.lineno
            text = src.text[span.start.offset : span.end.offset]
            assert text.replace(newline, "\n") == ast.get_source_segment(TEXT, node)
            found += 1
    assert found > 20


def test_mixed_newlines() -> None:
    src = source("a\r\nb\rc\nd\r\n\re")
    assert [src.line_text(line) for line in range(8)] == ["", "a", "b", "c", "d", "", "e", ""]
    assert src.line_starts == [0, 3, 5, 7, 10, 11]
    assert src.newline == "\r\n"


@given(st.text(st.sampled_from("ab \t\x0c\r\n\u2028é😀\x0b\x85"), max_size=30))
def test_lines_and_positions_hold_together(text: str) -> None:
    src = source(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert [src.line_text(number) for number in range(1, len(lines) + 1)] == lines
    assert len(src.line_starts) == len(lines)
    for offset in range(len(text) + 1):
        position = src.position(offset)
        assert position.offset == offset
        head = text[offset - position.column + 1 : offset]
        assert src.offset_at(position.line, len(head.encode())) == offset
        assert src.utf16_column(position) == len(head.encode("utf-16-le")) // 2 + 1
    assert src.offset_at(len(lines) + 1, 0) == len(text)
    assert src.offset_at(len(lines), 999) == len(text)


def test_position() -> None:
    assert source("a\nbc").position(3) == Position(3, 2, 2)
    assert source("").position(0) == Position(0, 1, 1)


@pytest.mark.parametrize(("text", "newline"), [("", "\n"), ("a", "\n"), ("a\n", "\n"), ("a\r\nb\nc\r\n", "\r\n"), ("a\rb", "\r"), ("a\r\nb\n", "\n")])
def test_the_dominant_newline(text: str, newline: str) -> None:
    assert source(text).newline == newline


def test_indentation() -> None:
    src = source("a\n \t b c\r\n\x0cd")
    assert [src.indentation(src.text.index(char)) for char in "abcd"] == ["", " \t ", " \t ", "\x0c"]
    assert source("").indentation(0) == ""


@pytest.mark.parametrize(
    "data",
    [
        "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
        "#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = '€'\n".encode("cp1252"),
        "\r# vim: set fileencoding=shift_jis :\rx = '日本'\r".encode("shift_jis"),
        "\x0c # coding=euc-jp\r\nx = '日本'".encode("euc-jp"),
        b"# coding: ascii\nx = 1\n",
    ],
)
def test_declared_encodings(data: bytes) -> None:
    src = Source.from_bytes("a.py", data)
    assert ast.dump(ast.parse(src.text)) == ast.dump(ast.parse(data))
    assert src.to_bytes(src.text) == data


@pytest.mark.parametrize("data", [b"x = 1\n# coding: latin-1\n", b"\n\n# coding: latin-1\n", b"'''\n# not coding: latin-1'''\n"])
def test_what_is_no_cookie(data: bytes) -> None:
    assert Source.from_bytes("a.py", data).encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a\nb\0", 2, "NUL byte"),
        ("# é\r\nx".encode("utf-16"), 1, "UTF-16"),
        ("x".encode("utf-32"), 1, "UTF-16 or UTF-32"),
        ("x = 1\n".encode("utf-16-le"), 1, "NUL byte"),
        (b"a\r\nb\rc = '\xff'", 3, r"byte 0xff \(byte offset 10\) is not valid utf-8"),
        (b"\xef\xbb\xbf\xff", 1, r"\(byte offset 3\)"),
        (b"# coding: ascii\n\xe9", 2, "not valid ascii"),
        (b"# coding: klingon\n", 1, "`klingon` is not an encoding"),
        (b"\n# coding: rot13\n", 2, "`rot13` is not an encoding"),
        (b"# coding: undefined\n", 1, "cannot be decoded"),
        (b"# coding: utf-16-le\n", 1, "does not keep ASCII"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "BOM"),
    ],
)
def test_what_is_not_python_text(data: bytes, line: int, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        Source.from_bytes("a.py", data)
    assert caught.value.line == line
    assert caught.value.problem.line == line


def test_text_that_cannot_be_encoded() -> None:
    src = Source.from_bytes("a.py", b"# coding: latin-1\nx\n")
    with pytest.raises(SourceError, match=r"a.py:2: '\\u20ac' does not exist in latin-1"):
        src.to_bytes("# coding: latin-1\n€\n")


def test_a_codec_that_loses_bytes_is_refused() -> None:
    src = Source.from_bytes("a.py", rb"# coding: unicode_escape" + b"\n\n" + rb"x = '\x41'")
    with pytest.raises(SourceError, match="does not encode back"):
        src.to_bytes(src.text)


def test_read(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x\r\n")
    src = Source.read(str(file))
    assert (src.text, src.data, src.encoding, src.bom) == ("x\r\n", b"x\r\n", "utf-8", False)
    assert pickle.loads(pickle.dumps(src)).text == src.text


def test_unreadable_paths(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    for path in tmp_path, tmp_path / "fifo.py", tmp_path / "loop.py", tmp_path / "none.py":
        with pytest.raises(SourceError) as caught:
            Source.read(str(path))
        assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message
