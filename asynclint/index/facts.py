"""What the index knows of one module: plain data, no syntax nodes, quick to send between processes and to keep in a cache.

A **Ref** stands for an expression that the index cannot judge, because that needs other modules. It is a string for a dotted name
(`"os.path.exists"`, `"self.client.get"`), `None` for what nobody can know, and otherwise a tuple headed by its kind:

    ("attr", ref, name)        attribute of something that is not a dotted name
    ("call", ref, arguments)   result of a call; arguments as in `Call.arguments`
    ("item", ref, key)         subscript; key is a Ref
    ("await", ref)             result of awaiting
    ("const", value)           None, a bool, a number, a short string
    ("type", name)             a value of a built-in type, from a literal or display that is not followed further
    ("many", ref, ...)         list, tuple or set display, and the values of a dict display
    ("or", ref, ...)           one of these
    ("op", symbol, left, right)
    ("enter", ref)  ("aenter", ref)     what `with` / `async with` binds
    ("iter", ref)   ("aiter", ref)      what `for` / `async for` binds
    ("unpack", ref, n)         n-th part of an unpacked value
    ("ann", ref)               a value of the annotated type
    ("import", module, name, level)     module, or name in it (name "" = the module itself)
    ("def", n)  ("class", n)  ("param", n)   function or class n of this module; parameter n of the function at hand
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

Ref = Any
Row = TypeVar("Row")

FORMAT = 1  # part of every cache key: raise it when the shape or the meaning of facts changes

# flags of a call
AWAITED = 1
DISCARDED = 2  # an expression statement, `_ = ...`, the body of a lambda whose value nobody reads, an element of a discarded display
CONSUMED = 4  # iterated on the spot: `for`, comprehension, `list(...)`, `*...`, `yield from`
GUARDED = 8  # under a test that says: not on the loop, or not at run time
ENTERED = 16  # item of a sync `with`
ASSIGNED = 32  # bound to a plain local name
RETURNED = 64
LAMBDA_BODY = 128
USED = 256  # its value may be tested, compared, formatted, subscripted, an operand, or the argument of a builtin that wants a plain value

# flags of a function
ASYNC = 1
GENERATOR = 2
LAMBDA = 4
WRITES = 8  # assigns to attributes, items or names outside its own frame

# kinds of a parameter
POSITIONAL, KEYWORD, VAR_POSITIONAL, VAR_KEYWORD = range(4)


class Call(NamedTuple):
    """A call site, in source order. `function` is the frame that runs it. Columns count UTF-8 bytes from 0, as `ast` gives them."""

    function: int
    callee: Ref
    arguments: tuple[tuple[str | None, Ref], ...]  # (keyword, "*", "**" or None; value)
    flags: int
    line: int
    column: int
    end_line: int
    end_column: int


class With(NamedTuple):
    """A sync `with` item in a coroutine whose body suspends: a lock here is held across an await."""

    function: int
    item: Ref
    line: int
    column: int


class Param(NamedTuple):
    """A parameter: its annotation and default as Refs."""

    name: str
    kind: int
    annotation: Ref
    default: Ref


class Function(NamedTuple):
    """A function, lambda, or (number 0) the module's own body."""

    name: str
    qualname: str
    parent: int  # the function in whose frame the `def` runs
    owner: int  # the class that the `def` stands in directly, or -1
    flags: int
    params: tuple[Param, ...]
    decorators: tuple[Ref, ...]
    returns: Ref  # the annotation
    values: tuple[Ref, ...]  # what `return` gives
    yields: tuple[Ref, ...]
    bindings: dict[str, tuple[Ref, ...]]
    loads: tuple[str, ...]  # dotted names with an attribute that are read
    line: int
    column: int
    end_line: int

    @property
    def is_async(self) -> bool:
        """Whether a call of it gives a coroutine or an async generator."""
        return bool(self.flags & ASYNC)

    @property
    def is_generator(self) -> bool:
        """Whether its body runs only when it is iterated."""
        return bool(self.flags & GENERATOR)


