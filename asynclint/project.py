"""The files of a run and their program: indexed, linked, linted, fixed and written, each file on its own, so that one bad file hides no other."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from asynclint import engine, part, pool
from asynclint.files import SourceFile
from asynclint.index import names
from asynclint.index.module import ModuleFacts, Packed
from asynclint.index.names import Names
from asynclint.model import Applicability, Applied, FileResult, Problem
from asynclint.options import ConfigError
from asynclint.program import Program
from asynclint.program.catalog import CatalogError
from asynclint.program.environment import Environment
from asynclint.program.modules import Modules
from asynclint.reading import SOURCE_LIMIT, read_regular
from asynclint.record import record
from asynclint.source import NOTEBOOK, Source, SourceError
from asynclint.triage import may_report
from asynclint.walk.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from asynclint.cache import Cache
    from asynclint.config import Settings
    from asynclint.fix import fixer
    from asynclint.model import Finding
    from asynclint.program.catalog import Catalog
    from asynclint.walk.rule import Rule

_WALKING = "asynclint.walk.positions"  # what loads libcst
LARGE = 10_000_000  # bytes of source above which there is surely something to walk, and time to load libcst for it
QUOTED = 4  # lines of a finding that reports may quote, besides its first
PARALLEL = 400_000  # bytes of source below which more processes cost more than they save
USUAL = 200_000  # bytes of the largest file that `timeout` is meant for; a larger one has more time


@record(frozen=True, slots=True)
class Request:
    """What to do: lint `paths` (or `stdin`: a file name and its content), and fix up to the level `fix`; `write` False leaves the files alone.
    Of what is found at first, only what is `wanted` is fixed.

    `found` is what `discover` gave for the paths, if it has been asked; `around` are more files of the program, of which only those findings are
    shown that lead through the files asked for. `key` is what the results are kept under in the `cache`; without one, only facts are.
    `in_process`: the caller is a process that may be lost, so no other is started to work on a file that may hang or crash it.
    """

    paths: tuple[str, ...]
    settings: Settings
    fix: Applicability | None = None
    wanted: Callable[[Finding], bool] | None = None
    write: bool = True
    stdin: tuple[str, bytes] | None = None
    on_progress: Callable[[str, int, int], None] | None = None
    found: tuple[list[SourceFile], list[Problem]] | None = None
    around: Sequence[SourceFile] = ()
    cache: Cache | None = None
    key: bytes = b""
    in_process: bool = False


class _Indexed:
    """What is known of the files so far, by number."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self.files = files
        self.packed: dict[int, Packed] = {}
        self.names: dict[int, Names] = {}
        self.commented: set[int] = set()  # files with suppressions to look after
        self.problems: dict[int, Problem] = {}
        self.overlays: dict[int, Source] = {}
        self.digests: dict[int, bytes] = {}  # of the content that was indexed
        self.packed_names: dict[int, bytes] = {}  # for the cache


