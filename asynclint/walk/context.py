"""What a rule may ask of the module at hand and of the whole program, and how it reports."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.refs import dotted, read_name, ref
from asynclint.model import Applicability, Confidence, Finding, Fix, Frame, Severity, Span
from asynclint.program.calls import Site
from asynclint.program.values import External, FunctionValue, Scope
from asynclint.walk.backends import Backends, first, imported

if TYPE_CHECKING:
    from collections.abc import Callable

    import libcst as cst

    from asynclint.program import Program
    from asynclint.program.effects import Effect
    from asynclint.program.values import FunctionKey, Values
    from asynclint.source import Source
    from asynclint.walk.positions import Places
    from asynclint.walk.rule import Rule
    from asynclint.walk.sources import Sources


class Context:
    """One module while its tree is walked. Nodes that are asked about must be of a kind in `positions.TWINS`."""

    def __init__(
        self,
        program: Program,
        module: int,
        source: Source,
        places: Places,
        sources: Sources,
        target_version: tuple[int, int],
        task_errors: str = "ignore",
    ) -> None:
        self.program = program
        self.module = module
        self.source = source
        self.path = source.path
        self.target_version = target_version
        self.task_errors = task_errors  # what a task that is kept does with its exception: "ignore" or "log"
        self.ancestors: list[cst.CSTNode] = []
        self.rule: Rule
        self.findings: list[Finding] = []
        self.plans: dict[tuple[str, object], Any] = {}  # what was found out about whole functions and the like, by kind and function
        self._frames: dict[int, cst.CSTNode | None] = {}  # by id of a node, see `_frame_around`
        self._twins = places.twins
        self._nodes: dict[int, cst.CSTNode] = {}  # the other way round, by id; made when first asked for
        self._numbers = places.numbers
        self.sources = sources
        self._functions = {(fn.line, fn.column): n for n, fn in enumerate(program.facts(module).functions) if n}

    # -- places and texts

    def twin(self, node: cst.CSTNode) -> Any:
        """The node of the standard library's tree that is the same code. Raises TypeError for a node of a kind that has none."""
        try:
            return self._twins[node]
        except KeyError:
            kind = node.__class__.__name__
            raise TypeError(f"a `{kind}` has no place of its own; ask for the node around it, or for a part of its `ctx.twin()`") from None

    def node_of(self, twin: Any) -> cst.CSTNode:
        """The node whose twin this is."""
        if not self._nodes:
            self._nodes = {id(each): node for node, each in self._twins.items()}
        return self._nodes[id(twin)]

    def span(self, node: cst.CSTNode) -> Span:
        """The place of a node, without parentheses around it."""
        return self.span_of(self.twin(node))

    def span_of(self, twin: Any) -> Span:
        """The place of a node of the standard library's tree."""
        return self.source.span_of(twin.lineno, twin.col_offset, twin.end_lineno, twin.end_col_offset)

    def text(self, node: cst.CSTNode) -> str:
        """The source text of a node, without parentheses around it."""
        return self.text_of(self.twin(node))

    def text_of(self, twin: Any) -> str:
        """The source text of a node of the standard library's tree."""
        span = self.span_of(twin)
        return self.source.text[span.start.offset : span.end.offset]

    def name(self, node: cst.Call) -> str:
        """How a call's function is written, on one line, shortened in the middle."""
        text = self.text_of(self._twins[node].func)
        text = " ".join((ast.unparse(self._twins[node].func) if "#" in text else text).split())
        return text if len(text) <= 60 else f"{text[:28]}...{text[-28:]}"

    def once(self, what: str, whole: object, find: Callable[[], Any]) -> Any:
        """What is found out about a whole function, or whatever else many findings share, the first time that it is asked for."""
        key = (what, whole)
        if key not in self.plans:
            self.plans[key] = find()
        return self.plans[key]

    # -- the function at hand

    @property
    def function_node(self) -> cst.CSTNode | None:
        """The function or lambda in whose frame the node at hand runs; None at module level. Decorators and defaults run outside."""
        path = self.ancestors
        if not path:
            return None
        if path[-1].__class__.__name__ == "Lambda":
            return path[-1]  # the node at hand is the lambda's body
        return self._frame_around()

    def _frame_around(self) -> cst.CSTNode | None:
        """The function in whose body the last ancestor stands. What is found out of the nodes on the way there is kept: a path may be long."""
        path, known = self.ancestors, self._frames
        n = len(path) - 1
        found: cst.CSTNode | None = None
        while n >= 0 and id(path[n]) not in known:
            above = path[n - 1] if n else None
            if above.__class__.__name__ in ("FunctionDef", "Lambda") and above.body is path[n]:  # type: ignore[union-attr]
                found = above
                break
            n -= 1
        else:
            found = known[id(path[n])] if n >= 0 else None
        for node in path[max(n, 0) :]:
            known[id(node)] = found
        return found

    @property
    def function(self) -> FunctionKey:
        """The key of the function in whose frame the node at hand runs."""
        node = self.function_node
        if node is None:
            return (self.module, 0)
        twin = self._twins[node]
        return (self.module, self._functions[(twin.lineno, twin.col_offset)])

    def defined(self, node: cst.FunctionDef) -> FunctionKey:
        """The key of the function that a node defines."""
        twin = self._twins[node]
        return (self.module, self._functions[(twin.lineno, twin.col_offset)])

    @property
    def scope(self) -> Scope:
        """The scope in which names at the node at hand are read."""
        return Scope(*self.function)

    @property
    def on_loop(self) -> bool:
        """Whether the node at hand runs on an event loop."""
        return self.program.contexts.on_loop(self.function)

    def cannot_await(self) -> str:
        """Why no `await` may stand at the node at hand, or ""."""
        comprehensions = 0
        for n in range(len(self.ancestors) - 1, -1, -1):
            node = self.ancestors[n]
            kind = node.__class__.__name__
            inside = n + 1 < len(self.ancestors) and self.ancestors[n + 1] is getattr(node, "body", None)
            if kind == "FunctionDef":
                if not inside:
                    return "the call stands in a decorator or a default"
                if node.asynchronous is None:  # type: ignore[attr-defined]
                    return f"`{node.name.value}` is not a coroutine, so it cannot await"  # type: ignore[attr-defined]
                return ""
            if kind == "Lambda":
                return "the call stands in a lambda, which cannot await"
            if kind == "GeneratorExp":
                return "the call stands in a generator expression, which would become an asynchronous one"
            if kind == "ClassDef":
                return "the call stands in a class body, which cannot await"
            if kind in ("ListComp", "SetComp", "DictComp"):
                comprehensions += 1
                if comprehensions > 1 and self.target_version < (3, 11):
                    return "an `await` in a nested comprehension needs Python 3.11"
        if not self.source.may_await:
            return "the call stands at module level, outside a coroutine"
        line = next((self._twins[node].lineno for node in reversed(self.ancestors) if node in self._twins), 0)
        return "" if self.source.may_await_at(line) else "the call stands in a cell that cannot await"

    # -- meaning

    def evaluate(self, twin: Any) -> Values:
        """What an expression (of the standard library's tree) may stand for, read at the node at hand."""
        return self.program.evaluate(ref(twin), self.scope)

    def call_facts(self, node: cst.Call) -> f.Call:
        """What the index knows of a call."""
        return self.program.call(self.module, self._numbers[node])

    def site(self, node: cst.CSTNode) -> Site:
        """The identity of a call, or of the reading of an attribute, in the program."""
        number = self._numbers.get(node)
        if number is not None:
            return Site(self.module, self.program.call(self.module, number).function, number)
        return Site(self.module, self.function[1], -1, read_name(self._twins[node]) or "")

    def callees(self, node: cst.Call) -> Values:
        """What a call may call."""
        return self.program.callees(self.module, self._numbers[node])

    def callee_paths(self, node: cst.Call) -> list[str]:
        """The canonical paths of what a call may call outside the project."""
        return [value.path for value in self.callees(node) if isinstance(value, External)]

    def effect(self, node: cst.CSTNode) -> Effect | None:
        """What a call, or the reading of an attribute, blocks on; None where it does not or nobody knows."""
        return self.program.effects.worst(self.site(node))

    def property_effect(self, node: cst.Attribute) -> Effect | None:
        """What the reading of an attribute blocks on, where that runs a property of the project."""
        return self.effect(node) if isinstance(self._twins[node].ctx, ast.Load) else None

    def target(self, node: cst.CSTNode) -> FunctionValue | None:
        """The function of the project through which a call blocks."""
        effect = self.effect(node)
        return FunctionValue(*effect.through) if effect is not None and effect.through is not None else None

    def source_of(self, module: int) -> Source:
        """The source of any module of the program."""
        return self.source if module == self.module else self.sources.get(module)

    def function_tree(self, key: FunctionKey) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """The node of the standard library's tree that is a function of the program, no lambda."""
        return _functions_in(self.sources.tree(key[0]))[self.program.function(key).line, self.program.function(key).column]

    @property
    def backend(self) -> str:
        """The library in whose words the function at hand awaits (see `Backends.of`): asyncio, anyio or trio, or another for which there are none."""
        return Backends.shared(self.program, self.sources).of(self.function)

    # -- reporting

    def frame(self, site: Site, node: cst.CSTNode | None = None) -> Frame:
        """A call site as a hop of a chain; `node` where it is one of the module at hand."""
        program = self.program
        key = (site.module, site.function)
        if node is not None:
            line, column = self._twins[node].lineno, self._twins[node].col_offset
        elif site.call >= 0:
            call = program.call(site.module, site.call)
            line, column = call.line, call.column
        else:
            line, column = _place_of_load(self.sources.tree(site.module), program.function(key), site.load)
        return self.frame_at(key, line, column)

    def frame_at(self, key: FunctionKey, line: int, column: int) -> Frame:
        """A place in a function of the program, as a hop of a chain; the column counts bytes from 0."""
        source, function = self.sources.get(key[0]), self.program.function(key)
        position = source.position(source.offset_at(line, column))
        return Frame(self.program.paths[key[0]], position.line, position.column, function.qualname, source.line_text(position.line).strip())

    def chain(self, node: cst.CSTNode) -> tuple[Frame, ...]:
        """The hops from a blocking call to the primitive, the call itself first."""
        return tuple(self.frame(site, None if n else node) for n, (site, _) in enumerate(self.program.effects.chain(self.site(node))))

    def report(
        self,
        node: cst.CSTNode,
        message: str,
        *,
        fix: Fix | None = None,
        no_fix: str = "",
        chain: tuple[Frame, ...] = (),
        help: str = "",
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        span: Span | None = None,
    ) -> None:
        """Report a finding of the rule at hand at a node. Without a `fix`, `no_fix` must say why there is none."""
        if fix is None and not no_fix:
            raise ValueError(f"{self.rule.code}: a finding without a fix must say why (`no_fix`)")
        if fix is not None and fix.applicability is Applicability.MANUAL and not fix.edits:
            raise ValueError(f"{self.rule.code}: a fix without edits is no fix; use `no_fix`")
        taken = self._taken_name(fix, (span or self.span(node)).start.line) if fix is not None else ""
        if taken:
            fix, no_fix = None, f"the fix needs the name `{taken}`, which means something else here"
        rule = self.rule
        self.findings.append(
            Finding(
                rule.code,
                rule.name,
                message,
                severity or rule.severity,
                confidence or rule.confidence,
                self.path,
                self.program.function(self.function).qualname,
                span or self.span(node),
                chain,
                fix,
                "" if fix else no_fix,
                "",
                help,
            )
        )

    def _taken_name(self, fix: Fix, line: int) -> str:
        """A name that a fix needs from the module but that means something else on a line of the function at hand; "" where there is none."""
        for each in fix.imports:
            name, top = each.name or each.module.partition(".")[0], each.module.partition(".")[0]
            number, bound = self._binding(name)
            if each.path != self.path or (number == 0 and not bound):
                continue
            if not any(ref.__class__ is tuple and ref[0] == "import" and ref[1].partition(".")[0] == top for ref in bound):
                return name
            if number and number == self.function[1] and not _imported_above(self._twins[self.function_node], name, line):  # type: ignore[index]
                return name
        for declaration in fix.declarations:
            statement: Any = ast.parse(declaration.text).body[0]
            if isinstance(statement, ast.FunctionDef):
                number, bound = self._binding(statement.name)
                if number or (bound and ast.dump(statement) not in map(ast.dump, self.sources.tree(self.module).body)):
                    return statement.name
                continue
            name = dotted(statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]) or ""
            number, bound = self._binding(name)
            values = [known[2] if known.__class__ is tuple and known[0] == "declared" else known for known in bound]
            if number or (bound and ref(statement.value) not in values):
                return name
        return ""

    def _binding(self, name: str) -> tuple[int, tuple[f.Ref, ...]]:
        """The function (0: the module) in which a name of the function at hand is bound, and to what."""
        functions, number = self.program.facts(self.module).functions, self.function[1]
        while number > 0 and name not in functions[number].bindings and all(param.name != name for param in functions[number].params):
            number = functions[number].parent
        return max(number, 0), functions[max(number, 0)].bindings.get(name, ())


def backend_of(program: Program, module: int) -> str:
    """The library whose words a module uses for async work: asyncio, anyio or trio; for a module of one of them that imports none, its own."""
    return first(imported(program, module))


def _imported_above(function: ast.AST, name: str, line: int) -> bool:
    """Whether an import in a function binds a name above a line."""
    imports = [node for node in ast.walk(function) if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno < line]
    return any((alias.asname or alias.name.partition(".")[0]) == name for node in imports for alias in node.names)


def _place_of_load(tree: ast.Module, function: f.Function, name: str) -> tuple[int, int]:
    """Line and column of the first reading of a dotted name in a function."""
    around = [statement for statement in tree.body if statement.lineno <= function.end_line and (statement.end_lineno or 0) >= function.line]
    places = [
        (node.lineno, node.col_offset)
        for statement in around
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and function.line <= node.lineno <= function.end_line and read_name(node) == name
    ]
    return min(places, default=(function.line, function.column))


@lru_cache(maxsize=8)
def _functions_in(tree: ast.Module) -> dict[tuple[int, int], ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module by their place; no lambdas."""
    return {(node.lineno, node.col_offset): node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
