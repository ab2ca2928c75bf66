"""From answers about functions and classes to the tables of a summary: only what tells of an effect, or leads to something that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.derive.rows import Members, drop_empty, grouped, row, tops
from asynclint.derive.verdicts import Verdict, Verdicts
from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.places import DEFERRED
from asynclint.program.summaries import FORMAT
from asynclint.program.values import Awaitable, ClassValue, External, ExternalInstance, FunctionValue, Instance, Many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.derive.distributions import Distribution
    from asynclint.derive.exports import Exports
    from asynclint.program import Program
    from asynclint.program.values import Value

_SPECIAL = ("__enter__", "__exit__")
_NEUTRAL = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final", "overload"})  # decorators that change no call


class Tables:
    """The tables of one distribution."""

    def __init__(self, program: Program, exports: Exports, texts: dict[int, str]) -> None:
        self._program, self._exports = program, exports
        self._resolver, self._catalog = program.resolver, program.catalog
        self._verdicts = Verdicts(program, texts)
        self._classes: dict[ClassValue, Members | None] = {}
        self._by_path: dict[str, ClassValue] = {}
        self._todo: list[ClassValue] = []

    def summary(self, distribution: Distribution) -> dict[str, Any]:
        """The whole summary."""
        blocks: dict[str, Verdict] = {}
        returns: dict[str, str] = {}
        coroutines: set[str] = set()
        offloads: dict[str, list[Any]] = {}
        functions: dict[str, FunctionValue] = {}
        for value in self._exports.spellings:
            if isinstance(value, ClassValue):
                self._class(value)
            elif self._program.function(value.key).owner < 0:
                functions[self._exports.path(value)] = value
        for path, value in sorted(functions.items()):
            if self._catalog.has_entry(path):
                continue
            verdict, is_coroutine, type_, taken = self._function(value)
            if verdict is not None:
                blocks[f"{path}.__enter__" if self._is_manager(value) else path] = verdict
            if is_coroutine:
                coroutines.add(path)
            if type_:
                returns[path] = type_
            if taken:
                offloads[path] = taken
        while self._todo:
            self._fill(self._todo.pop(0))
        classes = {each.path: each for each in self._classes.values() if each is not None}
        for each, names in [(each, each.inherited([classes[base] for base in each.bases if base in classes])) for each in classes.values()]:
            each.leave_out(names)
        telling = self._telling(classes)
        returns = {path: type_ for path, type_ in returns.items() if type_.rpartition(":")[2] in telling or self._is_known(type_)}
        kept = {path: classes[path] for path in telling if path in classes}
        return drop_empty(
            {
                "format": FORMAT,
                "distribution": distribution.name,
                "version": distribution.version,
                "modules": tops(module for module, _ in distribution.files),
                "aliases": self._aliases({*kept, *blocks, *returns, *coroutines, *offloads}, functions),
                "blocks": grouped({**{path: row(v) for path, v in blocks.items()}, **self._of_classes(kept)}),
                "nonblocking": sorted(self._nonblocking(kept)),
                "coroutines": sorted({*coroutines, *(f"{path}.{name}" for path, each in kept.items() for name in each.coroutines)}),
                "returns": dict(sorted(returns.items())),
                "types": self._types(kept, telling),
                "offloads": dict(
                    sorted({**offloads, **{f"{p}.{n}": taken for p, each in kept.items() for n, taken in each.offloads.items()}}.items())
                ),
            }
        )

    # -- functions

    def _function(self, value: FunctionValue) -> tuple[Verdict | None, bool, str, list[Any]]:
        """Of a function or method: its effect, whether it is a coroutine function, what it gives, and which argument it runs in a thread."""
        function = self._program.function(value.key)
        if f.UNIMPLEMENTED & function.flags or any(f.last_name(ref) == "overload" for ref in function.decorators):
            return None, False, "", []
        plain = all(f.last_name(ref) in _NEUTRAL for ref in function.decorators)
        is_coroutine = function.is_async and not function.is_generator and plain
        verdict = None
        if function.is_async:
            pass
        elif self._is_manager(value):
            verdict = self._verdicts.of(value, f.ENTERED)
        elif not function.is_generator:
            verdict = self._verdicts.of(value)
        given = self._spelled(types.call_function(self._resolver, value))
        return verdict, is_coroutine, given, self._taken(value)

    def _is_manager(self, value: FunctionValue) -> bool:
        function = self._program.function(value.key)
        return function.is_generator and any(f.last_name(ref) == "contextmanager" for ref in function.decorators)

    def _taken(self, value: FunctionValue) -> list[Any]:
        """The argument that a function runs in a thread, by position or else by name, and whether awaiting the call gives its result."""
        function, forwards = self._program.function(value.key), self._resolver.forwards
        for taken in sorted(self._program.offloads.taken_by(value.key)):
            if taken.place < 0 and not forwards.runs(value.key, taken) & DEFERRED:
                position, param = next((n, p) for n, p in enumerate(function.params) if p.name == taken.name)
                number: int | str = position - forwards.is_bound(value) if param.kind == f.POSITIONAL else taken.name
                return [number, function.is_async, any(p.kind == f.VAR_KEYWORD for p in function.params)]
        return []

    # -- classes

    def _class(self, value: ClassValue) -> Members | None:
        """The entry of a class, to be filled; None for one that nobody may name, or that the catalog speaks for."""
        if value not in self._classes:
            self._classes[value] = None
            path = self._exports.path(value)
            if path and not any(map(self._catalog.mentions, (path, *self._exports.spellings.get(value, ()), self._defined(value)))):
                self._classes[value] = Members(path, self._bases(value))
                self._by_path[path] = value
                self._todo.append(value)
        return self._classes[value]

    def _defined(self, value: FunctionValue | ClassValue) -> str:
        known = self._resolver.klass(value) if isinstance(value, ClassValue) else self._program.function(value.key)
        return f"{self._program.module_name(value.module)}.{known.qualname}"

    def _bases(self, value: ClassValue) -> tuple[str, ...]:
        """The nearest bases that have a path; in the place of others, theirs."""
        found: dict[str, None] = {}
        for base in self._resolver.mro(value)[1:]:
            entry = self._class(base) if isinstance(base, ClassValue) and self._exports.is_own(base) else None
            path = entry.path if entry is not None else self._outside(base)
            if path and not any(path in self._ancestry(other) for other in found):
                found[path] = None
        return tuple(found)

    def _ancestry(self, path: str) -> set[str]:
        """The bases of a class, and theirs."""
        own = self._by_path.get(path)
        entry = self._classes.get(own) if own is not None else None
        return {base for each in entry.bases for base in (each, *self._ancestry(each))} if entry is not None else set(self._catalog.ancestry(path))

    def _fill(self, value: ClassValue) -> None:
        entry, resolver = self._classes[value], self._resolver
        assert entry is not None
        own = [klass for klass in resolver.mro(value) if isinstance(klass, ClassValue) and klass.module < len(self._program.names)]
        names = dict.fromkeys(name for klass in own for name in (*resolver.klass(klass).bindings, *resolver.klass(klass).attributes))
        for name in names:
            if not name.startswith("_") or name in _SPECIAL:
                self._member(value, entry, name)
        verdict = self._verdicts.of(value)
        if verdict is not None or "__init__" in names:
            entry.verdicts[""] = verdict
        for name in ("__enter__", "__aenter__"):
            found = resolver.instance_attribute_of_class(value, name)
            given = self._spelled(v for each in found if isinstance(each, FunctionValue) for v in types.call_function(resolver, each))
            given = given.removeprefix("await:")
            if given and given != entry.path:
                setattr(entry, "enter" if name == "__enter__" else "async_enter", given)

    def _member(self, value: ClassValue, entry: Members, name: str) -> None:
        found = self._resolver.instance_attribute(value, name)
        functions = [each for each in found if isinstance(each, FunctionValue)]
        if not functions:
            type_ = self._spelled(found)
            if type_ and type_ != entry.path:
                entry.attributes[name] = type_
            return
        told = [self._function(each) for each in functions]
        verdicts = [verdict for verdict, _, _, _ in told]
        first = verdicts[0]
        entry.verdicts[name] = first if first is not None and all(first.is_like(other) for other in verdicts) else None
        if all(is_coroutine for _, is_coroutine, _, _ in told):
            entry.coroutines.add(name)
        given = {type_ for _, _, type_, _ in told}
        if len(given) == 1 and given != {""} and name not in _SPECIAL:
            entry.returns[name] = given.pop()
        if len(told) == 1 and told[0][3]:
            entry.offloads[name] = told[0][3]

    # -- types

    def _spelled(self, values: Iterable[Value]) -> str:
        """The one type that values are of, as the catalog spells types; "" where nobody can tell, or there are several."""
        found = {self._type(value) for value in values} - {"builtins.NoneType"}
        return found.pop() if len(found) == 1 else ""

    def _type(self, value: Value) -> str:
        if isinstance(value, Instance):
            entry = self._class(value.klass) if self._exports.is_own(value.klass) else None
            return entry.path if entry is not None else self._outside(value.klass)
        if isinstance(value, ExternalInstance):
            return value.path if self._catalog.is_type(value.path) and self._is_known(value.path) else ""
        if isinstance(value, (Many, Awaitable)):
            inner = self._spelled(value.items)
            return f"{'iter' if isinstance(value, Many) else 'await'}:{inner}" if inner else ""
        return ""

    def _outside(self, klass: ClassValue | External) -> str:
        """The path under which the catalog speaks of a class, of the distribution or from outside; or ""."""
        if isinstance(klass, External):
            return klass.path if self._is_known(klass.path) else ""
        spellings = (*self._exports.spellings.get(klass, ()), self._defined(klass))
        return next((path for path in map(self._catalog.canonical, spellings) if self._is_known(path)), "")

    def _is_known(self, type_: str) -> bool:
        """Whether the catalog has something to say of a type from outside."""
        path = type_.rpartition(":")[2]
        return not path.startswith("builtins.") and self._catalog.mentions(path)

    def _telling(self, classes: dict[str, Members]) -> set[str]:
        """The classes that say something, or lead to others that do."""
        telling = {path for path, each in classes.items() if each.tells or any(map(self._is_known, each.leads_to))}
        before = -1
        while len(telling) > before:
            before = len(telling)
            telling |= {path for path, each in classes.items() if not telling.isdisjoint(each.leads_to)}
        return telling

    # -- rows

    def _inherited(self, each: Members, name: str) -> tuple[bool, Verdict | None]:
        """What the bases of a class say of a member: whether they have it, and its effect."""
        for base in each.bases:
            value = self._by_path.get(base)
            entry = self._classes.get(value) if value is not None else None
            if entry is None:
                if name and self._catalog.knows(self._catalog.method(base, name)):
                    return True, None
                continue
            if name in entry.verdicts:
                return True, entry.verdicts[name]
            found = self._inherited(entry, name)
            if found[0]:
                return found
        return False, None

    def _of_classes(self, kept: dict[str, Members]) -> dict[str, list[Any]]:
        found = {}
        for path, each in kept.items():
            for name, verdict in each.verdicts.items():
                inherited = self._inherited(each, name)[1] if name else None
                if verdict is not None and not verdict.is_like(inherited):
                    found[f"{path}.{name}" if name else path] = row(verdict)
        return found

    def _nonblocking(self, kept: dict[str, Members]) -> Iterable[str]:
        for path, each in kept.items():
            for name, verdict in each.verdicts.items():
                has, inherited = self._inherited(each, name) if name else (False, None)
                if verdict is None and has and (inherited is not None or self._outside_blocks(each, name)):
                    yield f"{path}.{name}"

    def _outside_blocks(self, each: Members, name: str) -> bool:
        return any(self._catalog.block(self._catalog.method(base, name)) is not None for base in each.bases if base not in self._by_path)

    def _types(self, kept: dict[str, Members], telling: set[str]) -> dict[str, dict[str, Any]]:
        rows = {path: self._type_row(each, telling) for path, each in sorted(kept.items())}
        return {path: given for path, given in rows.items() if given or not self._catalog.is_type(path)}

    def _type_row(self, each: Members, telling: set[str]) -> dict[str, Any]:
        def useful(type_: str) -> bool:
            return type_.rpartition(":")[2] in telling or self._is_known(type_)

        return drop_empty(
            {
                "bases": [base for base in each.bases if useful(base)],
                "returns": {name: type_ for name, type_ in sorted(each.returns.items()) if useful(type_)},
                "attributes": {name: type_ for name, type_ in sorted(each.attributes.items()) if useful(type_)},
                "enter": each.enter if useful(each.enter) else "",
                "async_enter": each.async_enter if useful(each.async_enter) else "",
            }
        )

    def _aliases(self, told: set[str], functions: dict[str, FunctionValue]) -> dict[str, str]:
        """Other spellings -> the one that the tables use."""
        found: dict[str, str] = {}
        defined: list[tuple[str, FunctionValue | ClassValue]] = [*self._by_path.items(), *functions.items()]
        for path, value in defined:
            if path in told or f"{path}.__enter__" in told:
                found.update(dict.fromkeys({*self._exports.spellings.get(value, ()), self._defined(value)} - {path}, path))
        return dict(sorted(found.items()))
