"""The data of rules/catalog/*.toml: well-formed everywhere, and true to the running Python where it speaks of the standard library. What it says of
other libraries was read from the versions that the head of each file names; these are not installed here.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import multiprocessing
import pkgutil
import re
import select
import sys
import threading
import warnings
from collections import Counter
from pathlib import Path

import pytest
import tomli

from asynclint.program.catalog import ALWAYS, Catalog

FOLDER = Path(__file__).parent.parent / "rules" / "catalog"
CATALOG = {path.stem: tomli.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))}
SISTERS = ["stdlib", "ftplib+imaplib+mailbox+nntplib+poplib+smtplib+telnetlib"]
STDLIB: dict = {"aliases": {}}  # what the files about the standard library say together
for one in SISTERS:
    for name, content in CATALOG[one].items():
        STDLIB[name] = {**STDLIB[name], **content} if name == "aliases" else STDLIB.get(name, []) + content
FAMILIES = sorted(CATALOG.keys() - ALWAYS)

KEYS = {  # table -> what an entry must have, what it may have
    "blocks": ({"call", "on"}, {"instead", "offload", "unless", "only_if", "takes_file", "takes_path", "light", "lazy", "help", "bound_unless"}),
    "types": ({"type"}, {"bases", "returns", "attributes", "operators", "enter", "async_enter", "items", "callable"}),
    "returns": ({"call"}, {"type", "bare", "when"}),
    "offloads": ({"call", "callable", "awaits", "keywords"}, {"each"}),
    "wrappers": ({"call", "callable"}, set()),
    "loop_callbacks": ({"call", "callable"}, set()),
    "callers": ({"call", "callable"}, set()),
    "exit_callbacks": ({"call", "callable"}, set()),
    "entries": ({"sync_runs"}, {"decorator", "override"}),
    "tasks": ({"call", "coroutine"}, set()),
    "locks": ({"type", "instead"}, {"reentrant"}),
    "runners": ({"call", "backend"}, {"coroutine", "loop"}),
    "reflection": ({"call"}, {"name"}),
    "endless": ({"call"}, {"until_told"}),
    "touches_loop": ({"call"}, set()),
    "coroutines": ({"call"}, set()),
    "nonblocking": ({"call"}, set()),
    "cancellations": ({"call"}, set()),
    "markers": ({"call"}, set()),
    "endings": ({"call"}, set()),
    "swallowing": ({"call"}, set()),
    "groups": ({"call", "starts"}, set()),
    "caches": ({"call"}, set()),
    "marks": ({"decorator"}, {"on", "nonblocking"}),
    "aware": ({"call", "of"}, {"only_if", "unless"}),
    "walks": ({"call", "argument"}, {"deep", "changes"}),
    "shares": ({"call", "argument", "part"}, set()),
    "mutable": ({"type"}, set()),
    "bound": ({"type"}, set()),
    "file_uses": ({"call", "does"}, {"paths", "mode", "unless", "only_if", "lost"}),
    "holds": ({"call"}, {"unless", "awaits", "block"}),
    "releases": ({"call"}, set()),
    "process_state": ({"call"}, set()),
    "sequences": ({"type"}, set()),
    "positions": ({"call"}, set()),
    "changes": ({"call"}, set()),
    "unique": ({"call"}, set()),
    "suspends": ({"call"}, set()),
}
CHOICES = {
    "on": {"sleep", "file", "process", "network", "database", "wait", "console", "cpu"},
    "offload": {"safe", "unsafe", "process", "never"},
    "sync_runs": {"thread", "loop"},
    "does": {"looks", "reads", "writes", "makes", "removes", "opens"},
    "starts": {"create_task", "start_soon"},
    "loop": {"new", "given", "other"},
    "of": {"exception", "frame", "thread", "main", "context", "code"},
    "part": {"all", "inside", "item"},
}

SINCE = {  # a path, or what it starts with -> the first version that has it
    (3, 11): [
        "tomllib", "hashlib.file_digest", "importlib.resources.abc", "sqlite3.Blob", "sqlite3.Connection.blobopen", "asyncio.TaskGroup",
        "asyncio.taskgroups", "asyncio.Timeout", "asyncio.timeout", "asyncio.timeout_at", "asyncio.timeouts", "asyncio.Runner", "asyncio.Barrier",
        "asyncio.StreamWriter.start_tls", "asyncio.AbstractEventLoop.sock_recvfrom", "asyncio.AbstractEventLoop.sock_recvfrom_into",
        "asyncio.AbstractEventLoop.sock_sendto",
    ],
    (3, 12): ["pathlib.Path.walk", "pathlib.PurePath.with_segments"],
    (3, 13): ["pathlib.Path.from_uri", "pathlib._local", "asyncio.EventLoop", "dbm.sqlite3"],
}  # fmt: skip
UNTIL = {  # the first version that has it no more
    (3, 12): ["pathlib.Path.link_to", "configparser.SafeConfigParser"],
    (3, 13): ["telnetlib", "nntplib", "aifc", "sunau", "imghdr"],
    (3, 14): ["importlib.abc.Traversable", "urllib.request.URLopener"],
}
ELSEWHERE = ["uvloop", "asyncio.ProactorEventLoop", "asyncio.windows_events", "multiprocessing.connection.PipeConnection"]  # not here: Windows, PyPI

INSTANCES = {  # classes that are functions, or whose methods are made for each instance
    "threading.Lock": threading.Lock,
    "threading.RLock": threading.RLock,
    "threading.Condition": threading.Condition,
    "select.poll": select.poll,
    "multiprocessing.synchronize.SemLock": multiprocessing.Lock,
    "asyncio.Condition": asyncio.Condition,
}


def resolve(path: str) -> object:
    """What a dotted path stands for. Raises ImportError or AttributeError."""
    path = path.replace("(maxsize)", "").removesuffix(".*")  # `queue.Queue(maxsize)`: made with a size; `.*`: every method
    owner, _, name = path.rpartition(".")
    if owner in INSTANCES:
        return getattr(INSTANCES[owner](), name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # modules on their way out say so
        return pkgutil.resolve_name(path)


def exists(path: str) -> bool:
    try:
        resolve(path)
    except (ImportError, AttributeError):
        return False
    return True


def expected(path: str) -> bool:
    """Whether the running Python should have the path."""

    def named(paths: list[str]) -> bool:
        return any(path == prefix or path.startswith(prefix + ".") for prefix in paths)

    absent = any(named(paths) for version, paths in SINCE.items() if sys.version_info < version)
    gone = any(named(paths) for version, paths in UNTIL.items() if sys.version_info >= version)
    return not (absent or gone or named(ELSEWHERE))


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def paths_of(entry: dict, *keys: str) -> list[str]:
    return [path for key in keys for path in listed(entry.get(key, []))]


def entries(catalog: dict, table: str) -> list[dict]:
    return catalog.get(table, [])


def all_paths(catalog: dict) -> list[str]:
    """Every path that a file speaks of, aliases' spellings excepted."""
    found = list(catalog.get("aliases", {}).values())
    for table in KEYS:
        for entry in entries(catalog, table):
            found += paths_of(entry, "call", "type", "decorator", "override", "bases", "instead", "enter", "async_enter", "items")
            for key in ("returns", "attributes", "operators"):
                found += entry.get(key, {}).values()
            found += [f"{path}.{name}" for path in (paths_of(entry, "type") if table == "types" else ()) for name in entry.get("returns", {})]
    found = [re.sub(r"\(\)\.__\w+$", "", path) for path in found]  # `Executor.map().__iter__`: of what it gives
    plain = {re.sub(r"\(\w*\)", "", path) for path in found}  # `queue.Queue()`, made without arguments; `wrap_future(self)`, of the receiver
    return sorted({path.rpartition(":")[2] for path in plain} - {"self", ""})


