"""What a call does to files, and which ones, as far as the text tells."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.program.values import External, FunctionValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.fix.touches import View

_SAME_PLACE = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "builtins.str", "os.fspath", "os.path.abspath", "os.path.normpath"})
_JOINING = frozenset({"os.path.join", "pathlib.Path", "pathlib.Path.joinpath", "pathlib.Path.with_suffix", "pathlib.Path.with_name"})
_WRITTEN_OUT = (ast.BinOp, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Name)
_DEPTH = 6


class FileAccess(NamedTuple):
    """One touch of files: what is done (see `FileUse.does`), how the paths are written, how their parts are, the names in them, and the call.

    Spellings are those of the function that is looked at, with local names replaced by what they are bound to. No `whole`: not known which file.
    """

    does: str
    whole: frozenset[str]
    parts: frozenset[str]
    names: frozenset[str]
    node: Any


def files_of(view: View, call: ast.Call) -> list[FileAccess]:
    """The files that a call touches, itself or through functions of the program."""
    found = []
    for value in view.evaluate(call.func):
        if isinstance(value, External):
            moved = _moved(view, value, call)
            if moved is not None:
                found += [each._replace(node=call) for each in files_of(view, moved)]
            use = view.program.catalog.file_uses.get(value.path)
            if use is None or view.is_given(call, use.unless) or (use.only_if and not view.is_given(call, use.only_if)):
                continue
            expressions = [each for each in (_argument(call, n) for n in use.paths) if each is not None]
            if any(_is_private(view, each) for each in expressions):
                continue
            doing = _opened(call, use.mode) if use.does == "opens" else (use.does,)
            found += [_access(view, does, expressions, call) for does in doing]
        elif isinstance(value, FunctionValue) and not view.program.function(value.key).is_async:
            found += _through(view, call, value)
    return found


def _moved(view: View, value: External, call: ast.Call) -> ast.Call | None:
    """The call that an offload makes in a thread; None where the callee is none."""
    offload = view.program.catalog.offloads.get(value.path)
    if offload is None or not isinstance(offload.callable, int) or len(call.args) <= offload.callable:
        return None
    func = call.args[offload.callable]
    return ast.copy_location(ast.Call(func, call.args[offload.callable + 1 :], call.keywords), call)


def _through(view: View, call: ast.Call, value: FunctionValue) -> Iterator[FileAccess]:
    """What a function of the program does to files: those that the caller can name are its own words for them."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if value.receiver is not None and isinstance(call.func, ast.Attribute):
        given.append(call.func.value)
    ordered = [param.name for param in view.program.function(value.key).params]
    params, receiver = set(ordered), ordered[0] if value.receiver is not None and ordered else ""
    for each in view.touches.of(value.key).files:
        if each.whole and not params.intersection(each.names):
            yield each._replace(node=call)  # a global, a constant
        elif each.names & params == {receiver} and isinstance(call.func, ast.Attribute):
            owner = ast.unparse(call.func.value)
            whole, parts = _renamed(each.whole, receiver, owner), _renamed(each.parts, receiver, owner)
            yield FileAccess(each.does, whole, parts, frozenset({owner.partition(".")[0]}), call)
        else:
            yield _access(view, each.does, given, call)


def _is_private(view: View, expression: Any) -> bool:
    """Whether a path lies in what the function made for itself under a name of its own: nobody else knows it."""
    for node in ast.walk(_plain(view, expression, _DEPTH)):
        made = view.value_of(node.id) if isinstance(node, ast.Name) else node
        while isinstance(made, (ast.Call, ast.Attribute)):
            called = made.func if isinstance(made, ast.Call) else made
            if any(isinstance(value, External) and value.path in view.program.catalog.unique for value in view.evaluate(called)):
                return True
            made = next(iter(made.args), None) if isinstance(made, ast.Call) else made.value
    return False


def _renamed(texts: frozenset[str], receiver: str, owner: str) -> frozenset[str]:
    return frozenset(owner + text[len(receiver) :] if text.startswith(f"{receiver}.") else text for text in texts)


def _argument(call: ast.Call, number: int) -> Any:
    if number < 0:
        return call.func.value if isinstance(call.func, ast.Attribute) else None
    return call.args[number] if number < len(call.args) else call.keywords[0].value if call.keywords and not number else ast.Constant(".")


def _opened(call: ast.Call, position: int) -> tuple[str, ...]:
    """What opening a file does to it; all of it where the mode is not known."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    mode: Any = given[0] if given else call.args[position] if position < len(call.args) else ast.Constant("r")
    if not isinstance(mode, ast.Constant) or not isinstance(mode.value, str):
        return ("reads", "writes", "makes")
    if "x" in mode.value:
        return ("makes",)
    if "w" in mode.value:
        return ("makes", "writes")
    return ("reads", "writes") if "+" in mode.value else ("writes",) if "a" in mode.value else ("reads",)


def _access(view: View, does: str, expressions: list[Any], call: ast.Call) -> FileAccess:
    whole, parts, names = set[str](), set[str](), set[str]()
    for expression in expressions:
        place = _plain(view, expression, _DEPTH)
        whole.add(ast.unparse(place))
        for each in (node for top in (expression, place) for node in ast.walk(top)):
            if isinstance(each, ast.Name):
                names.add(each.id)
            if isinstance(each, (ast.Name, ast.Attribute, ast.BinOp)) or (isinstance(each, ast.Call) and each is not place):
                parts.add(ast.unparse(each))
    return FileAccess(does, frozenset(whole), frozenset(whole | parts), frozenset(names), call)


def _plain(view: View, node: Any, depth: int) -> Any:
    """An expression of a path without what does not change which file it is, local names replaced by what they are bound to."""
    if isinstance(node, ast.Name) and depth:
        bound = view.value_of(node.id)
        if isinstance(bound, _WRITTEN_OUT) or (isinstance(bound, ast.Call) and _is_one_of(view, bound, _JOINING | _SAME_PLACE)):
            return _plain(view, bound, depth - 1)
    if isinstance(node, ast.Call) and len(node.args) == 1 and depth and _is_one_of(view, node, _SAME_PLACE):
        return _plain(view, node.args[0], depth - 1)
    return node


def _is_one_of(view: View, call: ast.Call, paths: frozenset[str]) -> bool:
    return any(isinstance(value, External) and value.path in paths for value in view.evaluate(call.func))
