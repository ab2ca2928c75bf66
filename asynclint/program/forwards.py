"""Where a function runs the callables that it is given: in a thread, as a callback of the loop, or right where it is called itself.

Computed from the functions of the project: a parameter reaches, unchanged, the place where an offload or the loop takes a callable. On its way it
may go through `functools.partial`, other names, `*args`, attributes of `self`, other functions of the project, and nested functions that call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.places import DEFERRED, HERE, LOOP, RETURNED, THREAD, is_offload
from asynclint.program.values import ClassValue, External, FunctionValue, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asynclint.index.facts import Call, Function, Ref
    from asynclint.program.names import Resolver
    from asynclint.program.values import FunctionKey, Value

_DEPTH = 8  # functions that forward to functions
_DATA = frozenset(f"builtins.{name}" for name in ("str", "bytes", "int", "float", "bool", "dict", "list", "set", "tuple"))
Arguments = tuple[tuple[str | None, "Ref"], ...]


class Taken(NamedTuple):
    """A callable that a function is given: by a parameter, or (`place` >= 0) as that item of its variadic one."""

    name: str
    place: int = -1


class Forwards:
    """What functions do with callables, computed when first asked for."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[FunctionKey, Taken], int] = {}
        self._active: list[tuple[FunctionKey, Taken]] = []
        self._cut = False  # whether a cycle was met: then only what began it is known

    def runs(self, key: FunctionKey, taken: Taken) -> int:
        """Where a function runs a callable: THREAD, LOOP, HERE, RETURNED and DEFERRED, as far as the program can tell."""
        question = (key, taken)
        known = self._known.get(question)
        if known is not None:
            return known
        if taken.place < 0 and self._is_no_callable(key, taken.name):
            self._known[question] = 0
            return 0
        if question in self._active or len(self._active) > _DEPTH:
            self._cut = True
            return 0
        self._active.append(question)
        found, is_final = self._resolver.settle(_Search(self, self._resolver, key, taken).run)
        self._active.pop()
        if is_final and not (self._cut and self._active):
            self._known[question] = found
        self._cut = self._cut and bool(self._active)
        return found

    def forget(self, module: int) -> None:
        """Forget what the functions of a module do."""
        for question in [question for question in self._known if question[0][0] == module]:
            del self._known[question]

    def known_of(self, module: int) -> list[tuple[int, Taken]]:
        """What has been asked about the functions of a module, by number."""
        return [(key[1], taken) for key, taken in self._known if key[0] == module]

    def _is_no_callable(self, key: FunctionKey, name: str) -> bool:
        """Whether the annotation of a parameter says that it is given nothing that can be called."""
        function = self._resolver.function(key)
        scope = Scope(key[0], max(function.parent, 0), function.owner)
        return any(param.name == name and self._is_data(param.annotation, scope) for param in function.params)

    def _is_data(self, annotation: Ref, scope: Scope) -> bool:
        if annotation.__class__ is tuple and annotation[0] == "op":
            return all(side == ("const", None) or self._is_data(side, scope) for side in annotation[2:])
        if annotation.__class__ is not str:
            return False
        values = self._resolver.evaluate(annotation, scope)
        return bool(values) and all(
            (isinstance(v, ClassValue) and not self._resolver.instance_attribute_of_class(v, "__call__"))
            or (isinstance(v, External) and v.path in _DATA)
            for v in values
        )

    def taken(self, value: FunctionValue, arguments: Arguments, number: int) -> Taken | None:
        """What a function of the project takes an argument of a call as; None where nobody can tell."""
        function = self._resolver.function(value)
        keyword = arguments[number][0]
        if keyword is not None:
            found = any(p.name == keyword and p.kind in (f.POSITIONAL, f.KEYWORD) for p in function.params)
            return Taken(keyword) if found else None
        if any(k == "*" for k, _ in arguments[:number]):
            return None
        return _parameter(function, number + self.is_bound(value))

    def is_bound(self, value: FunctionValue) -> bool:
        """Whether a call does not pass the first parameter itself."""
        function = self._resolver.function(value)
        return function.owner >= 0 and not self._resolver.is_decorated(function, value.module, "staticmethod")

    def place(self, value: Value, arguments: Arguments, number: int) -> int:
        """Where a called value runs one of the arguments of the call."""
        if isinstance(value, External):
            keyword = arguments[number][0]
            given = number if keyword is None and not any(k == "*" for k, _ in arguments[:number]) else keyword
            return next((places for places, which in self.known(value.path) if which == given), 0)
        found = 0
        for function in self.entered(value) if arguments[number][0] not in ("*", "**") else ():
            taken = self.taken(function, arguments, number)
            found |= self.runs(function.key, taken) if taken is not None else 0
        return found

    def known(self, path: str) -> Iterator[tuple[int, int | str]]:
        """Where a callable outside the project runs which of its arguments."""
        catalog = self._resolver.catalog
        offload = catalog.offloads.get(path)
        if offload is not None:
            yield THREAD, offload.callable
        for places, table in ((THREAD | DEFERRED, catalog.wrappers), (LOOP, catalog.loop_callbacks), (HERE, catalog.callers)):
            if path in table:
                yield places, table[path]

    def entered(self, value: Value) -> Iterable[FunctionValue]:
        """The functions of the project that take the arguments of a call of a value."""
        if isinstance(value, FunctionValue):
            return (value,)
        if isinstance(value, ClassValue):
            return [v for v in self._resolver.instance_attribute_of_class(value, "__init__") if isinstance(v, FunctionValue)]
        return ()

    def decorated(self, value: FunctionValue) -> Iterator[tuple[str, int]]:
        """The decorators of the project that are on a function, by name, and where each runs what it decorates."""
        function = self._resolver.function(value)
        scope = Scope(value.module, max(function.parent, 0), function.owner)
        for ref in function.decorators:
            found = 0
            for decorator in self._resolver.evaluate(ref, scope):
                for inner in self.entered(decorator):
                    taken = _parameter(self._resolver.function(inner), int(self.is_bound(inner)))
                    found |= self.runs(inner.key, taken) if taken is not None else 0
            if found:
                yield f.last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref), found

    def hands_back(self, decorator: FunctionValue, wrapper: FunctionValue) -> bool:
        """Whether what a decorator returns calls, right where it is called itself, what the decorator was given."""
        taken = _parameter(self._resolver.function(decorator), int(self.is_bound(decorator)))
        return taken is None or decorator.key == wrapper.key or bool(self.runs(decorator.key, taken) & (RETURNED | HERE))

    def is_moved(self, value: FunctionValue) -> bool:
        """Whether a decorator of the project on a function sends its body to a thread."""
        return any(is_offload(places) for _, places in self.decorated(value))