# -- form


@pytest.mark.parametrize("name", CATALOG)
def test_tables_and_keys_are_the_known_ones(name: str) -> None:
    for table, rows in CATALOG[name].items():
        if table == "aliases":
            assert all(isinstance(target, str) for target in rows.values())
            continue
        must, may = KEYS[table]
        for row in rows:
            assert must <= row.keys() <= must | may, (table, row)
            assert table != "entries" or len(row) == 2, row


@pytest.mark.parametrize("name", CATALOG)
def test_values_are_legal(name: str) -> None:
    for table in KEYS:
        for row in entries(CATALOG[name], table):
            for key, legal in CHOICES.items():
                assert row.get(key) in legal | {None}, row
            assert not row.get("help", "").endswith("."), row
            for condition in row.get("unless", []) + row.get("only_if", []) + row.get("bound_unless", []):
                keyword, _, literal = condition.partition("=")
                assert keyword.isidentifier(), condition
                if not re.fullmatch(r"[A-Za-z]\w*(\.\w+)+", literal):  # os.WNOHANG
                    ast.literal_eval(literal)


@pytest.mark.parametrize("table", [table for table in KEYS if table != "entries"])
def test_nothing_is_said_twice(table: str) -> None:
    key = "type" if table in ("types", "locks", "mutable", "bound") else "call"
    rows = [row for catalog in CATALOG.values() for row in entries(catalog, table)]
    apart = ("of", "argument", "changes")  # of such a table a path may have several rows
    paths = Counter((path, tuple(row.get("when", ())), *map(row.get, apart)) for row in rows for path in paths_of(row, key))
    assert [path for path, times in paths.items() if times > 1] == []


def test_no_alias_is_said_twice_or_leads_to_an_alias() -> None:
    spellings = Counter(spelling for catalog in CATALOG.values() for spelling in catalog.get("aliases", {}))
    assert [spelling for spelling, times in spellings.items() if times > 1] == []
    assert [target for catalog in CATALOG.values() for target in catalog.get("aliases", {}).values() if target in spellings] == []


