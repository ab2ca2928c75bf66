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
    ("declared", ref, value)   a value where a type is declared too
    ("import", module, name, level)     module, or name in it (name "" = the module itself)
    ("def", n)  ("class", n)  ("param", n)   function or class n of this module; parameter n of the function at hand
"""

from __future__ import annotations

from typing import Any, NamedTuple

Ref = Any

FORMAT = 7  # part of every cache key: raise it when the shape or the meaning of facts changes

VALUES = 8  # what `return` gives is kept so many times

# flags of a call
AWAITED = 1
DISCARDED = 2  # an expression statement, `_ = ...`, the body of a lambda whose value nobody reads, an element of a discarded display
CONSUMED = 4  # iterated on the spot: `for`, comprehension, `list(...)`, `*...`, `yield from`
GUARDED = 8  # under a test that says: not on the loop, or not at run time
ENTERED = 16  # item of a sync `with`
ASSIGNED = 32  # bound to a plain local name
RETURNED = 64
LAMBDA_BODY = 128
SETTLED = 1024  # after a test that says that what it may wait for is there
FIRST_USE = 512  # computes what is remembered, where it is found to be missing
LAZY = 2048  # in a generator expression that nobody iterates on the spot: it runs when, and where, somebody does
CONSUMED_LATER = 4096  # bound to a local name that its function iterates
ENTERED_LATER = 8192  # bound to a local name that is an item of a sync `with` of its function
RESULT_DISCARDED = 16384  # awaited, and what that gives is dropped
USED = 256  # its value may be tested, compared, formatted, subscripted, an operand, or the argument of a builtin that wants a plain value

# flags of a function
ASYNC = 1
GENERATOR = 2
LAMBDA = 4
WRITES = 8  # assigns to attributes, items or names outside its own frame
STUB = 16  # its body is a docstring, `...`, `pass`, or raises NotImplementedError
UNIMPLEMENTED = 32  # its body raises NotImplementedError

LAMBDA_NAME = "<lambda>"
INSTANCE = "()"  # what the name of a class ends with that stands for calls of its instances
ITEM = "[]"  # what the name of a display ends with that stands for calls of its items

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
    """A sync `with` item in a coroutine whose body suspends, or in a generator whose body yields: a lock here is held meanwhile."""

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

    @property
    def is_abstract(self) -> bool:
        """Whether it says itself that it is there to be overridden."""
        return bool(self.flags & UNIMPLEMENTED) or any(last_name(ref).startswith("abstract") for ref in self.decorators)


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


def callable_name(ref: Ref) -> str:
    """The last name of what is handed over to be called: of what `functools.partial` wraps, where it is that."""
    while ref.__class__ is tuple and ref[0] == "call" and last_name(ref[1]) == "partial" and ref[2]:
        ref = ref[2][0][1]
    return last_name(ref)


def mark(verb: str, kind: str) -> Ref:
    """The decorator that stands for the comment `# asynclint: verb[kind]`, of a module that no program has."""
    return ("call", ("import", "<asynclint>", verb, 0), ((None, ("const", kind)),))


def suppressed_names(item: Ref) -> list[str]:
    """The last names of the arguments of a `with` item: `["CancelledError"]` of `suppress(asyncio.CancelledError)`; none where it is no call."""
    if item.__class__ is not tuple or item[0] != "call":
        return []
    parts = [ref for _, ref in item[2]]
    return [last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref) for ref in parts if ref is not None]


def is_property_decorator(ref: Ref) -> bool:
    """Whether a decorator makes the reading of an attribute run the function, as far as its name tells."""
    name = last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref)
    return name in ("property", "cached_property", "abstractproperty") or name.endswith("_property")


def mentions(ref: Ref, name: str) -> bool:
    """Whether a plain name stands in a Ref, also as an argument of a call; what is called does not count."""
    if ref.__class__ is str:
        return bool(ref == name)
    if ref.__class__ is not tuple or ref[0] in ("const", "import"):
        return False
    parts = [argument for _, argument in ref[2]] if ref[0] == "call" else ref[1:]
    return any(mentions(part, name) for part in parts)
