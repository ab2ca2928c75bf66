"""Functions and classes under construction, while the walk over their module goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.index.facts import VALUES

if TYPE_CHECKING:
    from asynclint.index.facts import Ref


class Frame:
    """A function under construction."""

    __slots__ = (
        "anew",
        "bindings",
        "decorators",
        "flags",
        "free",
        "loads",
        "made",
        "memoised",
        "name",
        "node",
        "number",
        "optional",
        "owner",
        "params",
        "parent",
        "postponed",
        "qualname",
        "returns",
        "stores",
        "suspensions",
        "uses",
        "values",
        "yields",
    )

    def __init__(self, number: int, name: str, qualname: str, parent: int, owner: int, flags: int, node: Any) -> None:
        self.number, self.name, self.qualname, self.parent, self.owner, self.flags, self.node = number, name, qualname, parent, owner, flags, node
        self.params: tuple[tuple[Any, ...], ...] = ()  # the fields of `facts.Param`
        self.optional: frozenset[str] = frozenset()  # parameters whose default is nothing
        self.anew: set[str] = set()  # those that are bound anew, and not only where they are given
        self.decorators: tuple[Ref, ...] = ()
        self.returns: Ref = None
        self.values: list[Ref] = []
        self.yields: list[Ref] = []
        self.bindings: dict[str, list[Ref]] = {}
        self.loads: dict[str, None] = {}
        self.free: dict[str, int] = {}  # names declared global or nonlocal -> the frame they belong to
        self.suspensions = 0
        self.uses: dict[str, int] = {}  # local names that are iterated or entered -> flags
        self.made: list[tuple[str, int]] = []  # (local name, number of the call whose value it is bound to)
        self.postponed: list[tuple[str, int, int]] = []  # (local name, range of the calls in the generator expression it is bound to)
        self.stores: set[str] = set()  # dotted names that keep what is stored in them beyond the call
        self.memoised: list[tuple[int, frozenset[str]]] = []  # calls that run only while one of these is missing

    def done(self) -> tuple[Any, ...]:
        """The fields of `facts.Function`."""
        node = self.node
        return (
            self.name,
            self.qualname,
            self.parent,
            self.owner,
            self.flags,
            self.params,
            self.decorators,
            self.returns,
            tuple(self.values[:VALUES]),
            tuple(self.yields[:4]),
            {k: tuple(v) for k, v in self.bindings.items()},
            getattr(node, "lineno", 1),
            getattr(node, "col_offset", 0),
            getattr(node, "end_lineno", None) or 1,
        )


class Klass:
    """A class under construction."""

    __slots__ = ("attributes", "bases", "bindings", "decorators", "line", "name", "number", "outer", "parent", "qualname")

    def __init__(self, number: int, name: str, qualname: str, parent: int, outer: int, line: int) -> None:
        self.number, self.name, self.qualname, self.parent, self.outer, self.line = number, name, qualname, parent, outer, line
        self.bases: tuple[Ref, ...] = ()
        self.decorators: tuple[Ref, ...] = ()
        self.bindings: dict[str, list[Ref]] = {}
        self.attributes: dict[str, list[tuple[int, Ref]]] = {}

    def done(self) -> tuple[Any, ...]:
        """The fields of `facts.Class`."""
        return (
            self.name,
            self.qualname,
            self.parent,
            self.outer,
            self.bases,
            self.decorators,
            {k: tuple(v) for k, v in self.bindings.items()},
            {k: tuple(v) for k, v in self.attributes.items()},
            self.line,
        )
