"""Rewrites that keep a task: a set that holds every task until it is done, as the documentation of `asyncio.create_task` advises."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any

from asynclint.fix import reflection
from asynclint.fix.groups import give_to_group
from asynclint.fix.occurrences import Occurrences
from asynclint.fix.owners import is_endless, only_keeps_in_name, owner_of
from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.model import Applicability, Declaration, Edit, Fix, Import, Withheld
from asynclint.program.values import Awaitable, ExternalInstance, Scope
from asynclint.walk.in_threads import InThreads
from asynclint.walk.leaving import FALL, ways_out
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from asynclint.fix.owners import Owner
    from asynclint.program.calls import Site
    from asynclint.walk.context import Context

REGISTRY = "background_tasks"
OTHER_REGISTRY = "kept_tasks"  # where the module has the other one, and uses it for more than to keep tasks
LOGGER = "log_task_error"
_LOG = f"""

def {LOGGER}(task: TASK) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("%r failed", task, exc_info=error)
"""
_WALRUS = (  # there is none before Python 3.8
    "if not task.cancelled() and (error := task.exception()) is not None",
    "error = None if task.cancelled() else task.exception()\n    if error is not None",
)


def keep(ctx: Context, node: cst.Call) -> Fix:
    """Keep the task that a call gives, where the call is a statement of its own or assigned to a name: in the group around it, on the object whose
    method makes it, or in a set of the module. Raises Withheld.
    """
    source = ctx.program.tasks.spawns[ctx.site(node)]
    thread = InThreads.shared(ctx.program, ctx.sources).runs(ctx.function)
    if thread:
        raise Withheld(f"`{thread}` runs in a thread, where no task can be made or kept: use `asyncio.run_coroutine_threadsafe`")
    _require_task(ctx, source)
    waits = source is None and not is_endless(ctx, ctx.twin(node))  # a group waits for all its tasks
    taken = give_to_group(ctx, node) if waits else None
    if taken is not None:
        return taken
    owner = owner_of(ctx, node)
    registry = owner.registry if owner is not None else _registry(ctx)
    return _kept(ctx, node, registry, owner)


def _kept(ctx: Context, node: cst.Call, registry: str, owner: Owner | None) -> Fix:
    """Keep a task in a set until it is done."""
    function = ctx.function_node
    statement = _statement(ctx, node)
    twin = ctx.twin(node)
    edits: list[Edit] = []
    if isinstance(statement, ast.Expr):
        name = _free_name(ctx, function)
        place = ctx.span_of(statement).start.offset
        edits.append(Edit(ctx.path, ctx.source.span(place, place), f"{name} = "))
    else:
        target = statement.targets[0]
        name = target.id  # type: ignore[attr-defined]
        if name == "_":
            name = _free_name(ctx, function)
            edits.append(Edit(ctx.path, ctx.span_of(target), name))
    if twin.end_lineno != statement.end_lineno:
        raise Withheld("the call stands inside a longer statement")
    source = ctx.source
    first, last = ctx.span_of(statement).start, ctx.span_of(statement).end
    indent = source.indentation(first.offset)
    if source.text[: first.offset].rpartition("\n")[2].rpartition("\r")[2] != indent:
        raise Withheld("the statement shares its line with others; put it on a line of its own first")
    rest = source.line_text(last.line)[last.column - 1 :].strip()
    if rest and not rest.startswith("#"):
        raise Withheld("the statement shares its line with others; put it on a line of its own first")
    end = last.offset - (last.column - 1) + len(source.line_text(last.line))
    lines = [f"{registry}.add({name})"]
    if owner is None or owner.discards:
        lines.append(f"{name}.add_done_callback({registry}.discard)")
    imports, declarations = [Import(ctx.path, "asyncio")], [Declaration(ctx.path, f"{registry}: {_annotation(ctx)} = set()")]
    if _annotation(ctx).startswith("typing."):
        imports.append(Import(ctx.path, "typing"))
    title, applicability = f"Keep the task in `{registry}` until it is done", Applicability.SAFE
    if owner is not None:
        edits += owner.edits
        imports, declarations = imports if owner.edits else [], []
        title, applicability = title + (f"; {owner.risk}" if owner.risk else ""), owner.applicability
    if ctx.task_errors == "log":
        lines.append(f"{name}.add_done_callback({LOGGER})")
        imports += [Import(ctx.path, "asyncio"), Import(ctx.path, "logging")]
        declarations.append(Declaration(ctx.path, _logger(ctx)))
    edits.append(Edit(ctx.path, source.span(end, end), "".join(f"{source.newline}{indent}{line}" for line in lines)))
    return Fix(title, applicability, tuple(edits), tuple(imports), tuple(declarations))


def _registry(ctx: Context) -> str:
    """The name of the module's set: what is awaited or cancelled in one that the module has already would be so with this task too."""
    bound = ctx.program.facts(ctx.module).functions[0].bindings.get(REGISTRY, ())
    if not any((each[2] if each.__class__ is tuple and each[0] == "declared" else each) == ("call", "set", ()) for each in bound):
        return REGISTRY
    uses = Occurrences.shared(ctx.program, ctx.sources).of(REGISTRY, (ctx.module,))
    only_keeps = all(only_keeps_in_name(use) for use in uses if isinstance(use.node, ast.Name))
    return REGISTRY if only_keeps and not any(reflection.importers(ctx.program, ctx.module, REGISTRY)) else OTHER_REGISTRY


