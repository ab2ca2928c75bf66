"""All that a rule plugin needs: `from asynclint.api import Rule, Context, ...`."""

from __future__ import annotations

from asynclint.fix import blocking, let_through, locks, offload, sections, signatures, tasks
from asynclint.fix.blocking import BlockingRule
from asynclint.fix.offload import Withheld
from asynclint.model import Applicability, Confidence, Declaration, Edit, Finding, Fix, Frame, Import, Position, Severity, Span
from asynclint.walk import cancellation, locking, lost, offloads, uses
from asynclint.walk.context import Context
from asynclint.walk.rule import Rule
from asynclint.walk.suspensions import suspensions
from asynclint.walk.view import ModuleView

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
    "cancellation",
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
