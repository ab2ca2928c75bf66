from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Severity

if TYPE_CHECKING:
    from asynclint.api import ModuleView


class BlanketSuppression(Rule):
    """Flags a suppression comment for all rules at once (off unless `pedantic` is on or the rule is selected by name).

    ## Why is this bad?
    It was written for one finding. The next one on its lines, of another rule, is hidden with it, and nobody has decided that.

    ## Example
    ```python
    import time


    async def main() -> None:
        time.sleep(0.1)  # asynclint: ignore
    ```

    ## Use instead
    ```python
    import time


    async def main() -> None:
        time.sleep(0.1)  # asynclint: ignore[ASL101]
    ```

    ## Fix safety
    There is no fix: only you know which rule was meant.
    """

    severity = Severity.WARNING
    pedantic = True
    code, name = "ASL902", "blanket-suppression"

    def suspects(self, module: ModuleView) -> bool:
        return False  # the engine reads the comments
