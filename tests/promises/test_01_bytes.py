"""Promise 1: no byte changes outside an edit, in any encoding and with any newlines."""

from __future__ import annotations

import pytest

from asynclint.fix.edits import apply
from asynclint.fix.imports import additions
from asynclint.model import Edit, Import
from asynclint.source import Source

CODE = "{cookie}import time\n\x0c\n\n# {words}\nasync def f():\n\tprint('{words}');  time.sleep(1)  # {words}\n\tx = '''{words}\n'''  \n"
ENCODINGS = {
    "utf-8": ("", "é 😀 \u2028 日本"),
    "utf-8-sig": ("", "é 😀"),
    "latin-1": ("# coding: latin-1\n", "é ÿ \xa0 \x85"),
    "cp1252": ("# -*- coding: cp1252 -*-\n", "€ “é”"),
    "shift_jis": ("#!/usr/bin/python\n# vim: set fileencoding=shift_jis :\n", "日本 ソ表"),
}
NEWLINES = {"lf": ["\n"], "crlf": ["\r\n"], "cr": ["\r"], "mixed": ["\r\n", "\n", "\r"]}


def lay_out(text: str, newlines: list[str]) -> str:
    lines = text.split("\n")
    return "".join(line + newlines[index % len(newlines)] for index, line in enumerate(lines[:-1])) + lines[-1]


@pytest.mark.parametrize("final", [True, False], ids=["newline", "no newline"])
@pytest.mark.parametrize("newlines", NEWLINES.values(), ids=NEWLINES.keys())
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_only_the_edited_bytes_change(encoding: str, newlines: list[str], final: bool) -> None:
    cookie, words = ENCODINGS[encoding]
    text = lay_out(CODE.format(cookie=cookie, words=words), newlines)
    data = (text if final else text.rstrip()).encode(encoding)
    source = Source.from_bytes("a.py", data)
    start = source.text.index("time.sleep(1)")
    added = additions(source, [Import("a.py", "asyncio")], [])
    assert isinstance(added, tuple)
    edits = [Edit("a.py", source.span(start, start + len("time.sleep")), "await asyncio.sleep"), *added]
    fixed = source.to_bytes(apply(source.text, edits))
    assert fixed.replace(b"await asyncio.sleep(1)", b"time.sleep(1)").replace(b"import asyncio" + source.newline.encode(), b"", 1) == data
    compile(fixed, "a.py", "exec")


@pytest.mark.parametrize("newlines", NEWLINES.values(), ids=NEWLINES.keys())
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_edit_no_change(encoding: str, newlines: list[str]) -> None:
    cookie, words = ENCODINGS[encoding]
    data = lay_out(CODE.format(cookie=cookie, words=words), newlines).encode(encoding)
    source = Source.from_bytes("a.py", data)
    assert source.to_bytes(apply(source.text, [])) == data
