"""Promise 5: fixes change nothing but the statements they edit and the import block, and comments are all still there after safe fixes."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from outcomes import FIXTURES, fixed, found

from asynclint.fix.fixer import allowed
from asynclint.model import Applicability, Finding
from asynclint.testing import LEVELS, fixture_sources, fixtures

pytestmark = pytest.mark.matrix

BAD = [path for path in fixtures(FIXTURES) if not path.name.startswith("ok_")]


def statements(text: str) -> Iterator[tuple[str, range]]:
    """Every statement without those inside of it, as a dump, and its lines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            start, end = node.lineno, node.end_lineno or node.lineno
            bodies = [getattr(node, name) for name in ("body", "orelse", "finalbody", "handlers", "cases") if getattr(node, name, None)]
            if bodies:
                end = max(start, min(getattr(body[0], "lineno", end) for body in bodies))
            bare = type(node)(**{name: [] if value in bodies else value for name, value in ast.iter_fields(node)})
            yield ast.dump(bare), range(start, end + 1)


def of_new_functions(added: Counter[str]) -> Counter[str]:
    """Of the statements that fixes add, those that make a block a function and run it, and that make text of a line of a process."""
    found = Counter({dump: n for dump, n in added.items() if "_in_thread" in dump or dump.startswith("Nonlocal(") or "attr='decode'" in dump})
    functions = sum(n for dump, n in found.items() if dump.startswith("FunctionDef("))
    given = [dump for dump in added.elements() if dump.startswith("Return(value=")]
    return found + Counter(given[:functions]) if functions else found


def runs(path: Path, level: Applicability) -> Iterator[tuple[str, str, list[Finding]]]:
    """Every file of a fixture: before, after, and the findings of all files that are fixed at the level."""
    files = fixture_sources(path)
    after = fixed(path, level)
    fixes = [finding for findings in found(path).values() for finding in findings if finding.fix and allowed(finding.fix, level)]
    for name, text in files.items():
        yield text, after[name], [f for f in fixes if f.fix and any(edit.path.endswith(name) for edit in f.fix.edits)]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)
@pytest.mark.parametrize("path", BAD, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_only_edited_statements_differ(path: Path, level: Applicability) -> None:
    for before, after, findings in runs(path, level):
        edits = [edit for finding in findings if finding.fix for edit in finding.fix.edits]
        edited = {line for edit in edits for line in range(edit.span.start.line, edit.span.end.line + 1)}
        old, new = Counter(dump for dump, _ in statements(before)), Counter(dump for dump, _ in statements(after))
        new -= of_new_functions(new - old)
        gone = old - new
        at_edits = Counter(dump for dump, lines in statements(before) if not edited.isdisjoint(lines))
        assert gone <= at_edits, f"changed without an edit: {gone - at_edits}"
        added = [dump for dump in (new - old).elements() if not dump.startswith("Import") and "background_task" not in dump and "kept_tasks" not in dump]
        added = [dump for dump in added if "attr='add', ctx=Load()), args=[Name(id='task'" not in dump]
        assert len([dump for dump in added if "add_done_callback" not in dump and dump != "Raise()"]) <= gone.total()


def comments(text: str) -> Counter[str]:
    return Counter(token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT)


@pytest.mark.parametrize("path", [p for p in BAD if p.parent.name != "unused-suppression"], ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_comments_are_all_still_there(path: Path) -> None:
    for before, after, _ in runs(path, Applicability.SAFE):
        assert comments(before) == comments(after)
