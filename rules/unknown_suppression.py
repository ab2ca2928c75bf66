from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Severity

if TYPE_CHECKING:
    from asynclint.api import ModuleView


class UnknownSuppression(Rule):
    """Flags a suppression comment that names no rule, and a mark (`# asynclint: blocking`) that stands on no function or names no kind.

    ## Why is this bad?
    It suppresses or says nothing, though it looks as if it did; mostly a code is misspelt, or a line has moved.

    ## Example
    ```python
    async def main() -> None:
        print("ready")  # asynclint: ignore[ASL999]
    ```

    ## Use instead
    ```python
    async def main() -> None:
        print("ready")
    ```

    ## Fix safety
    There is no fix: only you know what was meant.
    """

    severity = Severity.WARNING
    code, name = "ASL903", "unknown-suppression"

    def suspects(self, module: ModuleView) -> bool:
        return False  # the engine reads the comments
