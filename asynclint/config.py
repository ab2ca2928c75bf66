"""The options of asynclint: one table that drives the configuration file, the command line, `--help` and the README.

The file is the nearest `.asynclint.toml`, `asynclint.toml` or `pyproject.toml` with a `[tool.asynclint]` table, walking up from the
common parent of the linted paths. Heavy modules are imported where they are needed: a run without a configuration file pays for none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from asynclint.record import record

_FILE_NAMES = (".asynclint.toml", "asynclint.toml", "pyproject.toml")
_ROOT_MARKERS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_TEST_FILES = ("tests/", "test/", "test_*.py", "*_test.py", "conftest.py")
_TEST_IGNORES = ("ASL1",)


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


@record(frozen=True, slots=True)
class Option:
    """One row of the table. `in_file`: may stand in the configuration file; without `flags` it may stand only there."""

    name: str
    kind: Kind
    default: Any
    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    in_file: bool = True

    @property
    def field(self) -> str:
        """The name in Python: of the field of `Settings`, or of the parameter of the command."""
        return self.name.replace("-", "_")


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
    Option("per-file-ignores", Kind.TABLE, (), ("--per-file-ignores",), "Rules not to check in the files that match.", "PATTERN:RULES"),
    Option("tests-may-block", Kind.FLAG, True, (), "Leave the 1xx rules off in `tests/`, `test_*.py`, `*_test.py` and `conftest.py`."),
    Option("pedantic", Kind.FLAG, False, ("--pedantic",), "Check also what is a matter of taste."),
    Option("exclude", Kind.LIST, _EXCLUDE, ("--exclude",), "Files and directories to pass over.", "PATTERNS"),
    Option("extend-exclude", Kind.LIST, (), ("--extend-exclude",), "Files and directories to pass over besides `exclude`.", "PATTERNS"),
    Option("force-exclude", Kind.FLAG, False, ("--force-exclude",), "Pass over what is excluded even if it is named as a path."),
    Option("respect-gitignore", Kind.FLAG, True, ("--respect-gitignore/--no-respect-gitignore",), "Pass over what git ignores."),
    Option("src", Kind.LIST, (), (), "Directories that modules are imported from; found by looking when empty."),
    Option("python", Kind.TEXT, None, ("--python",), "Interpreter or environment whose packages are read; else `VIRTUAL_ENV` or `.venv`.", "PATH"),
    Option("target-version", Kind.VERSION, (3, 10), ("--target-version",), "Oldest Python to support; else `requires-python`.", "VERSION"),
    Option("jobs", Kind.NUMBER, 0, ("--jobs", "-j"), "Processes to work with; 0 is one for each core.", "N"),
    Option("cache", Kind.FLAG, True, ("--cache/--no-cache",), "Keep facts and results of large projects for the next run."),
    Option("cache-dir", Kind.TEXT, ".asynclint_cache", ("--cache-dir",), "Where to keep them, relative to the configuration.", "DIR"),
    Option("max-file-size", Kind.NUMBER, 2 * 1024 * 1024, (), "Bytes above which a file is reported instead of read."),
    Option("timeout", Kind.SECONDS, 30.0, (), "Seconds that one file may take."),
    Option("plugins", Kind.LIST, (), (), "Rules of your own: import names, or `.py` files relative to the configuration file."),
    Option("fix", Kind.FLAG, False, ("--fix",), "Apply safe fixes.", in_file=False),
    Option("unsafe-fixes", Kind.FLAG, False, ("--unsafe-fixes",), "With --fix or --diff: apply unsafe fixes too.", in_file=False),
    Option("diff", Kind.FLAG, False, ("--diff",), "Print what --fix would change, and change nothing.", in_file=False),
    Option("output-format", Kind.TEXT, "text", ("--output-format",), "How to print findings.", choices=("text", "concise", "json"), in_file=False),
    Option("output-file", Kind.TEXT, None, ("--output-file", "-o"), "Write the report to this file.", "FILE", in_file=False),
    Option("statistics", Kind.FLAG, False, ("--statistics",), "Print how many findings and causes each rule has, not the findings.", in_file=False),
    Option("show-unresolved", Kind.FLAG, False, ("--show-unresolved",), "Print the calls on the loop that nothing is known of.", in_file=False),
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

_FILE_OPTIONS = {option.name: option for option in OPTIONS if option.in_file}
_DEFAULT: dict[str, Any] = {option.field: option.default for option in OPTIONS}


@record(frozen=True, slots=True)
class Selection:
    """One layer of the choice of rules. A `select` that is not None replaces what the layers below chose."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Settings:
    """What a run follows. `root` is absolute; patterns and `src` are relative to it; `.py` files in `plugins`, and `python`, are absolute.

    `select`, `extend_select` and `ignore` are those of the configuration file; `overrides` holds those of the command line.
    `config_file` is the file that was read, or empty.
    """

    root: str
    select: tuple[str, ...] = _DEFAULT["select"]
    ignore: tuple[str, ...] = _DEFAULT["ignore"]
    extend_select: tuple[str, ...] = _DEFAULT["extend_select"]
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = _DEFAULT["per_file_ignores"]
    tests_may_block: bool = _DEFAULT["tests_may_block"]
    pedantic: bool = _DEFAULT["pedantic"]
    exclude: tuple[str, ...] = _DEFAULT["exclude"]
    extend_exclude: tuple[str, ...] = _DEFAULT["extend_exclude"]
    force_exclude: bool = _DEFAULT["force_exclude"]
    respect_gitignore: bool = _DEFAULT["respect_gitignore"]
    src: tuple[str, ...] = _DEFAULT["src"]
    python: str | None = _DEFAULT["python"]
    target_version: tuple[int, int] = _DEFAULT["target_version"]
    jobs: int = _DEFAULT["jobs"]
    cache: bool = _DEFAULT["cache"]
    cache_dir: str = _DEFAULT["cache_dir"]
    max_file_size: int = _DEFAULT["max_file_size"]
    timeout: float = _DEFAULT["timeout"]
    plugins: tuple[str, ...] = _DEFAULT["plugins"]
    overrides: Selection = Selection()
    config_file: str = ""

    def enabled(self, codes: Mapping[str, str], path: str) -> frozenset[str]:
        """The codes that are on for the file `path` (absolute, or relative to the working directory), of `codes`: code to name."""
        layers = (Selection(self.select, self.extend_select, self.ignore), self.overrides)
        chosen = _chosen(layers, tuple(codes.items()))
        relative = self.relative(path)
        for pattern, ignored in self.ignores_by_file:
            if glob_below(pattern).match(relative):
                chosen -= _matching(ignored, tuple(codes.items()))
        return chosen

    @property
    def ignores_by_file(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """`per_file_ignores` and the default for tests."""
        tests = tuple((pattern, _TEST_IGNORES) for pattern in _TEST_FILES) if self.tests_may_block else ()
        return tests + self.per_file_ignores

    def relative(self, path: str) -> str:
        """`path` as seen from `root`, with `/` between parts; the bare file name if it lies elsewhere."""
        absolute = os.path.abspath(path)
        below = os.path.join(self.root, "")
        relative = absolute[len(below) :] if absolute.startswith(below) else os.path.basename(absolute)
        return relative.replace(os.sep, "/")


def load(paths: Sequence[str], *, config: Sequence[str] = (), isolated: bool = False, command_line: Mapping[str, Any] | None = None) -> Settings:
    """The settings for a run over `paths`.

    `config` holds the values of `--config`: at most one file, and `key = value` pairs. `command_line` maps names of options to what the
    user gave; options that were not given are absent. Raises ConfigError.
    """
    start = _common_parent(paths)
    files, pairs = _split_config(config)
    values: dict[str, Any] = {}
    found = ""
    if files:
        found = files[0]
        values = _read(found, required=True) or {}
    elif not isolated:
        found, values = _nearest(start)
    root = os.path.dirname(found) if found and not files else _project_root(start)  # where --config FILE lies says nothing
    given = _converted(values, found, os.path.dirname(found) or root)
    for pair in pairs:
        given |= _converted(_parse(pair, "--config"), "--config", os.getcwd())
    given.setdefault("target_version", _required_python(root) or _DEFAULT["target_version"])

    extra: dict[str, Any] = {name: _convert(_FILE_OPTIONS[name], value, f"--{name}") for name, value in (command_line or {}).items()}
    overrides = Selection(extra.pop("select", None), extra.pop("extend-select", ()), extra.pop("ignore", ()))
    given |= {_FILE_OPTIONS[name].field: value for name, value in extra.items()}
    if given.get("python"):
        given["python"] = os.path.abspath(given["python"])
    elif not isolated:
        given["python"] = _environment(root)
    return Settings(root=root, overrides=overrides, config_file=found, **given)


def check_selectors(settings: Settings, codes: Mapping[str, str]) -> None:
    """Raise ConfigError for the first selector that means none of `codes` (code to name)."""
    source = settings.config_file or "configuration"
    lists = [
        (f"{source}: `select`", settings.select),
        (f"{source}: `extend-select`", settings.extend_select),
        (f"{source}: `ignore`", settings.ignore),
        ("--select", settings.overrides.select or ()),
        ("--extend-select", settings.overrides.extend_select),
        ("--ignore", settings.overrides.ignore),
        *((f"`per-file-ignores` of `{pattern}`", ignored) for pattern, ignored in settings.per_file_ignores),
    ]
    known = tuple(codes.items())
    for where, selectors in lists:
        for selector in selectors:
            if not selector or not _matching((selector,), known):
                raise ConfigError(f"{where}: unknown rule `{selector}`{did_you_mean(selector, [*codes, *codes.values()])}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` with the nearest of the known names, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def markdown_table() -> str:
    """The table of options for the README."""
    lines = ["| Key | Flag | Default | Meaning |", "|---|---|---|---|"]
    for option in OPTIONS:
        key = f"`{option.name}`" if option.in_file else ""
        flag = " ".join(f"`{flag}`" for flag in option.flags)
        lines.append(f"| {key} | {flag} | {_shown_default(option)} | {option.help} |")
    return "\n".join(lines) + "\n"


def glob_exact(pattern: str) -> re.Pattern[str]:
    """What matches exactly the paths that the gitignore-like `pattern` names; a directory's path ends with `/`."""
    return _compiled(pattern, "/" if pattern.endswith("/") else "/?")


def glob_below(pattern: str) -> re.Pattern[str]:
    """What matches the paths that the gitignore-like `pattern` names, and all that lies below them."""
    return _compiled(pattern, "/.*" if pattern.endswith("/") else "(?:/.*)?")


# ---------------------------------------------------------------------------------------------------------- choosing rules


@lru_cache
def _chosen(layers: tuple[Selection, ...], codes: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Within a layer the longer prefix is the stronger, and at equal length `ignore`."""
    chosen: frozenset[str] = frozenset()
    for layer in layers:
        if layer.select is not None:
            chosen = frozenset()
        choices = [(_prefix(selector, codes), 0) for selector in (*(layer.select or ()), *layer.extend_select)]
        choices += [(_prefix(selector, codes), 1) for selector in layer.ignore]
        for prefix, ignored in sorted(choices, key=lambda choice: (len(choice[0]), choice[1])):
            matching = frozenset(code for code, _ in codes if code.startswith(prefix))
            chosen = chosen - matching if ignored else chosen | matching
    return chosen


@lru_cache
def _matching(selectors: tuple[str, ...], codes: tuple[tuple[str, str], ...]) -> frozenset[str]:
    return frozenset(code for selector in selectors for code, _ in codes if code.startswith(_prefix(selector, codes)))


def _prefix(selector: str, codes: tuple[tuple[str, str], ...]) -> str:
    """A selector as a prefix of codes: a name becomes its code, `ALL` the empty prefix."""
    if selector == "ALL":
        return ""
    return next((code for code, name in codes if name == selector), selector)


# ---------------------------------------------------------------------------------------------------------- the file


def _common_parent(paths: Sequence[str]) -> str:
    parents = [path if os.path.isdir(path) else os.path.dirname(path) for path in map(os.path.abspath, paths)]
    try:
        return os.path.commonpath(parents)
    except ValueError:  # no paths, or several drives
        return parents[0] if parents else os.getcwd()


def _ancestors(directory: str) -> Iterable[str]:
    yield directory
    while (parent := os.path.dirname(directory)) != directory:
        yield parent
        directory = parent


def _nearest(start: str) -> tuple[str, dict[str, Any]]:
    """The path and the values of the nearest configuration file; empty ones if there is none."""
    for directory in _ancestors(start):
        for name in _FILE_NAMES:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and (values := _read(path)) is not None:
                return path, values
    return "", {}


def _project_root(start: str) -> str:
    for directory in _ancestors(start):
        if any(os.path.exists(os.path.join(directory, marker)) for marker in _ROOT_MARKERS):
            return directory
    return start


def _environment(root: str) -> str | None:
    """The environment that is active, or lies in `.venv` beside the configuration (PEP 405 tells it by its `pyvenv.cfg`)."""
    places = (os.environ.get("VIRTUAL_ENV"), os.path.join(root, ".venv"))
    return next((os.path.abspath(place) for place in places if place and os.path.isfile(os.path.join(place, "pyvenv.cfg"))), None)


def _split_config(config: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of `--config` as absolute paths of files and as `key = value` pairs."""
    files = [os.path.abspath(value) for value in config if os.path.isfile(value) or "=" not in value]
    pairs = [value for value in config if not os.path.isfile(value) and "=" in value]
    if len(files) > 1:
        raise ConfigError("--config: give at most one file")
    return files, pairs


def _read(path: str, *, required: bool = False) -> dict[str, Any] | None:
    """The table of asynclint in the file; None if a `pyproject.toml` has none and it is not `required`."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from error
    if os.path.basename(path) != "pyproject.toml":
        return _parse(text, path)
    values = _parse(text, path).get("tool", {}).get("asynclint") if "asynclint" in text else None
    if values is None and required:
        raise ConfigError(f"{path}: has no table `[tool.asynclint]`")
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{path}: `tool.asynclint`: expected a table, got {_described(values)}")
    return values


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _parse(text: str, source: str) -> dict[str, Any]:
    import tomli

    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from error


def _required_python(root: str) -> tuple[int, int] | None:
    """The oldest Python of `requires-python`, found by pattern: parsing all of a large TOML file would cost every run."""
    try:
        with open(os.path.join(_project_root(root), "pyproject.toml"), encoding="utf-8") as file:
            line = re.search(r"^requires-python\s*=\s*[\"'](.*?)[\"']", file.read(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    bounds = re.findall(r"(?:>=|~=|==|>)\s*3\.(\d+)", line[1]) if line else []
    return max(((3, int(minor)) for minor in bounds), default=None)


# ---------------------------------------------------------------------------------------------------------- values


def _converted(values: Mapping[str, Any], source: str, directory: str) -> dict[str, Any]:
    """The values of a file as fields of `Settings`; paths of plugins are relative to `directory`."""
    fields = {}
    for key, value in values.items():
        option = _FILE_OPTIONS.get(key)
        if option is None:
            raise ConfigError(f"{source}: unknown key `{key}`{did_you_mean(key, _FILE_OPTIONS)}")
        fields[option.field] = _convert(option, value, f"{source}: `{key}`")
    if fields.get("python"):
        fields["python"] = os.path.join(directory, fields["python"])
    if "plugins" in fields:
        fields["plugins"] = tuple(os.path.join(directory, plugin) if plugin.endswith(".py") else plugin for plugin in fields["plugins"])
    return fields


def _convert(option: Option, value: Any, where: str) -> Any:
    converted = _CONVERTERS[option.kind](value)
    if converted is None:
        raise ConfigError(f"{where}: expected {option.kind.value}, got {_described(value)}")
    return converted


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _version(value: Any) -> tuple[int, int] | None:
    match = re.fullmatch(r"(?:py)?3\.?(\d{1,2})", value) if isinstance(value, str) else None
    return (3, int(match[1])) if match else None


def _list(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value) else None


def _table(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if not isinstance(value, dict) or any(_list(items) is None for items in value.values()):
        return None
    return tuple((pattern, tuple(items)) for pattern, items in value.items())


_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.SECONDS: _seconds,
    Kind.TEXT: _text,
    Kind.VERSION: _version,
    Kind.LIST: _list,
    Kind.TABLE: _table,
}


def _described(value: Any) -> str:
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
    if option.kind in (Kind.LIST, Kind.TABLE):
        return " ".join(f"`{item}`" for item in default)
    return "" if default is None else f"`{default}`"


# ---------------------------------------------------------------------------------------------------------- patterns

_TOKEN = re.compile(r"\*+|\?|\[!?[^]]+\]|.", re.DOTALL)


@cache
def _compiled(pattern: str, end: str) -> re.Pattern[str]:
    """The gitignore-like `pattern`: `*` stops at `/`, `**` does not; without a slash before the end it matches at any depth."""
    body = pattern.removeprefix("./").rstrip("/")
    segments = body.lstrip("/").split("/")
    regex = "" if "/" in body else "(?:.*/)?"
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "**":
            regex += ".*" if last else "(?:.*/)?"
        else:
            regex += "".join(map(_token_regex, _TOKEN.findall(segment))) + ("" if last else "/")
    try:
        return re.compile(f"(?s:{regex}{end})\\Z")
    except re.error as error:
        raise ConfigError(f"`{pattern}` is not a pattern: {error}") from error


def _token_regex(token: str) -> str:
    if token.startswith("*"):
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) > 1:
        inner = token[1:-1].replace("\\", r"\\").replace("[", r"\[")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)
