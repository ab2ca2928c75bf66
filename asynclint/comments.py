"""The comments of a file: where each stands, which lines it speaks of, and what those that begin with `asynclint:` say."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from asynclint.model import Span
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.source import Source

MARKS: Final = ("blocking", "nonblocking")  # what may be said of a function
DIRECTIVE: Final = re.compile(r"#\s*asynclint:\s*(?P<body>(?:\S+|\s+(?!\s|#(?!\d)|$))*)")  # no pattern looks at one blank twice
BODY: Final = re.compile(r"(?P<verb>[\w-]+)\s*(?:\[(?P<codes>\s*[\w-]+(?:\s*,\s*[\w-]+)*(?:\s*,)?\s*)\])?\s*(?:--\s*(?P<reason>.*))?")
_MARK: Final = re.compile(r"#\s*asynclint:\s*(non)?blocking\b")
_LAYOUT: Final = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER})


@dataclass(slots=True)
class Comment:
    """A comment, and from which to which line a suppression in it holds; `alone` if it stands outside of any statement.

    `header` is the first line of the statement in or above which it stands, decorators passed over, and `keyword` that statement's first word; 0 and
    "" where there is none.
    """

    offset: int
    text: str
    line: int
    alone: bool
    first: int
    last: int
    header: int = 0
    keyword: str = ""


@record(frozen=True, slots=True)
class Mark:
    """`# asynclint: blocking[kind]` or `# asynclint: nonblocking`; `line` is that of the `def` of which it is said, 0 where there is none.

    `keyword` is the first word of the statement on which it stands.
    """

    verb: str
    kind: str
    line: int
    keyword: str
    span: Span


def marks(source: Source) -> Iterator[Mark]:
    """The well-formed marks of a file. A text without one is not read as Python."""
    if not _MARK.search(source.text):
        return
    for comment in comments(source):
        for match in DIRECTIVE.finditer(comment.text):
            body = BODY.fullmatch(match["body"])
            if body is not None and body["verb"] in MARKS:
                line = comment.header if comment.keyword == "def" else 0
                span = source.span(comment.offset + match.start(), comment.offset + match.end())
                yield Mark(body["verb"], (body["codes"] or "").strip(" ,\t"), line, comment.keyword, span)


def logical_lines(source: Source) -> tuple[list[tuple[Comment, int]], list[tuple[int, int, str]], str]:
    """The comments of a file, each with the number of the logical line in or above which it stands; the first and the last line and the first word
    of each of these; and why the rest of the file could not be read, or "".
    """
    found: list[tuple[Comment, int]] = []
    statements: list[tuple[int, int, str]] = []
    first, word = 0, ""
    try:
        for kind, string, (line, column), (end, _), _ in tokenize.generate_tokens(io.StringIO(source.text, newline=None).readline):
            if kind == tokenize.COMMENT:
                comment = Comment(source.line_starts[line - 1] + column, string, line, not first, first or line, line)
                found.append((comment, len(statements)))
            elif kind == tokenize.NEWLINE:
                statements.append((first or line, end, word))
                first = 0
            elif not first and kind not in _LAYOUT:
                first, word = line, string
    except (tokenize.TokenError, SyntaxError) as error:
        return found, statements, str(error)
    return found, statements, ""


def comments(source: Source) -> list[Comment]:
    """All comments of a file, as far as it can be read."""
    found, statements, _ = logical_lines(source)  # a file that does not parse is reported as such
    alone = {comment.line for comment, _ in found if comment.alone}
    for comment, number in found:
        if number < len(statements) and (not comment.alone or alone.issuperset(range(comment.line, statements[number][0]))):
            header = next((n for n in range(number, len(statements)) if statements[n][2] != "@"), number)
            comment.last = statements[header if comment.alone else number][1]
            comment.header, _, comment.keyword = statements[header]
    return [comment for comment, _ in found]
