"""What is known of the world outside the project: reads `rules/catalog/*.toml` and answers by canonical dotted path.

The format of the files is described in the architecture (section 4); a table or key that is not known is an error that names the file.
A few files are always read. Every other one is a family: named after the import roots it speaks about, joined by `+` (`boto3+botocore.toml`), it is
read when a module of the program imports one of them. So are the summaries in the folder `derived` (see `program.summaries`), after the families.
What the user says is taken in again after each of them, so that it wins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from asynclint.program.tables import READERS, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asynclint.index.facts import Ref
    from asynclint.program.known import Aware, Block, Condition, Entry, FileUse, Hold, Lock, Offload, Runner, Type, Walk

    Arguments = tuple[tuple[str | None, Ref], ...]

DERIVED = "derived"  # the folder of summaries in that of the catalog
ALWAYS = frozenset({"stdlib", "frameworks", "cancellation", "runners", "safety", "threads"})  # the files that are no families
_OF_FIXES = frozenset(  # tables that only fixes ask: they do not tell whether a callable blocks, so others may still speak of it
    ["file_uses", "holds", "releases", "process_state", "sequences", "positions", "changes", "unique", "suspends"]
)


class CatalogError(Exception):
    """A catalog file that cannot be used; the message names the file and the entry."""


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
        self.runners: dict[str, Runner] = {}  # what runs coroutines
        self.reflection: dict[str, int | str] = {}  # what looks attributes up -> the argument that is the name; -1: all of them
        self.endless: dict[str, bool] = {}  # coroutine functions that do not end by themselves -> whether they end when they are told to
        self.locks: dict[str, Lock] = {}
        self.touches_loop: set[str] = set()
        self.coroutines: set[str] = set()
        self.cancellations: set[str] = set()  # exceptions, and callables that give one, that catch a cancellation
        self.caches: set[str] = set()  # decorators after which a function runs once and then answers from memory
        self.markers: set[str] = set()  # callables whose value, as the default of a parameter, tells a framework what to pass
        self.endings: set[str] = set()  # callables that do not return
        self.swallowing: set[str] = set()  # context managers that may end an exception
        self.groups: dict[str, str] = {}  # what makes a group of tasks -> the method of the group that starts one
        self.marks: dict[str, str] = {}  # decorators -> the kind of what a function that has one blocks on, "" for nothing
        self._aware: dict[str, list[Aware]] = {}
        self._walks: dict[str, list[Walk]] = {}
        self._shares: dict[str, list[tuple[int | str, str]]] = {}
        self._mutable: set[str] = set()
        self._thread_bound: set[str] = set()
        self.file_uses: dict[str, FileUse] = {}
        self.holds: dict[str, Hold] = {}
        self.releases: set[str] = set()  # callables that give back what is held
        self.process_state: set[str] = set()  # callables that change what all tasks of the process see, and the names that hold it
        self.sequences: set[str] = set()  # types of which calls in a row belong together: streams, transactions
        self.positions: set[str] = set()  # methods of such types that say where the next one works
        self.changes: set[str] = set()  # methods that change their object at once
        self.unique: set[str] = set()  # callables that give a name that nobody else has
        self.suspends: set[str] = set()  # coroutine functions of which an `await` surely lets other tasks run
        self._taught: list[dict[str, Any]] = []  # the tables of the user
        self._is_installed: Callable[[str], bool] = lambda module: False  # the source of what is installed tells more than its summary
        self._families: dict[str, str] = {}  # import roots -> the files of families that were not read yet
        self._summaries: dict[str, list[str]] = {}  # import roots -> the files of summaries that were not read yet
        self._canonical: dict[str, str] = {}
        self._methods: dict[tuple[str, str], str] = {}
        self._entries: frozenset[str] | None = None
        self._bound: frozenset[str] | None = None
        self._owners: frozenset[str] | None = None
        self._mentioned: set[str] = set()
        self._last_names: frozenset[str] | None = None
        self._of_tables: dict[int, tuple[Iterable[str], frozenset[str]]] = {}  # by the identity of tables

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

    def extend(self, imported: Iterable[str]) -> bool:
        """Read the families of what a program imports (first parts of names), and those of the types that they give; whether any were left to be
        read. Raises CatalogError.
        """
        roots = imported = set(imported)
        unread = len(self._families), len(self._summaries)
        while paths := {self._families[root] for root in roots & self._families.keys()}:
            for path in sorted(paths):
                self._read(path)
            self._families = {root: path for root, path in self._families.items() if path not in paths}
            roots = self.within_reach(imported)
        self._summarized(roots, imported)
        return unread != (len(self._families), len(self._summaries))

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
            self._overrule()
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
                self._overrule()
        except tomli.TOMLDecodeError as error:
            raise CatalogError(f"{path}: {error}") from None

    def add(self, tables: dict[str, Any], origin: str) -> None:
        """Take in the tables of one file. Raises CatalogError where a table or key is unknown or a value has the wrong shape."""
        for table, content in tables.items():
            if table == "aliases":
                self.aliases.update(content)
                continue
            reader = READERS.get(table)
            if reader is None:
                raise CatalogError(f"{origin}: unknown table `{table}`; known are aliases, {', '.join(READERS)}")
            for row in content:
                try:
                    reader(self, dict(row))
                except (KeyError, TypeError, ValueError, SyntaxError) as error:
                    raise CatalogError(f"{origin}: [[{table}]] {row}: {error}") from None
        self._canonical.clear()
        self._methods.clear()
        self._of_tables.clear()
        self._entries = self._bound = self._owners = self._last_names = None

    # -- what the user says

    def teach(self, tables: dict[str, Any]) -> None:
        """Take in the tables of the user, well-formed ones, which win over what the files say."""
        self._taught.append(tables)
        self._overrule()

    def _overrule(self) -> None:
        for tables in self._taught:
            self.add({"aliases": tables.get("aliases", {})}, "")
            known = {table: [self._canonical_row(row) for row in rows] for table, rows in tables.items() if table != "aliases"}
            for row in known.get("nonblocking", ()):
                for path in row["call"]:
                    self._forget(path)
            for row in known.get("blocks", ()):
                self.nonblocking.difference_update(row["call"])
            self.add(known, "")

    def _canonical_row(self, row: dict[str, Any]) -> dict[str, Any]:
        subjects = {key: [row[key]] if isinstance(row[key], str) else row[key] for key in SUBJECTS if key in row}
        if "call" in subjects:
            subjects.pop("type", None)  # of what is returned
        return {**row, **{key: [self.canonical(path) for path in paths] for key, paths in subjects.items()}}

    def _forget(self, path: str) -> None:
        """Drop what is said of a path that blocks; of every path of a type or module for `package.Type.*`."""
        owner, _, name = path.rpartition(".")
        if name != "*":
            self.blocks.pop(path, None)
            return
        self.every.pop(owner, None)
        for known in [known for known in self.blocks if known.rpartition(".")[0] == owner]:
            del self.blocks[known]

    @property
    def is_taught(self) -> bool:
        """Whether the user says anything."""
        return bool(self._taught)

    def taught(self) -> dict[str, Block | None]:
        """What the user says that blocks, and, with None, what does not, by path."""
        found: dict[str, Block | None] = {}
        for tables in self._taught:
            for table in ("blocks", "nonblocking"):
                for row in tables.get(table, ()):
                    for path in self._canonical_row(row)["call"]:
                        owner, _, name = path.rpartition(".")
                        found[path] = (self.every.get(owner) if name == "*" else self.blocks.get(path)) if table == "blocks" else None
        return found

    # -- asking

    def is_bound(self, path: str) -> bool:
        """Whether something of a type or module must stay in its thread."""
        if self._bound is None:
            paths = [known.split(".") for known, block in self.blocks.items() if block.offload == "never"]
            self._bound = frozenset(".".join(parts[:n]) for parts in paths for n in range(1, len(parts))) | self._thread_bound
        return path in self._bound

    def has_blocking_methods(self, path: str) -> bool:
        """Whether a method of a type, or of a base of it, blocks."""
        if self._owners is None:
            self._owners = frozenset({*(known.rpartition(".")[0] for known in self.blocks), *self.every})
        return not self._owners.isdisjoint(self.ancestry(path))

    def is_thread_bound(self, path: str) -> bool:
        """Whether something of a type must be used only in the thread that made it, whatever is done with it."""
        return not self._thread_bound.isdisjoint(self.ancestry(path))

    # What a fix asks that moves code into a thread: these tables stay apart, since they do not tell of anything that it is one of the catalog's.

    def aware(self, path: str, arguments: Arguments) -> Iterator[str]:
        """What a call of a path, with its arguments, knows of the place where it runs: some of `known.PLACES`."""
        for row in self._aware.get(path, ()):
            is_meant = not row.only_if or any(condition.holds(arguments) for condition in row.only_if)
            if is_meant and not any(condition.holds(arguments) for condition in row.unless):
                yield row.of

    def knows_place(self, path: str) -> bool:
        """Whether a callable may know where it runs, or needs the thread of the event loop."""
        return path in self._aware or path in self.touches_loop

    def names_aware(self, of: str) -> frozenset[str]:
        """The last names of what knows such a thing of the place where it runs."""
        return frozenset(path.rpartition(".")[2] for path, rows in self._aware.items() if any(row.of == of for row in rows))

    def walks(self, path: str) -> Iterable[Walk]:
        """What a call of a path looks through, or changes, of what it is given."""
        return self._walks.get(path, ())

    def shares(self, path: str) -> Iterable[tuple[int | str, str]]:
        """What the result of a call has in common with which of its arguments: it is a view of it ("all"), holds the same things ("inside"), or is
        one of them ("item").
        """
        return self._shares.get(path, ())

    def is_mutable(self, path: str) -> bool:
        """Whether other code may change something of a type outside the project while it is looked through."""
        return not self._mutable.isdisjoint(self.ancestry(path))

    def has_entry(self, path: str) -> bool:
        """Whether any table has an entry of the path."""
        self._collect()
        return path in self._entries  # type: ignore[operator]

    def mentions(self, path: str) -> bool:
        """Whether any table has an entry of the path or of something in it: a class is the catalog's if one of its methods is, unless it was
        the user who named that one.
        """
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
            tables = (table for name, table in vars(self).items() if not name.startswith("_") and name not in _OF_FIXES)
            self._entries = frozenset[str]().union(*tables)
            self._mentioned = set()
            for path in self._entries.difference(self.taught()):
                while path and path not in self._mentioned:  # what holds a path that is there is there too
                    self._mentioned.add(path)
                    path = path.rpartition(".")[0]

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
        """The type of an attribute of a type's instances, or "": `*` stands for any that is no method or private."""
        for owner in self.ancestry(path):
            known = self.types.get(owner)
            if known and name in known.attributes:
                return self._self(known.attributes[name], path)
            if known and "*" in known.attributes and name[0] != "_" and name not in known.returns and not self.knows(f"{owner}.{name}"):
                return self._self(known.attributes["*"], path)
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

    def names(self, table: Iterable[str]) -> frozenset[str]:
        """The last names of the paths of a table; of a constructor the class's name."""
        known = self._of_tables.get(id(table))
        if known is None:
            known = self._of_tables[id(table)] = (table, frozenset(path.rpartition(".")[2] for path in table))
        return known[1]

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
