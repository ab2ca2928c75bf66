"""`asynclint schema`: what a configuration file may say, for editors and other tools."""

from __future__ import annotations

import json
import sys

import click

from asynclint import schema
from asynclint.config import read_text
from asynclint.output import CLEAN, write


@click.command()
@click.option("--pyproject", is_flag=True, help="Print that of a whole pyproject.toml, which leaves all other tables as they are.")
def command(pyproject: bool) -> int:
    """Print the JSON schema (draft 7) of the configuration, for editors and other tools that check TOML.

    It is that of an asynclint.toml, and of the table [tool.asynclint] of a pyproject.toml.
    """
    text = read_text(schema.PATH)
    write(sys.stdout, schema.text(schema.of_pyproject(json.loads(text))) if pyproject else text)
    return CLEAN
