"""What a cancellation at a new `await` would lose, or leave behind, that was kept before."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.index.refs import caught_names

if TYPE_CHECKING:
    from asynclint.fix.places import Place
    from asynclint.program.known import Block

_INTERRUPTS = frozenset({"KeyboardInterrupt", "BaseException", ""})
_LOST_INTERRUPT = "the interrupt that a handler waits for does not come out of a thread"


def at(place: Place, block: Block | None) -> str:
    """What is lost, or "". `block`: what the call blocks on."""
    return _made(place) or (_interrupted(place) if block is not None and block.kind == "console" else "")


def _made(place: Place) -> str:
    """A file that the call makes, of which only what comes after knows: it is opened for its result, or is a lock that is removed in the end."""
    made = [each for each in place.own_files if each.does == "makes"]
    if not made:
        return ""
    if any(place.view.program.catalog.file_uses[path].lost for path in _paths(place)):
        return "the file is made, and nobody has it to close or remove"
    removed = [each for each in place.files_later if each.does == "removes"]
    if any(each.whole & other.whole for each in made for other in removed):
        return "the file is made, and nobody removes it"
    return ""


def _paths(place: Place) -> list[str]:
    catalog = place.view.program.catalog
    found = (getattr(value, "path", "") for value in place.view.evaluate(place.node.func))
    return [path for path in found if path in catalog.file_uses]


def _interrupted(place: Place) -> str:
    """Whether an interrupt at a prompt is caught, here or by whoever waits for the coroutine: it does not reach them from a thread."""
    below = place.node
    for node in place.above:
        handlers = node.handlers if isinstance(node, ast.Try) and below in node.body else ()
        if any(not _INTERRUPTS.isdisjoint(caught_names(handler.type)) for handler in handlers):
            return _LOST_INTERRUPT
        below = node
    for use in place.view.touches.occurrences.of("KeyboardInterrupt"):
        if any(isinstance(each, ast.ExceptHandler) for each in use.above) and any(isinstance(each, ast.AsyncFunctionDef) for each in use.above):
            return _LOST_INTERRUPT
    return ""
