"""The patterns of a `.gitignore` file, read and matched as git does it: byte for byte, in linear time.

Sources: gitignore(5); `dir.c` and `wildmatch.c` of git, which say what the page leaves open.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import count

from asynclint.globs import ALL, FOLDERS, STAR, regex

_PLAIN = re.compile(rb"[^*?\[\\]*")
_ASCII = range(128)
_LOWER, _UPPER, _DIGITS, _SPACE = (frozenset(text) for text in (bytes(range(97, 123)), bytes(range(65, 91)), b"0123456789", b" \t\n\r"))
_PRINTED = frozenset(range(32, 127))
_CLASSES = {
    b"alnum": _LOWER | _UPPER | _DIGITS,
    b"alpha": _LOWER | _UPPER,
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset(_ASCII) - _PRINTED,
    b"digit": _DIGITS,
    b"graph": _PRINTED - _SPACE,
    b"lower": _LOWER,
    b"print": _PRINTED,
    b"punct": _PRINTED - _LOWER - _UPPER - _DIGITS - _SPACE,
    b"space": _SPACE,
    b"upper": _UPPER,
    b"xdigit": frozenset(b"0123456789abcdefABCDEF"),
}


class _Pattern:
    """A pattern: which one of its file it is, what it begins with as it stands, and the glob behind that; for names or for paths."""

    def __init__(self, number: int, only_directories: bool, start: bytes, glob: bytes, of_paths: bool) -> None:
        self.number = number
        self.only_directories = only_directories
        self.start = start
        self.glob = glob
        self.of_paths = of_paths

    def matches(self, text: bytes) -> bool:
        if not text.startswith(self.start):
            return False
        if not self.glob:
            return len(text) == len(self.start)
        if self.glob[:1] == b"*" and self._ending is not None:
            return text.endswith(self._ending) and len(text) >= len(self.start) + len(self._ending)
        return self._regex is not None and self._regex.match(text, len(self.start)) is not None

    @cached_property
    def _ending(self) -> bytes | None:
        """What follows the only wildcard of a pattern of names, if it is a `*` in front of plain text."""
        plain = _PLAIN.match(self.glob, 1)
        return self.glob[1:] if not self.of_paths and plain is not None and plain.end() == len(self.glob) else None

    @cached_property
    def _regex(self) -> re.Pattern[bytes] | None:
        """The glob; None if nothing matches it."""
        parts = _parts(self.glob, self.of_paths)
        return re.compile(f"(?s:{regex(parts, count())})\\Z".encode("latin-1")) if parts is not None else None


class GitIgnore:
    """What one `.gitignore` file says of the paths below its folder."""

    def __init__(self, data: bytes) -> None:
        self._negative: list[bool] = []
        self._plain: dict[tuple[bytes, bool], int] = {}  # names without wildcards, those of directories apart: the last pattern
        self._names: list[_Pattern] = []
        self._paths: list[_Pattern] = []
        self._known: dict[tuple[bytes, bool], int] = {}  # by a name and whether it is a directory's: the last pattern of names that matches
        for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            if not line.startswith(b"#"):
                self._add(_without_blanks(line.removesuffix(b"\r").partition(b"\0")[0]))

    def _add(self, text: bytes) -> None:
        negative = text.startswith(b"!")
        body = text[negative:]
        only_directories = body.endswith(b"/")
        body = body[: len(body) - only_directories]
        if not body:
            return
        number = len(self._negative)
        self._negative.append(negative)
        of_paths = b"/" in body
        body = body.removeprefix(b"/") if of_paths else body
        plain = _PLAIN.match(body)
        start = plain.group() if plain is not None else b""
        if not of_paths and start == body:
            self._plain[body, only_directories] = number
        else:
            patterns = self._paths if of_paths else self._names
            patterns.append(_Pattern(number, only_directories, start, body[len(start) :], of_paths))

    def verdict(self, path: bytes, is_directory: bool) -> bool | None:
        """Whether the file says that a path, which is relative to its folder, is ignored or that it is not; None where it says nothing.

        Folders above are not looked at: what lies in an ignored one is ignored.
        """
        name = path[path.rfind(b"/") + 1 :]
        last = self._known.get((name, is_directory))
        if last is None:
            last = self._known[name, is_directory] = self._of_name(name, is_directory)
        last = _last(self._paths, path, is_directory, last)
        return None if last < 0 else not self._negative[last]

    def _of_name(self, name: bytes, is_directory: bool) -> int:
        last = max(self._plain.get((name, False), -1), self._plain.get((name, True), -1) if is_directory else -1)
        return _last(self._names, name, is_directory, last)


def _last(patterns: list[_Pattern], text: bytes, is_directory: bool, known: int) -> int:
    """The number of the last pattern that matches, which is `known` unless one of these comes after it."""
    for pattern in reversed(patterns):
        if pattern.number < known:
            break
        if (is_directory or not pattern.only_directories) and pattern.matches(text):
            return pattern.number
    return known


def _without_blanks(line: bytes) -> bytes:
    """A line without the blanks at its end; one behind a backslash belongs to the pattern."""
    stripped = line.rstrip(b" ")
    behind = len(stripped) - len(stripped.rstrip(b"\\"))
    return line[: len(stripped) + 1] if behind % 2 else stripped


def _parts(glob: bytes, of_paths: bool) -> list[str] | None:
    """The parts of a glob, each an expression; None where it matches nothing."""
    found: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at : at + 1]
        if char == b"*":
            first = at
            while glob[at : at + 1] == b"*":
                at += 1
            after = glob[at : at + 2]
            takes_folders = of_paths and at - first > 1 and (not first or glob[first - 1 : first] == b"/")
            if takes_folders and after[:1] == b"/":
                found.append(FOLDERS)
                at += 1
            else:
                found.append(ALL if takes_folders and after in (b"", b"\\/") else STAR)
        elif char == b"[":
            chars, at = _class(glob, at + 1)
            chars -= {ord("/")} if of_paths else set()
            if not chars:
                return None
            found.append(f"[{''.join(f'{chr(92)}x{each:02x}' for each in sorted(chars))}]")
        elif char == b"?":
            found.append("[^/]")
            at += 1
        else:
            at += char == b"\\"
            if at >= len(glob):
                return None
            found.append(re.escape(chr(glob[at])))
            at += 1
    return found


def _class(glob: bytes, at: int) -> tuple[set[int], int]:
    """The bytes of the class whose `[` stands before `at`, and where it ends; none where it is malformed."""
    negated = glob[at : at + 1] in (b"!", b"^")
    at += negated
    first, before = at, -1  # `before`: where a range may begin
    found: set[int] = set()
    while at < len(glob) and (at == first or glob[at] != ord("]")):
        char = glob[at]
        ending = glob.find(b"]", at + 2) if glob[at : at + 2] == b"[:" else -1
        if char == ord("\\"):
            at += 1
            if at >= len(glob):
                return set(), at
            char = glob[at]
            found.add(char)
            before = char
        elif char == ord("-") and before >= 0 and glob[at + 1 : at + 2] not in (b"", b"]"):
            at += 1 + (glob[at + 1] == ord("\\"))
            if at >= len(glob):
                return set(), at
            found.update(range(before, glob[at] + 1))
            before = -1
        elif glob[at : at + 2] == b"[:" and ending < 0:
            return set(), at
        elif ending > at + 2 and glob[ending - 1] == ord(":"):
            named = _CLASSES.get(glob[at + 2 : ending - 1])
            if named is None:
                return set(), at
            found |= named
            at, before = ending, -1
        else:
            found.add(char)
            before = char
        at += 1
    if at >= len(glob):
        return set(), at
    return (set(range(1, 256)) - found if negated else found), at + 1
