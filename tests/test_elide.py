"""What of a module is given to libcst: the statements that hold a suspect."""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst
import pytest

from asynclint import engine
from asynclint.api import ModuleView, Rule
from asynclint.index import extract
from asynclint.source import Source
from asynclint.testing import lint_text
from asynclint.walk import elide
from asynclint.walk.positions import match_part


def part(text: str, *suspects: str, tree: ast.Module | None = None) -> elide.Part:
    source = Source.from_bytes("a.py", text.encode())
    tree = tree or ast.parse(source.text)
    facts = extract(tree)
    numbers = [n for n, function in enumerate(facts.functions) if function.qualname in suspects]
    assert len(numbers) == len(suspects)
    return elide.elide(tree, source, facts, numbers)


KEPT = {  # what is kept is called `f`, or is a method of that name
    "function": ("x = 1\n\ndef g():\n    a()\n\ndef f():\n    b()\n\n\ny = 2\n", "def f():\n    b()\n"),
    "method": ("class C:\n    x = 1\n\n    def g(self): a()\n\n    def f(self):\n        b()\n", "class C:\n    def f(self):\n        b()\n"),
    "under a test": ("if x:\n    def f():\n        a()\nelse:\n    b()\nc()\n", "if x:\n    def f():\n        a()\nelse:\n    b()\n"),
    "decorators": ("x\n@d(a())\n@e\nasync def f(): ...\n@d\ndef g(): ...\n", "@d(a())\n@e\nasync def f(): ...\n"),
    "docstring": ('"""a\n\nb"""\ndef f():\n    """a\n\nb"""; c()\n', 'def f():\n    """a\n\nb"""; c()\n'),
    "string that ends at the margin": ('def f():\n    x = """\n"""\ny\n', 'def f():\n    x = """\n"""\n'),
    "semicolons": ("a(); b();\nx = 1; f = lambda: 2\ny\n", "x = 1; f = lambda: 2\n"),
    "header of several lines": (
        "@d\nclass C(\n    A,\n    b(),\n):  # c\n    x = 1\n    def f(self): ...\n",
        "@d\nclass C(\n    A,\n    b(),\n):  # c\n    def f(self): ...\n",
    ),
    "class in a class": (
        "class C:\n    class D:\n        x = 1\n        def f(self): ...\n    y = 1\n",
        "class C:\n    class D:\n        def f(self): ...\n",
    ),
    "lambda in a header": ("class C(lambda: 1):\n    x = 1\n", "class C(lambda: 1):\n    x = 1\n"),
    "body on the line of the header": ("class C: x = lambda: 1\ny\n", "class C: x = lambda: 1\n"),
    "tabs": ("if 1:\n\ta\nclass C:\n\tx = 1\n\tdef f(self):\n\t\tb()\n", "class C:\n\tdef f(self):\n\t\tb()\n"),
    "form feed": ("a()\n\f\ndef f():\n\f    b()\n\f\nc()\n", "def f():\n\f    b()\n"),
    "carriage returns": ("x\r\ndef f():\r\n    a()\r\ny\r\n", "def f():\r\n    a()\r\n"),
    "no newline at the end": ("x\ndef f():\n    a()", "def f():\n    a()"),
    "wide characters": ("x = 'é'\ndef f():\n    'é'; a('é')\ny = 'é'\n", "def f():\n    'é'; a('é')\n"),
}


@pytest.mark.parametrize(("before", "after"), KEPT.values(), ids=KEPT)
def test_only_statements_with_suspects_are_kept(before: str, after: str) -> None:
    functions = extract(ast.parse(before)).functions
    name = next(f.qualname for f in reversed(list(functions)) if f.name in ("f", "<lambda>"))
    found = part(before, name)
    assert found.text == after
    ast.parse(found.text)


CODE = """\
first(lambda: second())


class C(base()):
    third = third()

    @property
    @decorate(fourth())
    def gone(self, x=fifth()) -> sixth():
        seventh()
        return [lambda: eighth()]

    @decorate(before())
    async def kept(self):
        def inner(y=ninth()):
            return tenth(y)

        await inner(lambda: eleventh())


def gone(a=twelfth()):
    async def inner():
        thirteenth()


for x in fourteenth():
    async def kept(): fifteenth()
"""


def callees(*suspects: str) -> list[str]:
    """The calls that libcst is given of the code, each checked against the syntax tree and the facts of the whole text."""
    tree = ast.parse(CODE)
    found = part(CODE, *suspects, tree=tree)
    calls, places = extract(ast.parse(CODE)).calls, match_part(tree, found)
    names = []
    for node, number in places.numbers.items():
        assert isinstance(node, cst.Call) and isinstance(node.func, cst.Name)
        twin = places.twins[node]
        assert node.func.value == twin.func.id == calls[number].callee
        assert (twin.lineno, twin.col_offset) == (calls[number].line, calls[number].column)
        names.append(node.func.value)
    return names


def test_a_function_with_a_suspect_is_whole_and_keeps_its_numbers() -> None:
    assert callees("C.kept.inner") == ["base", "decorate", "before", "ninth", "tenth", "inner", "eleventh"]
    assert callees("kept") == ["fourteenth", "fifteenth"]
    assert callees("C.kept", "kept", "gone.inner") == [*callees("C.kept"), "twelfth", "thirteenth", *callees("kept")]


def test_a_suspect_of_the_module_keeps_everything() -> None:
    assert callees("") == [call.callee for call in extract(ast.parse(CODE)).calls]


class Anywhere(Rule):
    """Suspects on grounds of its own."""

    code, name = "XXX001", "anywhere"


class Somewhere(Rule):
    """Suspects where the program saw something."""

    code, name = "XXX002", "somewhere"

    def suspects(self, module: ModuleView) -> bool:
        return module.calls("asyncio.get_event_loop")


def test_a_rule_that_asks_nothing_has_every_function_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import asyncio\n\nasync def f():\n    asyncio.get_event_loop()\n\nasync def g():\n    asyncio.get_event_loop()\n\nasync def h(): ...\n"
    suspicious, seen = engine.suspicious, []

    def ours(program: Any, module: int, rules: Any, known: Any) -> engine.Suspects:
        seen.extend(
            suspicious(program, module, each, known).functions for each in ([Somewhere()], [Somewhere(), Anywhere()], [Anywhere(), Somewhere()])
        )
        return suspicious(program, module, rules, known)

    monkeypatch.setattr(engine, "suspicious", ours)
    lint_text(text, "a.py")
    assert seen == [{1, 2}, None, None]
