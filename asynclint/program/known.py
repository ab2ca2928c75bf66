"""The records of the catalog: what can be known of a callable, a type, a lock or a framework outside the project."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asynclint.index.facts import Ref

KINDS = ("sleep", "process", "network", "database", "wait", "console", "cpu", "file")  # loudest first
OFFLOADS = ("safe", "unsafe", "process", "never")  # process: it holds the GIL, so that a thread is of little use
PLACES = ("exception", "frame", "thread", "main", "context", "code")  # what a callable may know of the place where it runs
PARTS = ("all", "inside", "item")  # what a result may have in common with an argument
FILE_USES = ("looks", "reads", "writes", "makes", "removes", "opens")
_NOTHING: Mapping[str, str] = MappingProxyType({})


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
    offload: str = "safe"  # one of OFFLOADS
    unless: tuple[Condition, ...] = ()
    only_if: tuple[Condition, ...] = ()
    takes_file: int = -1  # the argument that is a file; one in memory does not block
    takes_path: int = -1  # the argument that is a path or something else; only what is surely a path blocks
    light: bool = False
    lazy: bool = False  # gives an iterator that does the work while it is iterated
    help: str = ""
    by: str = ""  # where a summary tells: the distribution, its version, and the chain inside it
    bound_unless: tuple[Condition, ...] = ()  # its result stays with the thread that made it, unless one of these holds

    def of(self, path: str) -> Block:
        """The same, said of another path."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return Block(**{**fields, "path": path})


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
    callable: bool = True  # whether instances may be called; False where it is known that they cannot


@record(frozen=True, slots=True)
class Offload:
    """A callable that runs one of its arguments in a worker thread or process."""

    path: str
    callable: int | str
    awaits: bool = False
    keywords: bool = False
    each: bool = False  # it runs the argument once for each item of another one


@record(frozen=True, slots=True)
class Lock:
    """A lock type that blocks its thread, and its asynchronous counterpart ("" where there is none)."""

    path: str
    instead: str = ""
    reentrant: bool = False


@record(frozen=True, slots=True)
class Runner:
    """A callable that runs coroutines: the argument that is one, or gives one (-1: none is), and the library whose awaitables work in it."""

    path: str
    backend: str
    coroutine: int | str = -1
    loop: str = ""  # "new": each call makes an event loop; "given": it runs the one that it is called on; "other": one of another thread; "": here

    @property
    def makes_loop(self) -> bool:
        """Whether each call has an event loop of its own."""
        return self.loop == "new"


@record(frozen=True, slots=True)
class FileUse:
    """What a callable does to files: `looks` (is it there, what is there), `reads` or `writes` their content, `makes` or `removes` them, or `opens`
    one, as its argument number `mode` says. `paths` are the arguments that name files; -1 is the receiver of a method. `unless` and `only_if` as in
    `Block`: otherwise it does nothing that another task may undo. `lost`: only its result tells what it made.
    """

    path: str
    does: str
    paths: tuple[int, ...] = (0,)
    mode: int = -1
    unless: tuple[Condition, ...] = ()
    only_if: tuple[Condition, ...] = ()
    lost: bool = False


@record(frozen=True, slots=True)
class Hold:
    """A context manager, or a call, that takes something for its task alone, or changes what all tasks see, until it is given back. `awaits`: it is
    made for coroutines, so that only a thread does harm, which works on after a cancellation. `block`: it is a context manager, and takes nothing
    until it is entered.
    """

    path: str
    unless: tuple[Condition, ...] = ()
    awaits: bool = False
    block: bool = False


@record(frozen=True, slots=True)
class Entry:
    """A framework's way of calling a function of the project: a decorator, or an overridden method."""

    decorator: str = ""
    override: str = ""
    sync_runs: str = "thread"


@record(frozen=True, slots=True)
class Aware:
    """A callable that knows where it runs, and of what: the active exception, the callers' frames, its thread, that it is the main one, a context
    that not every thread has; "code" runs what nobody has seen.
    """

    of: str
    only_if: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


@record(frozen=True, slots=True)
class Walk:
    """A callable that looks through one of its arguments (or "self", its receiver), however `deep`, or `changes` it."""

    argument: int | str
    deep: bool = False
    changes: bool = False


def _same(ref: Ref, wanted: Ref) -> bool:
    """Whether an argument is the one a condition names; `0`, `0.0` and `False` are the same to the functions they are given to."""
    return wanted == ("const", ...) or bool(ref == wanted)
