"""Why a sync function cannot become a coroutine function: what it is, and who else may call it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import facts as f
from asynclint.program.annotations import without_parameters
from asynclint.program.values import ClassValue, External, FunctionValue, Instance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.occurrences import Occurrences
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey

_TESTS = re.compile(r"(^|/)(tests?/|(test_[^/]*|[^/]*_test|conftest)\.py$)")
PLAIN_BASES = frozenset(  # classes of the language that call no method of a subclass by its name
    f"{module}.{name}"
    for module, names in {
        "builtins": ("object", "Exception", "BaseException", "RuntimeError", "ValueError", "dict", "list", "str", "int", "tuple", "set"),
        "abc": ("ABC",),
        "enum": ("Enum", "IntEnum", "StrEnum", "Flag"),
        "typing": ("Generic", "Protocol", "NamedTuple", "TypedDict"),
        "typing_extensions": ("Generic", "Protocol", "NamedTuple", "TypedDict"),
    }.items()
    for name in names
)
_STARTERS = frozenset(  # what cannot be done on the loop: it starts another one, or waits in a thread for the loop
    (
        *("asyncio.run", "asyncio.Runner.run", "asyncio.AbstractEventLoop.run_until_complete", "asyncio.AbstractEventLoop.run_forever"),
        *("asyncio.run_coroutine_threadsafe", "anyio.run", "anyio.from_thread.run", "anyio.from_thread.run_sync"),
        *("trio.run", "trio.from_thread.run", "trio.from_thread.run_sync", "asgiref.sync.async_to_sync"),
    )
)


_OWN_LIBRARIES = {*sys.stdlib_module_names, "builtins", "typing_extensions"}  # which call methods of other names


_REACH = 400  # functions that are looked through


class Obstacle(NamedTuple):
    """A place that forbids the change, and why. `is_use`: it is a use of the function, not what the function or its class is."""

    path: str
    line: int
    reason: str
    is_use: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


def is_test(path: str) -> bool:
    """Whether a file holds tests, as far as its name tells."""
    return path.endswith(".py") and _TESTS.search(path) is not None


def of_shape(program: Program, key: FunctionKey) -> Iterator[str]:
    """What a function itself is that forbids it."""
    function = program.function(key)
    name = f"`{function.qualname}`"
    if function.flags & f.LAMBDA:
        yield f"{name} is a lambda"
        return
    if any(map(f.is_property_decorator, function.decorators)):
        yield f"{name} is a property, and the reading of an attribute cannot be awaited"
    elif function.name.startswith("__") and function.name.endswith("__"):
        yield f"{name} is called by Python itself, which does not await it"
    elif function.is_generator:
        yield f"{name} is a generator, and whoever iterates it would need `async for`"
    else:
        for decorator in function.decorators:
            if not program.tasks.preserves(decorator, FunctionValue(*key)):
                yield f"{name} has the decorator `@{f.last_name(_called(decorator)) or '...'}`, which may call it, or do something with its result"
    runner = program.contexts.runner(key)
    if runner:
        yield f"{name} is called by the event loop or a framework (`{runner}`), which does not await it"


def of_calls(program: Program, key: FunctionKey) -> Iterator[str]:
    """What a function calls, itself or through sync functions, that cannot run on an event loop."""
    todo, seen = [key], {key}
    while todo and len(seen) < _REACH:
        here = todo.pop(0)
        for number in program.calls_of(here):
            values = program.callees(here[0], number)
            path = next((value.path for value in values if isinstance(value, External) and value.path in _STARTERS), "")
            if path:
                place = f"{program.paths[here[0]]}:{program.call(here[0], number).line}"
                through = "" if here == key else f" in `{program.function(here).qualname}`"
                yield f"`{program.function(key).qualname}` reaches `{path}`{through} ({place}), which cannot run on an event loop"
                return
            for target in program.effects.targets(values, program.call(here[0], number).flags):
                if isinstance(target, FunctionValue) and target.key not in seen and not program.is_outside(target.module):
                    seen.add(target.key)
                    todo.append(target.key)


def of_class(program: Program, key: FunctionKey, *, called: bool) -> Iterator[str]:
    """What the class of a method inherits that forbids it. A private method that the program itself calls is not for classes outside of it."""
    function, resolver = program.function(key), program.resolver
    own = called and _is_private(function.name)
    if function.owner < 0:
        return
    for klass in dict.fromkeys((ClassValue(key[0], function.owner), *resolver.below(ClassValue(key[0], function.owner)))):
        facts = resolver.klass(klass)
        for base in facts.bases:
            if not program.evaluate(without_parameters(base), Scope(klass.module, facts.parent, facts.outer)) and not own:
                yield f"`{facts.qualname}` has the base `{f.last_name(without_parameters(base)) or '...'}`, of which nothing is known: it may call it"
        for base in resolver.mro(klass):
            if isinstance(base, External) and base.path not in PLAIN_BASES and not _is_builtin(base.path):
                if resolver.stubs.member(base.path, function.name):
                    yield f"`{function.qualname}` overrides a method of `{base.path}`, which calls it"
                elif not own:
                    yield f"`{facts.qualname}` derives from `{base.path}`, outside of the program, which may call `{function.name}`"
            elif isinstance(base, ClassValue) and program.is_outside(base.module) and not own:
                path = f"{program.module_name(base.module)}.{resolver.klass(base).qualname}"
                yield f"`{facts.qualname}` derives from `{path}`, outside of the program, which may call `{function.name}`"


def of_exports(program: Program, occurrences: Occurrences, key: FunctionKey) -> Iterator[Obstacle]:
    """The `__all__` in which a function, or the class of a public method, stands."""
    function = program.function(key)
    value: FunctionValue | ClassValue = FunctionValue(*key)
    if function.owner >= 0:
        if _is_private(function.name):
            return
        value = ClassValue(key[0], function.owner)
    name = function.name if function.owner < 0 else program.resolver.klass(value).name  # type: ignore[arg-type]
    for written in sorted(program.with_renamed((name,)) | {name}):
        for module, string in occurrences.exports.get(written, ()):
            values = program.evaluate(written, Scope(module, 0))
            if value in values or not values:  # what a module makes when it is asked for it may be anything of that name
                shown = f"`{function.qualname}` is exported" if function.owner < 0 else f"`{function.qualname}` is a method of an exported class"
                yield Obstacle(program.paths[module], string.lineno, f"{shown}: callers outside of the program would have to await it")


def of_instances(program: Program, occurrences: Occurrences, key: FunctionKey) -> Iterator[Obstacle]:
    """The calls that give an object with a public method to a library, which may call it: what has a method of the right name is enough for many."""
    function, resolver = program.function(key), program.resolver
    if function.owner < 0 or _is_private(function.name):
        return
    owner = ClassValue(key[0], function.owner)
    family = {owner, *resolver.below(owner)}
    for module in sorted({use.scope.module for klass in family for use in occurrences.of(resolver.klass(klass).name)}):
        for number, call in enumerate(program.facts(module).calls):
            scope = Scope(module, call.function)
            given = [
                value for _, each in call.arguments if each is not None for value in program.evaluate(each, scope) if isinstance(value, Instance)
            ]
            takers = [value.path for value in program.callees(module, number) if isinstance(value, External)] if given else []
            library = next((path for path in takers if path.partition(".")[0] not in _OWN_LIBRARIES), "")
            if library and any(value.klass in family for value in given):
                shown = resolver.klass(owner).qualname
                yield Obstacle(program.paths[module], call.line, f"a `{shown}` is given to `{library}`, which may call `{function.name}`")


def related(program: Program, key: FunctionKey) -> Iterator[FunctionKey | str]:
    """The methods of the project that a method overrides or is overridden by, directly or in turn; as a reason, what is no method."""
    function, resolver = program.function(key), program.resolver
    if function.owner < 0:
        return
    todo, seen = [ClassValue(key[0], function.owner)], set[ClassValue]()
    while todo:
        klass = todo.pop()
        if klass in seen:
            continue
        seen.add(klass)
        facts = resolver.klass(klass)
        for bound in facts.bindings.get(function.name, ()):
            if bound.__class__ is tuple and bound[0] == "def":
                yield (klass.module, bound[1])
            elif bound is not None and not (bound.__class__ is tuple and bound[0] == "ann"):
                yield f"`{facts.qualname}.{function.name}` is no method ({program.paths[klass.module]}:{facts.line})"
        if function.name in facts.attributes:
            yield f"`{facts.qualname}` also assigns to `self.{function.name}` ({program.paths[klass.module]}:{facts.line})"
        near = [k for k in (*resolver.mro(klass), *resolver.below(klass)) if isinstance(k, ClassValue) and not program.is_outside(k.module)]
        defining = [k for k in near if function.name in resolver.klass(k).bindings or function.name in resolver.klass(k).attributes]
        todo += defining
        for other in resolver.below(klass):  # a class below that gets the method from here, and another one of that name from elsewhere
            todo += [k for k in resolver.mro(other) if isinstance(k, ClassValue) and function.name in resolver.klass(k).bindings]


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _is_builtin(path: str) -> bool:
    return path.startswith(("builtins.", "collections.abc.", "typing.", "typing_extensions."))


def _called(decorator: f.Ref) -> f.Ref:
    return decorator[1] if decorator.__class__ is tuple and decorator[0] == "call" else decorator