class Class(NamedTuple):
    """A class: `attributes` are what its methods assign to `self`, with the assigning function."""

    name: str
    qualname: str
    parent: int  # the function in whose frame the class statement runs
    outer: int  # the enclosing class, or -1
    bases: tuple[Ref, ...]
    decorators: tuple[Ref, ...]
    bindings: dict[str, tuple[Ref, ...]]
    attributes: dict[str, tuple[tuple[int, Ref], ...]]
    line: int


class Rows(Generic[Row]):
    """Records that are made from plain tuples when they are first asked for: most are never looked at."""

    __slots__ = ("_made", "_make", "raw")

    def __init__(self, make: Callable[[Any], Row], raw: Sequence[Any]) -> None:
        self.raw = raw
        self._make = make
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self.raw)

    def __getitem__(self, number: int) -> Row:
        row = self._made.get(number)
        if row is None:
            row = self._made[number] = self._make(self.raw[number])
        return row

    def __iter__(self) -> Iterator[Row]:
        return (self[number] for number in range(len(self.raw)))


def _function(raw: Any) -> Function:
    return Function._make((*raw[:5], tuple(map(Param._make, raw[5])), *raw[6:]))


class ModuleFacts:
    """All facts of one module. They are kept as plain tuples, and become records when they are looked at."""

    __slots__ = ("_called", "calls", "catches", "classes", "functions", "stars", "withs")

    def __init__(
        self,
        functions: Sequence[Any],
        classes: Sequence[Any],
        calls: Sequence[Any],
        withs: Sequence[Any],
        stars: Sequence[Any],
        catches: Sequence[Any] = (),
    ) -> None:
        """`stars` are the star imports, as (module, level); `catches` the handlers around a suspension point of a coroutine, as (function, last
        names of what it catches), without those that name only exceptions of the language that have nothing to do with cancellation.
        """
        self.functions: Rows[Function] = Rows(_function, functions)
        self.classes: Rows[Class] = Rows(Class._make, classes)
        self.calls: Rows[Call] = Rows(Call._make, calls)
        self.withs: Rows[With] = Rows(With._make, withs)
        self.stars = tuple(stars)
        self.catches: tuple[tuple[int, tuple[str, ...]], ...] = tuple(catches)
        self._called: dict[str, list[int]] | None = None

    def calls_of(self, names: Collection[str]) -> list[int]:
        """The numbers of the calls whose callee's last name is one of these."""
        if self._called is None:
            self._called = {}
            for number, raw in enumerate(self.calls.raw):
                self._called.setdefault(last_name(raw[1]), []).append(number)
        if len(names) < len(self._called):
            found = [number for name in names for number in self._called.get(name, ())]
        else:
            found = [number for name, numbers in self._called.items() if name in names for number in numbers]
        return sorted(found)

    def loads(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The dotted names with an attribute that each function reads, by number of the function."""
        return ((number, raw[11]) for number, raw in enumerate(self.functions.raw))

    def pack(self) -> bytes:
        """These facts as bytes for another process of the same interpreter. Not for files: see `cache`."""
        plain: Any = (self.functions.raw, self.classes.raw, self.calls.raw, self.withs.raw, self.stars, self.catches)
        return marshal.dumps(plain)

    @classmethod
    def unpack(cls, data: bytes) -> ModuleFacts:
        """The facts that `pack` wrote."""
        return cls(*marshal.loads(data))


class Names(NamedTuple):
    """The part of a module's facts that the program reads for every module: which names occur in which role."""

    called: frozenset[str]  # last names of callees
    dropped: frozenset[str]  # last names of callees whose result is dropped
    loaded: frozenset[str]  # attribute names that are read
    entered: frozenset[str]  # last names of callees that are items of a sync `with`
    properties: frozenset[str]  # names of methods that run when an attribute is read
    coroutines: frozenset[str]  # names of `async def`s
    aliases: tuple[tuple[str, str], ...]  # (last name of a value, other name it is bound to)
    renamed: tuple[tuple[str, str], ...]  # those of the aliases that imports make
    bases: tuple[tuple[str, ...], ...]  # per class, the last names of its bases
    holds: bool  # whether it has a `With`
    used: frozenset[str]  # last names of callees whose result is used on the spot or consumed
    caught: frozenset[str]  # last names of what handlers and `suppress()` catch around the suspension points of coroutines, "" for a bare `except:`
    groups: tuple[tuple[str, str], ...]  # (last name of a member, name of the module or class that is bound to a display of names)


def last_name(ref: Ref) -> str:
    """The rightmost name of a callee, `""` if it has none: `"c"` for `a.b.c` and `f().c`."""
    while ref.__class__ is tuple:
        if ref[0] == "attr":
            return str(ref[2])
        if ref[0] == "import":
            return str(ref[2] or ref[1].rpartition(".")[2])
        if ref[0] not in ("call", "item", "await", "ann"):
            return ""
        if ref[0] == "call":
            return ""
        ref = ref[1]
    return ref.rpartition(".")[2] if ref else ""


def suppressed_names(item: Ref) -> list[str]:
    """The last names of the arguments of a `with` item that is a call: `["CancelledError"]` of `suppress(asyncio.CancelledError)`."""
    parts = [ref for _, ref in item[2]]
    return [last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref) for ref in parts if ref is not None]


