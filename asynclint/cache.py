"""Facts and results of earlier runs, by the content of files, so that a run reads only what has changed.

Three files in one folder: `results` holds what the file system said of each file, its digest, and what the last runs found; every run reads it.
`facts` holds the facts of modules, and is read where something has changed, each module only when it is asked for; `later` those of the few that
have changed since `facts` was written. All are made of `marshal`, which trusts what it reads; so each file is signed with a secret of the user that
never leaves the user's own cache directory, and one that is not, or is of another version of Python or asynclint, is not read at all, but written
anew. Runs that write at the same time replace each other's files whole. The folder may be what a repository brought: nothing in it is followed, and
no folder is used that a link leads out of the project.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
import time
import zlib
from contextlib import suppress
from enum import Enum
from hashlib import blake2b
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from asynclint import __version__, model
from asynclint.index.facts import FORMAT
from asynclint.reading import CONFIGURATION_LIMIT, RECORD_LIMIT, read_regular
from asynclint.writing import is_within, leads_out, replace, stays_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asynclint.config import Settings
    from asynclint.files import SourceFile
    from asynclint.index.module import Packed

_LAYOUT = 2  # of the files
_LARGEST = 4 * RECORD_LIMIT  # bytes of one
REMEMBERED = 8  # results of so many different command lines are kept
_RACY = 2_000_000_000  # nanoseconds: a file as young as this may change again without another time
_SIGNATURE = 32  # bytes
_STRAY = re.compile(r"(?:results|facts|later|\.gitignore)\.[0-9a-f]{16}\.tmp")
_ABANDONED = 3600  # seconds
_FEW = 200  # so many modules that have changed are kept beside the others: these need not be written again
_INDIFFERENT = frozenset(
    ["jobs", "timeout", "cache", "cache_dir", "min_severity", "min_confidence", "baseline"]
)  # settings that no result depends on
_KINDS: tuple[Any, ...] = (
    *(model.Position, model.Span, model.Edit, model.Import, model.Declaration, model.Fix, model.Frame, model.Finding),
    *(model.Problem, model.FileResult, model.Suppressed, model.Severity, model.Confidence, model.Applicability),
)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
State = tuple[int, int, int, int]  # see `SourceFile.state`
Known = tuple[str, State, bytes]  # absolute path, its state, digest
Facts = tuple["Packed", bytes, bool]  # the facts, their names packed, and whether there are suppressions
_Table = tuple[dict[bytes, tuple[int, ...]], memoryview]  # by digest: place and lengths of the parts; the parts


class Cache:
    """What is known of a project. `open` it before a run, `write` it after."""

    def __init__(self, folder: str, secret: bytes) -> None:
        self.folder = folder
        self._secret = secret
        self._program = _program()
        content = _loaded(self._read("results")) or {}
        self._known: dict[str, Known] = {known[0]: known for known in content.get("files", ())}
        self._started: int = content.get("started", 0)
        self._results: dict[bytes, Any] = content.get("results", {})
        self._digests: dict[tuple[str, State], bytes | None] = {}
        self._was_unsure = False  # whether a file had to be read to know that it has not changed
        self._tables: list[_Table] | None = None

    @staticmethod
    def digest_of_file(absolute: str) -> bytes:
        """What stands for the content of a file as it is now. Raises OSError where it cannot be read."""
        return _digest(read_regular(absolute, RECORD_LIMIT))

    @staticmethod
    def digest(data: bytes) -> bytes:
        """What stands for the content of a file."""
        return _digest(data)

    # -- results

    def digest_of(self, file: SourceFile) -> bytes | None:
        """The digest of a file, without reading it if it has surely not changed; None if it is not known or cannot be read."""
        question = (file.absolute, file.state)
        if question not in self._digests:
            self._digests[question] = self._digest_of(*question)
        return self._digests[question]

    def _digest_of(self, absolute: str, state: State) -> bytes | None:
        known = self._known.get(absolute)
        if known is None or known[1][0] != state[0]:
            return None
        if known[1] == state and self._is_settled(state):
            return known[2]
        self._was_unsure = True
        try:
            return self.digest_of_file(absolute)
        except OSError:
            return None

    def _is_settled(self, state: State) -> bool:
        """Whether a file in this state cannot have changed after it was read without another state: neither time is as young as the run."""
        return max(state[1], state[2]) < self._started - _RACY

    def recall(self, key: bytes, files: Sequence[SourceFile], asked: Sequence[str], started: int) -> model.RunResult | None:
        """What a run with this key found, if the files of the program are still the same; `asked` are the paths of those to have a result, `started`
        is when this run did, before it looked at the files. What had to be read for it need not be the next time.
        """
        if key not in self._results:
            return None
        contents = self._contents(files)
        if self._results[key]["whole"] != _whole(files, contents):
            return None
        if self._was_unsure:
            with suppress(OSError):
                self._write(key, started, files, [content or b"" for content in contents], {**self._results[key], "then": {}})
        return self.found(key, asked)

    def found(self, key: bytes, asked: Sequence[str]) -> model.RunResult:
        """What a run with this key found."""
        begun = time.perf_counter()
        results = {result.path: result for result in _from_plain(self._results[key]["results"])}
        lines = dict(_from_plain(self._results[key]["lines"]))
        shown = [results.get(path) or model.FileResult(path) for path in sorted(results.keys() | set(asked))]
        return model.RunResult(tuple(shown), (), len(asked), lines, {}, {}, {"recall": time.perf_counter() - begun})

    def changed(self, key: bytes, files: Sequence[SourceFile]) -> dict[int, bytes]:
        """Which files (by number) have changed since a run with this key, and the digests that they had; none where more than that is different."""
        stored = self._results.get(key)
        if stored is None:
            return {}
        then = [self._then(stored, file) for file in files]
        if stored["whole"] != _whole(files, then):
            return {}
        now = self._contents(files)
        return {number: old for number, old in enumerate(then) if old is not None and old != now[number]}

    def quotes(self, key: bytes, paths: Iterable[str]) -> bool:
        """Whether a run with this key looked at more than the facts of files at these paths, found anything in one, or told of one."""
        stored = self._results[key]
        seen, told = frozenset(stored["seen"]), marshal.dumps(stored["results"])
        return any(path in seen or path.encode("utf-8", "surrogatepass") in told for path in paths)

    def walked(self, key: bytes, path: str) -> bytes | None:
        """The content of a file that a run with this key walked without finding anything; None where it was not walked."""
        text = self._results[key]["walked"].get(path)
        return zlib.decompress(text) if text is not None else None

    def move(self, key: bytes, started: int, files: Sequence[SourceFile], changed: Mapping[int, bytes]) -> None:
        """Keep that what a run with this key found holds also for files of which some (by number) have changed, and have this content now; `started`
        as for `write`. Raises OSError where it cannot be written."""
        stored = self._results[key]
        digests = [_digest(changed[n]) if n in changed else self._then(stored, file) or b"" for n, file in enumerate(files)]
        walked = {files[n].path: zlib.compress(data, 1) for n, data in changed.items() if files[n].path in stored["walked"]}
        moved = {**stored, "whole": _whole(files, digests), "walked": {**stored["walked"], **walked}, "then": {}}
        self._write(key, started, files, digests, moved)

    def _then(self, stored: dict[str, Any], file: SourceFile) -> bytes | None:
        """The digest of a file when something was stored."""
        return stored["then"].get(file.absolute) or (self._known[file.absolute][2] if file.absolute in self._known else None)

    def _contents(self, files: Sequence[SourceFile]) -> list[bytes | None]:
        return [self.digest_of(file) for file in files]

    # -- facts

    def facts(self, content: bytes) -> Facts | None:
        """The facts of a file with this digest."""
        for index, blobs in self._all_facts():
            entry = index.get(content)
            if entry is not None:
                at, *lengths, commented = entry
                parts = []
                for length in lengths:
                    parts.append(bytes(blobs[at : at + length]))
                    at += length
                return (parts[0], parts[1], parts[2], parts[3]), parts[4], bool(commented)
        return None

    def _all_facts(self) -> list[_Table]:
        """Those of most modules, and those that came later."""
        if self._tables is None:
            self._tables = [self._table(name) for name in ("facts", "later")]
        return self._tables

    def _table(self, name: str) -> _Table:
        data = self._read(name)
        start = 8 + int.from_bytes(data[:8], "little")
        return (marshal.loads(data[8:start]), data[start:]) if data else ({}, data)

    # -- files

    def _read(self, name: str) -> memoryview:
        """The content of a file of the cache, or nothing where it is not one that this user's asynclint of this version has written."""
        try:
            data = read_regular(os.path.join(self.folder, name), _LARGEST, follow=False)
        except OSError:
            return memoryview(b"")
        content = memoryview(data)[_SIGNATURE:]
        return content if data[:_SIGNATURE] == self._signature(name, content) else memoryview(b"")

    def _signature(self, name: str, content: Any) -> bytes:
        return blake2b(content, digest_size=_SIGNATURE, key=self._secret, salt=name.encode(), person=self._program).digest()

    def write(
        self,
        key: bytes,
        started: int,
        files: Sequence[SourceFile],
        digests: Sequence[bytes],
        results: Iterable[model.FileResult],
        lines: Mapping[tuple[str, int], str],
        seen: Iterable[str],
        walked: Mapping[str, bytes],
    ) -> None:
        """Keep what a run found that started at a time (nanoseconds since the epoch); `digests` of the files in their order, of the content that was
        linted; `seen` the paths of those of which more than the facts was looked at, except for those that were only `walked`, and nothing found:
        their contents. Without a key nothing but the digests is kept. Raises OSError where it cannot be written.
        """
        shown = tuple(
            sorted((result for result in results if result.findings or result.problems or result.suppressed), key=lambda result: result.path)
        )
        found = {
            "whole": _whole(files, digests),
            "results": _plain(shown),
            "lines": _plain(tuple(lines.items())),
            "seen": tuple(sorted(seen)),
            "walked": {path: zlib.compress(data, 1) for path, data in walked.items()},
            "then": {},
        }
        self._write(key, started, files, digests, found)

    def _write(self, key: bytes, started: int, files: Sequence[SourceFile], digests: Sequence[bytes], found: dict[str, Any]) -> None:
        """`found` holds under "then", by path, the digests of files that have changed since."""
        known = {file.absolute: (file.absolute, file.state, content) for file, content in zip(files, digests, strict=True)}
        changed = {path: old for path, (_, _, old) in self._known.items() if path in known and known[path][2] != old}
        self._results.pop(key, None)
        self._results = dict(list(self._results.items())[1 - REMEMBERED :])
        for stored in self._results.values():
            stored["then"] = {**changed, **stored["then"]}
        if key:
            self._results[key] = found
        # Files of other runs are still known if nothing can have changed them unnoticed since.
        others = (entry for path, entry in self._known.items() if path not in known and self._is_settled(entry[1]) and os.path.exists(path))
        self._known = {entry[0]: entry for entry in others} | known
        self._sign("results", marshal.dumps({"files": list(self._known.values()), "started": started, "results": self._results}))

    def write_facts(self, facts: Mapping[bytes, Facts]) -> None:
        """Keep the facts of modules by the digests of their files, beside those of other files that are known. Raises OSError where they cannot be
        written."""
        (most, _), (later, _) = self._all_facts()
        new = [content for content in facts if content not in most and content not in later]
        if not new:
            return
        contents = {entry[2] for entry in self._known.values()}.union(*(stored["then"].values() for stored in self._results.values()))
        if most and len(new) + len(later) <= _FEW:
            self._write_table("later", {content: facts[content] for content in new} | self._facts_of(contents.intersection(later)))
            return
        self._write_table("facts", {**facts, **self._facts_of(contents.difference(facts))})
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, "later"))

    def _facts_of(self, contents: Iterable[bytes]) -> dict[bytes, Facts]:
        return {content: kept for content in contents if (kept := self.facts(content)) is not None}

    def _write_table(self, name: str, facts: Mapping[bytes, Facts]) -> None:
        index: dict[bytes, tuple[int, ...]] = {}
        blobs: list[bytes] = []
        at = 0
        for content, (packed, names, commented) in facts.items():
            parts = (*packed, names)
            index[content] = (at, *map(len, parts), commented)
            blobs += parts
            at += sum(map(len, parts))
        head = marshal.dumps(index)
        self._sign(name, b"".join((len(head).to_bytes(8, "little"), head, *blobs)))

    def _sign(self, name: str, content: bytes) -> None:
        os.makedirs(self.folder, exist_ok=True)
        ignore = os.path.join(self.folder, ".gitignore")
        if not os.path.lexists(ignore):
            replace(ignore, b"*\n")
        self._sweep()
        replace(os.path.join(self.folder, name), self._signature(name, content) + content)

    def _sweep(self) -> None:
        """Remove what runs that were killed an hour ago or earlier have left."""
        with suppress(OSError):
            for entry in [each for each in os.scandir(self.folder) if _STRAY.fullmatch(each.name)]:
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED:
                    os.unlink(entry.path)


