"""The data that travels between the rooms: positions, edits, fixes, chains, findings and the results of files.

Everything here is a frozen value, safe to share and to send between processes. This module imports nothing of asynclint but how to make them.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from asynclint.record import record


class Severity(str, Enum):
    """How much harm a finding does."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(str, Enum):
    """How sure asynclint is that a finding is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Applicability(str, Enum):
    """Whether a fix is applied by `--fix` (safe), only with `--unsafe-fixes` (unsafe), or merely shown (manual)."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


@record(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: `offset` in code points from 0; `line` and `column` from 1, the column in code points."""

    offset: int
    line: int
    column: int


@record(frozen=True, slots=True, order=True)
class Span:
    """The half-open range of text from `start` to `end`."""

    start: Position
    end: Position


@record(frozen=True, slots=True, order=True)
class Edit:
    """Replace the text of `span` in the file `path` by `text`; an empty span inserts."""

    path: str
    span: Span
    text: str


@record(frozen=True, slots=True, order=True)
class Import:
    """A module or a name that fixed code needs: `import module` (`name` empty) or `from module import name`."""

    path: str
    module: str
    name: str = ""


@record(frozen=True, slots=True, order=True)
class Declaration:
    """A module-level statement that fixed code needs once per file, placed after the imports, e.g. `background_tasks = set()`."""

    path: str
    text: str


@record(frozen=True, slots=True)
class Fix:
    """A titled rewrite. Edits of several files are applied all or none; `imports` and `declarations` are merged once per file."""

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...]
    imports: tuple[Import, ...] = ()
    declarations: tuple[Declaration, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        """The files that this fix changes."""
        return frozenset(edit.path for edit in self.edits)


@record(frozen=True, slots=True, order=True)
class Frame:
    """One hop of a call chain: the place of a call, the function it stands in, and the call's source line, stripped."""

    path: str
    line: int
    column: int
    function: str
    text: str


@record(frozen=True, slots=True)
class Finding:
    """One defect at one place.

    `path` is as given by the user (relative or absolute, `/` between parts). `function` is the qualified name of the enclosing function,
    or `<module>`. `chain` leads from the reported place to the primitive. Exactly one of `fix` and `no_fix` is set: `no_fix` says why
    asynclint offers no rewrite. `fingerprint` stays the same when lines above the finding move.
    """

    code: str
    name: str
    message: str
    severity: Severity
    confidence: Confidence
    path: str
    function: str
    span: Span
    chain: tuple[Frame, ...]
    fix: Fix | None
    no_fix: str
    fingerprint: str
    help: str = ""  # what to write instead, one line


@record(frozen=True, slots=True, order=True)
class Problem:
    """Something that could not be checked: which file, where (line and column are 0 when unknown), what happened and what to do."""

    path: str
    line: int
    column: int
    message: str
    code: str = "ASL900"


@record(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment in the code suppresses, and the reason that the comment gives, if any."""

    finding: Finding
    reason: str


@record(frozen=True, slots=True)
class FileResult:
    """What linting one file gave: its findings in order of position, what could not be checked, and what would have been found but for comments."""

    path: str
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()


class Place(NamedTuple):
    """A line of a notebook: the number of its cell, its number in the cell, and the line of the file that holds it, all from 1."""

    cell: int
    line: int
    file_line: int


@record(frozen=True, slots=True)
class RulePage:
    """What a report says of a rule: `summary` is one line, `page` the whole documentation in Markdown."""

    code: str
    name: str
    summary: str
    page: str
    severity: Severity
    confidence: Confidence


@record(frozen=True, slots=True)
class About:
    """What a report says of the run itself: the `version` of asynclint, the absolute `folder` that paths are relative to, the absolute `root` of the
    repository, and the rules in order of code, where the format shows them."""

    version: str
    folder: str
    root: str
    rules: tuple[RulePage, ...] = ()


@record(frozen=True, slots=True)
class Applied:
    """A fix that was applied: of which finding, what it did, and the files that it changed."""

    path: str
    code: str
    name: str
    title: str
    paths: frozenset[str]


@record(frozen=True, slots=True)
class RunResult:
    """A whole run: results in order of path, and, of a `--fix` run, what was done.

    `texts` holds the lines that a report quotes: (path, line) to the line's text. `changed` maps a path to its text before and after fixing;
    `fixed` counts applied fixes per code, and `applied` lists them; `seconds` is what each stage took; `about` is there where a format wants it;
    `left_out` says how many findings are not among those of the files, and why. Lines of notebooks are counted through all their cells; `places`
    has, by path of a notebook, the place of each of its lines.
    """

    files: tuple[FileResult, ...]
    problems: tuple[Problem, ...]
    checked: int
    lines: dict[tuple[str, int], str]
    changed: dict[str, tuple[str, str]]
    fixed: dict[str, int]
    seconds: dict[str, float]
    about: About | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    applied: tuple[Applied, ...] = ()
    places: tuple[tuple[str, tuple[Place, ...]], ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in order of path and position."""
        return tuple(finding for result in self.files for finding in result.findings)

    @property
    def suppressed(self) -> tuple[Suppressed, ...]:
        """What comments suppress, in order of path and position."""
        return tuple(each for result in self.files for each in result.suppressed)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Everything that could not be checked, of files and of the run."""
        return self.problems + tuple(problem for result in self.files for problem in result.problems)


class Withheld(Exception):
    """No rewrite is possible; the message is the reason, as a user reads it."""
