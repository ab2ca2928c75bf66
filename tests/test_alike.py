"""Two versions of a module that say the same in different places, and those that do not."""

from __future__ import annotations

import pytest

from asynclint import engine
from asynclint.index import ModuleFacts
from asynclint.index.alike import alike
from asynclint.source import Source

TEXT = """import time

class C:
    def __init__(self, n=1):
        self.n = n

    def work(self):
        if self.n > 1: time.sleep(self.n), print("text")

def call(c: C):
    with c:
        return [c.work(), time.time()]
"""
SAME = {
    "comments and blank lines": ("    def work", "    # told\n\n    def work  "),
    "a comment behind": ("        self.n = n\n", "        self.n = n  # kept\n"),
    "a docstring": ("class C:\n", 'class C:\n    """Told."""\n\n'),
    "an operator": ("> 1", "<= 7"),
    "lines moved apart": ("[c.work(), ", "[c.work(),\n            "),
}
OTHER = {
    "a default": ("n=1", "n=2"),
    "a default that only looks equal": ("n=1", "n=True"),
    "another that does": ("n=1", "n=1.0"),
    "a name": ("self.n = n", "self.n = m"),
    "calls in another order": ("[c.work(), time.time()]", "[time.time(), c.work()]"),
    "a call more": ("c.work()", "c.work(len(c))"),
    "a method in another place": ("    def work(self):", "def work(self):"),
    "a text that is given": ('"text"', '"texts"'),
    "a coroutine": ("def call", "async def call"),
    "a mark": ("def call(c: C):", "def call(c: C):  # asynclint: blocking"),
    "lines that were two": (")\n\ndef call", "); call = 1\n\ndef call"),
}


def facts(text: str) -> ModuleFacts:
    found = engine.index(Source.from_bytes("m.py", text.encode()))
    assert isinstance(found, ModuleFacts)
    return ModuleFacts.unpack(found.pack())


@pytest.mark.parametrize("case", SAME)
def test_alike(case: str) -> None:
    old, new = SAME[case]
    assert TEXT.count(old) == 1
    assert alike(facts(TEXT), facts(TEXT.replace(old, new)))


@pytest.mark.parametrize("case", OTHER)
def test_not_alike(case: str) -> None:
    old, new = OTHER[case]
    assert TEXT.count(old) == 1
    assert not alike(facts(TEXT), facts(TEXT.replace(old, new)))


def test_functions_stay_apart_or_together() -> None:
    one = "def f(a): return lambda: a.b(); x = 1\n"
    assert alike(facts(one), facts(one.replace("; ", ";   ")))
    two = "def f(a):\n    return a.b()\nlambda: f(1)\n"
    assert not alike(facts(two), facts(two.replace("\n    return", " return").replace("\nlambda", "; lambda")))
