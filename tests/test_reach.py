"""Which calls the index leaves out, because nothing of the program or the catalog can be meant: only where the module alone says so."""

from __future__ import annotations

import ast

import pytest

from asynclint.index import extract

COMMON = frozenset({"get", "set", "join"})
IDLE = {
    "a parameter that nobody describes": "def f(data):\n    data.get()\n    data.a.b.get()\n    data['x'].get()\n",
    "what is taken out of one": "def f(data):\n    for item in data:\n        item.get()\n    with data.open() as x:\n        x.get()\n",
    "a parameter that is called, whose default says nothing": "def f(get=None):\n    get()\n",
    "a method of a plain value": "def f():\n    d = {}\n    d.get()\n    ', '.join(d)\n",
    "an annotated container": "from typing import Any, Mapping\ndef f(a: dict[str, Any], b: Mapping[str, str] | None):\n    a.get()\n    b.get()\n",
    "a builtin type": "def f(x):\n    set(x)\n",
    "an argument of a function inside": "def f(data):\n    def g():\n        data.get()\n",
}
MEANT = {
    "self": "class A:\n    def f(self):\n        self.get()\n",
    "a default that is a function": "def other(): ...\ndef f(get=other):\n    get()\n",
    "an annotated parameter": "def f(a: 'Session'):\n    a.get()\n",
    "a container of things": "class A: ...\ndef f(a: dict[str, A]):\n    a['x'].get()\n",
    "a name that hides the builtin type": "def set(x): ...\ndef f(x):\n    set(x)\n",
    "a star import may hide it": "from a import *\ndef f(x):\n    set(x)\n",
    "a container's name of one's own": "class dict: ...\ndef f(a: dict):\n    a.get()\n",
    "a local name with another value": "def f(a):\n    d = {}\n    d = make()\n    d.get()\n",
    "an import": "import requests\ndef f():\n    requests.get()\n",
    "a name of the module": "d = Session()\ndef f():\n    d.get()\n",
    "a parameter that is bound anew": "def f(a):\n    a = Session()\n    a.get()\n",
}


def called(text: str) -> set[str]:
    facts = extract(ast.parse(text))
    facts.narrow(COMMON)
    return COMMON & facts.called().keys()


@pytest.mark.parametrize("text", IDLE.values(), ids=IDLE)
def test_left_out(text: str) -> None:
    assert called(text) == set()


@pytest.mark.parametrize("text", MEANT.values(), ids=MEANT)
def test_kept(text: str) -> None:
    assert called(text)


def test_other_names_are_not_looked_at() -> None:
    facts = extract(ast.parse(IDLE["a builtin type"]))
    facts.narrow(frozenset({"get"}))
    assert "set" in facts.called()


def test_the_module_itself_is_not_looked_at() -> None:
    assert called("get = {}\nget.get()\n") == {"get"}
