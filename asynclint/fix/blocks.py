"""Moves a whole `with` block into a nested function that runs in a thread, or says why it has to stay."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix import moving
from asynclint.fix.any_thread import require_any_thread, require_not_bound
from asynclint.fix.threads import thread
from asynclint.fix.whole_file import reading
from asynclint.model import Applicability, Edit, Fix, Withheld
from asynclint.program.values import External
from asynclint.walk.leaving import FALL, RETURN, following, parents_of, ways_out
from asynclint.walk.liveness import Live, exposed, live_around, surely_bound
from asynclint.walk.locals import NOTHING, declared, kept, parameters, parts, rebound_inside, stored, stores_of
from asynclint.walk.locking import entered, held_at
from asynclint.walk.suspensions import suspensions
from asynclint.walk.swallowing import may_swallow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import libcst as cst

    from asynclint.walk.context import Context
    from asynclint.walk.locals import Names

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class Plan(NamedTuple):
    """What becomes of a block: the blocking call that has the fix, and the fix, or why there is none."""

    carrier: ast.Call
    fix: Fix | None
    reason: str = ""


class Stays(Withheld):
    """A block cannot be moved."""


class _Names(NamedTuple):
    """What the function that takes a block needs: names to declare, and names to give back."""

    free: tuple[str, ...]
    shared: tuple[str, ...]
    given: tuple[str, ...]


def moved(ctx: Context, node: cst.CSTNode) -> Fix | None:
    """The fix of the `with` block in whose head a blocking call stands; None where the call is not in a block that can be moved.

    Raises Withheld where the call goes with the block around it, Stays where it opens a block that must stay.
    """
    function = ctx.function_node
    whole = ctx.twin(function) if function is not None else None
    if not isinstance(whole, ast.AsyncFunctionDef):
        return None
    key = ("blocks", whole)
    if key not in ctx.plans:
        ctx.plans[key] = _plans(ctx, whole)
    plans: Mapping[ast.AST, Plan] = ctx.plans[key]
    here, around = ctx.twin(node), []
    for above in ctx.ancestors[ctx.ancestors.index(function) :]:  # type: ignore[arg-type]
        if above.__class__.__name__ == "With" and ctx.twin(above) in plans:
            around.append(plans[ctx.twin(above)])
            line = ctx.twin(above).lineno
            if around[-1].fix is not None:
                if around[-1].carrier is here:
                    return around[-1].fix
                if _is_louder(ctx, node, around[-1].carrier):
                    continue
                raise Withheld(f"it goes into a thread with the `with` block of {ctx.source.named(line)}: see the fix there")
    if around and around[-1].carrier is here:
        raise Stays(around[-1].reason)
    return None


def _is_louder(ctx: Context, node: cst.CSTNode, carrier: ast.Call) -> bool:
    """Whether a call waits for more than the disk in a block of a file: it has a fix of its own, for those who want only safe ones."""
    effect, opening = ctx.effect(node), ctx.effect(ctx.node_of(carrier))
    return effect is not None and opening is not None and opening.kind == "file" != effect.kind


def _plans(ctx: Context, function: ast.AsyncFunctionDef) -> dict[ast.AST, Plan]:
    """The plan of every block of a coroutine that a blocking call opens; none for those inside a block that moves."""
    found: dict[ast.AST, Plan] = {}
    blocks = [node for top in function.body for node in parts(top) if isinstance(node, ast.With)]
    carriers = {block: carrier for block in blocks if (carrier := _carrier(ctx, block)) is not None}
    if not carriers:
        return found
    taken = _identifiers(function)
    parents = parents_of(function)
    inside: set[ast.AST] = set()
    whole = _Whole(ctx, function, carriers)
    for block in sorted(carriers, key=lambda node: (node.lineno, node.col_offset)):
        if block in inside:
            continue
        name = _free_name(function.name, taken, ctx.once("names of the module", ctx.module, lambda: _module_names(ctx)))
        move = _Move(ctx, function, block, carriers[block], parents, whole)
        try:
            fix = move.fix(name)
        except Withheld as reason:
            found[block] = Plan(carriers[block], None, str(reason))
            whole.stays(block)
        else:
            whole.staying.update(move.names.given)
            found[block] = Plan(carriers[block], fix)
            taken.update([name] if any(f"def {name}(" in edit.text for edit in fix.edits) else [])
            inside.update(ast.walk(block))
    return found


def _carrier(ctx: Context, block: ast.With) -> ast.Call | None:
    """The blocking call that opens a block."""
    return next((call for item in block.items for call in _openers(ctx, item.context_expr) if ctx.effect(ctx.node_of(call))), None)


def _openers(ctx: Context, expression: ast.expr) -> Iterator[ast.Call]:
    """The calls that give what a `with` enters: the expression itself, or what is handed to `closing()`."""
    if isinstance(expression, ast.Call):
        yield expression
        if expression.args and External("contextlib.closing") in ctx.evaluate(expression.func):
            yield from _openers(ctx, expression.args[0])


def _module_names(ctx: Context) -> set[str]:
    """Every name that no new function of the module must have."""
    return {*dir(builtins), *(name for each in ctx.program.facts(ctx.module).functions for name in each.bindings)}


def _identifiers(function: ast.AST) -> set[str]:
    """Every name in a function."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    return found


