"""Suppressions: `# asynclint: ignore[...]`, `# asynclint: file-ignore[...]` and `# noqa: ...`, what they silence, and which silence nothing.

A suppression covers the logical line that carries it (a simple statement, or the header of a compound one, over all its lines) or, if it stands
on lines of its own directly above a statement, that statement's logical line. A suppression above a decorator covers the decorated header too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from asynclint.comments import BODY, DIRECTIVE, MARKS, Comment, comments
from asynclint.comments import marks as read_marks
from asynclint.model import Applicability, Edit, Finding, Fix, Problem, Span
from asynclint.program.known import KINDS
from asynclint.record import record
from asynclint.source import Source
from asynclint.triage import has_noqa

_VERBS: Final = ("ignore", "file-ignore")
_NOQA: Final = re.compile(r"#\s*noqa(?![\w-])(?:(?P<colon>\s*:)\s*(?P<codes>[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+(?!\w))*)?)?", re.IGNORECASE)
_CODE: Final = re.compile(r"[\w-]+")
_NEXT: Final = re.compile(r"(?<!\s)\s+#(?!\d)")  # another comment in the same comment; `#12` is the number of an issue
_HINT: Final = "write `# asynclint: ignore[ASL101] -- reason` or `# asynclint: file-ignore[ASL101]`"
_EVERYWHERE: Final = (0, 1 << 62)
OWN: Final = frozenset({"ASL901", "ASL902", "ASL903"})  # codes of notices


@record(frozen=True, slots=True)
class Code:
    """A code or name of a rule in a suppression, and where it stands."""

    text: str
    span: Span

    def names(self, finding: Finding) -> bool:
        """Whether this is the code or the name of the finding's rule."""
        return self.text == finding.name or self.text.upper() == finding.code

    def is_in(self, rules: Collection[str]) -> bool:
        """Whether this is among codes and names of rules."""
        return self.text in rules or self.text.upper() in rules


@record(frozen=True, slots=True)
class Suppression:
    """One suppression.

    `kind` is `ignore`, `file-ignore` or `noqa`; it covers the lines from `first` to `last`, for `codes` or, if there are none, for all rules.
    `span` is its text, `removal` what to delete to be rid of it, `listed` the list of codes in it.
    """

    kind: str
    first: int
    last: int
    codes: tuple[Code, ...]
    reason: str
    span: Span
    removal: Span
    listed: Span
    separator: str

    def covers(self, finding: Finding) -> bool:
        """Whether the finding starts on a line that this suppression covers."""
        return self.first <= finding.span.start.line <= self.last


@record(frozen=True, slots=True)
class Suppressions:
    """The suppressions of one file, in order, and those that are malformed."""

    path: str
    entries: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()


@record(frozen=True, slots=True)
class Notice:
    """A defect of a suppression, to be reported as a finding of the linter's own rule `code`."""

    code: str
    span: Span
    message: str
    fix: Fix | None = None


def parse(source: Source) -> Suppressions:
    """The suppressions in the comments of `source`; what a string or an unterminated file holds is none."""
    if "asynclint:" not in source.text and not (has_noqa(source.text) and any(map(_concerns_us, _NOQA.finditer(source.text)))):
        return Suppressions(source.path)
    entries: list[Suppression] = []
    problems: list[Problem] = []
    for comment in comments(source):
        for match in DIRECTIVE.finditer(comment.text):
            found = _directive(source, comment, match)
            if isinstance(found, Suppression):
                entries.append(found)
            elif found:
                place = source.position(comment.offset + match.start())
                problems.append(Problem(source.path, place.line, place.column, found))
        entries += [
            _suppression(source, comment, "noqa", match.span(), match.span("codes"), "")
            for match in _NOQA.finditer(comment.text)
            if match["codes"] or not match["colon"]
        ]
    return Suppressions(source.path, tuple(entries), tuple(problems))


def apply(
    findings: Iterable[Finding], suppressions: Suppressions, enabled: Collection[str] | None = None
) -> tuple[tuple[Finding, ...], tuple[Notice, ...]]:
    """The findings that are not suppressed, and a notice (ASL901) for each suppression that suppressed nothing, with a safe fix that removes it.

    `enabled` holds the codes and names of the rules that ran (None: all of them): a suppression of a rule that did not run is not unused. A bare
    `# noqa`, and codes of other tools in a `# noqa`, are never unused.
    """
    kept: list[Finding] = []
    used: set[tuple[int, Code | None]] = set()
    for finding in findings:
        hits = set(_hits(finding, suppressions))
        used |= hits
        if not hits:
            kept.append(finding)
    unused: list[Notice] = []
    for index, entry in enumerate(suppressions.entries):
        if entry.codes:
            idle = [code for code in entry.codes if (index, code) not in used and (enabled is None or code.is_in(enabled)) and _is_ours(entry, code)]
            if idle:
                unused.append(_unused(suppressions.path, entry, idle))
        elif entry.kind != "noqa" and enabled is None and (index, None) not in used:
            unused.append(_unused(suppressions.path, entry, []))
    return tuple(kept), tuple(unused)


def reasons(findings: Iterable[Finding], suppressions: Suppressions) -> list[tuple[Finding, str]]:
    """The findings that are suppressed, each with the reason that the first suppression of it gives."""
    found = []
    for finding in findings:
        hit = next(_hits(finding, suppressions), None)
        if hit is not None:
            found.append((finding, suppressions.entries[hit[0]].reason))
    return found


