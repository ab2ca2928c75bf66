"""The commands and their options, as click parses them and explains them in `--help`. Each is a module here with a click command `command`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

import click

from asynclint import __version__
from asynclint.options import ConfigError
from asynclint.output import CLEAN, cut_off

IMPLIED = "asynclint.implied"  # in the meta of a context: no command was named
_OUTPUT_ENDS = (errno.ENOSPC, errno.EPIPE)


def run(arguments: Sequence[str]) -> int:
    """Parse a command line and do what it says; the exit code. Raises ConfigError, KeyboardInterrupt, and what the command raises."""
    try:
        result = commands.main(list(arguments), prog_name="asynclint", standalone_mode=False)
        return result if isinstance(result, int) else CLEAN
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise ConfigError(error.format_message()) from error
    except OSError as error:
        if error.errno not in _OUTPUT_ENDS or error.filename is not None:
            raise
        cut_off(sys.stdout, error)  # click has written it
        return CLEAN


class _Commands(click.Group):
    """`asynclint PATHS` means `asynclint check PATHS`. A command is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found = cast(click.Command, import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command)
        found.name = cmd_name
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.list_commands(ctx), *ctx.help_option_names, "--version"):
            if args and not args[0].startswith("-"):
                self._suggest(ctx, args[0])
            args = ["check", *args]
            ctx.meta[IMPLIED] = True
        return super().parse_args(ctx, args)

    def _suggest(self, ctx: click.Context, first: str) -> None:
        """Raise UsageError for a word that is no path and looks like the name of a command."""
        if os.path.exists(first):
            return
        from difflib import get_close_matches

        near = get_close_matches(first, self.list_commands(ctx), 1, 0.7)
        if near:
            raise click.UsageError(f"`{first}` is neither a command nor a path; did you mean `asynclint {near[0]}`?")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        check = self.get_command(ctx, "check")
        if check is not None:
            check.format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """All commands, each with the whole first sentence of its help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands (`asynclint COMMAND --help` tells more)"):
            formatter.write_dl([(name, (command.help or "").partition("\n\n")[0]) for name, command in found if command is not None])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, options_metavar="[check] [OPTIONS]", subcommand_metavar="[PATHS]..."
)
@click.version_option(__version__, prog_name="asynclint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find the code that stalls an event loop, see the chain of calls that proves it, and rewrite it.

    PATHS are files and directories, "." by default; "-" reads standard input.
    """
