"""`asynclint init`: a configuration to begin with."""

from __future__ import annotations

import os
import sys

import click

from asynclint import __version__
from asynclint.config import parse
from asynclint.fix import writer
from asynclint.options import FILE_OPTIONS, ConfigError, Kind, Option
from asynclint.output import CLEAN, write, write_file
from asynclint.reading import CONFIGURATION_LIMIT, read_regular, reason
from asynclint.writing import leads_out, repository

_TABLE = "[tool.asynclint]"
_PLACES = {"asynclint.toml": "", ".asynclint.toml": "", "pyproject.toml": _TABLE}
_SHORT = 100  # columns above which a list is written one item a line
_HOOK = """\
repos:
  - repo: https://example.org/asynclint  # the address of asynclint's repository
    rev: v{version}
    hooks:
      - id: asynclint  # or asynclint-fix, which applies the safe fixes
"""


@click.command()
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
def command(folder: str) -> int:
    """Write a configuration with every key and its default as a comment, and print the hook for pre-commit.

    It goes to the end of FOLDER's pyproject.toml, or else to asynclint.toml. What is there is never changed.
    """
    for name, table in _PLACES.items():
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(path) and (not table or _has_table(path)):
            raise ConfigError(f"{path}: has a configuration of asynclint already; nothing was written")
    path = os.path.normpath(os.path.join(folder, "pyproject.toml"))
    if os.path.isfile(path):
        if leads_out(path, repository(folder)):
            raise ConfigError(f"{path}: is a link to a file outside of the project; nothing was written")
        _append(path)
    else:
        path = os.path.normpath(os.path.join(folder, "asynclint.toml"))
        write_file(path, configuration(), "init", inside=[repository(folder)])
    hook = _HOOK.format(version=__version__)
    write(sys.stdout, f"Wrote the configuration to {path}.\n\nFor pre-commit, in .pre-commit-config.yaml:\n\n{hook}")
    return CLEAN


def configuration() -> str:
    """Every key of a configuration file with what it means and its default, as comments."""
    lines = ["# asynclint: each key with its default; remove the `#` in front of what you change.", ""]
    for option in FILE_OPTIONS.values():
        lines += [f"# {option.help}", *(f"# {line}" for line in _assignment(option)), ""]
    return "\n".join(lines)


def _assignment(option: Option) -> list[str]:
    default = option.default
    if option.kind is Kind.TABLE:
        return [f'{option.name} = {{ "scripts/*" = ["ASL1"] }}']
    if option.kind is Kind.VERSION:
        return ['{} = "{}.{}"'.format(option.name, *default)]
    if isinstance(default, tuple):
        short = f"{option.name} = [{', '.join(map(_quoted, default))}]"
        return [short] if len(short) <= _SHORT else [f"{option.name} = [", *(f"    {_quoted(each)}," for each in default), "]"]
    if option.kind is Kind.FLAG:
        return [f"{option.name} = {str(default).lower()}"]
    others = "".join(f" or {_quoted(choice)}" for choice in option.choices if choice != default)
    value = _quoted(default or "") if option.kind is Kind.TEXT else default
    return [f"{option.name} = {value}{'  #' if others else ''}{others}"]


def _quoted(text: str) -> str:
    return f'"{text}"'


def _has_table(path: str) -> bool:
    tool = parse(_read(path).decode("utf-8-sig", "replace"), path).get("tool", {})
    return isinstance(tool, dict) and "asynclint" in tool


def _read(path: str) -> bytes:
    try:
        return read_regular(path, CONFIGURATION_LIMIT)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error


def _append(path: str) -> None:
    """Put the table at the end of a file, with the newlines of the file."""
    before = _read(path)
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    gap = b"" if not before else newline if before.endswith(b"\n") else newline * 2
    after = before + gap + f"{_TABLE}\n{configuration()}".encode().replace(b"\n", newline)
    parse(after.decode("utf-8-sig", "replace"), path)
    try:
        writer.write(path, before, after)
    except writer.WriteError as error:
        raise ConfigError(f"{path}: {error.message}") from error
