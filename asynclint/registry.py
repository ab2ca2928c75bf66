"""Loads rules: the built-in ones and plugins, all through the entry point group `asynclint.rules`, and checks that they are whole."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from asynclint.installed import entry_points, module_names
from asynclint.options import ConfigError
from asynclint.walk.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from asynclint.config import Settings

GROUP = "asynclint.rules"
HEADINGS = ("## Why is this bad?", "## Example", "## Use instead", "## Fix safety")
CODE = re.compile(r"[A-Z]{3}\d{3}")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def load(settings: Settings) -> tuple[Rule, ...]:
    """All rules, in order of code: those of installed distributions and of the configuration's `plugins`.

    Raises ConfigError, with file and line, for a plugin that does not import, a rule that is not whole, and two rules of one code or name.
    """
    rules: dict[str, Rule] = {}
    names: dict[str, Rule] = {}
    for rule in (*_installed(), *(rule for plugin in settings.plugins for rule in rules_of_plugin(plugin))):
        other = rules.get(rule.code) or names.get(rule.name)
        if other is not None:
            raise ConfigError(
                f"{place(type(rule))}: rule {rule.code} ({rule.name}) has the code or name of {other.code} ({other.name}) in {place(type(other))}"
            )
        rules[rule.code] = names[rule.name] = rule
    return tuple(rules[code] for code in sorted(rules))


@cache
def _installed() -> tuple[Rule, ...]:
    found: list[Rule] = []
    for name, module in entry_points(GROUP):
        found += _from_module(module, f"entry point `{name} = {module}`")
    if not found:
        raise ConfigError("asynclint is not installed as a distribution, so it has no rules; install it with pip")
    return tuple(found)


def rules_of_plugin(plugin: str) -> list[Rule]:
    """The rules of a `.py` file or an importable module. Raises ConfigError."""
    found = _from_plugin(plugin)
    if not found:
        raise ConfigError(f"plugin `{plugin}` defines no rule: no class in it is a subclass of `asynclint.api.Rule`")
    return found


def _from_plugin(plugin: str) -> list[Rule]:
    if not plugin.endswith(".py"):
        return _from_module(plugin, f"plugin `{plugin}`")
    if not os.path.isfile(plugin):
        raise ConfigError(f"plugin `{plugin}`: no such file")
    name = "asynclint_plugin_" + re.sub(r"\W", "_", plugin)
    spec = importlib.util.spec_from_file_location(name, plugin)
    if spec is None or spec.loader is None:
        raise ConfigError(f"plugin `{plugin}`: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _run(lambda: spec.loader.exec_module(module), f"plugin `{plugin}`")
    return _rules_of(module)


def _from_module(name: str, origin: str) -> list[Rule]:
    module = _run(lambda: importlib.import_module(name), origin)
    found = _rules_of(module)
    for below in module_names(getattr(module, "__path__", ())):
        full = f"{name}.{below}"
        found += _rules_of(_run(lambda full=full: importlib.import_module(full), f"{origin}, module `{full}`"))
    return found


def _run(action: Any, origin: str) -> Any:
    try:
        return action()
    except Exception as error:
        import traceback

        places = [f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__) if not _is_machinery(each.filename)]
        if isinstance(error, SyntaxError) and error.filename:
            places.append(f"{error.filename}:{error.lineno}")
        where = "".join(f"{place}: " for place in places[-1:])
        raise ConfigError(f"{origin} does not load: {where}{type(error).__name__}: {error}") from error


def _is_machinery(filename: str) -> bool:
    """Whether a frame of a traceback is one of importing itself, not of the code that is imported."""
    return filename.startswith("<frozen importlib") or filename in (__file__, importlib.__file__)


def _rules_of(module: ModuleType) -> list[Rule]:
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Rule)]
    own = [cls for cls in classes if cls.__module__ == module.__name__ and not getattr(cls, "__abstractmethods__", ())]
    return [_checked(cls) for cls in own]


def _checked(cls: type[Rule]) -> Rule:
    """An instance of a rule's class. Raises ConfigError where the class is not whole."""
    for problem in _problems(cls):
        raise ConfigError(f"{place(cls)}: rule `{cls.__name__}` {problem}")
    return cls()


def _problems(cls: type[Rule]) -> Iterator[str]:
    if not CODE.fullmatch(getattr(cls, "code", "")):
        yield "needs a `code` of three letters and three digits"
    if not NAME.fullmatch(getattr(cls, "name", "")):
        yield "needs a `name` in kebab-case"
    doc = next((base.__doc__ for base in cls.__mro__ if base.__doc__), "")
    for heading in HEADINGS:
        if heading not in doc and sys.flags.optimize < 2:  # then there are no docstrings
            yield f"needs the heading `{heading}` in its docstring"
    for name in dir(cls):
        if name.startswith(("visit_", "leave_")) and name[6:] not in _node_names():
            yield f"has `{name}`, but libcst has no node `{name[6:]}`"


@cache
def _node_names() -> frozenset[str]:
    """The names of libcst's node types, read from its source: importing libcst takes longer than linting a file."""
    spec = importlib.util.find_spec("libcst")
    if spec is None or spec.origin is None:
        raise ConfigError("libcst is not installed; install asynclint with pip")
    with open(spec.origin, encoding="utf-8") as file:
        return frozenset(re.findall(r'^    "([A-Z]\w+)",$', file.read(), re.MULTILINE))


def place(cls: type[Rule]) -> str:
    """Where a rule is defined: file and line."""
    import inspect

    try:
        return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return cls.__module__
