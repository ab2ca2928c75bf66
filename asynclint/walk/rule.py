"""What a rule is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asynclint.model import Confidence, Severity

if TYPE_CHECKING:
    from asynclint.walk.view import ModuleView


class Rule:
    """Base of all rules. A subclass documents itself in its docstring and defines `visit_X` / `leave_X` for node types X of libcst.

    Visitors are called as `visit_X(node, ctx)` and report through the `Context`. Rules keep no state: one instance serves every module.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    confidence: ClassVar[Confidence] = Confidence.HIGH
    pedantic: ClassVar[bool] = False  # whether it is off unless it is asked for, by `pedantic` or by its own code or name

    def suspects(self, module: ModuleView) -> bool:
        """Whether the module can have a finding of this rule; False must be certain, for the module is then not walked for it.

        What is walked is the functions of which a question to `module` said True, whole with what stands in them and around them. Where no
        question did and this returns True all the same, every function of the module is walked.
        """
        return True

    @property
    def doc(self) -> str:
        """The rule's page, in Markdown."""
        import inspect

        return inspect.getdoc(type(self)) or _written(type(self))

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.doc.partition("\n")[0]


def _written(cls: type[Rule]) -> str:
    """The docstring of a class as its file has it: a Python that is run with `-OO` drops docstrings."""
    import ast
    import inspect
    import textwrap

    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""
    return (ast.get_docstring(node) or "") if isinstance(node, ast.ClassDef) else ""
