"""What code that moves into a thread knows of the place where it runs, and which objects it shares with what goes on meanwhile.

A function is looked at once, with all that it calls: what of it needs the thread in which it runs now, what it looks through or changes of what it is
given, and what nobody can tell because somebody else decides what is called.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix.callers import Callers
from asynclint.fix.hooks import Hooks
from asynclint.fix.overrides import Overrides
from asynclint.fix.sharing import Sharing, argument, given_to
from asynclint.model import Withheld
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance, Many, Parts, Scope
from asynclint.walk.locals import FUNCTIONS, outside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.fix.sharing import Frame, Roots
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey
    from asynclint.walk.context import Context
    from asynclint.walk.sources import Sources

_REACH = 400  # functions that are looked at; more is unknown
_LOCAL = frozenset({"threading.local", "_thread._local"})
_EVERYTHING = frozenset({"Exception", "BaseException", "StopIteration", "RuntimeError"})
_TEXT = frozenset({"builtins.str", "builtins.repr", "builtins.print", "builtins.format", "builtins.ascii", "pprint.pformat", "pprint.pprint"})
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))
_ANY_DEPTH = 99
_NOTHING: frozenset[str] = frozenset()


class Knowledge(NamedTuple):
    """What a function, or a piece of one, knows; each reason is "" where nothing is wrong.

    `never`: it cannot run in a thread. `exception`: it asks for an exception that its caller handles. `stop`: `StopIteration`
    may leave it. `context`: it needs the context variables of its caller. `frames`: how many frames above its own it looks at.
    `doubt`: it is not certain that it may run in a thread. `walks` and `changes`: the roots of what it looks through, and of
    what it changes (see `sharing`).
    """

    never: str = ""
    exception: str = ""
    stop: str = ""
    context: str = ""
    frames: int = 0
    doubt: str = ""
    walks: Roots = _NOTHING
    changes: Roots = _NOTHING


_KNOWS_NOTHING = Knowledge()


class Guards(NamedTuple):
    """What stands around a piece of code in its own function: a handler, so that the active exception is its own, and one of `StopIteration`."""

    handles: bool = False
    stops: bool = False


class ThreadKnowledge:
    """What all functions of a program know of the thread in which they run."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self.program = program
        self.sharing = Sharing(program, sources)
        self.hooks = Hooks(program, self.sharing.occurrences)
        self.overrides = Overrides(program, self.sharing.occurrences)
        self.callers = Callers(self.sharing, self.overrides)
        self._known: dict[FunctionKey, Knowledge] = {}

    @classmethod
    def shared(cls, ctx: Context) -> ThreadKnowledge:
        """That of all who look at the same program and texts."""
        known = ctx.sources.kept.get(cls.__name__)
        if not isinstance(known, cls) or known.program is not ctx.program:
            known = ctx.sources.kept[cls.__name__] = cls(ctx.program, ctx.sources)
        return known

    def of_function(self, key: FunctionKey) -> Knowledge:
        """What a function of the project knows; nothing of a library's, of which the catalog and the effects tell."""
        known = self._known.get(key)
        if known is None:
            if self.program.is_outside(key[0]) or self.program.function(key).is_async:
                return _KNOWS_NOTHING
            if len(self._known) > _REACH:
                return Knowledge(doubt="it reaches too much code to be sure")
            self._known[key] = _KNOWS_NOTHING  # a cycle adds nothing to itself
            frame = self.sharing.frame(key)
            body = frame.tree.body if isinstance(frame.tree.body, list) else [frame.tree.body]
            generator = self.program.function(key).is_generator
            known = self._known[key] = self.of_code(body, frame, Guards(stops=generator))
        return known

    def of_code(self, nodes: Iterable[ast.AST], frame: Frame, guards: Guards, *, is_moved: bool = False) -> Knowledge:
        """What statements or expressions of a function know."""
        look = _Look(self, frame, is_moved=is_moved)
        for node in nodes:
            look.at(node, guards)
        return look.known()


