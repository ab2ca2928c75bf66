"""What is known of the world outside the project: reads `rules/catalog/*.toml` and answers by canonical dotted path.

The format of the files is described in the architecture (section 4); a table or key that is not known is an error that names the file.
A few files are always read. Every other one is a family: named after the import roots it speaks about, joined by `+` (`boto3+botocore.toml`), it is
read when a module of the program imports one of them. So are the summaries in the folder `derived` (see `program.summaries`), after the families.
"""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asynclint.index.facts import Ref

DERIVED = "derived"  # the folder of summaries in that of the catalog
ALWAYS = frozenset({"stdlib", "frameworks", "cancellation"})  # the files that are no families
_DOTTED = re.compile(r"(?!(True|False|None)$)[A-Za-z_][\w.]*")
_NOTHING: Mapping[str, str] = MappingProxyType({})
KINDS = ("sleep", "process", "network", "database", "wait", "console", "cpu", "file")  # loudest first


class CatalogError(Exception):
    """A catalog file that cannot be used; the message names the file and the entry."""


@record(frozen=True, slots=True)
class Condition:
    """`name=LITERAL` or `argN=LITERAL`: true of a call that passes just that. The literal may be a dotted name (`os.WNOHANG`), or `...`: anything."""

    keyword: str
    position: int  # -1: by keyword only
    value: Ref

    def holds(self, arguments: tuple[tuple[str | None, Ref], ...]) -> bool:
        """Whether a call's arguments meet the condition."""
        return any(
            (keyword == self.keyword or (keyword is None and n == self.position)) and _same(value, self.value)
            for n, (keyword, value) in enumerate(arguments)
        )


@record(frozen=True, slots=True)
class Block:
    """A callable outside the project that blocks the calling thread."""

    path: str
    kind: str
    instead: str = ""
    offload: str = "safe"  # safe, unsafe, never
    unless: tuple[Condition, ...] = ()
    only_if: tuple[Condition, ...] = ()
    takes_file: int = -1  # the argument that is a file; one in memory does not block
    takes_path: int = -1  # the argument that is a path or something else; only what is surely a path blocks
    light: bool = False
    lazy: bool = False  # gives an iterator that does the work while it is iterated
    help: str = ""
    by: str = ""  # where a summary tells: the distribution, its version, and the chain inside it

    def of(self, path: str) -> Block:
        """The same, said of another path."""
        rest = (self.unless, self.only_if, self.takes_file, self.takes_path, self.light, self.lazy, self.help, self.by)
        return Block(path, self.kind, self.instead, self.offload, *rest)


@record(frozen=True, slots=True)
class Type:
    """A class outside the project."""

    path: str
    bases: tuple[str, ...] = ()
    returns: Mapping[str, str] = _NOTHING
    attributes: Mapping[str, str] = _NOTHING
    operators: Mapping[str, str] = _NOTHING
    enter: str = "self"
    async_enter: str = "self"
    items: str = ""


@record(frozen=True, slots=True)
class Offload:
    """A callable that runs one of its arguments in a worker thread or process."""

    path: str
    callable: int | str
    awaits: bool = False
    keywords: bool = False


@record(frozen=True, slots=True)
class Lock:
    """A lock type that blocks its thread, and its asynchronous counterpart ("" where there is none)."""

    path: str
    instead: str = ""
    reentrant: bool = False


@record(frozen=True, slots=True)
class Entry:
    """A framework's way of calling a function of the project: a decorator, or an overridden method."""

    decorator: str = ""
    override: str = ""
    sync_runs: str = "thread"


