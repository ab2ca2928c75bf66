"""`asynclint explain`: what asynclint knows of the calls of a line."""

from __future__ import annotations

import os
import re
import sys

import click

from asynclint import pool, runner
from asynclint.config import Settings, load
from asynclint.explain import explain as explained
from asynclint.options import ConfigError
from asynclint.output import CLEAN, write
from asynclint.report import escape
from asynclint.source.notebook import Notebook


@click.command()
@click.argument("place", metavar="PATH:LINE")
@click.argument("paths", nargs=-1)
def command(place: str, paths: tuple[str, ...]) -> int:
    """Tell why the calls of a line are, or are not, findings.

    PATHS are the files and directories of the program, "." by default.
    """
    match = re.fullmatch(r"(.+?)(?::cell (\d{1,9}))?:(\d{1,9})", place)
    if match is None:
        raise ConfigError(f"expected PATH:LINE, such as app.py:16, got `{place}`")
    path, cell, line = match[1], match[2], int(match[3])
    paths = paths or (".",)
    settings = load(paths)
    found = pool.apart(lambda: _explained(path, cell, line, paths, settings))
    write(sys.stdout, "".join(f"{escape(each)}\n" for each in found or [f"{place}: no call begins on this line"]))
    return CLEAN


def _explained(path: str, cell: str | None, line: int, paths: tuple[str, ...], settings: Settings) -> list[str]:
    program, sources, problems = runner.link(runner.Request(paths, settings))
    wanted = os.path.realpath(path)
    module = next((n for n, each in enumerate(program.paths) if os.path.realpath(each) == wanted), None)
    for problem in problems:
        if os.path.realpath(problem.path) == wanted:
            raise ConfigError(f"{problem.path}:{problem.line}: {problem.message}")
    if module is None and not os.path.exists(path):
        raise ConfigError(f"`{path}`: no such file")
    if module is None:
        raise ConfigError(f"`{path}` is not among the files of {', '.join(paths)}")
    source = sources.get(module)
    if isinstance(source, Notebook):
        if cell is None:
            raise ConfigError(f"`{path}` is a notebook: name a cell and a line of it, such as `{path}:cell 3:1`")
        line = source.line_of(int(cell), line)
    return explained(program, sources, module, line)
