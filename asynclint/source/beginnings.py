"""Where a statement may begin in a text that is Python but for some lines, told line by line: each is looked at once, and none is parsed."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r"#|'''|\"\"\"|['\"]|[(\[{]|[)\]}]|\\\Z")
_IN_STRING: Final = {quotes: re.compile(rf"\\.|\\\Z|{quotes}", re.DOTALL) for quotes in ("'", '"', "'''", '"""')}


class Beginnings:
    """Whether a statement may begin after the lines that were read: not within brackets, a string or a continued line."""

    def __init__(self) -> None:
        self._quotes = ""
        self._depth = 0
        self._continued = False

    @property
    def here(self) -> bool:
        return not (self._quotes or self._depth or self._continued)

    def read(self, line: str) -> None:
        """Take in a line, which is without its end."""
        line = line.removesuffix("\r")
        self._continued = False
        at = self._after_string(line, 0) if self._quotes else 0
        while at >= 0 and (match := _TOKEN.search(line, at)) is not None:
            token, at = match.group(), match.end()
            if token == "#":
                break
            if token == "\\":
                self._continued = True
            elif token in "([{":
                self._depth += 1
            elif token in ")]}":
                self._depth = max(0, self._depth - 1)
            else:
                self._quotes = token
                at = self._after_string(line, at)

    def _after_string(self, line: str, at: int) -> int:
        """Where the open string ends; -1 where it goes on in the next line, or has no end as it should."""
        for match in _IN_STRING[self._quotes].finditer(line, at):
            if match.group() == self._quotes:
                self._quotes = ""
                return match.end()
            if match.group() == "\\":
                return -1
        if len(self._quotes) == 1:
            self._quotes = ""
        return -1
