"""Source files: bytes to text and back, and offsets to lines and columns.

Lines end at LF, CR LF and CR and nowhere else, as for CPython's tokenizer: not at form feeds, U+2028 or what `str.splitlines` breaks at.
Newlines are never translated, so that an offset into `Source.text` names the same place as in the file.
"""

from __future__ import annotations

import codecs
import errno
import re
import warnings
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Final

from asynclint.model import Position, Problem, Span
from asynclint.reading import SOURCE_LIMIT, read_regular

if TYPE_CHECKING:
    import ast

NOTEBOOK: Final = ".ipynb"  # what the name of a notebook ends with
_SILENT: Final = [("ignore", None, Warning, None, 0)]  # as filters of warnings
_NEWLINE: Final = re.compile(r"\r\n?|\n")
_LONG: Final = 200  # bytes of a line
_BLANKS: Final = re.compile(r"[ \t\f]*")
_HEAD: Final = re.compile(rb"([^\r\n]*)(?:\r\n?|\n)?([^\r\n]*)")
# PEP 263; the second line counts only below a line that is blank or a comment.
_COOKIE: Final = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.DOTALL)
_BLANK_OR_COMMENT: Final = re.compile(rb"[ \t\f]*(?:#|$)")


class SourceError(Exception):
    """A file that cannot be read as Python source: where (`line` from 1, or 0 when unknown), why, and what to do about it."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(path, line, message)
        self.path = path
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"

    @property
    def problem(self) -> Problem:
        """This error as the record that reports show."""
        return Problem(self.path, self.line, 0, self.message)


class Source:
    """One source file: `data` as on disk, `text` as decoded (no BOM, newlines as they are), `encoding`, and whether a UTF-8 `bom` stood in front."""

    __slots__ = ("_ends", "_line_starts", "_newline", "bom", "data", "encoding", "path", "text")
    _parsed: ClassVar[tuple[Source, ast.Module] | None] = None  # the last one; a run over thousands of files keeps no more

    def __init__(self, path: str, data: bytes, text: str, encoding: str, bom: bool) -> None:
        self.path = path
        self.data = data
        self.text = text
        self.encoding = encoding
        self.bom = bom
        self._line_starts: list[int] | None = None
        self._newline: str | None = None
        self._ends: tuple[int, list[int]] | None = None  # of the characters of a line, in bytes

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.data)} bytes, {self.encoding!r})"

    @classmethod
    def read(cls, path: str) -> Source:
        """The file at `path`. Raises SourceError if it cannot be read, is not a regular file, or is not Python text."""
        try:
            data = read_regular(path, SOURCE_LIMIT)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise SourceError(path, 0, "not a regular file; exclude it") from error
            raise SourceError(path, 0, f"cannot be read: {error.strerror or error}") from error
        return cls.from_bytes(path, data)

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> Source:
        """`data` decoded as CPython decodes a source file, or as the notebook that `path` says it is. Raises SourceError for NUL bytes, undecodable
        bytes and unusable encodings.
        """
        if path.endswith(NOTEBOOK):
            from asynclint.source.notebook import Notebook  # few programs have one

            return Notebook.from_bytes(path, data)
        if b"\0" in data or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_text(path, data)
        bom = data.startswith(codecs.BOM_UTF8)
        body = data[3:] if bom else data
        encoding, line = _declared(path, body, bom)
        try:
            text = body.decode(encoding)
        except LookupError as error:
            raise SourceError(path, line, f"`{encoding}` is not an encoding for source text; correct the coding cookie or save as UTF-8") from error
        except UnicodeDecodeError as error:
            raise _undecodable(path, body, encoding, error.start, len(data) - len(body)) from error
        except ValueError as error:
            raise SourceError(path, line, f"cannot be decoded as {encoding}: {error}; save as UTF-8") from error
        if encoding != "utf-8" and not _keeps_ascii(body, text):
            raise SourceError(path, line, f"`{encoding}` does not keep ASCII as it is; save as UTF-8")
        return cls(path, data, text, encoding, bom)

    def to_bytes(self, text: str) -> bytes:
        """`text` in this file's encoding, with its BOM. Raises SourceError if that is impossible, or would change bytes that were not edited."""
        try:
            if self.encoding != "utf-8" and self.text.encode(self.encoding) != self.data:
                raise SourceError(self.path, 0, f"this {self.encoding} text does not encode back to the same bytes; save as UTF-8 to have it fixed")
            encoded = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            line = len(_NEWLINE.findall(error.object, 0, error.start)) + 1
            missing = error.object[error.start]
            raise SourceError(self.path, line, f"{missing!a} does not exist in {self.encoding}; save as UTF-8 and drop the coding cookie") from error
        except ValueError as error:
            raise SourceError(self.path, 0, f"cannot be encoded as {self.encoding}: {error}; save as UTF-8") from error
        return codecs.BOM_UTF8 + encoded if self.bom else encoded

    def tree(self) -> ast.Module:
        """The syntax tree, which nobody may change; the last one that was made is remembered. Raises what `ast.parse` raises."""
        import ast  # most of what asks for a source only reads its text

        known = Source._parsed
        if known is not None and known[0] is self:
            return known[1]
        if warnings.filters[:1] == _SILENT:  # as in worker processes: setting it for every file takes as long as parsing a short one
            tree = ast.parse(self.text)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(self.text)
        Source._parsed = (self, tree)
        return tree

    @property
    def line_starts(self) -> list[int]:
        """The offset of the first character of every line; line n starts at `line_starts[n - 1]`. Made at first use."""
        starts = self._line_starts
        if starts is None:
            if "\r" in self.text:
                starts = [0, *(match.end() for match in _NEWLINE.finditer(self.text))]
            else:
                lengths = [len(line) + 1 for line in self.text.split("\n")]
                starts = list(accumulate(lengths, initial=0))
                starts.pop()
            self._line_starts = starts
        return starts

    @property
    def newline(self) -> str:
        """The newline that ends most lines of this file; LF where there is none or it is a tie."""
        if self._newline is None:
            text = self.text
            crlf = text.count("\r\n")
            counts = {"\n": text.count("\n") - crlf, "\r\n": crlf, "\r": text.count("\r") - crlf}
            self._newline = max(counts, key=lambda newline: counts[newline])
        return self._newline

    def position(self, offset: int) -> Position:
        """The position of a code-point offset."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return Position(offset, line, offset - starts[line - 1] + 1)

    def offset_at(self, line: int, utf8_col: int) -> int:
        """The offset of what `ast` calls (line from 1, column from 0 in UTF-8 bytes); a place behind the end of the text gives its end."""
        text = self.text
        starts = self.line_starts
        if line > len(starts):
            return len(text)
        start = starts[line - 1]
        offset = start + utf8_col
        # No character is shorter than its UTF-8 bytes, so the line's first `utf8_col` characters hold all that lies before the column.
        if not text.isascii() and not (head := text[start:offset]).isascii():
            if utf8_col > _LONG:
                return self._offset_in(line, utf8_col)
            offset = start + len(head.encode("utf-8", "surrogatepass")[:utf8_col].decode("utf-8", "ignore"))
        return min(offset, len(text))

    def _offset_in(self, line: int, utf8_col: int) -> int:
        """The same in a long line. Where its characters end is remembered: a line that holds one call holds more."""
        if self._ends is None or self._ends[0] != line:
            start = self.line_starts[line - 1]
            end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
            self._ends = (line, list(accumulate(len(char.encode("utf-8", "surrogatepass")) for char in self.text[start:end])))
        return self.line_starts[line - 1] + bisect_right(self._ends[1], utf8_col)

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets."""
        return Span(self.position(start), self.position(end))

    def span_of(self, lineno: int, col_offset: int, end_lineno: int, end_col_offset: int) -> Span:
        """The span of an `ast` node's four positions."""
        return self.span(self.offset_at(lineno, col_offset), self.offset_at(end_lineno, end_col_offset))

    def named(self, line: int) -> str:
        """A line as people name it."""
        return f"line {line}"

    def where(self, line: int) -> str:
        """The path and a line, as reports begin with them."""
        return f"{self.path}:{line}"

    @property
    def may_await(self) -> bool:
        """Whether an `await` may stand outside of functions."""
        return False

    def may_await_at(self, line: int) -> bool:
        """The same of a line."""
        return self.may_await

    def opens(self, line: int) -> bool:
        """Whether nothing may be put above a line."""
        return False

    def keeps(self, offset: int) -> bool:
        """Whether whoever runs this shows the value of the expression statement that ends at an offset, and keeps it."""
        return False

    def looks_up_names(self, first: int, last: int) -> int:
        """The first of these lines that is no Python and in which whoever runs this may look up names; 0 where there is none."""
        return 0

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its newline; empty for a line that the file does not have."""
        starts = self.line_starts
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r\n")

    def lines_of(self, first: int, last: int) -> str:
        """The text of lines (from 1), the last one included."""
        starts = self.line_starts
        return self.text[starts[first - 1] : starts[last] if last < len(starts) else len(self.text)]

    def indentation(self, offset: int) -> str:
        """The white space with which the line of `offset` begins."""
        match = _BLANKS.match(self.text, self.line_starts[bisect_right(self.line_starts, offset) - 1])
        assert match is not None  # it matches the empty text
        return match.group()

    def utf16_column(self, position: Position) -> int:
        """The column of `position` in UTF-16 code units, from 1 (an editor that counts from 0 takes one off, as it does for lines)."""
        if self.text.isascii():
            return position.column
        head = self.text[position.offset - position.column + 1 : position.offset]
        return position.column + sum(char > "\uffff" for char in head)


def _declared(path: str, body: bytes, bom: bool) -> tuple[str, int]:
    """The encoding that a source file says it has, and the line that says so (0: nothing says so, it is UTF-8)."""
    head = _HEAD.match(body)
    assert head is not None  # it matches the empty text
    first, second = head.groups()
    line, cookie = 1, _COOKIE.match(first)
    if cookie is None and _BLANK_OR_COMMENT.match(first):
        line, cookie = 2, _COOKIE.match(second)
    if cookie is None:
        return "utf-8", 0
    encoding = cookie.group(1).decode("ascii")
    name = encoding.lower().replace("_", "-")
    if name in {"utf-8", "utf8", "utf-8-sig"} or name.startswith("utf-8-"):
        return "utf-8", line
    if bom:
        raise SourceError(path, line, f"starts with a UTF-8 BOM but declares `{encoding}`; drop the coding cookie")
    return encoding, line


def _keeps_ascii(body: bytes, text: str) -> bool:
    """Whether the ASCII lines at the head of the file were decoded as ASCII: not so for UTF-7, UTF-16 or EBCDIC."""
    cookie_lines = _HEAD.match(body)
    assert cookie_lines is not None
    head = cookie_lines.group()
    return not head.isascii() or text.startswith(head.decode("ascii"))


def _not_text(path: str, data: bytes) -> SourceError:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return SourceError(path, 1, "is UTF-16 or UTF-32, which Python does not read; save as UTF-8")
    offset = data.index(b"\0")
    return SourceError(path, _line_of(data, offset), f"holds a NUL byte (byte offset {offset}); remove it, or exclude the file")


def _undecodable(path: str, body: bytes, encoding: str, start: int, skipped: int) -> SourceError:
    hint = "save as UTF-8, or declare its encoding in a coding cookie" if encoding == "utf-8" else "save as UTF-8, or correct the coding cookie"
    message = f"byte 0x{body[start]:02x} (byte offset {start + skipped}) is not valid {encoding}; {hint}"
    return SourceError(path, _line_of(body, start), message)


def _line_of(data: bytes, offset: int) -> int:
    head = data[:offset]
    return head.count(b"\n") + head.count(b"\r") - head.count(b"\r\n") + 1
