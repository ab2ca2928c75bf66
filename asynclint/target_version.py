"""The oldest Python that a project says it runs on, in any of the places where projects say so. Nothing of the project is run."""

from __future__ import annotations

import ast
import os
import re
from typing import TYPE_CHECKING, Any

from asynclint.options import ConfigError
from asynclint.reading import read_text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Version = tuple[int, int]

_LIMIT = 512 * 1024  # bytes of a file that tells of a project; more is machine-made, and costs every run
_CLASSIFIER = re.compile(r"^[^#\n]*Programming Language :: Python :: 3\.(\d{1,3})(?![\d.])", re.MULTILINE)
_CLAUSE = re.compile(r"(===|==|~=|!=|>=|<=|>|<|\^|~)?\s*v?(\d{1,4})(?:\.(\d{1,3}))?([.\w*+-]*)")
_LOWER = frozenset({"", ">=", ">", "~=", "==", "===", "^", "~"})  # the signs of clauses that say how old it may be
_PINNED = re.compile(r"(?<![\d.])3\.(\d{1,3})")
_REQUIRES = re.compile(r"^[ \t]*[\"']?requires-python[\"']?[ \t]*=[ \t]*([\"'])(.*?)\1", re.MULTILINE)
_KEYS = ("python_requires", "python-requires", "requires-python", "requires_python")  # setuptools, pbr, flit and their like


def required(folder: str) -> Version | None:
    """The oldest Python 3 that the project in a folder asks for; None where it does not say.

    What a tool enforces comes before what is only told: `requires-python`, Poetry's `python`, `python_requires` of
    `setup.cfg` and of `setup.py`, then the oldest classifier, then the Python that `.python-version` pins.
    """
    texts = _Texts(folder)
    for name, say in _SAYING:
        text = texts[name]
        specifier = say(text) if text else None
        version = oldest(specifier) if specifier is not None else None
        if version is not None:
            return version
    named = [int(minor) for name, _ in _SAYING for minor in _CLASSIFIER.findall(texts[name])]
    pinned = [int(minor) for line in texts[".python-version"].splitlines() for minor in _PINNED.findall(line.partition("#")[0])]
    return (3, min(named or pinned)) if named or pinned else None


def oldest(specifier: str) -> Version | None:
    """The oldest Python 3 that a version specifier allows, one of PEP 440 or of Poetry (`^3.8`, `~2.7 || ^3.6`); None
    where it has no lower bound.
    """
    bounds = [bound for part in re.split(r"\|\|?", specifier) if (bound := _lower_bound(part)) is not None]
    return min(bounds, default=None)


def _lower_bound(specifier: str) -> Version | None:
    """The oldest Python 3 that all clauses allow."""
    clauses = [(sign, int(major), int(minor or 0), minor != "", rest) for sign, major, minor, rest in _CLAUSE.findall(specifier)]
    lowest = [(major, minor) for sign, major, minor, _, _ in clauses if sign in _LOWER]
    if not lowest or max(lowest) >= (4, 0):
        return None
    if max(lowest) < (3, 0) and any(sign in ("==", "===", "~=", "^", "~", "") for sign, *_ in clauses):
        return None  # of Python 2 only
    bound = max((3, 0), *lowest)
    excluded = {(major, minor) for sign, major, minor, is_given, rest in clauses if sign == "!=" and is_given and rest in ("", ".*")}
    while bound in excluded:
        bound = (3, bound[1] + 1)
    return bound if bound > (3, 0) else None  # `>=3` is not said of a Python that anybody still uses


class _Texts(dict[str, str]):
    """The files of a folder, each read once and when first asked for; "" where there is none, or the user may not read it.

    Raises ConfigError where it is no regular file, or too large.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> str:
        path = os.path.join(self._folder, name)
        try:
            text = read_text(path, _LIMIT, errors="replace")
        except OSError as error:
            if not isinstance(error, (FileNotFoundError, PermissionError)) and not os.path.isdir(path):
                raise ConfigError(f"{path}: `requires-python` cannot be read: {reason(error)}") from error
            text = ""
        self[name] = text
        return text


# -- pyproject.toml


def _of_pyproject(text: str) -> str | None:
    """`requires-python`, found by pattern: parsing all of a large TOML file would cost every run."""
    found = _REQUIRES.search(text)
    return found[2] if found else None


def _of_poetry(text: str) -> str | None:
    if "poetry" not in text or "python" not in text:
        return None
    import tomli

    try:
        value: Any = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError):
        return None
    for key in ("tool", "poetry", "dependencies", "python"):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = value.get("version")
    return value if isinstance(value, str) else None


# -- setup.cfg


def _of_setup_cfg(text: str) -> str | None:
    if not any(key in text for key in _KEYS):
        return None
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    values = (parser.get(section, key, fallback=None) for section in ("options", "metadata") for key in _KEYS)
    return next((value for value in values if value), None)


# -- setup.py


def _of_setup_py(text: str) -> str | None:
    """The literal `python_requires` of a call of `setup`, or of the dictionary that it is given."""
    if "python_requires" not in text:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = _assigned(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _last_name(node.func) == "setup"):
        for value in _given(call, names):
            text_of = _text(value, names)
            if text_of is not None:
                return text_of
    return None


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """What names of a module stand for that are assigned to once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.setdefault(node.target.id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _given(call: ast.Call, names: Mapping[str, ast.expr]) -> Iterator[ast.expr]:
    """The values that a call passes as `python_requires`, also by `**options`."""
    for keyword in call.keywords:
        if keyword.arg == "python_requires":
            yield keyword.value
        elif keyword.arg is None:
            options = names.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
            if isinstance(options, ast.Dict):
                pairs = zip(options.keys, options.values, strict=True)
                yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "python_requires")
            elif isinstance(options, ast.Call) and _last_name(options.func) == "dict":
                yield from (each.value for each in options.keywords if each.arg == "python_requires")


def _text(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 8) -> str | None:
    """The text that an expression of literals and names is; None where it is more than that."""
    if isinstance(node, ast.Constant):
        return str(node.value) if isinstance(node.value, str | int | float) else None
    if not depth:
        return None
    if isinstance(node, ast.Name):
        return _text(names[node.id], names, depth - 1) if node.id in names else None
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    elif isinstance(node, ast.JoinedStr):
        parts = node.values
    elif isinstance(node, ast.FormattedValue):
        parts = [node.value]
    texts = [_text(part, names, depth - 1) for part in parts]
    return "".join(filter(None, texts)) if texts and None not in texts else None


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


_SAYING: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("pyproject.toml", _of_pyproject),
    ("pyproject.toml", _of_poetry),
    ("setup.cfg", _of_setup_cfg),
    ("setup.py", _of_setup_py),
)