def unknown(suppressions: Suppressions, known: Collection[str]) -> tuple[Notice, ...]:
    """A notice (ASL903) for each code that is not among `known`, the codes and names of all rules; other tools' codes in a `# noqa` do not count."""
    notices: list[Notice] = []
    for entry in suppressions.entries:
        for code in entry.codes:
            if not code.is_in(known) and _is_ours(entry, code):
                near = difflib.get_close_matches(code.text, sorted(known), 1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                notices.append(Notice("ASL903", code.span, f"`{code.text}` is not a rule, so this suppresses nothing{hint}"))
    return tuple(notices)


def mismarked(source: Source) -> tuple[Notice, ...]:
    """A notice (ASL903) for each mark of a function (`# asynclint: blocking`) that stands on none, or whose kind is none."""
    notices: list[Notice] = []
    for mark in read_marks(source) if "asynclint:" in source.text else ():
        message = ""
        if not mark.line:
            where, hint = {"async": ("a coroutine function", ""), "class": ("a class", "; mark its `__init__`")}.get(mark.keyword, ("none", ""))
            message = f"`{mark.verb}` marks a sync function, and stands on {where} here, so it says nothing{hint}"
        elif mark.kind and mark.verb == "nonblocking":
            message = "`nonblocking` takes no kind: it says that the function does not block at all"
        elif mark.kind and mark.kind not in KINDS:
            near = difflib.get_close_matches(mark.kind, KINDS, 1)
            known = f"did you mean `{near[0]}`?" if near else f"the kinds are {', '.join(KINDS)}"
            message = f"`{mark.kind}` is no kind of blocking, so this only says that the function blocks; {known}"
        if message:
            notices.append(Notice("ASL903", mark.span, message))
    return tuple(notices)


def blanket(suppressions: Suppressions) -> tuple[Notice, ...]:
    """A notice (ASL902) for each `asynclint:` suppression that names no rule."""
    return tuple(
        Notice("ASL902", entry.span, f"`{entry.kind}` without codes hides findings of every rule, name the rule it is for")
        for entry in suppressions.entries
        if not entry.codes and entry.kind != "noqa"
    )


def _hits(finding: Finding, suppressions: Suppressions) -> Iterator[tuple[int, Code | None]]:
    for index, entry in enumerate(suppressions.entries):
        if entry.covers(finding):
            if not entry.codes:
                yield index, None
            yield from ((index, code) for code in entry.codes if code.names(finding))


def _concerns_us(noqa: re.Match[str]) -> bool:
    """Whether a `# noqa` is for all tools, or has a code of asynclint."""
    return not noqa["colon"] or "ASL" in (noqa["codes"] or "").upper()


def _is_ours(entry: Suppression, code: Code) -> bool:
    return entry.kind != "noqa" or code.text.upper().startswith("ASL")


def _unused(path: str, entry: Suppression, idle: list[Code]) -> Notice:
    kept = [code.text for code in entry.codes if code not in idle]
    edit = Edit(path, entry.listed, entry.separator.join(kept)) if kept else Edit(path, entry.removal, "")
    what = " and ".join(f"`{code.text}`" for code in idle) or "anything"
    return Notice("ASL901", entry.span, f"this does not suppress {what} here", Fix("Remove the unused suppression", Applicability.SAFE, (edit,)))


# Reading comments


def _directive(source: Source, comment: Comment, match: re.Match[str]) -> Suppression | str:
    """The suppression that `# asynclint: ...` means, what is wrong with it, or nothing if it is none."""
    body = BODY.fullmatch(match["body"])
    word = _CODE.match(match["body"])
    verb = word.group() if word else ""
    if verb in MARKS:
        return "" if body else f"`{match.group()}` is no mark, write `# asynclint: {verb}{'[network]' if verb == 'blocking' else ''}`"
    if verb not in _VERBS:
        near = difflib.get_close_matches(verb, (*_VERBS, *MARKS), 1)
        return f"`{match.group()}` is no suppression, " + (f"did you mean `{near[0]}`?" if near else _HINT)
    if body is None:
        return f"`{match.group()}` is no suppression, {_HINT}"
    if verb == "file-ignore" and not (comment.alone and source.position(comment.offset).column == 1):
        return f"`{match.group()}` stands inside of code, put it on a line of its own at the left margin"
    base = match.start("body")
    listed = (base + body.start("codes"), base + body.end("codes")) if body["codes"] else (-1, -1)
    return _suppression(source, comment, verb, match.span(), listed, body["reason"] or "")


def _suppression(source: Source, comment: Comment, kind: str, where: tuple[int, int], listed: tuple[int, int], reason: str) -> Suppression:
    start, end = where
    base = comment.offset
    codes = [match.span() for match in _CODE.finditer(comment.text, *listed)] if listed[0] >= 0 else []
    first, last = (codes[0][0], codes[-1][1]) if codes else (start, start)
    lines = _EVERYWHERE if kind == "file-ignore" else (comment.first, comment.last)
    return Suppression(
        kind,
        *lines,
        tuple(Code(comment.text[left:right], source.span(base + left, base + right)) for left, right in codes),
        reason,
        source.span(base + start, base + end),
        _removal(source, comment, start, end),
        source.span(base + first, base + last),
        ", " if len(codes) > 1 and ", " in comment.text[first:last] else ",",
    )


def _removal(source: Source, comment: Comment, start: int, end: int) -> Span:
    """What to delete with a suppression: the white space around it, and the whole line if nothing else is on it."""
    text, base = source.text, comment.offset
    line_start = source.line_starts[comment.line - 1]
    more = _NEXT.search(comment.text, end)
    if not start and more:
        return source.span(base, base + more.end() - 1)
    begin = base + start
    while begin > line_start and text[begin - 1] in " \t\f":
        begin -= 1
    if begin == line_start and not more:
        return source.span(begin, [*source.line_starts, len(text)][comment.line])
    return source.span(begin, base + more.start() if more else base + len(comment.text))
