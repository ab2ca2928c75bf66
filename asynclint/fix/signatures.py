"""Makes sync functions coroutine functions, and awaits them at every call, up the call graph until all callers are coroutines: all or nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from asynclint.fix import around, forbids, races
from asynclint.fix.forbids import Obstacle
from asynclint.fix.occurrences import Occurrences
from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.model import Applicability, Edit, Fix, Import
from asynclint.program.values import FunctionValue
from asynclint.walk.context import backend_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asynclint.fix.occurrences import Use
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey
    from asynclint.walk.context import Context

_LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.BinOp, ast.Compare)
_BY_STRING = frozenset({"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller", "object", "multiple"})
_ROUNDS = 50  # how far up the call graph the callers are followed


class Plan(NamedTuple):
    """What becomes asynchronous, and where it is awaited; or what forbids it, and then nothing is to be changed."""

    functions: tuple[FunctionKey, ...]
    calls: int
    fix: Fix | None
    obstacles: tuple[Obstacle, ...]
    races: tuple[Obstacle, ...] = ()  # calls between a reading and a writing of the same, which another task may now come between


def plan(
    occurrences: Occurrences, program: Program, start: Iterable[FunctionKey], target_version: tuple[int, int], entry_points: Mapping[str, str]
) -> Plan:
    """How functions become coroutine functions. `entry_points` are what distributions let others call, `module:function`, and the
    file that says so.
    """
    work = _Work(occurrences, program, target_version, entry_points, start)
    for _ in range(_ROUNDS):
        known = len(work.wanted)
        work.look()
        if len(work.wanted) == known:
            break
    return work.plan()


def plan_for(ctx: Context, key: FunctionKey) -> Plan:
    """How one function becomes a coroutine function, asked by a rule, which does not know of entry points."""
    return plan(Occurrences.shared(ctx.program, ctx.sources), ctx.program, [key], ctx.target_version, {})


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
        self._callers: dict[FunctionKey, set[FunctionKey]] = {}
        self._perhaps: dict[FunctionKey, list[Obstacle]] = {}  # uses that matter where a function of a module is called by nobody who is known
        self._runs: dict[int, int] = {}  # modules in whose body `asyncio.run` is put, and how often

    def look(self) -> None:
        """Look at all functions that are wanted now, and at all their uses; functions that have to change too are wanted from now on."""
        self._obstacles, self._calls, self._called, self._runs, self._perhaps, self._callers = {}, {}, set(), {}, {}, {}
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
            is_called = bool(families[key] & self._called)
            for reason in forbids.of_class(program, key, called=is_called):
                self._add(program.paths[key[0]], program.function(key).line, reason + self._because(key))
            if key not in self._called:  # modules that are looked up at run time, as plugins are
                self._obstacles.update(dict.fromkeys(self._perhaps.get(key, ())))
            if not (self._callers.get(key) and all(program.function(caller).is_async for caller in self._callers[key])):
                for reason in forbids.of_calls(program, key):  # which did not run on a loop so far
                    self._add(program.paths[key[0]], program.function(key).line, reason + self._because(key))
            is_named = forbids.is_test(program.paths[key[0]])
            if not is_called and not is_named and not families[key] & self._asked:
                self._forbid(key, "is called by nobody in the program: whoever does would have to await it")
        for module, count in self._runs.items():
            if count > 1:
                self._add(program.paths[module], 1, f"the module would start {count} event loops, one after another")
        functions = tuple(sorted(self.wanted))
        if self._obstacles:
            return Plan(functions, len(self._calls), None, tuple(sorted(self._obstacles)))
        return Plan(functions, len(self._calls), self._fix(), (), tuple(sorted(self._races())))

    def _races(self) -> Iterator[Obstacle]:
        for use, call, *_ in self._calls.values():
            if use.scope.function and races.read_before_and_written_after(
                self._occurrences.function((use.scope.module, use.scope.function)), (call.lineno, call.col_offset)
            ):
                name = self._program.function((use.scope.module, use.scope.function)).qualname
                yield Obstacle(
                    use.source.path, use.line, f"`{name}` reads something before this call and writes it afterwards: other tasks run meanwhile"
                )

    # -- the functions themselves

    def _look_at(self, key: FunctionKey) -> None:
        program, function = self._program, self._program.function(key)
        if program.is_outside(key[0]):
            self._add(program.paths[key[0]], function.line, f"`{function.qualname}` is not of this program")
            return
        if function.is_async:
            self._add(
                program.paths[key[0]], function.line, f"`{function.qualname}` is a coroutine function already, and others of its family are not"
            )
            return
        if forbids.is_test(program.paths[key[0]]) and key not in self._asked:
            self._forbid(key, "is sync code of a test")
            return
        for reason in forbids.of_shape(program, key):
            self._add(program.paths[key[0]], function.line, reason + self._because(key))
        for obstacle in (*forbids.of_exports(program, self._occurrences, key), *forbids.of_instances(program, self._occurrences, key)):
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
            self._at(
                use,
                f"{shown} is passed on as a value, and nobody knows who calls it"
                if not around.is_offloaded(self._program, use)
                else f"{shown} is run in a thread, which cannot await it",
            )
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
        for each in meant:
            self._callers.setdefault(each, set()).add((use.scope.module, use.scope.function))
        self._call(use, parent, key)

    def _unknown(self, use: Use) -> None:
        """Note an attribute of a wanted name, of an object of which nothing is known, where it may be a wanted method, or the object a module."""
        node = use.node
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            return
        keys = [key for key in self.wanted if self._program.function(key).name == use.name and self._program.function(key).parent <= 0]
        if not keys or isinstance(node.value, _LITERALS) or self._program.evaluate(ref(node.value), use.scope):
            return
        call = use.above[-1]
        if isinstance(call, ast.Call) and call.func is node:
            keys = [key for key in keys if around.fits(self._occurrences.function(key), call, bound=self._program.function(key).owner >= 0)]
            if not keys or around.is_awaited(use):
                return
        key = min(keys, key=lambda each: (self._program.function(each).owner < 0, each))
        reason = f"cannot tell whether `{around.short(node)}` is `{self._program.function(key).qualname}`"
        if self._program.function(key).owner >= 0:
            self._at(use, reason)
        else:
            self._perhaps.setdefault(key, []).append(Obstacle(use.source.path, use.line, reason, True))

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
                    self._at(use, f"cannot tell whether `{around.short(call)}` is `{function.qualname}`")
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
            reason = around.cannot_await(use, program, self._target_version)
            if function.flags & f.LAMBDA:
                reason = "a lambda, which cannot await"
            if reason:
                self._at(use, f"the call of {shown} stands in {reason}")
                return
            if not function.is_async and outer not in self.wanted:
                self.wanted[outer] = program.function(key).qualname
            tight = around.binds_tighter(use, call)
            self._calls[call] = _Call(use, call, "(await " if tight else "await ", ")" if tight else "")

    def _at_module_level(self, use: Use, call: ast.Call, shown: str) -> None:
        """`if __name__ == "__main__": main()` -> `asyncio.run(main())`; elsewhere nothing can be awaited."""
        above = use.above[1:-1]
        if not (above and around.is_main_guard(above[0]) and around.is_last_step(above[1:], call)):
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
