"""Who else holds the object that an expression gives: another task may change it while a thread looks through it.

What an expression gives, and what is in that, comes from *roots*: parameters of the function at hand, by their names, what is in these (`name.`), and
`SHARED`, everything that other code can reach. What is made in the function and not handed on has none.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any, NamedTuple

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
from asynclint.walk.locals import parameters, parts, stored

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
_MODULES = 400  # modules that are looked through for the uses of one name
_PLAIN = frozenset({"builtins.tuple", "builtins.frozenset", "typing.Tuple", "typing.FrozenSet"})
_READING = frozenset({"get", "items", "keys", "values", "copy", "index", "count", "union", "intersection", "difference", "issubset", "issuperset"})
_TRIVIAL = (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda, ast.UnaryOp)


class Origin(NamedTuple):
    """The roots of an object, and of what is in it."""

    top: Roots
    inside: Roots

    def __or__(self, other: Origin) -> Origin:  # type: ignore[override]
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
        self._body: list[ast.AST] = tree.body if isinstance(tree.body, list) else [tree.body]
        self._stored = stored(self._body)
        self._known: dict[str, Origin] = {}
        self._sources: dict[str, list[tuple[Any, str]]] | None = None

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
            return OWN if self._is_immune(node) else Origin(_NONE, self.origin(node.left, depth + 1).inside | self.origin(node.right, depth + 1).inside)
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
                return OWN if self.sharing.is_constant(node.attr, self.key[0]) else ANYBODY
            if isinstance(node.value, ast.Name) and node.value.id == self.receiver and self.sharing.is_constant_attribute(node.attr, self.key):
                return OWN
        return Origin(whole.inside, whole.inside)

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
        for name, each in zip(positional[is_bound:], call.args, strict=False):
            found[name] = each
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
        if name not in self.parameters and name not in self._stored and name not in self._bound():
            return self._from_outside(name)
        found = OWN
        if name in self.parameters:
            said = self.parameters[name].annotation
            fixed = said is not None and self._is_fixed(said)
            found = OWN if fixed else Origin(frozenset({name}), frozenset({f"{name}."}))
            if name in (arg.arg for arg in (self.tree.args.vararg, self.tree.args.kwarg) if arg is not None):
                found = Origin(_NONE, frozenset({f"{name}."}))
        for value, how in self._bound().get(name, ()):
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
        return OWN if self.sharing.is_constant(name, self.key[0]) else ANYBODY

    def _bound(self) -> dict[str, list[tuple[Any, str]]]:
        """What the names of the function are bound to: expressions, and whether each is ("value") or contains ("item") what the name gets."""
        if self._sources is None:
            self._sources = {}
            for top in self._body:
                for node in parts(top):
                    for target, value, how in _bindings(node):
                        for name, part, way in _unpacked(target, value, how):
                            self._sources.setdefault(name, []).append((part, way))
        return self._sources

    def _is_handed_on(self, name: str) -> bool:
        """Whether somebody else may keep what a name of the function is bound to: a function inside, an attribute, a container, a call."""
        for top in self._body:
            stack: list[tuple[Any, Any]] = [(top, None)]
            while stack:
                node, above = stack.pop()
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and self._keeps(node, above):
                    return True
                if isinstance(node, FRAMES) and node is not self.tree:
                    if not isinstance(node, ast.Lambda) and any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node)):
                        return True
                stack += [(child, node if not isinstance(node, (ast.Starred, ast.keyword)) else above) for child in ast.iter_child_nodes(node)]
        return False

    def _keeps(self, node: ast.Name, above: Any) -> bool:
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
                if not walked and not catalog.block(value.path) and value.path not in catalog.offloads and not _is_quiet(value.path):
                    return True
            elif isinstance(value, FunctionValue):
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
        self._constants: dict[tuple[int, str], bool] = {}
        self._attributes: dict[tuple[int, int, str], bool] = {}

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
            for node in (node for top in frame._body for node in parts(top)) if isinstance(frame.tree.body, list) else ():
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

    # -- what never changes

    def is_constant(self, name: str, module: int) -> bool:
        """Whether a name of a module stands for something that no code of the project changes."""
        known = self._constants.get((module, name))
        if known is None:
            self._constants[(module, name)] = False
            known = self._constants[(module, name)] = self._is_constant(name, module)
        return known

    def _is_constant(self, name: str, module: int) -> bool:
        bound = self.program.facts(module).functions[0].bindings.get(name, ())
        if any(each.__class__ is tuple and each[0] == "import" for each in bound):
            sources = [value for each in bound for value in self.program.evaluate(each, Scope(module, 0))]
            if all(isinstance(value, (Package, ClassValue, FunctionValue, External)) for value in sources):
                return bool(sources)
            return any(self.is_constant(each[2], number) for each in bound if each[0] == "import" for number in self._defining(each, module))
        if not bound:
            return not any(name in function.bindings for function in self.program.facts(module).functions) and hasattr(builtins, name)
        frame = self.frame((module, 0))
        values = frame._bound().get(name, [])
        if not values:
            return True  # a function or class
        if all(frame._is_immune(value) for value, _ in values):
            return True
        if any(how != "value" or frame.origin(value).whole for value, how in values):
            return False
        if all(_is_frozen(value) for value, _ in values):
            return True
        return len(values) == 1 and self._is_only_read(name, self._near(module))

    def _defining(self, import_: Any, module: int) -> Iterator[int]:
        """The modules that an import takes a name from."""
        for value in self.program.evaluate(("import", import_[1], "", import_[3]), Scope(module, 0)):
            if isinstance(value, Package) and value.stem in self.program.modules.stems:
                yield self.program.modules.stems[value.stem]

    def is_constant_attribute(self, name: str, key: FunctionKey) -> bool:
        """Whether an attribute of the receiver of a method is bound by `__init__` or the class, to something of its own that no code changes."""
        owner = self.program.function(key).owner
        if owner < 0:
            return False
        known = self._attributes.get((key[0], owner, name))
        if known is None:
            known = self._attributes[(key[0], owner, name)] = self._is_constant_attribute(name, key[0], owner)
        return known

    def _is_constant_attribute(self, name: str, module: int, owner: int) -> bool:
        near = self._near(module)
        if near is None:
            return False
        stores = [use for use in self.occurrences.of(name, near) if isinstance(use.node, ast.Attribute) and not isinstance(use.node.ctx, ast.Load)]
        for use in stores:
            function = self.program.function((use.scope.module, use.scope.function))
            statement: Any = use.above[-1]
            if function.name != "__init__" or not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
                return False
            origin = self.frame((use.scope.module, use.scope.function)).origin(statement.value)
            if origin.whole:
                return False
        in_class = self.program.facts(module).classes[owner].bindings.get(name, ())
        if not stores and not in_class:
            return False
        return self._is_only_read(name, near)

    def _near(self, module: int) -> list[int] | None:
        """The modules that may use a name of a module; None where these are too many to be looked through."""
        found = sorted(self.program.names)
        return found if len(found) <= _MODULES else None

    def _is_only_read(self, name: str, modules: Iterable[int] | None) -> bool:
        """Whether whatever is called so is only asked for its items, everywhere in some modules."""
        if modules is None:
            return False
        for use in self.occurrences.of(name, modules):
            above = use.above[-1]
            if not isinstance(use.node.ctx, ast.Load):
                if isinstance(above, (ast.Assign, ast.AnnAssign)) and (use.scope.function == 0 or isinstance(use.node, ast.Attribute)):
                    continue
                return False
            if isinstance(above, ast.Attribute) and isinstance(use.above[-2], ast.Call) and use.above[-2].func is above and above.attr in _READING:
                continue
            if isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Load) and above.value is use.node:
                continue
            if isinstance(above, (ast.Compare, ast.For, ast.AsyncFor, ast.comprehension, ast.FormattedValue, ast.If, ast.IfExp, ast.BoolOp, ast.UnaryOp)):
                continue
            if isinstance(above, ast.Call) and use.node is not above.func and self._only_reads(above, use.scope):
                continue
            return False
        return True

    def _only_reads(self, call: ast.Call, scope: Scope) -> bool:
        values = self.program.evaluate(ref(call.func), scope)
        catalog = self.program.catalog
        return bool(values) and all(
            isinstance(value, External) and (_is_quiet(value.path) or any(not walk.changes for walk in catalog.walks(value.path))) for value in values
        )


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


def _joined(origins: Iterable[Origin]) -> Origin:
    found = OWN
    for each in origins:
        found |= each
    return found


_QUIET = frozenset(f"builtins.{name}" for name in ("len", "isinstance", "issubclass", "id", "hash", "bool", "type", "range", "print", "str", "repr"))


def _is_quiet(path: str) -> bool:
    """Whether a callable neither changes nor keeps what it is given."""
    return path in _QUIET


def _is_frozen(node: Any) -> bool:
    """Whether an expression makes something that cannot be changed."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_frozen, node.elts))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "frozenset":
        return True
    return isinstance(node, (ast.Constant, ast.JoinedStr))


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
