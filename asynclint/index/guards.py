"""Which branches of `if` and `try` statements say by their test that they do not run on an event loop, or not at run time."""

from __future__ import annotations

import ast
from typing import Any

from asynclint.index.refs import caught_names

_THREAD_TESTS = frozenset({"get_ident", "current_thread", "main_thread", "get_native_id"})
_EQUALITY = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
_LOOP_QUESTIONS = frozenset({"get_running_loop", "current_task", "get_event_loop", "current_async_library"})


def guarded_parts(node: Any) -> frozenset[int]:
    """The ids of the child nodes of an `if` or `try` that do not run on the loop. Empty for almost every statement."""
    return _guarded_by_test(node) if node.__class__ is ast.If else _guarded_by_exception(node)


def _guarded_by_test(node: ast.If) -> frozenset[int]:
    truth = _off_loop_when(node.test)
    if truth is None:
        return frozenset()
    return frozenset(map(id, node.body if truth else node.orelse))


def _off_loop_when(test: Any) -> bool | None:
    """The truth value of a test that implies that the code runs off the loop (or never); None where no value does."""
    kind = test.__class__
    if kind is ast.UnaryOp and test.op.__class__ is ast.Not:
        inner = _off_loop_when(test.operand)
        return None if inner is None else not inner
    if kind is ast.Constant:
        return not test.value
    if kind is ast.Name or kind is ast.Attribute:
        return True if (test.id if kind is ast.Name else test.attr) == "TYPE_CHECKING" else None
    if kind is ast.Call and test.func.__class__ is ast.Attribute and test.func.attr == "is_running" and not test.args:
        return False
    if kind is ast.Compare and test.ops[0].__class__ in _EQUALITY and len(test.ops) == 1:
        sides = (test.left, test.comparators[0])
        if ast.Call in map(type, map(_base, sides)) and (_called(sides[0]) | _called(sides[1])) & _THREAD_TESTS:
            return test.ops[0].__class__ in (ast.NotEq, ast.IsNot)
    if kind is ast.BoolOp:
        values = [_off_loop_when(value) for value in test.values]
        wanted = test.op.__class__ is ast.And  # all of `a and b` hold in the body; none of `a or b` in the else
        return wanted if wanted in values else None
    return None


def _guarded_by_exception(node: ast.Try) -> frozenset[int]:
    """The handlers of `RuntimeError` where the body asks for the running loop: no loop runs there."""
    handlers = [h for h in node.handlers if "RuntimeError" in caught_names(h.type)] if len(node.body) <= 3 else []
    if not handlers or not any(_called(statement) & _LOOP_QUESTIONS for statement in node.body):
        return frozenset()
    return frozenset(map(id, handlers))


def _base(node: Any) -> Any:
    """What a chain of attributes starts from: `threading.current_thread()` of `threading.current_thread().ident`."""
    while node.__class__ is ast.Attribute:
        node = node.value
    return node


def _called(node: ast.AST) -> set[str]:
    """The last names of the functions called in a node."""
    found = set()
    for child in ast.walk(node):
        if child.__class__ is ast.Call:
            func: Any = child.func
            found.add(func.attr if func.__class__ is ast.Attribute else getattr(func, "id", ""))
    return found
