"""Notebooks: their cells are checked and fixed as Python, places are told by cell, and nothing else in the file changes."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynclint import cli, notebooks
from asynclint.model import FileResult, Problem, RunResult
from asynclint.source import Source, SourceError
from asynclint.source.notebook import Notebook

HELPER = "import time\n\n\ndef slow():\n    time.sleep(2)\n"
WAITS = "import time\n\n\nasync def wait():\n    time.sleep(1)"


def notebook(*cells: str | list[str] | dict[str, Any], indent: int | None = 1, **more: Any) -> str:
    """The text of a notebook with these code cells; a dictionary is a cell as it is."""
    made = [
        {"cell_type": "code", "execution_count": 1, "id": str(number), "metadata": {}, "outputs": [{"name": "é"}], "source": cell}
        if not isinstance(cell, dict)
        else cell
        for number, cell in enumerate(each.splitlines(keepends=True) if isinstance(each, str) else each for each in cells)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}, indent=indent, ensure_ascii=False)


def read(text: str) -> Notebook:
    source = Source.from_bytes("a.ipynb", text.encode())
    assert isinstance(source, Notebook)
    return source


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["check", "--isolated", *arguments])
    return code, *capsys.readouterr()


# ---------------------------------------------------------------------------------------------------------- reading


def numbered(source: Notebook) -> list[tuple[int, int, int]]:
    return [(place.cell, place.line, place.file_line) for place in map(source.place, range(1, len(source.line_starts) + 1))]


@pytest.mark.parametrize(
    "text",
    [
        "%magic\n" * 20_000,
        "x = (\n" + "%magic\n" * 20_000 + ")",
        'x = """\n' + "!magic\n" * 20_000 + '"""',
        "x = 1\n" + " " * 200_000 + "x;",
        "a" + " " * 200_000 + "= = !",
        " " * 200_000 + "= " * 100_000,
        "# notebook cell" + "-" * 400_000,
        "# for IPython:" + "-" * 400_000 + "\n%x",
        "x = '" + "\\'" * 200_000 + "'\n%x",
        "x = 1\n" * 50_000,
    ],
    ids=["magics", "in brackets", "in a string", "blanks", "assigned", "equals", "borders", "marks", "quotes", "lines"],
)
@pytest.mark.parametrize("is_list", [False, True])
def test_cells_are_read_in_linear_time(text: str, is_list: bool) -> None:
    began = time.process_time()
    source = read(notebook(text.splitlines(keepends=True) if is_list else {"cell_type": "code", "metadata": {}, "outputs": [], "source": text}))
    assert [cell for cell, _, _ in numbered(source)] == [1] * len(source.line_starts)
    source.looks_up_names(1, len(source.line_starts))
    assert source.to_bytes(source.text) == source.data
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"nbformat": 4, "cells": [], "x": ' + "9" * 5_000 + "}", "cannot be read: it holds "),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": [], "x": -' + "9" * 5_000 + "}]}", "cannot be read: it holds "),
        ('{"nbformat": -' + "9" * 4_000 + ', "cells": []}', "is a notebook of format -9999999999999999999;"),
        ('{"nbformat": 4, "cells": ' + "[" * 100_000, "is nested too deeply"),
        ('{"nbformat": 4, "cells": [], "x": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "is nested too deeply"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": null}]}', "neither a text nor a list of texts"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": {"a": 1}}]}', "neither a text nor a list of texts"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": [["x"]]}]}', "neither a text nor a list of texts"),
    ],
)
def test_a_notebook_without_measure_hides_no_other_file(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(WAITS)
    Path("b.ipynb").write_text(text)
    code, out, err = run(capsys, "--output-format", "concise", ".")
    assert code == 2 and "a.py:5:5: ASL101" in out
    assert err.count("\n") == 1 and err.startswith("b.ipynb:") and message in err


def test_the_last_of_two_members_with_one_name_counts() -> None:
    cells = '[{"cell_type": "code", "source": "a", "source": "b\\nc"}]'
    source = read('{"nbformat": 4,\n "cells": 1,\n "cells": ' + cells + "}")
    assert source.text == "b\nc\n"
    assert numbered(source)[:2] == [(1, 1, 3), (1, 2, 3)]
    assert json.loads(source.to_bytes("d\n"))["cells"][0]["source"] == "d"


def test_what_could_not_be_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may have died of it."""
    monkeypatch.setattr(notebooks.Source, "read", lambda path: pytest.fail(f"read {path}"))
    files = (FileResult("a.ipynb", problems=(Problem("a.ipynb", 0, 0, "took longer than 5 seconds"),)),)
    given = RunResult(files, (Problem("b.ipynb", 0, 0, "ended the process"),), 1, {}, {}, {}, {})
    assert notebooks.with_places(given, None).places == ()


