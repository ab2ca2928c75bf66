"""`asynclint check`: what the options of the table say to the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from asynclint.check import check
from asynclint.options import OPTIONS, Kind, Option


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the table. One that is not given is None, so that the configuration file decides."""
    for option in reversed(OPTIONS):
        if option.flags:
            command = click.option(*option.flags, option.field, help=option.help.replace("`", ""), **_click_arguments(option))(command)
    return command


def _click_arguments(option: Option) -> dict[str, Any]:
    if option.kind is Kind.FLAG:
        return {"is_flag": True, "default": None if option.in_file else option.default}
    if option.choices:
        return {"type": click.Choice(option.choices), "default": None if option.in_file else option.default, "show_default": True}
    kind = click.IntRange(min=0) if option.kind is Kind.NUMBER else click.STRING
    return {"type": kind, "metavar": option.metavar, "multiple": option.kind in (Kind.LIST, Kind.TABLE), "default": None}


@click.command()
@click.argument("paths", nargs=-1)
@_flags
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories. This is the command when none is named."""
    return check(paths, given)
