"""Calls that block, in every place in which a call can stand. A program is what follows `async def main(log, path, other):`; `path` holds three lines."""

from __future__ import annotations

OFFLOADED = {
    "positional, keyword and starred": """
    given, named = (path,), {"exist_ok": True}
    path.write_text("x", encoding="utf-8")
    log(path.read_text("utf-8"), path.read_text(*["utf-8"]), path.read_text(**{"encoding": "utf-8"}))
    os.makedirs(other, **named)
    return os.path.exists(*given), shutil.copy(*[path, other], follow_symlinks=True) is not None
""",
    "chains": """
    first = path.read_text().strip().split(" ", maxsplit=path.stat().st_size)[0].upper()
    return first, path.resolve().parent.joinpath("in.txt").read_text()[0], -path.stat().st_size ** 2, path.resolve().name
""",
    "conditions": """
    log(1 if path.exists() else 2)
    while other.exists() or not path.exists():
        break
    else:
        log("else")
    assert path.exists() and not other.exists(), path.read_text()
    if not path.exists() or (size := path.stat().st_size) < 1:
        return 0
    elif other.exists():
        return 1
    return size, 0 < path.stat().st_size < 10**6
""",
    "comprehensions": """
    paths = [path, other, path]
    one = [p.read_text() for p in paths if p.exists()]
    two = {p.name: p.stat().st_size for p in paths if p.is_file()}
    three = {p.exists() for p in paths}
    four = [line for line in path.read_text().splitlines()]
    five = [text for p in paths if p.exists() and (text := p.read_text())]
    return one, two, sorted(three), four, five, text
""",
    "f-strings": """
    return f"{path.read_text()!r:>{path.stat().st_size}} {path.exists()} {path.read_text(encoding='utf-8').strip()}"
""",
    "yields": """
    async def lines():
        yield path.read_text()
        got = yield (path.exists())
        log(got)
        yield other.exists(), path.stat().st_size
    return [each async for each in lines()]
""",
    "augmented": """
    text, size = "a", 1
    text += path.read_text()
    size -= path.stat().st_size
    sizes = {"a": 1}
    sizes["a"] += path.stat().st_size
    return text, size, sizes
""",
    "nested": """
    path.write_text(str(path))
    return Path(path.read_text()).read_text(), json.loads(json.dumps(path.with_name(Path(path.read_text()).name).read_text()))
""",
    "subscripts and targets": """
    table = {path.read_text(): 1, **{path.name: path.exists()}}
    table[path.read_text()] = path.read_text()[0]
    del table[path.read_text()]
    a, *b = path.read_text().split()
    return table, a, b, "abcdef"[path.exists(): path.stat().st_size], [*path.read_text()]
""",
    "match, raise and try": """
    match path.exists():
        case True if path.is_file():
            try:
                raise ValueError(path.read_text()) from OSError(path.name)
            except ValueError as error:
                return str(error), str(error.__cause__)
""",
    "errors": """
    for call in (1, 2):
        try:
            other.read_text() if call == 1 else os.rmdir(path)
        except FileNotFoundError as error:
            log(error.filename)
        except NotADirectoryError as error:
            log(type(error).__name__)
        finally:
            log(path.exists())
""",
    "order": """
    def note(value):
        log(value)
        return value
    return note(1), path.write_text(note("2")), note(3), shutil.copy(note(path), note(other)).name, note(path.read_text()) + note("4")
""",
    "comments": """
    path.write_text(
        # first
        "x",  # the text
        encoding="utf-8",  # its encoding
        # last
    )
    (path  # the path
     .read_text())
    return path.read_text(  )
""",
    "awaited, and with async": """
    async def twice(value):
        return value * 2
    return await twice(path.read_text()), [each async for each in over(path.read_text())], await asyncio.gather(twice(path.exists()))
""",
    "what stays": """
    def inner(text=path.read_text()):
        return text
    class Data:
        text = path.read_text()
    return inner(), Data.text, (lambda: path.read_text())(), sum(len(p.read_text()) for p in [path])
""",
    "subprocesses": """
    done = subprocess.run([sys.executable, "-c", "import sys; print(1); sys.exit(3)"], capture_output=True, text=True)
    try:
        subprocess.check_output([sys.executable, "-c", "raise SystemExit(2)"])
    except subprocess.CalledProcessError as error:
        return done.returncode, done.stdout, error.returncode, subprocess.call(["true"])
""",
    "names of parameters": """
    def func(func, keywords=None, *args):
        return path.read_text(), func, keywords, args
    return func(1, 2, 3), func(func=1, keywords=2)
""",
}

HEAD = """import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path


async def over(text):
    for each in text:
        yield each


async def main(log, path: Path, other: Path):"""
