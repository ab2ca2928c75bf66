"""What stands around the use of a function in the text: whether an `await` may stand there, and what else it can mean."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import ref

if TYPE_CHECKING:
    from asynclint.fix.occurrences import Use
    from asynclint.program import Program

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
_EXITS = frozenset({"exit", "sys.exit", "SystemExit"})


def cannot_await(use: Use, program: Program, target_version: tuple[int, int]) -> str:
    """Why no `await` may stand before a call that is directly in a function, or ""."""
    path = (*use.above, use.node)
    if isinstance(use.above[-2], ast.Await):
        return "an `await` already: it gives something to wait for"
    comprehensions = 0
    for node, child in reversed(list(pairwise(path))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return "" if child in node.body else "a decorator, default or annotation"
        if isinstance(node, (ast.GeneratorExp, *_COMPREHENSIONS)) and not _is_first_iterable(node, child, path):
            if isinstance(node, ast.GeneratorExp):
                return "a generator expression, whose consumer would have to be asynchronous"
            comprehensions += 1
            if comprehensions > 1 and target_version < (3, 11):
                return "a nested comprehension, where an `await` needs Python 3.11"
        if isinstance(node, ast.With) and child in node.body:
            for item in node.items:
                if any(program.locks.entered(program.evaluate(ref(item.context_expr), use.scope))):
                    return f"`with {ast.unparse(item.context_expr)}`, and another task that wants the lock would stop the event loop"
        if isinstance(node, (ast.JoinedStr, ast.FormattedValue)) and not _is_where_it_says(use):
            return "an f-string, and its place in the text is not known"
    return ""


def _is_first_iterable(node: Any, child: Any, path: tuple[Any, ...]) -> bool:
    """Whether a child of a comprehension leads to what it iterates first, which is evaluated outside of it."""
    return child is node.generators[0] and child.iter in path


def _is_where_it_says(use: Use) -> bool:
    """Whether the place of a node in an f-string is right: before Python 3.12 it may not be."""
    call, source = use.above[-1], use.source
    text = source.text[source.offset_at(call.lineno, call.col_offset) : source.offset_at(call.end_lineno, call.end_col_offset)]
    try:
        return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(call)
    except SyntaxError:
        return False


def binds_tighter(use: Use, call: ast.Call) -> bool:
    """Whether what stands around a call binds tighter than `await`, and no parentheses are there yet."""
    parent: Any = use.above[-2]
    tight = isinstance(parent, (ast.Attribute, ast.Subscript)) and parent.value is call
    tight = tight or (isinstance(parent, ast.Call) and parent.func is call) or isinstance(parent, ast.Await)
    if not tight:
        return False
    source = use.source
    before = source.text[: source.offset_at(call.lineno, call.col_offset)].rstrip()
    after = source.text[source.offset_at(call.end_lineno or 0, call.end_col_offset or 0) :].lstrip()
    return not (before.endswith("(") and after.startswith(")"))


def is_main_guard(node: Any) -> bool:
    """Whether a statement is `if __name__ == "__main__":` without `else`."""
    test = node.test if isinstance(node, ast.If) and not node.orelse else None
    if not isinstance(test, ast.Compare) or len(test.comparators) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    return sides == {"__name__", "'__main__'"}


def is_last_step(above: tuple[Any, ...], call: ast.Call) -> bool:
    """Whether a call is a statement of its own, or what a statement of its own exits with."""
    if len(above) == 1:
        return isinstance(above[0], ast.Expr)
    exits = len(above) == 2 and isinstance(above[0], (ast.Expr, ast.Raise)) and isinstance(above[1], ast.Call)
    return exits and ast.unparse(above[1].func) in _EXITS and above[1].args == [call]


def is_offloaded(program: Program, use: Use) -> bool:
    """Whether a function is the argument of a call that runs it in a thread."""
    call = next((node for node in reversed(use.above) if isinstance(node, ast.Call)), None)
    return call is not None and any(
        value.path in program.catalog.offloads for value in program.evaluate(ref(call.func), use.scope) if hasattr(value, "path")
    )


def is_awaited(use: Use) -> bool:
    """Whether a call of an attribute is awaited, iterated or entered asynchronously."""
    parent, outer = use.above[-2], use.above[-3] if len(use.above) > 2 else None
    return isinstance(parent, (ast.Await, ast.AsyncFor)) or (isinstance(parent, ast.withitem) and isinstance(outer, ast.AsyncWith))


def fits(function: ast.FunctionDef, call: ast.Call, *, bound: bool) -> bool:
    """Whether a function can be called with the arguments of a call; `bound`: on an object, which is its first one unless it is static."""
    if any(isinstance(node, ast.Starred) for node in call.args) or any(keyword.arg is None for keyword in call.keywords):
        return True
    accepted = function.args
    is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    positional = [each.arg for each in (*accepted.posonlyargs, *accepted.args)][0 if is_static or not bound else 1 :]
    named = {*positional, *(each.arg for each in accepted.kwonlyargs)}
    given = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    if len(call.args) > len(positional) and accepted.vararg is None:
        return False
    if not given <= named and accepted.kwarg is None:
        return False
    optional = {*positional[len(positional) - len(accepted.defaults) :], *_keywords_with_default(accepted)}
    return named - optional <= given.union(positional[: len(call.args)])


def _keywords_with_default(accepted: ast.arguments) -> set[str]:
    return {each.arg for each, default in zip(accepted.kwonlyargs, accepted.kw_defaults, strict=True) if default is not None}


def short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}..."
