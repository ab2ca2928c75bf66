"""`asynclint new-rule`: the files that a rule begins with."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from keyword import iskeyword
from pathlib import Path

import click

from asynclint import registry, skeleton
from asynclint.config import Settings, parse, read_text
from asynclint.options import ConfigError
from asynclint.output import CLEAN, write
from asynclint.skeleton import NewRule
from asynclint.walk.rule import Rule

_OWN = "ASL"  # the letters of the rules of asynclint's own
_FAMILY = "5"  # the first digit of codes unless it is asked for another: misuse of the event loop
_PREFIX = re.compile(r"[A-Z]{3}\d{1,3}")
_NEXT_IN_CHECKOUT = """\
Next:
1. Say in rules/{module}.py what is wrong, and change what it looks for: CONTRIBUTING.md, "Add a rule", tells how.
2. Change the fixtures to what should be found and what should not, run
       pytest --update-fixtures tests/test_fixtures.py -k {name}
   and read what it wrote.
3. Bring the pages that name every rule up to date:
       python docs/make_readme.py && python docs/make_schema.py
4. Tell users of it in CHANGELOG.md, by its code: {code}.
5. pytest tests/test_fixtures.py tests/test_rules.py tests/test_readme.py tests/test_schema.py, and at last: bash .ci/run
"""
_NEXT_IN_PLUGIN = """\
Next, there:
1. Install it beside asynclint, and run its tests:
       pip install -e . pytest && pytest
2. Say in {plugin}.py what is wrong, and change what it looks for; change the fixtures to what should be found and what should not, run
       pytest --update-fixtures
   and read what it wrote.
3. See it among all rules: asynclint rule {code}
"""


@click.command()
@click.argument("name")
@click.option("--code", "wanted", metavar="CODE", help="Its code, or the first characters of it, of which the next free one is taken.")
@click.option("--call", "path", metavar="PATH", help="The function whose calls it flags to begin with, by its canonical path.")
@click.option("--plugin", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Make a distribution with the rule in this directory.")
def command(name: str, wanted: str | None, path: str | None, folder: str | None) -> int:
    """Write a new rule, with fixtures that pass, to begin from.

    NAME is in kebab-case. In a checkout of asynclint the rule is one of asynclint's own; with --plugin it is that of a distribution of its own.
    What is there already is never changed.
    """
    if not registry.NAME.fullmatch(name):
        raise ConfigError(f"`{name}` is not a name of a rule: small letters and digits, parted by `-`, such as `blocking-sleep`")
    path = path or f"example.{name.replace('-', '_')}"
    if "." not in path or not all(part.isidentifier() and not iskeyword(part) for part in path.split(".")):
        raise ConfigError(f"--call: `{path}` is not the dotted path of a function, such as `package.module.function`")
    if folder is not None:
        return _in_plugin(Path(folder), name, wanted, path)
    root = next((each for each in (Path.cwd(), *Path.cwd().parents) if _is_checkout(each)), None)
    if root is None:
        raise ConfigError("this is no checkout of asynclint; `--plugin DIR` makes a distribution with the rule")
    return _in_checkout(root, name, wanted, path)


def _in_checkout(root: Path, name: str, wanted: str | None, path: str) -> int:
    files = sorted(each for each in (root / "rules").glob("*.py") if each.stem != "__init__")
    rules = [rule for each in files for rule in registry.rules_of_plugin(str(each))]
    code = _code(wanted or _OWN + _FAMILY, rules)
    if not code.startswith(_OWN):
        raise ConfigError(f"--code: the rules of asynclint's own have codes that begin with {_OWN}")
    rule = NewRule(_free(code, name, rules), name, path)
    made = skeleton.for_checkout(rule)
    skeleton.write(root, made)
    _tell(rule, root, made, _NEXT_IN_CHECKOUT.format(module=rule.module, name=name, code=code))
    return CLEAN


def _in_plugin(folder: Path, name: str, wanted: str | None, path: str) -> int:
    team = folder.absolute().name.lower().replace("_", "-").removeprefix("asynclint-")
    if not registry.NAME.fullmatch(team):
        raise ConfigError(f"--plugin: `{folder.absolute().name}` cannot name a distribution; `asynclint-team` could")
    letters = team.replace("-", "")[:3].upper()
    if wanted is None and not (letters.isalpha() and len(letters) == 3 and letters != _OWN):
        raise ConfigError("--code: give the three letters and the first digit of the rule's code, such as TEA1")
    rules = registry.load(Settings(root="/"))
    code = _code(wanted or f"{letters}1", rules)
    if code.startswith(_OWN):
        raise ConfigError(f"--code: codes that begin with {_OWN} are asynclint's own")
    rule = NewRule(_free(code, name, rules), name, path)
    made = skeleton.for_plugin(rule, team)
    skeleton.write(folder, made)
    plugin = next(Path(file).stem for file in made if file.endswith("_rules.py"))
    _tell(rule, folder, made, _NEXT_IN_PLUGIN.format(plugin=plugin, code=code))
    return CLEAN


def _is_checkout(folder: Path) -> bool:
    project = folder / "pyproject.toml"
    if not (project.is_file() and (folder / "rules").is_dir() and (folder / "fixtures").is_dir()):
        return False
    return bool(parse(read_text(str(project)), str(project)).get("project", {}).get("name") == "asynclint")


def _code(wanted: str, rules: Iterable[Rule]) -> str:
    """The code itself, or the one after all that begin like it."""
    if not _PREFIX.fullmatch(wanted):
        raise ConfigError(f"--code: `{wanted}` is not the beginning of a code: three capital letters and one to three digits, such as TEA1 or TEA101")
    missing = len("ASL101") - len(wanted)
    if not missing:
        return wanted
    last = max((int(rule.code[-missing:]) for rule in rules if rule.code.startswith(wanted)), default=0)
    if last + 1 == 10**missing:
        raise ConfigError(f"--code: no code is free after {wanted}{last}; give all of one")
    return f"{wanted}{last + 1:0{missing}}"


def _free(code: str, name: str, rules: Iterable[Rule]) -> str:
    """The code. Raises ConfigError where a rule has it, or the name."""
    for rule in rules:
        if code == rule.code or name == rule.name:
            taken = code if code == rule.code else f"`{name}`"
            raise ConfigError(f"{taken} is taken by the rule {rule.code} ({rule.name}) in {registry.place(type(rule))}")
    return code


def _tell(rule: NewRule, folder: Path, files: Iterable[str], then: str) -> None:
    listed = "".join(f"    {file}\n" for file in files)
    write(sys.stdout, f"Wrote {rule.code} ({rule.name}), a rule that flags calls of `{rule.path}`, in {os.path.relpath(folder)}:\n{listed}\n{then}")
