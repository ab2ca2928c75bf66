"""The facts of one module as a whole: plain tuples that become records when they are looked at."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from asynclint.index.facts import Call, Class, Function, Param, With
from asynclint.index.names import called_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

Row = TypeVar("Row")
Packed = tuple[bytes, bytes]  # the calls, which are most of the facts, stand apart from the rest


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

    __slots__ = ("_called", "_calls", "catches", "classes", "functions", "needs", "stars", "withs")

    def __init__(
        self,
        functions: Sequence[Any],
        classes: Sequence[Any],
        calls: Sequence[Any],
        withs: Sequence[Any],
        stars: Sequence[Any],
        catches: Sequence[Any] = (),
        needs: dict[int, tuple[str, ...]] | None = None,
    ) -> None:
        """`stars` are the star imports, as (module, level); `catches` the handlers around a suspension point of a coroutine, as (function, last
        names of what it catches), without those that name only exceptions of the language that have nothing to do with cancellation; `needs` the
        optional parameters of its function without which a call does not run, by number of the call.
        """
        self.functions: Rows[Function] = Rows(_function, functions)
        self.classes: Rows[Class] = Rows(Class._make, classes)
        self._calls: Rows[Call] | bytes = Rows(Call._make, calls)
        self.withs: Rows[With] = Rows(With._make, withs)
        self.stars = tuple(stars)
        self.catches: tuple[tuple[int, tuple[str, ...]], ...] = tuple(catches)
        self.needs = needs or {}
        self._called: dict[str, list[tuple[int, str]]] | None = None

    @property
    def calls(self) -> Rows[Call]:
        """The call sites, in the order of the text. Most of what is known of a module are calls that nobody asks for."""
        if isinstance(self._calls, bytes):
            self._calls = Rows(Call._make, marshal.loads(self._calls))
        return self._calls

    def called(self) -> dict[str, list[tuple[int, str]]]:
        """The calls by the last name of their callee, as (number, last name of the receiver or ""). A call of a local name counts also as
        one of what the name is bound to.
        """
        if self._called is None:
            self._called = called_names(self)
        return self._called

    def calls_of(self, names: Collection[str]) -> list[int]:
        """The numbers of the calls whose callee's last name is one of these."""
        called = self.called()
        if len(names) < len(called):
            found = {number for name in names for number, _ in called.get(name, ())}
        else:
            found = {number for name, sites in called.items() if name in names for number, _ in sites}
        return sorted(found)

    def loads(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The dotted names with an attribute that each function reads, by number of the function."""
        return ((number, raw[11]) for number, raw in enumerate(self.functions.raw))

    def pack(self) -> Packed:
        """These facts as bytes for another process of the same interpreter. Not for files: see `cache`."""
        rest: Any = (self.functions.raw, self.classes.raw, self.withs.raw, self.stars, self.catches, self.needs)
        calls: Any = self.calls.raw
        return marshal.dumps(rest), marshal.dumps(calls)

    @classmethod
    def unpack(cls, packed: Packed) -> ModuleFacts:
        """The facts that `pack` wrote."""
        functions, classes, withs, stars, catches, needs = marshal.loads(packed[0])
        facts = cls(functions, classes, (), withs, stars, catches, needs)
        facts._calls = packed[1]
        return facts
