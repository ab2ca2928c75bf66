"""`asynclint summarize`: what the public callables of distributions do, derived from their source."""

from __future__ import annotations

import gc
import json
import os
import sys

import click

from asynclint import installed
from asynclint.derive import find, summarize
from asynclint.knowledge import folder
from asynclint.options import ConfigError
from asynclint.output import CLEAN, write
from asynclint.program.catalog import Catalog, CatalogError
from asynclint.program.environment import Environment
from asynclint.program.summaries import SummaryError, written


@click.command()
@click.argument("distributions", nargs=-1, required=True, metavar="DISTRIBUTION...")
@click.option("--python", metavar="PATH", help="Interpreter or environment where they, and what they import, are installed; else VIRTUAL_ENV.")
@click.option("--output", metavar="DIR", help="Write a file for each that has something to tell into this folder, instead of printing.")
def command(distributions: tuple[str, ...], python: str | None, output: str | None) -> int:
    """Derive what the public callables of distributions do: what blocks, by which chain, what they give, what they run in a thread.

    DISTRIBUTION is the name of one that is installed, or the folder of an unpacked wheel or sdist. Nothing of it is imported or run.
    """
    environment = python or os.environ.get("VIRTUAL_ENV", "")
    folders = installed.site_packages(environment) if environment else []
    if python and not folders:
        raise ConfigError(f"--python: `{python}` has no packages; name an interpreter or the folder of an environment")
    gc.disable()
    for name in distributions:
        distribution = find(name, folders)
        try:
            catalog = Catalog.load(folder(), summaries=False)
            summary = summarize(distribution, catalog, Environment(folders))
        except CatalogError as error:
            raise ConfigError(str(error)) from error
        gc.collect()
        if output is None:
            write(sys.stdout, json.dumps(summary, indent=2) + "\n")
        else:
            try:
                path = written(summary, distribution.roots, output)
            except (SummaryError, OSError) as error:
                raise ConfigError(f"--output: {error}") from error
            write(sys.stdout, f"{distribution.name} {distribution.version}: {path or 'nothing to tell'}\n")
    return CLEAN
