"""The syntax tree of one module -> its facts, in one walk with an explicit stack.

The walk visits expressions in source order, which is also the order of a pre-order walk over libcst's tree: so the n-th call of the facts
is the n-th `Call` that the libcst walker meets (see `walk.positions`).
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.branches import restore
from asynclint.index.conditions import sources
from asynclint.index.consumption import mark_later_uses
from asynclint.index.handlers import HANDLERS
from asynclint.index.module import ModuleFacts
from asynclint.index.order import children
from asynclint.index.refs import dotted
from asynclint.index.scopes import Frame, Klass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asynclint.index.facts import Ref


class Extractor:
    """One walk over one module."""

    def __init__(self, tree: ast.Module, said: Mapping[int, tuple[str, str]]) -> None:
        """`said`: what comments say of functions, verb and kind by the line of the `def`."""
        self.said = said
        self.frames: list[Frame] = []
        self.classes: list[Klass] = []
        self.calls: list[tuple[Any, ...]] = []  # the fields of `facts.Call`
        self.withs: list[tuple[Any, ...]] = []  # the fields of `facts.With`
        self.catches: list[tuple[int, tuple[str, ...]]] = []
        self.stars: list[tuple[str, int]] = []
        self.marks: dict[int, int] = {}  # id of a call's node -> flags that its parent knows
        self.targets: dict[int, str] = {}  # id of the node of a call or generator expression -> the local name it is bound to
        self.guard = 0
        self.missing: frozenset[str] = frozenset()  # what the code at hand found missing
        self.given: frozenset[str] = frozenset()  # optional parameters without which the code at hand does not run
        self.settled: frozenset[str] = frozenset()  # what a test said need not be waited for
        self.needs: dict[int, tuple[str, ...]] = {}  # number of a call -> such parameters
        self.klass: Klass | None = None  # the class whose body is being read, directly
        self.frame = self._new_frame(tree, "<module>", "", -1, 0)
        self.stack: list[Any] = [(restore, None)]
        self.stack.extend(reversed(tree.body))

    def run(self) -> ModuleFacts:
        stack, find = self.stack, HANDLERS.get
        pop, extend, name, constant = stack.pop, stack.extend, ast.Name, ast.Constant
        while stack:
            node = pop()
            kind = node.__class__
            if kind is name or kind is constant:
                continue
            if kind is tuple:
                node[0](self, node[1])
                continue
            handle = find(kind)
            if handle is None:
                extend(children(node))
            else:
                handle(self, node)
        self._mark_first_uses()
        mark_later_uses(self)
        functions = [frame.done() for frame in self.frames]
        classes = [klass.done() for klass in self.classes]
        loads = [tuple(frame.loads) for frame in self.frames]
        return ModuleFacts(functions, classes, self.calls, self.withs, self.stars, self.catches, self.needs, loads)

    def _mark_first_uses(self) -> None:
        for frame in self.frames:
            stores = sources(frame.stores, frame.bindings) if frame.memoised else frame.stores
            for number, missing in frame.memoised:
                if not stores.isdisjoint(missing):
                    call = self.calls[number]
                    self.calls[number] = (*call[:3], call[3] | f.FIRST_USE, *call[4:])

    # -- scopes

    def _new_frame(self, node: Any, name: str, qualname: str, parent: int, flags: int) -> Frame:
        frame = Frame(len(self.frames), name, qualname, parent, self.klass.number if self.klass else -1, flags, node)
        self.frames.append(frame)
        node.number_ = frame.number
        return frame

    def _qualify(self, name: str) -> str:
        prefix = self.klass.qualname if self.klass else self.frame.qualname
        return f"{prefix}.{name}" if prefix else name

    def bind(self, name: str, value: Ref) -> None:
        """Record that `name` is bound to `value` in the scope at hand."""
        if self.klass is not None:
            self.klass.bindings.setdefault(name, []).append(value)
            return
        frame = self.frame
        if name in frame.free:
            frame.stores.add(name)
            frame = self.frames[frame.free[name]]
        if name in frame.optional and not (frame is self.frame and name in self.given):
            frame.anew.add(name)
        values = frame.bindings.setdefault(name, [])
        if value not in values:
            values.append(value)

    def bind_target(self, target: ast.AST, value: Ref) -> None:
        """Record an assignment of `value` to a target of any shape."""
        kind = target.__class__
        if kind is ast.Name:
            self.bind(target.id, value)  # type: ignore[attr-defined]
        elif kind is ast.Attribute:
            self._bind_attribute(target, value)
        elif kind is ast.Subscript:
            self._bind_item(target, value)
        elif kind in (ast.Tuple, ast.List):
            parts = value[1:] if value.__class__ is tuple and value[0] == "many" else None
            for n, part in enumerate(target.elts):  # type: ignore[attr-defined]
                known = parts[n] if parts is not None and n < len(parts) else ("unpack", value, n) if value is not None else None
                self.bind_target(part, None if part.__class__ is ast.Starred else known)
        elif kind is ast.Starred:
            self.bind_target(target.value, None)  # type: ignore[attr-defined]

    def _receiver_class(self, node: ast.AST) -> tuple[Klass, Frame] | None:
        """The class whose instance (or itself) a name stands for: `self` or `cls` of the nearest method."""
        if node.__class__ is not ast.Name:
            return None
        frame: Frame = self.frame
        while True:
            if frame.owner >= 0 and frame.params and frame.params[0][0] == node.id:
                return self.classes[frame.owner], self.frame
            if frame.parent < 0 or node.id in frame.bindings:
                return None
            frame = self.frames[frame.parent]

    def _bind_attribute(self, target: Any, value: Ref) -> None:
        self.frame.stores.add(dotted(target) or "")
        found = self._receiver_class(target.value)
        if found is None:
            self.frame.flags |= f.WRITES
            return
        klass, frame = found
        pairs = klass.attributes.setdefault(target.attr, [])
        if (frame.number, value) not in pairs:
            pairs.append((frame.number, value))
        if frame.name != "__init__":
            frame.flags |= f.WRITES

    def _bind_item(self, target: Any, value: Ref) -> None:
        """`d[k] = v` tells what the container holds."""
        self.frame.stores.add(dotted(target.value) or "")
        self.frame.flags |= f.WRITES
        if value is None:
            return
        if target.value.__class__ is ast.Name:
            name = target.value.id
            if name in self.frame.bindings:
                self.bind(name, ("many", value))
            elif name in self.frames[0].bindings and self._is_global(name) and self._is_made_of_globals(value):
                values = self.frames[0].bindings[name]
                if ("many", value) not in values:
                    values.append(("many", value))
        elif target.value.__class__ is ast.Attribute:
            found = self._receiver_class(target.value.value)
            if found is not None:
                found[0].attributes.setdefault(target.value.attr, []).append((found[1].number, ("many", value)))

    def _is_global(self, name: str) -> bool:
        """Whether a name that the function at hand reads is one of the module, as far as the text has been read."""
        frame = self.frame
        while frame.parent >= 0:
            if name in frame.bindings or any(param[0] == name for param in frame.params):
                return False
            frame = self.frames[frame.parent]
        return True

    def _is_made_of_globals(self, value: Ref) -> bool:
        """Whether a value is a call without arguments that means the same in the module's own scope: `threading.Lock()`."""
        plain = value.__class__ is tuple and value[0] == "call" and value[1].__class__ is str and not value[2]
        return plain and self._is_global(value[1].partition(".")[0])


def extract(tree: ast.Module, said: Mapping[int, tuple[str, str]] = MappingProxyType({})) -> ModuleFacts:
    """The facts of a parsed module. What comments `said` of functions becomes a decorator of theirs. The tree is annotated (`number_` on functions)
    but otherwise left as it was.
    """
    return Extractor(tree, said).run()
