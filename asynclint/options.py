"""The table of options: it drives the configuration file, the command line, `--help` and the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from asynclint.record import record


class ConfigError(Exception):
    """A configuration that asynclint cannot follow; the message names the file or flag, and what to write instead."""


class Kind(Enum):
    """What an option holds; the value is how an error message calls it."""

    FLAG = "true or false"
    NUMBER = "a whole number, 0 or more"
    SECONDS = "a number of seconds above 0"
    TEXT = "a string"
    VERSION = 'a Python version such as "3.10" or "py310"'
    LIST = "a list of strings"
    TABLE = "a table of lists of strings"
    CATALOG = "a list of catalog files, or a table of entries in which `files` is such a list"


@record(frozen=True, slots=True)
class Option:
    """One row of the table. `in_file`: may stand in the configuration file; without `flags` it may stand only there.

    `bare` is what the flag means without a value; where that is allowed, a value follows `=` and never a blank.
    """

    name: str
    kind: Kind
    default: Any
    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    in_file: bool = True
    bare: str | None = None

    @property
    def field(self) -> str:
        """The name in Python: of the field of `Settings`, or of the parameter of the command."""
        return self.name.replace("-", "_")


_LARGEST = 2**63 - 1  # of a number
VERSION_PATTERN = r"^(?:py)?3\.?([0-9]{1,2})$"
FORMATS = ("text", "concise", "github", "gitlab", "json", "json-lines", "junit", "sarif")

# fmt: off
_EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d", ".pyenv",
    ".pytest_cache", ".pytype", ".ruff_cache", ".asynclint_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__",
    "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv", ".#*",
)

OPTIONS = (
    Option("select", Kind.LIST, ("ALL",), ("--select",), "Rules to check: codes, prefixes of codes, names, or ALL.", "RULES"),
    Option("ignore", Kind.LIST, (), ("--ignore",), "Rules not to check; the more specific of `select` and `ignore` wins.", "RULES"),
    Option("extend-select", Kind.LIST, (), ("--extend-select",), "Rules to check besides those of `select`.", "RULES"),
    Option("fixable", Kind.LIST, ("ALL",), ("--fixable",), "Rules whose fixes may be applied.", "RULES"),
    Option("unfixable", Kind.LIST, (), ("--unfixable",), "Rules whose fixes are only shown; the more specific of both wins.", "RULES"),
    Option("per-file-ignores", Kind.TABLE, (), ("--per-file-ignores",), "Rules not to check in the files that match.", "PATTERN:RULES"),
    Option("tests-may-block", Kind.FLAG, True, (), "Leave the 1xx rules off in `tests/`, `test_*.py`, `*_test.py` and `conftest.py`."),
    Option("pedantic", Kind.FLAG, False, ("--pedantic",), "Check also the pedantic rules, which else must be selected by full code or name."),
    Option("min-severity", Kind.TEXT, "info", ("--min-severity",), "Report nothing less severe.", choices=("error", "warning", "info")),
    Option("min-confidence", Kind.TEXT, "low", ("--min-confidence",), "Report nothing less sure.", choices=("high", "medium", "low")),
    Option("baseline", Kind.TEXT, None, ("--baseline",), "Known findings to leave out; else `.asynclint-baseline.json` in the root.", "FILE"),
    Option("exclude", Kind.LIST, _EXCLUDE, ("--exclude",), "Files and directories to pass over.", "PATTERNS"),
    Option("extend-exclude", Kind.LIST, (), ("--extend-exclude",), "Files and directories to pass over besides `exclude`.", "PATTERNS"),
    Option("force-exclude", Kind.FLAG, False, ("--force-exclude",), "Pass over what is excluded even if it is named as a path."),
    Option("respect-gitignore", Kind.FLAG, True, ("--respect-gitignore/--no-respect-gitignore",), "Pass over what git ignores."),
    Option("src", Kind.LIST, (), (), "Directories that modules are imported from; found by looking when empty."),
    Option("python", Kind.TEXT, None, ("--python",), "Interpreter or environment whose packages are read; else `VIRTUAL_ENV` or `.venv`.", "PATH"),
    Option("target-version", Kind.VERSION, (3, 10), ("--target-version",), "Oldest Python to support; else what the project says.", "VERSION"),
    Option("task-errors", Kind.TEXT, "ignore", ("--task-errors",), "What fixes that keep a task do with its exception.", choices=("ignore", "log")),
    Option("jobs", Kind.NUMBER, 0, ("--jobs", "-j"), "Processes to work with; 0 is one for each core.", "N"),
    Option("cache", Kind.FLAG, True, ("--cache/--no-cache",), "Keep facts and results of large projects for the next run."),
    Option("cache-dir", Kind.TEXT, ".asynclint_cache", ("--cache-dir",), "Where to keep them, relative to the configuration.", "DIR"),
    Option("max-file-size", Kind.NUMBER, 2 * 1024 * 1024, (), "Bytes above which a file is reported instead of read."),
    Option("timeout", Kind.SECONDS, 30.0, (), "Seconds of processor time that a file of up to 200 kB may take; a larger one has more."),
    Option("plugins", Kind.LIST, (), (), "Rules of your own: import names, or `.py` files relative to the configuration file."),
    Option("catalog", Kind.CATALOG, (), (), "What blocks: catalog files relative to the configuration file, or a table of entries."),
    Option("fix", Kind.FLAG, False, ("--fix",), "Apply safe fixes.", in_file=False),
    Option("unsafe-fixes", Kind.FLAG, False, ("--unsafe-fixes",), "With --fix or --diff: apply unsafe fixes too.", in_file=False),
    Option("fix-only", Kind.FLAG, False, ("--fix-only",), "Apply fixes, and neither print nor exit 1 for what is left.", in_file=False),
    Option("show-fixes", Kind.FLAG, False, ("--show-fixes",), "Print what was fixed, and what was not and why.", in_file=False),
    Option("diff", Kind.FLAG, False, ("--diff",), "Print what --fix would change, and change nothing.", in_file=False),
    Option("output-format", Kind.TEXT, "text", ("--output-format",), "How to print findings.", choices=FORMATS, in_file=False),
    Option("write-baseline", Kind.FLAG, False, ("--write-baseline",), "Write what is found to the baseline, and prune what is gone.", in_file=False),
    Option("no-baseline", Kind.FLAG, False, ("--no-baseline",), "Leave nothing out for being known.", in_file=False),
    Option("since", Kind.TEXT, None, ("--since",), "Report only what lines changed since a git revision cause.", "REV[...]", in_file=False),
    Option("add-ignore", Kind.TEXT, None, ("--add-ignore",), "Write a suppression for each finding.", "REASON", in_file=False, bare=""),
    Option("output-file", Kind.TEXT, None, ("--output-file", "-o"), "Write the report to this file.", "FILE", in_file=False),
    Option("statistics", Kind.FLAG, False, ("--statistics",), "Print how many findings and causes each rule has, not the findings.", in_file=False),
    Option("show-unresolved", Kind.FLAG, False, ("--show-unresolved",), "Print the calls on the loop that nothing is known of.", in_file=False),
    Option("watch", Kind.FLAG, False, ("--watch",), "Check again whenever a file changes, until interrupted.", in_file=False),
    Option("stdin-filename", Kind.TEXT, None, ("--stdin-filename",), "Name of the file that `-` reads from standard input.", "FILE", in_file=False),
    Option("config", Kind.LIST, (), ("--config",), "A configuration file, or one `key = value` that overrides it.", "FILE|PAIR", in_file=False),
    Option("isolated", Kind.FLAG, False, ("--isolated",), "Read no configuration file, load no rules from it, find no environment.", in_file=False),
    Option("exit-zero", Kind.FLAG, False, ("--exit-zero",), "Exit 0 in spite of findings; never in spite of errors.", in_file=False),
    Option("exit-non-zero-on-fix", Kind.FLAG, False, ("--exit-non-zero-on-fix",), "Exit 1 if something was fixed.", in_file=False),
    Option("color", Kind.TEXT, "auto", ("--color",), "When to use colours.", choices=("auto", "always", "never"), in_file=False),
    Option("quiet", Kind.FLAG, False, ("--quiet", "-q"), "Print findings only, no closing line.", in_file=False),
    Option("verbose", Kind.FLAG, False, ("--verbose", "-v"), "Say on standard error what was read and how long it took.", in_file=False),
)
# fmt: on

GROUPS = {  # how `--help` orders the flags, each by the name of its option
    "Rules": ("select", "ignore", "extend-select", "per-file-ignores", "pedantic", "min-severity", "min-confidence"),
    "Fixes": (
        "fix", "unsafe-fixes", "diff", "fix-only", "show-fixes", "fixable", "unfixable", "task-errors", "target-version", "exit-non-zero-on-fix",
    ),
    "Known findings": ("baseline", "write-baseline", "no-baseline", "since", "add-ignore"),
    "Files": ("exclude", "extend-exclude", "force-exclude", "respect-gitignore", "stdin-filename", "python"),
    "Output": ("output-format", "output-file", "statistics", "show-unresolved", "color", "quiet", "verbose", "exit-zero"),
    "Run": ("watch", "config", "isolated", "jobs", "cache", "cache-dir"),
}  # fmt: skip

FILE_OPTIONS = {option.name: option for option in OPTIONS if option.in_file}
DEFAULT: dict[str, Any] = {option.field: option.default for option in OPTIONS}


def markdown_table() -> str:
    """The table of options for the chapter about the configuration."""
    lines = ["| Key | Flag | Default | Meaning |", "|---|---|---|---|"]
    for option in OPTIONS:
        key = f"`{option.name}`" if option.in_file else ""
        flag = " ".join(f"`{flag}[={option.metavar}]`" if option.bare is not None else f"`{flag}`" for flag in option.flags)
        choices = f" One of {', '.join(f'`{choice}`' for choice in option.choices)}." if option.choices else ""
        lines.append(f"| {key} | {flag} | {_shown_default(option)} | {option.help}{choices} |")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------------------------- values


def convert(option: Option, value: Any, where: str) -> Any:
    converted = _CONVERTERS[option.kind](value)
    if option.choices and converted not in option.choices:
        raise ConfigError(f"{where}: expected one of {', '.join(f'`{choice}`' for choice in option.choices)}, got {described(value)}")
    if converted is None:
        mixed = option.kind is Kind.TABLE and isinstance(value, dict)
        raise ConfigError(f"{where}: expected {option.kind.value}, got {'a table with something else in it' if mixed else described(value)}")
    return converted


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST else None


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= _LARGEST else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _version(value: Any) -> tuple[int, int] | None:
    match = re.fullmatch(VERSION_PATTERN, value) if isinstance(value, str) else None
    return (3, int(match[1])) if match else None


def _list(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value) else None


def _table(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if not isinstance(value, dict) or any(_list(items) is None for items in value.values()):
        return None
    return tuple((pattern, tuple(items)) for pattern, items in value.items())


def _catalog(value: Any) -> tuple[str, ...] | None:
    """The files; last "", for the configuration file itself, where entries stand in it, or something that can be told better there."""
    if not isinstance(value, dict):
        return _list(value)
    files = _list(value.get("files", ()))
    return (*(files or ()), "") if files is None or value.keys() - {"files"} else files


_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.SECONDS: _seconds,
    Kind.TEXT: _text,
    Kind.VERSION: _version,
    Kind.LIST: _list,
    Kind.TABLE: _table,
    Kind.CATALOG: _catalog,
}


def described(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number too large"
    if isinstance(value, (bool, int, float, str)):
        return f"`{str(value).lower() if isinstance(value, bool) else value}`"
    if isinstance(value, list):
        return "a list with something else in it"
    return "a table" if isinstance(value, dict) else f"a {type(value).__name__}"


def _shown_default(option: Option) -> str:
    default = option.default
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if option.kind is Kind.VERSION:
        return '`"{}.{}"`'.format(*default)
    if option.kind in (Kind.LIST, Kind.TABLE, Kind.CATALOG):
        return " ".join(f"`{item}`" for item in default)
    return "" if default is None else f"`{default}`"