def test_cells_are_one_text_and_each_line_has_its_place() -> None:
    source = read(notebook("a = 1\nb = 2", {"cell_type": "markdown", "metadata": {}, "source": "# not code"}, "c = 3\n"))
    assert source.text == "a = 1\nb = 2\n# notebook cell 3\nc = 3\n\n"
    assert [(place.cell, place.line) for place in map(source.place, range(1, 6))] == [(1, 1), (1, 2), (3, 1), (3, 1), (3, 2)]
    lines = source.json.split("\n")
    assert [lines[source.place(line).file_line - 1].strip() for line in (1, 2, 4)] == ['"a = 1\\n",', '"b = 2"', '"c = 3\\n"']
    assert (source.line_of(3, 1), source.line_of(2, 1), source.line_of(1, 3)) == (4, 0, 0)
    assert (source.named(2), source.where(4)) == ("line 2 of cell 1", "a.ipynb:cell 3:1")


@pytest.mark.parametrize(
    ("line", "stands"),
    [
        ("%matplotlib inline", "# for IPython: 0"),
        ("!pip install x", "# for IPython: 0"),
        ("?print", "# for IPython: 0"),
        ("print??", "# for IPython: 0"),
        ("a.b.c?", "# for IPython: 0"),
        ("%timeit?", "# for IPython: 0"),
        (",print a b", "# for IPython: 0"),
        (";print a b", "# for IPython: 0"),
        ("/print 1", "# for IPython: 0"),
        ("files = !ls", "files = get_ipython()  # for IPython: 0"),
        ("a, b = %sql select 1", "a, b = get_ipython()  # for IPython: 0"),
        ("if 1:\n    !ls", "if 1:\n    pass  # for IPython: 0"),
        ("!ls \\\n  -l", "# for IPython: 0\n# for IPython: 1"),
        ("x = (7\n% 3)", None),
        ("x = '''\n%s\n!\n'''", None),
        ("x = 7 \\\n% 3", None),
        ("x = (7\n/ 3\n, 4)", None),
        ("x = 7 \\\n/ 3", None),
        ("x != 3", None),
        ("x = y != 3", None),
        ("x = '%s' % y", None),
        ("# what?", None),
    ],
)
def test_what_only_ipython_reads_is_hidden_from_python(line: str, stands: str | None) -> None:
    source = read(notebook("z = 0\n" + line + "\nw = 1"))
    assert source.text == f"z = 0\n{line if stands is None else stands}\nw = 1\n"
    ast.parse(source.text)
    assert source.cells_of(source.text) == {1: f"z = 0\n{line}\nw = 1"}


@pytest.mark.parametrize(
    "text",
    [
        notebook("%%bash\nfor x in *; do echo $x; done"),
        notebook("\n%%timeit\nx = 1"),
        notebook("%%time?\nx = 1"),
        notebook({"cell_type": "raw", "metadata": {}, "source": "x ="}),
        notebook({"cell_type": "code", "metadata": {"vscode": {"languageId": "fsharp"}}, "outputs": [], "source": "let x = 1"}),
        notebook("x <- 1", metadata={"kernelspec": {"language": "R", "name": "ir"}}),
        notebook("let x = 1", metadata={"language_info": {"name": "rust"}}),
        notebook(),
    ],
)
def test_other_languages_and_cells_are_left_out(text: str) -> None:
    assert read(text).text == ""
    assert read(text).to_bytes("") == text.encode()


