"""What users say themselves: catalog files and tables in the configuration, mistakes in them, and what they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint import knowledge, runner
from asynclint.config import load
from asynclint.options import ConfigError

TEAM = """\
# what the team knows
[[blocks]]
call = [
    "acme.Client.fetch",
    "acme.load",
]
on = "network"
unless = ["timeout=0"]

[[nonblocking]]
call = "acme.Client.peek"
"""
APP = """\
import acme


async def main():
    acme.load()
    acme.load(timeout=0)
    client = acme.Client()
    client.fetch()
    client.peek()
"""


def write(folder: Path, **files: str) -> Path:
    """Write files, `__` for a folder; the configuration is read from there."""
    for name, text in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found(folder: Path) -> list[str]:
    """The findings in the files of a folder: place and code."""
    result = runner.run(runner.Request((str(folder),), load((str(folder),), command_line={"jobs": 1})))
    assert not result.all_problems
    return [f"{Path(each.path).relative_to(folder).as_posix()}:{each.span.start.line} {each.code}" for each in result.findings]


# -- where it may stand


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("asynclint_toml", 'catalog = ["team.toml"]'),
        ("asynclint_toml", '[catalog]\nfiles = ["team.toml"]'),
        ("asynclint_toml", TEAM.replace("[[", "[[catalog.")),
        ("pyproject_toml", '[tool.asynclint]\ncatalog = ["team.toml"]'),
        ("pyproject_toml", TEAM.replace("[[", "[[tool.asynclint.catalog.")),
    ],
)
def test_files_and_tables(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, app_py=APP, team_toml=TEAM, **{name: text})
    assert found(tmp_path) == ["app.py:5 ASL104", "app.py:8 ASL104"]


def test_files_are_relative_to_the_configuration_and_tables_beside_them_win(tmp_path: Path) -> None:
    config = '[catalog]\nfiles = ["known/team.toml"]\n[[catalog.nonblocking]]\ncall = "acme.load"\n'
    write(tmp_path, app_py=APP, known__team_toml=TEAM, asynclint_toml=config)
    assert found(tmp_path) == ["app.py:8 ASL104"]


def test_entries_cannot_stand_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="entries stand in a file"):
        load((str(tmp_path),), config=["catalog={blocks=[]}"])


# -- mistakes


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"network"', '"netwrok"', 7, "did you mean `network`?"),
        ("unless", "unles", 8, "unknown key `unles`; did you mean `unless`?"),
        ("[[blocks]]", "[[blokcs]]", 2, "unknown table `blokcs`; did you mean `blocks`?"),
        ('"acme.load"', '"load"', 5, "`load` is not a dotted path; name its module too"),
        ('"acme.load"', '"acme load"', 5, "`acme load` is not a dotted path"),
        ('"acme.load"', '"acme.load_*"', 5, "`acme.load_*` is not a dotted path"),
        ('"acme.load"', "3", 5, "expected a dotted path, got `3`"),
        ('on = "network"', "", 2, "`blocks`: needs the key `on`"),
        ('"timeout=0"', '"timeout"', 8, "`timeout` is not a condition such as `timeout=0`"),
        ('unless = ["timeout=0"]', "light = 1", 8, "`light`: expected true or false, got `1`"),
        ('unless = ["timeout=0"]', 'offload = "sfae"', 8, "did you mean `safe`?"),
        ("[[blocks]]", "[blocks]", 2, "expected tables (`[[blocks]]`), got a table"),
        ('"acme.Client.peek"', "[]", 11, "`call`: names nothing"),
    ],
)
@pytest.mark.parametrize("inline", [False, True])
def test_mistakes_tell_their_place(tmp_path: Path, old: str, new: str, line: int, message: str, inline: bool) -> None:
    text = TEAM.replace(old, new, 1)
    if inline:
        config = '[project]\nname = "x"\n\n' + text.replace("[[", "[[tool.asynclint.catalog.").replace(
            "[blocks]\n", "[tool.asynclint.catalog.blocks]\n"
        )
        folder, file, line = write(tmp_path, pyproject_toml=config), "pyproject.toml", line + 3
    else:
        folder, file = write(tmp_path, asynclint_toml='catalog = ["team.toml"]', team_toml=text), "team.toml"
    with pytest.raises(ConfigError) as error:
        knowledge.catalog(load((str(folder),)))
    assert str(error.value).startswith(f"{folder / file}:{line}: ")
    assert message.replace("[[", "[[tool.asynclint.catalog." if inline else "[[") in str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('catalog = ["team.toml"]', 1),
        ('jobs = 1\ncatalog = [\n  "there.toml",\n  "team.toml",\n]', 4),
        ('[catalog]\nfiles = [\n  "team.toml"]', 3),
        ("[catalog]\nnonblocking = []\nfiles = 3", 3),
    ],
)
def test_a_file_that_does_not_exist_is_told_where_it_is_named(tmp_path: Path, text: str, line: int) -> None:
    write(tmp_path, asynclint_toml=text, there_toml="")
    message = (
        f"`catalog` names `{tmp_path / 'team.toml'}`, which does not exist"
        if "team" in text
        else "`files`: expected a list of catalog files, got `3`"
    )
    with pytest.raises(ConfigError) as error:
        knowledge.catalog(load((str(tmp_path),)))
    assert str(error.value) == f"{tmp_path / 'asynclint.toml'}:{line}: {message}"


def test_a_file_named_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, team_toml=TEAM))
    assert "acme.load" in knowledge.catalog(load((".",), config=['catalog=["team.toml"]'])).blocks
    with pytest.raises(ConfigError, match=r"^--config: `catalog` names `.*none\.toml`, which does not exist"):
        knowledge.catalog(load((".",), config=['catalog=["none.toml"]']))


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    write(tmp_path, asynclint_toml='catalog = ["team.toml"]', team_toml="[[blocks\n")
    with pytest.raises(ConfigError, match=r"team\.toml: not valid TOML: .*line 1"):
        knowledge.catalog(load((str(tmp_path),)))


LINES = '''\
a = """
[[blocks]]
"""
rows = [
    { x = 1 },
    { x = 2, y = [3, 4] },
]
[[blocks]]
b.c = 1
[[blocks]]
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("a",), 1),
        (("rows",), 4),
        (("rows", 0, "x"), 5),
        (("rows", 1, "x"), 6),
        (("blocks", 0), 8),
        (("blocks", 0, "b", "c"), 9),
        (("blocks", 1), 10),
    ],
)
def test_the_line_of_a_value(place: tuple[str | int, ...], line: int) -> None:
    assert knowledge.line_of(LINES, place) == line


# -- what it changes


def test_the_user_wins_over_what_ships_also_under_another_name(tmp_path: Path) -> None:
    app = "import requests\nimport time\n\n\nasync def main():\n    requests.get('x')\n    requests.post('x')\n    time.sleep(1)\n    time.monotonic()\n"
    config = '[[catalog.nonblocking]]\ncall = ["requests.api.get", "time.sleep"]\n[[catalog.blocks]]\ncall = "time.monotonic"\non = "cpu"\n'
    write(tmp_path, app_py=app, asynclint_toml=config)
    assert found(tmp_path) == ["app.py:7 ASL104", "app.py:9 ASL108"]


def test_the_user_wins_over_every_method_of_a_type(tmp_path: Path) -> None:
    app = "import boto3\n\n\nasync def main():\n    s3 = boto3.client('s3')\n    s3.get_object()\n    s3.list_buckets()\n"
    assert found(write(tmp_path, app_py=app)) == ["app.py:5 ASL102", "app.py:6 ASL104", "app.py:7 ASL104"]
    write(tmp_path, asynclint_toml='[[catalog.nonblocking]]\ncall = "botocore.client.BaseClient.*"\n')
    assert found(tmp_path) == ["app.py:5 ASL102"]


DB = """\
import time
from elsewhere import make


