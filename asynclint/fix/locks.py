"""Turns a lock of threads into one of asyncio: its creation and every use, in all modules, or nothing at all and why."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.fix import loops, reentry, reflection
from asynclint.fix.occurrences import Occurrences
from asynclint.index.refs import dotted, ref
from asynclint.model import Applicability, Edit, Fix, Import, Withheld
from asynclint.program.values import ClassValue, External, Instance, Super

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.occurrences import Use
    from asynclint.index.facts import Function
    from asynclint.program.known import Lock
    from asynclint.program.locks import Held
    from asynclint.walk.context import Context

_PLAIN = frozenset({"acquire", "release"})
_METHODS = {  # of the asynchronous counterparts, those that mean the same
    "asyncio.Lock": _PLAIN,
    "asyncio.Semaphore": _PLAIN,
    "asyncio.BoundedSemaphore": _PLAIN,
    "asyncio.Condition": _PLAIN | {"wait", "wait_for", "notify", "notify_all"},
}
_AWAITED = frozenset({"acquire", "wait", "wait_for"})
_PLACES = (ast.Expr, ast.Assign, ast.AnnAssign, ast.If, ast.While, ast.Return, ast.Assert, ast.UnaryOp, ast.BoolOp)  # where `await` needs no brackets
_NAMED = 3  # uses that forbid it which a reason names


def convert(ctx: Context, expression: Any, held: Held) -> Fix:
    """The rewrite of the lock that an expression stands for. Raises Withheld, naming the helper or the use that forbids it."""

    def attempt() -> Fix | Withheld:
        try:
            return _convert(ctx, expression, held)
        except Withheld as reason:
            return reason

    found: Fix | Withheld = ctx.once("lock", (held, ctx.evaluate(expression), *_identity(ctx, expression)), attempt)
    if isinstance(found, Withheld):
        raise Withheld(str(found))
    return found


def _identity(ctx: Context, expression: Any) -> tuple[object, ...]:
    """What is the same for all expressions that name the same lock in the same way: all its uses change together, wherever one was found."""
    name = dotted(expression)
    if name is None:
        return (expression,)
    head = name.rpartition(".")[0]
    if head:
        return (name, ctx.program.evaluate(head, ctx.scope))
    functions = ctx.program.facts(ctx.module).functions
    number = ctx.function[1]
    while number > 0 and name not in functions[number].bindings and all(param.name != name for param in functions[number].params):
        number = functions[number].parent
    return (name, number)


def _convert(ctx: Context, expression: Any, held: Held) -> Fix:
    if held.hops:
        helper = ctx.program.function((held.hops[0].module, held.hops[0].function))
        kind = "an asynchronous context manager" if helper.is_generator or helper.name == "__enter__" else "a coroutine"
        raise Withheld(f"`{helper.qualname}` takes the lock, and would have to become {kind} for all its users")
    lock = next((lock for value in ctx.evaluate(expression) if (lock := ctx.program.lock_of(value))), None)
    if lock is None:
        raise Withheld("it is not the lock itself that would have to change")
    if not lock.instead:
        raise Withheld(f"asyncio has no counterpart of `{lock.path}`")
    if ctx.backend != "asyncio":
        raise Withheld(f"the module uses {ctx.backend}; write its own lock in place of `{lock.path}`")
    uses = list(uses_of(ctx, expression))
    edits, imports = _changed(ctx, uses, lock)
    if lock.reentrant:
        again = reentry.taken_again(ctx, uses)
        if again:
            raise Withheld(f"`{lock.path}` may be taken again by its holder, and `{lock.instead}` may not: {again}")
    risk = _risk(ctx, expression, uses)
    # tasks of one thread take a reentrant lock together: from now on they wait for each other, and two that did so already may wait for ever
    applicability = Applicability.UNSAFE if lock.reentrant or risk else Applicability.SAFE
    title = f"Make it an `{lock.instead}` and await it at every use" + (f"; but {risk}" if risk else "")
    return Fix(title, applicability, tuple(sorted(set(edits))), tuple(imports))


def _changed(ctx: Context, uses: list[Use], lock: Lock) -> tuple[list[Edit], list[Import]]:
    """The edits of all uses. Raises Withheld, naming those that forbid it."""
    edits: list[Edit] = []
    imports: list[Import] = []
    reasons: list[str] = []
    for use in uses:
        try:
            creation = _creation(ctx, use, lock)
            edits += creation or _converted(ctx, use, lock)
        except Withheld as reason:
            reasons.append(str(reason))
            continue
        if creation:
            imports.append(Import(use.source.path, lock.instead.rpartition(".")[0]))
    if reasons:
        more = f"; and {len(reasons) - _NAMED} more uses" if len(reasons) > _NAMED else ""
        raise Withheld("; ".join(reasons[:_NAMED]) + more)
    if len(imports) != 1:
        raise Withheld("the lock is made in several places" if imports else "it is not known where the lock is made")
    return edits, imports


# -- what is not seen in the uses themselves


def _risk(ctx: Context, expression: Any, uses: list[Use]) -> str:
    """Why it is not certain that the lock may change, or "". Raises Withheld where it surely may not."""
    doubts = list(_doubts(ctx, expression))
    for doubt in doubts:
        if doubt.certain:
            raise Withheld(doubt.reason)
    again = loops.several(ctx, {(use.scope.module, use.scope.function) for use in uses})
    if again:
        raise Withheld(f"{again}, and a lock of asyncio belongs to one loop")
    early = _made_early(ctx, uses) if ctx.target_version < (3, 10) else ""
    return early or (doubts[0].reason if doubts else "")


def _doubts(ctx: Context, expression: Any) -> Iterator[reflection.Doubt]:
    """The uses of the lock by other ways than its name."""
    head, _, last = (dotted(expression) or "").rpartition(".")
    if head:
        yield from reflection.of_attribute(ctx, _family(ctx, _owner(ctx, head, last)), last)
    elif _home(ctx, last) == 0:
        yield from reflection.of_global(ctx, ctx.module, last)


def _made_early(ctx: Context, uses: list[Use]) -> str:
    """Why the lock may be made before its loop runs, or "". Raises Withheld where it surely is. Until Python 3.9 a lock of asyncio belongs from the
    beginning to the loop that is then the current one.
    """
    for use in uses:
        if isinstance(use.node.ctx, ast.Store):
            function = ctx.program.function((use.scope.module, use.scope.function))
            if use.scope.function == 0:
                raise Withheld("before Python 3.10 a lock of asyncio that a module makes belongs to another loop than that of `asyncio.run`")
            if not function.is_async:
                return "before Python 3.10 a lock of asyncio must be made where its loop runs"
    return ""


# -- where the lock is used


def uses_of(ctx: Context, expression: Any) -> Iterator[Use]:
    """The uses of the lock that an expression names, in all modules. Raises Withheld where they cannot all be known."""
    name = dotted(expression)
    if name is None:
        raise Withheld("only a lock kept under a name or in an attribute can be followed")
    head, _, last = name.rpartition(".")
    if not head:
        yield from _uses_of_name(ctx, last)
        return
    yield from _uses_of_attribute(ctx, _owner(ctx, head, last), last)


def _owner(ctx: Context, head: str, name: str) -> ClassValue:
    """The class whose attribute `head.name` is. Raises Withheld."""
    owners = [value.klass for value in ctx.program.evaluate(head, ctx.scope) if isinstance(value, Instance)]
    if len(owners) != 1:
        raise Withheld(f"it is not known whose attribute `{head}.{name}` is")
    return owners[0]


def _family(ctx: Context, owner: ClassValue) -> set[ClassValue]:
    """A class, its bases, and the subclasses of all of them."""
    resolver = ctx.program.resolver
    related = {k for k in resolver.mro(owner) if isinstance(k, ClassValue)} | set(resolver.below(owner))
    for klass in list(related):
        related |= set(resolver.below(klass))
    return related


def _home(ctx: Context, name: str) -> int:
    """The function (0: the module) in which a name of the function at hand is bound. Raises Withheld for a parameter."""
    functions = ctx.program.facts(ctx.module).functions
    number = ctx.function[1]
    while number > 0 and name not in functions[number].bindings:
        if any(param.name == name for param in functions[number].params):
            raise Withheld(f"`{name}` is a parameter: the lock comes from the callers")
        number = functions[number].parent
    return max(number, 0)


def _uses_of_name(ctx: Context, name: str) -> Iterator[Use]:
    """The uses of a local or global name. A global that other modules import is left alone."""
    functions = ctx.program.facts(ctx.module).functions
    home = _home(ctx, name)
    if home == 0:
        _require_private(ctx, name)
    for use in _occurrences(ctx, ctx.module, name, ast.Name):
        inner = use.scope.function
        while inner > 0 and inner != home and name not in functions[inner].bindings and all(p.name != name for p in functions[inner].params):
            inner = functions[inner].parent
        if max(inner, 0) == home:
            yield use


def _require_private(ctx: Context, name: str) -> None:
    for module in reflection.importers(ctx.program, ctx.module, name):
        raise Withheld(f"`{ctx.program.paths[module]}` imports `{name}` too")


def _uses_of_attribute(ctx: Context, owner: ClassValue, name: str) -> Iterator[Use]:
    """The uses of an attribute of a class, its bases and its subclasses, in all modules."""
    program = ctx.program
    related = _family(ctx, owner)
    for module in sorted(program.names):
        classes = program.facts(module).classes if name in program.names[module].loaded or any(k.module == module for k in related) else ()
        if not classes and name not in program.names[module].loaded:
            continue
        for number, body in enumerate(classes):
            if ClassValue(module, number) in related and name in body.bindings:
                raise Withheld(f"`{body.qualname}.{name}` is also set in the class body ({program.paths[module]}:{body.line})")
        for use in _occurrences(ctx, module, name, ast.Attribute):
            values = program.evaluate(ref(use.node.value), use.scope)
            if any(isinstance(value, (Instance, Super)) and value.klass in related for value in values):
                yield use
            elif not values:
                raise Withheld(f"`{ast.unparse(use.node)}` in {use.place} may be the same lock")


def _occurrences(ctx: Context, module: int, name: str, kind: type) -> Iterator[Use]:
    """The names or attributes of one name in a module."""
    return (use for use in Occurrences.shared(ctx.program, ctx.sources).of(name, (module,)) if isinstance(use.node, kind))


# -- how each use changes


def _creation(ctx: Context, use: Use, lock: Lock) -> list[Edit]:
    """The edits of `x = threading.Lock()`; none where the use is no assignment. Raises Withheld for any other assignment."""
    parent = use.above[-1]
    if isinstance(use.node.ctx, ast.Load):
        return []
    value = parent.value if isinstance(parent, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Call) or (isinstance(parent, ast.Assign) and len(parent.targets) != 1):
        raise Withheld(f"the lock is assigned in a way that cannot be followed ({use.place})")
    parts: list[Any] = [value.func]
    if isinstance(parent, ast.AnnAssign):
        if ctx.program.evaluate(ref(parent.annotation), use.scope) != (External(lock.path),):
            raise Withheld(f"the lock's annotation would have to change too ({use.place})")
        parts.append(parent.annotation)
    if ctx.program.evaluate(ref(value.func), use.scope) != (External(lock.path),):
        raise Withheld(f"it is not known what `{ast.unparse(value)}` gives ({use.place})")
    if (value.args or value.keywords) and lock.path.endswith("Condition"):
        raise Withheld(f"the condition shares a lock that it is given ({use.place})")
    source = use.source
    spans = [source.span_of(each.lineno, each.col_offset, each.end_lineno, each.end_col_offset) for each in parts]
    return [Edit(source.path, span, lock.instead) for span in spans]


def _converted(ctx: Context, use: Use, lock: Lock) -> list[Edit]:
    """The edits of a use that is no creation. Raises Withheld where the use cannot be turned into an awaited one."""
    parent, function = use.above[-1], ctx.program.function((use.scope.module, use.scope.function))
    if isinstance(parent, ast.withitem):
        _require_coroutine(function, use)
        statement = use.above[-2]
        if isinstance(statement, ast.AsyncWith):
            raise Withheld(f"`async with` on it already ({use.place})")
        if len(statement.items) > 1 or parent.optional_vars is not None:
            raise Withheld(f"the `with` statement has other items too ({use.place})")
        start = use.source.offset_at(statement.lineno, statement.col_offset)
        return [use.edit(start, start, "async ")]
    if isinstance(parent, ast.Attribute) and isinstance(use.above[-2], ast.Call) and use.above[-2].func is parent:
        return _converted_call(use, use.above[-2], parent.attr, function, lock)
    raise Withheld(f"the lock itself is passed on in {use.place}, where it may be used from a thread")


def _converted_call(use: Use, call: ast.Call, method: str, function: Function, lock: Lock) -> list[Edit]:
    """The edits of `lock.acquire()` and its like."""
    arguments = len(call.args) + len(call.keywords)
    if method == "locked":
        return []
    if method in _METHODS[lock.instead] and arguments == (method == "wait_for"):
        _require_coroutine(function, use)
        if method not in _AWAITED:
            return []
        if isinstance(use.above[-3], _PLACES) and not any(isinstance(node, ast.GeneratorExp) for node in use.above):
            start = use.source.offset_at(call.lineno, call.col_offset)
            return [use.edit(start, start, "await ")]
    timed = "; asyncio's takes no timeout" if method in _AWAITED and arguments else ""
    raise Withheld(f"`{ast.unparse(call)}` in {use.place} has no asynchronous counterpart{timed}")


def _require_coroutine(function: Function, use: Use) -> None:
    if not function.is_async:
        user = f"`{function.qualname}`" if function.qualname else "the module itself"
        raise Withheld(f"{user} uses it outside of a coroutine ({use.place})")
