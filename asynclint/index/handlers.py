"""What each kind of node adds to the facts, and which nodes below it are looked at next."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.conditions import STORING, given, leaves, settled, tested
from asynclint.index.guards import guarded_parts
from asynclint.index.order import children
from asynclint.index.refs import ARGUMENT_DEPTH, annotation, caught_names, dotted, is_plain, ref
from asynclint.index.scopes import Klass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

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
_NONE: frozenset[str] = frozenset()
_NOTHING = (("const", None), ("const", False), ("const", ""), ("const", 0))  # defaults that a test takes for "not given"
_OTHER_EXCEPTIONS = frozenset(dir(builtins)) - {"BaseException"}  # names that, unless they are bound anew, catch no cancellation


def restore(self: Extractor, state: Any) -> None:
    if state is not None:
        self.frame, self.klass, self.guard, self.missing, self.given, self.settled = state


def _enter_frame(self: Extractor, frame: Frame) -> None:
    self.frame, self.klass = frame, None


def _enter_class(self: Extractor, klass: Klass) -> None:
    self.klass = klass


def _set_found(self: Extractor, found: tuple[frozenset[str], frozenset[str], frozenset[str]]) -> None:
    self.missing, self.given, self.settled = found


def _add_found(self: Extractor, found: tuple[frozenset[str], frozenset[str], frozenset[str]]) -> None:
    self.missing, self.given, self.settled = self.missing | found[0], self.given | found[1], self.settled | found[2]


def _set_guard(self: Extractor, guard: int) -> None:
    self.guard = guard


def _parameters(args: ast.arguments) -> tuple[tuple[Any, ...], ...]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    found = [(a.arg, f.POSITIONAL, annotation(a.annotation), ref(d)) for a, d in zip(positional, defaults, strict=True)]
    if args.vararg:
        found.append((args.vararg.arg, f.VAR_POSITIONAL, annotation(args.vararg.annotation), None))
    found += [(a.arg, f.KEYWORD, annotation(a.annotation), ref(d)) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg:
        found.append((args.kwarg.arg, f.VAR_KEYWORD, annotation(args.kwarg.annotation), None))
    return tuple(found)


def _function(self: Extractor, node: Any) -> None:
    flags = f.ASYNC if node.__class__ is ast.AsyncFunctionDef else 0
    frame = self._new_frame(node, node.name, self._qualify(node.name), self.frame.number, flags)
    frame.params = _parameters(node.args)
    frame.optional = frozenset(name for name, _, _, default in frame.params if default in _NOTHING)
    frame.decorators = tuple(ref(d) for d in node.decorator_list)
    frame.returns = annotation(node.returns)
    self.bind(node.name, ("def", frame.number))
    push = self.stack.append
    push((restore, (self.frame, self.klass, self.guard, self.missing, self.given, self.settled)))
    self.stack.extend(reversed(node.body))
    push((_set_guard, 0))
    push((_set_found, (_NONE, _NONE, _NONE)))
    push((_enter_frame, frame))
    self.stack.extend(_signature(node))


def _signature(node: Any) -> list[ast.AST]:
    """Decorators, type parameters, annotations and defaults, last first: they run in the enclosing frame."""
    found: list[ast.AST] = [*node.decorator_list, *getattr(node, "type_params", ()), node.args]
    if node.returns is not None:
        found.append(node.returns)
    found.reverse()
    return found


def _lambda(self: Extractor, node: Any) -> None:
    if not hasattr(node, "number_"):
        _number_lambda(self, node)
    frame = self.frames[node.number_]
    push = self.stack.append
    push((restore, (self.frame, self.klass, self.guard, self.missing, self.given, self.settled)))
    push(node.body)
    push((_set_found, (_NONE, _NONE, _NONE)))
    push((_enter_frame, frame))
    push(node.args)
    if node.body.__class__ is ast.Call:
        self.marks[id(node.body)] = f.LAMBDA_BODY
    frame.values.append(ref(node.body))


def _number_lambda(self: Extractor, node: Any) -> None:
    """Give a lambda its number before the Ref of the expression around it is made."""
    owner, self.klass = self.klass, None
    frame = self._new_frame(node, "<lambda>", f"{self.frame.qualname}.<lambda>".lstrip("."), self.frame.number, f.LAMBDA)
    self.klass = owner
    frame.params = _parameters(node.args)


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
    if self.settled and is_method and dotted(func.value) in self.settled:
        flags |= f.SETTLED
    passed, below = _arguments(self, args, keywords) if args or keywords else ((), ())
    self.calls.append((self.frame.number, callee, passed, flags, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))
    name = func.attr if is_method else getattr(func, "id", "")
    if name in STORING and is_method:
        self.frame.stores.add(dotted(func.value) or "")
    if name in CONSUMERS or name in USERS:
        for argument in args:
            _mark(self, argument, f.CONSUMED if name in CONSUMERS else f.USED)
    self.stack.extend(below)
    if not is_method:
        self.stack.append(func)
    elif callee.__class__ is not str:
        _mark(self, func.value, f.USED)
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


def _mark(self: Extractor, node: ast.AST, flag: int) -> None:
    if node.__class__ is ast.Call:
        self.marks[id(node)] = self.marks.get(id(node), 0) | flag


def _attribute(self: Extractor, node: Any) -> None:
    name = dotted(node)
    if name is None:
        self.frame.loads[f"?.{node.attr}"] = None  # of something that has no name
        _mark(self, node.value, f.USED)
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
    _mark(self, node.value, f.AWAITED)
    self.stack.append(node.value)


def _yield(self: Extractor, node: Any) -> None:
    self.frame.flags |= f.GENERATOR
    self.frame.suspensions += 1
    if node.value is not None:
        self.frame.yields.append(ref(node.value))
        self.stack.append(node.value)
        if node.__class__ is ast.YieldFrom:
            _mark(self, node.value, f.CONSUMED)


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
        _mark(self, value, f.RETURNED | f.USED if is_plain(self.frame.returns) else f.RETURNED)


def _expression(self: Extractor, node: Any) -> None:
    value = node.value
    _discard(self, value)
    self.stack.append(value)


def _discard(self: Extractor, value: Any) -> None:
    kind = value.__class__
    if kind is ast.Call:
        _mark(self, value, f.DISCARDED)
    elif kind is ast.BoolOp:
        _discard(self, value.values[-1])
    elif kind is ast.IfExp:
        _discard(self, value.body)
        _discard(self, value.orelse)
    elif kind in (ast.ListComp, ast.SetComp):
        _discard(self, value.elt)
    elif kind is ast.Await:
        _mark(self, value.value, f.RESULT_DISCARDED)


def _assign(self: Extractor, node: Any) -> None:
    value = node.value
    if value.__class__ is ast.Lambda or value.__class__ is ast.Call:
        _number_lambdas(self, value)
    known = ref(value)
    for target in node.targets:
        self.bind_target(target, known)
    if value.__class__ is ast.Call and len(node.targets) == 1 and node.targets[0].__class__ is ast.Name:
        _mark(self, value, f.DISCARDED if node.targets[0].id == "_" else f.ASSIGNED)
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
            _mark(self, node.value, f.ASSIGNED)
        plain = declared is None or value.__class__ is not tuple or value[0] not in ("call", "await")
        if plain and declared is not None:
            self.bind_target(node.target, ("ann", declared))
        self.bind_target(node.target, value if plain else ("declared", declared, value))
        self.stack.append(node.value)
    self.stack.append(node.annotation)
    self.stack.append(node.target)


def _operation(self: Extractor, node: Any) -> None:
    """Nodes that use the values of the expressions directly below, or may."""
    below = children(node)
    for child in below:
        if child.__class__ is ast.Call:
            _mark(self, child, f.USED)
    self.stack.extend(below)


def _augmented_assign(self: Extractor, node: Any) -> None:
    _mark(self, node.value, f.USED)
    if node.target.__class__ is not ast.Name or node.target.id in self.frame.free:
        self.frame.flags |= f.WRITES
    self.stack.extend(children(node))


def _walrus(self: Extractor, node: Any) -> None:
    self.bind_target(node.target, ref(node.value))
    _mark(self, node.value, f.ASSIGNED)
    self.stack.append(node.value)


def _for(self: Extractor, node: Any) -> None:
    _iteration(self, node, is_async=node.__class__ is ast.AsyncFor)


def _comprehension(self: Extractor, node: Any) -> None:
    for test in node.ifs:
        _mark(self, test, f.USED)
    _iteration(self, node, is_async=bool(node.is_async))


def _iteration(self: Extractor, node: Any, *, is_async: bool) -> None:
    if is_async:
        self.frame.suspensions += 1
        self.bind_target(node.target, ("aiter", ref(node.iter)))
    else:
        _mark(self, node.iter, f.CONSUMED)
        self.bind_target(node.target, ("iter", ref(node.iter)))
    self.stack.extend(children(node))


def _with(self: Extractor, node: Any) -> None:
    is_async = node.__class__ is ast.AsyncWith
    if is_async:
        self.frame.suspensions += 1
    else:
        self.stack.append((_leave_with, (node, self.frame.suspensions)))
    self.stack.extend(reversed(node.body))
    for item in reversed(node.items):
        if not is_async:
            _mark(self, item.context_expr, f.ENTERED)
        if item.optional_vars is not None:
            self.bind_target(item.optional_vars, ("aenter" if is_async else "enter", ref(item.context_expr)))
            self.stack.append(item.optional_vars)
        self.stack.append(item.context_expr)


def _leave_with(self: Extractor, entered: Any) -> None:
    node, before = entered
    if self.frame.suspensions > before and self.frame.flags & (f.ASYNC | f.GENERATOR):
        for item in node.items:
            expression = item.context_expr
            self.withs.append((self.frame.number, ref(expression), expression.lineno, expression.col_offset))


def _if(self: Extractor, node: Any) -> None:
    """What a test finds missing may be computed and remembered in the body, in the `else`, or after a body that leaves; what it finds given may be
    needed there, and what it finds done need not be waited for.
    """
    _mark(self, node.test, f.USED)
    guarded = guarded_parts(node)
    asked = tested(node.test, self.frame.bindings) if self.frame.number and not guarded else None
    done = settled(node.test)
    if guarded or (asked is None and done is None and not (self.frame.optional and node.test.__class__ is ast.BoolOp)):
        _parts(self, node, guarded)
        return
    names, missing = asked or (_NONE, False)
    optional = self.frame.optional & names
    finished = frozenset(done[:1]) if done else _NONE
    both = given(node.test, self.frame.optional, self.frame.bindings)
    in_body = (names, both) if missing else (_NONE, optional | both)
    after = (_NONE, optional) if missing else (names, _NONE)
    found = [(*in_body, finished if done and done[1] else _NONE), (*after, finished if done and not done[1] else _NONE)]
    if leaves(node.body):
        self.stack.append((_add_found, found[1]))
    now = (self.missing, self.given, self.settled)
    for statements, there in ((node.orelse, found[1]), (node.body, found[0])):
        if statements:
            self.stack += [(_set_found, now), *reversed(statements), (_add_found, there)]
    self.stack.append(node.test)


def _while(self: Extractor, node: Any) -> None:
    done = settled(node.test)
    if done is None or not done[1]:
        _operation(self, node)
        return
    _mark(self, node.test, f.USED)
    now = (self.missing, self.given, self.settled)
    self.stack += [*reversed(node.orelse), (_set_found, now), *reversed(node.body), (_add_found, (_NONE, _NONE, frozenset(done[:1])))]
    self.stack.append(node.test)


def _try(self: Extractor, node: Any) -> None:
    if node.handlers and self.frame.flags & f.ASYNC:
        self.stack.append((_leave_try, (node, self.frame.suspensions)))
    _parts(self, node, guarded_parts(node))


def _parts(self: Extractor, node: Any, guarded: Collection[int]) -> None:
    """`if` and `try`: parts of them may run only off the loop."""
    if not guarded:
        self.stack.extend(children(node))
        return
    guard = self.guard
    for child in children(node):
        if id(child) in guarded:
            self.stack += [(_set_guard, guard), child, (_set_guard, f.GUARDED)]
        else:
            self.stack.append(child)


def _leave_try(self: Extractor, entered: Any) -> None:
    """Record what may catch the cancellation of a coroutine."""
    node, before = entered
    if self.frame.suspensions > before:
        for handler in node.handlers:
            names = caught_names(handler.type)
            if not _OTHER_EXCEPTIONS.issuperset(names):
                self.catches.append((self.frame.number, names))


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
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.comprehension: _comprehension,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.If: _if,
    ast.While: _while,
    ast.Try: _try,
    ast.ExceptHandler: _handler,
    **dict.fromkeys(
        (
            *(ast.IfExp, ast.Assert, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Compare),
            *(ast.FormattedValue, ast.Subscript, ast.Starred),
        ),
        _operation,
    ),
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.MatchAs: _capture,
    ast.MatchStar: _capture,
}