@pytest.mark.parametrize("name", CATALOG)
def test_every_path_is_canonical(name: str) -> None:
    """An entry under a spelling that has an alias would never be found."""
    aliases = {spelling for catalog in CATALOG.values() for spelling in catalog.get("aliases", {})}
    for path in all_paths(CATALOG[name]):
        parts = path.split(".")
        assert aliases.isdisjoint(".".join(parts[:n]) for n in range(1, len(parts) + 1)), path


@pytest.mark.parametrize("name", CATALOG)
def test_a_path_is_dotted(name: str) -> None:
    assert [path for path in all_paths(CATALOG[name]) if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.\*|\*)?", path)] == []


def test_an_import_root_has_one_family() -> None:
    roots = Counter(root for name in FAMILIES for root in name.split("+"))
    assert [root for root, times in roots.items() if times > 1 or not root.isidentifier()] == []
    assert CATALOG.keys() >= ALWAYS


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_speaks_about_its_roots(name: str) -> None:
    """It is not read for the sake of others."""
    family = CATALOG[name]
    paths = [*family.get("aliases", {}), *family.get("aliases", {}).values()]
    for table in KEYS:
        for row in entries(family, table):
            paths += paths_of(row, *(("type",) if table in ("types", "locks") else ("call", "decorator", "override")))
    assert {path for path in paths if path.partition(".")[0] not in name.split("+")} == set()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_says_what_it_was_read_from(name: str) -> None:
    assert re.match(r"# .*\d+\.(\d|x)", (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_read_for_each_of_its_roots(name: str) -> None:
    for root in name.split("+"):
        catalog = Catalog.load(str(FOLDER))
        catalog.extend([root])
        for table in ("blocks", "types"):
            for row in entries(CATALOG[name], table):
                known = {*getattr(catalog, table), *(f"{path}.*" for path in catalog.every)}
                assert set(paths_of(row, "call" if table == "blocks" else "type")) <= known


def test_an_awaitable_counterpart_is_a_known_coroutine() -> None:
    coroutines = {path for catalog in CATALOG.values() for row in entries(catalog, "coroutines") for path in paths_of(row, "call")}
    instead = {row["instead"] for catalog in CATALOG.values() for row in entries(catalog, "blocks") if "instead" in row}
    assert instead - {"asyncio.wrap_future(self)"} <= coroutines  # that one gives a future


def test_the_standard_library_is_quick_to_read() -> None:
    assert (FOLDER / "stdlib.toml").stat().st_size < 49_152


# -- truth


@pytest.mark.parametrize("path", [*all_paths(STDLIB), *STDLIB["aliases"]])
def test_path_exists_where_it_should(path: str) -> None:
    assert exists(path) == expected(path)


@pytest.mark.parametrize("path", [path for row in STDLIB["coroutines"] for path in paths_of(row, "call")])
def test_coroutines_are_coroutine_functions(path: str) -> None:
    assert not expected(path) or inspect.iscoroutinefunction(resolve(path))


@pytest.mark.parametrize(
    ("path", "bases"), [(path, row["bases"]) for row in STDLIB["types"] if "bases" in row for path in paths_of(row, "type") if "(" not in path]
)
def test_bases_are_bases(path: str, bases: list[str]) -> None:
    """Files are the exception: they only behave like typing.IO."""
    if expected(path) and not path.startswith(("io.", "codecs.", "tempfile.", "os.")):
        assert all(issubclass(resolve(path), resolve(base)) for base in bases)


def parameters(path: str) -> list[inspect.Parameter] | None:
    """The parameters of a callable without self, or None where Python does not tell or takes any."""
    found = resolve(path)
    try:
        signature = inspect.signature(found)
    except (ValueError, TypeError):
        return None
    known = list(signature.parameters.values())
    owner = path.rpartition(".")[0]
    if owner not in INSTANCES and exists(owner) and inspect.isclass(resolve(owner)) and not inspect.ismethod(found):
        known = known[1:]
    return None if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in known) else known


CONDITIONS = [
    (path, condition)
    for row in STDLIB["blocks"]
    for path in paths_of(row, "call")
    for condition in row.get("unless", []) + row.get("only_if", []) + row.get("bound_unless", [])
]


@pytest.mark.parametrize(("path", "condition"), CONDITIONS)
def test_conditions_name_real_parameters(path: str, condition: str) -> None:
    known = parameters(path) if expected(path) else None
    if known is not None:
        keyword = condition.partition("=")[0]
        position = int(keyword[3:]) if keyword.startswith("arg") and keyword[3:].isdigit() else None
        assert len(known) > position if position is not None else keyword in [p.name for p in known], inspect.signature(resolve(path))


POSITIONS = [
    (path, row[key])
    for table, key in (("blocks", "takes_file"), ("offloads", "callable"), ("loop_callbacks", "callable"), ("tasks", "coroutine"))
    for row in STDLIB[table]
    if key in row
    for path in paths_of(row, "call")
]


@pytest.mark.parametrize(("path", "position"), POSITIONS)
def test_positions_are_those_of_real_parameters(path: str, position: int | str) -> None:
    known = parameters(path) if expected(path) else None
    if known is not None:
        assert position in [p.name for p in known] if isinstance(position, str) else position < len(known)
