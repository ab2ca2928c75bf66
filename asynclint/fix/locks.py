"""Turns a lock of threads into one of asyncio: its creation and every use, in all modules, or nothing at all and why."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import extract
from asynclint.index.refs import dotted, ref
from asynclint.model import Applicability, Edit, Fix, Import, Withheld
from asynclint.program.values import ClassValue, External, Instance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.program.known import Lock
    from asynclint.program.locks import Held
    from asynclint.source import Source
    from asynclint.walk.context import Context

_FRAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class _Use:
    """One occurrence of the lock: its node, the nodes above it (outermost first), and where it runs."""

    def __init__(self, node: Any, above: tuple[Any, ...], scope: Scope, source: Source) -> None:
        self.node, self.above, self.scope, self.source = node, above, scope, source

    def edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self.source.path, self.source.span(start, end), text)

    @property
    def place(self) -> str:
        """File and line, for reasons."""
        return f"{self.source.path}:{self.node.lineno}"


def convert(ctx: Context, expression: Any, held: Held) -> Fix:
    """The rewrite of the lock that an expression stands for. Raises Withheld, naming the helper or the use that forbids it."""
    if held.hops:
        helper = ctx.program.function((held.hops[0].module, held.hops[0].function))
        kind = "an asynchronous context manager" if helper.is_generator or helper.name == "__enter__" else "a coroutine"
        raise Withheld(f"`{helper.qualname}` takes the lock, and would have to become {kind} for all its users")
    lock = next((lock for value in ctx.evaluate(expression) if (lock := ctx.program.lock_of(value))), None)
    if lock is None:
        raise Withheld("it is not the lock itself that would have to change")
    if not lock.instead:
        raise Withheld(f"asyncio has no counterpart of `{lock.path}`")
    if lock.reentrant:
        raise Withheld(f"`{lock.path}` may be taken again by its holder, and `{lock.instead}` may not")
    if ctx.backend != "asyncio":
        raise Withheld(f"the module uses {ctx.backend}; write its own lock in place of `{lock.path}`")
    edits: list[Edit] = []
    imports: list[Import] = []
    created = 0
    for use in _uses(ctx, expression):
        creation = _creation(ctx, use, lock)
        if creation is not None:
            created += 1
            edits.append(creation)
            imports.append(Import(use.source.path, lock.instead.rpartition(".")[0]))
        else:
            edits += _converted(ctx, use)
    if created != 1:
        raise Withheld("the lock is made in several places" if created else "it is not known where the lock is made")
    return Fix(f"Make it an `{lock.instead}` and await it at every use", Applicability.SAFE, tuple(sorted(set(edits))), tuple(imports))


# -- where the lock is used


def _uses(ctx: Context, expression: Any) -> Iterator[_Use]:
    name = dotted(expression)
    if name is None:
        raise Withheld("only a lock kept under a name or in an attribute can be followed")
    head, _, last = name.rpartition(".")
    if not head:
        yield from _uses_of_name(ctx, last)
        return
    owners = [value.klass for value in ctx.program.evaluate(head, ctx.scope) if isinstance(value, Instance)]
    if len(owners) != 1:
        raise Withheld(f"it is not known whose attribute `{name}` is")
    yield from _uses_of_attribute(ctx, owners[0], last)


def _uses_of_name(ctx: Context, name: str) -> Iterator[_Use]:
    """The uses of a local or global name. A global that other modules import is left alone."""
    functions = ctx.program.facts(ctx.module).functions
    number = ctx.function[1]
    while number > 0 and name not in functions[number].bindings:
        if any(param.name == name for param in functions[number].params):
            raise Withheld(f"`{name}` is a parameter: the lock comes from the callers")
        number = functions[number].parent
    home = max(number, 0)
    if home == 0:
        _require_private(ctx, name)
    for use in _occurrences(ctx, ctx.module, name, ast.Name):
        inner = use.scope.function
        while inner > 0 and inner != home and name not in functions[inner].bindings and all(p.name != name for p in functions[inner].params):
            inner = functions[inner].parent
        if max(inner, 0) == home:
            yield use


def _require_private(ctx: Context, name: str) -> None:
    stem = ctx.program.resolver.stems[ctx.module]
    for module in sorted(ctx.program.names):
        if module == ctx.module:
            continue
        facts = ctx.program.facts(module)
        for function in facts.functions:
            for refs in function.bindings.values():
                for bound in refs:
                    if (
                        bound.__class__ is tuple
                        and bound[0] == "import"
                        and bound[2] == name
                        and ctx.program.resolver.stem_of_import(bound, module) == stem
                    ):
                        raise Withheld(f"`{ctx.program.paths[module]}` imports `{name}` too")


def _uses_of_attribute(ctx: Context, owner: ClassValue, name: str) -> Iterator[_Use]:
    """The uses of an attribute of a class, its bases and its subclasses, in all modules."""
    program, resolver = ctx.program, ctx.program.resolver
    related = {k for k in resolver.mro(owner) if isinstance(k, ClassValue)} | set(resolver.below(owner))
    for klass in list(related):
        related |= set(resolver.below(klass))
    for module in sorted(program.names):
        classes = program.facts(module).classes if name in program.names[module].loaded or any(k.module == module for k in related) else ()
        if not classes and name not in program.names[module].loaded:
            continue
        for number, body in enumerate(classes):
            if ClassValue(module, number) in related and name in body.bindings:
                raise Withheld(f"`{body.qualname}.{name}` is also set in the class body ({program.paths[module]}:{body.line})")
        for use in _occurrences(ctx, module, name, ast.Attribute):
            values = program.evaluate(ref(use.node.value), use.scope)
            if any(isinstance(value, Instance) and value.klass in related for value in values):
                yield use
            elif not values:
                raise Withheld(f"`{ast.unparse(use.node)}` in {use.place} may be the same lock")


def _occurrences(ctx: Context, module: int, name: str, kind: type) -> Iterator[_Use]:
    """The names or attributes of one name in a module."""
    source = ctx.source_of(module)
    if name not in source.text:
        return
    tree = ast.parse(source.text)
    extract(tree)  # numbers the functions
    stack: list[tuple[Any, tuple[Any, ...], int]] = [(tree, (), 0)]
    while stack:
        node, above, function = stack.pop()
        if isinstance(node, kind) and (node.id if isinstance(node, ast.Name) else node.attr) == name:  # type: ignore[attr-defined]
            yield _Use(node, above, Scope(module, function), source)
        for child in ast.iter_child_nodes(node):
            inside = isinstance(node, _FRAMES) and (child in node.body if isinstance(node.body, list) else child is node.body)
            stack.append((child, (*above, node), node.number_ if inside else function))


# -- how each use changes


def _creation(ctx: Context, use: _Use, lock: Lock) -> Edit | None:
    """The edit of `x = threading.Lock()`, or None where the use is no assignment. Raises Withheld for any other assignment."""
    parent = use.above[-1]
    if isinstance(use.node.ctx, ast.Load):
        return None
    value = parent.value if isinstance(parent, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Call) or (isinstance(parent, ast.Assign) and len(parent.targets) != 1):
        raise Withheld(f"the lock is assigned in a way that cannot be followed ({use.place})")
    if isinstance(parent, ast.AnnAssign):
        raise Withheld(f"the lock's annotation would have to change too ({use.place})")
    made = ctx.program.evaluate(ref(value.func), use.scope)
    if made != (External(lock.path),):
        raise Withheld(f"it is not known what `{ast.unparse(value)}` gives ({use.place})")
    span = use.source.span_of(value.func.lineno, value.func.col_offset, value.func.end_lineno or 0, value.func.end_col_offset or 0)
    return Edit(use.source.path, span, lock.instead)


def _converted(ctx: Context, use: _Use) -> list[Edit]:
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
        call, outer = use.above[-2], use.above[-3]
        if parent.attr == "locked":
            return []
        if parent.attr in ("acquire", "release") and not call.args and not call.keywords:
            _require_coroutine(function, use)
            if parent.attr == "release":
                return []
            if isinstance(outer, (ast.Expr, ast.Assign, ast.If, ast.Return)):
                start = use.source.offset_at(call.lineno, call.col_offset)
                return [use.edit(start, start, "await ")]
        raise Withheld(f"`{ast.unparse(call)}` in {use.place} has no asynchronous counterpart")
    raise Withheld(f"the lock itself is passed on in {use.place}, where it may be used from a thread")


def _require_coroutine(function: Any, use: _Use) -> None:
    if not function.is_async:
        raise Withheld(f"`{function.qualname}` uses it outside of a coroutine ({use.place})")
