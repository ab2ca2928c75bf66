"""Promise 4: fixed code compiles if the input did, and a fix that breaks this is dropped, the file kept, the error reported."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import libcst
import pytest
from outcomes import FIXTURES, fixed

from asynclint import cli
from asynclint.model import Applicability
from asynclint.testing import LEVELS, fixtures

pytestmark = pytest.mark.matrix

ALL = fixtures(FIXTURES)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_what_is_fixed_compiles(path: Path, level: Applicability) -> None:
    for name, text in fixed(path, level).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, name, "exec", dont_inherit=True)  # `ast.parse` would let an `await` outside of a coroutine pass
        libcst.parse_module(text)


BREAKING = '''
from asynclint.api import Applicability, Edit, Fix, Rule


class Breaking(Rule):
    """Breaks what it mends.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "breaking"

    def visit_Call(self, node, ctx):
        text = {"bracket": "(", "await": "await x", "encoding": "'\\u0416'"}.get(ctx.name(node), "fine()")
        ctx.report(node, "a call", fix=Fix("Break", Applicability.SAFE, (Edit(ctx.path, ctx.span(node), text),)))
'''


@pytest.mark.parametrize(("code", "after"), [
    ("bracket()\nother(1)\n", "bracket()\nfine()\n"),
    ("x = bracket()\n", "x = bracket()\n"),
    ("# coding: latin-1\nencoding()\nother(1)\n", "# coding: latin-1\nencoding()\nfine()\n"),
])  # fmt: skip
def test_a_fix_that_breaks_the_file_is_dropped_and_the_others_are_made(
    code: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rule.py").write_text(BREAKING)
    (tmp_path / "pyproject.toml").write_text('[tool.asynclint]\nplugins = ["rule.py"]\nselect = ["XXX001"]\n')
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["--fix", "code"]) == cli.ERROR
    assert (tmp_path / "code" / "a.py").read_text() == after
    assert "the fix of XXX001 is dropped" in capsys.readouterr().err


def test_a_fix_that_parses_but_does_not_compile_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rule.py").write_text(BREAKING.replace('"bracket": "("', '"bracket": "await x"'))
    (tmp_path / "pyproject.toml").write_text('[tool.asynclint]\nplugins = ["rule.py"]\nselect = ["XXX001"]\n')
    (tmp_path / "a.py").write_text("def f():\n    bracket()\n")
    monkeypatch.chdir(tmp_path)
    ast.parse("def f():\n    await x\n")
    assert cli.run(["--fix", "a.py"]) == cli.ERROR
    assert (tmp_path / "a.py").read_text() == "def f():\n    bracket()\n"
