"""A `Popen` whose output is read line by line becomes a process of the event loop, read with `async for`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.model import Applicability, Edit, Fix, Import, Withheld
from asynclint.program.values import External
from asynclint.walk.leaving import parents_of
from asynclint.walk.locals import COMPREHENSIONS, FUNCTIONS, kept, parts
from asynclint.walk.locking import held_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    import libcst as cst

    from asynclint.walk.context import Context

_TEXT = frozenset({"text", "universal_newlines", "encoding", "errors", "bufsize"})
_TAKEN_OVER = frozenset(
    [
        *("stdin", "stdout", "stderr", "cwd", "env", "close_fds", "pass_fds", "start_new_session", "process_group", "restore_signals"),
        *("creationflags", "startupinfo", "umask", "user", "group", "extra_groups"),
    ]
)
_SAME = frozenset({"pid", "returncode"})  # not `kill()` and its like: asyncio's raise where the process has ended
_LIMIT = "2**26"  # bytes of a line: a file object has no such limit, and that of asyncio is 64 KiB
_TIGHTER = (ast.Attribute, ast.Subscript, ast.Await)


class Stream(NamedTuple):
    """A process that can become one of the loop: the fix, and the calls that go with it."""

    fix: Fix
    calls: frozenset[ast.Call]


def streamed(ctx: Context, node: cst.Call) -> Fix | None:
    """The fix of a call of `Popen` whose output is read line by line in its function; None for any other call.

    Raises Withheld where the call goes with the `Popen` of its process.
    """
    function = ctx.function_node
    whole = ctx.twin(function) if function is not None else None
    if not isinstance(whole, ast.AsyncFunctionDef) or ctx.backend != "asyncio":
        return None
    key = ("streams", whole)
    if key not in ctx.plans:
        ctx.plans[key] = _streams(ctx, whole)
    streams: dict[ast.Call, Stream] = ctx.plans[key]
    here = ctx.twin(node)
    if here in streams:
        return streams[here].fix
    for call, stream in streams.items():
        if here in stream.calls:
            raise Withheld(f"it changes with the `Popen` of {ctx.source.named(call.lineno)}: see the fix there")
    return None


def _streams(ctx: Context, function: ast.AsyncFunctionDef) -> dict[ast.Call, Stream]:
    found: dict[ast.Call, Stream] = {}
    parents: Mapping[ast.AST, Any] = {}
    for node in (node for top in function.body for node in parts(top)):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        if isinstance(node.value, ast.Call) and External("subprocess.Popen") in ctx.evaluate(node.value.func):
            parents = parents or parents_of(function)
            stream = _Process(ctx, function, parents, node.value, node.targets[0].id).stream()
            if stream is not None:
                found[node.value] = stream
    return found


class _Process:
    """One `Popen` and all that its function does with it."""

    def __init__(self, ctx: Context, function: ast.AsyncFunctionDef, parents: Mapping[ast.AST, Any], call: ast.Call, name: str) -> None:
        self.ctx, self.function, self.parents, self.call, self.name = ctx, function, parents, call, name
        self.decode: str | None = None  # the call that makes text of a line, where the process gives text
        self.lines = 0
        self.edits: list[Edit] = []
        self.calls: set[ast.Call] = set()

    def stream(self) -> Stream | None:
        """The process as one of the loop; None where something cannot be carried over, or nothing reads it line by line."""
        started = self._started()
        if started is None or self.name in kept(self.function.body):
            return None
        self.edits.append(Edit(self.ctx.path, self.ctx.span_of(self.call), started))
        uses = [node for top in self.function.body for node in parts(top) if isinstance(node, ast.Name) and node.id == self.name]
        bound = [use for use in uses if not isinstance(use.ctx, ast.Load)]
        if len(bound) != 1 or not all(self._follow(use) for use in uses if use is not bound[0]) or not self.lines:
            return None
        title = f"Start it with `await {started.partition('(')[0].removeprefix('await ')}(...)` and read it with `async for`"
        return Stream(Fix(title, Applicability.UNSAFE, tuple(self.edits), (Import(self.ctx.path, "asyncio"),)), frozenset(self.calls))

    def _started(self) -> str | None:
        """The call that starts the process on the loop."""
        ctx, call = self.ctx, self.call
        given = {keyword.arg or "**": keyword.value for keyword in call.keywords}
        shell = given.pop("shell", ast.Constant(False))
        if len(call.args) != 1 or not given.keys() <= _TEXT | _TAKEN_OVER or not isinstance(shell, ast.Constant) or "#" in ctx.text_of(call):
            return None
        if "stdout" not in given or External("subprocess.PIPE") not in ctx.evaluate(given["stdout"]) or not self._may_await(call):
            return None
        command: Any = call.args[0]
        if shell.value:
            head = [ctx.text_of(command)]
        elif isinstance(command, (ast.List, ast.Tuple)) and command.elts:
            head = [ctx.text_of(each) for each in command.elts]
        else:
            return None
        flags = [given[name] for name in ("text", "universal_newlines") if name in given]
        if not all(isinstance(flag, ast.Constant) for flag in flags):
            return None
        options = [f"{name}={ctx.text_of(given[name])}" for name in ("encoding", "errors") if name in given]
        if options or any(flag.value for flag in flags):  # type: ignore[attr-defined]
            self.decode = f"decode({', '.join(options)})"
        kept_options = [f"{name}={ctx.text_of(value)}" for name, value in given.items() if name not in _TEXT]
        kept_options.append(f"limit={_LIMIT}")
        kind = "shell" if shell.value else "exec"
        return f"await asyncio.create_subprocess_{kind}({', '.join([*head, *kept_options])})"

    def _follow(self, use: ast.Name) -> bool:
        """Whether a use of the process can be carried over; notes how."""
        above = self.parents[use]
        if not isinstance(above, ast.Attribute):
            return False
        outer = self.parents[above]
        if above.attr in _SAME:
            return True
        if above.attr == "wait" and isinstance(outer, ast.Call) and outer.func is above and not outer.args and not outer.keywords:
            return self._awaited(outer, "")
        if above.attr != "stdout":
            return False
        if isinstance(outer, ast.For) and outer.iter is above:
            return self._loop(outer)
        if isinstance(outer, ast.Attribute) and outer.attr == "readline":
            call = self.parents[outer]
            if isinstance(call, ast.Call) and call.func is outer and not call.args and not call.keywords:
                self.lines += 1
                return self._awaited(call, f".{self.decode}" if self.decode else "")
            loop = self.parents[call] if isinstance(call, ast.Call) else None
            if isinstance(loop, ast.For) and loop.iter is call and self._until_end(call, outer):
                self.edits.append(Edit(self.ctx.path, self.ctx.span_of(call), self.ctx.text_of(above)))
                return self._loop(loop)
        return False

    def _until_end(self, call: Any, reads: ast.Attribute) -> bool:
        """Whether a call is `iter(p.stdout.readline, "")`."""
        if len(call.args) != 2 or call.args[0] is not reads or External("builtins.iter") not in self.ctx.evaluate(call.func):
            return False
        return isinstance(call.args[1], ast.Constant) and call.args[1].value == ("" if self.decode else b"")

    def _loop(self, loop: ast.For) -> bool:
        ctx, first = self.ctx, loop.body[0]
        if not isinstance(loop.target, ast.Name) or not self._may_await(loop.iter):
            return False
        self.lines += 1
        self._insert(loop.lineno, loop.col_offset, "async ")
        if self.decode:
            line = loop.target.id
            start = ctx.source.offset_at(first.lineno, first.col_offset)
            alone = not ctx.source.line_text(first.lineno)[: ctx.source.position(start).column - 1].strip()
            separator = f"{ctx.source.newline}{ctx.source.indentation(start)}" if alone else "; "
            self._insert(first.lineno, first.col_offset, f"{line} = {line}.{self.decode}{separator}")
        return not isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))  # these may begin with a decorator

    def _awaited(self, call: ast.Call, then: str) -> bool:
        if not self._may_await(call):
            return False
        outer = self.parents[call]
        tight = bool(then) or isinstance(outer, _TIGHTER) or (isinstance(outer, ast.Call) and outer.func is call)
        self._insert(call.lineno, call.col_offset, "(await " if tight else "await ")
        if tight:
            self._insert(call.end_lineno or 0, call.end_col_offset or 0, f"){then}")
        self.calls.add(call)
        return True

    def _may_await(self, node: ast.expr) -> bool:
        """Whether an `await` may stand at a place in the function."""
        withs, above = [], self.parents[node]
        while above is not self.function:
            if isinstance(above, (*COMPREHENSIONS, *FUNCTIONS, ast.ClassDef)):
                return False
            if isinstance(above, ast.With):
                withs.append(above)
            above = self.parents[above]
        return not held_at(self.ctx, self.function, withs, node)

    def _insert(self, line: int, column: int, text: str) -> None:
        offset = self.ctx.source.offset_at(line, column)
        self.edits.append(Edit(self.ctx.path, self.ctx.source.span(offset, offset), text))
