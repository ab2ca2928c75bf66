"""What is iterated and entered, here or later: `for`, comprehensions, generator expressions, `with`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.order import children
from asynclint.index.refs import ref

if TYPE_CHECKING:
    from asynclint.index.extract import Extractor

_ASYNC = f.AWAITED | f.ENTERED_ASYNC | f.CONSUMED_ASYNC


def set_guard(self: Extractor, guard: int) -> None:
    """From here on, calls have these flags."""
    self.guard = guard


def mark(self: Extractor, node: ast.AST, flag: int) -> None:
    """Note what is done with the value of an expression: a call has the flag, a local name hands it on to what it is bound to."""
    kind = node.__class__
    if kind is ast.Call or kind is ast.GeneratorExp:
        self.marks[id(node)] = self.marks.get(id(node), 0) | flag
    elif flag & (f.CONSUMED | f.ENTERED | _ASYNC):
        if kind is ast.Name:
            if flag != f.AWAITED:  # a name is awaited where a test has said that it can be
                self.frame.uses[node.id] = self.frame.uses.get(node.id, 0) | flag  # type: ignore[attr-defined]
        elif kind is ast.IfExp:
            mark(self, node.body, flag)  # type: ignore[attr-defined]
            mark(self, node.orelse, flag)  # type: ignore[attr-defined]
        elif kind is ast.NamedExpr or kind is ast.Starred:
            mark(self, node.value, flag)  # type: ignore[attr-defined]


def loop(self: Extractor, node: Any) -> None:
    """`for` and `async for`."""
    _iteration(self, node, is_async=node.__class__ is ast.AsyncFor)


def comprehension(self: Extractor, node: Any) -> None:
    """One `for` of a comprehension."""
    for test in node.ifs:
        mark(self, test, f.USED)
    _iteration(self, node, is_async=bool(node.is_async))


def _iteration(self: Extractor, node: Any, *, is_async: bool) -> None:
    _bind(self, node, is_async=is_async)
    mark(self, node.iter, f.CONSUMED_ASYNC if is_async else f.CONSUMED)
    self.stack.extend(children(node))


def _bind(self: Extractor, node: Any, *, is_async: bool) -> None:
    if is_async:
        self.frame.suspensions += 1
    self.bind_target(node.target, ("aiter" if is_async else "iter", ref(node.iter)))


def generator_expression(self: Extractor, node: Any) -> None:
    """All but the first iterable is computed when the expression is iterated."""
    flags = self.marks.pop(id(node), 0)
    if flags & f.CONSUMED:
        self.stack.extend(children(node))
        return
    first, guard, push = node.generators[0], self.guard, self.stack.append
    _bind(self, first, is_async=bool(first.is_async))
    if first.is_async:
        mark(self, first.iter, f.CONSUMED_ASYNC)
    elif flags & f.LAZY:
        mark(self, first.iter, f.CONSUMED)
    for test in first.ifs:
        mark(self, test, f.USED)
    push((_leave_generator_expression, (node, len(self.calls), guard)))
    self.stack.extend(reversed((*first.ifs, *node.generators[1:])))
    push((set_guard, guard | f.LAZY))
    push(first.iter)
    push(first.target)
    push((set_guard, guard))
    push(node.elt)
    push((set_guard, guard | f.LAZY))


def _leave_generator_expression(self: Extractor, entered: Any) -> None:
    node, first, guard = entered
    self.guard = guard
    name = self.targets.pop(id(node), None)
    if name is not None and first < len(self.calls):
        self.frame.postponed.append((name, first, len(self.calls)))


def mark_later_uses(self: Extractor) -> None:
    """Tell the calls whose values are bound to names what their functions do with these names."""
    for frame in self.frames:
        if not frame.uses:
            continue
        for name, number in frame.made:
            later = frame.uses.get(name, 0)
            if later:
                flags = (f.CONSUMED_LATER if later & f.CONSUMED else 0) | (f.ENTERED_LATER if later & f.ENTERED else 0)
                if not flags:  # it is never entered or iterated the plain way
                    flags = later & (f.ENTERED_ASYNC | f.CONSUMED_ASYNC)
                _set_flags(self, number, self.calls[number][3] | flags)
        for name, first, last in frame.postponed:
            if frame.uses.get(name, 0) & f.CONSUMED:
                for number in range(first, last):
                    _set_flags(self, number, self.calls[number][3] & ~f.LAZY)


def _set_flags(self: Extractor, number: int, flags: int) -> None:
    call = self.calls[number]
    self.calls[number] = (*call[:3], flags, *call[4:])


def with_statement(self: Extractor, node: Any) -> None:
    """`with` and `async with`."""
    is_async = node.__class__ is ast.AsyncWith
    if is_async:
        self.frame.suspensions += 1
    else:
        self.stack.append((_leave_with, (node, self.frame.suspensions)))
    self.stack.extend(reversed(node.body))
    for item in reversed(node.items):
        mark(self, item.context_expr, f.ENTERED_ASYNC if is_async else f.ENTERED)
        if item.optional_vars is not None:
            self.bind_target(item.optional_vars, ("aenter" if is_async else "enter", ref(item.context_expr)))
            self.stack.append(item.optional_vars)
        self.stack.append(item.context_expr)


def _leave_with(self: Extractor, entered: Any) -> None:
    node, before = entered
    if self.frame.suspensions > before and self.frame.flags & (f.ASYNC | f.GENERATOR):
        for item in node.items:
            expression = item.context_expr
            self.withs.append((self.frame.number, ref(expression), expression.lineno, expression.col_offset))
