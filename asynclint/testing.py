"""The fixture harness, for the rules of asynclint and of any plugin.

A fixture is one scenario in one file, named by what it shows. Caret lines under the code say what is found there: `#!` in the first two columns,
carets under the span (of a span of several lines: under its part of the first), the code, and what kind of fix there is (`safe`, `unsafe`,
`manual` or `none`). They are taken out before linting.

        import time

        async def wait():
            time.sleep(1)
        #!  ^^^^^^^^^^^^^ ASL101 safe

Under code in the first column the carets follow `#!` at once, and the first one stands for the three columns. `bad_x.fixed.py` is the file after
`--fix` and `bad_x.unsafe.py` after `--fix --unsafe-fixes`; each is there only if it differs from what comes before it. In `ok_x.py` no rule finds
anything. A project is a directory of such files, linted together, with the files that fixing changes in `NAME.fixed/` and `NAME.unsafe/` beside it.

    @pytest.mark.parametrize("path", fixtures("fixtures"), ids=str)
    def test_fixture(path: Path) -> None:
        check_fixture(path)

The rules are those of the distributions that are installed. Rules of a `.py` file are added with
`check_fixture(path, settings=with_plugins("rules.py"))`.
"""

from __future__ import annotations

import ast
import difflib
import re
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asynclint import registry, runner
from asynclint.config import Settings
from asynclint.model import Applicability, Finding, RunResult

LEVELS = {Applicability.SAFE: "fixed", Applicability.UNSAFE: "unsafe"}  # what may be applied -> the suffix of the golden file

_CARETS = re.compile(r"#!( *)(\^+) ([A-Z]{3}\d{3}) (safe|unsafe|manual|none)[ ]*")
_MARK = "#!"


@dataclass(frozen=True, slots=True, order=True)
class Expectation:
    """A finding that a fixture expects: line and columns (from 1, the end exclusive) in the source without caret lines, code, and kind of fix."""

    line: int
    column: int
    end: int
    code: str
    fix: str

    def __str__(self) -> str:
        width = self.end - self.column
        if self.column == 1:
            return f"{_MARK}{'^' * max(1, width - 2)} {self.code} {self.fix}"
        return f"{_MARK}{' ' * (self.column - 3)}{'^' * width} {self.code} {self.fix}"


def with_plugins(*plugins: str) -> Settings:
    """Settings for the other functions here, with the rules of `.py` files or importable modules beside those that are installed."""
    return replace(_settings(), plugins=plugins)


def parse_fixture(text: str) -> tuple[str, tuple[Expectation, ...]]:
    """The source of a fixture without its caret lines, and what they expect. Raises AssertionError for a line that begins like one and is none."""
    kept: list[str] = []
    expected: list[Expectation] = []
    for number, line in enumerate(_lines(text), start=1):
        if _CARETS.fullmatch(line.strip()) and line[0].isspace():
            raise AssertionError(f"line {number}: a caret line begins with `{_MARK}` in the first column, got `{line.rstrip()}`")
        if not line.startswith(_MARK) or number == 1:
            kept.append(line)
            continue
        match = _CARETS.fullmatch(line.rstrip("\r\n"))
        if match is None or not kept:
            raise AssertionError(f"line {number}: expected `#!  ^^^^ ASL101 safe` under a line of code, got `{line.rstrip()}`")
        blanks, carets, code, fix = match.groups()
        column = len(blanks) + 3 if blanks else 1
        end = column + len(carets) + (0 if blanks else 2)
        if not blanks:  # carets that could also stand for a span of one or two columns
            end = min(end, len(kept[-1].rstrip("\r\n")) + 1)
        expected.append(Expectation(len(kept), column, end, code, fix))
    return "".join(kept), tuple(expected)


def lint_text(text: str, filename: str = "x.py", *, settings: Settings | None = None) -> tuple[Finding, ...]:
    """The findings in one file of this text, of all rules that are installed. Raises AssertionError where it could not be checked."""
    return _run_text(text, filename, None, settings).findings


def fix_text(text: str, level: Applicability = Applicability.SAFE, filename: str = "x.py", *, settings: Settings | None = None) -> str:
    """The text after fixing. Raises AssertionError where it, or the outcome, could not be checked."""
    result = _run_text(text, filename, level, settings)
    return result.changed[filename][1] if filename in result.changed else text


def lint_files(files: Mapping[str, str], *, settings: Settings | None = None) -> dict[str, tuple[Finding, ...]]:
    """The findings of files that are linted together, by path. Paths are relative, `/` between parts."""
    return {path: findings for path, (findings, _) in _run_files(files, None, settings).items()}


