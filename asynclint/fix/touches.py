"""What code touches that others can reach: attributes, globals, containers, streams, files and the state of the process, also by its callees.

A **path** says where something is kept: its root, and the attributes that lead to it (`"[]"` for any item). Roots are parameters (`p:self`), modules
(`m:app.state`), names of functions around (`c:3:seen`), local names that functions inside keep (`l:seen`), and what a call gives (`e:pool()`). What a
function makes for itself has no path: nobody else can reach it.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix.files_touched import FileAccess, files_of
from asynclint.fix.occurrences import Occurrences
from asynclint.index.refs import ref
from asynclint.program.values import ClassValue, External, ExternalInstance, FunctionValue, Instance, Scope
from asynclint.walk.locals import declared, kept
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Values
    from asynclint.walk.sources import Sources

Path = tuple[str, ...]
ITEM = "[]"
_LOOKING_IN = (ast.Subscript, ast.Compare, ast.For, ast.comprehension, ast.Starred, ast.Call)
_VIEWS = frozenset({"items", "keys", "values"})
_GIVING_ITEMS = frozenset({"get", "setdefault"})
_DEPTH = 8  # functions that call one another
_REACH = 400  # functions of one circle that are looked at


class Access(NamedTuple):
    """One touch. `kind` is `read` or `write`; of methods, `use` (one is called), `ask` (it is of a library, and not known to change its object),
    `unknown` (nothing is known of it), `row` (the next call of that object belongs together with it), `position` (it says where in the object the
    next one works); `line` (a whole line is printed), `process` (what all tasks see is changed), `hold`, `hold-awaits` (see `Hold`), `release`.
    """

    kind: str
    path: Path
    node: Any


class Touched(NamedTuple):
    """What a call of a function touches: kinds and paths, files, and whether an `await` of it surely lets other tasks run."""

    accesses: frozenset[tuple[str, Path]] = frozenset()
    files: tuple[FileAccess, ...] = ()
    suspends: bool = False


NOTHING = Touched()


class Touches:
    """What the functions of a program touch, found out once each."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self.program, self.occurrences = program, Occurrences.shared(program, sources)
        self.mutable: dict[tuple[int, str, tuple[ClassValue, ...], bool], bool] = {}  # for `mutability`
        self.declared: dict[tuple[int, str], bool] = {}  # for it too: by module and name
        self._known: dict[FunctionKey, Touched] = {}
        self._active: list[FunctionKey] = []
        self._provisional: dict[FunctionKey, Touched] = {}  # seen from within a circle
        self._lowest = 0

    @classmethod
    def shared(cls, program: Program, sources: Sources) -> Touches:
        """That of all who look at the same texts."""
        known = sources.kept.get(cls.__name__)
        if not isinstance(known, cls) or known.program is not program:
            known = sources.kept[cls.__name__] = cls(program, sources)
        return known

    def of(self, key: FunctionKey) -> Touched:
        """What calling a function touches; nothing is known of those of libraries, and of what is being looked at already."""
        known = self._known.get(key) or self._provisional.get(key)
        if known is not None:
            return known
        if key in self._active:
            self._lowest = min(self._lowest, self._active.index(key))
            return NOTHING
        if self.program.is_outside(key[0]) or not key[1] or len(self._active) > _DEPTH or len(self._provisional) > _REACH:
            return NOTHING
        depth, outer, self._lowest = len(self._active), self._lowest, _DEPTH + 2
        self._active.append(key)
        try:
            found = self._look(key)
        finally:
            self._active.pop()
        whole = self._lowest >= depth  # it is not part of a circle of functions of which one is not known yet
        (self._known if whole else self._provisional)[key] = found
        self._lowest = min(outer, self._lowest) if not whole else outer
        if not depth:
            self._provisional.clear()
        return found

    def _look(self, key: FunctionKey) -> Touched:
        view = View(self, key, self.occurrences.function(key))
        nodes = own_nodes(view.function)
        accesses = frozenset((each.kind, each.path) for node in nodes for each in view.accesses(node))
        files = tuple(file for node in nodes if isinstance(node, ast.Call) for file in view.files(node))
        return Touched(accesses, files, any(view.suspends(node) for top in _always(view.function) for node in own_nodes(top)))


