"""What depends on where code stands: under which tests, in which handlers, and what is used by what is around it."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.conditions import given, leaves, looked_up, settled, tested
from asynclint.index.consumption import mark, set_guard
from asynclint.index.guards import guarded_parts
from asynclint.index.order import children
from asynclint.index.refs import caught_names, dotted

if TYPE_CHECKING:
    from collections.abc import Collection

    from asynclint.index.extract import Extractor

NONE: frozenset[str] = frozenset()
_MISSING = frozenset({"KeyError", "LookupError", "AttributeError"})  # what says that nothing is there
_OTHER_EXCEPTIONS = frozenset(dir(builtins)) - {"BaseException"}  # names that, unless they are bound anew, catch no cancellation


def restore(self: Extractor, state: Any) -> None:
    if state is not None:
        self.frame, self.klass, self.guard, self.missing, self.given, self.settled = state


def set_found(self: Extractor, found: tuple[frozenset[str], frozenset[str], frozenset[str]]) -> None:
    self.missing, self.given, self.settled = found


def add_found(self: Extractor, found: tuple[frozenset[str], frozenset[str], frozenset[str]]) -> None:
    self.missing, self.given, self.settled = self.missing | found[0], self.given | found[1], self.settled | found[2]


def operation(self: Extractor, node: Any) -> None:
    """Nodes that use the values of the expressions directly below, or may."""
    below = children(node)
    for child in below:
        if child.__class__ is ast.Call:
            mark(self, child, f.USED)
    self.stack.extend(below)


def if_(self: Extractor, node: Any) -> None:
    """What a test finds missing may be computed and remembered in the body, in the `else`, or after a body that leaves; what it finds given may be
    needed there, and what it finds done need not be waited for.
    """
    mark(self, node.test, f.USED)
    guarded = guarded_parts(node)
    optional = self.frame.optional - self.frame.anew
    asked = tested(node.test, self.frame.bindings, optional) if self.frame.number and not guarded else None
    done = settled(node.test)
    if guarded or (asked is None and done is None and not (optional and node.test.__class__ is ast.BoolOp)):
        _parts(self, node, guarded)
        return
    names, missing = asked or (NONE, False)
    optional |= frozenset(name for name in names if name.startswith("self."))
    finished = frozenset(done[:1]) if done else NONE
    both = given(node.test, optional, self.frame.bindings)
    in_body = (names, both) if missing else (NONE, (optional & names) | both)
    after = (NONE, optional & names) if missing else (names, NONE)
    found = [(*in_body, finished if done and done[1] else NONE), (*after, finished if done and not done[1] else NONE)]
    if leaves(node.body):
        self.stack.append((add_found, found[1]))
    now = (self.missing, self.given, self.settled)
    for statements, there in ((node.orelse, found[1]), (node.body, found[0])):
        if statements:
            self.stack += [(set_found, now), *reversed(statements), (add_found, there)]
    self.stack.append(node.test)


def if_expression(self: Extractor, node: Any) -> None:
    """`a if test else b`, as far as an attribute of `self` is asked for: its body is needed only where that is given."""
    name = dotted(node.test) or ""
    if not name.startswith("self."):
        operation(self, node)
        return
    for child in (node.body, node.orelse):
        mark(self, child, f.USED)
    now = (self.missing, self.given, self.settled)
    self.stack += [node.orelse, node.test, (set_found, now), node.body, (add_found, (NONE, frozenset((name,)), NONE))]


def while_(self: Extractor, node: Any) -> None:
    done = settled(node.test)
    if done is None or not done[1]:
        if done is not None and not any(child.__class__ is ast.Break for statement in node.body for child in ast.walk(statement)):
            self.stack.append((add_found, (NONE, NONE, frozenset(done[:1]))))  # the loop ends where the test is false
        operation(self, node)
        return
    mark(self, node.test, f.USED)
    now = (self.missing, self.given, self.settled)
    self.stack += [*reversed(node.orelse), (set_found, now), *reversed(node.body), (add_found, (NONE, NONE, frozenset(done[:1])))]
    self.stack.append(node.test)


def try_(self: Extractor, node: Any) -> None:
    if node.handlers and self.frame.flags & f.ASYNC:
        self.stack.append((_leave_try, (node, self.frame.suspensions)))
    guarded = guarded_parts(node)
    names = looked_up(node.body, self.frame.bindings, self.frame.optional) if self.frame.number and node.handlers and not guarded else NONE
    if not names:
        _parts(self, node, guarded)
        return
    now = (self.missing, self.given, self.settled)
    for child in children(node):
        if child.__class__ is ast.ExceptHandler and not _MISSING.isdisjoint(caught_names(child.type)):
            self.stack += [(set_found, now), child, (add_found, (names, NONE, NONE))]
        else:
            self.stack.append(child)


def _parts(self: Extractor, node: Any, guarded: Collection[int]) -> None:
    """`if` and `try`: parts of them may run only off the loop."""
    if not guarded:
        self.stack.extend(children(node))
        return
    guard = self.guard
    for child in children(node):
        if id(child) in guarded:
            self.stack += [(set_guard, guard), child, (set_guard, f.GUARDED)]
        else:
            self.stack.append(child)


def _leave_try(self: Extractor, entered: Any) -> None:
    """Record what may catch the cancellation of a coroutine."""
    node, before = entered
    if self.frame.suspensions > before:
        for handler in node.handlers:
            names = caught_names(handler.type)
            if not _OTHER_EXCEPTIONS.issuperset(names):
                self.catches.append((self.frame.number, names))
