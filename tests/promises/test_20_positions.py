"""Promise 20: positions are right: lines end at LF, CR LF and CR; columns count code points from 1."""

from __future__ import annotations

import re

import pytest

from asynclint.model import Applicability
from asynclint.source import Source
from asynclint.testing import fix_text, lint_text

CALL = "time.sleep(1)"
HEAD = "import time\n\nasync def f(x=0):\n"
TEXTS = {
    "spaces": HEAD + "    time.sleep(1)\n",
    "tabs": HEAD + "\ttime.sleep(1)\n\tif x:\n\t\tx = [0,\ttime.sleep(1)]\n",
    "astral": HEAD + "    x = '😀\U0001d518', time.sleep(1), '😀', time.sleep(1)\n",
    "combining": HEAD + "    x = 'e\u0301', time.sleep(1)\n",
    "wide names": HEAD + "    переменная = '日本'; x = time.sleep(1)\n",
    "form feed": "import time\n\x0c\nasync def f():\n\x0c    x = 1\n    time.sleep(1)\x0c\n    x = '\x0c'; time.sleep(1)\n",
    "U+2028 and U+2029 and U+0085": HEAD + "    x = '\u2028\u2029\x85'; time.sleep(1)\n    # \u2028 \x85\n    time.sleep(1)\n",
    "vertical tab and separators in strings": HEAD + "    x = '\x0b\x1c\x1d\x1e'; time.sleep(1)\n    time.sleep(1)\n",
    "CR LF": (HEAD + "    time.sleep(1)\n    x = '''\n'''; time.sleep(1)\n").replace("\n", "\r\n"),
    "CR": (HEAD + "    time.sleep(1)\n    x = '😀'; time.sleep(1)\n").replace("\n", "\r"),
    "mixed": "import time\r\n\nasync def f():\r    x = '''\r\n\n\r'''; time.sleep(1)\n    time.sleep(1)",
    "continuation": HEAD + "    x = '😀' + \\\n  str(time.sleep(1))\n",
    "parentheses": HEAD + "    x = ((  '😀',\n# 😀\n   (time.sleep(1)),))\n",
    "f-string": HEAD + "    x = f'{time.sleep(1)} a'\n",
    "decorated and nested": HEAD
    + "    @str\n    async def g(): time.sleep(1)\n    class C:\n        async def h(self):\n            time.sleep(1)\n",
    "two on a line": HEAD + "    time.sleep(1); time.sleep(1); x = time.sleep(1) or time.sleep(1)\n",
    "lambda default order": HEAD + "    x = dict(a=time.sleep(1), *[time.sleep(1)], b=lambda y=time.sleep(1): y)\n",
    "conditional expression": HEAD + "    x = time.sleep(1) if time.sleep(1) else time.sleep(1)\n",
    "comprehension": HEAD + "    x = [time.sleep(1) for y in [time.sleep(1)] if time.sleep(1)]\n    x = {time.sleep(1): time.sleep(1) for y in x}\n",
    "match": HEAD + "    match time.sleep(1):\n        case str(y) if time.sleep(1):\n            time.sleep(1)\n",
    "with and for": HEAD
    + "    for y in [time.sleep(1)]:\n        with open(time.sleep(1)) as z:\n            time.sleep(1)\n    else:\n        time.sleep(1)\n",
}


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, by the definition."""
    before = re.split(r"\r\n|\r|\n", text[:offset])
    return len(before), len(before[-1]) + 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_call_is_found_where_it_stands(text: str) -> None:
    spans = [finding.span for finding in lint_text(text) if finding.code == "ASL101"]
    starts = [match.start() for match in re.finditer(re.escape(CALL), text)]
    assert [span.start.offset for span in spans] == starts
    for span in spans:
        assert text[span.start.offset : span.end.offset] == CALL
        assert (span.start.line, span.start.column) == place(text, span.start.offset)
        assert (span.end.line, span.end.column) == place(text, span.end.offset)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_what_is_fixed_is_what_was_found(text: str) -> None:
    fixes = [
        finding.fix for finding in lint_text(text) if finding.code == "ASL101" and finding.fix and finding.fix.applicability is Applicability.SAFE
    ]
    fixed = fix_text(text)
    assert fixed.count("await asyncio.sleep(1)") == len(fixes)
    assert fixed.count(CALL) == text.count(CALL) - len(fixes)


def test_editors_count_utf_16_units() -> None:
    text = TEXTS["astral"]
    source = Source.from_bytes("x.py", text.encode())
    for finding in lint_text(text):
        start = finding.span.start
        before = text[start.offset - start.column + 1 : start.offset]
        assert source.utf16_column(start) == len(before.encode("utf-16-le")) // 2 + 1
