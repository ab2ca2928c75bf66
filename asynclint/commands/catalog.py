"""`asynclint catalog`: what is known of a callable, from which source, and why."""

from __future__ import annotations

import sys

import click

from asynclint import knowledge, lookup, runner
from asynclint.config import Settings, load
from asynclint.options import ConfigError
from asynclint.output import CLEAN, write


@click.command()
@click.argument("name", required=False)
@click.argument("paths", nargs=-1)
def command(name: str | None, paths: tuple[str, ...]) -> int:
    """Tell what is known of a callable, or count what is known.

    NAME is a dotted path, of a library or of the project, or what such paths begin with: the name of a library lists all that is known of it.
    PATHS are the files and directories of the program, "." by default; they are read only if no catalog knows the name.
    """
    settings = load(paths)
    every = lookup.statements(settings)
    lines = list(lookup.counts(every)) if name is None else _known(name, every, settings, paths)
    write(sys.stdout, "".join(f"{line}\n" for line in lines))
    return CLEAN


def _known(name: str, every: list[lookup.Statement], settings: Settings, paths: tuple[str, ...]) -> list[str]:
    catalog = knowledge.catalog(settings)
    catalog.extend([name.partition(".")[0]])
    found = lookup.of_path(every, catalog, name) or lookup.below(every, name)
    if not found:
        program, *_ = runner.link(runner.Request(paths or (".",), settings))
        found = lookup.of_program(program, every, name)
    if not found:
        near = lookup.near(every, name)
        hint = f"; did you mean {' or '.join(f'`{path}`' for path in near)}?" if near else ""
        raise ConfigError(f"nothing is known of `{name}`{hint}")
    return found
