"""What a run does for an old code base besides checking it: leave out what is known or not wanted, write the baseline, write suppressions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asynclint import narrow, registry
from asynclint.baseline import Baseline, Entry
from asynclint.options import ConfigError
from asynclint.output import write, write_file

if TYPE_CHECKING:
    from asynclint.config import Settings
    from asynclint.model import Finding, RunResult

_CONTRADICTIONS = {"write_baseline": ("since", "diff", "no_baseline", "add_ignore"), "add_ignore": ("diff",), "since": ()}
_NAMED = 3  # of the files with stale entries, that are named


class Adoption:
    """What `given`, the options by `Option.field`, and the settings ask of a run over `paths`. Raises ConfigError where that cannot be done."""

    def __init__(self, paths: tuple[str, ...], settings: Settings, given: dict[str, Any], *, from_stdin: bool) -> None:
        _check_flags(given, from_stdin)
        self._paths = [os.path.abspath(path) for path in paths]
        self._settings = settings
        self._given = given
        place = settings.baseline_place
        beside = place if os.path.exists(place) and not os.path.isdir(place) and not given["isolated"] else None
        path = None if given["no_baseline"] else settings.baseline or beside
        self._written = place if given["write_baseline"] else None
        if self._written is not None:
            path = place if os.path.exists(place) else None
        self._narrowing = narrow.narrowing(settings, baseline=path, since=given["since"])

    @property
    def wants(self) -> Callable[[Finding], bool]:
        """Whether a finding is to be reported, and fixed with --fix."""
        return self._narrowing.wants

    def finish(self, result: RunResult) -> RunResult:
        """The result as it is to be reported, after the baseline and the suppressions have been written."""
        known = self._narrowing.baseline
        if self._written is not None:
            known = self._write(known or Baseline(self._written), result)
            result = narrow.without(result, narrow.Narrowing(self._settings, known).reason)
        else:
            if known is not None:
                self._report(known, known.stale(result, self._ran))
            result = narrow.without(result, self._narrowing.reason)
        if self._given["add_ignore"] is not None:
            from asynclint import ignores

            result = ignores.add(result, self._given["add_ignore"], self._is_asked_for, lambda path: self._settings.leads_out(path, self._paths))
        return result

    def _is_asked_for(self, path: str) -> bool:
        """Whether a file is among those that were named; of others only some findings may be in the result."""
        path = os.path.abspath(path)
        return any(path == each or path.startswith(os.path.join(each, "")) for each in self._paths)

    def _ran(self, code: str, path: str) -> bool:
        """Whether a file has been checked for all that the rule of a code finds; what is no rule any more finds nothing."""
        if not self._is_asked_for(path):
            return False
        rules = {rule.code: rule for rule in registry.load(self._settings)}
        if code not in rules:
            return True
        asked = not rules[code].pedantic or self._settings.pedantic or self._settings.names(code, rules[code].name)
        return asked and code in self._settings.enabled({rule.code: rule.name for rule in rules.values()}, path)

    def _write(self, before: Baseline, result: RunResult) -> Baseline:
        """Write what was found to the baseline, keep what was not checked, and prune the rest."""
        assert self._written is not None
        stale = before.stale(result, self._ran)
        found = {before.entry(finding) for finding in result.findings if self._narrowing.is_grave(finding) or before.knows(finding)}
        after = Baseline(self._written, (before.entries - stale) | found)
        write_file(self._written, after.text(), "--write-baseline", inside=[self._settings.boundary])
        self._say(f"Wrote {_count(after.entries)} to {_shown(self._written)}: {len(found - before.entries)} new, {len(stale)} pruned.")
        return after

    def _report(self, known: Baseline, stale: frozenset[Entry]) -> None:
        if stale:
            paths = sorted({path for path, *_ in stale})
            more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
            where = f"{', '.join(paths[:_NAMED])}{more}"
            self._say(f"warning: {_shown(known.path)}: {_count(stale)} in it no longer found, in {where}; --write-baseline prunes what is gone")

    def _say(self, text: str) -> None:
        from asynclint.report import escape

        if not self._given["quiet"]:
            write(sys.stderr, f"{escape(text)}\n")


def _check_flags(given: dict[str, Any], from_stdin: bool) -> None:
    asked = {name for name, value in given.items() if value not in (None, False, ())}  # an empty text is a value
    for flag, others in _CONTRADICTIONS.items():
        for other in others if flag in asked else ():
            if other in asked:
                raise ConfigError(f"{_flag(flag)} does not go with {_flag(other)}")
        if from_stdin and flag in asked:
            raise ConfigError(f"{_flag(flag)} needs files, and does not go with standard input")
    if given["add_ignore"]:
        from asynclint.ignores import check_reason

        check_reason(given["add_ignore"])


def _flag(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _count(entries: frozenset[Entry]) -> str:
    return "1 finding" if len(entries) == 1 else f"{len(entries)} findings"


def _shown(path: str) -> str:
    """A path as seen from the working directory, if it lies below."""
    below = os.path.join(os.getcwd(), "")
    return path.removeprefix(below)
