"""Uses of an attribute or a global name that do not name it: `getattr(x, "name")`, `vars(x)`, `__dict__`, `from module import *`, copies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix.occurrences import Occurrences
from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.program.values import ClassValue, External, Instance, Package, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from asynclint.fix.occurrences import Use
    from asynclint.index.facts import Call
    from asynclint.program import Program
    from asynclint.walk.context import Context

_HOOKS = frozenset(  # of copies and pickles, which write attributes by other ways
    {"__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__replace__", "__getnewargs__", "__getnewargs_ex__"}
)
_LOOKING = frozenset({"__getattribute__", "__getattr__", "__setattr__", "__delattr__"})  # methods of the language that get the name


class Doubt(NamedTuple):
    """A place at which something may be used, and whether it surely is."""

    reason: str
    certain: bool


def of_attribute(ctx: Context, family: Set[ClassValue], name: str) -> Iterator[Doubt]:
    """The uses of an attribute of classes, their bases and their subclasses, by other ways than its name."""
    program = ctx.program
    yield from _of_strings(ctx, name, lambda node, scope: _may_be_instance(program, node, scope, family))
    yield from _of_lookups(ctx, lambda node, scope: _is_instance(program, node, scope, family))
    for klass in sorted(family, key=lambda k: (k.module, k.number)):
        yield from _of_class(ctx, klass, name)


def of_global(ctx: Context, module: int, name: str) -> Iterator[Doubt]:
    """The uses of a global name of a module by others than itself, and in itself by other ways than its name."""
    program = ctx.program
    stem = program.resolver.stems[module]
    yield from _of_strings(ctx, name, lambda node, scope: _may_be_module(program, node, scope, stem))
    for use in Occurrences.shared(program, ctx.sources).of(name):
        if isinstance(use.node, ast.Attribute) and _may_be_module(program, use.node.value, use.scope, stem, surely=True):
            yield Doubt(f"`{ast.unparse(use.node)}` in {use.place} uses it too", True)
    if not name.startswith("_"):
        for other in sorted(program.names):
            for star, level in program.facts(other).stars if other != module else ():
                if program.resolver.stem_of_import(("import", star, "", level), other) == stem and _is_named(ctx, other, name):
                    yield Doubt(f"`{program.paths[other]}` imports all names of its module, and uses `{name}` too", True)


def _is_named(ctx: Context, module: int, name: str) -> bool:
    """Whether a module has this name somewhere, or may hand it on to others."""
    program = ctx.program
    stem = program.resolver.stems[module]
    if any(isinstance(use.node, ast.Name) for use in Occurrences.shared(program, ctx.sources).of(name, (module,))):
        return True
    return any(
        other != module and program.resolver.stem_of_import(("import", star, "", level), other) == stem
        for other in program.names
        for star, level in program.facts(other).stars
    ) or any(importers(program, module, name))


def importers(program: Program, module: int, name: str) -> Iterator[int]:
    """The other modules that import a name of a module."""
    stem = program.resolver.stems[module]
    for other in sorted(program.names):
        bindings = (function.bindings.values() for function in program.facts(other).functions) if other != module else ()
        bound = (each for values in bindings for refs in values for each in refs)
        named = (each for each in bound if each.__class__ is tuple and each[0] == "import" and each[2] == name)
        if any(program.resolver.stem_of_import(each, other) == stem for each in named):
            yield other


# -- by the name, as a string


def _of_strings(ctx: Context, name: str, may_be: Any) -> Iterator[Doubt]:
    """The places where the name stands as a string and is looked up on what `may_be` it: in a call of `getattr` and its
    like, or where somebody has all attributes at hand.
    """
    program = ctx.program
    for use in Occurrences.shared(program, ctx.sources).strings(name):
        if use.node.value != name:
            continue
        call = next((node for node in reversed(use.above) if isinstance(node, ast.Call)), None)
        if call is not None and use.node in call.args:
            position = _looks_up(program, call, use.scope)
            if position is not None and call.args[position] is use.node:
                if not position or may_be(call.args[0], use.scope):
                    yield Doubt(f"`{ast.unparse(call)}` in {use.place} uses it too", True)
                continue
        if _is_listed(use):
            continue
        body = _frame(use)
        if any(_views(program, node, use.scope, may_be) for node in ast.walk(body)):
            yield Doubt(f'`"{name}"` in {use.place} may be the name of it', True)


def _is_listed(use: Use) -> bool:
    """Whether a string stands in `__slots__` or `__all__`, which tell of names and use none."""
    statement = next((node for node in reversed(use.above) if isinstance(node, ast.stmt)), None)
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id in ("__slots__", "__all__") for target in targets)


def _frame(use: Use) -> ast.AST:
    """The function around a use, or its module."""
    frames = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return next((node for node in reversed(use.above) if isinstance(node, frames)), use.above[0])


def _looks_up(program: Program, call: ast.Call, scope: Scope) -> int | None:
    """The position of the name among the arguments of a call that looks an attribute up; None for any other call."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _LOOKING:
        return len(call.args) - 1 if call.func.attr not in ("__setattr__",) else len(call.args) - 2
    reflection = program.catalog.reflection
    for value in program.evaluate(ref(call.func), scope):
        position = reflection.get(value.path, -1) if isinstance(value, External) else -1
        if isinstance(position, int) and 0 <= position < len(call.args):
            return position
    return None


