"""`asynclint asyncify`: make a function async, and await it at every call."""

from __future__ import annotations

import sys

import click

from asynclint.config import load
from asynclint.output import CLEAN, FINDINGS, coloured, write


@click.command()
@click.argument("target", metavar="MODULE:FUNCTION")
@click.argument("paths", nargs=-1)
@click.option("--diff", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True, help="When to use colours.")
def command(target: str, paths: tuple[str, ...], diff: bool, color: str) -> int:
    """Make a function async, and await it at every call.

    Its callers become async too, up the call graph, and what it blocks on moves off the event loop. What forbids it is named, and then nothing is
    changed. MODULE:FUNCTION is package.module:function, or a file as in src/app/db.py:Class.method. PATHS are the files and directories of the
    program, "." by default.
    """
    from asynclint import pool, report
    from asynclint.asyncify import asyncify
    from asynclint.model import RunResult

    paths = paths or (".",)
    settings = load(paths)
    outcome = pool.apart(lambda: asyncify(paths, settings, target, write=not diff))
    for each in outcome.obstacles:
        write(sys.stdout, report.escape(str(each)) + "\n")
    if outcome.obstacles:
        reasons = "1 place forbids it" if len(outcome.obstacles) == 1 else f"{len(outcome.obstacles)} places forbid it"
        write(sys.stderr, f"nothing was changed: {reasons}\n")
        return FINDINGS
    if diff:
        paint = report.painter() if coloured(color, sys.stdout) else report.plain
        from asynclint.report import diff as shown

        write(sys.stdout, shown.report(RunResult((), (), 0, {}, outcome.changed, {}, {}), paint, exact=False))
    if not outcome.plan.calls:
        write(sys.stderr, "check: no call of it was found; whoever calls it has to await it\n")
    for each in outcome.plan.races:
        write(sys.stderr, report.escape(f"check: {each}") + "\n")
    for each in outcome.remaining:
        write(sys.stderr, report.escape(f"still blocks: {each}") + "\n")
    write(sys.stderr, f"{'would make' if diff else 'made'} {_said(outcome.plan.functions, 'function')} async, ")
    write(sys.stderr, f"awaited at {_said(range(outcome.plan.calls), 'call')}, in {_said(outcome.changed, 'file')}\n")
    return CLEAN


def _said(things: object, noun: str) -> str:
    count = len(things)  # type: ignore[arg-type]
    return f"{count} {noun}{'' if count == 1 else 's'}"