class Project:
    """The files of a run, what is known of them, and the program that they are."""

    def __init__(self, request: Request, rules: Sequence[Rule], catalog: Catalog, files: Sequence[SourceFile], environment: Environment) -> None:
        self.request, self.settings, self.rules, self.catalog = request, request.settings, rules, catalog
        self.environment = environment
        catalog.prefer(lambda module: environment.locate(module) is not None)
        self.codes = {rule.code: rule.name for rule in rules}
        self.may_fix = self.settings.may_fix(self.codes)
        self.state = _Indexed(files)
        around = {file.path for file in request.around}
        self.asked = [number for number, file in enumerate(files) if file.path not in around]
        self._asked = frozenset(self.asked)
        self.partial = bool(around)  # whether there is more to the program than what was asked for
        self._locations = [file.absolute for file in files]
        self.is_guarded = request.in_process  # then no other process is started for the work on one file
        if request.stdin is not None:
            self._overlay(self.asked[0], request.stdin)
        sources = [os.path.join(self.settings.root, source).replace(os.sep, "/").rstrip("/") for source in self.settings.src]
        self.modules = Modules([file.absolute.replace(os.sep, "/") for file in files], sources)
        self.program: Program
        self.early = engine.Early()
        self.quoted: dict[int, dict[int, str]] = {}  # the lines that reports may quote, by file
        self.seconds: dict[str, float] = {}
        self.fresh = False  # whether something was indexed that the cache did not have
        self.seen: set[int] = set()  # files of which linting looked at more than facts, but for those that were only
        self.walked: set[int] = set()  # walked, and nothing found
        off = {rule.code for rule in rules if rule.pedantic and not (self.settings.pedantic or self.settings.names(rule.code, rule.name))}
        self._enabled = [self.settings.enabled(self.codes, file.absolute) - off for file in files]
        anywhere = frozenset[str]().union(*self._enabled)
        self.active = [rule for rule in rules if rule.code in anywhere]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage takes."""
        started = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - started

    def _overlay(self, number: int, stdin: tuple[str, bytes]) -> None:
        try:
            limit = self._limit_of(len(stdin[1]))
            self.state.overlays[number] = _decoded(stdin) if self.is_guarded else pool.alone(_decoded, stdin, limit=limit)
        except SourceError as error:
            self.state.problems[number] = error.problem
        except pool.Failure as error:
            self.state.problems[number] = Problem(stdin[0], 0, 0, error.message)

    def enabled(self, number: int) -> frozenset[str]:
        """The codes that are on for a file."""
        return self._enabled[number]

    def jobs(self, numbers: Collection[int]) -> int:
        """How many processes are worth their cost."""
        if self.is_guarded:
            return 0
        if not pool.FORKS or sum(self.state.files[n].size for n in numbers) < PARALLEL or len(numbers) < 2:
            return 1
        return self.settings.jobs or os.cpu_count() or 1

    def limit(self, number: int) -> float:
        """The seconds of processor time that one step of the work on a file may take."""
        overlay = self.state.overlays.get(number)
        return self._limit_of(len(overlay.data) if overlay is not None else self.state.files[number].size)

    def _limit_of(self, size: int) -> float:
        return self.settings.timeout * scale(size)

    def _meanwhile(self, numbers: Collection[int], jobs: int) -> pool.Meanwhile | None:
        """What loads libcst while worker processes read a large program."""
        if jobs < 2 or sum(self.state.files[n].size for n in numbers) < LARGE:
            return None

        def load() -> Callable[[], object]:
            from threading import Thread

            loading = Thread(target=import_module, args=(_WALKING,), daemon=True)
            loading.start()
            return loading.join

        return load

    def _map(
        self, stage: str, work: Callable[[int], object], numbers: Sequence[int], jobs: int, meanwhile: pool.Meanwhile | None = None
    ) -> Iterable[tuple[int, object]]:
        done = 0
        for number, result in pool.run(work, numbers, jobs=jobs, limit=self.limit, meanwhile=meanwhile):
            done += 1
            if self.request.on_progress is not None:
                self.request.on_progress(stage, done, len(numbers))
            yield number, result

    # -- index and link

    def index(self, numbers: Iterable[int]) -> None:
        """Read and index files; the program is then another one."""
        state = self.state
        todo = [n for n in numbers if n not in state.problems and not self._remembered(n)]
        common = self.catalog.names(self.catalog.blocks)
        digest = self.request.cache.digest if self.request.cache is not None else None
        work = partial(_index, self.state.files, self.state.overlays, self.settings.max_file_size, common, digest)
        jobs = self.jobs(todo)
        for number, result in self._map("indexing", work, todo, jobs, self._meanwhile(todo, jobs)):
            self._take(number, result)
        try:
            self.catalog.extend({root for names_ in state.names.values() for root in names_.imports})
        except CatalogError as error:
            raise ConfigError(str(error)) from error
        self.program = Program([file.path for file in state.files], state.packed, state.names, self.modules, self.catalog, self.environment)
        self.early = engine.Early()

    def is_inert(self) -> bool:
        """Whether what was asked for has no functions: then nothing can be found there, and nothing that blocks can lead there."""
        return all(len(self.program.facts(number).functions) <= 1 for number in self.asked if number in self.state.packed)

    def _take(self, number: int, result: Any, *, known: bool = False) -> None:
        """Keep what is known of a file, `known` from the cache or from indexing it."""
        state = self.state
        state.problems.pop(number, None)
        if isinstance(result, pool.Failure):
            result = Problem(state.files[number].path, 0, 0, result.message)
        if isinstance(result, Problem):
            state.problems[number] = result
            return
        state.packed[number], packed_names, commented, state.digests[number] = result
        state.names[number] = names.unpack(packed_names)
        self.fresh = self.fresh or (number not in state.overlays and not known)
        (state.commented.add if commented else state.commented.discard)(number)
        if self.request.cache is not None:
            state.packed_names[number] = packed_names

    def _remembered(self, number: int) -> bool:
        """Take the facts of a file from the cache, if it has them."""
        cache, file = self.request.cache, self.state.files[number]
        if cache is None or number in self.state.overlays:
            return False
        content = cache.digest_of(file)
        facts = cache.facts(content) if content is not None else None
        if content is None or facts is None:
            return False
        self._take(number, (*facts, content), known=True)
        return True

    def keep(self, cache: Cache, started: int, results: Mapping[int, FileResult]) -> None:
        """Write the cache, unless a file that was asked for could not be read, or a rule is not asynclint's own: nobody would notice when it
        changes."""
        state = self.state
        if not (self.request.key or self.fresh) or len(state.packed) + len(state.problems) < len(state.files):
            return
        if not state.problems.keys().isdisjoint(self.asked) or any(not type(rule).__module__.startswith("asynclint.rules.") for rule in self.rules):
            return
        try:
            files = {n: file for n, file in enumerate(state.files) if n not in state.overlays}
            contents = [state.digests[n] if n in state.digests else cache.digest_of_file(file.absolute) for n, file in files.items()]
            seen, walked = self._noted(cache)
            cache.write(self.request.key, started, list(files.values()), contents, results.values(), self.lines(results.values()), seen, walked)
            cache.write_facts({state.digests[n]: (state.packed[n], state.packed_names[n], n in state.commented) for n in state.packed if n in files})
        except OSError as error:
            sys.stderr.write(f"warning: {cache.folder}: the cache cannot be written: {error.strerror or error}\n")

    def _noted(self, cache: Cache) -> tuple[list[str], dict[str, bytes]]:
        """The paths of the files that are `seen`, and those of the files that are only `walked`, with their contents."""
        seen, walked = set(self.seen), {}
        for number in self.walked.difference(seen) if self.request.key else ():
            source = self._reread(number)
            if isinstance(source, Source) and cache.digest(source.data) == self.state.digests.get(number):
                walked[source.path] = source.data
            else:  # it has changed meanwhile
                seen.add(number)
        return [self.state.files[number].path for number in seen], walked

    def replace(self, number: int, source: Source) -> bool:
        """Give a file another content, which the program knows of from then on, but no later `index` of other files. Whether the results of all
        files are now those of a fresh run, see `asynclint.program.replace`.
        """
        from asynclint.program.replace import replace  # a run of the command line has no need of it

        state = self.state
        same = number not in state.problems
        state.overlays[number] = source
        facts = engine.index(source)
        if isinstance(facts, Problem):
            state.problems[number] = facts
            return False
        state.problems.pop(number, None)
        facts.narrow(self.catalog.names(self.catalog.blocks))
        (state.commented.add if may_report(source.text) else state.commented.discard)(number)
        self.early = engine.Early()
        return replace(self.program, number, facts, names.names_of(facts)) and same

    def link(self) -> None:
        """Find out what blocks, while another process, if it is worth its cost, asks the rules that do not need to know it."""
        readable = [n for n in self.asked if n not in self.state.problems]
        if self.jobs(readable) < 2:
            return
        result = pool.beside(partial(_early, self.program, readable, self.active))
        _ = self.program.loop_effects
        answers = result()
        if answers is not None:
            self.early, known = answers
            self.program.adopt(known)

    # -- lint

    def lint(self, only: Collection[int] | None = None) -> dict[int, FileResult]:
        """The results of all files, or of some."""
        state = self.state
        suspects: dict[int, engine.Suspects] = {}
        results: dict[int, FileResult] = {}
        leading = part.leading_into(self.program, self._asked) if self.partial else {}
        for number in (*self.asked, *leading) if only is None else sorted(n for n in only if n in self._asked or n in leading):
            file = state.files[number]
            if number in state.problems:
                results[number] = FileResult(file.path, problems=(state.problems[number],))
                continue
            suspicious = pool.attempt(self._suspicious, number)
            if isinstance(suspicious, pool.Failure):
                results[number] = FileResult(file.path, problems=(Problem(file.path, 0, 0, suspicious.message),))
                continue
            if number in leading:
                suspicious = engine.Suspects(suspicious.rules, leading[number])
            if suspicious.rules or number in state.commented:
                suspects[number] = suspicious
            else:
                results[number] = FileResult(file.path)
        work = partial(_lint, self, suspects, self.sources())
        jobs = self.jobs(suspects)
        if jobs and any(each.rules for each in suspects.values()):
            import_module(_WALKING)  # once for all workers
        tangled: set[tuple[int, int]] = set()
        for number, result in self._map("linting", work, sorted(suspects), jobs):
            if isinstance(result, pool.Failure):  # nobody knows what it has looked at
                self.seen.update(range(len(state.files)))
                results[number] = FileResult(state.files[number].path, problems=(Problem(state.files[number].path, 0, 0, result.message),))
                self.quoted.pop(number, None)
            else:
                results[number], looked_at, self.quoted[number], more = cast("_Linted", result)
                self.seen.update(n for n in looked_at if n < len(state.files))
                tangled.update(more)
        for number, line in sorted(tangled.union(self.program.tangled)):
            if number in results:
                path = state.files[number].path
                problem = Problem(path, line, 0, "what is called here goes too deep to be followed; please report it")
                results[number] = FileResult(path, results[number].findings, (*results[number].problems, problem), results[number].suppressed)
        for number, suspicious in suspects.items():
            found = results[number]
            if found.findings or found.problems or found.suppressed:
                self.seen.add(number)
            elif suspicious.rules:
                self.walked.add(number)
        if not self.partial:
            return results
        paths = {state.files[number].path for number in self.asked}
        return {number: shown for number, result in results.items() if (shown := part.shown(result, paths)) is not None}

    def _suspicious(self, number: int) -> engine.Suspects:
        on = self.enabled(number)
        return engine.suspicious(self.program, number, [rule for rule in self.active if rule.code in on], self.early)

    # -- fix

    def fix(self, results: dict[int, FileResult]) -> tuple[dict[int, FileResult], dict[str, tuple[str, str]], list[Applied], list[Problem]]:
        """Fix what can be fixed, and write it; the results afterwards, the texts before and after, the applied fixes, and what went wrong."""
        from asynclint.fix import fixer, writer

        state, level = self.state, self.request.fix
        assert level is not None
        wanted = self.request.wanted
        unwanted = {(f.path, f.fingerprint) for r in results.values() for f in r.findings if wanted is not None and not wanted(f)}

        def todo(found: Iterable[FileResult]) -> list[Finding]:
            return [f for r in found for f in r.findings if f.fix and (f.path, f.fingerprint) not in unwanted]

        numbers = {file.path: n for n, file in enumerate(state.files)}
        before: dict[str, Source] = {}
        problems: list[Problem] = []
        pending = {n for n, result in results.items() if any(f.fix and fixer.allowed(f.fix, level) for f in todo([result]))}
        fixed = {path for f in todo(results.values()) if f.fix and fixer.allowed(f.fix, level) for path in f.fix.paths}
        for path in sorted({p for r in results.values() for f in r.findings if f.fix for p in f.fix.paths}):
            if numbers[path] not in state.overlays and self.settings.leads_out(state.files[numbers[path]].absolute, self.request.paths):
                if path in fixed:
                    problems.append(Problem(path, 0, 0, "not fixed: it is a link to a file outside of the project"))
                continue
            source = self._unchanged(numbers[path])
            if isinstance(source, Problem):
                problems.append(source)
            else:
                before[path] = source
        current, quoted = dict(results), dict(self.quoted)

        def lint(changed: Mapping[str, Source]) -> list[Finding]:
            for path, source in changed.items():
                state.overlays[numbers[path]] = source
            self.index([numbers[path] for path in changed])
            current.update(self.lint({*pending, *(numbers[path] for path in changed)}))
            return todo(current.values())

        outcome = fixer.converge(before, lint, todo(results.values()), level, self._rewritten)
        after = self.lint() if outcome.sources else results
        changed = {path: (before[path].text, source.text) for path, source in sorted(outcome.sources.items()) if source.text != before[path].text}
        if self.request.write:
            for group in outcome.groups(changed):
                try:
                    writer.write_all({state.files[numbers[path]].absolute: (before[path].data, outcome.sources[path].data) for path in group})
                except writer.WriteError as error:
                    failed = next(path for path in group if state.files[numbers[path]].absolute == error.path)
                    problems.append(Problem(failed, 0, 0, f"not fixed: {error.message}"))
                    for path in group:
                        changed.pop(path)
                        after[numbers[path]] = results[numbers[path]]
                        self.quoted[numbers[path]] = quoted.get(numbers[path], {})
                        del state.overlays[numbers[path]]
                    outcome.applied = [fix for fix in outcome.applied if fix.paths.isdisjoint(group)]
        return after, changed, outcome.applied, [*problems, *outcome.problems]

    def _rewritten(self, jobs: Sequence[fixer.Job]) -> list[Source | str]:
        """The sources that fixes make of others, or why they are dropped."""
        from asynclint.fix import fixer

        made: list[Source | str] = ["" for _ in jobs]
        numbers = {file.path: n for n, file in enumerate(self.state.files)}
        limit = lambda n: self.limit(numbers[jobs[n].path])  # noqa: E731
        processes = self.jobs([numbers[job.path] for job in jobs])
        for number, result in pool.run(lambda n: fixer.rewritten(jobs[n]), range(len(jobs)), jobs=processes, limit=limit):
            made[number] = result.message if isinstance(result, pool.Failure) else result
        return made

    def sources(self) -> Sources:
        """The texts of all modules, read when first asked for."""
        state = self.state
        return Sources(self.program.paths, self._locations, state.overlays)

    def _source(self, number: int) -> Source | Problem:
        overlay = self.state.overlays.get(number)
        return overlay if overlay is not None else read(self.state.files[number], self.settings.max_file_size)

    def _reread(self, number: int) -> Source | Problem:
        """A source that a worker has read before. A notebook is more than text, and nobody knows whether it is still the same."""
        file = self.state.files[number]
        if number in self.state.overlays or self.is_guarded or not file.path.endswith(NOTEBOOK):
            return self._source(number)
        try:
            return pool.alone(self._source, number, limit=self.limit(number))
        except pool.Failure as error:
            return Problem(file.path, 0, 0, error.message)

    def _unchanged(self, number: int) -> Source | Problem:
        """A source that fixes are made for: a file must be the one that was found, for places in it count from its beginning."""
        file, source = self.state.files[number], self._reread(number)
        if number not in self.state.overlays and isinstance(source, Source) and not file.is_still(os.stat(file.absolute)):
            return Problem(file.path, 0, 0, "not fixed: it was changed since it was read; run again")
        return source

    # -- what reports quote

    def lines(self, results: Iterable[FileResult]) -> dict[tuple[str, int], str]:
        """The text of the first lines that findings cover, as they were when they were linted."""
        numbers = {file.path: n for n, file in enumerate(self.state.files)}
        return {
            (result.path, line): text for result in results if result.findings for line, text in self.quoted.get(numbers[result.path], {}).items()
        }


def _quoted(source: Source, findings: Iterable[Finding]) -> dict[int, str]:
    """The text of the first lines that findings cover."""
    spans = [(finding.span.start.line, finding.span.end.line) for finding in findings]
    return {line: source.line_text(line) for start, end in spans for line in range(start, min(end, start + QUOTED) + 1)}


def _decoded(stdin: tuple[str, bytes]) -> Source:
    return Source.from_bytes(*stdin)


def scale(size: int) -> float:
    """How many times `timeout` a file of so many bytes may take."""
    return max(1.0, size / USUAL)


def read(file: SourceFile, limit: int) -> Source | Problem:
    """A file's source. A file that has grown beyond the limit, vanished or cannot be decoded is a problem."""
    is_notebook = file.path.endswith(NOTEBOOK)
    if file.size > limit and not is_notebook:
        return _too_large(file.path, file.size, limit)
    try:
        source = Source.from_bytes(file.path, read_regular(file.absolute, SOURCE_LIMIT if is_notebook else limit))
        return source if not is_notebook or len(source.text) <= limit else _too_large(file.path, len(source.text), limit)
    except SourceError as error:
        return error.problem
    except OSError as error:
        if error.errno == errno.EFBIG and not is_notebook:  # it has grown
            return _too_large(file.path, max(file.size, limit + 1), limit)
        return Problem(file.path, 0, 0, f"cannot read: {error.strerror or error}")


