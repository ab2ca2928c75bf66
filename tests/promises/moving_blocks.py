"""Programs whose `with` blocks are moved into a thread, and programs whose blocks must stay: each with what makes it special.

A program is what follows `async def main(log):` or, where it begins with a `#`, a whole module with that function. `in.txt` holds three lines.
"""

from __future__ import annotations

MOVED = {
    "one name": """
    with open("in.txt") as f:
        data = f.read()
    return data
""",
    "several names": """
    with open("in.txt") as f:
        first = f.readline()
        second, *rest = f.readlines()
    return rest, second, first
""",
    "no name": """
    with open("out.txt", "w") as f:
        f.write("x")
    log("written")
""",
    "the file itself is read later": """
    with open("in.txt") as f:
        f.readline()
    return f.closed, f.name
""",
    "same name twice": """
    with open("in.txt") as f:
        a = f.readline()
    with open("in.txt") as f:
        b = f.read()
    return a, b
""",
    "augmented": """
    total = 1
    with open("in.txt") as f:
        total += len(f.read())
    return total
""",
    "augmented in a loop": """
    total = 0
    for name in ("in.txt", "in.txt"):
        with open(name) as f:
            for line in f:
                total += len(line)
    return total, name
""",
    "augmented parameter": """# module
async def main(log, n=5):
    with open("in.txt") as f:
        n -= len(f.readline())
    return n
""",
    "bound on one way only, and before": """
    found = None
    with open("in.txt") as f:
        for line in f:
            if "two" in line:
                found = line
    return found
""",
    "returns": """
    with open("in.txt") as f:
        return f.read()
""",
    "returns within a loop, nothing follows": """
    with open("in.txt") as f:
        for line in f:
            if "two" in line:
                return line
""",
    "returns within a loop, a return follows": """
    with open("in.txt") as f:
        for line in f:
            if "nothing" in line:
                return line
    return "none of them"
""",
    "what the following return reads": """
    count = 0
    with open("in.txt") as f:
        for line in f:
            count += 1
            if "nothing" in line:
                return line
    return count, line
""",
    "continue as the last of a loop": """
    for name in ("in.txt", "nothing.txt"):
        with open("in.txt") as f:
            if name == "in.txt":
                continue
            log(f.read())
    return name
""",
    "break and continue of a loop inside": """
    line = ""
    with open("in.txt") as f:
        for line in f:
            if "one" in line:
                continue
            if "two" in line:
                break
        else:
            line = "none"
    return line
""",
    "exception passes": """
    try:
        with open("missing.txt") as f:
            return f.read()
    except FileNotFoundError as error:
        return type(error).__name__, error.filename
""",
    "exception of its own": """
    try:
        with open("in.txt") as f:
            raise ValueError(f.readline())
    except ValueError as error:
        return str(error)
""",
    "exception after a name was bound": """
    state = "before"
    try:
        with open("in.txt") as f:
            state = f.readline()
            raise ValueError
    except ValueError:
        return state
""",
    "finally reads": """
    state = []
    n = 0
    try:
        with open("in.txt") as f:
            n = len(f.readline())
            return n
    finally:
        state.append(n)
        log(n)
""",
    "exception and else": """
    try:
        with open("in.txt") as f:
            data = f.read()
    except OSError:
        data = ""
    else:
        data += "!"
    return data
""",
    "try inside": """
    with open("in.txt") as f:
        try:
            n = int(f.readline())
        except ValueError:
            n = -1
        finally:
            log("tried")
    return n
""",
    "nonlocal of an inner function": """
    n = 0
    def count():
        nonlocal n
        n += 1
    with open("in.txt") as f:
        for _ in f:
            count()
    return n
""",
    "closure reads what the block binds": """
    data = ""
    def show():
        return data
    with open("in.txt") as f:
        data = f.read()
        log(show())
    return show()
""",
    "closure made in the block": """
    with open("in.txt") as f:
        lines = f.readlines()
        def last():
            return lines[-1]
    return last()
""",
    "outer nonlocal": """# module
async def main(log):
    n = 1
    async def inner():
        nonlocal n
        with open("in.txt") as f:
            n = len(f.read())
        return n
    await inner()
    return n
""",
    "global": """# module
count = 0

async def main(log):
    global count
    with open("in.txt") as f:
        count = len(f.read())
    return count
""",
    "walrus": """
    with open(name := "in.txt") as f:
        while line := f.readline():
            log(line)
    return name
""",
    "walrus in a comprehension": """
    last = None
    with open("in.txt") as f:
        found = [last := line for line in f]
    return found, last
""",
    "comprehension variable is its own": """
    line = "outside"
    with open("in.txt") as f:
        lines = [line.strip() for line in f]
    return line, lines
""",
    "del": """
    data = "x"
    with open("in.txt") as f:
        del data
        data = f.read()
    return data
""",
    "deleted and gone": """
    data = "x"
    with open("in.txt") as f:
        f.read()
        del data
    try:
        return data
    except UnboundLocalError:
        return "gone"
""",
    "attributes": """# module
class Store:
    async def load(self):
        with open("in.txt") as f:
            self.data = f.read()
            self.__secret = len(self.data)
        return self.__secret

async def main(log):
    store = Store()
    return await store.load(), store.data
""",
    "strings of several lines": """
    with open("in.txt") as f:
        text = '''
    a
  b
c''' + f.readline() + f'''
   {f.readline()}
x'''
        more = ("a"
                "b")
    return text, more
""",
    "string with a continued line": """
    with open("in.txt") as f:
        text = 'a\\
    b' + f.read()
        n = 1 + \\
  2
    return text, n
""",
    "comments and lines at the margin": """
    with open(
    "in.txt"
    ) as f:  # opened
# at the margin
        data = f.read(  # read
)
        # the end
    return data
""",
    "on one line": """
    with open("in.txt") as f: a = f.readline(); b = f.readline()
    return a, b
""",
    "two files": """
    with open("in.txt") as f, open("out.txt", "w") as g:
        g.write(f.read())
    with open("out.txt") as f:
        return f.read()
""",
    "nested blocks": """
    with open("in.txt") as f:
        with open("out.txt", "w") as g:
            n = g.write(f.read())
    return n
""",
    "target of with is an attribute": """
    class Box: pass
    box = Box()
    with open("in.txt") as box.file:
        data = box.file.read()
    return data, box.file.closed
""",
    "match": """
    with open("in.txt") as f:
        match f.readline().split():
            case [word]:
                kind = word
            case [word, *others]:
                kind = others
            case _:
                kind = None
    return kind
""",
    "match binds what is read": """
    word = others = None
    with open("in.txt") as f:
        match f.read().split():
            case [word, *others]:
                pass
    return word, others
""",
    "import inside": """
    with open("in.txt") as f:
        import json as j
        data = j.dumps(f.read())
    return j.loads(data)
""",
    "class inside": """
    with open("in.txt") as f:
        class Data:
            text = f.read()
    return Data.text
""",
    "name of a handler": """
    with open("in.txt") as f:
        try:
            int(f.read())
        except ValueError as error:
            message = str(error)
        else:
            message = ""
    return message
""",
    "taken name": """
    main_in_thread = 1
    with open("in.txt") as f:
        data = f.read()
    return data, main_in_thread
""",
    "zip": """# module
import zipfile

async def main(log):
    with zipfile.ZipFile("x.zip", "w") as z:
        z.writestr("a", "b")
    with zipfile.ZipFile("x.zip") as z:
        names = z.namelist()
        with z.open("a") as inner:
            data = inner.read()
    return names, data
""",
    "tar": """# module
import tarfile

async def main(log):
    with tarfile.open("x.tar", "w") as t:
        t.add("in.txt")
    with tarfile.open("x.tar") as t:
        return t.getnames()
""",
    "temporary directory": """# module
import os
import tempfile

async def main(log):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "x"), "w") as f:
            f.write("1")
        found = os.listdir(folder)
    return found, os.path.exists(folder)
""",
    "sqlite": """# module
import sqlite3

async def main(log):
    with sqlite3.connect("x.db") as db:
        db.execute("create table t (x)")
        db.execute("insert into t values (1)")
        rows = db.execute("select x from t").fetchall()
    return rows
""",
    "closing": """# module
import sqlite3
from contextlib import closing

async def main(log):
    with closing(sqlite3.connect("x.db")) as db:
        return db.execute("select 1").fetchall()
""",
    "gzip": """# module
import gzip

async def main(log):
    with gzip.open("x.gz", "wb") as f:
        f.write(b"1")
    with gzip.open("x.gz") as f:
        return f.read()
""",
    "manager of the program": """# module
from contextlib import contextmanager

@contextmanager
def reading(name):
    f = open(name)
    try:
        yield f
    finally:
        f.close()

async def main(log):
    with reading("in.txt") as f:
        data = f.read()
    return data
""",
    "suppress around": """# module
from contextlib import suppress

async def main(log):
    data = "none"
    with suppress(FileNotFoundError):
        with open("missing.txt") as f:
            data = f.read()
    return data
""",
    "suppress inside": """# module
from contextlib import suppress

async def main(log):
    n = 0
    with open("in.txt") as f:
        with suppress(ValueError):
            n = 1
            n = int(f.read())
    return n
""",
    "if and else": """
    if log:
        with open("in.txt") as f:
            data = f.read()
    else:
        with open("missing.txt") as f:
            data = f.read()
    return data
""",
    "while else": """
    n = 0
    while n < 2:
        with open("in.txt") as f:
            n += len(f.readlines())
    else:
        log(n)
    return n
""",
    "loop keeps the last": """
    last = None
    for _ in range(2):
        with open("in.txt") as f:
            log(last)
            last = f.readline()
    return last
""",
    "in an async with": """# module
import asyncio

async def main(log):
    lock = asyncio.Lock()
    async with lock:
        with open("in.txt") as f:
            data = f.read()
    return data, lock.locked()
""",
    "in a comprehension of the block": """
    with open("in.txt") as f:
        table = {len(line): [c for c in line if c in "aeiou"] for line in f}
    return table
""",
    "lambda as a key": """
    with open("in.txt") as f:
        order = {"one\\n": 3}
        lines = sorted(f, key=lambda line: order.get(line, 0))
    return lines
""",
    "generator that reads": """
    with open("in.txt") as f:
        n = sum(len(line) for line in f)
    return n
""",
    "defaults of an inner function": """
    with open("in.txt") as f:
        data = f.read()
        def show(text=data): return text
    return show()
""",
    "method with a private name": """# module
class Reader:
    async def __load(self):
        with open("in.txt") as f:
            return f.read()
    async def load(self):
        return await self.__load()

async def main(log):
    return await Reader().load()
""",
    "__class__": """# module
class Reader:
    async def load(self):
        with open("in.txt") as f:
            return __class__.__name__, f.read()

async def main(log):
    return await Reader().load()
""",
    "async generator that yields between": """# module
async def lines():
    for _ in range(2):
        with open("in.txt") as f:
            line = f.readline()
        yield line

async def main(log):
    return [line async for line in lines()]
""",
    "exit code": """# module
import sys

async def main(log):
    try:
        with open("in.txt") as f:
            if f.read():
                sys.exit(3)
    except SystemExit as error:
        return error.code
""",
    "tabs": "\n\twith open('in.txt') as f:\n\t\tdata = f.read()\n\treturn data\n",
    "raises in one way": """
    with open("in.txt") as f:
        if not f.read():
            raise ValueError
        ok = True
    return ok
""",
    "conditional, then read in the same way": """
    x = 1
    with open("in.txt") as f:
        if f.readline():
            x = 2
    x += 1
    return x
""",
    "pathlib": """# module
from pathlib import Path

async def main(log):
    path = Path("in.txt")
    with path.open() as f:
        data = f.read()
    with path.open("rb") as f:
        raw = f.read()
    with open(path, encoding="utf-8") as f:
        return data, raw, f.read()
""",
}