def _free_name(function: str, *taken: set[str]) -> str:
    stem = f"{function.strip('_') or 'block'}_in_thread"
    return next(name for n in count(1) if not any((name := stem if n == 1 else f"{stem}_{n}") in names for names in taken))


class _Whole:
    """What all blocks of a coroutine ask of it, found out once."""

    def __init__(self, ctx: Context, function: ast.AsyncFunctionDef, moving: Iterable[ast.With]) -> None:
        """`moving` are the blocks that may move."""
        self.parameters = {arg.arg for arg in parameters(function)}
        self.keeping, self.rebound = kept(function.body), rebound_inside(function.body)
        self.keeping |= self.rebound
        self.free, self.outer = declared(function.body, ast.Global), declared(function.body, ast.Nonlocal)
        self.live = live_around(function, lambda node: may_swallow(ctx, node, ctx.scope))
        stores = list(stores_of(function.body))
        self._counts = Counter(name for _, name in stores)
        self._stores: dict[ast.AST, list[str]] = {}
        for node, name in stores:
            self._stores.setdefault(node, []).append(name)
        self._moving = Counter(node for block in moving for node in parts(block) if node in self._stores)  # in how many blocks
        # names that are bound in the coroutine whatever blocks of it move
        self.staying = {name for node, name in stores if not self._moving[node]} | self.parameters

    def stays(self, block: ast.With) -> None:
        """Note that a block does not move."""
        for node in parts(block):
            if node in self._stores:
                self._moving[node] -= 1
                if not self._moving[node]:
                    self.staying.update(self._stores[node])

    def elsewhere(self, region: Sequence[ast.stmt], names: Iterable[str]) -> set[str]:
        """Those of some names that the coroutine binds outside of statements of it, too."""
        inside = Counter(name for _, name in stores_of(region))
        return {name for name in names if self._counts[name] > inside[name] or name in self.parameters}


