"""Which calls cannot run anything that has a name in the program or the catalog, as the module alone tells: calls of what nobody says anything
about (a parameter without annotation, what is taken out of it), methods of plain values, builtin types. Nobody has to resolve them.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asynclint.index.facts import Ref
    from asynclint.index.module import ModuleFacts

_TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type))
_PLAIN = frozenset(["str", "bytes", "int", "float", "bool", "dict", "list", "set", "frozenset", "tuple"])
_IMPORTED = {
    ("import", module, name, 0)
    for module in ("typing", "collections.abc")
    for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Collection")
}
_VALUES = frozenset({"many", "const", "type"})  # displays and constants
_TAKEN = frozenset({"call", "item", "await", "attr", "iter", "unpack", "enter", "aenter", "aiter"})  # what they are taken from comes second
_NAME, _METHOD, _CHAIN = 1, 2, 4  # shapes of a callee: `a`, `a.b`, `a.b.c` and longer
_DEPTH = 5  # local names of local names that are followed


class Reach:
    """The scopes of one module, asked for the callees in it."""

    def __init__(self, facts: ModuleFacts) -> None:
        self._functions: Any = facts.functions.raw
        self._module = self._functions[0][10]
        self._stars = bool(facts.stars)
        self._params: dict[int, dict[str, tuple[Any, ...]]] = {}
        self._heads: dict[tuple[int, str], int] = {}

    def is_idle(self, callee: Ref, function: int) -> bool:
        """Whether a callee, called in a function, certainly stands for nothing of the program or the catalog."""
        if not function:
            return False
        if callee.__class__ is not str:
            return callee.__class__ is tuple and (_is_value(callee[1]) or self._is_unknown(callee[1], function, _DEPTH))
        if callee.startswith("self."):  # a third of all calls, and only in strange code unknown
            return False
        dot = callee.find(".")
        head = callee if dot < 0 else callee[:dot]
        shapes = self._heads.get((function, head))
        if shapes is None:
            shapes = self._heads[(function, head)] = self._idle_shapes(head, function)
        return bool(shapes & (_NAME if dot < 0 else _CHAIN if callee.find(".", dot + 1) > 0 else _METHOD))

    def _idle_shapes(self, head: str, function: int) -> int:
        """The shapes of callees that stand for nothing when they start with a name."""
        if self._is_unknown(head, function, _DEPTH):
            return _NAME | _METHOD | _CHAIN
        kind, found = self._binding(head, function)
        if kind == "param":
            names_class = found[2].__class__ is str and not self._is_plain(found[2])  # whose instances may be called
            return (_METHOD if self._is_plain(found[2]) else 0) | (_NAME if _is_silent(found[3]) and not names_class else 0)
        if kind == "bound":
            return _METHOD if all(map(_is_value, found)) else 0
        return _NAME if head in _TYPES and not self._stars else 0

    def _binding(self, name: str, function: int) -> tuple[str, Any]:
        """What binds a name that a function uses: ("param", its row), ("bound", Refs), or ("", None)."""
        while function > 0:
            raw = self._functions[function]
            params = self._params.get(function)
            if params is None:
                params = self._params[function] = {param[0]: param for param in raw[5]}
            bound, param = raw[10].get(name), params.get(name)
            if bound is not None:
                return ("bound", bound if param is None else (*bound, ("param", name)))
            if param is not None:
                is_receiver = raw[3] >= 0 and raw[5][0] is param
                return ("bound", (("param", name),)) if is_receiver else ("param", param)
            function = raw[2]
        bound = self._module.get(name)
        return ("", None) if bound is None else ("bound", bound)

    def _is_unknown(self, ref: Ref, function: int, depth: int) -> bool:
        """Whether nobody says what a Ref is: it starts from a parameter without annotation."""
        while ref.__class__ is tuple and ref[0] in _TAKEN:
            ref = ref[1]
        if ref is None:
            return True
        if ref.__class__ is not str or not depth:
            return False
        kind, found = self._binding(ref.partition(".")[0], function)
        if kind == "param":
            return found[2] is None and _is_silent(found[3])
        return kind == "bound" and all(self._is_unknown(value, function, depth - 1) for value in found)

    def _is_plain(self, annotation: Ref) -> bool:
        """Whether an annotation names a type whose methods run no code of others."""
        if annotation.__class__ is tuple:
            if annotation[0] == "op":
                return all(self._is_plain(side) or side == ("const", None) for side in annotation[2:])
            annotation = annotation[1] if annotation[0] == "item" else None
        if annotation.__class__ is not str:
            return False
        bound = self._module.get(annotation)
        if bound is None:
            return annotation in _PLAIN and not self._stars
        return all(ref in _IMPORTED for ref in bound)


def _is_value(ref: Ref) -> bool:
    return ref.__class__ is tuple and ref[0] in _VALUES


def _is_silent(default: Ref) -> bool:
    """Whether a default says nothing of what a parameter is: there is none, or a constant."""
    return default is None or (default.__class__ is tuple and default[0] == "const")
