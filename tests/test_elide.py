"""What of a module is given to libcst: all but the bodies of functions that hold no suspect."""

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


ELIDED = {
    "function": ("def f():\n    a()\n    b()\n\n\nx = 1\n", "def f():\n    ...\n\n\nx = 1\n"),
    "method": ("class C:\n    x = 1\n\n    def f(self):\n        a()\n", "class C:\n    x = 1\n\n    def f(self):\n        ...\n"),
    "under a test": (
        "if x:\n    def f():\n        a()\nelse:\n    def f():\n        b()\n",
        "if x:\n    def f():\n        ...\nelse:\n    def f():\n        ...\n",
    ),
    "header stays": (
        "@d(a())\nasync def f(\n    x=b(),\n) -> c():  # why\n    y\n",
        "@d(a())\nasync def f(\n    x=b(),\n) -> c():  # why\n    ...\n",
    ),
    "docstring": ('def f():\n    """a\n\nb"""; c()\n', "def f():\n    ...\n"),
    "string that ends at the margin": ('def f():\n    x = """\n"""\ny\n', "def f():\n    ...\ny\n"),
    "semicolon": ("def f():\n    a(); b();\ny\n", "def f():\n    ...\ny\n"),
    "comment before the body": ("def f():\n    # a\n    b()  # c\ny\n", "def f():\n    # a\n    ...\ny\n"),
    "nested and decorated": ("def f():\n    @d\n    def g():\n        pass\n    return g\n", "def f():\n    ...\n"),
    "continued header": ("def f(): \\\n    a(); b()\ny\n", "def f(): \\\n    ...\ny\n"),
    "continued last line": ("def f():\n    a() \\\n\ny\n", "def f():\n    ...\n\ny\n"),
    "tabs": ("def f():\n\tif a():\n\t\tb()\n", "def f():\n\t...\n"),
    "form feed": ("def f():\n\f    a()\n\f\ndef g():\n    b()\n", "def f():\n\f    ...\n\f\ndef g():\n    ...\n"),
    "carriage returns": ("def f():\r\n    a()\r\n    b()\r\nx\r\n", "def f():\r\n    ...\nx\r\n"),
    "no newline at the end": ("def f():\n    a()\n    b()", "def f():\n    ...\n"),
    "wide characters": ("def f():\n    'é'; a('é')\ny = 'é'\n", "def f():\n    ...\ny = 'é'\n"),
    "on the line of its header": ("def f(): a()\n", "def f(): a()\n"),
    "decorator in parentheses": ("def f():\n    @(\n        d\n    )\n    def g(): ...\n", "def f():\n    @(\n        d\n    )\n    def g(): ...\n"),
}


@pytest.mark.parametrize(("before", "after"), ELIDED.values(), ids=ELIDED)
def test_bodies_without_suspects_are_left_out(before: str, after: str) -> None:
    assert part(before).text == after


CODE = """\
first(lambda: second())


class C(base()):
    third = 1

    @property
    @decorate(fourth())
    def gone(self, x=fifth()) -> sixth():
        seventh()
        return [lambda: eighth()]

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
    assert callees("C.kept.inner") == (
        [
            "first",
            "second",
            "base",
            "decorate",
            "fourth",
            "fifth",
            "sixth",
            "ninth",
            "tenth",
            "inner",
            "eleventh",
            "twelfth",
            "fourteenth",
            "fifteenth",
        ]
    )


def test_module_level_is_always_whole() -> None:
    assert callees("") == [
        "first",
        "second",
        "base",
        "decorate",
        "fourth",
        "fifth",
        "sixth",
        "twelfth",
        "fourteenth",
        "fifteenth",
    ]


def test_what_stands_for_a_body_is_no_node_of_the_walk() -> None:
    tree = ast.parse(CODE)
    places = match_part(tree, part(CODE, tree=tree))
    walked = [child for children in places.children.values() for child in children]
    assert walked and not any(isinstance(node, cst.Ellipsis) for node in walked)


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

    def ours(program: Any, module: int, rules: Any) -> engine.Suspects:
        seen.extend(suspicious(program, module, each).functions for each in ([Somewhere()], [Somewhere(), Anywhere()], [Anywhere(), Somewhere()]))
        return suspicious(program, module, rules)

    monkeypatch.setattr(engine, "suspicious", ours)
    lint_text(text, "a.py")
    assert seen == [{1, 2}, None, None]