class View:
    """One function, looked at for what it touches."""

    def __init__(self, touches: Touches, key: FunctionKey, function: Any) -> None:
        self.touches, self.program, self.key, self.function = touches, touches.program, key, function
        self._facts = self.program.facts(key[0])
        self._scope = Scope(*key)
        self._body = function.body if isinstance(function.body, list) else [function.body]
        self._following: set[str] = set()

    # -- names

    @cached_property
    def _global(self) -> frozenset[str]:
        return declared(self._body, ast.Global)

    @cached_property
    def _nonlocal(self) -> frozenset[str]:
        return declared(self._body, ast.Nonlocal)

    @cached_property
    def _kept(self) -> frozenset[str]:
        return kept(self._body)

    @cached_property
    def parents(self) -> dict[int, Any]:
        """What is directly above each node of the function."""
        return {id(child): node for node in own_nodes(self.function) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _stores(self) -> dict[str, list[tuple[Any, bool]]]:
        """What local names are bound to: an expression, and whether an item of it is meant; None for what has no path."""
        found: dict[str, list[tuple[Any, bool]]] = {}
        for node in own_nodes(self.function):
            pairs: list[tuple[Any, Any, bool]] = []
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value, False) for target in node.targets]
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
                pairs = [(node.target, node.value, False)]
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                pairs = [(node.target, node.iter, True)]
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                pairs = [(node.optional_vars, node.context_expr, False)]
            for target, value, is_item in pairs:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append((value, is_item))
                else:
                    for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)):
                        whole = isinstance(value, (ast.Tuple, ast.List)) and isinstance(target, (ast.Tuple, ast.List))
                        found.setdefault(name, []).append((_part(target, value, name) if whole else value if is_item else None, is_item))
        return found

    def evaluate(self, expression: Any) -> Values:
        """What an expression of the function may stand for."""
        return self.program.evaluate(ref(expression), self._scope)

    def value_of(self, name: str) -> Any:
        """The expression that a local name is bound to, where that is one only; else None."""
        stores = self._stores.get(name, ())
        return stores[0][0] if len(stores) == 1 and not stores[0][1] else None

    def root(self, name: str) -> Path | None:
        """The path of a plain name."""
        functions, number = self._facts.functions, self.key[1]
        if name not in self._global:
            while number > 0:
                function = functions[number]
                imported = _imports(function.bindings.get(name, ()))
                if imported:
                    return self._imported(imported)
                if any(param.name == name for param in function.params):
                    return (f"p:{name}",) if number == self.key[1] else (f"c:{number}:{name}",)
                if name in function.bindings and not (number == self.key[1] and name in self._nonlocal):
                    if number != self.key[1]:
                        return None if _is_code(function.bindings[name]) else (f"c:{number}:{name}",)
                    return self._alias(name) or ((f"l:{name}",) if name in self._kept else None)
                number = function.parent
        stem, bound = self.program.resolver.stems[self.key[0]], functions[0].bindings.get(name, ())
        imported = _imports(bound)
        if imported:
            return self._imported(imported)
        return None if not bound and name not in self._global else (f"m:{stem}", name)

    def _imported(self, bound: Any) -> Path:
        stem = self.program.resolver.stem_of_import(bound, self.key[0]) or bound[1]
        return (f"m:{stem}", bound[2]) if bound[2] else (f"m:{stem}",)

    def _alias(self, name: str) -> Path | None:
        """The path that a local name is another name of."""
        stores = self._stores.get(name, ())
        if not stores or name in self._following:
            return None
        self._following.add(name)
        try:
            found = {self._of_store(value, is_item) for value, is_item in stores} - {None}
        finally:
            self._following.discard(name)
        return found.pop() if len(found) == 1 else None

    def _of_store(self, value: Any, is_item: bool) -> Path | None:
        if value is None:
            return None
        if not is_item:
            return self.path(value)
        paths = self.iterated(value)
        return (*paths[0], ITEM) if paths else None

    def outside(self, expression: Any) -> str:
        """The dotted path of something outside the program, as `sys.stdout` is, or ""."""
        path = self.path(expression)
        if path is None or not path[0].startswith("m:") or ITEM in path:
            return ""
        return self.program.catalog.canonical(".".join((path[0][2:], *path[1:])))

    # -- paths

    def path(self, node: Any) -> Path | None:
        """Where the value of an expression is kept; None for what the function made itself."""
        if isinstance(node, ast.Name):
            return self.root(node.id)
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return None if base is None else (*base, node.attr)
        if isinstance(node, ast.Subscript):
            base = self.path(node.value) if not isinstance(node.slice, ast.Slice) else None  # a slice is a copy
            return None if base is None else (*base, ITEM)
        if isinstance(node, ast.IfExp):
            return self.path(node.body) or self.path(node.orelse)
        if isinstance(node, ast.BoolOp):
            return next((path for value in node.values if (path := self.path(value)) is not None), None)
        if isinstance(node, (ast.NamedExpr, ast.Starred)):
            return self.path(node.value)
        return self._given(node) if isinstance(node, ast.Call) else None

    def _given(self, call: ast.Call) -> Path | None:
        """The path of what a call gives: an item of a container, or what a function of the program keeps."""
        functions = [value for value in self.evaluate(call.func) if isinstance(value, FunctionValue)]
        if not functions and isinstance(call.func, ast.Attribute) and call.func.attr in _GIVING_ITEMS | _VIEWS:
            base = self.path(call.func.value)
            return None if base is None else (*base, ITEM) if call.func.attr in _GIVING_ITEMS else base
        for value in functions:
            if self.program.is_outside(value.module):
                continue
            facts, given = self.program.function(value.key), self._arguments(call, value)
            for each in facts.values:
                parts = each.split(".") if each.__class__ is str else []
                if parts and (parts[0] in given or parts[0] not in facts.bindings):
                    view = View(self.touches, value.key, self.touches.occurrences.function(value.key))
                    path = self._substituted((*(view.root(parts[0]) or ("?",)), *parts[1:]), given)
                    if path is not None:
                        return path
        return None

    def iterated(self, node: Any) -> list[Path]:
        """The paths of the containers that iterating an expression looks into, one after another; none where it gives a copy."""
        if isinstance(node, ast.Call):
            if any(isinstance(value, External) and value.path in _PASSING_ON for value in self.evaluate(node.func)):
                return [path for argument in node.args for path in self.iterated(argument)]
            if not (isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS):
                return []
        path = self.path(node)
        return [] if path is None else [path]

    # -- touches

    def accesses(self, node: Any) -> Iterator[Access]:
        """What one node touches when it is done, but for what is below it."""
        if isinstance(node, (ast.Attribute, ast.Name)):
            yield from self._name(node)
        elif isinstance(node, ast.Subscript):
            if not isinstance(node.ctx, ast.Load):
                yield from self._written(node, node.value)
        elif isinstance(node, ast.AugAssign):
            yield from self._written(node, node.target)
        elif isinstance(node, ast.Call):
            yield from self._call(node)

    def _name(self, node: Any) -> Iterator[Access]:
        if not isinstance(node.ctx, ast.Load):
            if isinstance(node, ast.Attribute) or node.id in self._global | self._nonlocal:
                yield from self._written(node, node)
            return
        parent = self.parents.get(id(node))
        is_target = isinstance(parent, ast.Subscript) and parent.value is node and not isinstance(parent.ctx, ast.Load)
        if (is_target and not isinstance(self.parents.get(id(parent)), ast.AugAssign)) or (isinstance(parent, ast.Call) and parent.func is node):
            return
        if isinstance(node, ast.Attribute):
            for value in self.evaluate(node.value):
                if isinstance(value, Instance):
                    for getter in self.program.property_functions(value, node.attr):
                        yield from self._through(node, getter, {self._first(getter): self.path(node.value)})
        path = self.path(node)
        if path is not None and not (isinstance(node, ast.Name) and self.key[1] and self._is_snapshot(node, path, parent)):
            yield Access("read", _content(path), node)

    def _is_snapshot(self, node: ast.Name, path: Path, parent: Any) -> bool:
        """Whether a local name is used as the value that it got when it was bound: of a container it says what is in there now."""
        if node.id in self._global | self._nonlocal or (path[0].startswith(("m:", "c:")) and node.id not in self._stores):
            return False
        if path == (f"p:{node.id}",) or path[0].startswith("l:") or len(path) == 1:
            return not isinstance(parent, (*_LOOKING_IN, ast.UnaryOp, ast.If, ast.While))
        return not isinstance(parent, (*_LOOKING_IN, ast.Attribute))

    def _written(self, node: Any, target: Any) -> Iterator[Access]:
        outside = self.outside(target)
        if outside and outside in self.program.catalog.process_state:
            yield Access("process", (), node)
        path = self.path(target) if not isinstance(target, ast.Name) or isinstance(node, ast.Subscript) else self.root(target.id)
        if path is not None:
            yield Access("write", _content(path), node)

    def _call(self, node: ast.Call) -> Iterator[Access]:
        values, catalog = self.evaluate(node.func), self.program.catalog
        receiver = self.path(node.func.value) if isinstance(node.func, ast.Attribute) else None
        functions = [value for value in values if isinstance(value, FunctionValue) and not self.program.is_outside(value.module)]
        for function in functions:
            if not self.program.function(function.key).is_async or isinstance(self.parents.get(id(node)), ast.Await):
                yield from self._through(node, function, self._arguments(node, function))
        for value in values:
            if isinstance(value, ClassValue):
                for made in self.program.resolver.instance_attribute_of_class(value, "__init__"):
                    if isinstance(made, FunctionValue) and not self.program.is_outside(made.module):
                        yield from self._through(node, made, {**self._arguments(node, made), self._first(made): None})
            elif isinstance(value, External):
                yield from self._outside(node, value)
        if receiver is None or not isinstance(node.func, ast.Attribute) or (len(receiver) == 1 and receiver[0].startswith("m:")):
            return  # no method, but a function of a module
        yield Access("use", receiver, node)
        if functions:
            return
        receivers = {value.receiver for value in values if isinstance(value, External)} - {""}
        if self.is_sequence(node.func.value, receivers):
            yield Access("position" if node.func.attr in catalog.names(catalog.positions) else "row", receiver, node)
        elif node.func.attr in catalog.names(catalog.changes):
            if self.outside(node.func.value) in catalog.process_state:
                yield Access("process", (), node)
            yield Access("read", _content(receiver), node)
            yield Access("write", _content(receiver), node)
        elif values:
            yield Access("ask", _content(receiver), node)
        elif node.func.attr not in _OF_VALUES:
            yield Access("position" if node.func.attr in catalog.names(catalog.positions) else "unknown", receiver, node)

    def _outside(self, node: ast.Call, value: External) -> Iterator[Access]:
        catalog = self.program.catalog
        if value.path in catalog.process_state:
            yield Access("process", (), node)
        hold = catalog.holds.get(value.path)
        if hold is not None and not hold.block and not self.is_given(node, hold.unless):
            yield Access("hold-awaits" if hold.awaits else "hold", (), node)
        elif value.path in catalog.releases:
            yield Access("release", (), node)
        if value.path == "builtins.print":
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            path = self.path(options["file"]) if "file" in options else ("m:sys", "stdout")
            if path is not None:
                yield Access("row" if "end" in options else "line", path, node)

    def is_sequence(self, expression: Any, types: Iterable[str] = ()) -> bool:
        """Whether an expression is an object of which calls in a row belong together."""
        catalog = self.program.catalog
        paths = {*types, *(value.path for value in self.evaluate(expression) if isinstance(value, ExternalInstance))}
        return any(not catalog.sequences.isdisjoint(catalog.ancestry(path.partition("(")[0])) for path in paths)

    def is_given(self, call: ast.Call, conditions: Any) -> bool:
        """Whether a call is given what one of some conditions of the catalog says."""
        arguments = [(None, each) for each in call.args] + [(each.arg, each.value) for each in call.keywords]
        given = tuple((name, self.outside(each) or ref(each)) for name, each in arguments)
        return any(condition.holds(given) for condition in conditions)

    def _through(self, node: Any, value: FunctionValue, given: dict[str, Path | None]) -> Iterator[Access]:
        for kind, path in self.touches.of(value.key).accesses:
            replaced = self._substituted(path, given)
            if replaced is not None:
                yield Access(kind, replaced, node)

    def _substituted(self, path: Path, given: dict[str, Path | None]) -> Path | None:
        """A path of a callee, as its caller knows it."""
        if not path:
            return path
        root = path[0]
        if root.startswith("p:"):
            base = given.get(root[2:])
        elif root.startswith(f"c:{self.key[1]}:"):
            base = self.root(root.split(":", 2)[2])
        else:
            base = (root,) if root.startswith(("m:", "c:")) else None
        return None if base is None else _content((*base, *path[1:])) if path[1:] else base

    def _first(self, value: FunctionValue) -> str:
        params = self.program.function(value.key).params
        return params[0].name if params else ""

    def _arguments(self, call: ast.Call, value: FunctionValue) -> dict[str, Path | None]:
        """The paths of the arguments of a call by the names of the parameters."""
        names = [param.name for param in self.program.function(value.key).params]
        given: dict[str, Path | None] = {}
        if value.receiver is not None and names and isinstance(call.func, ast.Attribute):
            owner = call.func.value
            is_super = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"
            own = self._facts.functions[self.key[1]].params
            given[names.pop(0)] = (f"p:{own[0].name}",) if is_super and own else self.path(owner)
        for name, argument in zip(names, call.args, strict=False):
            given[name] = self.path(argument)
        given.update({keyword.arg: self.path(keyword.value) for keyword in call.keywords if keyword.arg})
        return given

    def files(self, node: ast.Call) -> list[FileAccess]:
        """The files that a call touches."""
        return files_of(self, node)

    def suspends(self, node: Any) -> bool:
        """Whether a node surely lets other tasks run."""
        if not isinstance(node, ast.Await) or not isinstance(node.value, ast.Call):
            return False
        values = self.evaluate(node.value.func)
        known = self.program.catalog.suspends
        return bool(values) and all(
            value.path in known if isinstance(value, External) else isinstance(value, FunctionValue) and self.touches.of(value.key).suspends
            for value in values
        )


