"""The command `check`: from what the command line says to a run, its report and its exit code. What a run does not need, it does not load."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from asynclint.config import Settings, load
from asynclint.model import Applicability, FileResult, Problem, RunResult
from asynclint.options import DEFAULT, OPTIONS, ConfigError, Kind, Option
from asynclint.output import CLEAN, ERROR, FINDINGS, Progress, coloured, links, read_stdin, width, write, write_bytes, write_file
from asynclint.source import NOTEBOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asynclint.adopt import Adoption
    from asynclint.model import Finding
    from asynclint.report import Paint

    Wanted = Callable[[Finding], bool] | None

WORTH_KEEPING = 400_000  # bytes of source below which a run is as fast without a cache
_AROUND = 50_000  # the same where most of the source is only around what was asked for, and seldom changes


def check(paths: tuple[str, ...], given: dict[str, Any]) -> int:
    """Check files and directories; the exit code. `given` holds the options by `Option.field`. Raises ConfigError."""
    started = time.perf_counter()
    name = given["stdin_filename"]
    from_stdin = paths == ("-",) or (not paths and name is not None)
    if "-" in paths and not from_stdin:
        raise ConfigError("`-` (standard input) cannot be mixed with other paths")
    if name is not None and not from_stdin:
        raise ConfigError("--stdin-filename goes with `-`")
    name = name or "<stdin>"
    paths = (name,) if from_stdin else paths or (".",)
    if given["watch"]:
        from asynclint.watch import watch

        return watch(paths, given, from_stdin=from_stdin)
    settings = load(paths, config=given["config"] or (), isolated=given["isolated"], command_line=_given_for_settings(given))
    stdin = (name, read_stdin()) if from_stdin else None
    if given["show_unresolved"]:
        return _show_unresolved(() if stdin else paths, settings, stdin)
    adoption = _adoption(paths, settings, given, from_stdin)
    result = _run(() if stdin else paths, settings, stdin, given, adoption.wants if adoption else None)
    if adoption:
        result = adoption.finish(result)
    writes_text = stdin is not None and (given["fix"] or given["fix_only"]) and not given["diff"]
    if stdin and writes_text:
        write_bytes(_fixed_bytes(stdin, result))
    result = _with_places(result, stdin)
    result = _with_about(result, given["output_format"], settings, stdin)
    _report(result, settings, given, sys.stderr if writes_text else sys.stdout, stdin, settings.holds(paths) if given["output_file"] else ())
    if given["verbose"]:
        source = settings.config_file or "none"
        environment = settings.python or "none"
        write(sys.stderr, f"root: {settings.root}\nconfiguration: {source}\nfiles: {result.checked}\nenvironment: {environment}\n")
        stages = "".join(f"  {stage}: {seconds:.2f}\n" for stage, seconds in result.seconds.items())
        write(sys.stderr, f"seconds: {time.perf_counter() - started:.2f}\n{stages}")
    return _exit_code(result, given)


def _given_for_settings(given: dict[str, Any]) -> dict[str, Any]:
    """What the flags say of `Settings`: lists taken apart at commas, options that were not given left out."""
    values: dict[str, Any] = {}
    for option in OPTIONS:
        value = given.get(option.field)
        if option.in_file and value is not None and value != ():
            values[option.name] = value
            if option.kind is Kind.LIST:
                values[option.name] = _split(value)
            elif option.kind is Kind.TABLE:
                values[option.name] = _table(option, _split(value))
    return values


def _split(values: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _table(option: Option, parts: list[str]) -> dict[str, list[str]]:
    """`["tests/*:ASL1", "ASL2", "a.py:ALL"]` as a table; a part without a colon belongs to the pattern before it."""
    table: dict[str, list[str]] = {}
    pattern = ""
    for part in parts:
        before, _, code = part.rpartition(":")
        pattern = before or pattern
        if not pattern or not code:
            raise ConfigError(f"{option.flags[0]}: expected {option.metavar}, got `{part}`")
        table.setdefault(pattern, []).append(code)
    return table


def _run(paths: tuple[str, ...], settings: Settings, stdin: tuple[str, bytes] | None, given: dict[str, Any], wanted: Wanted = None) -> RunResult:
    fix = None
    if given["fix"] or given["fix_only"] or given["diff"]:
        fix = Applicability.UNSAFE if given["unsafe_fixes"] else Applicability.SAFE
    if stdin and settings.force_exclude and _is_excluded(stdin[0], settings):
        return RunResult((), (), 0, {}, {}, {}, {})
    write = not given["diff"] and stdin is None
    known, recalled = _recalled(paths, settings, stdin)
    if fix is None and recalled is None and "key" in known:
        from asynclint import unseen

        recalled = unseen.recall(known["cache"], known["key"], settings, known["found"][0], known["around"])
    if recalled is not None and fix is None:
        return recalled
    from asynclint import runner

    with Progress(shown=sys.stderr.isatty() and not given["quiet"]) as progress:
        callback = progress.callback
        request = runner.Request(paths=paths, settings=settings, fix=fix, wanted=wanted, write=write, stdin=stdin, on_progress=callback, **known)
        try:
            return runner.run(request)
        except BrokenPipeError as error:  # a worker's; click would take it for the reader of our output and exit in silence
            raise RuntimeError("a worker process went away") from error


def _adoption(paths: tuple[str, ...], settings: Settings, given: dict[str, Any], from_stdin: bool) -> Adoption | None:
    """What is to be left out of the result or written besides it; None, as in most runs, if nothing is."""
    asked = given["since"] is not None, given["add_ignore"] is not None, given["write_baseline"], given["no_baseline"], settings.baseline
    thresholds = settings.min_severity, settings.min_confidence
    if not any(asked) and thresholds == (DEFAULT["min_severity"], DEFAULT["min_confidence"]) and not os.path.exists(settings.baseline_place):
        return None
    from asynclint.adopt import Adoption

    return Adoption(paths, settings, given, from_stdin=from_stdin)


def _recalled(paths: tuple[str, ...], settings: Settings, stdin: tuple[str, bytes] | None) -> tuple[dict[str, Any], RunResult | None]:
    """What a request takes over from earlier runs, and the result of one that asked for the same, if nothing has changed."""
    from asynclint.files import SourceFile, discover, surroundings

    started = time.time_ns()
    files: list[SourceFile] = []
    problems: list[Problem] = []
    if stdin is None:
        files, problems = discover(paths, settings)
    elif stdin[0] != "<stdin>":  # it belongs to the project that its name lies in
        paths, files = (stdin[0],), [SourceFile(stdin[0], os.path.abspath(stdin[0]), len(stdin[1]), 0)]
    around = surroundings(paths, files, settings) if files else []
    found = {"found": (files, problems), "around": around}
    every = sorted((*files, *around), key=lambda file: file.path)
    worth = min(WORTH_KEEPING, _AROUND) if around else WORTH_KEEPING
    if problems or not settings.cache or sum(file.size for file in every) < worth:
        return found, None
    from asynclint import cache
    from asynclint.installed import site_packages

    store = cache.open_cache(settings)
    if store is None:
        return found, None
    if stdin is not None:
        return {**found, "cache": store}, None
    key = cache.key_of(settings, paths, site_packages(settings.python) if settings.python else ())
    return {**found, "cache": store, "key": key}, store.recall(key, every, [file.path for file in files], started)


def _show_unresolved(paths: tuple[str, ...], settings: Settings, stdin: tuple[str, bytes] | None) -> int:
    from asynclint import pool, report, runner
    from asynclint.unresolved import unresolved

    known, _ = _recalled(paths, settings, stdin)
    around = {file.path for file in known["around"]}

    def told() -> tuple[list[Problem], list[str]]:
        program, sources, problems = runner.link(runner.Request(paths=paths, settings=settings, stdin=stdin, **known))
        modules = [module for module, path in enumerate(program.paths) if module in program.names and path not in around]
        return problems, unresolved(program, sources, modules)

    problems, lines = pool.apart(told)
    for problem in sorted(problems):
        write(sys.stderr, report.problem_line(problem) + "\n")
    write(sys.stdout, "".join(f"{line}\n" for line in lines))
    return ERROR if problems else CLEAN


def _is_excluded(path: str, settings: Settings) -> bool:
    from asynclint.files import is_excluded

    return is_excluded(path, settings)


def _exit_code(result: RunResult, given: dict[str, Any]) -> int:
    if result.all_problems:
        return ERROR
    if given["exit_zero"]:
        return CLEAN
    if given["diff"]:
        return FINDINGS if result.changed else CLEAN
    left = result.findings and not given["fix_only"]
    return FINDINGS if left or (given["exit_non_zero_on_fix"] and result.fixed) else CLEAN


# ---------------------------------------------------------------------------------------------------------- output


def _report(
    result: RunResult, settings: Settings, given: dict[str, Any], stream: TextIO, stdin: tuple[str, bytes] | None, inside: Sequence[str]
) -> None:
    from asynclint import report

    name = given["output_format"]
    file = given["output_file"]
    for_people = name not in report.FOR_PROGRAMS
    plain, result = result, _for_people(result)
    for problem in sorted(result.all_problems):
        write(sys.stderr, report.problem_line(problem) + "\n")
    columns = 0 if file is not None else width(stream)
    paint: report.Paint = report.plain
    if for_people and file is None and coloured(given["color"], stream):
        paint = report.painter(_pages(settings) if result.findings and links(stream) else None)
    if given["diff"]:
        from asynclint.report import diff

        result_by_cell = _by_cell(result, stdin)
        text = diff.report(result_by_cell, paint, exact=file is not None)
        write(sys.stderr, _fixes(result, given, report.plain))
        if not given["quiet"]:
            if file is None and diff.has_controls(result_by_cell):
                write(sys.stderr, "The diff shows control characters as escapes; --output-file writes it as `patch` takes it.\n")
            write(sys.stderr, report.closing_line(result, would=True, left=not given["fix_only"], width=width(sys.stderr)))
    else:
        shown = result if for_people else _for_program(plain, name)
        shown = _without_findings(shown) if given["fix_only"] else shown
        name = "statistics" if given["statistics"] and for_people else name
        text = ""
        if name != "text":
            text = report.formatter(name)(shown, paint)
        elif shown.findings:
            from asynclint.report import text as readable

            text = readable.report(shown, paint, columns)
        if for_people:
            text += _fixes(result, given, paint)
        if for_people and not given["quiet"]:
            text += report.closing_line(result, left=not given["fix_only"], width=columns)
    if file is None:
        write(stream, text)
    else:
        write_file(file, text, inside=inside)


def _with_places(result: RunResult, stdin: tuple[str, bytes] | None) -> RunResult:
    """The result with the places in notebooks, if there are any."""
    if not any(file.path.endswith(NOTEBOOK) for file in result.files):
        return result
    from asynclint.notebooks import with_places

    return with_places(result, stdin)


def _for_people(result: RunResult) -> RunResult:
    """The result with the places of notebooks by cell."""
    if not result.places:
        return result
    from asynclint.report import cells

    return cells.by_cell(result)


def _for_program(result: RunResult, name: str) -> RunResult:
    """The result with the places of notebooks as a format tells them."""
    from asynclint.report import WITH_CELLS

    if not result.places or name in WITH_CELLS:
        return result
    from asynclint.report import cells

    return cells.by_line(result)


def _by_cell(result: RunResult, stdin: tuple[str, bytes] | None) -> RunResult:
    """The result with the changes of notebooks by cell."""
    if not any(path.endswith(NOTEBOOK) for path in result.changed):
        return result
    from dataclasses import replace

    from asynclint.notebooks import changed_cells

    return replace(result, changed=changed_cells(result, stdin))


def _with_about(result: RunResult, name: str, settings: Settings, stdin: tuple[str, bytes] | None) -> RunResult:
    """The result with what a format for programs says of the run, if it says it."""
    from asynclint.report import WITH_ABOUT

    if name not in WITH_ABOUT:
        return result
    from dataclasses import replace

    from asynclint.about import about, with_whole_fixes

    whole = with_whole_fixes(result, (stdin[0], _fixed_bytes(stdin, result)) if stdin else None) if name == "sarif" else result
    return replace(whole, about=about(settings, rules=name == "sarif"))


def _pages(settings: Settings) -> dict[str, str]:
    """The file of each rule, which begins with its page, as the address of a link."""
    from pathlib import Path

    from asynclint import registry

    files = {rule.code: getattr(sys.modules.get(type(rule).__module__), "__file__", None) for rule in registry.load(settings)}
    return {code: Path(file).absolute().as_uri() for code, file in files.items() if file}


def _fixes(result: RunResult, given: dict[str, Any], paint: Paint) -> str:
    """What was fixed, and what was not and why, if that is asked for."""
    if not given["show_fixes"]:
        return ""
    from asynclint.report import fixes

    return fixes.report(result, paint, would=given["diff"], left=not given["fix_only"])


def _without_findings(result: RunResult) -> RunResult:
    from dataclasses import replace

    return replace(result, files=tuple(FileResult(file.path, problems=file.problems) for file in result.files))


def _fixed_bytes(stdin: tuple[str, bytes], result: RunResult) -> bytes:
    """What standard input became, in its encoding; as it was if nothing changed."""
    name, data = stdin
    if name not in result.changed:
        return data
    from asynclint.source import Source

    return Source.from_bytes(name, data).to_bytes(result.changed[name][1])
