"""The JSON schema of the configuration: it is current and well-formed, and says of a configuration what a run says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli
from jsonschema import Draft7Validator
from test_commands import uncommented
from test_readme import script

from asynclint import cli, config, knowledge, schema
from asynclint.commands.init import configuration
from asynclint.options import FILE_OPTIONS, ConfigError
from asynclint.program.shapes import SHAPES

ROOT = Path(__file__).parent.parent
TEXT = Path(schema.PATH).read_text(encoding="utf-8")
SCHEMA: dict[str, Any] = json.loads(TEXT)
VALIDATOR = Draft7Validator(SCHEMA)
PYPROJECT = Draft7Validator(schema.of_pyproject(SCHEMA))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
SHOWN = [block for page in PAGES for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)]


def refusal_of_a_run(folder: Path, text: str) -> str:
    """What a run says of an `asynclint.toml`, or ""."""
    (folder / "asynclint.toml").write_text(text, encoding="utf-8")
    (folder / "team.toml").write_text("", encoding="utf-8")
    try:
        knowledge.catalog(config.load([str(folder)]))
    except ConfigError as error:
        return str(error)
    return ""


def refusals(text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(tomli.loads(text))]


# -- the file


def test_the_shipped_file_is_current() -> None:
    assert script("make_schema").made() == TEXT, "run `python docs/make_schema.py`"


def test_it_is_a_schema_of_draft_7() -> None:
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator.check_schema(PYPROJECT.schema)
    assert SCHEMA["$schema"] == Draft7Validator.META_SCHEMA["$id"]
    assert SCHEMA["properties"].keys() == FILE_OPTIONS.keys()
    assert all(each["description"] for each in SCHEMA["properties"].values())


def test_every_reference_leads_somewhere() -> None:
    assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref": "(#/definitions/.*)"', TEXT)} == SCHEMA["definitions"].keys()


def test_rules_are_offered_by_code_prefix_and_name() -> None:
    offered = SCHEMA["definitions"]["rule"]["anyOf"][0]["enum"]

    assert {"ALL", "ASL1", "ASL101", "blocking-sleep"} <= set(offered)
    assert len(set(offered)) == len(offered)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema"]) == 0
    assert capsys.readouterr().out == TEXT

    assert cli.run(["schema", "--pyproject"]) == 0
    assert json.loads(capsys.readouterr().out) == PYPROJECT.schema


@pytest.mark.parametrize(("text", "code"), [("jobs = 1\n", 0), ("jobs = -1\n", 1)])
def test_another_tool_can_use_it(tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "asynclint.toml").write_text(text)

    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--schemafile", schema.PATH, tmp_path / "asynclint.toml"], capture_output=True)

    assert done.returncode == code, done.stdout


# -- what is well


@pytest.mark.parametrize("name", [name for name, each in SCHEMA["properties"].items() if "default" in each])
def test_defaults_are_valid(name: str) -> None:
    assert not list(VALIDATOR.iter_errors({name: SCHEMA["properties"][name]["default"]}))


def test_what_init_writes_is_valid() -> None:
    assert tomli.loads(uncommented(configuration())).keys() == FILE_OPTIONS.keys()
    assert refusals(uncommented(configuration())) == []


def test_what_the_documentation_shows_is_valid() -> None:
    shown = [tables for tables in map(tomli.loads, SHOWN) if "asynclint" in tables.get("tool", {})]

    assert len(shown) >= 2
    assert [error.message for tables in shown for error in PYPROJECT.iter_errors(tables)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "rules" / "catalog").glob("*.toml")), ids=lambda path: path.stem)
def test_the_rows_of_the_catalog_are_valid(path: Path) -> None:
    assert refusals("[catalog]\n" + re.sub(r"^(\[+)", r"\1catalog.", path.read_text(encoding="utf-8"), flags=re.MULTILINE)) == []


GOOD = [
    "",
    'select = ["ALL"]\nignore = ["ASL107", "blocking-sleep"]\nextend-select = ["ASL6"]\nfixable = ["ASL1"]\nunfixable = ["ASL201"]',
    'select = ["TEA101"]',
    'src = ["src"]\nextend-exclude = ["generated/"]\nrespect-gitignore = false\nforce-exclude = true\nexclude = []',
    '[per-file-ignores]\n"scripts/*" = ["ASL1", "discarded-task"]\n"a.py" = []',
    'jobs = 4\ntimeout = 0.5\nmax-file-size = 1000\ncache = false\ncache-dir = ".cache/asynclint"',
    "timeout = 10",
    'min-severity = "warning"\nmin-confidence = "medium"\ntask-errors = "log"\npedantic = true\ntests-may-block = false',
    'baseline = "known.json"\npython = ".venv"\nplugins = ["rules/mine.py", "their_rules"]',
    'target-version = "3.12"',
    'target-version = "py312"',
    'catalog = ["team.toml"]',
    "catalog = []\njobs = 0",
    "[catalog]",
    '[catalog]\nfiles = ["team.toml"]',
    '[[catalog.blocks]]\ncall = ["acme.Client.fetch", "shop.db.query"]\non = "database"\nunless = ["timeout=0", "arg0=os.WNOHANG"]\noffload = "unsafe"',
    '[[catalog.blocks]]\ncall = "queue.Queue(maxsize).put"\non = "wait"\ntakes_file = 0\nlight = true\nhelp = "x"',
    '[[catalog.nonblocking]]\ncall = "caf\u00e9.Session.*"',
    '[[catalog.marks]]\ndecorator = "shop.tools.native"\non = "cpu"\n[[catalog.marks]]\ndecorator = "a.b"\nnonblocking = true',
    '[[catalog.types]]\ntype = "a.B"\nbases = ["a.C"]\n[catalog.types.returns]\nget = "a.D"',
    '[[catalog.returns]]\ncall = "a.b"\nbare = "a.C"',
    '[[catalog.offloads]]\ncall = "a.b"\ncallable = 0\nawaits = true\n[[catalog.wrappers]]\ncall = "a.c"\ncallable = "func"',
    '[[catalog.entries]]\noverride = "a.B.on_*"\nsync_runs = "loop"\n[catalog.aliases]\n"a.b" = "a._b"',
    '[[catalog.locks]]\ntype = "a.Lock"\nreentrant = true\n[[catalog.tasks]]\ncall = "a.spawn"\ncoroutine = 0',
]


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(tmp_path: Path, text: str) -> None:
    assert (refusal_of_a_run(tmp_path, text), refusals(text)) == ("", [])


# -- what is not

BAD = [
    "selct = []",
    "fix = true",
    'select = "ASL1"',
    "select = [1]",
    "jobs = -1",
    "jobs = true",
    'jobs = "4"',
    "jobs = 1.5",
    "timeout = 0",
    "timeout = -1",
    "timeout = false",
    'timeout = "1s"',
    "pedantic = 1",
    'pedantic = "yes"',
    'min-severity = "fatal"',
    "min-severity = 1",
    'min-confidence = "High"',
    'task-errors = ["log"]',
    'target-version = "4"',
    'target-version = "2.7"',
    'target-version = "3.123"',
    "target-version = 3.12",
    "baseline = true",
    "cache-dir = []",
    'src = "src"',
    'per-file-ignores = ["ASL1"]',
    '[per-file-ignores]\n"a.py" = "ASL1"',
    '[per-file-ignores]\n"a.py" = [1]',
    "plugins = {}",
    "catalog = 1",
    "catalog = [1]",
    'catalog = "team.toml"',
    '[catalog]\nfiles = "team.toml"',
    "[catalog]\nfile = []",
    '[catalog.blocks]\ncall = "a.b"\non = "file"',
    "[catalog]\nblocks = [1]",
    '[[catalog.bloks]]\ncall = "a.b"\non = "file"',
    '[[catalog.blocks]]\ncall = "a.b"',
    '[[catalog.blocks]]\non = "file"',
    '[[catalog.blocks]]\ncall = "a.b"\non = "disk"',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nunles = []',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\noffload = "yes"',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nlight = 1',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\ntakes_file = "0"',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nunless = "timeout=0"',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nunless = ["timeout"]',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nunless = ["timeout="]',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nby = "me"',
    '[[catalog.nonblocking]]\ncall = "open"',
    "[[catalog.nonblocking]]\ncall = []",
    '[[catalog.nonblocking]]\ncall = "a b.c"',
    '[[catalog.nonblocking]]\ncall = "a..b"',
    '[[catalog.nonblocking]]\ncall = "a.1b"',
    '[[catalog.touches_loop]]\ncall = "a.B.*"',
    '[[catalog.marks]]\ndecorator = "a.b"',
    '[[catalog.marks]]\ndecorator = "a.b"\nnonblocking = false',
    '[[catalog.marks]]\ndecorator = "a.b"\nnonblocking = 1',
    '[[catalog.returns]]\ncall = "a.b"',
    '[[catalog.offloads]]\ncall = "a.b"\ncallable = 0.5',
    '[[catalog.entries]]\noverride = "a.B.on_*"\nsync_runs = "process"',
    '[[catalog.entries]]\nsync_runs = "loop"',
    '[[catalog.types]]\ntype = "a.B"\nreturns = ["a.C"]',
    "[catalog.aliases]\na = 1",
    "catalog = {aliases = []}",
]


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(tmp_path: Path, text: str) -> None:
    assert refusal_of_a_run(tmp_path, text)
    assert refusals(text)


@pytest.mark.parametrize("table", SHAPES)
def test_both_refuse_an_unknown_key_and_a_missing_one_in_every_table(tmp_path: Path, table: str) -> None:
    for text in (f"[[catalog.{table}]]\nnonsense = 1", f"[[catalog.{table}]]"):
        assert refusal_of_a_run(tmp_path, text)
        assert refusals(text)


ONLY_A_RUN = [  # what a schema cannot tell
    "jobs = 1.0",  # is a whole number there
    'catalog = ["missing.toml"]',
    '[[catalog.blocks]]\ncall = "a.b"\non = "file"\nunless = ["timeout=)"]',  # an expression of Python
]


@pytest.mark.parametrize("text", ONLY_A_RUN)
def test_only_a_run_refuses(tmp_path: Path, text: str) -> None:
    assert refusal_of_a_run(tmp_path, text)
    assert refusals(text) == []


@pytest.mark.parametrize("text", BAD[:4])
def test_of_a_pyproject_only_the_table_of_asynclint_is_checked(text: str) -> None:
    tables = tomli.loads(text)

    assert not list(PYPROJECT.iter_errors({"project": tables, "tool": {"other": tables}}))
    assert list(PYPROJECT.iter_errors({"project": {"name": "x"}, "tool": {"asynclint": tables}}))
