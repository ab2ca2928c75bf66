"""The commands and their options, as click parses them and explains them in `--help`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from asynclint import __version__
from asynclint import check as checking
from asynclint.check import CLEAN, write
from asynclint.config import OPTIONS, ConfigError, Kind, Option, did_you_mean, load


def run(arguments: Sequence[str]) -> int:
    """Parse a command line and do what it says; the exit code. Raises ConfigError, KeyboardInterrupt, and what the command raises."""
    try:
        result = commands.main(list(arguments), prog_name="asynclint", standalone_mode=False)
        return result if isinstance(result, int) else CLEAN
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise ConfigError(error.format_message()) from error


class _Commands(click.Group):
    """`asynclint PATHS` means `asynclint check PATHS`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names, "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        check.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, options_metavar="[check] [OPTIONS]", subcommand_metavar="[PATHS]..."
)
@click.version_option(__version__, prog_name="asynclint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find the code that stalls an event loop, see the chain of calls that proves it, and rewrite it.

    PATHS are files and directories, "." by default; "-" reads standard input.
    """


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
        return {"type": click.Choice(option.choices), "default": option.default, "show_default": True}
    kind = click.IntRange(min=0) if option.kind is Kind.NUMBER else click.STRING
    return {"type": kind, "metavar": option.metavar, "multiple": option.kind in (Kind.LIST, Kind.TABLE), "default": None}


@commands.command()
@click.argument("paths", nargs=-1)
@_flags
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories. This is the command when none is named."""
    return checking.check(paths, given)


@commands.command()
@click.argument("rule", required=False)
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
def rule(rule: str | None, every: bool) -> int:
    """Print the page of a rule, or list the rules.

    RULE is a code or a name; without it the rules are listed.
    """
    from asynclint import registry

    rules = sorted(registry.load(load(())), key=lambda each: each.code)
    if rule is None and not every:
        width = max((len(each.name) for each in rules), default=0)
        write(sys.stdout, "".join(f"{each.code}  {each.name:{width}}  {_first_line(each.doc)}\n" for each in rules))
        return CLEAN
    chosen = rules if every else [each for each in rules if rule in (each.code, each.name)]
    if not chosen:
        raise ConfigError(f"unknown rule `{rule}`{did_you_mean(rule or '', [part for each in rules for part in (each.code, each.name)])}")
    _print_markdown("\n".join(f"# {each.name} ({each.code})\n\n{each.doc.strip()}\n" for each in chosen))
    return CLEAN


@commands.command()
@click.argument("place", metavar="PATH:LINE")
@click.argument("paths", nargs=-1)
def explain(place: str, paths: tuple[str, ...]) -> int:
    """Tell why the calls of a line are, or are not, findings.

    PATHS are the files and directories of the program, "." by default.
    """
    path, _, line = place.rpartition(":")
    if not path or not line.isdigit():
        raise ConfigError(f"expected PATH:LINE, got `{place}`")
    import os

    from asynclint import runner
    from asynclint.explain import explain as explained

    paths = paths or (".",)
    program, sources, problems = runner.link(runner.Request(paths, load(paths)))
    wanted = os.path.realpath(path)
    module = next((n for n, each in enumerate(program.paths) if os.path.realpath(each) == wanted), None)
    for problem in problems:
        if os.path.realpath(problem.path) == wanted:
            raise ConfigError(f"{problem.path}:{problem.line}: {problem.message}")
    if module is None:
        raise ConfigError(f"`{path}` is not among the files of {', '.join(paths)}")
    found = explained(program, sources, module, int(line))
    write(sys.stdout, "".join(f"{each}\n" for each in found) or f"{place}: no call begins on this line\n")
    return CLEAN


def _print_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        write(sys.stdout, text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]
