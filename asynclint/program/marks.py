"""What the user says of functions of the project and of installed libraries, whatever their bodies do: by entries of a catalog, by decorators that
a catalog names, and by comments, which the index hands on as decorators of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.known import KINDS, Block
from asynclint.program.libraries import LIBRARY, is_outside, stem_of
from asynclint.program.values import ClassValue, External, FunctionValue, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value

_CONSTRUCTOR = "__init__"


class Marks:
    """The functions of which the user says that they block, and on what, or that they do not (None)."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.sources: dict[FunctionKey, str] = {}  # what says it: the path of an entry or of a decorator; of a comment `asynclint.blocking`
        self.said: dict[FunctionKey, Block | None] = {}
        for path, block in program.catalog.taught().items():
            for key in self._named(path):
                self.said[key] = block.of(self._shown(key)) if block is not None else None
                self.sources[key] = path
        self._read_decorators()

    def told_by(self, key: FunctionKey) -> str:
        """What says that a function blocks or does not, for messages."""
        source = self.sources[key]
        return f"the comment `# {source.replace('.', ': ')}`" if source.startswith("asynclint.") else f"`{source}`"

    def _shown(self, key: FunctionKey) -> str:
        """The dotted name of a function for messages, of a constructor that of its class."""
        return self._program.qualified(FunctionValue(*key)).removesuffix(f".{_CONSTRUCTOR}")

    def blocking(self) -> list[FunctionKey]:
        """The functions that are said to block."""
        return [key for key, block in self.said.items() if block is not None]

    # -- decorators and comments

    def _read_decorators(self) -> None:
        program = self._program
        wanted = program.with_aliases(program.catalog.names(program.catalog.marks))
        if wanted.isdisjoint(program.decorated):
            return
        for module, names in program.names.items():
            if any(decorator in wanted for decorator, _, _ in names.decorated):
                for number, function in enumerate(program.facts(module).functions):
                    if function.decorators and not function.is_async:
                        self._read((module, number), function)

    def _read(self, key: FunctionKey, function: f.Function) -> None:
        program = self._program
        scope = Scope(key[0], max(function.parent, 0), function.owner)
        for ref in function.decorators:
            is_call = ref.__class__ is tuple and ref[0] == "call"
            for value in program.evaluate(ref[1] if is_call else ref, scope):
                path = self._path(value)
                if path in program.catalog.marks:
                    given = [argument[1] for _, argument in ref[2] if argument.__class__ is tuple and argument[0] == "const"] if is_call else []
                    kind = next((kind for kind in given if kind in KINDS), program.catalog.marks[path])
                    self.said[key] = Block(self._shown(key), kind) if kind else None
                    self.sources[key] = path

    def _path(self, value: Value) -> str:
        program = self._program
        if isinstance(value, ClassValue):
            return f"{program.module_name(value.module)}.{program.resolver.klass(value).qualname}"
        return program.qualified(value) if isinstance(value, (External, FunctionValue)) else ""

    # -- paths

    def _named(self, path: str) -> Iterator[FunctionKey]:
        """The sync functions that a dotted path stands for; of a class, what makes its instances."""
        for value in self.values(path):
            if isinstance(value, ClassValue):
                found: Iterable[Value] = self._program.resolver.instance_attribute_of_class(value, _CONSTRUCTOR)
            else:
                found = (value,)
            for each in found:
                if isinstance(each, FunctionValue) and not self._program.function(each.key).is_async:
                    yield each.key

    def values(self, path: str) -> list[Value]:
        """What a dotted path stands for in the project or its libraries; `package.Type.*` for every public function of a type or module."""
        program, parts = self._program, path.split(".")
        for n in range(len(parts) - 1, 0, -1):
            module = ".".join(parts[:n])
            stems = program.modules.named(module) or ([stem_of(LIBRARY, module)] if program.libraries.holds(module) else [])
            if stems:
                return [value for stem in stems for value in self._followed(stem, parts[n:])]
        return []

    def _followed(self, stem: str, names: list[str]) -> list[Value]:
        resolver = self._program.resolver
        if names == ["*"]:
            number = self._program.libraries.number(stem) if is_outside(stem) else self._program.modules.stems.get(stem)
            return self._functions_in(number, self._program.facts(number).functions[0].bindings) if number is not None else []
        values = list(resolver.member(stem, names[0]))
        for name in names[1:]:
            if name == "*":
                classes = [value for value in values if isinstance(value, ClassValue)]
                return [each for value in classes for each in self._functions_in(value.module, resolver.klass(value).bindings)]
            getters = [getter for value in values if isinstance(value, ClassValue) for getter in resolver.property_getters(value, name)]
            values = [*getters] or resolver.attribute(tuple(values), name)
        return values

    @staticmethod
    def _functions_in(module: int, bindings: dict[str, tuple[f.Ref, ...]]) -> list[Value]:
        named = [ref for name, refs in bindings.items() if not name.startswith("_") for ref in refs]
        return [FunctionValue(module, ref[1]) for ref in named if ref.__class__ is tuple and ref[0] == "def"]