class Catalog:
    """Everything known of the outside world, by canonical path."""

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {}
        self.every: dict[str, Block] = {}  # types of which every method in lower case blocks that no table names
        self.types: dict[str, Type] = {}
        self.returns: dict[str, str] = {}
        self.bare: dict[str, str] = {}  # what a call without arguments gives
        self.when: dict[str, tuple[tuple[Condition, ...], str]] = {}  # what a call with certain arguments gives
        self.nonblocking: set[str] = set()  # methods that do not block, though those of a base do
        self.aliases: dict[str, str] = {}
        self.offloads: dict[str, Offload] = {}
        self.wrappers: dict[str, int | str] = {}
        self.loop_callbacks: dict[str, int | str] = {}
        self.callers: dict[str, int | str] = {}  # what calls an argument at once, with the arguments after it
        self.exit_callbacks: dict[str, int | str] = {}  # what they are given runs after every event loop
        self.entries: dict[str, Entry] = {}
        self.tasks: set[str] = set()
        self.locks: dict[str, Lock] = {}
        self.touches_loop: set[str] = set()
        self.coroutines: set[str] = set()
        self.cancellations: set[str] = set()  # exceptions, and callables that give one, that catch a cancellation
        self.caches: set[str] = set()  # decorators after which a function runs once and then answers from memory
        self.endings: set[str] = set()  # callables that do not return
        self._is_installed: Callable[[str], bool] = lambda module: False  # the source of what is installed tells more than its summary
        self._families: dict[str, str] = {}  # import roots -> the files of families that were not read yet
        self._summaries: dict[str, list[str]] = {}  # import roots -> the files of summaries that were not read yet
        self._canonical: dict[str, str] = {}
        self._methods: dict[tuple[str, str], str] = {}
        self._entries: frozenset[str] | None = None
        self._mentioned: frozenset[str] = frozenset()
        self._last_names: frozenset[str] | None = None

    # -- reading

    @classmethod
    def load(cls, folder: str, *, summaries: bool = True) -> Catalog:
        """The catalog of the files in a folder that are always read; it goes on to read the others, of `summaries` only if it may. Raises
        CatalogError.
        """
        catalog = cls()
        if summaries and os.path.isdir(derived := os.path.join(folder, DERIVED)):
            catalog.add_summaries(derived)
        for name in sorted(os.listdir(folder)):
            stem, suffix = os.path.splitext(name)
            if suffix != ".toml":
                continue
            if stem in ALWAYS:
                catalog._read(os.path.join(folder, name))
            else:
                catalog._families.update(dict.fromkeys(stem.split("+"), os.path.join(folder, name)))
        return catalog

    def extend(self, imported: Iterable[str]) -> None:
        """Read the families of what a program imports (first parts of names), and those of the types that they give. Raises CatalogError."""
        roots = imported = set(imported)
        while paths := {self._families[root] for root in roots & self._families.keys()}:
            for path in sorted(paths):
                self._read(path)
            self._families = {root: path for root, path in self._families.items() if path not in paths}
            roots = self.within_reach(imported)
        self._summarized(roots, imported)

    def _summarized(self, roots: set[str], imported: set[str]) -> None:
        """Read the summaries of what lies within reach, and the families of the types that they give."""
        paths = {path for root in roots & self._summaries.keys() for path in self._summaries.pop(root)}
        if not paths:
            return
        from asynclint.program import summaries

        try:
            found = [(summaries.read(path), path) for path in sorted(paths)]
            found = [(data, path) for data, path in found if not any(map(self._is_installed, data.get("modules", ())))]
            for data, path in found:
                summaries.add(self, data, path)
        except summaries.SummaryError as error:
            raise CatalogError(str(error)) from None
        if found:
            self.extend(imported)

    def prefer(self, is_installed: Callable[[str], bool]) -> None:
        """Take no summaries of distributions of which this says that a module is installed."""
        self._is_installed = is_installed

    def add_summaries(self, folder: str) -> None:
        """Note the summaries in a folder, to be read when their import roots come within reach."""
        for name in sorted(os.listdir(folder)):
            stem, suffix = os.path.splitext(name)
            if suffix == ".json":
                for root in stem.partition("@")[2].split("+"):
                    self._summaries.setdefault(root, []).append(os.path.join(folder, name))

    def _read(self, path: str) -> None:
        import tomli

        try:
            with open(path, "rb") as file:
                self.add(tomli.load(file), path)
        except tomli.TOMLDecodeError as error:
            raise CatalogError(f"{path}: {error}") from None

    def add(self, tables: dict[str, Any], origin: str) -> None:
        """Take in the tables of one file. Raises CatalogError where a table or key is unknown or a value has the wrong shape."""
        for table, content in tables.items():
            if table == "aliases":
                self.aliases.update(content)
                continue
            reader = _READERS.get(table)
            if reader is None:
                raise CatalogError(f"{origin}: unknown table `{table}`; known are aliases, {', '.join(_READERS)}")
            for row in content:
                try:
                    reader(self, dict(row))
                except (KeyError, TypeError, ValueError, SyntaxError) as error:
                    raise CatalogError(f"{origin}: [[{table}]] {row}: {error}") from None
        self._canonical.clear()
        self._methods.clear()
        self._entries = self._last_names = None

    # -- asking

    def has_entry(self, path: str) -> bool:
        """Whether any table has an entry of the path."""
        self._collect()
        return path in self._entries  # type: ignore[operator]

    def mentions(self, path: str) -> bool:
        """Whether any table has an entry of the path or of something in it: a class is the catalog's if one of its methods is."""
        self._collect()
        return path in self._mentioned

    @property
    def last_names(self) -> frozenset[str]:
        """The last names of all callables that `knows` knows."""
        if self._last_names is None:
            tables = (table for name, table in vars(self).items() if not name.startswith("_"))
            self._last_names = frozenset(path.rpartition(".")[2] for table in tables for path in table if self.knows(path))
        return self._last_names

    def _collect(self) -> None:
        if self._entries is None:
            tables = [table for name, table in vars(self).items() if not name.startswith("_")]
            self._entries = frozenset(path for table in tables for path in table)
            parts = [path.split(".") for path in self._entries]
            self._mentioned = frozenset(".".join(part[:n]) for part in parts for n in range(1, len(part) + 1))

    def canonical(self, path: str) -> str:
        """The documented spelling of a dotted path: aliases resolved, also of its prefixes."""
        known = self._canonical.get(path)
        if known is None:
            known = self.aliases.get(path)
            if known is None:
                head, _, tail = path.rpartition(".")
                known = f"{self.canonical(head)}.{tail}" if head else path
                known = self.aliases.get(known, known)
            self._canonical[path] = known
        return known

    def ancestry(self, path: str) -> list[str]:
        """A type and its bases, nearest first."""
        found, todo = [], [path]
        while todo:
            current = todo.pop(0)
            if current not in found:
                found.append(current)
                known = self.types.get(current)
                if known:
                    todo.extend(map(self.canonical, known.bases))
        return found

    def method(self, path: str, name: str) -> str:
        """The path under which a method of a type is known: that of the nearest class in its ancestry of which something is known."""
        key = (path, name)
        found = self._methods.get(key)
        if found is None:
            found = f"{path}.{name}"
            for owner in self.ancestry(path):
                candidate = f"{owner}.{name}"
                if self.knows(candidate) or (owner in self.types and name in self.types[owner].returns):
                    found = candidate
                    break
            self._methods[key] = found
        return found

    def block(self, path: str) -> Block | None:
        """What calling a path blocks on: by its own row, or by that of every method of its type."""
        found = self.blocks.get(path)
        if found is None and self.every:
            owner, _, name = path.rpartition(".")
            every = self.every.get(owner)
            if every is not None and name[0].islower() and not self._names(path):
                found = self.blocks[path] = every.of(path)
        return found

    def knows(self, path: str) -> bool:
        """Whether any table of callables has the path, or the type's every method is known."""
        return self._names(path) or self.block(path) is not None

    def _names(self, path: str) -> bool:
        return (
            path in self.blocks
            or path in self.nonblocking
            or path in self.returns
            or path in self.offloads
            or path in self.loop_callbacks
            or path in self.callers
            or path in self.exit_callbacks
            or path in self.tasks
            or path in self.coroutines
            or path in self.touches_loop
            or path in self.wrappers
        )

    def is_type(self, path: str) -> bool:
        """Whether a path is that of a class, not of a module: it is in the catalog as one, or written as one."""
        return path in self.types or path.rpartition(".")[2][:1].isupper()

    def within_reach(self, roots: Iterable[str]) -> set[str]:
        """The top-level modules whose objects a program may hold that imports these: the types that calls give and inherit from included."""
        return _closure(self._gives(), {"builtins", "io", "typing", *roots})

    def leading_to(self, paths: Iterable[str]) -> set[str]:
        """The top-level modules that give, themselves or through others, objects of the types at these paths."""
        return _closure({(target, source) for source, target in self._gives()}, map(_root, paths))

    def _gives(self) -> set[tuple[str, str]]:
        """Pairs of top-level modules: one, and one of whose types its calls give or its types are."""
        steps: list[tuple[str, str]] = [*self.returns.items(), *self.bare.items(), *self.aliases.items()]
        for path, known in self.types.items():
            given = (*known.returns.values(), *known.attributes.values(), *known.operators.values(), known.enter, known.async_enter, known.items)
            steps += [(path, type_) for type_ in (*given, *known.bases)]
        return {(_root(source), _root(target.rpartition(":")[2])) for source, target in steps}

    def attribute(self, path: str, name: str) -> str:
        """The type of an attribute of a type's instances, or ""."""
        for owner in self.ancestry(path):
            known = self.types.get(owner)
            if known and name in known.attributes:
                return self._self(known.attributes[name], path)
        return ""

    def result(self, path: str, receiver: str = "") -> str:
        """The type that a call gives, or "": `receiver` is the type of the instance for a method."""
        if path in self.returns:
            return self._self(self.returns[path], receiver)
        owner, _, name = path.rpartition(".")
        for base in self.ancestry(owner):
            known = self.types.get(base)
            type_ = (known.returns.get(name) or known.returns.get("*")) if known else None
            if type_:
                return self._self(type_, receiver or owner)
        return ""

    def trait(self, path: str, name: str) -> str:
        """`enter`, `async_enter` or `items` of a type, with "self" replaced; "" where nothing is known."""
        for owner in self.ancestry(path):
            known = self.types.get(owner)
            if known:
                value = str(getattr(known, name))
                if value and value != "self":
                    return value
        return "" if name == "items" else path

    def operator(self, path: str, symbol: str) -> str:
        """The type of a binary operation with an instance of the type, or ""."""
        for owner in self.ancestry(path):
            known = self.types.get(owner)
            if known and symbol in known.operators:
                return self._self(known.operators[symbol], path)
        return ""

    def names(self, paths: Iterable[str]) -> set[str]:
        """The last names of paths; of a constructor the class's name."""
        return {path.rpartition(".")[2] for path in paths}

    @staticmethod
    def _self(type_: str, receiver: str) -> str:
        head, _, tail = type_.rpartition(":")
        return f"{head}:{receiver}" if tail == "self" and head else receiver if tail == "self" else type_


