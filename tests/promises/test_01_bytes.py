"""Promise 1: no byte changes outside an edit, in any encoding and with any newlines."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from asynclint import runner
from asynclint.config import Settings
from asynclint.fix.edits import apply
from asynclint.fix.imports import additions
from asynclint.model import Applicability, Edit, Import
from asynclint.source import Source
from asynclint.testing import fixture_sources, fixtures

CODE = "{cookie}import time\n\x0c\n\n# {words}\nasync def f():\n\tprint('{words}');  time.sleep(1)  # {words}\n\tx = '''{words}\n'''  \n"
ENCODINGS = {
    "utf-8": ("", "é 😀 \u2028 日本"),
    "utf-8-sig": ("", "é 😀"),
    "latin-1": ("# coding: latin-1\n", "é ÿ \xa0 \x85"),
    "cp1252": ("# -*- coding: cp1252 -*-\n", "€ “é”"),
    "shift_jis": ("#!/usr/bin/python\n# vim: set fileencoding=shift_jis :\n", "日本 ソ表"),
}
NEWLINES = {"lf": ["\n"], "crlf": ["\r\n"], "cr": ["\r"], "mixed": ["\r\n", "\n", "\r"]}

FIXTURES = Path(__file__).parents[2] / "fixtures"
# Without mixed newlines: what is inserted has the first kind.
LAYOUTS = [(encoding, newlines, final) for encoding in ENCODINGS for newlines in NEWLINES.values() for final in (True, False) if len(newlines) == 1]
EVERY = 1 if os.environ.get("ASYNCLINT_FULL") else len(LAYOUTS)


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


def in_layout(text: str, layout: tuple[str, list[str], bool]) -> bytes:
    """A text in an encoding, with newlines of one kind, and with or without the last one."""
    encoding, newlines, final = layout
    text = ENCODINGS[encoding][0] + text
    return lay_out(text if final else text.removesuffix("\n"), newlines).encode(encoding)


def fixed(path: str, data: bytes) -> bytes:
    """The bytes of a file after all its fixes."""
    settings = Settings(root="/", tests_may_block=False, jobs=1, exclude=(), respect_gitignore=False)
    result = runner.run(runner.Request((), settings, fix=Applicability.UNSAFE, write=False, stdin=(path, data), in_process=True))
    assert not result.all_problems
    return Source.from_bytes(path, data).to_bytes(result.changed[path][1]) if path in result.changed else data


CASES = [
    (path, layout)
    for number, path in enumerate(path for path in fixtures(FIXTURES) if path.is_file() and path.name.startswith("bad_"))
    for layout in LAYOUTS[number % EVERY :: EVERY]
]


@pytest.mark.parametrize(("path", "layout"), CASES, ids=[f"{p.parent.name}/{p.stem}-{e}-{n!r}-{f}" for p, (e, n, f) in CASES])
def test_every_fixture_gets_the_same_fix_in_every_layout(path: Path, layout: tuple[str, list[str], bool]) -> None:
    (text,) = fixture_sources(path).values()
    try:
        data = in_layout(text, layout)
    except UnicodeEncodeError:
        pytest.skip("the fixture has words that this encoding cannot write")
    if re.search(r"coding[:=]", text.partition("\n")[0]):
        pytest.skip("the fixture names an encoding itself")
    plain = fixed(path.name, (ENCODINGS[layout[0]][0] + text).encode(layout[0]))
    assert fixed(path.name, data) == in_layout(plain.decode(layout[0]).removeprefix(ENCODINGS[layout[0]][0]), layout)
