"""`asynclint server`: the language server."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec

import click

from asynclint.options import ConfigError
from asynclint.output import CLEAN, FINDINGS


@click.command()
def command() -> int:
    """Speak the Language Server Protocol on standard input and output.

    Editors start this; it needs the extra `lsp`. The exit code is 1 where the editor left without a word.
    """
    if find_spec("pygls") is None:
        raise ConfigError("the language server needs pygls; install it with `pip install 'asynclint[lsp]'`")
    from asynclint import interrupts
    from asynclint.lsp.server import server

    interrupts.leave()  # it holds nothing that has to be cleaned up, and a thread of it waits for the editor
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    speaker = server()
    try:
        speaker.start_io()
    finally:
        speaker.end()
    return CLEAN if speaker.was_shut_down else FINDINGS