@pytest.mark.parametrize("metadata", [{"language_info": {"name": "ipython"}}, {"kernelspec": {"language": "Python"}}, {}, None])
def test_python_is_read_however_it_is_called(metadata: object) -> None:
    assert read(notebook("x = 1", metadata=metadata)).text == "x = 1\n"


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "is not JSON, as a notebook has to be: Expecting value"),
        (b'{"cells": [\n}', 2, "is not JSON"),
        (b"[]", 0, "is not a notebook: it has no `nbformat`"),
        (b'{"nbformat": 3, "worksheets": []}', 0, "is a notebook of format 3; `jupyter nbconvert --to notebook` makes one of format 4"),
        (b'{"nbformat": 4, "cells": [\n{"cell_type": "code", "source": 3}]}', 2, "the `source` of cell 1 is neither a text nor a list of texts"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["\\ud800"]}]}', 1, "cell 1 holds half of a surrogate pair"),
        (b'{\n"\xff": 1}', 2, "is not UTF-8"),
        (b"[" * 100_000, 0, "is nested too deeply"),
    ],
)
def test_what_is_no_notebook_says_why_and_where(data: bytes, line: int, message: str) -> None:
    with pytest.raises(SourceError) as error:
        Source.from_bytes("a.ipynb", data)
    assert error.value.line == line
    assert error.value.message.startswith(message)


# ---------------------------------------------------------------------------------------------------------- writing


_LINES = st.sampled_from(["x = 1", "", "  ", "%magic", "!ls \\", "y?", "'é\u2028😀'", "z = %who", "if x:", "    !ls", '"""', "# c"])
_CELLS = st.lists(st.lists(_LINES, max_size=6).map("\n".join), max_size=5)
_SHAPES = st.sampled_from([None, 0, 1, 4])


@settings(deadline=None)
@given(_CELLS, _SHAPES, st.booleans(), st.booleans())
def test_an_unchanged_notebook_is_the_same_file(cells: list[str], indent: int | None, as_list: bool, as_ascii: bool) -> None:
    text = notebook(*([cell] if not as_list else cell for cell in cells), indent=indent)
    data = (json.dumps(json.loads(text), indent=indent) if as_ascii else text).encode()
    source = Source.from_bytes("a.ipynb", data)
    assert source.to_bytes(source.text) == data


@settings(deadline=None)
@given(_CELLS.filter(any), _SHAPES, st.booleans(), st.data())
def test_only_the_lines_that_are_edited_change(cells: list[str], indent: int | None, with_bom: bool, data: st.DataObject) -> None:
    before = b"\xef\xbb\xbf" * with_bom + notebook(*cells, indent=indent).encode()
    source = Source.from_bytes("a.ipynb", before)
    assert isinstance(source, Notebook)
    shown = [number for number, cell in enumerate(cells, 1) if not cell.lstrip().startswith("%%")]
    cell = data.draw(st.sampled_from(shown))
    lines = cells[cell - 1].split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    offset = source.line_starts[source.line_of(cell, at + 1) - 1]
    after = source.to_bytes(f"{source.text[:offset]}new = 'ü'\n{source.text[offset:]}")
    old, new = json.loads(before.decode("utf-8-sig")), json.loads(after.decode("utf-8-sig"))
    lines.insert(at, "new = 'ü'")
    assert "".join(new["cells"][cell - 1]["source"]).rstrip("\n") == "\n".join(lines).rstrip("\n")
    new["cells"][cell - 1]["source"] = old["cells"][cell - 1]["source"]
    assert new == old
    assert after.startswith(b"\xef\xbb\xbf") == with_bom
    if indent and cells[cell - 1].strip():
        left = [line.rstrip(",") for line in after.decode().split("\n") if "new = 'ü'" not in line]
        assert left == [line.rstrip(",") for line in before.decode().split("\n")]


def test_a_source_that_is_one_string_stays_one() -> None:
    text = notebook({"cell_type": "code", "metadata": {}, "outputs": [], "source": "a = 1\nb = 2"})
    assert read(text).to_bytes("a = 1\nb = 3\n").decode() == text.replace("b = 2", "b = 3")