def _too_large(path: str, size: int, limit: int) -> Problem:
    return Problem(path, 0, 0, f"{size:,} bytes is more than `max-file-size` ({limit:,}); raise it, or exclude the file")


def _index(
    files: Sequence[SourceFile],
    overlays: Mapping[int, Source],
    limit: int,
    common: Collection[str],
    digest: Callable[[bytes], bytes] | None,
    number: int,
) -> tuple[Packed, bytes, bool, bytes] | Problem:
    source = overlays.get(number) or read(files[number], limit)
    if isinstance(source, Problem):
        return source
    facts: ModuleFacts | Problem = engine.index(source)
    if isinstance(facts, Problem):
        return facts
    facts.narrow(common)
    return facts.pack(), names.pack(names.names_of(facts)), may_report(source.text), digest(source.data) if digest is not None else b""


def _early(program: Program, numbers: Sequence[int], rules: Sequence[Rule]) -> tuple[engine.Early, dict[str, object]]:
    return engine.early(program, numbers, rules), program.answers()


# The result of a file, the modules whose text has been looked at by this process so far, the lines that reports may quote, and the calls of the file
# that could not be followed.
_Linted = tuple[FileResult, frozenset[int], dict[int, str], list[tuple[int, int]]]


def _lint(project: Project, suspects: Mapping[int, engine.Suspects], sources: Sources, number: int) -> _Linted:
    source = project._source(number)
    if isinstance(source, Problem):
        return FileResult(source.path, problems=(source,)), frozenset((number,)), {}, []
    result = engine.lint(
        project.program,
        number,
        source,
        suspects[number],
        sources,
        enabled=project.enabled(number),
        codes=project.codes,
        target_version=project.settings.target_version,
        task_errors=project.settings.task_errors,
    )
    if any(finding.fix is not None and finding.code not in project.may_fix for finding in result.findings):
        shown = tuple(_only_shown(finding, project.may_fix) for finding in result.findings)
        result = FileResult(result.path, shown, result.problems, result.suppressed)
    tangled = [each for each in project.program.tangled if each[0] == number]
    return result, frozenset(sources.quoted), _quoted(source, result.findings), tangled


def _only_shown(finding: Finding, may_fix: Collection[str]) -> Finding:
    """A finding whose fix, if its rule's may not be applied, is only shown."""
    if finding.fix is None or finding.code in may_fix:
        return finding
    from dataclasses import replace

    return replace(finding, fix=replace(finding.fix, applicability=Applicability.MANUAL))
