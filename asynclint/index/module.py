"""The facts of one module as a whole: plain tuples that become records when they are looked at."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from asynclint.index.facts import Call, Class, Function, Param, With
from asynclint.index.names import called_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

Row = TypeVar("Row")
Packed = tuple[bytes, bytes, bytes, bytes]  # what is asked for apart: the structure, the calls' names, the calls, what is read
_CALLS = 16  # calls that are packed together
_FUNCTIONS = 2  # functions, of which a module's body and then its first function are asked for most


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


class _Chunks(Sequence[Any]):
    """Plain tuples, packed some together, that are unpacked when they are first looked at."""

    __slots__ = ("_chunks", "_count", "_size")

    def __init__(self, chunks: list[Any], count: int, size: int = 1) -> None:
        self._chunks, self._count, self._size = chunks, count, size

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        at, within = divmod(number, self._size)
        chunk = self._chunks[at]
        if chunk.__class__ is bytes:
            chunk = self._chunks[at] = marshal.loads(chunk)
        return chunk[within]

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(self._count))


def _chunks(rows: Sequence[Any], size: int = 1) -> list[bytes]:
    return [marshal.dumps(tuple(rows[n : n + size])) for n in range(0, len(rows), size)]


def _function(raw: Any) -> Function:
    return Function._make((*raw[:5], tuple(map(Param._make, raw[5])), *raw[6:]))


class ModuleFacts:
    """All facts of one module. They are kept as plain tuples, and become records when they are looked at."""

    _last: ClassVar[tuple[bytes, Any] | None] = None  # see `called`
    __slots__ = ("_called", "_calls", "_loads", "catches", "classes", "functions", "needs", "stars", "withs")

    def __init__(
        self,
        functions: Sequence[Any],
        classes: Sequence[Any],
        calls: Sequence[Any],
        withs: Sequence[Any],
        stars: Sequence[Any],
        catches: Sequence[Any] = (),
        needs: dict[int, tuple[str, ...]] | None = None,
        loads: Sequence[Any] = (),
    ) -> None:
        """`stars` are the star imports, as (module, level); `catches` the handlers around a suspension point of a coroutine, as (function, last
        names of what it catches), without those that name only exceptions of the language that have nothing to do with cancellation; `needs` the
        optional parameters of its function, and attributes of `self`, without which a call does not run, by number of the call; `loads` the dotted
        names with an attribute that each function reads.
        """
        self.functions: Rows[Function] = Rows(_function, functions)
        self.classes: Rows[Class] = Rows(Class._make, classes)
        self._calls: Rows[Call] | bytes = Rows(Call._make, calls)
        self.withs: Rows[With] = Rows(With._make, withs)
        self.stars = tuple(stars)
        self.catches: tuple[tuple[int, tuple[str, ...]], ...] = tuple(catches)
        self.needs = needs or {}
        self._called: Any = None
        self._loads: Any = loads

    @property
    def calls(self) -> Rows[Call]:
        """The call sites, in the order of the text. Most of what is known of a module are calls that nobody asks for."""
        if isinstance(self._calls, bytes):
            count, chunks = marshal.loads(self._calls)
            self._calls = Rows(Call._make, _Chunks(chunks, count, _CALLS))
        return self._calls

    def called(self) -> dict[str, tuple[Sequence[int], Sequence[str]]]:
        """The calls by the last name of their callee, as their numbers and the last names of their receivers, "" where there is none. A call of
        a local name counts also as one of what the name is bound to. Only the last one stays unpacked: few ask twice, and there are many; but a chain
        of functions in one module asks for each of them.
        """
        if isinstance(self._called, bytes):
            last = ModuleFacts._last
            if last is None or last[0] is not self._called:
                last = ModuleFacts._last = (self._called, marshal.loads(self._called))
            return last[1]  # type: ignore[no-any-return]
        if self._called is None:
            self._called = called_names(self, frozenset())
        return self._called  # type: ignore[no-any-return]

    def calls_of(self, names: Collection[str]) -> list[int]:
        """The numbers of the calls whose callee's last name is one of these."""
        called = self.called()
        few, many = (names, called) if len(names) < len(called) else (called, names)
        wanted = [name for name in few if name in many]
        return sorted({number for name in wanted for number in called[name][0]})

    def narrow(self, common: Collection[str]) -> None:
        """Leave those out of `called` that nobody has to resolve (see `reach`), looking at the calls with one of these names."""
        self._called = called_names(self, common)

    @property
    def loads(self) -> Sequence[tuple[str, ...]]:
        """The dotted names with an attribute that each function reads."""
        if isinstance(self._loads, bytes):
            self._loads = marshal.loads(self._loads)
        return self._loads  # type: ignore[no-any-return]

    def pack(self) -> Packed:
        """These facts as bytes for another process of the same interpreter. Not for files: see `cache`."""
        functions, classes, calls = self.functions.raw, self.classes.raw, self.calls.raw
        number = len(functions)
        rest: Any = (number, _chunks(functions, _FUNCTIONS), _chunks(classes), self.withs.raw, self.stars, self.catches, self.needs)
        parts: tuple[Any, ...] = (rest, self.called(), (len(calls), _chunks(calls, _CALLS)), self.loads)
        structure, called, packed, loads = map(marshal.dumps, parts)
        return structure, called, packed, loads

    @classmethod
    def unpack(cls, packed: Packed) -> ModuleFacts:
        """The facts that `pack` wrote."""
        number, functions, classes, withs, stars, catches, needs = marshal.loads(packed[0])
        facts = cls(_Chunks(functions, number, _FUNCTIONS), _Chunks(classes, len(classes)), (), withs, stars, catches, needs)
        facts._called, facts._calls, facts._loads = packed[1:]
        return facts
