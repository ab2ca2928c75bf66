"""Answers about the whole program that one process may compute for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asynclint.program import Program


class Answers:
    """Base of what is computed from a program, and sent without it."""

    _program: Program

    def belong_to(self, program: Program) -> None:
        """Answer from now on for a program, the same as the one that this was computed from."""
        self._program = program

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_program"}
