"""The command line. It imports click and little else: what a run does not need, it does not load."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from asynclint import __version__
from asynclint.config import OPTIONS, ConfigError, Kind, Option, Settings, did_you_mean, load
from asynclint.model import Applicability, RunResult

if TYPE_CHECKING:
    from rich.progress import Progress

CLEAN, FINDINGS, ERROR, INTERRUPTED = 0, 1, 2, 130
_PROGRESS_AFTER = 1.0  # seconds
_PROGRESS_EVERY = 0.1


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code. Errors are one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character gets its number
    try:
        result = commands.main(list(arguments), prog_name="asynclint", standalone_mode=False)
        return result if isinstance(result, int) else CLEAN
    except click.Abort:
        _write(sys.stderr, "interrupted\n")
        return INTERRUPTED
    except click.ClickException as error:
        return _fail(_one_line(error.format_message()))
    except ConfigError as error:
        return _fail(_one_line(str(error)))
    except Exception as error:
        return _fail(_crash(error))


class _Commands(click.Group):
    """`asynclint PATHS` means `asynclint check PATHS`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names, "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        check.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, options_metavar="[check] [OPTIONS]", subcommand_metavar="[PATHS]..."
)
@click.version_option(__version__, prog_name="asynclint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find the code that stalls an event loop, see the chain of calls that proves it, and rewrite it.

    PATHS are files and directories, "." by default; "-" reads standard input.
    """


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the table. One that is not given is None, so that the configuration file decides."""
    for option in reversed(OPTIONS):
        if option.flags:
            command = click.option(*option.flags, option.field, help=option.help.replace("`", ""), **_click_arguments(option))(command)
    return command


def _click_arguments(option: Option) -> dict[str, Any]:
    if option.kind is Kind.FLAG:
        return {"is_flag": True, "default": None if option.in_file else option.default}
    if option.choices:
        return {"type": click.Choice(option.choices), "default": option.default, "show_default": True}
    kind = click.IntRange(min=0) if option.kind is Kind.NUMBER else click.STRING
    return {"type": kind, "metavar": option.metavar, "multiple": option.kind in (Kind.LIST, Kind.TABLE), "default": None}


@commands.command()
@click.argument("paths", nargs=-1)
@_flags
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories. This is the command when none is named."""
    started = time.perf_counter()
    name = given["stdin_filename"]
    from_stdin = paths == ("-",) or (not paths and name is not None)
    if "-" in paths and not from_stdin:
        raise click.UsageError("`-` (standard input) cannot be mixed with other paths")
    if name is not None and not from_stdin:
        raise click.UsageError("--stdin-filename goes with `-`")
    name = name or "<stdin>"
    paths = (name,) if from_stdin else paths or (".",)
    settings = load(paths, config=given["config"] or (), isolated=given["isolated"], command_line=_given_for_settings(given))
    stdin = (name, sys.stdin.buffer.read()) if from_stdin else None
    result = _run(() if stdin else paths, settings, stdin, given)
    if stdin and given["fix"] and not given["diff"]:
        _write_bytes(_fixed_bytes(stdin, result))
    _report(result, given, sys.stderr if stdin and given["fix"] and not given["diff"] else sys.stdout)
    if given["verbose"]:
        source = settings.config_file or "none"
        _write(sys.stderr, f"root: {settings.root}\nconfiguration: {source}\nfiles: {result.checked}\nseconds: {time.perf_counter() - started:.2f}\n")
    return _exit_code(result, given)


@commands.command()
@click.argument("rule", required=False)
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
def rule(rule: str | None, every: bool) -> int:
    """Print the page of a rule, or list the rules.

    RULE is a code or a name; without it the rules are listed.
    """
    from asynclint import registry

    rules = sorted(registry.load(load(())), key=lambda each: each.code)
    if rule is None and not every:
        width = max((len(each.name) for each in rules), default=0)
        _write(sys.stdout, "".join(f"{each.code}  {each.name:{width}}  {_first_line(each.doc)}\n" for each in rules))
        return CLEAN
    chosen = rules if every else [each for each in rules if rule in (each.code, each.name)]
    if not chosen:
        raise ConfigError(f"unknown rule `{rule}`{did_you_mean(rule or '', [part for each in rules for part in (each.code, each.name)])}")
    _print_markdown("\n".join(f"# {each.name} ({each.code})\n\n{each.doc.strip()}\n" for each in chosen))
    return CLEAN


# ---------------------------------------------------------------------------------------------------------- from flags to a run


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
            raise click.UsageError(f"{option.flags[0]}: expected {option.metavar}, got `{part}`")
        table.setdefault(pattern, []).append(code)
    return table


def _run(paths: tuple[str, ...], settings: Settings, stdin: tuple[str, bytes] | None, given: dict[str, Any]) -> RunResult:
    from asynclint import runner

    fix = None
    if given["fix"] or given["diff"]:
        fix = Applicability.UNSAFE if given["unsafe_fixes"] else Applicability.SAFE
    if stdin and settings.force_exclude and _is_excluded(stdin[0], settings):
        return RunResult((), (), 0, {}, {}, {})
    write = not given["diff"] and stdin is None
    with _Progress(shown=sys.stderr.isatty() and not given["quiet"]) as progress:
        request = runner.Request(paths=paths, settings=settings, fix=fix, write=write, stdin=stdin, on_progress=progress.callback)
        try:
            return runner.run(request)
        except BrokenPipeError as error:  # a worker's; click would take it for the reader of our output and exit in silence
            raise RuntimeError("a worker process went away") from error


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
    return FINDINGS if result.findings or (given["exit_non_zero_on_fix"] and result.fixed) else CLEAN


# ---------------------------------------------------------------------------------------------------------- output


def _report(result: RunResult, given: dict[str, Any], stream: TextIO) -> None:
    from asynclint import report

    for problem in sorted(result.all_problems):
        _write(sys.stderr, report.problem_line(problem) + "\n")
    name = given["output_format"]
    file = given["output_file"]
    paint = report.painter() if name != "json" and file is None and _coloured(given["color"], stream) else report.plain
    if given["diff"]:
        from asynclint.report import diff

        text = diff.report(result, paint)
        if not given["quiet"]:
            _write(sys.stderr, report.closing_line(result, would=True))
    else:
        text = report.formatter("statistics" if given["statistics"] and name != "json" else name)(result, paint)
        if name != "json" and not given["quiet"]:
            text += report.closing_line(result)
    if file is None:
        _write(stream, text)
    else:
        _write_file(file, text)


def _coloured(when: str, stream: TextIO) -> bool:
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def _write(stream: TextIO, text: str) -> None:
    """Write to a stream whose reader may have gone, as of `asynclint | head`."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _mute(stream)


def _write_bytes(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _mute(sys.stdout)


def _mute(stream: TextIO) -> None:
    """Send what is still to be written, at exit too, nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _write_file(path: str, text: str) -> None:
    """Write the report all or not at all; a pipe or a device is written to as it is."""
    data = text.encode("utf-8", "backslashreplace")
    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as file:
                file.write(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise ConfigError(f"--output-file: {path}: {error.strerror or error}") from error


def _replace(target: str, data: bytes) -> None:
    beside = f"{target}.{os.getpid()}.tmp"
    try:
        with open(beside, "xb") as file:
            file.write(data)
        if os.path.exists(target):
            os.chmod(beside, os.stat(target).st_mode)
        os.replace(beside, target)
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


def _fixed_bytes(stdin: tuple[str, bytes], result: RunResult) -> bytes:
    """What standard input became, in its encoding; as it was if nothing changed."""
    name, data = stdin
    if name not in result.changed:
        return data
    from asynclint.source import Source

    return Source.from_bytes(name, data).to_bytes(result.changed[name][1])


def _print_markdown(text: str) -> None:
    if not sys.stdout.isatty():
        _write(sys.stdout, text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]


def _fail(message: str) -> int:
    _write(sys.stderr, f"error: {message}\n")
    return ERROR


def _one_line(message: str) -> str:
    from asynclint.report import escape

    return escape(message)


def _crash(error: Exception) -> str:
    """The message for a defect of asynclint; the traceback goes to a file, ready for a report."""
    import tempfile
    import traceback

    details = f"asynclint {__version__}, Python {sys.version}\n{sys.argv}\n\n{''.join(traceback.format_exception(error))}"
    summary = f"asynclint crashed: {type(error).__name__}: {error}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="asynclint-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="replace") as file:
            file.write(details)
    except OSError:
        return f"{summary}\n{details}"
    return f"{summary}; please report the traceback in {file.name}"


class _Progress:
    """A progress bar on standard error, from the second second of a run on. It starts no thread: the runner forks processes."""

    def __init__(self, shown: bool) -> None:
        self.callback = self.show if shown else None
        self.started = self.drawn = time.monotonic()
        self.bar: Progress | None = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def show(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.started < _PROGRESS_AFTER or now - self.drawn < _PROGRESS_EVERY:
            return
        self.drawn = now
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
            self.bar.add_task(stage)
            self.bar.start()
        self.bar.update(self.bar.task_ids[0], description=stage, completed=done, total=total, refresh=True)
