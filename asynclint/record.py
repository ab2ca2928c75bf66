"""Frozen, slotted dataclasses that cost a fifth as much to define: a short run spends more time on making classes than on using them.

`@record(frozen=True, slots=True)` means what `dataclasses.dataclass` means by it, for type checkers and in use: `dataclasses.fields`, `replace`
and `asdict` work. Only what must be fast is compiled, and `dataclasses` (with `inspect` and all that it loads) is imported when one of them asks.
Defaults must be immutable; there is no `field()`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen, slots, order=False):
        """A decorator that makes a class with annotated fields a frozen, slotted dataclass, with an order if `order`."""
        assert frozen
        assert slots
        return lambda cls: _made(cls, order)


def _made(cls: type, order: bool) -> type:
    names = tuple(cls.__annotations__)
    own = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__", *names}}
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    made = type(cls)(cls.__name__, cls.__bases__, {**own, **_methods(names, order), "__slots__": names, "__match_args__": names})
    made.__qualname__ = cls.__qualname__
    for name, method in _compiled(made, names, defaults).items():
        setattr(made, name, method)
    made.__dataclass_fields__ = _Fields(names, cls.__annotations__, defaults)  # type: ignore[attr-defined]
    return made


def _compiled(made: type, names: tuple[str, ...], defaults: dict[str, object]) -> dict[str, Any]:
    """What a long run calls often. `__init__` sets the slots by their descriptors, past the `__setattr__` that refuses."""
    space: dict[str, Any] = {"__name__": made.__module__}
    for name in names:
        space[f"_set_{name}"] = getattr(made, name).__set__
    space["_defaults"] = defaults
    parameters = ", ".join(f"{name}=_defaults[{name!r}]" if name in defaults else name for name in names)
    body = "; ".join(f"_set_{name}(self, {name})" for name in names)
    equal = " and ".join(f"self.{name} == other.{name}" for name in names)
    exec(
        f"def __init__(self, {parameters}): {body}\n"
        f"def __eq__(self, other): return {equal} if other.__class__ is self.__class__ else NotImplemented\n"
        f"def __hash__(self): return hash(({', '.join(f'self.{name}' for name in names)},))\n",
        space,
    )
    return {name: space[name] for name in ("__init__", "__eq__", "__hash__")}


def _methods(names: tuple[str, ...], order: bool) -> dict[str, Any]:
    def refuse(self: Any, name: str, *_: object) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")

    def __repr__(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def __reduce__(self: Any) -> tuple[type, tuple[object, ...]]:
        return self.__class__, tuple(getattr(self, name) for name in names)

    methods = {"__setattr__": refuse, "__delattr__": refuse, "__repr__": __repr__, "__reduce__": __reduce__}
    return {**methods, **_comparisons(attrgetter(*names))} if order else methods


def _comparisons(values: attrgetter[Any]) -> dict[str, Any]:
    def __lt__(self: Any, other: object) -> Any:
        return values(self) < values(other) if other.__class__ is self.__class__ else NotImplemented

    def __le__(self: Any, other: object) -> Any:
        return values(self) <= values(other) if other.__class__ is self.__class__ else NotImplemented

    def __gt__(self: Any, other: object) -> Any:
        return values(self) > values(other) if other.__class__ is self.__class__ else NotImplemented

    def __ge__(self: Any, other: object) -> Any:
        return values(self) >= values(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__lt__": __lt__, "__le__": __le__, "__gt__": __gt__, "__ge__": __ge__}


class _Fields:
    """What `dataclasses` looks for on a class to know that it is one: made when it looks."""

    def __init__(self, names: tuple[str, ...], annotations: dict[str, Any], defaults: dict[str, object]) -> None:
        self.rows: list[Any] = [(name, annotations[name], defaults.get(name, self)) for name in names]
        self.made: dict[str, Any] | None = None

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        if self.made is None:
            from dataclasses import field, make_dataclass

            rows = [(name, kind, field() if default is self else field(default=default)) for name, kind, default in self.rows]
            self.made = make_dataclass(owner.__name__, rows).__dataclass_fields__  # type: ignore[attr-defined]
        return self.made
