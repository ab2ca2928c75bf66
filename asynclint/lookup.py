"""What is known of a callable, from which source and why: the entries of all catalogs, and, in a program, what is said of its own functions."""

from __future__ import annotations

import itertools
import os
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from asynclint import knowledge
from asynclint.program import summaries
from asynclint.program.catalog import ALWAYS, DERIVED, Catalog
from asynclint.program.shapes import paths_of
from asynclint.program.values import ClassValue, External, FunctionValue
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asynclint.config import Settings
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey

_YOURS, _SHIPPED = "yours", "of the catalog that ships"
_NEAR = 3  # names that may have been meant
_OFFLOADS = {
    "safe": "safe",
    "unsafe": "unsafe, so that only `--unsafe-fixes` moves it there",
    "process": "of little use: it holds the interpreter's lock (the GIL); a process helps",
    "never": "never: it is bound to its thread",
}
_SENTENCES = {  # table -> what its rows say, with their keys
    "blocks": "blocks: {on}",
    "nonblocking": "does not block",
    "offloads": "runs its argument {callable} in a thread or process",
    "wrappers": "gives a function that runs its argument {callable} in a thread",
    "loop_callbacks": "runs its argument {callable} on the event loop",
    "callers": "calls its argument {callable}",
    "exit_callbacks": "calls its argument {callable} when the interpreter ends",
    "entries": "what it is given runs on the {sync_runs}",
    "marks": "marks a function as blocking",
    "tasks": "makes a task",
    "types": "is a type",
    "returns": "gives an instance of a known type",
    "locks": "is a lock that stops its thread",
    "runners": "runs coroutines",
    "reflection": "looks attributes up by their names",
    "endless": "does not return by itself",
    "touches_loop": "needs the thread of the event loop",
    "coroutines": "is a coroutine function",
    "cancellations": "catches cancellations",
    "endings": "does not return",
    "swallowing": "may end an exception, as a context manager",
    "groups": "makes a group of tasks",
    "caches": "makes a function answer from memory",
    "file_uses": "{does} files, for all that a fix asks",
    "holds": "holds something, so that no `await` is added safely until it is given back",
    "releases": "gives back what is held",
    "process_state": "is seen by all tasks of the process, or changes what is",
    "sequences": "is a type of which calls in a row belong together",
    "positions": "says where in its object the next call works",
    "changes": "changes its object",
    "unique": "gives a name that nobody else has",
    "suspends": "always lets other tasks run when it is awaited",
    "aliases": "is another name",
}


@record(frozen=True, slots=True)
class Statement:
    """What one row of a catalog says of one path. `source` is the name of its file, `whose` says in words who wrote it; `file` and `number` tell
    the place of the row, where it has one that can be read.
    """

    path: str
    table: str
    row: dict[str, Any]
    source: str
    whose: str
    file: knowledge.Taught | None = None
    number: int = 0

    def line(self) -> int:
        """The line of the row in its file, 0 where there is none."""
        if self.file is None:
            return 0
        return self.file.line((self.table, self.number) if self.table != "aliases" else ("aliases", self.path))

    def place(self) -> str:
        """Where the row stands, and who wrote it."""
        return f"{self.source}:{self.line()}, {self.whose}" if self.file is not None else f"{self.source}, {self.whose}"

    def why(self) -> list[str]:
        """The comments in the row; of what was derived, the chain."""
        if self.file is None:
            return [self.row["by"]] if "by" in self.row else []
        lines = self.file.text.split("\n")[self.line() - 1 :]
        row = (
            [lines[0], *itertools.takewhile(lambda line: line.strip() and not line.startswith("["), lines[1:])]
            if self.table != "aliases"
            else lines[:1]
        )
        return [comment for line in row if (comment := line.partition(" # ")[2].strip())]

    def about(self) -> str:
        """What the head of the file of a family says of it."""
        if self.file is None or self.whose != _SHIPPED or self.source.removesuffix(".toml") in ALWAYS:
            return ""
        return " ".join(line.lstrip("# ") for line in itertools.takewhile(lambda line: line.startswith("#"), self.file.text.split("\n")))


def _users(settings: Settings) -> Iterator[Statement]:
    """What the user says; what wins comes first."""
    for file in reversed(list(knowledge.taught(settings))):
        yield from _statements(file, os.path.relpath(file.path), _YOURS)


def _shipping(settings: Settings) -> Iterator[Statement]:
    """What the catalog says that ships."""
    folder = knowledge.folder()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".toml"):
            yield from _statements(knowledge.read(os.path.join(folder, name), ()), name, _SHIPPED)


def _derived(settings: Settings) -> Iterator[Statement]:
    """What asynclint has derived of libraries that the catalog does not describe."""
    folder = os.path.join(knowledge.folder(), DERIVED)
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if name.endswith(".json"):
            data = summaries.read(os.path.join(folder, name))
            whose = f"derived from the source of {data['distribution']} {data['version']}"
            for table, rows in summaries.tables(Catalog(), data).items():
                if table == "aliases":
                    yield from (Statement(path, table, {"of": target}, name, whose) for path, target in rows.items())
                else:
                    yield from (Statement(path, table, row, name, whose) for row in rows for path in paths_of(row))


SOURCES: tuple[Callable[[Settings], Iterator[Statement]], ...] = (_users, _shipping, _derived)  # the first that speaks of a path is believed


def statements(settings: Settings) -> list[Statement]:
    """All that is said by catalogs. Raises ConfigError."""
    return [statement for source in SOURCES for statement in source(settings)]


