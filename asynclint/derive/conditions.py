"""On which arguments it depends that a function blocks: what the catalog says of the primitive, carried up the chain from parameter to parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import facts as f

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asynclint.index.facts import Call, Function, Ref
    from asynclint.program import Program
    from asynclint.program.calls import Site
    from asynclint.program.effects import Effect
    from asynclint.program.known import Condition
    from asynclint.program.values import FunctionKey

Told = tuple[tuple[str, ...], tuple[str, ...], int, int]  # unless, only_if, takes_file, takes_path
_FILES = ("file", "fileobj", "fp")  # what parameters are called that take a file
_ANY: Ref = ("const", ...)
_UNLESS, _ONLY_IF, _FILE, _PATH = "unless", "only_if", "file", "path"


class _Depends(NamedTuple):
    """A parameter of the function at hand, and what is asked of it."""

    what: str
    param: str
    value: Ref = None


class Conditions:
    """Asked about chains: (function, effect, site) from the function down to the primitive."""

    def __init__(self, program: Program, absent: Callable[[Site], set[str]]) -> None:
        """`absent` gives the names that must be nothing for a call to run."""
        self._program = program
        self._absent = absent

    def of(self, hops: Sequence[tuple[FunctionKey, Effect, Site]]) -> Told | None:
        """What a call of the first function must pass; None where nobody can say so, or where it does not block as it is usually called."""
        key, effect, site = hops[-1]
        primitive = self._of_primitive(key, effect, site)
        if primitive is None:
            return None
        asked = primitive
        for n in range(len(hops) - 1, -1, -1):
            key, effect, site = hops[n]
            carried = self._carried(key, site, hops[n + 1][0], asked) if n < len(hops) - 1 else asked
            if carried is None:
                return None
            asked = carried
            needs = [_Depends(_ONLY_IF, name, _ANY) for name in self._program.effects.needs(site)]
            optional = {param.name for param in self._program.function(key).params if param.default == ("const", None)}
            needs += [_Depends(_UNLESS, name, _ANY) for name in sorted(self._absent(site) & optional)]
            asked += [need for need in needs if need not in asked]
        return self._told(self._program.function(hops[0][0]), asked)

    def _of_primitive(self, key: FunctionKey, effect: Effect, site: Site) -> list[_Depends] | None:
        function, block = self._program.function(key), effect.block
        if site.call < 0:
            return []
        call = self._program.call(site.module, site.call)
        found = [_Depends(_UNLESS, name, c.value) for c in block.unless if (name := _param(function, _given(call, c)))]
        only_if = [(c, _given(call, c)) for c in block.only_if]
        if block.only_if and not any(ref is not None and not _param(function, ref) for _, ref in only_if):
            found += [_Depends(_ONLY_IF, name, c.value) for c, ref in only_if if c.value != _ANY and (name := _param(function, ref))]
        if block.takes_file >= 0 and any(keyword in _FILES for keyword, _ in call.arguments):
            return None
        for what, position in ((_FILE, block.takes_file), (_PATH, block.takes_path)):
            ref = next((ref for n, (keyword, ref) in enumerate(call.arguments) if n == position and keyword is None), None)
            name = _param(function, ref)
            if name in _FILES:
                return None
            if name:
                found.append(_Depends(what, name))
            elif any(param.name == ref for param in function.params):
                return None  # bound anew: nobody knows whether it is a path or a file
        return found

    def _carried(self, key: FunctionKey, site: Site, callee: FunctionKey, asked: list[_Depends]) -> list[_Depends] | None:
        """What is asked of the parameters of a called function, asked of those of its caller."""
        if not asked:
            return []
        if site.call < 0:
            return None
        function, inner = self._program.function(key), self._program.function(callee)
        call = self._program.call(site.module, site.call)
        found = []
        for each in asked:
            given, ref = _passed(call, inner, each.param, self._is_bound(callee))
            if given is None:
                return None  # hidden by `*` or `**`
            name = _param(function, ref)
            is_met = ref == each.value or (each.value == _ANY and given and ref != ("const", None))
            if name and not (each.what == _UNLESS and each.value == _ANY and self._is_required(function, name)):
                found.append(_Depends(each.what, name, each.value))
            elif (each.what == _UNLESS and is_met) or (each.what == _ONLY_IF and not is_met):
                return None
        return found

    @staticmethod
    def _is_required(function: Function, name: str) -> bool:
        return any(param.name == name and param.default is None for param in function.params)

    def _is_bound(self, key: FunctionKey) -> bool:
        function = self._program.function(key)
        return function.owner >= 0 and "staticmethod" not in function.decorators

    def _told(self, function: Function, asked: list[_Depends]) -> Told | None:
        bound = function.owner >= 0 and "staticmethod" not in function.decorators
        unless: list[str] = []
        only_if: list[str] = []
        places = {_FILE: -1, _PATH: -1}
        needed = {each.param for each in asked if each.what == _ONLY_IF}
        if len(needed) > 1:
            return None
        for each in dict.fromkeys(asked):
            position, param = next((n, p) for n, p in enumerate(function.params) if p.name == each.param)
            number = position - bound if param.kind == f.POSITIONAL else -1
            if each.what in places:
                places[each.what] = number
                continue
            if each.what == _UNLESS and param.default == each.value:
                return None
            if each.what == _ONLY_IF and param.default == (None if each.value == _ANY else each.value):
                continue
            value = "..." if each.value == _ANY else each.value if each.value.__class__ is str else repr(each.value[1])
            into = unless if each.what == _UNLESS else only_if
            into += [f"{each.param}={value}", *([f"arg{number}={value}"] if number >= 0 else [])]
        return tuple(dict.fromkeys(unless)), tuple(dict.fromkeys(only_if)), places[_FILE], places[_PATH]


def _given(call: Call, condition: Condition) -> Ref:
    """The argument that a condition speaks of, or None."""
    for n, (keyword, ref) in enumerate(call.arguments):
        if (keyword and keyword == condition.keyword) or (keyword is None and n == condition.position):
            return ref
    return None


def _param(function: Function, ref: Ref) -> str:
    """The parameter of a function that an expression in it is, and nothing else; or ""."""
    if ref.__class__ is not str or ref in function.bindings:
        return ""
    return next((str(p.name) for p in function.params if p.name == ref and p.kind in (f.POSITIONAL, f.KEYWORD)), "")


def _passed(call: Call, inner: Function, param: str, bound: bool) -> tuple[bool | None, Ref]:
    """Whether a call passes a parameter of the called function, and what: else its default. None where nobody can tell."""
    keywords = dict(call.arguments)
    if param in keywords:
        return True, keywords[param]
    if "*" in keywords or "**" in keywords:
        return None, None
    position, row = next((n, p) for n, p in enumerate(inner.params) if p.name == param)
    positional = [ref for keyword, ref in call.arguments if keyword is None]
    if row.kind == f.POSITIONAL and 0 <= position - bound < len(positional):
        return True, positional[position - bound]
    return False, row.default
