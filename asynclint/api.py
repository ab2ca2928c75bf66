"""All that a rule plugin needs: `from asynclint.api import Rule, Context, ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.fix.blocking import BlockingRule
from asynclint.later import Later
from asynclint.model import Applicability, Confidence, Declaration, Edit, Finding, Fix, Frame, Import, Position, Severity, Span, Withheld
from asynclint.walk.context import Context
from asynclint.walk.rule import Rule
from asynclint.walk.suspensions import suspensions
from asynclint.walk.view import ModuleView

if TYPE_CHECKING:
    from asynclint.fix import blocking, blocks, endless, let_through, locks, offload, sections, signatures, tasks
    from asynclint.walk import cancellation, locking, lost, offloads, uses
else:
    blocking, blocks, let_through = Later("asynclint.fix.blocking"), Later("asynclint.fix.blocks"), Later("asynclint.fix.let_through")
    locks, offload, signatures = Later("asynclint.fix.locks"), Later("asynclint.fix.offload"), Later("asynclint.fix.signatures")
    endless, sections = Later("asynclint.fix.endless"), Later("asynclint.fix.sections")
    tasks, cancellation, locking = Later("asynclint.fix.tasks"), Later("asynclint.walk.cancellation"), Later("asynclint.walk.locking")
    lost, offloads, uses = Later("asynclint.walk.lost"), Later("asynclint.walk.offloads"), Later("asynclint.walk.uses")

__all__ = [
    "Applicability",
    "BlockingRule",
    "Confidence",
    "Context",
    "Declaration",
    "Edit",
    "Finding",
    "Fix",
    "Frame",
    "Import",
    "ModuleView",
    "Position",
    "Rule",
    "Severity",
    "Span",
    "Withheld",
    "blocking",
    "blocks",
    "cancellation",
    "endless",
    "let_through",
    "locking",
    "locks",
    "lost",
    "offload",
    "offloads",
    "sections",
    "signatures",
    "suspensions",
    "tasks",
    "uses",
]
