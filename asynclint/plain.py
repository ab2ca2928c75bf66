"""Command lines of paths and well-known options, read without click: loading click takes as long as checking a file.

Whatever is not plain, help and mistakes included, is left to click; what both understand, they understand alike (a test compares them).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

from asynclint.options import OPTIONS, Kind, Option

_FLAGS = {flag: option for option in OPTIONS for flag in option.flags if "/" not in flag}
_DEFAULTS: dict[str, Any] = {
    option.field: () if option.kind in (Kind.LIST, Kind.TABLE) else None if option.in_file else option.default for option in OPTIONS if option.flags
}


def parse(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """The paths, and every option of the command line by its `field`, of the command `check`; None where click is to decide."""
    command = arguments[0] if arguments else ""
    if command != "check" and (
        command in _commands() or (command.replace("-", "").isalpha() and not command.startswith("-") and not os.path.exists(command))
    ):
        return None
    given = dict(_DEFAULTS)
    paths = []
    rest = iter(arguments[1:] if command == "check" else arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            paths.append(argument)
            continue
        flag, sign, value = argument.partition("=")
        option = _FLAGS.get(flag)
        if option is None or (sign and not flag.startswith("--")):
            return None
        if option.kind is Kind.FLAG:
            if sign:
                return None
            given[option.field] = True
            continue
        if not sign and option.bare is not None:
            value = option.bare
        elif not sign:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
        if not _take(option, value, given):
            return None
    return tuple(paths), given


def _commands() -> Collection[str]:
    """The names of the commands: the modules beside click's group, which is not to be loaded."""
    folder = os.path.join(os.path.dirname(__file__), "commands")
    return {name[:-3].replace("_", "-") for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_")}


def _take(option: Option, value: str, given: dict[str, Any]) -> bool:
    """Note the value of an option; False where it is none that needs no second look."""
    if option.choices and value not in option.choices:
        return False
    if option.kind is Kind.NUMBER:
        if not (value.isascii() and value.isdigit()):
            return False
        given[option.field] = int(value)
    elif option.kind in (Kind.LIST, Kind.TABLE):
        given[option.field] += (value,)
    else:
        given[option.field] = value
    return True