STREAMED = {
    "lines": """# module
import subprocess
import sys

async def main(log):
    p = subprocess.Popen([sys.executable, "-c", "print(1); print(2)"], stdout=subprocess.PIPE)
    for line in p.stdout:
        log(line)
    return p.wait(), p.returncode
""",
    "lines of text": """# module
import subprocess
import sys

async def main(log):
    p = subprocess.Popen([sys.executable, "-c", "print(1); print(2); raise SystemExit(3)"], stdout=subprocess.PIPE, text=True, bufsize=1)
    for line in p.stdout: log(line)
    else:
        log("end")
    if p.wait():
        return "failed", p.returncode
""",
    "until the end": """# module
import subprocess

async def main(log):
    p = subprocess.Popen("echo a; echo b >&2; exit 4", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    for line in iter(p.stdout.readline, ""):
        # a line
        log(line.strip())
    return str(p.wait())
""",
    "one after the other": """# module
import subprocess

async def main(log):
    p = subprocess.Popen(["printf", *["a\\nb"]], stdout=subprocess.PIPE, universal_newlines=True)
    while True:
        line = p.stdout.readline()
        if not line:
            break
        log(line.strip())
    p.wait()
    return p.stdout.readline().strip() == "" and p.returncode
""",
    "no such program": """# module
import subprocess

async def main(log):
    p = subprocess.Popen(["no such program"], stdout=subprocess.PIPE)
    for line in p.stdout:
        log(line)
    p.wait()
""",
}

