"""The object that keeps the tasks of its methods: in a set that its class has already, or endless ones in a set that its closing method cancels."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix import loops
from asynclint.fix.endless import End, end_of
from asynclint.fix.occurrences import Occurrences
from asynclint.index.facts import last_name
from asynclint.model import Applicability, Edit
from asynclint.program.values import ClassValue, ExternalInstance, FunctionValue, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from asynclint.fix.occurrences import Use
    from asynclint.index.facts import Function, Ref
    from asynclint.program.values import Values
    from asynclint.walk.context import Context

NAME = "_background_tasks"
_CLOSING = ("aclose", "close", "stop", "shutdown", "__aexit__")
_SET = ("call", "set", ())
_TASKS = frozenset({"asyncio.Task", "asyncio.Future"})
_KEEPING = frozenset({"add", "discard", "remove"})


class Owner(NamedTuple):
    """Where a task is kept: the set as an expression, the edits that make it, and what may happen to the task there ("" where nothing does)."""

    registry: str
    edits: tuple[Edit, ...]
    risk: str
    discards: bool = True  # whether tasks leave the set when they are done: not where its class iterates it and never takes one out

    @property
    def applicability(self) -> Applicability:
        """Unsafe where a task now ends with its owner."""
        return Applicability.UNSAFE if self.risk else Applicability.SAFE


def owner_of(ctx: Context, node: cst.Call) -> Owner | None:
    """The set of the object whose method the call at hand stands in; None where its class has no set of tasks, unless it has a closing method and the
    task never ends by itself: what does had better be let end, and its owner may be gone before.
    """
    function = ctx.program.function(ctx.function)
    if function.owner < 0 or not function.params or {"staticmethod", "classmethod"} & {str(each) for each in function.decorators}:
        return None
    klass = ClassValue(ctx.module, function.owner)
    self = function.params[0].name
    for base in ctx.program.resolver.mro(klass):
        if isinstance(base, ClassValue) and not ctx.program.is_outside(base.module):
            for name in _sets_of_tasks(ctx, base):
                if _only_keeps(ctx, name):
                    return Owner(f"{self}.{name}", (), "")
                if not _may_wait_for_itself(ctx, ctx.twin(node), name):
                    risk = f"`{name}` is used for more than to keep them: what happens to all in it happens to this task too"
                    return Owner(f"{self}.{name}", (), risk, _is_discarded_from(ctx, name))
    return _new(ctx, klass, self) if is_endless(ctx, ctx.twin(node)) else None


# -- a set that is there


def _sets_of_tasks(ctx: Context, klass: ClassValue) -> Iterator[str]:
    """The attributes that `__init__` makes an empty set, and that hold tasks as far as an annotation or what is added to them tells."""
    functions = ctx.program.facts(klass.module).functions
    for name, pairs in ctx.program.resolver.klass(klass).attributes.items():
        if len(pairs) == 1 and functions[pairs[0][0]].name == "__init__" and _value(pairs[0][1]) == _SET:
            scope = Scope(klass.module, pairs[0][0])
            held = [value for value in ctx.program.evaluate(pairs[0][1], scope) if isinstance(value, Many)]
            if any(_is_task(item) for many in held for item in many.items) or _is_given_tasks(ctx, klass, name):
                yield name


def _value(bound: Ref) -> Ref:
    return bound[2] if bound.__class__ is tuple and bound[0] == "declared" else bound


def _is_task(value: object) -> bool:
    return isinstance(value, ExternalInstance) and value.path in _TASKS


def _is_given_tasks(ctx: Context, klass: ClassValue, name: str) -> bool:
    """Whether a method of the class adds a task to the set."""
    facts = ctx.program.facts(klass.module)
    for number in facts.calls_of(("add",)):
        call = facts.calls[number]
        method: Function = facts.functions[call.function]
        is_meant = method.owner == klass.number and bool(method.params) and call.callee == f"{method.params[0].name}.{name}.add"
        scope = Scope(klass.module, call.function)
        if is_meant and any(_is_task(value) for _, each in call.arguments for value in ctx.program.evaluate(each, scope)):
            return True
    return False


def _only_keeps(ctx: Context, name: str) -> bool:
    """Whether all that is done with attributes of this name is to add to them and to discard from them."""
    return all(map(_keeps, Occurrences.shared(ctx.program, ctx.sources).of(name)))


def _may_wait_for_itself(ctx: Context, call: ast.Call, name: str) -> bool:
    """Whether a task, put into a set, may wait for itself, or let others wait for ever: its coroutine comes to where the set is used for more than to
    keep tasks, or does not end by itself, and nobody who uses the set cancels what is in it.
    """
    made, program = _coroutine(ctx, call), ctx.program
    functions = [value.key for value in made if isinstance(value, FunctionValue)]
    uses = [use for use in Occurrences.shared(program, ctx.sources).of(name) if not _keeps(use)]
    users = {(use.scope.module, use.scope.function) for use in uses}
    if not made or loops.come_to(program, functions, users):
        return True
    calls = (program.call(key[0], number) for key in users for number in program.calls_of(key))
    return end_of(ctx, made) is not End.BY_ITSELF and all(last_name(each.callee) != "cancel" for each in calls)


def _is_discarded_from(ctx: Context, name: str) -> bool:
    uses = Occurrences.shared(ctx.program, ctx.sources).of(name)
    return any(isinstance(use.above[-1], ast.Attribute) and use.above[-1].attr in ("discard", "remove") for use in uses)


def _keeps(use: Use) -> bool:
    return isinstance(use.node, ast.Name) or only_keeps_in_name(use)


def only_keeps_in_name(use: Use) -> bool:
    """Whether a use of a set makes it, adds to it, takes out of it or counts what is in it."""
    parent = use.above[-1]
    if isinstance(use.node.ctx, ast.Store):
        return True
    is_counted = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "len"
    return is_counted or (isinstance(parent, ast.Attribute) and parent.attr in _KEEPING)


# -- a new one


def is_endless(ctx: Context, call: ast.Call) -> bool:
    """Whether the coroutine that a call makes a task of runs for ever."""
    return end_of(ctx, _coroutine(ctx, call)) is End.NEVER


def _coroutine(ctx: Context, call: ast.Call) -> Values:
    """What makes the coroutine that a call makes a task of; nothing where that is not known."""
    coroutine = call.args[0] if call.args else next((each.value for each in call.keywords if each.arg == "coro"), None)
    return ctx.evaluate(coroutine.func) if isinstance(coroutine, ast.Call) else ()


def _new(ctx: Context, klass: ClassValue, self: str) -> Owner | None:
    """A new set, made first in `__init__`, whose tasks are cancelled and awaited first in the method that closes the object."""
    occurrences = Occurrences.shared(ctx.program, ctx.sources)
    methods = {
        facts.name: occurrences.function((klass.module, number))
        for number, facts in enumerate(ctx.program.facts(klass.module).functions)
        if number and facts.owner == klass.number and not facts.decorators
    }
    closing = next((methods[name] for name in _CLOSING if isinstance(methods.get(name), ast.AsyncFunctionDef)), None)
    made = methods.get("__init__")
    if closing is None or made is None or "__slots__" in ctx.program.resolver.klass(klass).bindings:
        return None
    if not closing.args.args or not made.args.args:
        return None
    receiver = closing.args.args[0].arg
    start = _first_in(ctx, made, [f"{made.args.args[0].arg}.{NAME}: set[asyncio.Task[object]] = set()"])
    end = _first_in(
        ctx,
        closing,
        [
            f"background_tasks = [task for task in {receiver}.{NAME} if task is not asyncio.current_task()]",
            "for background_task in background_tasks:",
            "    background_task.cancel()",
            "await asyncio.gather(*background_tasks, return_exceptions=True)",
        ],
    )
    if start is None or end is None or _names(closing) & {"background_tasks", "background_task"}:
        return None
    return Owner(f"{self}.{NAME}", (start, end), f"`{closing.name}` then cancels it and waits for its end")


def _first_in(ctx: Context, function: Any, lines: list[str]) -> Edit | None:
    """The insert of statements at the beginning of a function, behind its docstring; None where the body shares the line of the `def`."""
    body, source = function.body, ctx.source
    is_documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str)
    first = body[1] if is_documented and len(body) > 1 else body[0]
    line = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", ()))])
    place = source.line_starts[line - 1]
    indent = source.indentation(place)
    if (is_documented and len(body) == 1) or source.text[place : source.offset_at(first.lineno, first.col_offset)].strip() or line == function.lineno:
        return None
    return Edit(ctx.path, source.span(place, place), "".join(f"{indent}{each}{source.newline}" for each in lines))


def _names(function: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
