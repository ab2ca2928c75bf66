"""Runs over a part of a program: the whole of it is indexed, and what concerns the part is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.model import FileResult

if TYPE_CHECKING:
    from collections.abc import Collection

    from asynclint.model import Finding, Fix
    from asynclint.program import Program


def leading_into(program: Program, part: Collection[int]) -> dict[int, frozenset[int]]:
    """By module that is not of the part, the functions on the loop that hold a call which blocks by way of a module of the part."""
    found: dict[int, set[int]] = {}
    if not any(key[0] in part for key in program.effects.functions):
        return {}
    for module, effects in program.loop_effects.items():
        functions = set[int]().union(*(functions for (_, is_direct), functions in effects.items() if not is_direct))
        if functions and module not in part:
            found[module] = functions
    leading: dict[int, set[int]] = {}
    for site in program.effects.sites:
        if site.function in found.get(site.module, ()) and any(hop.module in part for hop, _ in program.effects.chain(site)):
            leading.setdefault(site.module, set()).add(site.function)
    return {module: frozenset(functions) for module, functions in leading.items()}


def shown(result: FileResult, paths: Collection[str]) -> FileResult | None:
    """What is shown of the result of a file when the files at `paths` were asked for: all of one of these; of another one the findings whose chain
    leads through them, and None without any. A fix that changes other files than these is none.
    """
    if result.path in paths:
        return FileResult(result.path, tuple(_mended(finding, paths) for finding in result.findings), result.problems, result.suppressed)
    findings = tuple(_mended(finding, paths) for finding in result.findings if any(frame.path in paths for frame in finding.chain))
    return FileResult(result.path, findings) if findings else None


def _mended(finding: Finding, paths: Collection[str]) -> Finding:
    others = sorted(_changed(finding.fix).difference(paths)) if finding.fix is not None else ()
    if not others:
        return finding
    from dataclasses import replace

    named = " and ".join(f"`{path}`" for path in others)
    return replace(finding, fix=None, no_fix=f"its fix changes {named}, not among the files that were asked for")


def _changed(fix: Fix) -> frozenset[str]:
    return fix.paths.union((each.path for each in fix.imports), (each.path for each in fix.declarations))
