"""What each kind of node adds to the facts, and which nodes below it are looked at next."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.bodies import parameters, signature, stub_flags
from asynclint.index.branches import NONE, if_, if_expression, operation, restore, set_found, try_, while_
from asynclint.index.conditions import STORING, VOLATILE
from asynclint.index.consumption import comprehension, generator_expression, loop, mark, set_guard, with_statement
from asynclint.index.order import children
from asynclint.index.refs import ARGUMENT_DEPTH, annotation, dotted, is_plain, read_name, ref
from asynclint.index.scopes import Klass

if TYPE_CHECKING:
    from collections.abc import Callable

    from asynclint.index.extract import Extractor
    from asynclint.index.facts import Ref
    from asynclint.index.scopes import Frame

CONSUMERS = frozenset(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "sorted",
        "sum",
        "any",
        "all",
        "min",
        "max",
        "next",
        "enumerate",
        "zip",
        "map",
        "filter",
        "join",
        "extend",
        "update",
    ]
)
USERS = frozenset({"len", "int", "float", "bool", "str", "repr", "print", "abs", "round", "format", "dumps"})
ENTERING = {"enter_context": f.ENTERED, "enter_async_context": f.ENTERED_ASYNC}
_NOTHING = (("const", None), ("const", False), ("const", ""), ("const", 0))  # defaults that a test takes for "not given"


def _enter_frame(self: Extractor, frame: Frame) -> None:
    self.frame, self.klass = frame, None


def _enter_class(self: Extractor, klass: Klass) -> None:
    self.klass = klass


def _function(self: Extractor, node: Any) -> None:
    flags = (f.ASYNC if node.__class__ is ast.AsyncFunctionDef else 0) | stub_flags(node.body)
    frame = self._new_frame(node, node.name, self._qualify(node.name), self.frame.number, flags)
    frame.params = parameters(node.args)
    frame.optional = frozenset(name for name, _, _, default in frame.params if default in _NOTHING)
    frame.decorators = tuple(ref(d) for d in node.decorator_list)
    if node.lineno in self.said:
        frame.decorators += (f.mark(*self.said[node.lineno]),)
    frame.returns = annotation(node.returns)
    self.bind(node.name, ("def", frame.number))
    push = self.stack.append
    push((restore, (self.frame, self.klass, self.guard, self.missing, self.given, self.settled)))
    self.stack.extend(reversed(node.body))
    push((set_guard, 0))
    push((set_found, (NONE, NONE, NONE)))
    push((_enter_frame, frame))
    self.stack.extend(signature(node))


def _lambda(self: Extractor, node: Any) -> None:
    if not hasattr(node, "number_"):
        _number_lambda(self, node)
    frame = self.frames[node.number_]
    push = self.stack.append
    push((restore, (self.frame, self.klass, self.guard, self.missing, self.given, self.settled)))
    push(node.body)
    push((set_found, (NONE, NONE, NONE)))
    push((_enter_frame, frame))
    push(node.args)
    if node.body.__class__ is ast.Call:
        self.marks[id(node.body)] = f.LAMBDA_BODY
    frame.values.append(ref(node.body))


def _number_lambda(self: Extractor, node: Any) -> None:
    """Give a lambda its number before the Ref of the expression around it is made."""
    owner, self.klass = self.klass, None
    frame = self._new_frame(node, f.LAMBDA_NAME, f"{self.frame.qualname}.{f.LAMBDA_NAME}".lstrip("."), self.frame.number, f.LAMBDA)
    self.klass = owner
    frame.params = parameters(node.args)


def _number_lambdas(self: Extractor, value: Any) -> None:
    """Number a lambda, or those that a call is given, before the Ref of the value is made."""
    for node in (value,) if value.__class__ is ast.Lambda else value.args:
        if node.__class__ is ast.Lambda:
            _number_lambda(self, node)


def _class(self: Extractor, node: Any) -> None:
    klass = Klass(len(self.classes), node.name, self._qualify(node.name), self.frame.number, self.klass.number if self.klass else -1, node.lineno)
    self.classes.append(klass)
    klass.bases = tuple(ref(base) for base in node.bases)
    klass.decorators = tuple(ref(d) for d in node.decorator_list)
    self.bind(node.name, ("class", klass.number))
    push = self.stack.append
    push((restore, (self.frame, self.klass, self.guard, self.missing, self.given, self.settled)))
    self.stack.extend(reversed(node.body))
    push((_enter_class, klass))
    head = [*node.decorator_list, *getattr(node, "type_params", ()), *node.bases, *node.keywords]
    head.reverse()
    self.stack.extend(head)


def _call(self: Extractor, node: Any) -> None:
    func, args, keywords = node.func, node.args, node.keywords
    callee = ref(func)
    flags = self.marks.pop(id(node), 0) | self.guard
    if self.missing:
        self.frame.memoised.append((len(self.calls), self.missing))
    if self.given:
        self.needs[len(self.calls)] = tuple(sorted(self.given))
    is_method = func.__class__ is ast.Attribute
    if self.settled and is_method and not self.settled.isdisjoint((dotted(func.value), f"{dotted(func.value)}{VOLATILE}")):
        flags |= f.SETTLED
    passed, below = _arguments(self, args, keywords) if args or keywords else ((), ())
    if flags & (f.ASSIGNED | f.DISCARDED) and id(node) in self.targets:
        self.frame.made.append((self.targets.pop(id(node)), len(self.calls)))
    self.calls.append((self.frame.number, callee, passed, flags, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))
    name = func.attr if is_method else getattr(func, "id", "")
    if name in STORING and is_method:
        self.frame.stores.add(dotted(func.value) or "")
    if name in CONSUMERS or name in USERS:
        for argument in args:
            mark(self, argument, f.CONSUMED if name in CONSUMERS else f.USED)
    elif name in ENTERING:
        for argument in args:
            mark(self, argument, ENTERING[name])
    self.stack.extend(below)
    if not is_method:
        self.stack.append(func)
    elif callee.__class__ is not str:
        mark(self, func.value, f.USED)
        self.stack.append(func.value)  # the callee itself is not a read of a property; what it hangs on is
    elif func.value.__class__ is ast.Attribute:
        self.frame.loads[callee[: -len(name) - 1]] = None


def _arguments(self: Extractor, args: list[Any], keywords: list[Any]) -> tuple[tuple[tuple[str | None, Ref], ...], list[Any]]:
    """The arguments of a call as in its row, and those that are looked at next, the last one first: no plain names, constants and attributes."""
    passed: list[tuple[str | None, Ref]] = []
    below: list[Any] = []
    for node in (*args, *keywords):
        keyword, value = None, node
        if node.__class__ is ast.keyword:
            keyword, value = node.arg or "**", node.value
        kind = value.__class__
        if kind is ast.Name:
            passed.append((keyword, value.id))
            continue
        if kind is ast.Lambda and not hasattr(value, "number_"):
            _number_lambda(self, value)
        elif kind is ast.GeneratorExp:
            mark(self, value, f.LAZY)
        elif kind is ast.Starred:
            mark(self, value, f.CONSUMED)
        known = ref(value.value if kind is ast.Starred else value, ARGUMENT_DEPTH)
        passed.append(("*" if kind is ast.Starred else keyword, known))
        if kind is ast.Attribute and known.__class__ is str:
            self.frame.loads[known] = None
        elif kind is not ast.Constant:
            below.append(value)
    if keywords and args and args[-1].__class__ is ast.Starred:  # f(a=1, *b)
        below.sort(key=lambda n: (n.lineno, n.col_offset))
    below.reverse()
    return tuple(passed), below


def _attribute(self: Extractor, node: Any) -> None:
    name = dotted(node)
    if name is None:
        self.frame.loads[read_name(node) or f"?.{node.attr}"] = None  # "?" is something that has no name
        mark(self, node.value, f.USED)
        self.stack.append(node.value)
    elif node.ctx.__class__ is ast.Load:
        self.frame.loads[name] = None
        return
    else:
        self.frame.loads[f"=.{node.attr}"] = None  # assigned or deleted
    if node.value.__class__ is ast.Attribute and name is not None:
        self.frame.loads[dotted(node.value) or ""] = None


def _await(self: Extractor, node: Any) -> None:
    self.frame.suspensions += 1
    if self.settled:
        self.settled = frozenset(name for name in self.settled if not name.endswith(VOLATILE))  # others may have run, and taken what was there
    mark(self, node.value, f.AWAITED)
    self.stack.append(node.value)


def _yield(self: Extractor, node: Any) -> None:
    self.frame.flags |= f.GENERATOR
    self.frame.suspensions += 1
    if node.value is not None:
        known = ref(node.value)
        self.frame.yields.append(known if node.__class__ is ast.Yield or known is None else ("iter", known))
        self.stack.append(node.value)
        if node.__class__ is ast.YieldFrom:
            mark(self, node.value, f.CONSUMED)


def _return(self: Extractor, node: Any) -> None:
    if node.value is not None:
        self.frame.values.append(ref(node.value))
        _mark_returned(self, node.value)
        self.stack.append(node.value)


def _mark_returned(self: Extractor, value: Any) -> None:
    if value.__class__ is ast.IfExp:
        _mark_returned(self, value.body)
        _mark_returned(self, value.orelse)
    elif value.__class__ is ast.BoolOp:
        _mark_returned(self, value.values[-1])
    else:
        mark(self, value, f.RETURNED | f.USED if is_plain(self.frame.returns) else f.RETURNED)


def _expression(self: Extractor, node: Any) -> None:
    value = node.value
    _discard(self, value)
    self.stack.append(value)


def _discard(self: Extractor, value: Any) -> None:
    kind = value.__class__
    if kind is ast.Call:
        mark(self, value, f.DISCARDED)
    elif kind is ast.BoolOp:
        _discard(self, value.values[-1])
    elif kind is ast.IfExp:
        _discard(self, value.body)
        _discard(self, value.orelse)
    elif kind in (ast.ListComp, ast.SetComp):
        _discard(self, value.elt)
    elif kind is ast.Await:
        mark(self, value.value, f.RESULT_DISCARDED)


def _assign(self: Extractor, node: Any) -> None:
    value = node.value
    if value.__class__ is ast.Lambda or value.__class__ is ast.Call:
        _number_lambdas(self, value)
    known = ref(value)
    for target in node.targets:
        self.bind_target(target, known)
    kind = value.__class__
    if (kind is ast.Call or kind is ast.GeneratorExp) and len(node.targets) == 1:
        target = node.targets[0]
        if target.__class__ is ast.Name:
            mark(self, value, f.DISCARDED if target.id == "_" else f.ASSIGNED)
            self.targets[id(value)] = target.id
        elif target.__class__ is ast.Tuple or target.__class__ is ast.List:
            mark(self, value, f.CONSUMED)
    self.stack.append(value)
    for target in node.targets[::-1]:
        if target.__class__ is not ast.Name:
            self.stack.append(target)


def _annotated_assign(self: Extractor, node: Any) -> None:
    declared = annotation(node.annotation)
    if node.value is None:
        if declared is not None:
            self.bind_target(node.target, ("ann", declared))
    else:
        if node.value.__class__ is ast.Lambda or node.value.__class__ is ast.Call:
            _number_lambdas(self, node.value)
        value = ref(node.value)
        if node.target.__class__ is ast.Name:
            mark(self, node.value, f.ASSIGNED)
            self.targets[id(node.value)] = node.target.id
        plain = declared is None or value.__class__ is not tuple or value[0] not in ("call", "await")
        if plain and declared is not None:
            self.bind_target(node.target, ("ann", declared))
        self.bind_target(node.target, value if plain else ("declared", declared, value))
        self.stack.append(node.value)
    self.stack.append(node.annotation)
    self.stack.append(node.target)


def _comparison(self: Extractor, node: Any) -> None:
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if operator.__class__ is ast.In or operator.__class__ is ast.NotIn:
            mark(self, right, f.CONSUMED)
    operation(self, node)


def _augmented_assign(self: Extractor, node: Any) -> None:
    mark(self, node.value, f.USED)
    if node.target.__class__ is not ast.Name or node.target.id in self.frame.free:
        self.frame.flags |= f.WRITES
    self.stack.extend(children(node))


def _walrus(self: Extractor, node: Any) -> None:
    self.bind_target(node.target, ref(node.value))
    mark(self, node.value, f.ASSIGNED)
    self.stack.append(node.value)


def _handler(self: Extractor, node: Any) -> None:
    if node.name:
        self.bind(node.name, ("ann", ref(node.type)) if node.type is not None else None)
    self.stack.extend(children(node))


def _import(self: Extractor, node: Any) -> None:
    for alias in node.names:
        name = alias.name
        if alias.asname:
            self.bind(alias.asname, ("import", name, "", 0))
        else:
            self.bind(name.partition(".")[0], ("import", name.partition(".")[0], "", 0))
            if "." in name and self.klass is None:
                self.bind(name, ("import", name, "", 0))  # tells which submodules are loaded; no name has a dot


def _import_from(self: Extractor, node: Any) -> None:
    for alias in node.names:
        if alias.name == "*":
            self.stars.append((node.module or "", node.level))
        else:
            self.bind(alias.asname or alias.name, ("import", node.module or "", alias.name, node.level))


def _global(self: Extractor, node: Any) -> None:
    self.frame.flags |= f.WRITES
    for name in node.names:
        self.frame.free[name] = 0


def _nonlocal(self: Extractor, node: Any) -> None:
    self.frame.flags |= f.WRITES
    for name in node.names:
        frame = self.frame
        while frame.parent > 0:
            frame = self.frames[frame.parent]
            if name in frame.bindings or any(p[0] == name for p in frame.params):
                self.frame.free[name] = frame.number
                break


def _delete(self: Extractor, node: Any) -> None:
    if any(target.__class__ is not ast.Name for target in node.targets):
        self.frame.flags |= f.WRITES
    self.stack.extend(children(node))


def _capture(self: Extractor, node: Any) -> None:
    if node.name:
        self.bind(node.name, None)
    self.stack.extend(children(node))


HANDLERS: dict[type, Callable[[Extractor, Any], None]] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Lambda: _lambda,
    ast.ClassDef: _class,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Return: _return,
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated_assign,
    ast.AugAssign: _augmented_assign,
    ast.NamedExpr: _walrus,
    ast.For: loop,
    ast.AsyncFor: loop,
    ast.comprehension: comprehension,
    ast.GeneratorExp: generator_expression,
    ast.With: with_statement,
    ast.AsyncWith: with_statement,
    ast.Compare: _comparison,
    ast.If: if_,
    ast.IfExp: if_expression,
    ast.While: while_,
    ast.Try: try_,
    ast.ExceptHandler: _handler,
    **dict.fromkeys(
        (
            *(ast.Assert, ast.BoolOp, ast.UnaryOp, ast.BinOp),
            *(ast.FormattedValue, ast.Subscript, ast.Starred),
        ),
        operation,
    ),
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.MatchAs: _capture,
    ast.MatchStar: _capture,
}
