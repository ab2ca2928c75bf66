"""Who else holds the object that an expression gives: another task may change it while a thread looks through it.

What an expression gives, and what is in that, comes from *roots*: parameters of the function at hand, by their names, what is in these (`name.`), and
`SHARED`, everything that other code can reach. What is made in the function and not handed on has none.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix.constants import CHANGES, FROZEN, Constants, is_quiet
from asynclint.fix.occurrences import FRAMES, Occurrences
from asynclint.index.refs import arguments, ref
from asynclint.program.values import (
    Awaitable,
    Bound,
    ClassValue,
    External,
    ExternalInstance,
    FunctionValue,
    Instance,
    Many,
    Package,
    Parts,
    Scope,
)
from asynclint.walk.locals import declared, parameters, parts, stored, taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value, Values
    from asynclint.walk.sources import Sources

    Roots = frozenset[str]

SHARED = ""
_NONE: Roots = frozenset()
_ALL: Roots = frozenset({SHARED})
_DEPTH = 5  # functions whose results are followed
_PLAIN = frozenset({"builtins.tuple", "builtins.frozenset", "typing.Tuple", "typing.FrozenSet"})
_TRIVIAL = (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda, ast.UnaryOp)


class Origin(NamedTuple):
    """The roots of an object, and of what is in it."""

    top: Roots
    inside: Roots

    def __or__(self, other: Origin) -> Origin:
        return Origin(self.top | other.top, self.inside | other.inside)

    @property
    def whole(self) -> Roots:
        """All roots."""
        return self.top | self.inside


OWN = Origin(_NONE, _NONE)
ANYBODY = Origin(_ALL, _ALL)


class Frame:
    """One function (or the module, number 0) whose expressions are asked about; `tree` is its node."""

    def __init__(self, sharing: Sharing, key: FunctionKey, tree: Any) -> None:
        self.sharing, self.key, self.tree = sharing, key, tree
        self.scope = Scope(*key)
        self.parameters = {arg.arg: arg for arg in parameters(tree)} if isinstance(tree, FRAMES) else {}
        self.body: list[ast.AST] = tree.body if isinstance(tree.body, list) else [tree.body]
        self._stored = stored(self.body)
        self.free = declared(self.body, ast.Global) | declared(self.body, ast.Nonlocal)
        self._known: dict[str, Origin] = {}
        self._sources: dict[str, list[tuple[Any, str]]] | None = None

    @property
    def own(self) -> Roots:
        """The names that the function binds itself, but those of its parameters."""
        return self._stored - self.free - self.parameters.keys()

    @property
    def receiver(self) -> str:
        """The name of the object that a method is called on, or ""."""
        function = self.sharing.program.function(self.key)
        is_static = self.sharing.program.resolver.is_decorated(function, self.key[0], "staticmethod")
        return function.params[0].name if function.owner >= 0 and function.params and not is_static else ""

    def evaluate(self, node: ast.AST) -> Values:
        """What an expression of the function may stand for."""
        return self.sharing.program.evaluate(ref(node), self.scope)

    def origin(self, node: Any, depth: int = 0) -> Origin:
        """The roots of what an expression gives."""
        if isinstance(node, _TRIVIAL) or depth > 20:
            return OWN if depth <= 20 else ANYBODY
        if isinstance(node, ast.Name):
            return OWN if self._is_immune(node) else self.name(node.id)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return Origin(_NONE, _NONE.union(*(self.origin(each, depth + 1).whole for each in node.elts)))
        if isinstance(node, ast.Dict):
            return Origin(_NONE, _NONE.union(*(self.origin(each, depth + 1).whole for each in node.values)))
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return Origin(_NONE, self._made(node, depth))
        if isinstance(node, ast.BinOp):
            inside = self.origin(node.left, depth + 1).inside | self.origin(node.right, depth + 1).inside
            return OWN if self._is_immune(node) else Origin(_NONE, inside)
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            branches = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return _joined(self.origin(each, depth + 1) for each in branches)
        if isinstance(node, (ast.Starred, ast.NamedExpr)):
            return self.origin(node.value, depth + 1)
        if self._is_immune(node):
            return OWN
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            return self._part(node, depth)
        call = node.value if isinstance(node, ast.Await) else node
        return self.of_call(call, depth) if isinstance(call, ast.Call) else ANYBODY

    def _part(self, node: Any, depth: int) -> Origin:
        whole = self.origin(node.value, depth + 1)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return Origin(_NONE, whole.inside)
        if isinstance(node, ast.Attribute):
            if not whole.whole and self._is_module(node.value):
                return self._of_module(node)
            if isinstance(node.value, ast.Name) and node.value.id == self.receiver:
                found = self.sharing.constants.of_attribute(node.attr, self.key)
                if found != CHANGES:
                    return OWN if found == FROZEN else Origin(_NONE, whole.inside)
        return Origin(whole.inside, whole.inside)

    def _of_module(self, node: ast.Attribute) -> Origin:
        """An attribute of a module of the project, or of a class."""
        stems = self.sharing.program.modules.stems
        values = self.evaluate(node.value)
        modules = [stems[value.stem] for value in values if isinstance(value, Package) and value.stem in stems]
        found = min((self.sharing.constants.of_name(node.attr, module) for module in modules), default=CHANGES)
        return _constant(found if len(modules) == len(values) else CHANGES)

    def _is_module(self, node: ast.AST) -> bool:
        values = self.evaluate(node)
        return bool(values) and all(isinstance(value, (Package, ClassValue)) for value in values)

    def _made(self, node: Any, depth: int) -> Roots:
        """The roots of what a comprehension gathers."""
        found = _NONE
        targets = {name.id: each for each in node.generators for name in ast.walk(each.target) if isinstance(name, ast.Name)}
        for each in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            if isinstance(each, _TRIVIAL):
                continue
            for name in (inner for inner in ast.walk(each) if isinstance(inner, ast.Name)):
                if name.id in targets:
                    found |= self.origin(targets[name.id].iter, depth + 1).inside
            if not any(isinstance(inner, ast.Name) and inner.id in targets for inner in ast.walk(each)):
                found |= self.origin(each, depth + 1).whole
        return found

    # -- calls

    def paths(self, call: ast.Call) -> list[str]:
        """The paths of what a call calls outside the project, also the methods of containers."""
        found = []
        for value in self.evaluate(call.func):
            if isinstance(value, External):
                found.append(value.path)
            elif isinstance(value, Bound) and not value.calls and isinstance(call.func, ast.Attribute):
                found.append(f"builtins.dict.{call.func.attr}")
        return found

    def of_call(self, call: ast.Call, depth: int = 0) -> Origin:
        """The roots of what a call gives."""
        values, found = self.evaluate(call.func), OWN
        if not values:
            return ANYBODY
        for path in self.paths(call):
            for which, part in self.sharing.program.catalog.shares(path):
                given = argument(call, which)
                if given is not None:
                    origin = self.origin(given, depth + 1)
                    shared = origin if part == "all" else Origin(_NONE, origin.inside) if part == "inside" else Origin(origin.inside, origin.inside)
                    found |= shared
        for value in values:
            if isinstance(value, ClassValue):
                given_all = [*call.args, *(keyword.value for keyword in call.keywords)]
                found |= Origin(_NONE, _NONE.union(*(self.origin(each, depth + 1).whole for each in given_all)))
            elif isinstance(value, FunctionValue):
                found |= self._of_result(value, call, depth)
            elif not isinstance(value, (External, Bound)):
                found |= ANYBODY
        return found

    def _of_result(self, value: FunctionValue, call: ast.Call, depth: int) -> Origin:
        origin = self.sharing.result(value.key, depth)
        bound = self.given(value, call)
        return Origin(self.mapped(origin.top, bound, depth), self.mapped(origin.inside, bound, depth))

    def given(self, value: FunctionValue, call: ast.Call) -> dict[str, ast.expr] | None:
        """The arguments of a call of a function, by the names of its parameters; None where they cannot be told."""
        function = self.sharing.program.function(value.key)
        is_bound = self.sharing.program.resolver.forwards.is_bound(value)
        positional = [param.name for param in function.params if param.kind == 0]
        found: dict[str, ast.expr] = {}
        if any(isinstance(each, ast.Starred) for each in call.args) or any(keyword.arg is None for keyword in call.keywords):
            return None
        if is_bound and positional and isinstance(call.func, ast.Attribute):
            found[positional[0]] = call.func.value
        found.update(zip(positional[is_bound:], call.args, strict=False))
        found.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None})
        if len(call.args) > len(positional) - is_bound:
            variadic = next((param.name for param in function.params if param.kind == 2), "")
            found[variadic] = ast.Tuple(call.args[len(positional) - is_bound :], ast.Load())
        return found

    def mapped(self, roots: Roots, given: Mapping[str, ast.expr] | None, depth: int = 0) -> Roots:
        """The roots in this function of what another one, called with arguments, takes from its parameters."""
        found = roots & _ALL
        for name in roots - _ALL:
            if given is None:
                found |= _ALL
            elif name.removesuffix(".") in given:
                origin = self.origin(given[name.removesuffix(".")], depth + 1)
                found |= origin.inside if name.endswith(".") else origin.top
        return found

    # -- names

    def name(self, name: str) -> Origin:
        """The roots of what a name of the function is bound to."""
        known = self._known.get(name)
        if known is None:
            self._known[name] = OWN  # a cycle adds nothing to itself
            known = self._known[name] = self._name(name)
        return known

    def _name(self, name: str) -> Origin:
        if name not in self.parameters and name not in self._stored and name not in self.bound():
            return self._from_outside(name)
        found = OWN
        if name in self.parameters:
            said = self.parameters[name].annotation
            fixed = said is not None and self._is_fixed(said)
            found = OWN if fixed else Origin(frozenset({name}), frozenset({f"{name}."}))
            if name in (arg.arg for arg in (self.tree.args.vararg, self.tree.args.kwarg) if arg is not None):
                found = Origin(_NONE, frozenset({f"{name}."}))
        for value, how in self.bound().get(name, ()):
            origin = self.origin(value)
            found |= Origin(origin.inside, origin.inside) if how == "item" else origin
        if name in self._stored and not found.whole >= _ALL and self._is_handed_on(name):
            found |= ANYBODY
        return found

    def _from_outside(self, name: str) -> Origin:
        """A name of a function around, or of the module."""
        program = self.sharing.program
        number = program.function(self.key).parent if self.key[1] else 0
        while number > 0:
            function = program.function((self.key[0], number))
            if name in function.bindings or any(param.name == name for param in function.params):
                origin = self.sharing.frame((self.key[0], number)).name(name)
                return Origin(_ALL if origin.top else _NONE, _ALL if origin.inside else _NONE)
            number = function.parent
        if name not in program.facts(self.key[0]).functions[0].bindings and hasattr(builtins, name):
            return OWN
        return _constant(self.sharing.constants.of_name(name, self.key[0]))

    def bound(self) -> dict[str, list[tuple[Any, str]]]:
        """What the names of the function are bound to: expressions, and whether each is ("value") or contains ("item") what the name gets."""
        if self._sources is None:
            self._sources = {}
            for top in self.body:
                for node in parts(top):
                    for target, value, how in _bindings(node):
                        for name, part, way in _unpacked(target, value, how):
                            self._sources.setdefault(name, []).append((part, way))
        return self._sources

    def _is_handed_on(self, name: str) -> bool:
        """Whether somebody else may keep what a name of the function is bound to: a function inside, an attribute, a container, a call."""
        for top in self.body:
            stack: list[tuple[Any, Any, Any]] = [(top, None, None)]
            while stack:
                node, above, outer = stack.pop()
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and self._keeps(node, above, outer):
                    return True
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and name in taken(node):
                    return True
                looked_through = isinstance(node, (ast.Starred, ast.keyword))
                stack += [(child, *((above, outer) if looked_through else (node, above))) for child in ast.iter_child_nodes(node)]
        return False

    def _keeps(self, node: ast.Name, above: Any, outer: Any) -> bool:
        if isinstance(above, (ast.Assign, ast.AnnAssign)):
            targets = above.targets if isinstance(above, ast.Assign) else [above.target]
            return any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets)
        if isinstance(above, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(above, ast.Call) or node is above.func:
            return False
        values = self.evaluate(above.func)
        catalog = self.sharing.program.catalog
        if not values:
            return True
        for value in values:
            if isinstance(value, External):
                walked = any(walk.argument != "self" for walk in catalog.walks(value.path))
                if not walked and not catalog.block(value.path) and value.path not in catalog.offloads and not is_quiet(value.path):
                    return True
            elif isinstance(value, FunctionValue):
                if self.sharing.program.function(value.key).is_async and not isinstance(outer, ast.Await):
                    return True  # it may run at any time
                if self.sharing.keeps(value.key, self.given(value, above), node):
                    return True
            elif not (isinstance(value, Bound) and not value.calls):
                return True
        return False

    # -- types

    def _is_immune(self, node: ast.AST) -> bool:
        """Whether nobody can change what an expression gives while it is looked through, as far as its type is known."""
        values = self.evaluate(node)
        return bool(values) and all(self._is_immune_value(value) for value in values)

    def _is_immune_value(self, value: Value) -> bool:
        if isinstance(value, ExternalInstance):
            return not self.sharing.program.catalog.is_mutable(value.path)
        if isinstance(value, Parts):
            return all(self._is_immune_value(each) for values in value.parts for each in values) and all(value.parts)
        return not isinstance(value, (Many, Instance, Awaitable))

    def _is_fixed(self, annotation: ast.AST) -> bool:
        """Whether an annotation names a type that cannot change, and nothing in it can: `tuple[str, ...]`."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError):
                return False
        if isinstance(annotation, ast.Constant):
            return True
        if isinstance(annotation, ast.BinOp):
            return self._is_fixed(annotation.left) and self._is_fixed(annotation.right)
        if isinstance(annotation, ast.Subscript):
            named = {value.path for value in self.evaluate(annotation.value) if isinstance(value, External)}
            inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            return bool(named) and named <= _PLAIN | {"typing.Optional", "typing.Union"} and all(map(self._is_fixed, inner))
        values = self.evaluate(annotation)
        return bool(values) and all(isinstance(value, External) and not self.sharing.program.catalog.is_mutable(value.path) for value in values)


