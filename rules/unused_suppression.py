from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Severity

if TYPE_CHECKING:
    from asynclint.api import ModuleView


class UnusedSuppression(Rule):
    """Flags a suppression comment that suppresses nothing.

    ## Why is this bad?
    The code that it excused is gone or mended; what is left would hide the next finding on that line.

    ## Example
    ```python
    async def main() -> None:
        print("ready")  # asynclint: ignore[ASL101]
    ```

    ## Use instead
    ```python
    async def main() -> None:
        print("ready")
    ```

    ## Fix safety
    Safe: only the comment, or the code in it that does nothing, is removed.
    """

    severity = Severity.WARNING
    code, name = "ASL901", "unused-suppression"

    def suspects(self, module: ModuleView) -> bool:
        return False  # the engine knows which suppressions were of use
