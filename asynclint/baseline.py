"""The baseline: findings that a project has accepted for now, so that only new ones are reported.

The file says, for each file and code, the fingerprints of the known findings. A fingerprint is made of code, function, the text of the line and the
how-manieth of these it is, so it stays when lines move, and a second case of the same is new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from asynclint.options import ConfigError
from asynclint.reading import BASELINE_LIMIT, parse_json, read_regular, reason

if TYPE_CHECKING:
    from asynclint.model import Finding, RunResult

_VERSION = 1
Entry = tuple[str, str, str]  # path below the baseline's folder, code, fingerprint


class Baseline:
    """The known findings in the file at `path` (absolute); paths in it are relative to its folder."""

    def __init__(self, path: str, entries: Collection[Entry] = ()) -> None:
        self.path = path
        self.entries = frozenset(entries)
        self._folder = os.path.dirname(path)
        self._relative: dict[str, str] = {}

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Raises ConfigError where the file cannot be read, or is no baseline."""
        try:
            document = parse_json(read_regular(path, BASELINE_LIMIT))
        except OSError as error:
            hint = "; --write-baseline makes it" if isinstance(error, FileNotFoundError) else ""
            raise ConfigError(f"{path}: cannot be read: {reason(error)}{hint}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            why = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
            raise ConfigError(f"{path}: is no baseline: {why}; correct it, or remove it and run --write-baseline") from error
        return cls(path, _entries(document, path))

    def entry(self, finding: Finding) -> Entry:
        """How a finding stands in the baseline."""
        relative = self._relative.get(finding.path)
        if relative is None:
            relative = self._relative[finding.path] = self._below(finding.path)
        return relative, finding.code, finding.fingerprint

    def _below(self, path: str) -> str:
        try:
            return os.path.relpath(os.path.abspath(path), self._folder).replace(os.sep, "/")
        except ValueError:  # on another drive
            return os.path.abspath(path).replace(os.sep, "/")

    def knows(self, finding: Finding) -> bool:
        return self.entry(finding) in self.entries

    def stale(self, result: RunResult, ran: Callable[[str, str], bool]) -> frozenset[Entry]:
        """The entries that a run with this result has proved gone: of files that it has checked for their rule, and of files that are no more.

        `ran` says of a code and a file (absolute) whether it has been checked for all that the rule finds.
        """
        checked = {self._below(file.path): file.path for file in result.files if not file.problems}
        unread = {self._below(problem.path) for problem in result.all_problems}
        missing = self.entries - {self.entry(finding) for finding in result.findings}
        gone = set()
        for path, code, fingerprint in missing:
            absolute = os.path.join(self._folder, path)
            vanished = path not in checked and path not in unread and not os.path.exists(absolute)
            if vanished or (path in checked and ran(code, absolute)):
                gone.add((path, code, fingerprint))
        return frozenset(gone)

    def text(self) -> str:
        """The content of the file: the same for the same entries, and one fingerprint a line, so that it merges."""
        files: dict[str, dict[str, list[str]]] = {}
        for path, code, fingerprint in sorted(self.entries):
            files.setdefault(path, {}).setdefault(code, []).append(fingerprint)
        return json.dumps({"version": _VERSION, "files": files}, indent=2, ensure_ascii=True) + "\n"


def _entries(document: Any, path: str) -> set[Entry]:
    if not isinstance(document, dict) or "version" not in document:
        raise ConfigError(f"{path}: is no baseline: it has no `version`")
    if document["version"] != _VERSION:
        raise ConfigError(f"{path}: is a baseline of version {document['version']!r:.40}, this asynclint reads version {_VERSION}")
    try:
        return {(file, code, _text(each)) for file, codes in document["files"].items() for code, known in codes.items() for each in _list(known)}
    except (KeyError, AttributeError, TypeError) as error:
        raise ConfigError(f"{path}: is no baseline: expected `files` with lists of fingerprints by path and code") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
