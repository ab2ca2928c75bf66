"""Modules that are imported when something of them is first asked for: a run without a finding uses no fix, and pays for none."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """`name = Later("package.name")` stands for the module, and imports it at the first access to an attribute."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)
