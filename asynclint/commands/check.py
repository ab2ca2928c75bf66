"""`asynclint check`: what the options of the table say to the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from asynclint import registry
from asynclint.check import check
from asynclint.commands import IMPLIED
from asynclint.config import load
from asynclint.options import GROUPS, OPTIONS, ConfigError, Kind, Option

_BARE = {flag: option.bare for option in OPTIONS for flag in option.flags if option.bare is not None}


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the table. One that is not given is None, so that the configuration file decides."""
    for option in reversed(OPTIONS):
        if option.flags:
            command = click.option(*option.flags, option.field, help=option.help.replace("`", ""), **_click_arguments(option))(command)
    return command


def _click_arguments(option: Option) -> dict[str, Any]:
    return {**_value(option), "shell_complete": _COMPLETIONS.get(option.metavar)}


def _value(option: Option) -> dict[str, Any]:
    if option.kind is Kind.FLAG:
        return {"is_flag": True, "default": None if option.in_file else option.default}
    if option.choices:
        return {"type": click.Choice(option.choices), "default": None if option.in_file else option.default, "show_default": not option.in_file}
    if option.bare is not None:
        return {"is_flag": False, "flag_value": option.bare, "metavar": f"[={option.metavar}]", "default": None}
    kind = click.IntRange(min=0) if option.kind is Kind.NUMBER else click.STRING
    return {"type": kind, "metavar": option.metavar, "multiple": option.kind in (Kind.LIST, Kind.TABLE), "default": None}


def complete_rules(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes and names of rules that begin like the last part of a list."""
    before, comma, last = incomplete.rpartition(",")
    try:
        rules = registry.load(load(()))
    except ConfigError:
        return []  # a shell has no place to say so
    words = [(word, rule.summary) for rule in rules for word in (rule.code, rule.name)]
    return [CompletionItem(f"{before}{comma}{word}", help=summary) for word, summary in words if word.startswith(last)]


def _complete_file(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


def _complete_folder(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _complete_paths(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, and the other commands where none has been named, for then this one is not meant yet."""
    found = [CompletionItem(incomplete, type="file")]
    parent = ctx.parent
    if parent is not None and isinstance(parent.command, click.Group) and IMPLIED in ctx.meta and not ctx.params.get("paths"):
        found += [CompletionItem(name) for name in parent.command.list_commands(parent) if name.startswith(incomplete)]
    return found


_COMPLETIONS = {"RULES": complete_rules, "FILE": _complete_file, "FILE|PAIR": _complete_file, "PATH": _complete_file, "DIR": _complete_folder}


class _Check(click.Command):
    """A value of a flag that may stand bare follows `=`: `--add-ignore src` is about the path `src`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [f"{each}={_BARE[each]}" if each in _BARE and n < end else each for n, each in enumerate(args)])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The flags in groups, then those that are no options of the table."""
        params = (*self.get_params(ctx), *ctx.command.get_params(ctx))  # the group shows these flags too, beside its own
        records = {param.name: param.get_help_record(ctx) for param in params if isinstance(param, click.Option)}
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([record for name in names if (record := records.pop(name.replace("-", "_"))) is not None])
        with formatter.section("Other"):
            formatter.write_dl([record for record in records.values() if record is not None])


@click.command(cls=_Check)
@click.argument("paths", nargs=-1, shell_complete=_complete_paths)
@_flags
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories. This is the command when none is named."""
    return check(paths, given)
