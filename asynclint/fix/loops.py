"""Whether several event loops run code that shares something which only one loop may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import facts as f
from asynclint.program.values import Awaitable, ClassValue, External, FunctionValue, Scope
from asynclint.walk.in_threads import InThreads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.known import Runner
    from asynclint.program.values import FunctionKey, Value
    from asynclint.walk.context import Context

_REACH = 1500  # functions that are looked through; more may reach anything


class _Start(NamedTuple):
    """A place where an event loop is made or run, or where a coroutine is given to one."""

    runner: Runner
    module: int
    call: Call
    given: Ref  # the coroutine, or the function that gives one; None where it is not known, or there is none
    times: int
    in_thread: bool

    @property
    def scope(self) -> Scope:
        return Scope(self.module, self.call.function)

    @property
    def has_coroutine(self) -> bool:
        return self.runner.coroutine != -1


def several(ctx: Context, users: set[FunctionKey]) -> str:
    """Where a second event loop runs functions, such as the users of a lock, while what they share may be in use; "" where none does."""
    program = ctx.program
    threads = InThreads.shared(program, ctx.sources)
    starts = list(_starts(program, threads))
    reaching = {id(start) for start in starts if start.has_coroutine and _reaches(program, start.given, start.scope, users)}
    on_a_given_loop = [start for start in starts if id(start) in reaching and _is_given_to_a_loop(program, start)]
    loops: list[_Start] = []
    for start in starts:
        if start.runner.makes_loop and (id(start) in reaching if start.has_coroutine else bool(on_a_given_loop)):
            loops += [start] * start.times
    bare = [start for start in loops if not start.has_coroutine]
    main = [start for start in on_a_given_loop if start.runner.loop == "given"]
    if main and not bare:
        loops += main[:1]
    if len(loops) < 2:
        return ""
    apart = next((start for start in (*loops, *(s for s in starts if s.runner.loop)) if start.in_thread), None)
    if apart is not None:
        return f"loops in several threads run what uses it ({_shown(ctx, apart)})"
    if _may_meet(program, users):
        return f"several event loops, one after the other, run what uses it ({_shown(ctx, loops[-1])})"
    return ""


def _is_given_to_a_loop(program: Program, start: _Start) -> bool:
    """Whether a coroutine is given to a loop that somebody has made, and not to the one that runs right there."""
    return start.runner.loop in ("given", "other") or not (start.runner.makes_loop or program.function((start.module, start.call.function)).is_async)


def _shown(ctx: Context, start: _Start) -> str:
    return ctx.source_of(start.module).where(start.call.line)


def _starts(program: Program, threads: InThreads) -> Iterator[_Start]:
    runners = program.catalog.runners
    names = program.with_aliases(program.catalog.names(runners))
    for module in program.modules_using(names):
        for number in program.facts(module).calls_of(names):
            call = program.call(module, number)
            for value in program.callees(module, number):
                runner = runners.get(value.path) if isinstance(value, External) else None
                if runner is not None and runner.backend == "asyncio":
                    in_thread = bool(threads.runs((module, call.function)))
                    yield _Start(runner, module, call, _argument(call, runner.coroutine), threads.times(module, call), in_thread)
    for each in threads.handings:  # `Thread(target=loop.run_forever)`, `to_thread(asyncio.run, work())`
        runner = runners.get(each.value.path) if isinstance(each.value, External) else None
        if runner is not None and runner.backend == "asyncio":
            times = 2 if each.several else threads.times(each.module, each.call)
            yield _Start(runner, each.module, each.call, None, times, True)


def _argument(call: Call, which: int | str) -> Ref:
    for number, (keyword, ref) in enumerate(call.arguments):
        if keyword == which or (keyword is None and number == which):
            return ref
    return None


def _reaches(program: Program, given: Ref, scope: Scope, users: set[FunctionKey]) -> bool:
    """Whether a coroutine, or what gives one, may come to one of some functions; of what is not known it may."""
    values = program.evaluate(given, scope)
    todo = list(_functions(program, values))
    if given.__class__ is tuple and given[0] == "call":
        todo += _functions(program, program.evaluate(given[1], scope))
        if not todo and program.evaluate(given[1], scope):
            todo += [key for _, each in given[2] for key in _functions(program, program.evaluate(each, scope))]
            return come_to(program, todo, users) if todo or not given[2] else True
    return not todo or come_to(program, todo, users)


def come_to(program: Program, functions: Iterable[FunctionKey], users: set[FunctionKey]) -> bool:
    """Whether one of some functions may come to one of others, by calls and by what it hands over."""
    todo = list(functions)
    seen = set(todo)
    while todo:
        key = todo.pop()
        if key in users or len(seen) > _REACH:
            return True
        for number in program.calls_of(key):
            call = program.call(key[0], number)
            values = program.callees(key[0], number)
            if not values and call.flags & f.AWAITED:
                return True
            more = set(_functions(program, values))
            for _, each in call.arguments:
                if each is not None:
                    more.update(_functions(program, program.evaluate(each, Scope(*key))))
            todo += more - seen
            seen |= more
    return False


def _functions(program: Program, values: Iterable[Value]) -> Iterator[FunctionKey]:
    for value in values:
        if isinstance(value, FunctionValue):
            yield value.key
        elif isinstance(value, Awaitable) and value.function is not None:
            yield value.function.key
        elif isinstance(value, ClassValue):
            for name in ("__init__", "__aenter__", "__aexit__", "__aiter__", "__anext__"):
                methods = program.resolver.instance_attribute_of_class(value, name)
                yield from (method.key for method in methods if isinstance(method, FunctionValue))


def _may_meet(program: Program, users: set[FunctionKey]) -> bool:
    """Whether two tasks may be in these functions at once: the program makes a task that comes to one of them, or a framework calls them."""
    catalog = program.catalog
    makers = {path for path, runner in catalog.runners.items() if runner.loop in ("", "other")} | catalog.tasks | catalog.groups.keys()
    tables = (makers, catalog.loop_callbacks, catalog.entries)
    names = program.with_aliases(name for table in tables for name in catalog.names(frozenset(table)))
    for module in program.modules_using(names):
        for number in program.facts(module).calls_of(names):
            call = program.call(module, number)
            scope = Scope(module, call.function)
            for value in program.callees(module, number):
                if not isinstance(value, External) or not (value.path in makers or value.path in catalog.loop_callbacks):
                    continue
                given = [ref for _, ref in call.arguments]
                if given and any(_reaches(program, ref, scope, users) for ref in given):
                    return True
    return False
