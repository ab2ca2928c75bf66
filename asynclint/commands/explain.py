"""`asynclint explain`: what asynclint knows of the calls of a line."""

from __future__ import annotations

import os
import sys

import click

from asynclint import runner
from asynclint.config import load
from asynclint.explain import explain as explained
from asynclint.options import ConfigError
from asynclint.output import CLEAN, write


@click.command()
@click.argument("place", metavar="PATH:LINE")
@click.argument("paths", nargs=-1)
def command(place: str, paths: tuple[str, ...]) -> int:
    """Tell why the calls of a line are, or are not, findings.

    PATHS are the files and directories of the program, "." by default.
    """
    path, _, line = place.rpartition(":")
    if not path or not line.isdigit():
        raise ConfigError(f"expected PATH:LINE, such as app.py:16, got `{place}`")
    paths = paths or (".",)
    program, sources, problems = runner.link(runner.Request(paths, load(paths)))
    wanted = os.path.realpath(path)
    module = next((n for n, each in enumerate(program.paths) if os.path.realpath(each) == wanted), None)
    for problem in problems:
        if os.path.realpath(problem.path) == wanted:
            raise ConfigError(f"{problem.path}:{problem.line}: {problem.message}")
    if module is None and not os.path.exists(path):
        raise ConfigError(f"`{path}`: no such file")
    if module is None:
        raise ConfigError(f"`{path}` is not among the files of {', '.join(paths)}")
    found = explained(program, sources, module, int(line))
    write(sys.stdout, "".join(f"{each}\n" for each in found) or f"{place}: no call begins on this line\n")
    return CLEAN