def _annotation(ctx: Context) -> str:
    """The type of the set, as the oldest Python can evaluate it: `set` and `asyncio.Task` take no arguments before 3.9."""
    if ctx.target_version >= (3, 9) or _is_lazy(ctx):
        return "set[asyncio.Task[object]]"
    return 'typing.Set["asyncio.Task[object]"]'


def _logger(ctx: Context) -> str:
    old = ctx.target_version < (3, 9) and not _is_lazy(ctx)
    text = _LOG.replace("TASK", '"asyncio.Task[object]"' if old else "asyncio.Task[object]")
    return text if ctx.target_version >= (3, 8) else text.replace(*_WALRUS)


def _is_lazy(ctx: Context) -> bool:
    """Whether the module evaluates no annotations (PEP 563)."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and any(alias.name == "annotations" for alias in node.names)
        for node in ctx.sources.tree(ctx.module).body
    )


def _require_task(ctx: Context, source: Site | None) -> None:
    """Raises Withheld where the function through which the task comes (None: there is none) may also return something else."""
    program = ctx.program
    while source is not None:
        function = program.function((source.module, source.function))
        if function.returns is not None:
            declared = program.evaluate(("ann", function.returns), Scope(source.module, max(function.parent, 0), function.owner))
            alone = function.returns.__class__ is str or (
                function.returns[0] == "item" and f.last_name(function.returns) not in ("Optional", "Union")
            )
            if alone and declared and all(map(_is_task, declared)):
                return
        whole: Any = ctx.function_tree((source.module, source.function))
        values = [n.value for n in own_nodes(whole) if isinstance(n, ast.Return)]
        scope = Scope(source.module, source.function)
        surely = all(_surely_task(ctx, value, scope) for value in values) and FALL not in ways_out(whole.body, lambda _: False)
        if not surely:
            raise Withheld(f"`{function.qualname}` may return something other than the task")
        source = program.tasks.spawns[source]


def _surely_task(ctx: Context, value: ast.expr | None, scope: Scope) -> bool:
    if isinstance(value, ast.IfExp):
        return _surely_task(ctx, value.body, scope) and _surely_task(ctx, value.orelse, scope)
    if value is None or not isinstance(value, (ast.Call, ast.Name)):
        return False
    values = ctx.program.evaluate(ref(value), scope)
    if isinstance(value, ast.Name):
        bound = ctx.program.function((scope.module, scope.function)).bindings.get(value.id, ())
        if len(bound) != 1:
            return False
    return any(map(_is_task, values))


def _is_task(value: object) -> bool:
    return isinstance(value, Awaitable) or (isinstance(value, ExternalInstance) and value.path in ("asyncio.Task", "asyncio.Future"))


def _statement(ctx: Context, node: cst.Call) -> ast.Expr | ast.Assign:
    parent = ctx.ancestors[-1]
    kind = parent.__class__.__name__
    if kind not in ("Expr", "Assign"):
        raise Withheld("the call is part of a larger expression; bind the task to a name and keep it")
    statement = ctx.twin(parent)
    if isinstance(statement, ast.Assign) and (len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name)):
        raise Withheld("the task is assigned to something other than one name")
    return statement  # type: ignore[no-any-return]


def _free_name(ctx: Context, function: cst.CSTNode | None) -> str:
    """A name for the task that the function does not use yet, or that only this fix has put there."""
    whole: ast.AST = ctx.sources.tree(ctx.module) if function is None else ctx.twin(function)
    name: str = ctx.once("free name", whole, lambda: _found_name(whole))
    return name


def _found_name(whole: ast.AST) -> str:
    used = Counter(node.id for node in ast.walk(whole) if isinstance(node, ast.Name))
    parameters = {name for node in ast.walk(whole) for name in _bound_otherwise(node)}
    names = ("task", "background_task", *(f"background_task_{n}" for n in range(2, 100)))
    return next(name for name in names if name not in parameters and (not used[name] or used[name] == _own_uses(whole, name)))


def _bound_otherwise(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, or gives another meaning, without being a `Name`."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def _own_uses(function: ast.AST, name: str) -> int:
    """How often a name is used by statements as this fix writes them, whatever the registry; 0 where there are others that assign to it."""
    made, kept = 0, Counter[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and [target.id for target in node.targets if isinstance(target, ast.Name)] == [name]:
            made += 1
        elif isinstance(node, ast.Expr):
            kept[ast.unparse(node)] += 1
    added = sum(n for text, n in kept.items() if text.endswith(f".add({name})"))
    watched = sum(n for text, n in kept.items() if text.startswith(f"{name}.add_done_callback(") and text.endswith(".discard)"))
    logged = kept[f"{name}.add_done_callback({LOGGER})"]
    return 2 * made + watched + logged if made == added and {watched, logged} <= {0, made} else 0