def _closure(pairs: set[tuple[str, str]], first: Iterable[str]) -> set[str]:
    found, before = set(first), 0
    while len(found) > before:
        before = len(found)
        found |= {target for source, target in pairs if source in found}
    return found


def _root(path: str) -> str:
    return path.partition(".")[0]


def _paths(row: dict[str, Any], key: str = "call") -> list[str]:
    value = row.pop(key)
    found = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(path, str) and path for path in found):
        raise ValueError(f"`{key}` takes a dotted path or a list of them")
    return found


def _same(ref: Ref, wanted: Ref) -> bool:
    """Whether an argument is the one a condition names; `0`, `0.0` and `False` are the same to the functions they are given to."""
    return wanted == ("const", ...) or bool(ref == wanted)


def _end(row: dict[str, Any]) -> None:
    if row:
        raise ValueError(f"unknown key `{next(iter(row))}`")


@cache  # the same few conditions stand in many rows
def _condition(text: str) -> Condition:
    name, sign, literal = text.partition("=")
    if not sign:
        raise ValueError(f"`{text}` is not of the form name=LITERAL")
    value = literal if _DOTTED.fullmatch(literal) else ("const", ast.literal_eval(literal))
    if name.startswith("arg") and name[3:].isdigit():
        return Condition("", int(name[3:]), value)
    return Condition(name, -1, value)


