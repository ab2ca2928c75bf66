"""What is held at a place in a coroutine: locks of files, transactions, and changes of what all tasks see."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.fix.touches import View
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance, Manager
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.places import Place
    from asynclint.program.values import Value


def at(place: Place, *, in_thread: bool) -> str:
    """What is held at a place that must not be held at a new `await`; `in_thread`: the call works on in a thread if its task is cancelled."""
    for block in place.held_blocks():
        for item in block.items:
            if _is_held(place.view, item.context_expr, in_thread=in_thread, is_async=isinstance(block, ast.AsyncWith)):
                return f"`{ast.unparse(item.context_expr)}` is entered"
    if any(each.kind == "process" for each in place.before):
        return "what all tasks of the process see is changed before it"
    held = place.held_earlier
    if held and (held[-1].kind == "hold" or (in_thread and held[-1].kind == "hold-awaits")):
        return f"`{ast.unparse(held[-1].node)}` is not given back yet"
    return ""


def changes_process(place: Place) -> str:
    """Whether the call itself changes what all tasks see."""
    return "it changes what all tasks of the process see" if any(each.kind == "process" for each in place.own) else ""


def _is_held(view: View, expression: Any, *, in_thread: bool, is_async: bool) -> bool:
    catalog = view.program.catalog
    if isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript)) and view.path(expression) is not None:
        if not view.evaluate(expression) and (in_thread or not is_async):
            return True  # what is there already, and is entered, is a lock for all that is known
        if view.is_sequence(expression):
            return True  # a transaction, until the block ends
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
        receiver = expression.func.value
        if view.path(receiver) is not None and view.is_sequence(receiver):
            return True
    paths = {value.path for value in view.evaluate(expression) if isinstance(value, ExternalInstance)}
    if isinstance(expression, ast.Call):
        paths |= {value.path for value in view.evaluate(expression.func) if isinstance(value, External)}
    for path in paths:
        hold = next((catalog.holds[base] for base in catalog.ancestry(path) if base in catalog.holds), None)
        if hold is not None and (in_thread or not hold.awaits):
            return True
    return any(_enters(view, value, in_thread=in_thread) for value in view.evaluate(expression))


def _enters(view: View, value: Value, *, in_thread: bool) -> bool:
    """Whether entering a manager of the program holds something, by what its own code does before its block."""
    for function in _entering(view, value):
        key = function.key
        if view.program.is_outside(key[0]):
            continue
        known = {kind for kind, _ in view.touches.of(key).accesses}
        if "process" in known or ("hold" in known and "release" not in known):
            return True
        inner = View(view.touches, key, view.touches.occurrences.function(key))
        if isinstance(value, Manager) or view.program.function(key).is_generator:
            if "hold" in known:
                return True
            for node in own_nodes(inner.function):
                if isinstance(node, (ast.With, ast.AsyncWith)) and _yields(node):
                    is_async = isinstance(node, ast.AsyncWith)
                    if any(_is_held(inner, item.context_expr, in_thread=in_thread, is_async=is_async) for item in node.items):
                        return True
    return False


def _yields(node: Any) -> bool:
    return any(isinstance(each, ast.Yield) for statement in node.body for each in own_nodes(statement))


def _entering(view: View, value: Value) -> Iterator[FunctionValue]:
    if isinstance(value, Manager):
        yield value.function
    elif isinstance(value, Instance):
        for name in ("__enter__", "__aenter__"):
            for method in view.program.resolver.instance_attribute_of_class(value.klass, name):
                if isinstance(method, FunctionValue):
                    yield method