def open_cache(settings: Settings, warn: Callable[[str], object] | None = None) -> Cache | None:
    """The cache of a project; None where the user wants none, or has no place for a secret, and where the folder is a link or lies behind one that
    leaves the project, which `warn` is told, or else standard error.
    """
    if not settings.cache:
        return None
    folder = os.path.join(settings.root, settings.cache_dir)
    if is_within(folder, settings.boundary) and (os.path.islink(folder) or leads_out(folder, settings.boundary)):
        (warn or _warn)(f"{folder} is a link, and no cache is kept behind one; remove it, or choose another `cache-dir`")
        return None
    secret = _secret(settings)
    return Cache(folder, secret) if secret else None


def _warn(message: str) -> None:
    from asynclint.report import escape

    sys.stderr.write(f"warning: {escape(message)}\n")


def key_of(settings: Settings, paths: Sequence[str], packages: Sequence[str]) -> bytes:
    """What stands for all that decides on the results of a run, besides the files. `packages` are the folders of the environment's packages."""
    fields = {name: getattr(settings, name) for name in settings.__match_args__ if name not in _INDIFFERENT}
    installed = [(folder, _changed(folder)) for folder in (*sys.path, *packages) if os.path.isdir(folder)]
    plugins = [_changed(plugin) for plugin in settings.plugins]
    catalog = [_content(file) for file in settings.catalog]
    return _digest(repr((sorted(fields.items()), paths, os.getcwd(), installed, plugins, catalog)).encode("utf-8", "surrogatepass"))


