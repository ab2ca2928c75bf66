"""`asynclint completion`: what a shell needs to complete command lines of asynclint."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from asynclint.output import CLEAN, write

_HOW = {
    "bash": 'eval "$(asynclint completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(asynclint completion zsh)"    # in ~/.zshrc, below compinit',
    "fish": "asynclint completion fish | source    # in ~/.config/fish/config.fish",
}


@click.command(epilog="\n\n".join(("Have your shell run it when it starts:", *_HOW.values())))
@click.argument("shell", type=click.Choice(sorted(_HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that makes a shell complete commands, options, rules and paths."""
    made = get_completion_class(shell)
    assert made is not None
    write(sys.stdout, made(ctx.find_root().command, {}, "asynclint", "_ASYNCLINT_COMPLETE").source() + "\n")
    return CLEAN