def is_property_decorator(ref: Ref) -> bool:
    """Whether a decorator makes the reading of an attribute run the function, as far as its name tells."""
    name = last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref)
    return name in ("property", "cached_property", "abstractproperty") or name.endswith("_property")


def names_of(facts: ModuleFacts) -> Names:
    """The names of a module by role."""
    called, dropped, entered, loaded, properties, used = set(), set(), set(), set(), set(), set()
    aliases: set[tuple[str, str]] = set()
    renamed: set[tuple[str, str]] = set()
    for raw in facts.calls.raw:
        callee, flags = raw[1], raw[3]
        name = callee.rpartition(".")[2] if callee.__class__ is str else last_name(callee)
        called.add(name)
        if flags & DISCARDED:
            dropped.add(name)
        if flags & (USED | CONSUMED):
            used.add(name)
        if flags & ENTERED:
            entered.add(name)

    groups: set[tuple[str, str]] = set()

    def bind(name: str, refs: Iterable[Ref]) -> None:
        for ref in refs:
            if ref.__class__ is tuple and ref[0] == "import":
                other = last_name(ref)
                if other and other != name:
                    aliases.add((other, name))
                    renamed.add((other, name))
            elif ref.__class__ is str:
                other = ref.rpartition(".")[2]
                if other != name:
                    aliases.add((other, name))

    for raw in facts.functions.raw:
        name, owner, params, decorators, bindings, loads = raw[0], raw[3], raw[5], raw[6], raw[10], raw[11]
        for bound, refs in bindings.items():
            bind(bound, refs)
        for param in params:
            if param[3].__class__ is str:
                bind(param[0], (param[3],))
        if decorators and owner >= 0 and any(is_property_decorator(ref) for ref in decorators):
            properties.add(name)
        for dotted in loads:
            loaded.update(dotted.split(".")[1:])
    for klass in facts.classes:
        for bound, refs in klass.bindings.items():
            bind(bound, refs)
        for bound, pairs in klass.attributes.items():
            bind(bound, [ref for _, ref in pairs])
    for bindings in (facts.functions.raw[0][10], *(klass.bindings for klass in facts.classes)):
        for bound, refs in bindings.items():
            for ref in refs:
                if ref.__class__ is tuple and ref[0] == "many":
                    groups.update((part.rpartition(".")[2], bound) for part in ref[1:] if part.__class__ is str)
    caught = {name for _, each in facts.catches for name in each}
    for raw in facts.withs.raw:
        if raw[1].__class__ is tuple and raw[1][0] == "call":
            caught.update(suppressed_names(raw[1]))
    coroutines = frozenset(raw[0] for raw in facts.functions.raw if raw[4] & ASYNC)
    bases = tuple(tuple(last_name(ref[1] if ref.__class__ is tuple and ref[0] == "item" else ref) for ref in klass.bases) for klass in facts.classes)
    return Names(
        frozenset(called - {""}),
        frozenset(dropped - {""}),
        frozenset(loaded),
        frozenset(entered - {""}),
        frozenset(properties),
        coroutines,
        tuple(sorted(aliases)),
        tuple(sorted(renamed)),
        bases,
        bool(facts.withs),
        frozenset(used - {""}),
        frozenset(caught),
        tuple(sorted(groups)),
    )