_OF_VALUES = frozenset({*dir(str), *dir(bytes), *dir(int), *dir(float)})  # methods of what never changes
_PASSING_ON = frozenset({"builtins.enumerate", "builtins.zip", "builtins.reversed", "builtins.iter", "builtins.filter", "builtins.map"})


def _content(path: Path) -> Path:
    """A container in the place of its items."""
    while path[-1] == ITEM:
        path = path[:-1]
    return path


def _imports(bound: Any) -> Any:
    return next((each for each in bound if each.__class__ is tuple and each[0] == "import"), None)


def _is_code(bound: Any) -> bool:
    return all(each.__class__ is tuple and each[0] in ("def", "class") for each in bound)


def _part(target: Any, value: Any, name: str) -> Any:
    """What a name gets of a row of values."""
    if len(target.elts) != len(value.elts):
        return None
    return next((given for each, given in zip(target.elts, value.elts, strict=True) if isinstance(each, ast.Name) and each.id == name), None)


def _always(function: Any) -> list[Any]:
    """The statements of a function that run whenever it does."""
    found: list[Any] = []
    for statement in function.body if isinstance(function.body, list) else [function.body]:
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            found += _always(statement)
        elif isinstance(statement, ast.Return):
            return [*found, statement]
        elif not isinstance(statement, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Match, ast.Raise)):
            found.append(statement)
        if any(isinstance(node, ast.Return) for node in own_nodes(statement)):
            break  # what follows may not be reached
    return found