def fix_files(files: Mapping[str, str], level: Applicability = Applicability.SAFE, *, settings: Settings | None = None) -> dict[str, str]:
    """The texts of files after fixing them together, by path."""
    return {path: text for path, (_, text) in _run_files(files, level, settings).items()}


def fixtures(folder: str | Path) -> list[Path]:
    """All fixtures below a folder, in order: files `bad_*.py` and `ok_*.py`, and the directories in `projects/`. Goldens are no fixtures.

    What is called `bad_x_py311.py` needs that Python, and is left out on an older one. The fixtures of a distribution below the folder are its own.
    """
    found = []
    others = {path.parent for path in Path(folder).glob("*/**/pyproject.toml")}
    for path in sorted(Path(folder).rglob("*")):
        parts = path.relative_to(folder).parts
        if "projects" in parts[:-1]:
            if path.is_dir() and path.parent.name == "projects" and path.suffix not in {f".{name}" for name in LEVELS.values()}:
                found.append(path)
        elif not others.isdisjoint(path.parents):
            continue
        elif path.suffix == ".py" and path.name.startswith(("bad_", "ok_")) and path.name.count(".") == 1 and _runs_here(path.stem):
            found.append(path)
    return found


def fixture_sources(path: str | Path) -> dict[str, str]:
    """The sources of a fixture, without caret lines, by their path in it."""
    return _parse(_read(Path(path)))[0]


def check_fixture(path: str | Path, *, settings: Settings | None = None) -> None:
    """Check a fixture, a file or a project. Raises AssertionError with what differs, also for a fixture that shows nothing."""
    path = Path(path)
    settings = settings or _settings_of(path)
    read = _read(path)
    files, expected = _parse(read)
    _refuse_sloppy(path, files, expected)
    _require_equal(read, _annotated(files, _found(path, files, settings)), str(path), "the fixture", "asynclint")
    before = files
    for level, suffix in LEVELS.items():
        after = _fixed(path, files, level, settings)
        _require_python(after)
        golden = _read(_golden(path, suffix)) if _golden(path, suffix).exists() else {}
        if any(golden[name] == before.get(name) for name in golden):
            raise AssertionError(f"{_golden(path, suffix)}: nothing is different from what comes before it; delete it")
        _require_equal(golden, _difference(before, after), str(_golden(path, suffix)), "the golden", "asynclint")
        before = after


def update_fixture(path: str | Path, *, settings: Settings | None = None) -> None:
    """Write the caret lines and goldens of a fixture as asynclint sees it. Read what it wrote: a golden with wrong code is a defect."""
    path = Path(path)
    settings = settings or _settings_of(path)
    files, _ = _parse(_read(path), strict=False)
    _write(path, _annotated(files, _found(path, files, settings)))
    before = files
    for level, suffix in LEVELS.items():
        after = _fixed(path, files, level, settings)
        changed = _difference(before, after)
        golden = _golden(path, suffix)
        if golden.exists():
            for name in _read(golden):
                (golden / name if path.is_dir() else golden).unlink()
        _write(golden, changed)
        before = after


# -- runs


def _settings() -> Settings:
    """Every rule in every file but the pedantic ones, nothing of the working directory."""
    return Settings(root="/", tests_may_block=False, jobs=1, exclude=(), respect_gitignore=False)


def _settings_of(path: Path) -> Settings:
    """Those of a fixture: a pedantic rule is on in the folder of its name."""
    pedantic = {rule.name for rule in registry.load(_settings()) if rule.pedantic}
    return replace(_settings(), extend_select=tuple(pedantic.intersection(path.parts)))


def _run_text(text: str, filename: str, level: Applicability | None, settings: Settings | None) -> RunResult:
    stdin = filename, text.encode("utf-8", "surrogatepass")
    request = runner.Request((), settings or _settings(), fix=level, write=False, stdin=stdin, in_process=True)
    return _checked(runner.run(request))


