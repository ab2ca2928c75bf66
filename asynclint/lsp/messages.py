"""What server and worker say to each other: pickles of our own plain records with their length in front."""

from __future__ import annotations

import pickle

from asynclint.record import record

HEAD = 4  # bytes of the length


@record(frozen=True, slots=True)
class Start:
    """How a session begins; see `Session`."""

    paths: tuple[str, ...]
    texts: dict[str, str]
    deadly: dict[str, str]
    encoding: str
    trusted: bool


@record(frozen=True, slots=True)
class Failed:
    """An answer that there is none: why, as a user reads it."""

    message: str


def packed(message: object) -> bytes:
    """A message as bytes."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(data).to_bytes(HEAD, "big") + data
