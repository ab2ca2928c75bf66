"""`asynclint check`: what the options of the table say to the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from asynclint.check import check
from asynclint.options import OPTIONS, Kind, Option

_BARE = {flag: option.bare for option in OPTIONS for flag in option.flags if option.bare is not None}


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
        return {"type": click.Choice(option.choices), "default": None if option.in_file else option.default, "show_default": not option.in_file}
    if option.bare is not None:
        return {"is_flag": False, "flag_value": option.bare, "metavar": f"[={option.metavar}]", "default": None}
    kind = click.IntRange(min=0) if option.kind is Kind.NUMBER else click.STRING
    return {"type": kind, "metavar": option.metavar, "multiple": option.kind in (Kind.LIST, Kind.TABLE), "default": None}


class _Check(click.Command):
    """A value of a flag that may stand bare follows `=`: `--add-ignore src` is about the path `src`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [f"{each}={_BARE[each]}" if each in _BARE and n < end else each for n, each in enumerate(args)])


@click.command(cls=_Check)
@click.argument("paths", nargs=-1)
@_flags
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories. This is the command when none is named."""
    return check(paths, given)
