"""What an expression may stand for, as far as the program can tell."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from asynclint.record import record

FunctionKey = tuple[int, int]  # (number of the module, number of the function in it)


class Scope(NamedTuple):
    """Where a Ref is read: a function of a module, or a class body (`klass` >= 0) in the frame of that function."""

    module: int
    function: int
    klass: int = -1


@record(frozen=True, slots=True)
class Package:
    """A module of the project or of an installed package, by its stem."""

    stem: str


@record(frozen=True, slots=True)
class FunctionValue:
    """A function of the project; `receiver` is the class whose instance it is bound to, if any."""

    module: int
    number: int
    receiver: ClassValue | None = None

    @property
    def key(self) -> FunctionKey:
        """Its identity in the program."""
        return (self.module, self.number)


@record(frozen=True, slots=True)
class ClassValue:
    """A class of the project."""

    module: int
    number: int


@record(frozen=True, slots=True)
class Instance:
    """An instance of a class of the project."""

    klass: ClassValue


@record(frozen=True, slots=True)
class Super:
    """`super()` in a method of the class."""

    klass: ClassValue


@record(frozen=True, slots=True)
class External:
    """A thing outside the project, by its canonical path; `receiver` is the type of the instance that a method is bound to."""

    path: str
    receiver: str = ""


@record(frozen=True, slots=True)
class ExternalInstance:
    """A value of a type outside the project (or of what a callable there gives), by its canonical path."""

    path: str


@record(frozen=True, slots=True)
class Many:
    """A container or iterable of such values; `function` is the generator function of the project that made it, if one did; `keys` are those of
    a mapping, as far as they are known.
    """

    items: Values
    function: FunctionValue | None = None
    keys: Values = ()


@record(frozen=True, slots=True)
class Parts:
    """A tuple whose parts are known one by one."""

    parts: tuple[Values, ...]


@record(frozen=True, slots=True)
class Awaitable:
    """What gives such values when awaited; `function` is the coroutine function of the project that made it, if one did."""

    items: Values
    function: FunctionValue | None = None


@record(frozen=True, slots=True)
class Manager:
    """What a `contextmanager` of the project gives: `with` binds the items, and runs the function."""

    items: Values
    function: FunctionValue


@record(frozen=True, slots=True)
class Bound:
    """A callable made of another one: `functools.partial(f, ...)`, or the method of a container that gives its items."""

    items: Values
    calls: bool  # True: calling it calls the items; False: calling it gives the items


Value: TypeAlias = Package | FunctionValue | ClassValue | Instance | Super | External | ExternalInstance | Many | Parts | Awaitable | Manager | Bound
Values: TypeAlias = tuple[Value, ...]


def modules_of(value: Value) -> frozenset[int]:
    """The modules whose functions and classes a value names by number."""
    kind = value.__class__
    if kind is External or kind is ExternalInstance or kind is Package:
        return _NONE
    if isinstance(value, ClassValue):
        return frozenset((value.module,))
    if isinstance(value, (Instance, Super)):
        return frozenset((value.klass.module,))
    if isinstance(value, FunctionValue):
        return frozenset((value.module, value.receiver.module)) if value.receiver is not None else frozenset((value.module,))
    inner = value.parts if isinstance(value, Parts) else (value.items,)  # type: ignore[union-attr]
    found = _NONE.union(*(modules_of(each) for values in inner for each in values))
    if isinstance(value, Many):
        found = found.union(*map(modules_of, value.keys))
    function = getattr(value, "function", None)
    return found | modules_of(function) if function is not None else found


_NONE: frozenset[int] = frozenset()