def _run_files(files: Mapping[str, str], level: Applicability | None, settings: Settings | None) -> dict[str, tuple[tuple[Finding, ...], str]]:
    """By path: the findings, and the text after fixing."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), files)
        result = _checked(runner.run(runner.Request((folder,), settings or _settings(), fix=level, write=False, in_process=True)))
        found = {each.path: each.findings for each in result.files}
        shown = {path: f"{Path(folder).as_posix()}/{path}" for path in files}
        return {path: (found[shown[path]], result.changed.get(shown[path], ("", text))[1]) for path, text in files.items()}


def _checked(result: RunResult) -> RunResult:
    if result.all_problems:
        raise AssertionError("\n".join(f"{each.path}:{each.line}:{each.column}: {each.message}" for each in result.all_problems))
    return result


def _found(path: Path, files: Mapping[str, str], settings: Settings | None) -> dict[str, tuple[Finding, ...]]:
    if path.is_dir():
        return lint_files(files, settings=settings)
    return {name: lint_text(text, name, settings=settings) for name, text in files.items()}


def _fixed(path: Path, files: Mapping[str, str], level: Applicability, settings: Settings | None) -> dict[str, str]:
    if path.is_dir():
        return fix_files(files, level, settings=settings)
    return {name: fix_text(text, level, name, settings=settings) for name, text in files.items()}


# -- files


def _runs_here(stem: str) -> bool:
    needs = re.search(r"_py3(\d+)$", stem)
    return needs is None or sys.version_info >= (3, int(needs.group(1)))


def _golden(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}") if path.is_dir() else path.with_suffix(f".{suffix}.py")


def _read(path: Path) -> dict[str, str]:
    """The texts of a file, or of the Python files below a directory, by their path in the fixture."""
    if path.is_dir():
        return {each.relative_to(path).as_posix(): _text(each) for each in sorted(path.rglob("*.py"))}
    return {re.sub(r"\.(fixed|unsafe)(?=\.py$)", "", path.name): _text(path)}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogatepass")


def _write(path: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        target = path if path.suffix == ".py" else path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "surrogatepass"))


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in after.items() if text != before[path]}


# -- caret lines


def _parse(files: Mapping[str, str], strict: bool = True) -> tuple[dict[str, str], dict[str, tuple[Expectation, ...]]]:
    sources, expected = {}, {}
    for path, text in files.items():
        if not strict:
            text = "".join(line for n, line in enumerate(_lines(text)) if n == 0 or not line.startswith(_MARK))
        try:
            sources[path], expected[path] = parse_fixture(text)
        except AssertionError as error:
            raise AssertionError(f"{path}: {error}") from None
    return sources, expected


def _annotated(files: Mapping[str, str], found: Mapping[str, Sequence[Finding]]) -> dict[str, str]:
    """The files with a caret line for every finding."""
    return {path: _with_carets(text, found[path]) for path, text in files.items()}


def _with_carets(text: str, findings: Iterable[Finding]) -> str:
    lines = _lines(text)
    below: dict[int, list[str]] = {}
    for finding in findings:
        start, end = finding.span.start, finding.span.end
        last = len(lines[start.line - 1].rstrip("\r\n")) + 1
        fix = finding.fix.applicability.value if finding.fix else "none"
        expectation = Expectation(start.line, start.column, end.column if end.line == start.line else last, finding.code, fix)
        below.setdefault(start.line, []).append(f"{expectation}\n")
    parts = []
    for number, line in enumerate(lines, start=1):
        here = below.get(number, ())
        parts += [line if not here or line.endswith(("\n", "\r")) else f"{line}\n", *here]
    return "".join(parts)


def _lines(text: str) -> list[str]:
    """Lines as Python counts them, with their ends."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


# -- what is refused


def _refuse_sloppy(path: Path, files: Mapping[str, str], expected: Mapping[str, Sequence[Expectation]]) -> None:
    any_expected = any(expected.values())
    if path.name.startswith("bad_") and not any_expected:
        raise AssertionError(f"{path}: a bad fixture needs a finding; if there is none to expect, name it ok_")
    if path.name.startswith("ok_") and any_expected:
        raise AssertionError(f"{path}: an ok fixture has no finding; name it bad_")
    if path.name.startswith("ok_"):
        for suffix in LEVELS.values():
            if _golden(path, suffix).exists():
                raise AssertionError(f"{_golden(path, suffix)}: an ok fixture has no golden")
    _require_python(files)
    if path.is_file():
        for other in sorted(path.parent.glob("*.py")):
            if other.name != path.name and other.name.count(".") == 1 and _parse(_read(other), strict=False)[0][other.name] == files[path.name]:
                raise AssertionError(f"{path}: shows the same as {other.name}; delete one")


def _require_python(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        error = _syntax_error(text)
        if error is not None:
            lines = "\n".join(f"{n:4} {line}" for n, line in enumerate(text.splitlines(), start=1))
            raise AssertionError(f"{path}: is no Python: line {error.lineno}: {error.msg}\n{lines}")


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error
    return None


def _require_equal(expected: Mapping[str, str], actual: Mapping[str, str], place: str, one: str, other: str) -> None:
    if expected == actual:
        return
    parts = [f"{place} differs (- {one}, + {other}); `update_fixture` (`pytest --update-fixtures`) accepts what {other} sees"]
    for path in sorted({*expected, *actual}):
        before, after = expected.get(path, "").splitlines(), actual.get(path, "").splitlines()
        parts += difflib.unified_diff(before, after, f"{path} ({one})", f"{path} ({other})", lineterm="", n=4)
    raise AssertionError("\n".join(parts))