def _whole(files: Sequence[SourceFile], contents: Sequence[bytes | None]) -> bytes:
    """What stands for a program: the paths of its files, and the digests of their contents."""
    return _digest(repr([(file.path, content) for file, content in zip(files, contents, strict=True)]).encode("utf-8", "surrogatepass"))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _changed(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _content(path: str) -> bytes:
    """The digest of a small file; nothing where it cannot be read, which a run then tells."""
    try:
        return _digest(read_regular(path, CONFIGURATION_LIMIT))
    except OSError:
        return b""


def _program() -> bytes:
    """What stands for this asynclint on this Python: 16 bytes."""
    here = os.path.dirname(os.path.abspath(__file__))
    entries = [entry for folder in _folders(here) for entry in os.scandir(folder) if entry.is_file()]
    files = [(entry.path, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries]
    return _digest(repr((_LAYOUT, FORMAT, __version__, sys.version, sys.implementation.cache_tag, sorted(files))).encode())


def _folders(here: str) -> list[str]:
    spec = find_spec("asynclint.rules")
    roots = [here, *(spec.submodule_search_locations or () if spec is not None else ())]
    return [folder for root in roots for folder, _, _ in os.walk(root) if not folder.endswith("__pycache__")]


def _secret(settings: Settings) -> bytes:
    """The user's secret, made when there is none; nothing where it cannot be kept, or lies where the project could have brought it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # is to be passed over, says the XDG Base Directory Specification
        base = os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "asynclint", "secret")
    if not os.path.isabs(path):
        return b""
    try:
        if stays_within(path, settings.root) and (settings.is_project or not _is_private(path)):
            return b""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with suppress(FileExistsError), open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_SIGNATURE))
        secret = read_regular(path, _SIGNATURE, follow=False)
    except OSError:
        return b""
    return secret if len(secret) == _SIGNATURE else b""


def _is_private(path: str) -> bool:
    """Whether a file, if there is one, can be read by its owner alone: git makes none such, unless the user's mask of modes has it so."""
    return not os.path.lexists(path) or (sys.platform != "win32" and not os.lstat(path).st_mode & 0o077)


# -- results as plain data


def _loaded(data: memoryview) -> Any:
    return marshal.loads(data) if data else None


def _plain(value: Any) -> Any:
    """A record as a list of its kind and its fields, and so on within; tuples, texts and numbers as they are."""
    kind = value.__class__
    if kind is tuple:
        return tuple(map(_plain, value))
    number = _NUMBERS.get(kind)
    if number is None:
        return value
    if isinstance(value, Enum):
        return [number, value.value]
    return [number, *(_plain(getattr(value, name)) for name in kind.__match_args__)]


def _from_plain(value: Any) -> Any:
    if value.__class__ is tuple:
        return tuple(map(_from_plain, value))
    if value.__class__ is list:
        return _KINDS[value[0]](*map(_from_plain, value[1:]))
    return value
