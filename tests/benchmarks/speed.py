"""How fast asynclint is, as ratios to ruff on the same files in the same run: `python tests/benchmarks/speed.py DIR`.

The two take turns, so that a machine that slows down slows both; medians are compared. Python may keep its bytecode, as that of an installed
program is kept. Memory is measured in a run of its own, because looking at it costs time: the peak of the sum over all processes, each page
that several share counted once (PSS of `/proc`, so on Linux only).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

RUFF = ("check", "--isolated", "--select", "ASYNC,RUF006", "--exit-zero", "--quiet")
ASYNCLINT = ("--isolated", "--quiet", "--output-format", "concise")
CLEAN_LINES = 900
CLEAN_RUNS = 4  # times as many runs of the short jobs
SAMPLE_EVERY = 0.05  # seconds

_HEAD = '''"""A cache of sessions, as a service keeps them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)
'''
_PART = '''

@dataclass
class Session{n}:
    """One session, its values and who reads them."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    readers: set[str] = field(default_factory=set)

    def get(self, key: str, default: Any = None) -> Any:
        self.readers.add(key)
        return self.values.get(key, default)

    def items(self) -> Iterator[tuple[str, Any]]:
        for key in sorted(self.values):
            if key.startswith("_") or self.values.get(key) is None:
                continue
            yield key, self.values[key]

    async def refresh(self, queue: asyncio.Queue[str]) -> int:
        count = 0
        while not queue.empty():
            key = await queue.get()
            if key in self.readers:
                self.values.update({{key: self.get(key, {n})}})
                count += 1
            await asyncio.sleep(0)
        logger.debug("%s: %d values", self.name, count)
        return count


async def refresh_{n}(sessions: list[Session{n}], keys: list[str]) -> dict[str, int]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    for key in keys:
        await queue.put(key.strip().lower().replace("-", "_"))
    counts = await asyncio.gather(*(session.refresh(queue) for session in sessions))
    return {{session.name: count for session, count in zip(sessions, counts, strict=True) if count}}
'''


def main() -> None:
    arguments = _arguments()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    python = [sys.executable, "-c", "pass"]
    asynclint = [*arguments.asynclint, *ASYNCLINT]
    ruff = [arguments.ruff, *RUFF]
    rows = [("job", "asynclint", "against", "result", "budget")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(folder, "bytecode")
        clean = _clean_file(Path(folder))
        ours, bare = _take_turns([*asynclint, str(clean)], python, arguments.runs * CLEAN_RUNS)
        rows.append((f"one clean file, {CLEAN_LINES} lines", _ms(ours), f"python -c pass {_ms(bare)}", f"+{_ms(ours - bare)}", "+60 ms"))
        if arguments.directory is not None:
            cold, program = [*asynclint, "--no-cache"], Path(folder, "program")
            shutil.copytree(arguments.directory, program, ignore=shutil.ignore_patterns(".git", ".*_cache"))
            ours, theirs = _take_turns([*cold, str(program)], [*ruff, "--no-cache", str(program)], arguments.runs)
            rows.append(("whole program, cold", f"{ours:.2f} s", f"ruff {theirs:.2f} s", f"{ours / theirs:.1f}x", "10x"))
            rows.append(("memory of the same", _peak([*cold, str(program)]), "", "", "600 MB"))
            kept = Path(folder, "kept")
            warm = [*asynclint, f"--cache-dir={kept / 'asynclint'}", str(program)], [*ruff, f"--cache-dir={kept / 'ruff'}", str(program)]
            ours, theirs = _take_turns(*warm, arguments.runs)
            rows.append(("again, nothing changed", f"{ours:.2f} s", f"ruff {theirs:.2f} s", f"{ours / theirs:.1f}x", "1.0x"))
            changed = max(program.rglob("*.py"), key=lambda path: path.stat().st_size)
            ours, theirs = _take_turns(*warm, arguments.runs, before=lambda: changed.write_text(changed.read_text("utf-8") + "\n", "utf-8"))
            rows.append(("again, one file changed", f"{ours:.2f} s", f"ruff {theirs:.2f} s", f"{ours / theirs:.1f}x", "4x"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure asynclint against ruff.")
    parser.add_argument("directory", nargs="?", metavar="DIR", help="a large project; without it only the short job is measured")
    parser.add_argument("--asynclint", nargs="+", default=[sys.executable, "-m", "asynclint"], help="the command to measure")
    parser.add_argument("--ruff", default="ruff", help="the ruff to measure against")
    parser.add_argument("--runs", type=int, default=5, help="runs of each")
    return parser.parse_args()


def _clean_file(folder: Path) -> Path:
    parts = [_PART.format(n=n) for n in range((CLEAN_LINES - _HEAD.count("\n")) // _PART.count("\n"))]
    text = _HEAD + "".join(parts)
    text += "".join(f"LIMIT_{n} = {n}\n" for n in range(CLEAN_LINES - text.count("\n")))
    path = folder / "sessions.py"
    path.write_text(text, encoding="utf-8")
    return path


def _take_turns(first: list[str], second: list[str], runs: int, before: Callable[[], object] = lambda: None) -> tuple[float, float]:
    """The medians of the seconds that two commands take, run by turns after one run of each to warm the disk; `before` is called before each turn."""
    times = []
    for _ in range(runs + 1):
        before()
        times.append((_seconds(first), _seconds(second)))
    return median(one for one, _ in times[1:]), median(other for _, other in times[1:])


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return seconds


def _peak(command: list[str]) -> str:
    """The largest sum of memory of a command and all processes that it starts."""
    if not os.path.exists("/proc/self/smaps_rollup"):
        return "unknown"
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_memory(member) for member in _session(process.pid)))
        time.sleep(SAMPLE_EVERY)
    return f"{peak / 1e6:.0f} MB"


def _session(leader: int) -> list[str]:
    members = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == leader:
            members.append(process)
    return members


def _memory(process: str) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
