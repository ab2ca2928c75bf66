"""Tables whose keys belong to modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

FIRST: Final[Callable[[Any], int]] = itemgetter(0)  # of keys that are pairs of module and number
MODULE: Final[Callable[[Any], int]] = attrgetter("module")  # of keys that are records


class Grouped(dict[_Key, _Value]):
    """A dictionary that gives the keys of one module without a look at the others.

    An editor replaces one module after the other in a program of thousands: what is known of the others should not even be touched.
    """

    def __init__(self, module_of: Callable[[_Key], int]) -> None:
        """`module_of` gives the number of the module that a key belongs to."""
        super().__init__()
        self._module_of = module_of
        self._keys: dict[int, dict[_Key, None]] | None = None  # by module; from the first question on

    def of(self, module: int) -> list[_Key]:
        """The keys of a module, in the order in which they came."""
        return list(self._by_module().get(module, ()))

    def modules(self) -> Iterable[int]:
        """The modules that have keys, or had some."""
        return self._by_module()

    def _by_module(self) -> dict[int, dict[_Key, None]]:
        if self._keys is None:
            self._keys = {}
            for key in self:
                self._keys.setdefault(self._module_of(key), {})[key] = None
        return self._keys

    def __setitem__(self, key: _Key, value: _Value) -> None:
        super().__setitem__(key, value)
        if self._keys is not None:
            self._keys.setdefault(self._module_of(key), {})[key] = None

    def __delitem__(self, key: _Key) -> None:
        super().__delitem__(key)
        if self._keys is not None:
            del self._keys[self._module_of(key)][key]

    def __reduce__(self) -> tuple[Any, ...]:
        return (Grouped, (self._module_of,), None, None, iter(self.items()))

    # `dict` has its own ways past the two methods above.

    def setdefault(self, key: _Key, default: _Value) -> _Value:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other: Mapping[_Key, _Value]) -> None:  # type: ignore[override]
        for key, value in other.items():
            self[key] = value

    def pop(self, key: _Key, *default: Any) -> Any:
        if default and key not in self:
            return default[0]
        value = self[key]
        del self[key]
        return value

    clear = popitem = __ior__ = None  # type: ignore[assignment]