def _views(program: Program, node: Any, scope: Scope, may_be: Any) -> bool:
    """Whether an expression gives all attributes of what `may_be` it."""
    if isinstance(node, ast.Attribute):
        return node.attr == "__dict__" and bool(may_be(node.value, scope))
    if not isinstance(node, ast.Call):
        return False
    gives_all = any(
        isinstance(value, External) and program.catalog.reflection.get(value.path) == -1 for value in program.evaluate(ref(node.func), scope)
    )
    return gives_all and (not node.args or bool(may_be(node.args[0], scope)))


# -- by other ways


def _of_lookups(ctx: Context, is_it: Any) -> Iterator[Doubt]:
    """The calls that look up on an instance what only the running program knows, or all that it has."""
    program = ctx.program
    paths = program.catalog.reflection
    names = program.with_aliases(program.catalog.names(paths))
    for module in program.modules_using(names):
        for number in program.facts(module).calls_of(names):
            call = program.call(module, number)
            scope = Scope(module, call.function)
            for value in program.callees(module, number):
                position = paths.get(value.path) if isinstance(value, External) else None
                looks = isinstance(position, int) and not _names_one(call, position)
                if looks and call.arguments and is_it(call.arguments[0][1], scope):
                    shown = f.last_name(call.callee)
                    yield Doubt(f"`{shown}()` in {ctx.source_of(module).where(call.line)} may use it", False)
    for use in Occurrences.shared(program, ctx.sources).of("__dict__"):
        if isinstance(use.node, ast.Attribute) and is_it(ref(use.node.value), use.scope):
            yield Doubt(f"`{ast.unparse(use.node)}` in {use.place} may use it", False)


def _names_one(call: Call, position: int) -> bool:
    """Whether a call names an attribute: another one, or this one, which was told of already."""
    argument = call.arguments[position][1] if 0 <= position < len(call.arguments) else None
    return argument.__class__ is tuple and argument[0] == "const"


def _of_class(ctx: Context, klass: ClassValue, name: str) -> Iterator[Doubt]:
    """What a class says of copies of its instances, and what its bases outside of the project may do."""
    program, resolver = ctx.program, ctx.program.resolver
    if program.is_outside(klass.module):
        if name in ctx.source_of(klass.module).text:
            yield Doubt(f"`{program.module_name(klass.module)}`, outside of the project, may use it", False)
        return
    body = resolver.klass(klass)
    for hook in sorted(_HOOKS & body.bindings.keys()):
        yield Doubt(f"`{body.qualname}.{hook}` makes copies, which may get a lock of their own ({program.paths[klass.module]}:{body.line})", False)
    for base in resolver.mro(klass):
        if isinstance(base, External) and not _is_plain(base.path):
            yield Doubt(f"`{base.path}`, a base of `{body.qualname}` outside of the project, may use it", False)


def _is_plain(path: str) -> bool:
    """Whether a class outside of the project knows of no attribute that a class of the project adds."""
    from asynclint.fix.forbids import PLAIN_BASES

    return path in PLAIN_BASES or path.startswith(("builtins.", "collections.abc.", "typing.", "typing_extensions."))


# -- what an expression may be


def _may_be_instance(program: Program, node: ast.expr, scope: Scope, family: Set[ClassValue]) -> bool:
    values = program.evaluate(ref(node), scope)
    return not values or _is_instance(program, ref(node), scope, family)


def _is_instance(program: Program, expression: Any, scope: Scope, family: Set[ClassValue]) -> bool:
    return any(isinstance(value, Instance) and value.klass in family for value in program.evaluate(expression, scope))


def _may_be_module(program: Program, node: ast.expr | None, scope: Scope, stem: str, *, surely: bool = False) -> bool:
    """Whether an expression is a module; unless `surely`, also whether it may be."""
    if node is None:
        return True
    values = program.evaluate(ref(node), scope)
    if any(isinstance(value, Package) and value.stem == stem for value in values):
        return True
    if any(isinstance(value, (Package, Instance, ClassValue)) for value in values):
        return False
    return (not values and not surely) or _is_looked_up(program, node, scope)


def _is_looked_up(program: Program, node: ast.expr, scope: Scope, depth: int = 3) -> bool:
    """Whether an expression gives a module by its name, as `importlib.import_module` and `sys.modules` do."""
    if isinstance(node, ast.Call):
        return any(
            isinstance(value, External) and value.path in ("importlib.import_module", "builtins.__import__", "importlib.reload")
            for value in program.evaluate(ref(node.func), scope)
        )
    if isinstance(node, ast.Subscript):
        return External("sys.modules") in program.evaluate(ref(node.value), scope)
    if isinstance(node, ast.Name) and depth:
        functions = program.facts(scope.module).functions
        for number in {scope.function, 0}:
            for bound in functions[number].bindings.get(node.id, ()):
                if bound.__class__ is tuple and bound[0] == "call" and str(bound[1]).rpartition(".")[2] in ("import_module", "__import__"):
                    return True
                if bound.__class__ is tuple and bound[0] == "item" and bound[1] == "sys.modules":
                    return True
    return False
