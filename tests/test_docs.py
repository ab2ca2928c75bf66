"""What the documentation says is so: its generated parts are current, its links lead somewhere, and its tables are whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
from test_readme import ROOT, asynclint, script

from asynclint import registry
from asynclint.config import Settings
from asynclint.program.shapes import SHAPES
from asynclint.testing import lint_text
from asynclint.walk.rule import Rule

DOCS = ROOT / "docs"
RULES = registry.load(Settings(root="/"))
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md"), *(DOCS / "rules").glob("*.md")])
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!`)\[[^]\n]*\]\(([^)\s]+)\)")


@cache
def makers() -> ModuleType:
    return script("make_readme")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# -- what is generated


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.stem)
def test_a_page_shows_what_the_program_prints(path: Path) -> None:
    assert text(path) == makers().filled(text(path)), "run `python docs/make_readme.py`"


def test_the_pages_of_the_rules_are_current() -> None:
    written = {path: text(path) for path in (DOCS / "rules").glob("*.md")}

    assert written == makers().rule_pages(), "run `python docs/make_readme.py`"


def test_every_console_block_was_run() -> None:
    """A fence that stands in a list, or is not closed, would not be found."""
    for path in DOCS.glob("*.md"):
        assert text(path).count("```console") == len(re.findall(r"^```console\n\$ .*?^```$", text(path), re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_page_of_a_rule_has_what_the_command_prints(rule: Rule) -> None:
    page = text(DOCS / "rules" / f"{rule.code}.md")

    assert page.startswith(f"# {rule.name} ({rule.code})\n")
    assert rule.doc.strip() in page


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.code.startswith("ASL9")], ids=lambda rule: rule.name)
def test_the_comment_on_the_page_of_a_rule_suppresses_it(rule: Rule) -> None:
    page = text(DOCS / "rules" / f"{rule.code}.md")
    (comment,) = re.findall(r"^`(# asynclint: .*)`$", page, re.MULTILINE)
    (example,) = re.findall(r"^## Example\n```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    settings = Settings(root="/", select=(rule.code,))
    lines = example.splitlines()
    found = {finding.span.start.line for finding in lint_text(example, settings=settings)}

    assert found
    for number in found:
        lines[number - 1] += f"  {comment}"
    assert lint_text("\n".join(lines) + "\n", settings=settings) == ()


# -- links


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ (.*)$", _FENCE.sub("", text(path)), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
    return {anchor if not number else f"{anchor}-{number}" for anchor, count in found.items() for number in range(count + 1)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", text(path))):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        other = (path.parent / name).resolve() if name else path
        assert other.exists(), f"{target}: there is no such file"
        assert other.is_relative_to(ROOT), f"{target}: leads out of the repository"
        assert not anchor or anchor in anchors(other), f"{target}: there is no such heading"


def test_the_index_leads_to_every_chapter() -> None:
    named = {target.partition("#")[0] for target in _LINK.findall(text(DOCS / "index.md"))}

    assert {path.name for path in DOCS.glob("*.md")} - {"index.md"} <= named
    assert "docs/index.md" in text(ROOT / "README.md")


def test_the_readme_is_short() -> None:
    assert len(text(ROOT / "README.md").splitlines()) <= 250


# -- tables


def test_every_table_and_key_of_a_catalog_is_told() -> None:
    page = text(DOCS / "catalog.md").partition("## The tables")[2]
    told: dict[str, set[str]] = {}
    table = ""
    for first, second in re.findall(r"^\|([^|]*)\|([^|]*)\|", page, re.MULTILINE):
        table = first.strip("` ") or table
        told.setdefault(table, set()).update(re.findall(r"`([\w]+)`", second))

    assert {name: told.get(name) for name in SHAPES} == {name: set(keys) for name, (_, keys) in SHAPES.items()}


def test_every_variable_that_is_read_is_told() -> None:
    """Those of asynclint itself; `PRE_COMMIT` and `CI` are told of beside another one."""
    page = text(DOCS / "configuration.md").partition("## Environment variables")[2]
    sources = [text(path) for path in (ROOT / "asynclint").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"""os\.environ(?:\.get\(|\[)"([A-Z_]+)""", source)}

    assert read - set(re.findall(r"`([A-Z_]+)`", page)) == {"PRE_COMMIT"}


# -- the JSON output