STAY = {
    "waits inside": """# module
import asyncio

async def main(log):
    with open("in.txt") as f:
        await asyncio.sleep(0)
        return f.read()
""",
    "a default waits inside": """# module
import asyncio

async def main(log):
    with open("in.txt") as f:
        def read(after=await asyncio.sleep(0, 3)):
            return f.read()[after:]
        return read()
""",
    "what a generator goes through waits inside": """# module
import asyncio

async def main(log):
    with open("in.txt") as f:
        return [*(line + f.readline() for line in await asyncio.sleep(0, ["a", "b"]))]
""",
    "yields inside": """# module
async def lines():
    with open("in.txt") as f:
        for line in f:
            yield line

async def main(log):
    return [line async for line in lines()]
""",
    "break of the loop around": """
    for name in ("in.txt", "in.txt"):
        with open(name) as f:
            if f.read():
                break
        log("no")
    return name
""",
    "continue before other statements": """
    for name in ("in.txt", "in.txt"):
        with open(name) as f:
            if f.read():
                continue
        log("no")
    return name
""",
    "returns or goes on": """
    with open("in.txt") as f:
        if not f.read():
            return 0
    log("on")
    return 1
""",
    "maybe unbound": """
    with open("in.txt") as f:
        if f.readline() == "nothing":
            data = 1
    try:
        return data
    except UnboundLocalError:
        return "unbound"
""",
    "handler reads what may be bound": """
    try:
        with open("in.txt") as f:
            data = f.readline()
            raise ValueError
    except ValueError:
        return data
""",
    "next": """
    try:
        with open("in.txt") as f:
            for _ in range(9):
                line = next(f)
    except StopIteration:
        return "end"
""",
    "closures over what each round binds": """
    found = []
    for _ in range(2):
        with open("in.txt") as f:
            line = f.readline() + str(_)
            found.append(lambda: line)
    return [f() for f in found]
""",
    "super without arguments": """# module
class Base:
    def name(self): return "base"

class Reader(Base):
    async def load(self):
        with open("in.txt") as f:
            return super().name(), f.read()

async def main(log):
    return await Reader().load()
""",
    "locals": """
    with open("in.txt") as f:
        data = f.read()
    return sorted(locals())
""",
    "loop": """# module
import asyncio

async def main(log):
    with open("in.txt") as f:
        loop = asyncio.get_running_loop()
        f.read()
    return loop is asyncio.get_running_loop()
""",
    "lock held": """# module
import threading
lock = threading.Lock()

async def main(log):
    with lock:
        with open("in.txt") as f:
            return f.read()
""",
    "context variable": """# module
from contextvars import ContextVar
var = ContextVar("var")

async def main(log):
    with open("in.txt") as f:
        var.set(f.read())
    return var.get()
""",
    "kept for each thread": """# module
import threading
here = threading.local()

async def main(log):
    here.name = "loop"
    with open("in.txt") as f:
        here.name = f.readline()
    return here.name
""",
    "connection leaves": """# module
import sqlite3

async def main(log):
    with sqlite3.connect("x.db") as db:
        db.execute("select 1")
    return db.execute("select 2").fetchall()
""",
    "connection from outside": """# module
import sqlite3

async def main(log):
    db = sqlite3.connect("x.db")
    with open("in.txt") as f:
        rows = db.execute("select ?", (f.read(),)).fetchall()
    db.close()
    return rows
""",
    "suppress around a return": """# module
from contextlib import suppress

async def main(log):
    with suppress(ValueError), open("in.txt") as f:
        return int(f.read())
    log("on")
    return "not a number"
""",
    "global declared inside": """# module
async def main(log):
    with open("in.txt") as f:
        global data
        data = f.read()
    return data
""",
}
