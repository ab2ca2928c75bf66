"""The edit that suppresses a finding: a comment at the end of its statement."""

from __future__ import annotations

import io
import tokenize

from asynclint.model import Edit, Finding
from asynclint.source import Source

_LAYOUT = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT})


def ignoring(source: Source, finding: Finding) -> Edit | None:
    """Write `# asynclint: ignore[CODE]` behind the statement, or the header of one, that a finding begins in; None where there is none."""
    first = 0
    comment = -1  # the end of the last comment on a line
    try:
        for kind, string, (line, column), _, _ in tokenize.generate_tokens(io.StringIO(source.text, newline=None).readline):
            if kind == tokenize.COMMENT:
                comment = source.line_starts[line - 1] + column + len(string)
            elif kind == tokenize.NEWLINE:
                if first and first <= finding.span.start.line <= line:
                    place = max(source.line_starts[line - 1] + column, comment)
                    return Edit(source.path, source.span(place, place), f"  # asynclint: ignore[{finding.code}]")
                first = 0
            elif not first and kind not in _LAYOUT:
                first = line
    except (tokenize.TokenError, SyntaxError):
        pass
    return None