@cache
def fixtures_report() -> dict[str, Any]:
    """What is found in all fixtures. One of them cannot be parsed as it stands, so that there is an error too."""
    done = asynclint("--isolated", "--no-cache", "--jobs", "1", "--output-format", "json", "fixtures")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def strict(schema: Any) -> Any:
    """A schema that has no room for a key that it does not describe."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return {key: strict(value) for key, value in schema.items()} | closed


def test_the_schema_of_the_output_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(text(makers().SCHEMA)))


@pytest.mark.matrix
@pytest.mark.xdist_group("report of all fixtures")
def test_the_output_has_the_keys_of_its_schema_and_no_others() -> None:
    report = fixtures_report()

    jsonschema.validate(report, strict(json.loads(text(makers().SCHEMA))), jsonschema.Draft202012Validator)
    assert report["errors"]
    assert {(finding["fix"] or {}).get("applicability") for finding in report["findings"]} == {"safe", "unsafe", "manual", None}


@pytest.mark.matrix
@pytest.mark.xdist_group("report of all fixtures")
def test_the_severities_on_the_pages_are_those_of_findings() -> None:
    told = dict(re.findall(r"^\| \[(ASL\d{3})\].*\| ([\w, ]+) \| [\w, ]+ \|$", text(DOCS / "rules" / "index.md"), re.MULTILINE))
    found: dict[str, set[str]] = {}
    for finding in fixtures_report()["findings"]:
        found.setdefault(finding["code"], set()).add(finding["severity"])

    assert set(told) == {rule.code for rule in RULES}
    assert {code: set(told[code].split(", ")) for code in found} == found


# -- what other linters find

OVERLAP = {
    "ASYNC105": "import trio\n\nasync def f():\n    trio.sleep(1)\n",
    "ASYNC103": "async def f(work):\n    try:\n        await work()\n    except BaseException:\n        pass\n",
    "ASYNC104": "import asyncio\n\nasync def f(work):\n    try:\n        await work()\n    except asyncio.CancelledError:\n        return\n",
    "ASYNC210": "import requests\n\nasync def f(url):\n    return requests.get(url)\n",
    "ASYNC211": "import urllib3\n\nasync def f(url):\n    pool = urllib3.PoolManager()\n    return pool.request('GET', url)\n",
    "ASYNC212": "import httpx\n\nasync def f(url):\n    client = httpx.Client()\n    return client.get(url)\n",
    "ASYNC220": "import subprocess\n\nasync def f(command):\n    return subprocess.Popen(command)\n",
    "ASYNC221": "import subprocess\n\nasync def f(command):\n    return subprocess.run(command)\n",
    "ASYNC222": "import os\n\nasync def f(pid):\n    return os.waitpid(pid, 0)\n",
    "ASYNC230": "async def f(path):\n    return open(path)\n",
    "ASYNC231": "import os\n\nasync def f(fd):\n    return os.fdopen(fd)\n",
    "ASYNC232": "async def f(path):\n    file = open(path)\n    return file.read()\n",
    "ASYNC240": "import os\n\nasync def f(path):\n    return os.path.exists(path)\n",
    "ASYNC250": "async def f():\n    return input()\n",
    "ASYNC251": "import time\n\nasync def f():\n    time.sleep(1)\n",
    "ASYNC300": "import asyncio\n\nasync def f(work):\n    asyncio.create_task(work())\n",
}


def test_the_codes_of_other_linters_are_those_of_the_table() -> None:
    """asynclint's column and ruff's; flake8-async is no dependency of the tests."""
    rows = re.findall(r"^\| (\w*) ?\| (ASYNC\d+) \| [^|]* \| \[(ASL\d+)\]", text(DOCS / "faq.md"), re.MULTILINE)
    assert {flake8 for _, flake8, _ in rows} == set(OVERLAP)
    for _, flake8, own in rows:
        assert {finding.code for finding in lint_text(OVERLAP[flake8])} == {own}, flake8

    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    for theirs, flake8, _ in rows:
        command = (ruff, "check", "--isolated", "--no-cache", "--preview", "--select", "ASYNC,RUF006", "--output-format", "json", "-")
        done = subprocess.run(command, input=OVERLAP[flake8], capture_output=True, text=True, check=False)
        assert {theirs} - {""} <= {each["code"] for each in json.loads(done.stdout)}, flake8