@pytest.mark.parametrize(
    ("edited", "message"),
    [
        ("a = 1\n# for IPython: 0\nb = 2\n", "the fix would reach across cells of the notebook"),
        ("a = 1\n# notebook cell 2\nb = 2\n", "the fix would lose a line that IPython reads"),
        ("a = 1\n# for IPython: 0 # x\n# notebook cell 2\nb = 2\n", "the fix would change a line that IPython reads"),
        ("a = 1\n# for IPython: 0\n# for IPython: 0\n# notebook cell 2\nb = 2\n", "the fix would change a line that IPython reads"),
    ],
)
def test_an_edit_that_cannot_be_brought_back_is_refused(edited: str, message: str) -> None:
    source = read(notebook("a = 1\n%who", "b = 2"))
    with pytest.raises(SourceError, match=message):
        source.to_bytes(edited)


def test_a_line_for_ipython_moves_with_its_block() -> None:
    source = read(notebook("if x:\n    !ls"))
    assert source.cells_of("with y:\n    if x:\n        pass  # for IPython: 0\n") == {1: "with y:\n    if x:\n        !ls"}


@pytest.mark.parametrize(
    ("line", "looks"),
    [("!ls", 0), ("!ls $x", 2), ("!ls {x}", 2), ("y = !ls", 0), ("y = !ls {x}", 2), ("y = %pwd", 2), ("%time y = x", 2), ("/print x", 2), ("x?", 0)],
)
def test_some_lines_for_ipython_look_up_names(line: str, looks: int) -> None:
    assert read(notebook(f"if x:\n    {line}\n    pass")).looks_up_names(1, 3) == looks


# ---------------------------------------------------------------------------------------------------------- a run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a helper and a notebook that calls it; the finding is in line 3 of cell 3."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helpers.py").write_text(HELPER)
    (tmp_path / "a.ipynb").write_text(
        notebook("%load_ext x\nfrom helpers import slow", {"cell_type": "markdown", "source": ""}, "async def f():\n    !ls\n    slow()")
    )
    return tmp_path


def test_places_are_told_by_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 1
    assert " --> a.ipynb:cell 3:3:5\n" in out
    assert "3 |     slow()\n" in out
    assert "a.ipynb:cell 3:3:5 in f: slow()\n        helpers.py:5:5 in slow: time.sleep(2)" in out
    assert "+ await asyncio.to_thread(slow)" in out
    assert run(capsys, "--output-format", "concise", "-q")[1].startswith("a.ipynb:cell 3:3:5: ASL110 [*] `slow()` blocks")


def test_json_has_the_cell_of_each_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = json.loads(run(capsys, "--output-format", "json")[1])["findings"]
    assert found["path"] == "a.ipynb"
    assert found["span"] == {"start": {"cell": 3, "line": 3, "column": 5}, "end": {"cell": 3, "line": 3, "column": 11}}
    assert [(hop["path"], hop.get("cell"), hop["line"]) for hop in found["chain"]] == [("a.ipynb", 3, 3), ("helpers.py", None, 5)]
    assert found["fix"]["edits"][0]["start"]["cell"] == 3
    assert json.loads(run(capsys, "--output-format", "json-lines")[1].partition("\n")[0]) == {"type": "finding", **found}


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit"])
def test_platforms_are_told_the_line_of_the_file(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    line = 1 + (folder / "a.ipynb").read_text().split("\n").index('    "    slow()"')
    _, out, _ = run(capsys, "--output-format", name)
    said = {
        "github": f"line={line},endLine={line},col=1,endColumn=1::",
        "gitlab": f'"begin": {{\n          "line": {line},\n          "column": 1\n        }}',
        "sarif": f'"startLine": {line},\n                  "startColumn": 1,',
        "junit": f'file="a.ipynb" line="{line}"',
    }
    assert said[name] in out
    assert '"fixes"' not in out


def test_a_problem_is_told_by_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.ipynb").write_text(notebook("x = 1", "y = 2\nz = ="))
    code, _, err = run(capsys, "b.ipynb")
    assert (code, err) == (2, "b.ipynb:cell 2:2:5: error: cannot parse: invalid syntax\n")
    (error,) = json.loads(run(capsys, "b.ipynb", "--output-format", "json")[1])["errors"]
    assert (error["path"], error["cell"], error["line"]) == ("b.ipynb", 2, 2)


def test_a_fix_changes_its_lines_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "a.ipynb").read_text()
    code, out, _ = run(capsys, "--diff")
    assert code == 1
    assert (
        "--- a.ipynb:cell 3\n+++ a.ipynb:cell 3\n@@ -1,3 +1,3 @@\n async def f():\n     !ls\n-    slow()\n+    await asyncio.to_thread(slow)\n" in out
    )
    assert (folder / "a.ipynb").read_text() == before
    assert run(capsys, "--fix")[0] == 0
    wanted = before.replace("    slow()", "    await asyncio.to_thread(slow)")
    assert (folder / "a.ipynb").read_text() == wanted.replace('    "from helpers', '    "import asyncio\\n",\n    "\\n",\n    "from helpers')
    assert run(capsys, "--fix")[1] == "All checks passed: 2 files.\n"


