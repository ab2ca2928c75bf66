"""What typeshed's stubs say of the types of the standard library, where the catalog says nothing: results, attributes, inheritance.

Answers are paths again, never functions or classes of the stubs: so the catalog goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program import types
from asynclint.program.libraries import STUB, name_of, stem_of
from asynclint.program.values import Awaitable, Bound, ClassValue, External, ExternalInstance, FunctionValue, Instance, Many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Ref
    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

# Modules whose functions and types lead to nothing that the catalog speaks of: their stubs are never read.
# fmt: off
_SILENT = frozenset({
    "_typeshed", "abc", "argparse", "array", "ast", "base64", "binascii", "bisect", "builtins", "calendar", "cmath", "collections", "colorsys",
    "copy", "copyreg", "dataclasses", "datetime", "decimal", "difflib", "enum", "errno", "fnmatch", "fractions", "functools", "gc", "hashlib",
    "heapq", "hmac", "html", "inspect", "ipaddress", "itertools", "json", "keyword", "locale", "logging", "math", "numbers", "operator", "os",
    "posixpath", "pprint", "random", "re", "reprlib", "resource", "secrets", "signal", "stat", "statistics", "string", "struct", "sys", "textwrap",
    "time", "token", "tokenize", "traceback", "types", "typing", "typing_extensions", "unicodedata", "uuid", "warnings", "weakref", "zoneinfo",
})
# fmt: on
_STEPS = 8  # imports of imports, bases of bases


class Stubs:
    """Asked by canonical path; every answer is remembered."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._definitions: dict[str, tuple[ClassValue | FunctionValue, ...]] = {}
        self._every: dict[str, tuple[ClassValue | FunctionValue, ...]] = {}
        self._results: dict[str, Values] = {}
        self._members: dict[tuple[str, str], Values] = {}

    def typed(self, values: Values) -> Values:
        """The values, those that a function of the standard library gives replaced by what its stub says that it gives."""
        return tuple(
            inner for value in values for inner in (self._result(value.path) or (value,) if isinstance(value, ExternalInstance) else (value,))
        )

    def attribute(self, path: str, name: str) -> Values:
        """What an attribute or property holds of instances of a type, or of what a function gives; nothing for a method, or where no stub tells."""
        kinds = [value.path for value in self.typed((ExternalInstance(path),)) if isinstance(value, ExternalInstance)]
        return tuple(value for kind in kinds for value in self.member(kind, name) if not isinstance(value, External))

    def _result(self, path: str) -> Values:
        """What calling the function of a path gives; nothing for a class, where the catalog knows, or where no stub tells."""
        known = self._results.get(path)
        if known is None:
            catalog, callee = self._resolver.catalog, path.removesuffix("()")
            self._results[path] = known = ()
            if callee not in catalog.types and not catalog.knows(callee):
                owner, _, name = callee.rpartition(".")
                functions = [value for value in self._define(callee) or self._found(owner, name) if isinstance(value, FunctionValue)]
                known = self._outside(v for value in functions for v in types.call_function(self._resolver, value))
                self._results[path] = known
        return known

    def member(self, type_: str, name: str) -> Values:
        """What an attribute of a type's instances stands for, a method as the path of the nearest class that has it."""
        key = (type_, name)
        if key not in self._members:
            self._members[key] = ()  # a cycle adds nothing to itself
            self._members[key] = self._outside(self._found(type_, name), type_)
        return self._members[key]

    # -- definitions

    def _found(self, type_: str, name: str) -> list[Value]:
        """The nearest definition of a name in a type and its bases."""
        resolver, catalog = self._resolver, self._resolver.catalog
        todo, seen = [type_], set[str]()
        receiver = next((value for value in self._define(type_) if isinstance(value, ClassValue)), None)
        while todo and len(seen) < _STEPS:
            path = todo.pop(0)
            seen.add(path)
            known = catalog.method(path, name)
            if path != type_ and catalog.knows(known):
                return [External(known, type_)]
            for klass in self._define(path):
                if not isinstance(klass, ClassValue):
                    continue
                for owner in resolver.mro(klass):
                    if isinstance(owner, External):
                        todo += [owner.path] if owner.path not in seen else []
                    elif name in resolver.klass(owner).bindings or name in resolver.klass(owner).attributes:
                        return list(resolver.own_attribute(owner, name, receiver or klass))
        return []

    def _define(self, path: str) -> tuple[ClassValue | FunctionValue, ...]:
        return () if path.partition(".")[0] in _SILENT else self._look_up(self._definitions, path, _SILENT)

    def definitions(self, path: str) -> tuple[ClassValue | FunctionValue, ...]:
        """The classes and functions of the stubs that a path stands for: also where they lead to nothing that the catalog speaks of."""
        return self._look_up(self._every, path, frozenset())

    def functions(self, path: str) -> list[ClassValue | FunctionValue]:
        """The same of a function or method: all its overloads, those of the nearest class that has it."""
        owner, _, name = path.rpartition(".")
        found, todo, seen = [*self.definitions(path)], [owner], set[str]()
        while not found and todo and len(seen) < _STEPS:
            seen.add(todo[0])
            for klass in self.definitions(todo.pop(0)):
                for base in self._resolver.mro(klass) if isinstance(klass, ClassValue) and not found else ():
                    if isinstance(base, External):
                        todo += [base.path] if base.path not in seen else []
                    elif not found:
                        refs = self._resolver.klass(base).bindings.get(name, ())
                        found += [FunctionValue(base.module, ref[1]) for ref in refs if ref.__class__ is tuple and ref[0] == "def"]
        return found

    def _look_up(
        self, known: dict[str, tuple[ClassValue | FunctionValue, ...]], path: str, silent: frozenset[str]
    ) -> tuple[ClassValue | FunctionValue, ...]:
        if path not in known:
            known[path] = ()
            module, _, name = path.rpartition(".")
            if module:
                known[path] = tuple(self._named(module, name, _STEPS, silent))
        return known[path]

    def _named(self, module: str, name: str, steps: int, unread: frozenset[str]) -> Iterable[ClassValue | FunctionValue]:
        """The classes and functions that a name of a module stands for, through imports; nothing in the modules that are `unread`."""
        silent = not steps or module.partition(".")[0] in unread
        number = None if silent else self._resolver.libraries.number(stem_of(STUB, module))
        if number is None:
            return []
        facts = self._resolver.facts(number)
        refs = facts.functions[0].bindings.get(name)
        if refs is None:
            homes = (self._home(number, star, level) for star, level in facts.stars)
            return next((found for home in homes if (found := list(self._named(home, name, steps - 1, unread)))), [])
        return [value for ref in refs for value in self._bound(number, ref, steps, unread)]

    def _bound(self, number: int, ref: Ref, steps: int, unread: frozenset[str]) -> Iterable[ClassValue | FunctionValue]:
        if ref.__class__ is str and "." not in ref:
            return self._named(name_of(self._resolver.stems[number]), ref, steps - 1, unread)
        kind = ref[0] if ref.__class__ is tuple else ""
        if kind == "import" and ref[2]:
            return self._named(self._home(number, ref[1], ref[3]), ref[2], steps - 1, unread)
        return [ClassValue(number, ref[1])] if kind == "class" else [FunctionValue(number, ref[1])] if kind == "def" else []

    def _home(self, number: int, module: str, level: int) -> str:
        return self._resolver.libraries.absolute(self._resolver.stems[number], module, level)

    # -- back to paths

    def _outside(self, values: Iterable[Value], receiver: str = "") -> Values:
        return tuple(dict.fromkeys(outer for value in values for outer in self._as_path(value, receiver)))

    def _as_path(self, value: Value, receiver: str) -> Iterable[Value]:
        if isinstance(value, (External, ExternalInstance)):
            yield value
        elif isinstance(value, Instance):
            yield ExternalInstance(self._path(value.klass, self._resolver.klass(value.klass).qualname))
        elif isinstance(value, ClassValue):
            yield External(self._path(value, self._resolver.klass(value).qualname))
        elif isinstance(value, FunctionValue):
            yield External(self._path(value, self._resolver.function(value).qualname), receiver)
        elif isinstance(value, Many):
            yield Many(self._outside(value.items))
        elif isinstance(value, Awaitable):
            yield Awaitable(self._outside(value.items))
        elif isinstance(value, Bound):
            yield Bound(self._outside(value.items), value.calls)

    def _path(self, value: ClassValue | FunctionValue, qualname: str) -> str:
        return self._resolver.catalog.canonical(f"{name_of(self._resolver.stems[value.module])}.{qualname}")
