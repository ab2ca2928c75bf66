"""Fills the generated parts of README.md and of the chapters beside this file, and writes `docs/rules`: run `python docs/make_readme.py`. A test
checks that all of it is current.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`. Besides, a fence of the language `console` holds commands, each after `$ `, and below each
what it prints. The commands of a page run one after the other in a folder that begins as a copy of `docs/sample`; a fence below
`<!-- file: NAME -->` is a file that is written there before the next command runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asynclint import config, options, registry
from asynclint.walk.rule import Rule

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
RULES = DOCS / "rules"
SCHEMA = DOCS / "output.schema.json"
_FILE = r"(?P<file><!-- file: (?P<name>\S+) -->\n```\w*\n)(?P<content>.*?)^```$"
_SCENE = re.compile(rf"{_FILE}|^```console\n(?P<commands>.*?)^```$", re.DOTALL | re.MULTILINE)
_INDOORS = ("VIRTUAL_ENV", "NO_COLOR", "FORCE_COLOR", "FORCE_HYPERLINK", "PRE_COMMIT")  # what would change what is printed
_SEVERITIES = {"ASL102": "warning, info", "ASL110": "error, warning, info", "ASL902": "warning"}  # where it is not that of the class
_BANDS = {
    "ASL1": "The loop stalls",
    "ASL2": "Locks",
    "ASL3": "Lost tasks and coroutines",
    "ASL4": "Cancellation",
    "ASL5": "Event-loop misuse",
    "ASL6": "Concurrency left lying",
    "ASL9": "Comments for asynclint",
}


def main() -> None:
    RULES.mkdir(exist_ok=True)
    texts = pages()
    for path in RULES.glob("*.md"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """Every page that has something generated in it, as it should be."""
    written = {path: path.read_text(encoding="utf-8") for path in (README, *sorted(DOCS.glob("*.md")))}
    return {path: filled(text) for path, text in written.items()} | rule_pages()


def rule_pages() -> dict[Path, str]:
    """The pages of the rules, which are generated altogether."""
    loaded = registry.load(config.Settings(root=str(ROOT)))
    rules = [rule for rule in loaded if type(rule).__module__.startswith("asynclint.rules.")]
    return {RULES / "index.md": _rules(rules), **{RULES / f"{rule.code}.md": _page(rule) for rule in rules}}


def filled(text: str) -> str:
    """A page with its generated parts as they should be."""
    makers = {"options": options.markdown_table, "sample": _sample, "output": _output}
    for name in re.findall(r"^<!-- (\w+) -->$", text, re.MULTILINE):
        if name not in makers:
            raise ValueError(f"nothing makes a part `{name}`")
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{start}{makers[name]()}{end}{after}"
    return _played(text) if "```console\n" in text else text


# -- commands and what they print


def _played(text: str) -> str:
    """A page with what its commands print below them."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder, "sample")
        shutil.copytree(DOCS / "sample", scene, ignore=shutil.ignore_patterns("__pycache__", ".*"))

        def play(match: re.Match[str]) -> str:
            if match["file"]:
                path = scene / match["name"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(match["content"], encoding="utf-8")
                return match[0]
            commands = [line for line in match["commands"].splitlines() if line.startswith("$ ")]
            return "```console\n" + "".join(f"{each}\n{_printed(each[2:], scene)}" for each in commands) + "```"

        return _SCENE.sub(play, text)


def _printed(command: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _INDOORS}
    environment |= {"XDG_CACHE_HOME": str(folder.parent / "cache"), "PYTHONIOENCODING": "utf-8"}
    script = f'asynclint() {{ "{sys.executable}" -m asynclint "$@"; }}\n{command}'
    done = subprocess.run(("bash", "-c", script), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode("utf-8").rstrip("\n") + "\n" if done.stdout.strip() else ""


def _sample() -> str:
    command = (sys.executable, "-m", "asynclint", "--isolated", "--output-format", "concise", "docs/sample")
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8").stdout
    return f"```text\n{shown}```\n"


# -- rules


def _rules(rules: list[Rule]) -> str:
    lines = ["# Rules", "", _made_from("the docstrings of `rules/*.py`"), ""]
    lines += [
        "`asynclint rule CODE` prints the same page. In the configuration and in comments a rule is named by its code or its name. *Fix* says",
        "which levels of safety the fixes of a rule have, *none* that it has no fix; when which applies is on the page.",
        "",
    ]
    for band, title in _BANDS.items():
        own = [rule for rule in rules if rule.code.startswith(band)]
        lines += [f"## {title}", "", "| Code | Name | What it finds | Severity | Fix |", "|---|---|---|---|---|"]
        lines += [f"| [{rule.code}]({rule.code}.md) | {rule.name} | {_found(rule)} | {_severity(rule)} | {_fix(rule.doc)} |" for rule in own]
        lines += [""]
    return "\n".join(lines)


def _page(rule: Rule) -> str:
    facts = f"Severity: {_severity(rule)}. Confidence: {rule.confidence.value}. Fix: {_fix(rule.doc)}. [All rules](index.md)"
    suppressed = f'`ignore = ["{rule.code}"]` in the configuration.'
    if not rule.code.startswith("ASL9"):
        comment = f"# asynclint: ignore[{rule.code}] -- the reason"
        suppressed = f"`{comment}`\nat the end of the line, or on a line of its own above the statement. For a whole project, {suppressed}"
    source = Path(sys.modules[type(rule).__module__].__file__ or "").name
    made = _made_from(f"the docstring of `rules/{source}`")
    return "\n".join([f"# {rule.name} ({rule.code})", "", made, "", facts, "", rule.doc.strip(), "", "## Suppress it", suppressed, ""])


def _made_from(source: str) -> str:
    return f"<!-- made from {source} by `python docs/make_readme.py` -->"


def _severity(rule: Rule) -> str:
    return _SEVERITIES.get(rule.code, rule.severity.value)


def _found(rule: Rule) -> str:
    return rule.summary.removeprefix("Flags ").rstrip(".")


def _fix(page: str) -> str:
    """Which levels of safety the page's last section names."""
    section = page.partition("## Fix safety")[2].lower()
    return ", ".join(level for level in ("safe", "unsafe") if re.search(rf"\b{level}\b", section)) or "none"


# -- the JSON output


def _output() -> str:
    """Tables of the fields of the JSON output, from its schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    tables = [("The document", schema), *((f"`{name}`", each) for name, each in schema["$defs"].items())]
    return "\n".join(line for title, table in tables for line in _fields(title, table))


def _fields(title: str, table: dict[str, Any]) -> Iterator[str]:
    yield from (f"**{title}**: {table['description']}", "", "| Key | Type | Meaning |", "|---|---|---|")
    for name, field in table["properties"].items():
        yield f"| `{name}` | {_type(field)} | {field.get('description', '')} |"
    yield ""


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(map(_type, field["anyOf"]))
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{each}`" for each in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"object of {_type(field['additionalProperties'])}s"
    return str(field["type"])


if __name__ == "__main__":
    main()