def _block(catalog: Catalog, row: dict[str, Any]) -> None:
    paths, kind = _paths(row), row.pop("on")
    if kind not in KINDS:
        raise ValueError(f"`on` is one of {', '.join(KINDS)}")
    offload = row.pop("offload", "safe")
    if offload not in ("safe", "unsafe", "never"):
        raise ValueError("`offload` is one of safe, unsafe, never")
    unless, only_if = (tuple(map(_condition, row.pop(key, ()))) for key in ("unless", "only_if"))
    rest = {key: row.pop(key) for key in ("instead", "takes_file", "takes_path", "light", "lazy", "help", "by") if key in row}
    _end(row)
    for path in paths:
        block = Block(path, kind, offload=offload, unless=unless, only_if=only_if, **rest)
        owner, _, name = path.rpartition(".")
        if name == "*":
            catalog.every[owner] = block
        else:
            catalog.blocks[path] = block


def _type(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row, "type"):
        rest = dict(row)
        bases = rest.pop("bases", ())
        catalog.types[path] = Type(path, (bases,) if isinstance(bases, str) else tuple(bases), **rest)


def _returns(catalog: Catalog, row: dict[str, Any]) -> None:
    paths = _paths(row)
    if "when" in row:
        catalog.when.update(dict.fromkeys(paths, (tuple(map(_condition, row.pop("when"))), row.pop("type"))))
    for key, table in (("type", catalog.returns), ("bare", catalog.bare)):
        if key in row:
            table.update(dict.fromkeys(paths, row.pop(key)))
    _end(row)


