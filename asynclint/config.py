"""The settings of a run: what the configuration file and the command line say.

The file is the nearest `.asynclint.toml`, `asynclint.toml` or `pyproject.toml` with a `[tool.asynclint]` table, walking up from the
common parent of the linted paths. Heavy modules are imported where they are needed: a run without a configuration file pays for none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from asynclint import reading
from asynclint.options import DEFAULT, FILE_OPTIONS, ConfigError, convert, described
from asynclint.patterns import glob_below
from asynclint.record import record
from asynclint.writing import is_within, leads_out, repository, stays_within

_FILE_NAMES = (".asynclint.toml", "asynclint.toml", "pyproject.toml")
_BASELINE = ".asynclint-baseline.json"
_ROOT_MARKERS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_TEST_FILES = ("tests/", "test/", "test_*.py", "*_test.py", "conftest.py")
_TEST_IGNORES = ("ASL1",)
_WRITTEN = ("baseline", "cache-dir")  # keys that say where to write


@record(frozen=True, slots=True)
class Selection:
    """One layer of the choice of rules. A `select` that is not None replaces what the layers below chose."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Settings:
    """What a run follows. `root` is absolute; patterns and `src` are relative to it; `.py` files in `plugins`, `python`, `catalog` and `baseline` are
    absolute.

    `select`, `extend_select` and `ignore` are those of the configuration file; `overrides` holds those of the command line.
    `config_file` is the file that was read, or empty; it is one of `catalog` if entries stand in it.
    """

    root: str
    select: tuple[str, ...] = DEFAULT["select"]
    ignore: tuple[str, ...] = DEFAULT["ignore"]
    extend_select: tuple[str, ...] = DEFAULT["extend_select"]
    fixable: tuple[str, ...] = DEFAULT["fixable"]
    unfixable: tuple[str, ...] = DEFAULT["unfixable"]
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = DEFAULT["per_file_ignores"]
    tests_may_block: bool = DEFAULT["tests_may_block"]
    pedantic: bool = DEFAULT["pedantic"]
    min_severity: str = DEFAULT["min_severity"]
    min_confidence: str = DEFAULT["min_confidence"]
    baseline: str | None = DEFAULT["baseline"]
    exclude: tuple[str, ...] = DEFAULT["exclude"]
    extend_exclude: tuple[str, ...] = DEFAULT["extend_exclude"]
    force_exclude: bool = DEFAULT["force_exclude"]
    respect_gitignore: bool = DEFAULT["respect_gitignore"]
    src: tuple[str, ...] = DEFAULT["src"]
    python: str | None = DEFAULT["python"]
    target_version: tuple[int, int] = DEFAULT["target_version"]
    task_errors: str = DEFAULT["task_errors"]
    jobs: int = DEFAULT["jobs"]
    cache: bool = DEFAULT["cache"]
    cache_dir: str = DEFAULT["cache_dir"]
    max_file_size: int = DEFAULT["max_file_size"]
    timeout: float = DEFAULT["timeout"]
    plugins: tuple[str, ...] = DEFAULT["plugins"]
    catalog: tuple[str, ...] = DEFAULT["catalog"]
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

    def names(self, code: str, name: str) -> bool:
        """Whether a rule is selected by its own code or name, not by a prefix or with all others."""
        chosen = (*self.select, *self.extend_select, *(self.overrides.select or ()), *self.overrides.extend_select)
        return code in chosen or name in chosen

    def may_fix(self, codes: Mapping[str, str]) -> frozenset[str]:
        """The codes whose fixes may be applied, of `codes`: code to name."""
        return _chosen((Selection(self.fixable, (), self.unfixable),), tuple(codes.items()))

    @property
    def ignores_by_file(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """`per_file_ignores` and the default for tests."""
        tests = tuple((pattern, _TEST_IGNORES) for pattern in _TEST_FILES) if self.tests_may_block else ()
        return tests + self.per_file_ignores

    @property
    def is_project(self) -> bool:
        """Whether `root` is that of a project, and not of all that a user has: a home directory is none, even one that git looks after."""
        if self.root in _no_projects():
            return False
        return any(os.path.exists(os.path.join(self.root, name)) for name in (*_ROOT_MARKERS, *_FILE_NAMES))

    @property
    def baseline_place(self) -> str:
        """Where the baseline is, if there is one, and where it is written."""
        return self.baseline or os.path.join(self.root, _BASELINE)

    @property
    def boundary(self) -> str:
        """The folder that nothing is written out of by a link: the repository or the working directory around the root, for a file that somebody
        has put into a folder makes that the root.
        """
        top, here = repository(self.root), os.getcwd()
        return here if is_within(top, here) and here not in _no_projects() else top

    def leads_out(self, path: str, named: Iterable[str]) -> bool:
        """Whether a path leads out of the project by a link; where there is no project, out of the directories that the user has `named`. A file that
        is named there is meant, wherever it leads.
        """
        if self.is_project:
            return leads_out(path, self.root) or leads_out(path, self.boundary)
        path = os.path.abspath(path)
        return not any(path == os.path.abspath(each) or stays_within(path, each) for each in named)

    def holds(self, named: Iterable[str]) -> list[str]:
        """The folders that hold the project; where there is none, the directories that the user has `named`, but for a home and the topmost one."""
        if self.is_project:
            return [self.boundary]
        return [each for each in map(os.path.abspath, named) if os.path.isdir(each) and each not in _no_projects()]

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
    from_file = {key for key in _WRITTEN if values.get(key)} - (command_line or {}).keys()
    for pair in pairs:
        extra = _converted(parse(pair, "--config"), "--config", os.getcwd())
        from_file -= {key for key in _WRITTEN if FILE_OPTIONS[key].field in extra}
        given |= extra
    for key in sorted(from_file):
        _check_inside(key, os.path.join(root, given[FILE_OPTIONS[key].field]), found, [root, *map(os.path.dirname, files)])
    extra = {name: convert(FILE_OPTIONS[name], value, f"--{name}") for name, value in (command_line or {}).items()}
    overrides = Selection(extra.pop("select", None), extra.pop("extend-select", ()), extra.pop("ignore", ()))
    given |= {FILE_OPTIONS[name].field: value for name, value in extra.items()}
    if "target_version" not in given:
        given["target_version"] = _required_python(root) or DEFAULT["target_version"]
    if given.get("baseline"):
        given["baseline"] = os.path.abspath(given["baseline"])
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
        ("`fixable`", settings.fixable),
        ("`unfixable`", settings.unfixable),
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


def _no_projects() -> tuple[str, str]:
    """The home directory and the topmost one."""
    return os.path.expanduser("~"), os.path.abspath(os.sep)


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
            if _is_file(path) and (values := _read(path)) is not None:
                return path, values
    return "", {}


def _is_file(path: str) -> bool:
    """Whether there is something to read, even if it is a device or a pipe, which is told when it is read."""
    return os.path.exists(path) and not os.path.isdir(path)


def _project_root(start: str) -> str:
    for directory in _ancestors(start):
        if any(os.path.exists(os.path.join(directory, marker)) for marker in _ROOT_MARKERS):
            return directory
    return start


def _environment(root: str) -> str | None:
    """The environment that is active, or lies in `.venv` beside the configuration (PEP 405 tells it by its `pyvenv.cfg`)."""
    active = os.environ.get("VIRTUAL_ENV")
    if active and os.environ.get("PRE_COMMIT") and os.path.basename(active).startswith("py_env"):
        active = None  # the environment that pre-commit has made for the hook: it holds asynclint, and nothing that the project needs
    places = (active, os.path.join(root, ".venv"))
    return next((os.path.abspath(place) for place in places if place and os.path.isfile(os.path.join(place, "pyvenv.cfg"))), None)


def _check_inside(key: str, place: str, source: str, folders: Sequence[str]) -> None:
    """Raise ConfigError where a file says to write outside of these folders, or by way of a link that leads out of them."""
    if "\0" in place:
        raise ConfigError(f"{source}: `{key}`: a path holds no NUL")
    if not any(stays_within(place, folder) for folder in folders):
        raise ConfigError(f"{source}: `{key}`: `{place}` lies outside of {folders[0]}; name a place inside, or give --{key} on the command line")


def _split_config(config: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of `--config` as absolute paths of files and as `key = value` pairs."""
    files = [os.path.abspath(value) for value in config if os.path.isfile(value) or "=" not in value]
    pairs = [value for value in config if not os.path.isfile(value) and "=" in value]
    if len(files) > 1:
        raise ConfigError("--config: give at most one file")
    return files, pairs


def _read(path: str, *, required: bool = False) -> dict[str, Any] | None:
    """The table of asynclint in the file; None if a `pyproject.toml` has none and it is not `required`."""
    text = read_text(path)
    if os.path.basename(path) != "pyproject.toml":
        return parse(text, path)
    tool = parse(text, path).get("tool", {}) if "asynclint" in text else {}
    if not isinstance(tool, dict):
        raise ConfigError(f"{path}: `tool`: expected a table, got {described(tool)}")
    values = tool.get("asynclint")
    if values is None and required:
        raise ConfigError(f"{path}: has no table `[tool.asynclint]`")
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{path}: `tool.asynclint`: expected a table, got {described(values)}")
    return values


def read_text(path: str) -> str:
    """The text of a file. Raises ConfigError."""
    try:
        return reading.read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {reading.reason(error)}") from error


def parse(text: str, source: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises ConfigError with the `source`."""
    import tomli

    try:
        return tomli.loads(text)
    except ValueError as error:  # of a number with thousands of digits too
        raise ConfigError(f"{source}: not valid TOML: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise ConfigError(f"{source}: cannot be read: it is nested too deeply") from error


def _required_python(root: str) -> tuple[int, int] | None:
    """The oldest Python that the project at or above a folder says it runs on; where its own files do not say, those of the repository around it."""
    from asynclint.target_version import required

    places = list(_ancestors(_project_root(root)))
    end = next((n for n, place in enumerate(places) if os.path.exists(os.path.join(place, ".git"))), 0)
    return next((version for place in places[: end + 1] if (version := required(place)) is not None), None)


# ---------------------------------------------------------------------------------------------------------- values


def _converted(values: Mapping[str, Any], source: str, directory: str) -> dict[str, Any]:
    """The values of a file as fields of `Settings`; paths of plugins are relative to `directory`."""
    fields = {}
    for key, value in values.items():
        option = FILE_OPTIONS.get(key)
        if option is None:
            heading = key == "tool" and isinstance(value, dict) and "asynclint" in value
            remedy = "; the keys stand here without the heading `[tool.asynclint]`" if heading else did_you_mean(key, FILE_OPTIONS)
            raise ConfigError(f"{source}: unknown key `{key}`{remedy}")
        fields[option.field] = convert(option, value, f"{source}: `{key}`")
    for name in ("baseline", "python"):
        if fields.get(name):
            fields[name] = os.path.join(directory, fields[name])
    if "plugins" in fields:
        fields["plugins"] = tuple(os.path.join(directory, plugin) if plugin.endswith(".py") else plugin for plugin in fields["plugins"])
    if "catalog" in fields:
        if "" in fields["catalog"] and not os.path.isabs(source):
            raise ConfigError(f"{source}: `catalog` is a list of files here; entries stand in a file")
        fields["catalog"] = tuple(os.path.join(directory, file) if file else source for file in fields["catalog"])
    for name in ("baseline", "python", "cache_dir"):
        if "\0" in (fields.get(name) or ""):
            raise ConfigError(f"{source}: `{name.replace('_', '-')}`: no path has a NUL character in it")
    return fields
