"""Makes sync functions coroutine functions, and awaits them at every call, up the call graph until all callers are coroutines: all or nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix import forbids
from asynclint.fix.forbids import Obstacle
from asynclint.fix.occurrences import Occurrences
from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.model import Applicability, Edit, Fix, Import
from asynclint.program.values import FunctionValue
from asynclint.walk.context import backend_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asynclint.fix.occurrences import Use
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
_LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.BinOp, ast.Compare)
_EXITS = frozenset({"exit", "sys.exit", "SystemExit"})
_BY_STRING = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller", "object", "multiple"})
_ROUNDS = 50  # how far up the call graph the callers are followed


class Plan(NamedTuple):
    """What becomes asynchronous, and where it is awaited; or what forbids it, and then nothing is to be changed."""

    functions: tuple[FunctionKey, ...]
    calls: int
    fix: Fix | None
    obstacles: tuple[Obstacle, ...]


def plan(
    occurrences: Occurrences, program: Program, start: Iterable[FunctionKey], target_version: tuple[int, int], entry_points: Mapping[str, str]
) -> Plan:
    """How functions become coroutine functions. `entry_points` are what distributions let others call, `module:function`, and the file that says so."""
    work = _Work(occurrences, program, target_version, entry_points, start)
    for _ in range(_ROUNDS):
        known = len(work.wanted)
        work.look()
        if len(work.wanted) == known:
            break
    return work.plan()


class _Call(NamedTuple):
    use: Use
    node: ast.Call
    before: str
    after: str


class _Work:
    """The functions that have to change, as far as they are known, and what one look at all their uses finds."""

    def __init__(
        self,
        occurrences: Occurrences,
        program: Program,
        target_version: tuple[int, int],
        entry_points: Mapping[str, str],
        start: Iterable[FunctionKey],
    ) -> None:
        self._occurrences, self._program, self._target_version, self._entry_points = occurrences, program, target_version, entry_points
        self.wanted: dict[FunctionKey, str] = dict.fromkeys(start, "")  # with what it calls, for reasons
        self._asked = frozenset(self.wanted)
        self._obstacles: dict[Obstacle, None] = {}
        self._calls: dict[ast.Call, _Call] = {}
        self._called: set[FunctionKey] = set()
        self._runs: dict[int, int] = {}  # modules in whose body `asyncio.run` is put, and how often

    def look(self) -> None:
        """Look at all functions that are wanted now, and at all their uses; functions that have to change too are wanted from now on."""
        self._obstacles, self._calls, self._called, self._runs = {}, {}, set(), {}
        for key in list(self.wanted):
            self._look_at(key)
        for name in dict.fromkeys(self._program.function(key).name for key in list(self.wanted)):
            for written in sorted(self._renamed(name)):
                for use in self._occurrences.of(written):
                    self._use(use)
            for use in self._occurrences.strings(name):
                self._string(use)

    def plan(self) -> Plan:
        """The outcome of the last look."""
        program = self._program
        families = {key: self._family(key) for key in self.wanted}
        for key in self.wanted:
            if key not in self._asked and not families[key] & (self._called | self._asked):
                self._forbid(key, "is called by nobody in the program: whoever does would have to await it")
        for module, count in self._runs.items():
            if count > 1:
                self._add(program.paths[module], 1, f"the module would start {count} event loops, one after another")
        functions = tuple(sorted(self.wanted))
        if self._obstacles:
            return Plan(functions, len(self._calls), None, tuple(sorted(self._obstacles)))
        return Plan(functions, len(self._calls), self._fix(), ())

    # -- the functions themselves

    def _look_at(self, key: FunctionKey) -> None:
        program, function = self._program, self._program.function(key)
        if program.is_outside(key[0]):
            self._add(program.paths[key[0]], function.line, f"`{function.qualname}` is not of this program")
            return
        if function.is_async:
            self._add(program.paths[key[0]], function.line, f"`{function.qualname}` is a coroutine function already, and others of its family are not")
            return
        if forbids.is_test(program.paths[key[0]]) and key not in self._asked:
            self._forbid(key, "is sync code of a test")
            return
        for reason in (*forbids.of_shape(program, key), *forbids.of_class(program, key)):
            self._add(program.paths[key[0]], function.line, reason + self._because(key))
        for obstacle in forbids.of_exports(program, self._occurrences, key):
            self._obstacles[obstacle] = None
        point = self._entry_points.get(f"{program.module_name(key[0])}:{function.qualname}")
        if point is not None:
            self._forbid(key, f"is an entry point ({point})")
        for other in forbids.related(program, key):
            if isinstance(other, str):
                self._add(program.paths[key[0]], function.line, other)
            else:
                self.wanted.setdefault(other, self.wanted[key])

    def _family(self, key: FunctionKey) -> set[FunctionKey]:
        return {key, *(other for other in forbids.related(self._program, key) if not isinstance(other, str))}

    def _because(self, key: FunctionKey) -> str:
        return f"; it calls `{self.wanted[key]}`" if self.wanted[key] else ""

    def _forbid(self, key: FunctionKey, reason: str) -> None:
        function = self._program.function(key)
        self._add(self._program.paths[key[0]], function.line, f"`{function.qualname}` {reason}{self._because(key)}")

    def _add(self, path: str, line: int, reason: str, *, is_use: bool = False) -> None:
        self._obstacles[Obstacle(path, line, reason, is_use)] = None

    # -- where they are used

    def _renamed(self, name: str) -> set[str]:
        found = {name}
        for _ in range(_ROUNDS):
            more = self._program.with_renamed(found)
            if more <= found:
                break
            found |= more
        return found

    def _use(self, use: Use) -> None:
        """Note a use of a wanted function: a call, or something that forbids it."""
        values = self._program.evaluate(ref(use.node), use.scope)
        keys = {value.key for value in values if isinstance(value, FunctionValue)}
        meant = keys & self.wanted.keys()
        if not meant:
            if not values:
                self._unknown(use)
            return
        key = min(meant)
        shown = f"`{self._program.function(key).qualname}`"
        parent = use.above[-1]
        if not isinstance(use.node.ctx, ast.Load):
            if isinstance(use.node, ast.Attribute):
                self._at(use, f"{shown} is replaced by something else")
            return
        if not isinstance(parent, ast.Call) or parent.func is not use.node:
            self._at(use, f"{shown} is passed on as a value, and nobody knows who calls it" if not _is_offloaded(self._program, use) else
                     f"{shown} is run in a thread, which cannot await it")
            return
        for value in values:
            if isinstance(value, FunctionValue) and value.key not in self.wanted:
                other = self._program.function(value.key)
                if other.name != self._program.function(key).name or self._program.is_outside(value.module) or other.is_async:
                    self._at(use, f"`{ast.unparse(use.node)}` may also be `{other.qualname}`")
                else:
                    self.wanted[value.key] = self.wanted[key]
            elif not isinstance(value, FunctionValue):
                self._at(use, f"`{ast.unparse(use.node)}` may also be something other than {shown}")
        self._called |= meant
        self._call(use, parent, key)

    def _unknown(self, use: Use) -> None:
        """Note an attribute of the name of a wanted method, of an object of which nothing is known, where it may be the method."""
        node = use.node
        methods = [key for key in self.wanted if self._program.function(key).owner >= 0 and self._program.function(key).name == use.name]
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load) or not methods:
            return
        if isinstance(node.value, _LITERALS) or self._program.evaluate(ref(node.value), use.scope):
            return
        call = use.above[-1]
        if isinstance(call, ast.Call) and call.func is node:
            awaited = isinstance(use.above[-2], (ast.Await, ast.AsyncFor)) or (isinstance(use.above[-2], ast.withitem) and isinstance(use.above[-3], ast.AsyncWith))
            if awaited or not any(_fits(self._occurrences.function(key), call) for key in methods):
                return
        self._at(use, f"cannot tell whether `{_short(node)}` is `{self._program.function(min(methods)).qualname}`")

    def _string(self, use: Use) -> None:
        """Note a string that names a wanted function: for `getattr` and its like, or as a dotted path."""
        program, text = self._program, use.node.value
        for key in self.wanted:
            function = program.function(key)
            if function.name != use.name:
                continue
            whole = f"{program.module_name(key[0])}.{function.qualname}"
            if text.replace(":", ".") == whole or (len(text) > len(function.name) and whole.endswith(f".{text.replace(':', '.')}") and "." in whole):
                self._at(use, f"the string `{text}` names `{function.qualname}`")
                return
            call = use.above[-1]
            if text == function.name and isinstance(call, ast.Call) and f.last_name(ref(call.func)) in _BY_STRING:
                owner = call.args[0] if len(call.args) > 1 and call.args[0] is not use.node else None
                found = program.evaluate(ref(ast.Attribute(owner, text, ast.Load())), use.scope) if owner is not None else ()
                known = program.evaluate(ref(owner), use.scope) if owner is not None else ()
                if any(isinstance(value, FunctionValue) and value.key in self.wanted for value in found) or not known:
                    self._at(use, f"cannot tell whether `{_short(call)}` is `{function.qualname}`")
                    return

    def _at(self, use: Use, reason: str) -> None:
        self._add(use.source.path, use.line, reason, is_use=True)

    # -- calls

    def _call(self, use: Use, call: ast.Call, key: FunctionKey) -> None:
        """Note that a call has to be awaited, and that its function has to become a coroutine function."""
        program = self._program
        shown = f"`{program.function(key).qualname}`"
        if use.scope.klass >= 0:
            self._at(use, f"a class body calls {shown}, and cannot await")
        elif use.scope.function == 0:
            self._at_module_level(use, call, shown)
        else:
            outer = (use.scope.module, use.scope.function)
            function = program.function(outer)
            reason = _cannot_await(use, program, self._target_version)
            if function.flags & f.LAMBDA:
                reason = "a lambda, which cannot await"
            if reason:
                self._at(use, f"the call of {shown} stands in {reason}")
                return
            if not function.is_async and outer not in self.wanted:
                self.wanted[outer] = program.function(key).qualname
            tight = _binds_tighter(use, call)
            self._calls[call] = _Call(use, call, "(await " if tight else "await ", ")" if tight else "")

    def _at_module_level(self, use: Use, call: ast.Call, shown: str) -> None:
        """`if __name__ == "__main__": main()` -> `asyncio.run(main())`; elsewhere nothing can be awaited."""
        above = use.above[1:-1]
        if not (above and _is_main_guard(above[0]) and _is_last_step(above[1:], call)):
            self._at(use, f"{shown} is called at module level, where nothing can be awaited")
        elif backend_of(self._program, use.scope.module) != "asyncio":
            self._at(use, f"{shown} is called at module level, and the module does not use asyncio")
        else:
            self._runs[use.scope.module] = self._runs.get(use.scope.module, 0) + 1
            self._calls[call] = _Call(use, call, "asyncio.run(", ")")

    # -- the rewrite

    def _fix(self) -> Fix:
        program, occurrences = self._program, self._occurrences
        edits = [edit for each in self._edits_by_file().values() for edit in each]
        for key in sorted(self.wanted):
            node, source = occurrences.function(key), occurrences.source(key[0])
            start = source.offset_at(node.lineno, node.col_offset)
            edits.append(Edit(source.path, source.span(start, start), "async "))
        imports = tuple(Import(program.paths[module], "asyncio") for module in sorted(self._runs))
        names = ", ".join(f"`{program.function(key).qualname}`" for key in sorted(self.wanted)[:3])
        more = f" and {len(self.wanted) - 3} more" if len(self.wanted) > 3 else ""
        plural = "s" * (len(self._calls) != 1)
        title = f"Make {names}{more} async and await at {len(self._calls)} call{plural}"
        return Fix(title, Applicability.UNSAFE, tuple(sorted(edits)), imports)

    def _edits_by_file(self) -> dict[str, list[Edit]]:
        """The inserts around the calls; those at one place are one edit, the outer call's first and its end last."""
        inserts: dict[tuple[str, int], list[tuple[int, str, Use]]] = {}
        for call in self._calls.values():
            source, node = call.use.source, call.node
            start = source.offset_at(node.lineno, node.col_offset)
            end = source.offset_at(node.end_lineno or 0, node.end_col_offset or 0)
            inserts.setdefault((source.path, start), []).append((-end, call.before, call.use))
            if call.after:
                inserts.setdefault((source.path, end), []).append((-start, call.after, call.use))
        found: dict[str, list[Edit]] = {}
        for (path, offset), parts in sorted(inserts.items(), key=lambda item: item[0]):
            parts.sort(key=lambda part: part[0])
            found.setdefault(path, []).append(parts[0][2].edit(offset, offset, "".join(text for _, text, _ in parts)))
        return found