def test_standard_input_may_be_a_notebook(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = notebook(WAITS)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, out, err = run(capsys, "-", "--stdin-filename", "new.ipynb", "--fix")
    assert (code, err) == (0, "Fixed 1 finding in 1 file. All checks passed: 1 file.\n")
    changed = text.replace("time.sleep(1)", "await asyncio.sleep(1)").replace('    "import time', '    "import asyncio\\n",\n    "import time')
    assert out == changed
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(notebook("", WAITS).encode())))
    assert run(capsys, "-", "--stdin-filename", "new.ipynb")[1].startswith("ASL101 blocking-sleep error:")


def test_a_cell_may_await_and_keeps_what_it_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = "import asyncio\nasync def f(): ...", "f()", "asyncio.create_task(f())\n# shown", "asyncio.create_task(f())\nf"
    (folder / "b.ipynb").write_text(notebook(*cells))
    _, out, _ = run(capsys, "b.ipynb", "--output-format", "concise", "-q")
    assert [line.split(" `")[0] for line in out.splitlines()] == ["b.ipynb:cell 2:1:1: ASL304 [*]", "b.ipynb:cell 4:1:1: ASL301 [*] the task from"]
    run(capsys, "b.ipynb", "--fix")
    assert "".join(json.loads((folder / "b.ipynb").read_text())["cells"][1]["source"]) == "await f()"


@pytest.mark.parametrize(("line", "moves"), [("!ls", True), ("!ls {name}", False), ("%time z = name", False)])
def test_a_block_stays_where_ipython_looks_up_names(folder: Path, capsys: pytest.CaptureFixture[str], line: str, moves: bool) -> None:
    body = "    name = 'a'\n    with open(p) as h:\n        text = h.read()\n"
    (folder / "a.ipynb").write_text(notebook("async def f(p):\n" + body + f"    {line}\n    return text, name"))
    code, out, _ = run(capsys, "--diff", "--unsafe-fixes", "a.ipynb")
    assert code == 1
    assert ("+    text = await asyncio.to_thread(f_in_thread)" in out) == moves