class Sharing:
    """What is known of who holds what, of all functions of a program, each looked at once."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self.program = program
        self.occurrences = Occurrences.shared(program, sources)
        self._sources = sources
        self._frames: dict[FunctionKey, Frame] = {}
        self._results: dict[FunctionKey, Origin] = {}
        self._keeping: dict[tuple[FunctionKey, str], bool] = {}
        self.constants = Constants(self)

    def frame(self, key: FunctionKey) -> Frame:
        """A function of the project."""
        known = self._frames.get(key)
        if known is None:
            tree = self.occurrences.function(key) if key[1] else self._sources.tree(key[0])
            known = self._frames[key] = Frame(self, key, tree)
        return known

    def result(self, key: FunctionKey, depth: int) -> Origin:
        """The roots, in a function, of what it returns, or of what the generator yields that it gives."""
        known = self._results.get(key)
        if known is None:
            if self.program.is_outside(key[0]):
                return OWN
            if depth > _DEPTH:
                return ANYBODY
            self._results[key] = OWN
            frame = self.frame(key)
            known = OWN
            for node in (node for top in frame.body for node in parts(top)) if isinstance(frame.tree.body, list) else ():
                if isinstance(node, ast.Return) and node.value is not None:
                    known |= frame.origin(node.value, depth + 1)
                elif isinstance(node, (ast.Yield, ast.YieldFrom)) and node.value is not None:
                    known |= Origin(_NONE, frame.origin(node.value, depth + 1).whole)
            if not isinstance(frame.tree.body, list):
                known = frame.origin(frame.tree.body, depth + 1)
            self._results[key] = known
        return known

    def keeps(self, key: FunctionKey, given: Mapping[str, ast.expr] | None, node: ast.expr) -> bool:
        """Whether a function keeps an argument beyond its own run."""
        if self.program.is_outside(key[0]) or given is None:
            return True
        for name in [name for name, each in given.items() if each is node or node in ast.walk(each)]:
            known = self._keeping.get((key, name))
            if known is None:
                self._keeping[(key, name)] = False
                known = self._keeping[(key, name)] = self.frame(key)._is_handed_on(name)
            if known:
                return True
        return False


def argument(call: ast.Call, which: int | str) -> ast.expr | None:
    """The argument of a call at a position or of a keyword; "self" is what the method is called on."""
    if which == "self":
        return call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(which, int):
        return call.args[which] if which < len(call.args) else None
    return next((keyword.value for keyword in call.keywords if keyword.arg == which), None)


def given_to(call: ast.Call) -> tuple[tuple[str | None, Any], ...]:
    """The arguments of a call as conditions of the catalog want them."""
    return arguments(call, 3)


def _constant(known: int) -> Origin:
    """The roots of something that all code can reach."""
    return OWN if known == FROZEN else Origin(_NONE, _ALL) if known != CHANGES else ANYBODY


def _joined(origins: Iterable[Origin]) -> Origin:
    found = OWN
    for each in origins:
        found |= each
    return found


def _bindings(node: Any) -> Iterator[tuple[Any, Any, str]]:
    """Targets, and what a node binds them to."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value, "value") for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value, "value"
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield node.target, node.iter, "item"
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield from ((item.optional_vars, item.context_expr, "value") for item in node.items if item.optional_vars is not None)


def _unpacked(target: Any, value: Any, how: str) -> Iterator[tuple[str, Any, str]]:
    """The names in a target, and what each gets."""
    if isinstance(target, ast.Name):
        yield target.id, value, how
    elif isinstance(target, ast.Starred):
        yield from _unpacked(target.value, value, "item")
    elif isinstance(target, (ast.Tuple, ast.List)):
        same = isinstance(value, (ast.Tuple, ast.List)) and how == "value" and len(value.elts) == len(target.elts)
        for n, each in enumerate(target.elts):
            yield from _unpacked(each, value.elts[n] if same else value, "value" if same else "item")