# -- what stands around a call


def _cannot_await(use: Use, program: Program, target_version: tuple[int, int]) -> str:
    """Why no `await` may stand before a call that is directly in a function, or ""."""
    path = (*use.above, use.node)
    if isinstance(use.above[-2], ast.Await):
        return "an `await` already: it gives something to wait for"
    comprehensions = 0
    for node, child in reversed(list(zip(path, path[1:], strict=False))):
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


def _is_first_iterable(node: Any, child: ast.AST, path: tuple[Any, ...]) -> bool:
    """Whether a child of a comprehension leads to what it iterates first, which is evaluated outside of it."""
    below = path[path.index(child) + 1] if path.index(child) + 1 < len(path) else None
    return child is node.generators[0] and below is node.generators[0].iter


def _is_where_it_says(use: Use) -> bool:
    """Whether the place of a node in an f-string is right: before Python 3.12 it may not be."""
    call, source = use.above[-1], use.source
    text = source.text[source.offset_at(call.lineno, call.col_offset) : source.offset_at(call.end_lineno, call.end_col_offset)]
    try:
        return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(call)
    except SyntaxError:
        return False


def _binds_tighter(use: Use, call: ast.Call) -> bool:
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


def _is_main_guard(node: Any) -> bool:
    """Whether a statement is `if __name__ == "__main__":` without `else`."""
    test = node.test if isinstance(node, ast.If) and not node.orelse else None
    if not isinstance(test, ast.Compare) or len(test.comparators) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    return sides == {"__name__", "'__main__'"}


def _is_last_step(above: tuple[Any, ...], call: ast.Call) -> bool:
    """Whether a call is a statement of its own, or what a statement of its own exits with."""
    if len(above) == 1:
        return isinstance(above[0], ast.Expr)
    exits = len(above) == 2 and isinstance(above[0], (ast.Expr, ast.Raise)) and isinstance(above[1], ast.Call)
    return exits and ast.unparse(above[1].func) in _EXITS and above[1].args == [call]


def _is_offloaded(program: Program, use: Use) -> bool:
    """Whether a function is the argument of a call that runs it in a thread."""
    call = next((node for node in reversed(use.above) if isinstance(node, ast.Call)), None)
    return call is not None and any(
        value.path in program.catalog.offloads for value in program.evaluate(ref(call.func), use.scope) if hasattr(value, "path")
    )


def _fits(function: ast.FunctionDef, call: ast.Call) -> bool:
    """Whether a method can be called with the arguments of a call."""
    if any(isinstance(node, ast.Starred) for node in call.args) or any(keyword.arg is None for keyword in call.keywords):
        return True
    accepted = function.args
    is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    positional = [each.arg for each in (*accepted.posonlyargs, *accepted.args)][0 if is_static else 1 :]
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


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}..."

