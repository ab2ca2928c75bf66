"""The texts of the modules that chains lead through, read when first quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.reading import SOURCE_LIMIT, read_regular
from asynclint.source import Source, SourceError

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence


class Sources:
    """Source texts by number of the module: those overlaid (being fixed, or unsaved), else as on disk."""

    def __init__(self, paths: Sequence[str], locations: Sequence[str], overlays: Mapping[int, Source]) -> None:
        """`paths` as shown to the user, `locations` where the files lie; without a location (of a library's module) a path is one."""
        self._paths = paths
        self._locations = locations
        self._overlays = overlays
        self._read: dict[int, Source] = {}
        self.quoted: set[int] = set()  # the modules that were asked for
        self.kept: dict[str, object] = {}  # what later rooms make of the texts and want to make once
        self._trees: dict[int, tuple[Source, ast.Module]] = {}

    def get(self, module: int) -> Source:
        """The source of a module; an empty one where the file has vanished meanwhile."""
        self.quoted.add(module)
        known = self._overlays.get(module) or self._read.get(module)
        if known is None:
            try:
                location = self._locations[module] if module < len(self._locations) else self._paths[module]
                known = Source.from_bytes(self._paths[module], read_regular(location, SOURCE_LIMIT))
            except (OSError, SourceError):
                known = Source(self._paths[module], b"", "", "utf-8", False)
            self._read[module] = known
        return known

    def tree(self, module: int) -> ast.Module:
        """The syntax tree of a module that is part of the program, and so can be parsed."""
        source = self.get(module)
        known = self._trees.get(module)
        if known is None or known[0] is not source:
            known = self._trees[module] = (source, source.tree())
        return known[1]
