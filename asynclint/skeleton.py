"""What `asynclint new-rule` writes: a rule that is whole, with its fixtures, and for a distribution of its own all that this needs.

The texts lie in `templates/`. A new rule flags the calls of one function in coroutines; that it and its fixtures are right is tried out before
anything is written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from string import Template

from asynclint import api, testing
from asynclint.model import Finding
from asynclint.options import ConfigError
from asynclint.record import record
from asynclint.writing import leads_out

_LOST = "ASL3"  # the rules that want a coroutine to be awaited
_TEMPLATES = Path(__file__).with_name("templates")


@record(frozen=True, slots=True)
class NewRule:
    """A rule to be made; `path` is the canonical path of the function whose calls it flags."""

    code: str
    name: str
    path: str
    awaits: str = ""  # "await " for a function whose calls must be awaited

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def texts(self) -> dict[str, str]:
        """What stands for what in the templates."""
        module, _, function = self.path.rpartition(".")
        cls = "".join(part.capitalize() for part in self.name.split("-"))
        return {
            "cls": f"{cls}Rule" if cls in api.__all__ else cls,
            "code": self.code,
            "name": self.name,
            "path": self.path,
            "module": module,
            "function": function,
            "awaits": self.awaits,
            "gap": " " * len(self.awaits),
            "carets": "^" * len(f"{self.path}()"),
            "more": "^" * len(function),
        }


def for_checkout(rule: NewRule) -> dict[str, str]:
    """The files of a rule of asynclint's own, by their path in its repository. Raises ConfigError where they would not be right."""
    tried = _tried(rule)
    return {f"rules/{rule.module}.py": _filled("rule", tried), **_fixtures(tried)}


def for_plugin(rule: NewRule, team: str) -> dict[str, str]:
    """The files of the distribution `asynclint-TEAM` with one rule, by their path in it. Raises ConfigError where they would not be right."""
    tried = _tried(rule)
    names = {"team": team, "plugin": f"{team.replace('-', '_')}_rules"}
    files = {
        "pyproject.toml": "plugin/pyproject",
        f"{names['plugin']}.py": "rule",
        "conftest.py": "plugin/conftest",
        f"test_{names['plugin']}.py": "plugin/test",
    }
    return {**{path: _filled(template, tried, names) for path, template in files.items()}, **_fixtures(tried)}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, by their path in it: all, or none where one is there already or cannot be written. Raises ConfigError."""
    for path in (folder / name for name in files):
        for there in (path, path.parent) if path.parent.parent.name == "fixtures" else (path,):
            if os.path.lexists(there):
                raise ConfigError(f"{there}: is there already; nothing was written")
        if leads_out(str(path), str(folder)):
            raise ConfigError(f"{path}: leads out of {folder} by a link; nothing was written")
    made: list[Path] = []
    try:
        for name, text in files.items():
            _write(folder / name, text, made)
    except OSError as error:
        for path in reversed(made):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        raise ConfigError(f"{error.filename}: {error.strerror or error}; nothing was written") from error


def _write(path: Path, text: str, made: list[Path]) -> None:
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir()
            made.append(parent)
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        made.append(path)
        file.write(text)


# -- texts


def _filled(template: str, rule: NewRule, more: Mapping[str, str] | None = None) -> str:
    text = (_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(rule.texts(), **(more or {}))


def _fixtures(rule: NewRule) -> dict[str, str]:
    names = sorted(path.stem for path in (_TEMPLATES / "fixtures").iterdir())
    return {f"fixtures/{rule.name}/{name}.py": _filled(f"fixtures/{name}", rule) for name in names}


# -- trying out


def _tried(rule: NewRule) -> NewRule:
    """The rule in the form in which its fixtures are right. Raises ConfigError where there is none."""
    problems, others = _outcome(rule)
    if others and all(finding.code.startswith(_LOST) for finding in others):
        rule = NewRule(rule.code, rule.name, rule.path, "await ")
        problems, others = _outcome(rule)
    for finding in others:
        raise ConfigError(f"--call: calls of `{rule.path}` are findings of {finding.code} ({finding.name}); give another function to begin with")
    if problems:
        raise ConfigError(f"--call: what calls `{rule.path}` is not seen for certain; give the canonical path, as `asynclint explain` writes it")
    return rule


def _outcome(rule: NewRule) -> tuple[bool, list[Finding]]:
    """Whether anything is not found where the fixtures say so, and the findings of other rules."""
    fixtures = {Path(path).name: testing.parse_fixture(text) for path, text in _fixtures(rule).items()}
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / f"{rule.module}.py"
        plugin.write_text(_filled("rule", rule), encoding="utf-8")
        found = testing.lint_files({name: source for name, (source, _) in fixtures.items()}, settings=testing.with_plugins(str(plugin)))
    differs = any(list(map(_place, found[name])) != [(each.line, each.column, each.end) for each in fixtures[name][1]] for name in fixtures)
    return differs, [finding for findings in found.values() for finding in findings if finding.code != rule.code]


def _place(finding: Finding) -> tuple[int, int, int]:
    start, end = finding.span.start, finding.span.end
    return start.line, start.column, end.column
