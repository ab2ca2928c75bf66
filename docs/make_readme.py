"""Fills the generated parts of README.md, between `<!-- NAME -->` and `<!-- /NAME -->`: run `python docs/make_readme.py`. A test checks them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from asynclint import config, options, registry

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def main() -> None:
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """The README with its generated parts as they should be."""
    for name, part in {"options": options.markdown_table(), "rules": _rules(), "sample": _sample()}.items():
        marks = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if len(marks.findall(text)) != 1:
            raise ValueError(f"README.md must have the part `{name}` once")
        text = marks.sub(lambda match, part=part: match[1] + part + match[2], text)
    return text


def _rules() -> str:
    rows = ["| Code | Name | What it finds | Fix |", "|---|---|---|---|"]
    rules = registry.load(config.Settings(root=str(ROOT)))
    rows += [f"| {rule.code} | {rule.name} | {rule.summary.removeprefix('Flags ').rstrip('.')} | {_fix(rule.doc)} |" for rule in rules]
    return "\n".join(rows) + "\n"


def _fix(page: str) -> str:
    """The column for the fix: which levels of safety the page's last section names."""
    section = page.partition("## Fix safety")[2].lower()
    return ", ".join(level for level in ("safe", "unsafe") if re.search(rf"\b{level}\b", section)) or "none"


def _sample() -> str:
    command = (sys.executable, "-m", "asynclint", "--isolated", "--output-format", "concise", "docs/sample")
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8").stdout
    return f"```text\n{shown}```\n"


if __name__ == "__main__":
    main()