class _Look:
    """One piece of code that is looked at."""

    def __init__(self, whole: ThreadKnowledge, frame: Frame, *, is_moved: bool = False) -> None:
        """`is_moved`: the calls in it, or itself, are what begins the thread."""
        self._whole, self._frame, self._program, self._is_moved = whole, frame, whole.program, is_moved
        self._reasons = dict.fromkeys(("never", "exception", "stop", "context", "doubt"), "")
        self._frames = 0
        self._walks: set[str] = set()
        self._changes: set[str] = set()
        self._written: set[str] | None = None

    def known(self) -> Knowledge:
        return Knowledge(**self._reasons, frames=self._frames, walks=frozenset(self._walks), changes=frozenset(self._changes))

    def _note(self, kind: str, reason: str) -> None:
        self._reasons[kind] = self._reasons[kind] or reason

    def _place(self, node: Any) -> str:
        return self._whole.sharing.occurrences.source(self._frame.key[0]).where(node.lineno)

    # -- going through

    def at(self, node: Any, guards: Guards) -> None:
        """Look at a node and what is below it, but not into functions that are only defined there."""
        if isinstance(node, _TRIES):
            self._at_try(node, guards)
            return
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            inner = outside(node)
            if isinstance(node, ast.Lambda):
                inner = [*inner, node.body]  # most are called where they stand
            for each in inner:
                self.at(each, guards)
            return
        if isinstance(node, ast.GeneratorExp):
            guards = guards._replace(stops=True)
        self._of_node(node, guards)
        for child in ast.iter_child_nodes(node):
            if not (isinstance(node, ast.Call) and isinstance(child, ast.Lambda) and self._is_handed_over(node)):
                self.at(child, guards)

    def _is_handed_over(self, call: ast.Call) -> bool:
        """Whether a call runs its arguments elsewhere: as callbacks of the loop, or in threads of their own."""
        catalog = self._program.catalog
        tables = (catalog.loop_callbacks, catalog.offloads, catalog.wrappers, catalog.exit_callbacks)
        takers = (self._program.callbacks, self._program.offloads)
        given = given_to(call)
        return any(path in table for path in self._frame.paths(call) for table in tables) or any(
            True for value in self._frame.evaluate(call.func) for taker in takers for _ in taker.handed(value, given)
        )

    def _at_try(self, node: Any, guards: Guards) -> None:
        catches = guards.stops or any(_catches(handler.type, _EVERYTHING) for handler in node.handlers)
        for each in node.body:
            self.at(each, guards._replace(stops=catches))
        for handler in node.handlers:
            for each in handler.body:
                self.at(each, guards._replace(handles=True))
        for each in (*node.orelse, *node.finalbody):
            self.at(each, guards)

    def _of_node(self, node: Any, guards: Guards) -> None:
        if isinstance(node, ast.Call):
            self.of_call(node, guards)
        elif isinstance(node, ast.Raise):
            if node.exc is None and not guards.handles:
                self._note("exception", f"`raise` raises again what its caller handles ({self._place(node)})")
            elif node.exc is not None and _catches(node.exc, frozenset({"StopIteration"})) and not guards.stops:
                self._note("stop", f"`StopIteration` cannot come out of a thread ({self._place(node)})")
        elif isinstance(node, (ast.For, ast.comprehension)):
            self._walk(node.iter, deep=False)
        elif isinstance(node, ast.YieldFrom) or (isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Load)):
            self._walk(node.value, deep=False)
        elif isinstance(node, ast.FormattedValue) and self._is_container(node.value):
            self._walk(node.value, deep=True)
        elif isinstance(node, ast.AugAssign):
            self._of_update(node)
        elif isinstance(node, ast.Attribute):
            self._of_attribute(node)
            self._of_bound(node)
        elif isinstance(node, ast.Name):
            self._of_bound(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            self._of_kept_bound(node)

    def _of_bound(self, node: Any) -> None:
        """An object from outside that only the thread which made it may use."""
        if not isinstance(node.ctx, ast.Load) or (isinstance(node, ast.Name) and node.id in self._frame.own and not self._is_moved):
            return
        for value in self._frame.evaluate(node):
            if isinstance(value, ExternalInstance) and self._program.catalog.is_thread_bound(value.path):
                self._note("never", f"`{ast.unparse(node)}` must stay in the thread that made it ({self._place(node)})")

    def _of_kept_bound(self, node: Any) -> None:
        """The same, made in the thread and kept for others."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        elsewhere = self._frame.free
        if not any(isinstance(each, (ast.Attribute, ast.Subscript)) or (isinstance(each, ast.Name) and each.id in elsewhere) for each in targets):
            return
        catalog = self._program.catalog
        for value in self._frame.evaluate(node.value):
            if isinstance(value, ExternalInstance) and catalog.is_bound(value.path) and value.path not in catalog.locks:
                self._note("never", f"it keeps a `{value.path}`, which must stay in the thread that made it ({self._place(node)})")

    def _of_update(self, node: ast.AugAssign) -> None:
        """`x += [...]` changes a list in place."""
        if not isinstance(node.target, ast.Name) or isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift)):
            return
        if isinstance(node.value, (ast.Constant, ast.JoinedStr)) or self._frame._is_immune(node.value):
            return
        self._changes |= self._frame.origin(ast.Name(node.target.id, ast.Load())).top

    def _of_attribute(self, node: ast.Attribute) -> None:
        values = self._frame.evaluate(node.value)
        if not any(isinstance(value, ExternalInstance) and value.path in _LOCAL for value in values):
            return
        if isinstance(node.ctx, ast.Load) and node.attr not in self._set_here():
            self._note("never", f"`{ast.unparse(node)}` is another one in each thread ({self._place(node)})")
        self._note("doubt", f"`{ast.unparse(node)}` is another one in each thread ({self._place(node)})")

    def _set_here(self) -> set[str]:
        """The attributes that the function sets itself, or asks whether they are there."""
        if self._written is None:
            nodes = list(ast.walk(self._frame.tree))
            self._written = {node.attr for node in nodes if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)}
            for node in nodes:
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr":
                    self._written |= {each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)}
        return self._written

    def _walk(self, node: ast.expr, *, deep: bool) -> None:
        origin = self._frame.origin(node)
        self._walks |= origin.whole if deep else origin.top

    def _is_container(self, node: ast.expr) -> bool:
        catalog = self._program.catalog
        return any(
            isinstance(value, (Many, Parts)) or (isinstance(value, ExternalInstance) and catalog.is_mutable(value.path))
            for value in self._frame.evaluate(node)
        )

    # -- calls

    def of_call(self, call: ast.Call, guards: Guards) -> None:
        frame, program = self._frame, self._program
        values = frame.evaluate(call.func)
        paths = frame.paths(call)
        given = given_to(call)
        shown = f"`{ast.unparse(call.func)}()`"
        for path in paths:
            self._of_path(path, call, given, guards, shown)
        direct = [value for value in values if isinstance(value, FunctionValue)]
        if any(not isinstance(value, External) for value in values):
            for target in program.effects.targets(values, 0):
                if isinstance(target, FunctionValue):
                    self._of_function(target, call, guards, known=any(value.key == target.key for value in direct))
        for value in values:
            self._note("doubt", self._whole.overrides.reason(call.func, value, frame.scope))
        kept = self._is_kept(call.func) and not (values and all(isinstance(value, Instance) for value in values))
        if kept:
            self._note("doubt", f"{shown} calls what somebody else decides ({self._place(call)})")
        if kept or not values:
            self._of_hook(call)

    def _is_kept(self, callee: ast.expr) -> bool:
        """Whether what is called is a parameter, or an attribute of the receiver that is bound to something that nobody knows."""
        frame, program = self._frame, self._program
        if isinstance(callee, ast.Name):
            return callee.id in frame.parameters and callee.id != frame.receiver
        if not isinstance(callee, ast.Attribute) or not isinstance(callee.value, ast.Name) or callee.value.id != frame.receiver or not frame.receiver:
            return False
        module, owner = frame.key[0], program.function(frame.key).owner
        bound = program.facts(module).classes[owner].attributes.get(callee.attr, ())
        return any(not program.evaluate(each, Scope(module, number)) for number, each in bound)

    def _of_path(self, path: str, call: ast.Call, given: Any, guards: Guards, shown: str) -> None:
        catalog = self._program.catalog
        for of in catalog.aware(path, given):
            if of == "exception" and not guards.handles:
                self._note("exception", f"{shown} asks for the exception that its caller handles ({self._place(call)})")
            elif of == "frame":
                self._frames = max(self._frames, _depth(path, call))
            elif of == "thread":
                self._note("doubt", f"{shown} asks in which thread it runs ({self._place(call)})")
            elif of == "main":
                self._note("never", f"{shown} has an effect only in the thread of its caller ({self._place(call)})")
            elif of == "context":
                self._note("context", f"{shown} asks for a context that is not there in the thread ({self._place(call)})")
            elif of == "code":
                self._note("doubt", f"{shown} runs code that is not known ({self._place(call)})")
        if path in catalog.touches_loop:
            self._note("never", f"{shown} needs the thread of the event loop ({self._place(call)})")
        if path == "builtins.next" and len(call.args) == 1 and not guards.stops:
            self._note("stop", f"`StopIteration` may leave {shown}, and cannot come out of a thread ({self._place(call)})")
        for walk in catalog.walks(path):
            walked = argument(call, walk.argument)
            if walked is None or (path in _TEXT and not self._is_container(walked)):
                continue
            if walk.changes:
                self._changes |= self._frame.origin(walked).top
            else:
                self._walk(walked, deep=walk.deep)

    def _of_function(self, target: FunctionValue, call: ast.Call, guards: Guards, *, known: bool) -> None:
        inner = self._whole.of_function(target.key)
        for kind in ("never", "context", "doubt"):
            self._note(kind, getattr(inner, kind))
        if not guards.handles:
            self._note("exception", inner.exception)
        if not guards.stops:
            self._note("stop", inner.stop)
        self._frames = max(self._frames, inner.frames - (not self._is_moved))
        if inner.walks or inner.changes:
            given = self._frame.given(target, call) if known else None
            self._walks |= self._frame.mapped(inner.walks, given)
            self._changes |= self._frame.mapped(inner.changes, given)

    def _of_hook(self, call: ast.Call) -> None:
        """A callable that is kept somewhere, or given: one that the project puts there may need the loop."""
        for key in sorted(self._whole.hooks.candidates(call.func, self._frame.scope, self._frame.tree), key=str):
            if isinstance(key, str):
                reason = f"`{key}` needs the thread of the event loop" if key in self._program.catalog.touches_loop else ""
            elif self._program.function(key).is_async:
                continue
            else:
                reason = self._program.contexts.hazard(key) or self._whole.of_function(key).never
            if reason:
                self._note("never", f"`{ast.unparse(call.func)}()` may be a function of which this holds: {reason}")


def _depth(path: str, call: ast.Call) -> int:
    """How many frames above its own a call looks at."""
    keyword = next((each.value for each in call.keywords if each.arg in ("stacklevel", "depth")), None)
    given = keyword if keyword is not None else call.args[2] if path == "warnings.warn" and len(call.args) > 2 else None
    if path.startswith("sys._get"):
        given, least = (keyword or (call.args[0] if call.args else ast.Constant(0))), 0
    elif given is not None:
        least = 1
    else:
        return _ANY_DEPTH
    return max(given.value - least, 0) if isinstance(given, ast.Constant) and isinstance(given.value, int) else _ANY_DEPTH


def _catches(type_: ast.AST | None, names: frozenset[str]) -> bool:
    return type_ is None or any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(type_))


# -- what fixes ask


def require_movable(ctx: Context, call: ast.Call, *, in_handler: bool, keeps_context: bool = True) -> str:
    """Why it is not certain that a call of a coroutine may be made in a thread, or "". Raises Withheld where it cannot be right."""
    whole = ThreadKnowledge.shared(ctx)
    frame = whole.sharing.frame(ctx.function)
    look = _Look(whole, frame, is_moved=True)
    look.of_call(call, Guards())
    return _doubt(whole, frame, look.known(), in_handler=in_handler, keeps_context=keeps_context)


def _doubt(whole: ThreadKnowledge, frame: Frame, known: Knowledge, *, in_handler: bool, keeps_context: bool) -> str:
    doubt = _require(known, in_handler=in_handler, keeps_context=keeps_context)
    if not doubt and known.changes and whole.callers.may_share(frame, known.changes):
        return "it changes what other tasks may use meanwhile"
    if not doubt and known.walks and whole.callers.may_share(frame, known.walks):
        return "it looks through what other tasks may change meanwhile"
    return doubt


def require_block_movable(ctx: Context, region: Iterable[ast.stmt], *, keeps_context: bool = True) -> None:
    """Raise Withheld where statements of a coroutine cannot run in a thread."""
    whole = ThreadKnowledge.shared(ctx)
    known = whole.of_code(region, whole.sharing.frame(ctx.function), Guards(), is_moved=True)
    _require(known, in_handler=True, keeps_context=keeps_context)


def _require(known: Knowledge, *, in_handler: bool, keeps_context: bool) -> str:
    if known.never:
        raise Withheld(f"{known.never}, so it cannot be moved into a thread as it is")
    if known.exception and in_handler:
        raise Withheld(f"{known.exception}, and a thread has no such exception")
    frames = "it looks at the frames of its callers, which are others in a thread" if known.frames else ""
    return known.exception or known.stop or frames or known.doubt or ("" if keeps_context else known.context)