class _Move:
    """One block on its way into a function."""

    def __init__(
        self, ctx: Context, function: ast.AsyncFunctionDef, block: ast.With, carrier: ast.Call, parents: Mapping[ast.AST, ast.AST], whole: _Whole
    ) -> None:
        self.ctx, self.function, self.block, self.carrier, self.parents = ctx, function, block, carrier, parents
        self.whole = whole
        self.names = _Names((), (), ())
        self.region: list[ast.stmt] = [block]
        self.returns = False

    def fix(self, name: str) -> Fix:
        """The rewrite, with a function of this name. Raises Withheld."""
        ctx = self.ctx
        self._require_whole()
        self._leave()
        require_any_thread(ctx, self.function, self.region)
        names = self.names = self._names()
        require_not_bound(ctx, self.region, names.given + names.shared)
        whole = reading(ctx, self.block) if len(self.region) == 1 and not names.free and self._is_private(self.block.items[0], names) else None
        if whole is not None:
            title = f"Read the file in a thread: `{whole.call}`"
            return Fix(title, Applicability.UNSAFE, (Edit(ctx.path, whole.span, whole.text),), whole.imports)
        worker = thread(ctx)
        title = f"Move the block into a function and run that in a thread: `await {worker.name}({name})`"
        call = worker.run(name)
        shape = moving.Shape(
            name,
            call,
            self._annotation(names),
            names.free,
            names.shared,
            names.given,
            self.returns,
            tuple(self._jumps(ast.Continue)),
            self._last(names),
        )
        edit = moving.edit(ctx.source, self.function, self.region, shape, first=self._is_first())
        return Fix(title, Applicability.UNSAFE, (Edit(ctx.path, *edit),), worker.imports)

    # -- whether it can leave

    def _require_whole(self) -> None:
        points = suspensions([self.block])
        if points:
            line = self.ctx.source.named(points[0].lineno)
            raise Withheld(f"the block waits for other things too ({line}), so it cannot move into a thread as a whole")
        withs = [each for each in self._above() if isinstance(each, ast.With)]
        lock = held_at(self.ctx, self.function, withs, self.carrier)
        if lock:
            raise Withheld(f"the lock `{lock}` is held here, and an `await` under it would stall every other holder")
        for node in ast.walk(self.block):
            if isinstance(node, ast.With) and any(entered(self.ctx, item.context_expr) is not None for item in node.items):
                raise Withheld(f"the block takes a lock ({self.ctx.source.named(node.lineno)}), for which the loop would then wait")

    def _above(self) -> Iterator[ast.AST]:
        node: ast.AST = self.block
        while node is not self.function:
            node = self.parents[node]
            yield node

    def _leave(self) -> None:
        """Find out how the block is left, and which `return` behind it has to go along. Raises Withheld."""
        ways = ways_out([self.block], lambda _: False)
        if any(isinstance(node, ast.With) and self.swallows(node) for node in parts(self.block)):
            ways.add(FALL)
        if any(self._jumps(ast.Break)):
            raise Withheld("the block leaves the loop around it with `break`, which a function cannot do")
        if any(self._jumps(ast.Continue)) and (RETURN in ways or not self._ends_loop()):
            raise Withheld("the block goes on with the next round of the loop around it in one way, and with what follows in another")
        if RETURN not in ways:
            return
        if self.ctx.program.function(self.ctx.function).is_generator:
            raise Withheld("the block ends a generator with `return`, which a function inside cannot do")
        self.returns = True
        if FALL in ways and not self._ends_function():
            rest = following(self.block, self.parents)
            if not rest or not isinstance(rest[0], ast.Return) or suspensions(rest[:1]):
                raise Withheld("the block returns in one way, and goes on with what follows in another")
            self.region.append(rest[0])

    def _ends_loop(self) -> bool:
        """Whether the end of the block is the end of a round of the loop around it."""
        node: ast.AST = self.block
        while not following(node, self.parents):
            above = self.parents[node]
            if isinstance(above, _LOOPS):
                return node in above.body
            if not isinstance(above, ast.If):
                return False
            node = above
        return False

    def _ends_function(self) -> bool:
        """Whether nothing comes after the block but the end of the coroutine."""
        node: ast.AST = self.block
        while not following(node, self.parents):
            node = self.parents[node]
            if node is self.function:
                return True
            if not isinstance(node, (ast.If, ast.With, ast.AsyncWith)):
                return False
        return False

    def swallows(self, node: ast.With | ast.AsyncWith) -> bool:
        """Whether a `with` may end an exception, so that what follows it runs."""
        return may_swallow(self.ctx, node, self.ctx.scope)

    # -- the names

    def _names(self) -> _Names:
        """Which names the block shares with the rest of the coroutine. Raises Withheld."""
        whole, region, swallows = self.whole, self.region, self.swallows
        if declared(region, ast.Global) or declared(region, ast.Nonlocal):
            raise Withheld("the block declares a name global or nonlocal")
        live = whole.live.get(region[-1], Live())
        after = live.returned if len(region) > 1 else live.returned | live.after if self.returns else live.after | live.continued
        raised = live.raised
        needed = exposed(region, swallows)  # which matters where an earlier value can be there
        sure = surely_bound(region, swallows) or NOTHING
        own = stored(region)
        elsewhere = whole.elsewhere(region, own | needed)
        in_loop = any(isinstance(each, _LOOPS) for each in self._above())
        needed = needed if in_loop else needed & elsewhere
        free, outer, kept_elsewhere = whole.free, whole.outer, whole.keeping - kept(region)
        shared, given = [], []
        for name in _in_order(region, own):
            if name in free:
                continue
            if name in outer:
                shared.append(name)
            elif name in whole.keeping and name not in elsewhere and (in_loop or name in whole.rebound):
                raise Withheld(f"a function inside keeps `{name}`, of which there would be one for each run of the block")
            elif name in whole.keeping and name in elsewhere:
                shared.append(name)
            elif name in after or name in raised or name in needed or name in kept_elsewhere:
                if name not in needed and name not in raised and name in sure and not self.returns:
                    given.append(name)
                elif name in elsewhere:
                    shared.append(name)
                else:
                    raise Withheld(f"`{name}` is read where the block may not have bound it")
        if given and any(self._jumps(ast.Continue)):
            raise Withheld("the block goes on with the next round of the loop before it has bound what is read later")
        if not whole.staying.issuperset(set(shared) - outer):
            raise Withheld(f"`{min(set(shared) - outer - whole.staying)}` is shared with another block that may move too")
        annotated = {
            node.target.id for each in region for node in parts(each) if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }
        if not annotated.isdisjoint(shared):
            raise Withheld(f"`{min(annotated.intersection(shared))}` is annotated in the block and read outside")
        return _Names(tuple(sorted(free & own)), tuple(shared), tuple(given))

    def _is_private(self, item: ast.withitem, names: _Names) -> bool:
        """Whether nobody outside of the block reads what its first item binds."""
        return isinstance(item.optional_vars, ast.Name) and item.optional_vars.id not in names.given + names.shared

    def _jumps(self, kind: type[ast.Break | ast.Continue]) -> Iterator[Any]:
        """The `break` or `continue` statements in the block, reached or not, that mean the loop around it."""
        stack: list[ast.AST] = [self.block]
        while stack:
            node = stack.pop()
            if isinstance(node, kind):
                yield node
            elif isinstance(node, _LOOPS):
                stack += node.orelse
            elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                stack += ast.iter_child_nodes(node)

    # -- how it reads

    def _last(self, names: _Names) -> ast.Assign | None:
        """The assignment at the end of the block, where it binds all that is given back."""
        last: ast.stmt = self.block
        while isinstance(last, ast.With) and not self.swallows(last):
            last = last.body[-1]
        if len(names.given) == 1 and isinstance(last, ast.Assign) and len(last.targets) == 1:
            target = last.targets[0]
            return last if isinstance(target, ast.Name) and target.id == names.given[0] else None
        return None

    def _annotation(self, names: _Names) -> str:
        """What the new function is said to return, in code that has annotations."""
        said = self.function.returns
        if said is None or names.given:
            return ""
        if not self.returns:
            return "None"
        facts = self.ctx.program.facts(self.ctx.module)
        used = {node.id for node in ast.walk(said) if isinstance(node, ast.Name)}
        inner: set[str] = self.ctx.once("names inside", self.ctx.module, lambda: _inner_names(self.ctx))
        own = self.whole.elsewhere((), used)
        known = {name for name in used - own - inner if name in facts.functions[0].bindings or hasattr(builtins, name)}
        text = self.ctx.text_of(said)
        return text if used <= known and len(text.splitlines()) == 1 else ""

    def _is_first(self) -> bool:
        above: Any = self.parents[self.block]
        return any(row and row[0] is self.block for name in ("body", "orelse", "finalbody") if isinstance(row := getattr(above, name, None), list))


def _inner_names(ctx: Context) -> set[str]:
    """The names that functions and classes of the module bind."""
    facts = ctx.program.facts(ctx.module)
    return set[str]().union(*(klass.bindings for klass in facts.classes), *(each.bindings for n, each in enumerate(facts.functions) if n))


def _in_order(region: Sequence[ast.stmt], names: Names) -> list[str]:
    """Names in the order in which the text first has them."""
    places: dict[str, tuple[int, int]] = {}
    for top in region:
        for node in parts(top):
            if isinstance(node, ast.Name) and node.id in names:
                places[node.id] = min(places.get(node.id, (node.lineno, node.col_offset)), (node.lineno, node.col_offset))
    return sorted(names, key=lambda name: (places.get(name, (0, 0)), name))