def test_cells_that_are_timed_or_captured_are_code_of_the_notebook(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = "%%capture out\n# quiet\n\n", "\n%%time\nfrom time import sleep", "async def f():\n    sleep(1)", "%%time\nf()", "f()"
    (folder / "b.ipynb").write_text(notebook(*cells))
    _, out, _ = run(capsys, "b.ipynb", "--output-format", "concise", "-q")
    places = ["b.ipynb:cell 3:2:5: ASL101 [*]", "b.ipynb:cell 4:2:1: ASL304", "b.ipynb:cell 5:1:1: ASL304 [*]"]
    assert [line.split(" `")[0] for line in out.splitlines()] == places
    assert "= no fix: the call stands in a cell that cannot await" in run(capsys, "b.ipynb")[1]
    assert run(capsys, "b.ipynb", "--fix")[0] == 1
    fixed = ["".join(cell["source"]) for cell in json.loads((folder / "b.ipynb").read_text())["cells"]]
    assert fixed == [
        cells[0],
        "\n%%time\nimport asyncio\nfrom time import sleep",
        "async def f():\n    await asyncio.sleep(1)",
        cells[3],
        "await f()",
    ]


@pytest.mark.parametrize("first", ["%%time", "\n\n%%capture out\n# quiet", "%%time\n%who\n\n# quiet"])
def test_nothing_is_put_above_the_line_that_begins_a_cell_for_ipython(folder: Path, capsys: pytest.CaptureFixture[str], first: str) -> None:
    for cells in ([f"{first}\nasync def f():\n    open('x')"], [first, "async def f():\n    open('x')"]):
        (folder / "b.ipynb").write_text(notebook(*cells))
        assert run(capsys, "b.ipynb", "--fix")[0] == 0
        fixed = "\n".join("".join(cell["source"]) for cell in json.loads((folder / "b.ipynb").read_text())["cells"])
        assert fixed.startswith(first.split("%%")[0] + "%%")
        assert fixed.count("import asyncio\n") == 1
    source = read(notebook(f"{first}\nx = 1"))
    with pytest.raises(SourceError, match="above the line that a cell must begin with"):
        source.to_bytes("import asyncio\n" + source.text.lstrip())


def test_places_in_messages_are_those_of_cells(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = "import asyncio, threading\nlock = threading.Lock()\n"
    (folder / "a.ipynb").write_text(
        notebook(lock, "async def f():\n    with lock:\n        await asyncio.sleep(0)", "def g():\n    with lock:\n        pass")
    )
    out = run(capsys, "a.ipynb")[1]
    assert "held at 1 suspension point (line 3 of cell 2)" in out
    assert "`g` uses it outside of a coroutine (a.ipynb:cell 3:2)" in out
    (folder / "a.ipynb").write_text(notebook(lock, "async def f():\n    with lock:\n        await asyncio.sleep(0)", "with lock:\n    pass"))
    assert "the module itself uses it outside of a coroutine (a.ipynb:cell 3:1)" in run(capsys, "a.ipynb")[1]


def test_nothing_imports_a_notebook(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "helpers.ipynb").write_text(notebook("def slow(): ..."))
    assert run(capsys, "--output-format", "concise", "-q")[1].startswith("a.ipynb:cell 3:3:5: ASL110")


def test_suppressions_and_baselines_know_notebooks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "--write-baseline"]) == 0
    text = (folder / "a.ipynb").read_text()
    (folder / "a.ipynb").write_text(text.replace('    "    !ls', '    "    \\n",\n    "    !ls'))
    assert cli.run(["check"]) == 0
    (folder / ".asynclint-baseline.json").unlink()
    assert cli.run(["check", "--add-ignore=later"]) == 0
    assert '    "    slow()  # asynclint: ignore[ASL110] -- later"' in (folder / "a.ipynb").read_text()
    assert cli.run(["check"]) == 0
    capsys.readouterr()


def test_since_a_revision_knows_the_lines_of_a_notebook(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    text = (folder / "a.ipynb").read_text()
    (folder / "a.ipynb").write_text(text.replace("é", "printed anew").replace("%load_ext x", "%load_ext y"))
    assert run(capsys, "--since", "HEAD", "-q")[1] == ""
    (folder / "a.ipynb").write_text(text.replace("    slow()", "    slow( )"))
    assert run(capsys, "--since", "HEAD", "--output-format", "concise", "-q")[1].startswith("a.ipynb:cell 3:3:5: ASL110")


def test_what_a_notebook_has_printed_does_not_count_as_its_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "asynclint.toml").write_text("max-file-size = 600\n")
    (folder / "b.ipynb").write_text(notebook("x = 1", metadata={"much": "x" * 1000}))
    assert cli.run(["check", "b.ipynb"]) == 0
    (folder / "b.ipynb").write_text(notebook("x = 1\n" * 200))
    assert cli.run(["check", "b.ipynb"]) == 2
    assert "b.ipynb: error: 1,201 bytes is more than `max-file-size` (600)" in capsys.readouterr().err


def test_a_line_of_a_cell_can_be_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "a.ipynb:cell 3:3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("a.ipynb:cell 3:3:5: slow()\n")
    assert "    a.ipynb:cell 3:3 in f: slow()" in out
    assert cli.run(["explain", "a.ipynb:3"]) == 2
    assert "is a notebook: name a cell and a line of it, such as `a.ipynb:cell 3:1`" in capsys.readouterr().err
    assert cli.run(["check", "--show-unresolved"]) == 0