def _parameter(function: Function, position: int) -> Taken | None:
    for n, param in enumerate(function.params):
        if param.kind == f.VAR_POSITIONAL:
            return Taken(param.name, position - n)
        if param.kind != f.POSITIONAL:
            return None
        if n == position:
            return Taken(param.name)
    return None


class _Search:
    """One function and one callable that it is given."""

    def __init__(self, forwards: Forwards, resolver: Resolver, key: FunctionKey, taken: Taken) -> None:
        self._forwards, self._resolver, self._module, self._start = forwards, resolver, key[0], key[1]
        self._taken = taken
        self._facts = resolver.facts(key[0])
        self._functions = self._facts.functions
        self._frames = self._nested({key[1]})
        self._names: set[tuple[int, str]] = set()  # (frame that binds it, name) of names for the callable or for what calls it
        self._defs: set[int] = set()  # nested functions that call it
        self._attributes: set[str] = set()  # attributes of the instance that hold it
        if taken.place < 0:
            self._names.add((key[1], taken.name))

    def run(self) -> int:
        """Where the callable runs."""
        self._follow_attributes()
        calls = [self._facts.calls[n] for frame in sorted(self._frames) for n in self._resolver.calls_of((self._module, frame))]
        before = None
        while before != (before := (len(self._names), len(self._defs))):
            self._follow_names()
            self._defs |= {c.function for c in calls if c.function != self._start and self._is_plain(c.function) and self._is_called_by(c)}
        found = 0
        for call in calls:
            places = self._places(call)
            if places & HERE and call.function != self._start:
                places = places & ~HERE | (LOOP | DEFERRED if self._functions[call.function].is_async else 0)
            if places & HERE and self._functions[self._start].is_async:
                places = places & ~HERE | LOOP
            if places & (THREAD | LOOP) and call.function != self._start:
                places |= DEFERRED
            found |= places
        if any(self._stands(ref, self._start) for ref in self._functions[self._start].values) or self._is_called_instance():
            found |= RETURNED
        return found

    # -- frames and names

    def _nested(self, frames: set[int]) -> set[int]:
        """Functions and what is defined in them."""
        functions, end = self._functions.raw, max(self._functions.raw[n][13] for n in frames)
        for number in range(min(frames) + 1, len(functions)):
            if functions[number][11] > end:
                break
            if functions[number][2] in frames:
                frames.add(number)
        return frames

    def _is_plain(self, frame: int) -> bool:
        function = self._functions[frame]
        return not function.is_async and not function.is_generator

    def _binder(self, name: str, frame: int) -> int:
        """The frame that binds a name which another one reads."""
        while frame > 0:
            function = self._functions[frame]
            if name in function.bindings or any(param.name == name for param in function.params):
                return frame
            frame = function.parent
        return 0

    def _follow_names(self) -> None:
        """Names that are bound to what stands for the callable."""
        for frame in self._frames:
            for name, refs in self._functions[frame].bindings.items():
                if (frame, name) not in self._names and any(self._stands(ref, frame) for ref in refs):
                    self._names.add((frame, name))

    def _follow_attributes(self) -> None:
        """What `__init__` keeps, the other methods of the class may run."""
        start = self._functions[self._start]
        if start.name != "__init__" or start.owner < 0:
            return
        for name, pairs in self._facts.classes[start.owner].attributes.items():
            if any(number == self._start and self._stands(ref, number) for number, ref in pairs):
                self._attributes.add(name)
        if self._attributes:
            self._frames |= self._nested({n for n, raw in enumerate(self._functions.raw) if raw[3] == start.owner})

    def _is_attribute(self, name: str, frame: int) -> bool:
        head, _, last = name.partition(".")
        if last not in self._attributes and not any(self._functions[n].name == last for n in self._defs if self._functions[n].owner >= 0):
            return False
        function = self._functions[self._binder(head, frame)]
        return function.owner >= 0 and bool(function.params) and function.params[0].name == head

    def _is_called_instance(self) -> bool:
        """Whether calling an instance calls what it was made with."""
        return bool(self._attributes) and any(self._functions[n].name == "__call__" for n in self._defs)

    # -- what stands for the callable

    def _stands(self, ref: Ref, frame: int) -> bool:
        """Whether an expression of a frame gives the callable, or something that calls it when it is called."""
        if ref.__class__ is str:
            return (self._binder(ref, frame), ref) in self._names if "." not in ref else self._is_attribute(ref, frame)
        if ref.__class__ is not tuple:
            return False
        kind = ref[0]
        if kind == "def":
            return ref[1] in self._defs
        if kind == "or":
            return any(self._stands(part, frame) for part in ref[1:])
        if kind in ("unpack", "item") and self._taken.place >= 0:
            return self._is_variadic(ref[1], frame) and ref[2] in (self._taken.place, ("const", self._taken.place))
        return kind == "call" and self._is_made(ref, frame)

    def _is_made(self, ref: Ref, frame: int) -> bool:
        """`partial(f, ...)`, `wraps(...)(f)`, `update_wrapper(f, ...)`."""
        arguments = ref[2]
        if not arguments:
            return False
        if f.last_name(ref[1]) in ("partial", "update_wrapper") and self._mentions(arguments, frame):
            paths = {value.path for value in self._evaluate(ref[1], frame) if isinstance(value, External)}
            if "functools.update_wrapper" in paths:
                return self._stands(arguments[0][1], frame)
            return "functools.partial" in paths and self._runs(arguments, frame)
        if ref[1].__class__ is tuple and ref[1][0] == "call" and f.last_name(ref[1][1]) == "wraps":
            return self._stands(arguments[0][1], frame)
        return False

    def _is_variadic(self, ref: Ref, frame: int) -> bool:
        return bool(self._taken.place >= 0 and ref == self._taken.name and self._binder(ref, frame) == self._start)

    def _mentions(self, arguments: Arguments, frame: int) -> bool:
        return any(self._stands(ref, frame) or self._is_variadic(ref, frame) for _, ref in arguments)

    def _evaluate(self, ref: Ref, frame: int) -> Sequence[Value]:
        return self._resolver.evaluate(ref, Scope(self._module, frame))

    def _is_given(self, arguments: Arguments, which: int | str, frame: int) -> bool:
        """Whether the callable stands at a position (or keyword) of a call, also by `*args`."""
        for n, (keyword, ref) in enumerate(arguments):
            if keyword == "*":
                return isinstance(which, int) and self._is_variadic(ref, frame) and which - n == self._taken.place
            if (keyword is None and n == which) or keyword == which:
                return self._stands(ref, frame)
        return False

    def _runs(self, arguments: Arguments, frame: int) -> bool:
        """Whether calling the first of the arguments with the others, as offloads and `partial` do, runs the callable there."""
        if self._is_given(arguments, 0, frame):
            return True
        rest = arguments[1:]
        if not arguments or not self._mentions(rest, frame):
            return False
        return any(self._calls(value, rest, frame) for value in self._evaluate(arguments[0][1], frame))

    def _calls(self, value: Value, arguments: Arguments, frame: int) -> bool:
        """Whether calling a value with the arguments runs the callable in the same frame."""
        if isinstance(value, External):
            position = self._resolver.catalog.callers.get(value.path)
            return position is not None and self._is_given(arguments, position, frame)
        return bool(self._through(value, arguments, frame) & HERE)

    def _through(self, value: Value, arguments: Arguments, frame: int) -> int:
        """Where a function of the project, called with the arguments, runs the callable."""
        found = 0
        for function in self._forwards.entered(value):
            for number, (keyword, ref) in enumerate(arguments):
                if keyword == "*" and self._is_variadic(ref, frame):
                    position = number + self._taken.place + self._forwards.is_bound(function)
                    taken = _parameter(self._resolver.function(function), position)
                elif keyword not in ("*", "**") and self._stands(ref, frame):
                    taken = self._forwards.taken(function, arguments, number)
                else:
                    continue
                found |= self._forwards.runs(function.key, taken) if taken is not None else 0
        return found

    # -- calls

    def _is_called_by(self, call: Call) -> bool:
        """Whether a call runs the callable in its own frame."""
        if call.flags & f.AWAITED:
            return False
        if self._stands(call.callee, call.function):
            return True
        if not self._mentions(call.arguments, call.function):
            return False
        return any(self._calls(value, call.arguments, call.function) for value in self._evaluate(call.callee, call.function))

    def _places(self, call: Call) -> int:
        """Where a call makes the callable run. What is awaited right there is a coroutine function, which nobody sends to a thread."""
        if self._stands(call.callee, call.function):
            return 0 if call.flags & f.AWAITED else HERE
        if not self._mentions(call.arguments, call.function):
            return 0
        found = 0
        for value in self._evaluate(call.callee, call.function):
            if not isinstance(value, External):
                found |= self._through(value, call.arguments, call.function)
                continue
            for places, which in self._forwards.known(value.path):
                if self._is_handed(call.arguments, which, call.function):
                    found |= places
        return found

    def _is_handed(self, arguments: Arguments, which: int | str, frame: int) -> bool:
        if self._is_given(arguments, which, frame):
            return True
        if isinstance(which, int):
            return self._runs(arguments[which:], frame)
        given = types.argument(arguments, which)
        return given is not None and self._runs(((None, given), *arguments), frame)