def query():
    return make()


def cached():
    time.sleep(1)


class Session:
    def __init__(self):
        make(self)

    def run(self):
        make(self)

    def close(self):
        make(self)

    @property
    def size(self):
        return make(self)

    @property
    def quick(self):
        return time.sleep(1)


class Special(Session):
    pass


session = Session()
dynamic = make()
"""
USES = """\
from . import db, query as q
from .db import Session, Special, session


def helper():
    q()


async def main(given: Session):
    db.query()
    db.cached()
    helper()
    session.run()
    Special().run()
    given.close()
    db.dynamic()
    print(given.size, given.quick)
"""


def test_functions_of_the_project(tmp_path: Path) -> None:
    config = """
[[catalog.blocks]]
call = ["shop.query", "shop.db.Session", "shop.db.session.run", "shop.db.Session.size", "shop.db.dynamic"]
on = "database"
[[catalog.nonblocking]]
call = ["shop.db.cached", "shop.db.Session.quick"]
"""
    write(tmp_path, shop__db_py=DB, shop__uses_py=USES)
    (tmp_path / "shop" / "__init__.py").write_text("from shop.db import query\n")
    assert found(tmp_path) == ["shop/uses.py:11 ASL110", "shop/uses.py:17 ASL110"]
    write(tmp_path, asynclint_toml=config)
    assert found(tmp_path) == [
        "shop/uses.py:10 ASL105",
        "shop/uses.py:12 ASL110",
        "shop/uses.py:13 ASL105",
        "shop/uses.py:14 ASL105",
        "shop/uses.py:14 ASL105",
        "shop/uses.py:16 ASL105",
        "shop/uses.py:17 ASL105",
    ]


def test_every_public_function_of_a_type_or_module(tmp_path: Path) -> None:
    write(tmp_path, shop__db_py=DB, shop__uses_py=USES)
    (tmp_path / "shop" / "__init__.py").write_text("from shop.db import query\n")
    write(tmp_path, asynclint_toml='[[catalog.blocks]]\ncall = ["shop.db.*", "shop.db.Session.*"]\non = "database"\n')
    assert {each.partition(":")[2] for each in found(tmp_path)} >= {"10 ASL105", "11 ASL105", "12 ASL110", "13 ASL105", "15 ASL105", "17 ASL105"}


# -- marks


@pytest.mark.parametrize(
    ("decorator", "row", "codes"),
    [
        ("own.slow", 'on = "cpu"', ["ASL108"]),
        ("own.slow", "nonblocking = true", []),
        ('own.slow("network")', 'on = "cpu"', ["ASL104"]),
        ('own.slow("a label")', 'on = "cpu"', ["ASL108"]),
        ("slow_again", 'on = "cpu"', ["ASL108"]),
        ("elsewhere.slow", 'on = "cpu"', []),
        ("own.fast", 'on = "cpu"', []),
    ],
)
def test_decorators_that_a_catalog_names(tmp_path: Path, decorator: str, row: str, codes: list[str]) -> None:
    own = "def slow(given):\n    return given\n\n\ndef fast(given):\n    return given\n"
    app = f"import elsewhere\nimport own\nfrom own import slow as slow_again\n\n\n@{decorator}\ndef work():\n    ...\n\n\nasync def main():\n    work()\n"
    write(tmp_path, own_py=own, app_py=app, asynclint_toml=f'[[catalog.marks]]\ndecorator = "own.slow"\n{row}\n')
    assert found(tmp_path) == [f"app.py:12 {code}" for code in codes]


def test_a_decorator_of_a_library(tmp_path: Path) -> None:
    app = "from acme import native\n\n\n@native\ndef work():\n    ...\n\n\nasync def main():\n    work()\n"
    write(tmp_path, app_py=app, asynclint_toml='[[catalog.marks]]\ndecorator = "acme.native"\non = "file"\n')
    assert found(tmp_path) == ["app.py:10 ASL102"]


def test_a_mark_counts_as_long_as_it_stands_there(tmp_path: Path) -> None:
    app = "def work():{}\n    ...\n\n\nasync def main():\n    work()\n"
    for mark, codes in (("  # asynclint: blocking", ["app.py:6 ASL106"]), ("", []), ("  # asynclint: blocking[file]", ["app.py:6 ASL102"])):
        write(tmp_path, app_py=app.format(mark))
        assert found(tmp_path) == codes


# -- installed libraries


def test_an_entry_counts_for_an_installed_library_and_says_nothing_of_its_other_functions(tmp_path: Path) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.13" / "site-packages" / "acme"
    packages.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.13\n")
    (packages / "__init__.py").write_text("from acme.core import Client, load\n")
    body = (
        "import time\nimport _native\n\n\nclass Client:\n    def fetch(self):\n        _native.go()\n\n    def wait(self):\n        time.sleep(1)\n\n"
    )
    (packages / "core.py").write_text(f"{body}\ndef load():\n    time.sleep(1)\n")
    write(tmp_path, app_py="import acme\n\n\nasync def main(client: acme.Client):\n    client.fetch()\n    client.wait()\n    acme.load()\n")
    assert found(tmp_path) == ["app.py:6 ASL110", "app.py:7 ASL110"]
    config = '[[catalog.blocks]]\ncall = "acme.Client.fetch"\non = "network"\n[[catalog.nonblocking]]\ncall = "acme.load"\n'
    write(tmp_path, asynclint_toml=config)
    assert found(tmp_path) == ["app.py:5 ASL104", "app.py:6 ASL110"]
    write(tmp_path, asynclint_toml=config.replace("acme.", "acme.core."))
    assert found(tmp_path) == ["app.py:5 ASL104", "app.py:6 ASL110"]
