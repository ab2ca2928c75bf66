"""The linked program of one workspace folder, and what an editor asks of it. Lives in a worker process."""

from __future__ import annotations

import dataclasses
import functools
import gc
import os
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from importlib import import_module

from asynclint import cache, fix, runner, walk
from asynclint.config import Settings, load
from asynclint.files import SourceFile, discover, is_excluded
from asynclint.fix import fixer
from asynclint.lsp.shown import Edits, Offer, Shower, Shown
from asynclint.model import Applicability, Edit, FileResult, Finding, Problem
from asynclint.project import scale
from asynclint.source import NOTEBOOK, Source, SourceError

Texts = Mapping[str, str]  # of unsaved documents, by absolute path
_UNTRUSTED = "the rule plugins of {} are off: they are code, and the editor has not said that the folder is trusted (option `trusted`)"
_DIED = "asynclint died of this file, and does not look at it again before it changes; please report it to the makers of asynclint"


class Session:
    """One project, indexed and linked. Paths are absolute, `/` between parts."""

    def __init__(
        self, paths: tuple[str, ...], texts: Texts, deadly: Texts, encoding: str, *, trusted: bool, progress: Callable[[str, int, int], None]
    ) -> None:
        """`texts` are those of open documents; `deadly` the contents of files of which another process died. Raises ConfigError."""
        settings = load(paths)
        self.notices: list[str] = []  # what the user should know
        if settings.plugins and not trusted:
            self.notices.append(_UNTRUSTED.format(settings.root))
            settings = dataclasses.replace(settings, plugins=())
        self._deadly = dict(deadly)
        found, problems = discover(paths, settings)
        known = {file.absolute for file in found}
        self._ignored = {path for path in texts if path not in known and os.path.exists(path)}  # by git, or by a pattern
        missing = [path for path in texts if path not in known and path not in self._ignored and self._belongs(path, paths, settings)]
        found = sorted([*found, *(SourceFile(path, path, 0, 0) for path in missing)], key=lambda file: file.path)
        store = cache.open_cache(settings, self.notices.append)
        request = runner.Request(paths, settings, on_progress=progress, found=(found, problems), cache=store)
        overlays = {path: overlay(path, text) for path, text in texts.items()}
        unread = {path: Problem(path, 0, 0, _DIED) for path in deadly}
        self._run, _ = runner.start(request, {path: source for path, source in overlays.items() if path not in deadly}, unread)
        self._numbers = {file.absolute: number for number, file in enumerate(found)}
        self._shower = Shower(encoding, self._source)
        self._results: dict[str, FileResult] = {}  # what was last found
        self._paths, self._settings = paths, settings

    @property
    def pages(self) -> dict[str, str]:
        """The pages of all rules, by code."""
        return {rule.code: f"# {rule.name} ({rule.code})\n\n{rule.doc.strip()}\n" for rule in self._run.rules}

    def seconds(self, path: str, text: str | None) -> float:
        """The seconds of processor time that one step of the work on a file may take."""
        size = len(text) if text is not None else 0
        number = self._numbers.get(path)
        return max(self._settings.timeout * scale(size), self._run.limit(number) if number is not None else 0)

    def prepare(self) -> None:
        """Do what the next change needs, while nobody waits."""
        _load()
        self._run.program.prepare()
        gc.freeze()  # what is linked stays; to look for garbage in it would cost more than a change does

    def change(self, path: str, text: str | None) -> bool | None:
        """Take another text of a file (None: as it is on disk). Whether the program is now what a fresh start would make of it; None where the file
        is not part of the program yet.
        """
        number = self._numbers.get(path)
        if number is None:
            return None if path not in self._ignored and self._belongs(path, self._paths, self._settings) else True
        source = overlay(path, text) if text is not None else _on_disk(path)
        if isinstance(source, Problem):
            self._run.state.problems[number] = source
            return False
        if path in self._deadly:
            if self._deadly[path] == source.text:
                return True
            del self._deadly[path]
        known = self._run.state.overlays.get(number)
        if known is not None and known.text == source.text and number not in self._run.state.problems:
            return True
        return self._run.replace(number, source)

    def lint(self, paths: Iterable[str]) -> dict[str, tuple[Shown, ...]]:
        """What is found in files; nothing for those that are not part of the program."""
        numbers = {self._numbers[path] for path in paths if path in self._numbers}
        results = {result.path: result for result in self._run.lint(numbers).values()}
        self._results.update(results)
        return {path: self._shower.show(result) for path, result in results.items()}

    def offers(self, path: str) -> tuple[Offer, ...]:
        """What can be done about what was last found in a file, in order."""
        return self._shower.offer(self._results[path]) if path in self._results else ()

    def fix_all(self, path: str) -> Edits:
        """The edits of all safe fixes of the findings in a file, applied until none is left; other files that such a fix needs are edited too."""
        if path not in self._numbers:
            return {}
        before: dict[str, Source] = {}
        first = self._run.lint({self._numbers[path]})
        findings = [finding for result in first.values() for finding in result.findings]
        for each in sorted({p for f in findings if f.fix for p in f.fix.paths}):
            source = self._source(each)
            if source is None:
                return {}
            before[each] = source

        def lint(changed: Mapping[str, Source]) -> list[Finding]:
            for each, source in changed.items():
                self._run.replace(self._numbers[each], source)
            return [finding for result in self._run.lint({self._numbers[path]}).values() for finding in result.findings]

        try:
            outcome = fixer.converge(before, lint, findings, Applicability.SAFE)
        finally:
            for each, source in before.items():
                self._run.replace(self._numbers[each], source)
        return self._shower.edits(edit for each, source in outcome.sources.items() for edit in _difference(before[each], source.text))

    # -- files

    def _belongs(self, path: str, paths: tuple[str, ...], settings: Settings) -> bool:
        """Whether a file that is not known yet would be found."""
        inside = any(path == each or path.startswith(each.rstrip("/") + "/") for each in paths)
        return inside and path.endswith((".py", ".pyi")) and not is_excluded(path, settings)

    def _source(self, path: str) -> Source | None:
        number = self._numbers.get(path)
        overlaid = self._run.state.overlays.get(number) if number is not None else None
        if overlaid is not None:
            return overlaid
        found = _on_disk(path) if not path.endswith(NOTEBOOK) else None  # an editor has its cells, whose places are others
        return found if isinstance(found, Source) else None


def overlay(path: str, text: str) -> Source:
    """A document's text as a source. What is not Python text is found out where it is parsed."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        source = Source.from_bytes(path, data)
        if source.encoding != "utf-8":
            source = Source.from_bytes(path, text.encode(source.encoding))
    except (SourceError, UnicodeEncodeError):
        return Source(path, data, text, "utf-8", False)
    return source if source.text == text else Source(path, data, text, "utf-8", False)


@functools.cache
def _load() -> None:
    """Import all that finds and mends, and libcst: else the first findings would wait for them."""
    for package in (fix, walk):
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")


def _on_disk(path: str) -> Source | Problem:
    try:
        return Source.read(path)
    except SourceError as error:
        return error.problem


def _difference(source: Source, text: str) -> list[Edit]:
    """The edits, of whole lines, that make a text of a source."""
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [Edit(source.path, source.span(starts[a], starts[b]), "".join(new[c:d])) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