def _offload(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row):
        catalog.offloads[path] = Offload(path, **row)


def _positions(table: str) -> Callable[[Catalog, dict[str, Any]], None]:
    def read(catalog: Catalog, row: dict[str, Any]) -> None:
        paths, position = _paths(row), row.pop("callable")
        _end(row)
        getattr(catalog, table).update(dict.fromkeys(paths, position))

    return read


def _entry(catalog: Catalog, row: dict[str, Any]) -> None:
    key = "decorator" if "decorator" in row else "override"
    for path in _paths(row, key):
        catalog.entries[path] = Entry(**{key: path}, **row)


def _lock(catalog: Catalog, row: dict[str, Any]) -> None:
    for path in _paths(row, "type"):
        catalog.locks[path] = Lock(path, **row)


def _set(table: str) -> Callable[[Catalog, dict[str, Any]], None]:
    def read(catalog: Catalog, row: dict[str, Any]) -> None:
        paths = _paths(row)
        row.pop("coroutine", None)
        _end(row)
        getattr(catalog, table).update(paths)

    return read


_READERS: dict[str, Callable[[Catalog, dict[str, Any]], None]] = {
    "blocks": _block,
    "types": _type,
    "returns": _returns,
    "offloads": _offload,
    "wrappers": _positions("wrappers"),
    "loop_callbacks": _positions("loop_callbacks"),
    "callers": _positions("callers"),
    "exit_callbacks": _positions("exit_callbacks"),
    "entries": _entry,
    "tasks": _set("tasks"),
    "locks": _lock,
    "touches_loop": _set("touches_loop"),
    "coroutines": _set("coroutines"),
    "cancellations": _set("cancellations"),
    "endings": _set("endings"),
    "caches": _set("caches"),
    "nonblocking": _set("nonblocking"),
}
