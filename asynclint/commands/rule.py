"""`asynclint rule`: the documentation of the rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from asynclint import registry
from asynclint.commands.check import complete_rules
from asynclint.config import did_you_mean, load
from asynclint.options import ConfigError
from asynclint.output import CLEAN, width, write
from asynclint.report.layout import wrapped
from asynclint.walk.rule import Rule


@click.command()
@click.argument("rule", required=False, shell_complete=complete_rules)
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
def command(rule: str | None, every: bool) -> int:
    """Print the page of a rule, or list the rules.

    RULE is a code or a name; without it the rules are listed.
    """
    rules = sorted(registry.load(load(())), key=lambda each: each.code)
    if rule is None and not every:
        write(sys.stdout, "".join(f"{line}\n" for line in _listed(rules, width(sys.stdout))))
        return CLEAN
    chosen = rules if every else [each for each in rules if rule in (each.code, each.name)]
    if not chosen:
        raise ConfigError(f"unknown rule `{rule}`{did_you_mean(rule or '', [part for each in rules for part in (each.code, each.name)])}")
    _print_markdown("\n".join(f"# {each.name} ({each.code})\n\n{each.doc.strip()}\n" for each in chosen))
    return CLEAN


def _listed(rules: Sequence[Rule], columns: int) -> Iterator[str]:
    """A line for each rule; in a terminal of so many `columns` as many as it takes, one below the other."""
    names = max((len(each.name) for each in rules), default=0)
    indent = len("ASL101") + names + 4
    for each in rules:
        first, *more = wrapped(_first_line(each.doc), columns - indent, columns - indent)
        yield f"{each.code}  {each.name:{names}}  {first}"
        yield from (" " * indent + line for line in more)


def _print_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        write(sys.stdout, text)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    # The terminal's own colours on its own background, which may be dark or light.
    console = Console(theme=Theme({"markdown.code": "bold cyan", "markdown.code_block": "cyan"}))
    console.print(Markdown(text, code_theme="ansi_light"))


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]
