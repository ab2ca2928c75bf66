"""Jupyter notebooks as sources: the code cells as one Python text, and that text back into the file, where nothing else changes.

The cells are joined by comment lines that number them. For a line that only IPython reads (`%magic`, `!command`, `help?`) stands a comment or a
placeholder, so that the text is Python; a cell that begins with `%%`, other than `%%time` and `%%capture`, is left out, and so is one that is said
to be of another language.

Sources: nbformat's "The Notebook file format", and "Input transformers" in IPython's documentation.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, takewhile
from typing import Any, Final, NamedTuple

from asynclint.model import Place
from asynclint.reading import json_int, parse_json
from asynclint.source import Source, SourceError
from asynclint.source.beginnings import Beginnings

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_FOR_IPYTHON: Final = re.compile(r"[ \t]*(?:[%!?,;/].*|%?[\w.*]+\?\??[ \t]*)", re.DOTALL)
_ASSIGNED: Final = re.compile(r"([\w.,\[\]'\" \t*]+=)[ \t]*[%!].*", re.DOTALL)
_LOOKS_UP_NAMES: Final = re.compile(r"[${]|^[ \t]*[%,;/]|^[^!?]*=[ \t]*[%,;/]")
_RUN_HERE: Final = re.compile(r"\s*%%(?:capture|time)(?![\w?])")  # cells whose code is that of the notebook; they cannot await
_DECODER: Final = json.JSONDecoder(parse_int=json_int)


class Cell(NamedTuple):
    """A code cell: its number among all cells from 1, its text, where its `source` is in the file's text, and the parts that this is made of, each
    with where it is; a single one that is no list's, if it is written as one string.
    """

    number: int
    text: str
    start: int
    end: int
    parts: tuple[tuple[str, int, int], ...]
    is_list: bool


class Notebook(Source):
    """A notebook; `data` is its file, and `text` the Python of its cells."""

    __slots__ = ("_above", "_border", "_cells", "_hidden", "_mark", "_marked", "_newlines", "_run_here", "_starts", "json")

    def __init__(self, path: str, data: bytes, text: str, bom: bool) -> None:
        """Raises SourceError for what is no notebook of a format from 4 on."""
        self.json = text
        self._cells = tuple(_cells(path, text))
        code = "\n".join(cell.text for cell in self._cells)
        self._border, self._mark = _unused("# notebook cell", code), _unused("# for IPython:", code)
        self._hidden: list[tuple[str, str]] = []  # what stands in the place of a line, and the line
        shown = [self._python(cell.text) for cell in self._cells]
        joined = "".join(f"{self._border} {cell.number}\n{lines}\n" for cell, lines in zip(self._cells, shown, strict=True))
        super().__init__(path, data, joined.partition("\n")[2], "utf-8", bom)
        self._starts: list[int] = []  # the first line of each cell
        line = 1
        for lines in shown:
            self._starts.append(line)
            line += lines.count("\n") + 2
        self._run_here = tuple(map(_run_here, self._cells))
        self._above: dict[int, list[int]] = {}  # of a cell, how many lines end in its first part, its first two parts, ...
        self._newlines: list[int] = []  # where lines of the file end; made at first use, as is
        self._marked: dict[int, str] | None = None  # what IPython reads, by line of the text

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> Notebook:
        """The notebook in a file. Raises SourceError if it is none that can be read."""
        bom = data.startswith(b"\xef\xbb\xbf")
        try:
            return cls(path, data, data.decode("utf-8-sig"), bom)
        except UnicodeDecodeError as error:
            raise SourceError(path, data.count(b"\n", 0, error.start) + 1, "is not UTF-8, as a notebook has to be") from error
        except (RecursionError, MemoryError) as error:
            raise SourceError(path, 0, "is nested too deeply, or too large, for a notebook") from error

    # -- from the text back to the file

    def to_bytes(self, text: str) -> bytes:
        """The file with the cells as they are in `text`. Raises SourceError if an edit touched what lies between the cells or what IPython reads."""
        changed = self.cells_of(text)
        parts, at = [], 0
        for cell in self._cells:
            new = changed[cell.number]
            if new != cell.text:
                parts += [self.json[at : cell.start], _rewritten(self.json, cell, new)]
                at = cell.end
        return (b"\xef\xbb\xbf" if self.bom else b"") + "".join((*parts, self.json[at:])).encode()

    def cells_of(self, text: str) -> dict[int, str]:
        """By number, the cells that an edited text of this notebook has. Raises SourceError as `to_bytes`."""
        first = [f"{self._border} {cell.number}\n" for cell in self._cells[:1]]
        _, *found = re.split(rf"(?m)^{re.escape(self._border)} (\d+)\n", "".join((*first, text)))
        numbers, bodies = list(map(int, found[::2])), found[1::2]
        if numbers != [cell.number for cell in self._cells] or not all(body.endswith("\n") for body in bodies):
            raise SourceError(self.path, 0, "the fix would reach across cells of the notebook")
        cells, seen = {}, 0
        for cell, body in zip(self._cells, bodies, strict=True):
            lines, hidden = self._with_hidden(body[:-1], seen)
            seen += hidden
            if _RUN_HERE.match(cell.text) and not _RUN_HERE.match(lines):
                raise SourceError(self.path, 0, "the fix would stand above the line that a cell must begin with")
            ending = len(cell.text) - len(cell.text.rstrip("\n"))
            cells[cell.number] = lines.rstrip("\n") + "\n" * min(ending, len(lines) - len(lines.rstrip("\n")))
        if seen != len(self._hidden):
            raise SourceError(self.path, 0, "the fix would lose a line that IPython reads")
        return cells

    # -- places

    def place(self, line: int) -> Place:
        """Where a line of the text is: the cell, the line in it, and the line of the file that holds it."""
        at = max(0, bisect_right(self._starts, line) - 1)
        cell, line = self._cells[at], line - self._starts[at] + 1
        if at + 1 < len(self._cells) and line >= self._starts[at + 1] - self._starts[at]:  # it parts this cell from the next one
            at, cell, line = at + 1, self._cells[at + 1], 1
        start = cell.start
        if cell.is_list and cell.parts:
            above = self._above.get(at)
            if above is None:
                above = self._above[at] = list(accumulate(text.count("\n") for text, _, _ in cell.parts))
            start = cell.parts[min(bisect_right(above, line - 1), len(above) - 1)][1]
        if not self._newlines:
            self._newlines = [match.start() for match in re.finditer("\n", self.json)] or [len(self.json)]
        return Place(cell.number, line, bisect_left(self._newlines, start) + 1)

    def line_of(self, cell: int, line: int) -> int:
        """The line of the text that is a line of a cell; 0 where there is none."""
        for each, start in zip(self._cells, self._starts, strict=True):
            if each.number == cell and 1 <= line <= each.text.count("\n") + 1:
                return start + line - 1
        return 0

    def named(self, line: int) -> str:
        place = self.place(line)
        return f"line {place.line} of cell {place.cell}"

    def where(self, line: int) -> str:
        place = self.place(line)
        return f"{self.path}:cell {place.cell}:{place.line}"

    # -- what IPython does

    @property
    def may_await(self) -> bool:
        return True  # it runs a cell that awaits as a coroutine

    def may_await_at(self, line: int) -> bool:
        return not self._run_here[self._cell_at(line)]

    def opens(self, line: int) -> bool:
        return self.place(line).line <= self._run_here[self._cell_at(line)]

    def _cell_at(self, line: int) -> int:
        return max(0, bisect_right(self._starts, line) - 1)

    def keeps(self, offset: int) -> bool:
        while True:
            end = self.text.find("\n", offset)
            line = self.text[offset : end if end >= 0 else None].strip()
            if line and not line.startswith("#"):
                return False
            if end < 0 or self.text.startswith(f"{self._border} ", end + 1):
                return True
            offset = end + 1

    def looks_up_names(self, first: int, last: int) -> int:
        if self._marked is None:
            hidden = dict(self._hidden)
            texts = ((line, self.line_text(line)) for line in range(1, len(self.line_starts) + 1))
            self._marked = {line: hidden[text] for line, text in texts if self._mark in text}
        return next((line for line in range(first, last + 1) if line in self._marked and _LOOKS_UP_NAMES.search(self._marked[line])), 0)

    def _python(self, text: str) -> str:
        """The lines of a cell, with a placeholder for each that only IPython reads."""
        lines = text.split("\n")
        shown: list[str] = []
        beginnings = Beginnings()
        continued = False
        for line in lines:
            assigned = None if continued or not beginnings.here else _ASSIGNED.fullmatch(line)
            if continued or assigned or (beginnings.here and _FOR_IPYTHON.fullmatch(line)):
                indent = line[: len(line) - len(line.lstrip(" \t"))]
                mark = f"{self._mark} {len(self._hidden)}"
                stands = mark if continued or not indent else f"{indent}pass  {mark}"
                shown.append(f"{assigned[1]} get_ipython()  {mark}" if assigned else stands)
                self._hidden.append((shown[-1], line))
                continued = line.endswith("\\")
            else:
                shown.append(line)
                beginnings.read(line)
        return "\n".join(shown)

    def _with_hidden(self, text: str, first: int) -> tuple[str, int]:
        """A cell with the lines that IPython reads as they were, and how many these are; `first` is the number of the first."""
        lines = text.split("\n")
        number = first
        for at, line in enumerate(lines):
            if self._mark not in line:
                continue
            if number >= len(self._hidden) or line.strip() != self._hidden[number][0].strip():
                raise SourceError(self.path, 0, "the fix would change a line that IPython reads")
            stood, hidden = self._hidden[number]
            if line != stood:  # it was moved to another indentation
                hidden = line[: len(line) - len(line.lstrip())] + hidden.lstrip()
            lines[at] = hidden
            number += 1
        return "\n".join(lines), number - first


def _run_here(cell: Cell) -> int:
    """The line of a cell on which `%%time` or `%%capture` stands, if the cell begins with it; otherwise 0."""
    match = _RUN_HERE.match(cell.text)
    return 1 + cell.text.count("\n", 0, match.end()) if match is not None else 0


def _unused(comment: str, code: str) -> str:
    """A comment that code does not have."""
    dashes = re.findall(f"{re.escape(comment)}(-*)", code)
    return comment + "-" * (max(map(len, dashes)) + 1 if dashes else 0)


# -- reading the file


def _cells(path: str, text: str) -> Iterator[Cell]:
    """The code cells of a notebook that hold Python. Raises SourceError for what is no notebook."""
    try:
        whole = parse_json(text)
    except json.JSONDecodeError as error:
        raise SourceError(path, error.lineno, f"is not JSON, as a notebook has to be: {error.msg}") from error
    except ValueError as error:
        raise SourceError(path, 0, f"cannot be read: it holds {error}") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("nbformat"), int):
        raise SourceError(path, 0, "is not a notebook: it has no `nbformat`")
    if whole["nbformat"] < 4 or not isinstance(whole.get("cells"), list):
        raise SourceError(
            path, 0, f"is a notebook of format {whole['nbformat']!s:.20}; `jupyter nbconvert --to notebook` makes one of format 4 of it"
        )
    if _language(whole.get("metadata")) not in ("", "python"):
        return
    at, _ = _members(text, _blank(text, 0))["cells"]
    for number, (value, start, _) in enumerate(_items(text, at), 1):
        if isinstance(value, dict) and value.get("cell_type") == "code" and "source" in value and _is_python(value):
            cell = _cell(path, number, text, value["source"], *_members(text, start)["source"])
            if not cell.text.lstrip().startswith("%%") or _RUN_HERE.match(cell.text):
                yield cell


def _cell(path: str, number: int, text: str, value: Any, start: int, end: int) -> Cell:
    is_list = isinstance(value, list)
    parts = tuple(_items(text, start)) if is_list else ((value, start, end),)
    if not all(isinstance(part, str) for part, _, _ in parts):
        raise SourceError(path, text.count("\n", 0, start) + 1, f"the `source` of cell {number} is neither a text nor a list of texts")
    code = "".join(part for part, _, _ in parts)
    if re.search("[\ud800-\udfff]", code):
        raise SourceError(path, text.count("\n", 0, start) + 1, f"cell {number} holds half of a surrogate pair")
    return Cell(number, code, start, end, parts, is_list)


def _language(metadata: Any) -> str:
    """The language that a notebook says it is in, in lower case; "" where it says nothing."""
    if not isinstance(metadata, dict):
        return ""
    about = [metadata.get("language_info"), metadata.get("kernelspec")]
    named = [each.get(key) for each, key in zip(about, ("name", "language"), strict=True) if isinstance(each, dict)]
    return next((name.lower() for name in named if isinstance(name, str)), "").removeprefix("i")


def _is_python(cell: dict[str, Any]) -> bool:
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, dict) else None
    return not isinstance(editor, dict) or editor.get("languageId", "python") == "python"


def _members(text: str, at: int) -> dict[str, tuple[int, int]]:
    """By key, start and end of the value of each member of the JSON object at an offset."""
    at = _blank(text, at + 1)
    found = {}
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _blank(text, _blank(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        found[key] = at, end
        at = _after(text, end)
    return found


def _items(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Value, start and end of each item of the JSON array at an offset."""
    at = _blank(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, at, end
        at = _after(text, end)


def _after(text: str, at: int) -> int:
    """Where the next member or item is, or the end of them all."""
    at = _blank(text, at)
    return _blank(text, at + 1) if text[at] == "," else at


def _blank(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None  # it matches the empty text
    return match.end()


# -- writing the file


def _rewritten(text: str, cell: Cell, new: str) -> str:
    """The JSON of a cell's `source` with a new text; lines that stay are written as they were."""
    as_ascii = text.isascii()
    if not cell.is_list:
        return json.dumps(new, ensure_ascii=as_ascii)
    lines = new.splitlines(keepends=True)  # as Jupyter does it
    old = [part for part, _, _ in cell.parts]
    first = _alike(old, lines)
    last = _alike(reversed(old[first:]), reversed(lines[first:]))
    between = _between(text, cell)
    kept = [text[start:end] for _, start, end in cell.parts]
    made = [json.dumps(line, ensure_ascii=as_ascii) for line in lines[first : len(lines) - last]]
    head, tail = text[cell.start : cell.parts[0][1]] if old else "[", text[cell.parts[-1][2] : cell.end] if old else "]"
    return head + between.join([*kept[:first], *made, *kept[len(old) - last :]]) + tail


def _alike(one: Iterable[str], other: Iterable[str]) -> int:
    """How many texts both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _between(text: str, cell: Cell) -> str:
    """What stands between two parts of a cell's `source`."""
    if len(cell.parts) > 1:
        return text[cell.parts[0][2] : cell.parts[1][1]]
    return "," + (text[cell.start + 1 : cell.parts[0][1]] if cell.parts else " ")
