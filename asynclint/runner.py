"""A whole run: discover, index, link, walk the suspects, fix, write; each file on its own, so that one bad file hides no other."""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from typing import TYPE_CHECKING

from asynclint import installed, knowledge, registry
from asynclint.config import check_selectors
from asynclint.files import SourceFile, discover, surroundings
from asynclint.model import Applied, Problem, RunResult
from asynclint.options import ConfigError
from asynclint.program import Program
from asynclint.program.environment import Environment
from asynclint.project import Project, Request
from asynclint.source import Source
from asynclint.walk.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asynclint.config import Settings

__all__ = ["Request", "link", "opened", "run", "start"]


def run(request: Request) -> RunResult:
    """Do what is asked for. Raises ConfigError where the configuration, a rule plugin or a catalog cannot be used."""
    enabled = gc.isenabled()
    gc.disable()  # facts are plain data without cycles, and there are millions of them: looking for cycles only costs
    try:
        return _run(request)
    finally:
        if enabled:
            gc.enable()


def link(request: Request) -> tuple[Program, Sources, list[Problem]]:
    """The linked program of a request, the sources of its modules, and what could not be read. Raises ConfigError as `run`."""
    project, problems = opened(request)
    return project.program, project.sources(), [*problems, *(project.state.problems[n] for n in project.asked if n in project.state.problems)]


def start(request: Request, texts: Mapping[str, Source], unread: Mapping[str, Problem]) -> tuple[Project, list[Problem]]:
    """A project that is linked, to be asked again and again, and what could not be found. By absolute path, `texts` stand in the place of files, and
    `unread` tells why others are not looked at. What is indexed is kept in the cache at once. Raises ConfigError as `run`.
    """
    started = time.time_ns()
    project, problems = _made(request)
    state = project.state
    numbers = {file.absolute: number for number, file in enumerate(state.files)}
    state.problems.update((numbers[path], problem) for path, problem in unread.items() if path in numbers)
    project.index(number for number, file in enumerate(state.files) if file.size or file.mtime_ns)  # a document that was never saved is no file
    if request.cache is not None and not unread:
        project.keep(request.cache, started, {})
    project.is_guarded = True
    overlaid = {numbers[path]: source for path, source in texts.items() if path in numbers}
    state.overlays.update(overlaid)
    if overlaid:
        project.index(overlaid)
    project.link()
    return project, problems


def opened(request: Request) -> tuple[Project, list[Problem]]:
    """A project whose program is linked, for what works on it step by step, and what could not be discovered. Raises ConfigError as `run`."""
    project, problems = _made(request)
    with project.timed("index"):
        project.index(project.asked)
        if project.partial and not project.is_inert():
            project.index(sorted(set(range(len(project.state.files))).difference(project.asked)))
    with project.timed("link"):
        project.link()
    return project, problems


def _made(request: Request) -> tuple[Project, list[Problem]]:
    """A project of which nothing has been read yet."""
    settings = request.settings
    rules = registry.load(settings)
    check_selectors(settings, {rule.code: rule.name for rule in rules})
    catalog = knowledge.catalog(settings)
    environment = _environment(settings)
    started = time.perf_counter()
    files, problems = _files(request)
    project = Project(request, rules, catalog, sorted((*files, *request.around), key=lambda file: file.path), environment)
    project.seconds["discover"] = time.perf_counter() - started
    return project, problems


def _run(request: Request) -> RunResult:
    started = time.time_ns()
    project, problems = opened(_swept(request))
    with project.timed("lint"):
        results = project.lint()
    changed: dict[str, tuple[str, str]] = {}
    applied: list[Applied] = []
    if request.cache is not None:
        project.keep(request.cache, started, results)
    if request.fix is not None:
        with project.timed("fix"):
            results, changed, applied, more = project.fix(results)
        problems = [*problems, *more]
    shown = sorted(results.values(), key=lambda result: result.path)
    fixed = dict(Counter(each.code for each in applied))
    lines = project.lines(shown)
    return RunResult(tuple(shown), tuple(problems), len(project.asked), lines, changed, fixed, dict(project.seconds), applied=tuple(applied))


def _swept(request: Request) -> Request:
    """A request that writes fixes, once what a killed run left in the folders of its files is cleared up: a file that is
    torn is mended before anything is read."""
    if request.fix is None or not request.write or request.stdin is not None:
        return request
    from dataclasses import replace

    from asynclint.fix import writer

    found = request.found or discover(request.paths, request.settings)
    swept = [writer.sweep(folder) for folder in sorted({os.path.dirname(file.absolute) for file in found[0]})]
    if any(swept):
        found = discover(request.paths, request.settings)
    around = surroundings(request.paths, found[0], request.settings) if any(swept) and request.around else request.around
    return replace(request, found=found, around=around)


def _environment(settings: Settings) -> Environment:
    folders = installed.site_packages(settings.python) if settings.python else []
    if settings.python and not folders:
        kind = "has no packages" if os.path.exists(settings.python) else "does not exist"
        raise ConfigError(f"--python: `{settings.python}` {kind}; name an interpreter or the folder of an environment")
    return Environment(folders)


def _files(request: Request) -> tuple[list[SourceFile], list[Problem]]:
    if request.stdin is None:
        return request.found or discover(request.paths, request.settings)
    name, data = request.stdin
    return [SourceFile(name, os.path.abspath(name), len(data), 0)], []