def _statements(file: knowledge.Taught, source: str, whose: str) -> Iterator[Statement]:
    for table, rows in file.tables.items():
        if table == "aliases":
            yield from (Statement(path, table, {"of": target}, source, whose, file) for path, target in rows.items())
            continue
        for number, row in enumerate(rows):
            yield from (Statement(path, table, row, source, whose, file, number) for path in paths_of(row))


# -- asking


def counts(every: Iterable[Statement]) -> Iterator[str]:
    """How many entries there are of each kind, and of each source."""
    kinds: dict[str, int] = {}
    sources: dict[str, int] = {}
    for statement in every:
        name = f"blocks: {statement.row['on']}" if statement.table == "blocks" else statement.table
        kinds[name] = kinds.get(name, 0) + 1
        source = f"{DERIVED}/*.json" if statement.source.endswith(".json") else statement.source
        sources[source] = sources.get(source, 0) + 1
    for title, table in (("kind", dict(sorted(kinds.items()))), ("source", sources)):
        width = max(map(len, table), default=0)
        yield f"entries by {title}: {sum(table.values())}"
        yield from (f"  {name:{width}}  {number:5}" for name, number in table.items())


def of_path(every: Iterable[Statement], catalog: Catalog, name: str) -> list[str]:
    """What is said of a path, however it is spelled; nothing where no entry speaks of it."""
    path = canonical(catalog, name)
    owner = path.rpartition(".")[0]
    about = [each for each in every if canonical(catalog, each.path) == path and each.table != "aliases"]
    if not about and catalog.block(path) is not None:
        about = [each for each in every if canonical(catalog, each.path) == f"{owner}.*"]
    if not about:
        return []
    lines = [path if path == name else f"{name} is {path}"]
    told = False  # whether it is already known whether it blocks
    for statement in about:
        verdict = statement.table in ("blocks", "nonblocking")
        lines += _described(statement, overruled=verdict and told)
        told = told or verdict
    heads = dict.fromkeys((each.source, each.about()) for each in about if each.about())
    return [*lines, *(f"  {source} is about {head}" for source, head in heads)]


def canonical(catalog: Catalog, name: str) -> str:
    """The path under which something is known: that of its class in which a method is."""
    path = catalog.canonical(name)
    owner, _, last = path.rpartition(".")
    return catalog.method(owner, last) if owner else path


def below(every: Iterable[Statement], name: str) -> list[str]:
    """One line for each entry of what lies in a module, class or family; nothing where there is none."""
    family = [each for each in every if each.whose == _SHIPPED and name in each.source.removesuffix(".toml").split("+")]
    shown = [each for each in (*every, *family) if each.path.startswith(f"{name}.")] + family
    rows = {f"{each.path}\0{each.table}": each for each in shown if each.table != "aliases"}
    width = max((len(each.path) for each in rows.values()), default=0)
    return [f"{each.path:{width}}  {_sentence(each)}  ({each.source})" for _, each in sorted(rows.items())]


def of_program(program: Program, every: Iterable[Statement], name: str) -> list[str]:
    """What is known of a function of the project or of an installed library, by any of its names; nothing where there is none of that name."""
    lines: list[str] = []
    for value in dict.fromkeys(program.marks.values(name)):
        if isinstance(value, External):
            lines += of_path(every, program.catalog, value.path)
        elif isinstance(value, ClassValue):
            lines += of_program(program, every, f"{name}.__init__")
        elif isinstance(value, FunctionValue):
            outside = program.is_outside(value.module)
            place = f"{program.paths[value.module]}:{program.function(value.key).line}"
            lines += [program.qualified(value), f"  is a function of {'a library' if outside else 'the project'}: {place}"]
            lines += [f"  {line}" for line in _of_function(program, every, value.key)]
    return lines


def _of_function(program: Program, every: Iterable[Statement], key: FunctionKey) -> Iterator[str]:
    marks = program.marks
    if key in marks.said:
        block, source = marks.said[key], marks.sources[key]
        yield f"blocks: {block.kind}" if block is not None else "does not block"
        rows = (each for each in every if each.whose == _YOURS and canonical(program.catalog, each.path) == source)
        place = next((f" ({row.place()})" for row in rows), "")
        yield f"so says {marks.told_by(key)}{place}, whatever its body does"
        return
    if program.is_outside(key[0]):
        yield "no catalog speaks of it, so its body is looked at where the program calls it"
        return
    effects = program.effects.functions.get(key, {})
    if not effects:
        yield "its body is not known to block"
    for kind, (effect, _) in sorted(effects.items()):
        further = f", {effect.depth} call{'s' if effect.depth > 1 else ''} further down" if effect.depth else ""
        yield f"its body blocks ({kind}): {effect.block.path}{further}"


def near(every: Iterable[Statement], name: str) -> list[str]:
    """Paths that may have been meant."""
    paths = list(dict.fromkeys(each.path for each in every))
    same = [path for path in paths if path.rpartition(".")[2] == name.rpartition(".")[2]]
    return get_close_matches(name, paths, _NEAR, 0.7) or get_close_matches(name, same, _NEAR, 0.0)


# -- words


def _sentence(statement: Statement) -> str:
    return _SENTENCES[statement.table].format_map(statement.row)


def _described(statement: Statement, *, overruled: bool) -> Iterator[str]:
    row = statement.row
    yield f"  {_sentence(statement)}{' (overruled)' if overruled else ''}"
    for key, words in (("unless", "not if"), ("only_if", "only if"), ("instead", "instead"), ("help", "see")):
        if key in row:
            yield f"    {words}: {row[key] if isinstance(row[key], str) else ' or '.join(row[key])}"
    if statement.table == "blocks":
        yield f"    in a thread: {_OFFLOADS[row.get('offload', 'safe')]}"
    yield f"    source: {statement.place()}"
    yield from (f"    why: {comment}" for comment in statement.why())
