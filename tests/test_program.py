"""What the program knows across modules, seen through the chains of findings: each hop is `file:function` down to the primitive."""

from __future__ import annotations

import pytest

from asynclint.program.modules import Modules
from asynclint.testing import lint_files

TIME = "import time\n"
SLOW = TIME + "def g():\n    time.sleep(1)\n"
C = TIME + "class C:\n    def g(self):\n        time.sleep(1)\n"
PROJECTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "function of another module": (
        {"a.py": SLOW, "b.py": "from a import g\nasync def f():\n    g()\n"},
        ["b.py:f > a.py:g"],
    ),
    "module attribute": (
        {"a.py": SLOW, "b.py": "import a as other\nasync def f():\n    other.g()\n"},
        ["b.py:f > a.py:g"],
    ),
    "re-export under another name": (
        {"p/__init__.py": "from .a import g as h\n", "p/a.py": SLOW, "b.py": "import p\nasync def f():\n    p.h()\n"},
        ["b.py:f > p/a.py:g"],
    ),
    "submodule that its package imports": (
        {"p/__init__.py": "from . import a\n", "p/a.py": SLOW, "b.py": "from p import a\nasync def f():\n    a.g()\n"},
        ["b.py:f > p/a.py:g"],
    ),
    "a module that a package of its name hides": (
        {"p.py": SLOW, "p/__init__.py": "def g():\n    pass\n", "b.py": "from p import g\nasync def f():\n    g()\n"},
        [],
    ),
    "names of a module that nobody can import": (
        {"p/__init__.py": "", "p.py": "import a\n" + SLOW + "async def f():\n    g()\n    a.g()\n", "a.py": SLOW, "p/q/a.py": ""},
        ["p.py:f > p.py:g", "p.py:f > a.py:g"],
    ),
    "star import of a star import": (
        {"a.py": SLOW, "b.py": "from a import *\n", "c.py": "from b import *\nasync def f():\n    g()\n"},
        ["c.py:f > a.py:g"],
    ),
    "shortest chain": (
        {"a.py": TIME + "def far():\n    near()\ndef near():\n    time.sleep(1)\ndef both():\n    far()\n    near()\nasync def f():\n    both()\n"},
        ["a.py:f > a.py:both > a.py:near"],
    ),
    "method of an inferred attribute": (
        {
            "a.py": C,
            "b.py": "from a import C\nclass D:\n    def __init__(self):\n        self.c = C()\n    async def f(self):\n        self.c.g()\n",
        },
        ["b.py:D.f > a.py:C.g"],
    ),
    "returned constructor without annotation": (
        {"a.py": C + "def make():\n    return C()\nasync def f():\n    make().g()\n"},
        ["a.py:f > a.py:C.g"],
    ),
    "optional and union annotations": (
        {"a.py": C + "async def f(x: 'C | None', y: C | int):\n    x.g()\n    y.g()\n"},
        ["a.py:f > a.py:C.g", "a.py:f > a.py:C.g"],
    ),
    "module-level instance imported elsewhere": (
        {"a.py": C + "one = C()\n", "b.py": "from a import one\nasync def f():\n    one.g()\n"},
        ["b.py:f > a.py:C.g"],
    ),
    "super and inheritance": (
        {
            "a.py": TIME + "class A:\n    def g(self):\n        time.sleep(1)\n",
            "b.py": "from a import A\nclass B(A):\n    def g(self):\n        super().g()\nasync def f(b: B):\n    b.g()\n",
        },
        ["b.py:f > b.py:B.g > a.py:A.g"],
    ),
    "dataclass field": (
        {
            "a.py": "from dataclasses import dataclass\nfrom pathlib import Path\n@dataclass\nclass C:\n    p: Path\n"
            "    def g(self):\n        return self.p.read_text()\nasync def f(c: C):\n    c.g()\n"
        },
        ["a.py:f > a.py:C.g"],
    ),
    "with target and walrus": (
        {
            "a.py": TIME + "class C:\n    def __enter__(self):\n        return self\n    def __exit__(self, *a): ...\n    def g(self):\n"
            "        time.sleep(1)\nasync def f():\n    with C() as c:\n        c.g()\n    if (d := C()):\n        d.g()\n"
        },
        ["a.py:f > a.py:C.g", "a.py:f > a.py:C.g"],
    ),
    "constructor, property, context manager": (
        {
            "a.py": TIME + "class C:\n    def __init__(self):\n        time.sleep(1)\n    @property\n    def p(self):\n        time.sleep(1)\n"
            "class M:\n    def __enter__(self):\n        time.sleep(1)\n    def __exit__(self, *a): ...\nasync def f():\n    c = C()\n    c.p\n"
            "    with M():\n        pass\n"
        },
        ["a.py:f > a.py:C.__init__", "a.py:f > a.py:C.p", "a.py:f > a.py:M.__enter__"],
    ),
    "callbacks of the loop": (
        {
            "a.py": TIME + "import asyncio\ndef g():\n    h()\ndef h():\n    time.sleep(1)\n"
            "async def f():\n    asyncio.get_running_loop().call_later(1, g)\n"
        },
        ["a.py:g > a.py:h"],
    ),
    "recursion": (
        {"a.py": TIME + "def g(n):\n    if n:\n        g(n - 1)\n    time.sleep(1)\nasync def f():\n    g(3)\n"},
        ["a.py:f > a.py:g"],
    ),
    "quick call and long wait": (
        {"a.py": TIME + "import os\ndef g():\n    os.stat('a')\n    time.sleep(1)\nasync def f():\n    g()\n"},
        ["a.py:f > a.py:g"],
    ),
}


@pytest.mark.parametrize(("files", "chains"), PROJECTS.values(), ids=PROJECTS.keys())
def test_chains_lead_from_the_loop_to_the_primitive(files: dict[str, str], chains: list[str]) -> None:
    found = [finding for findings in lint_files(files).values() for finding in findings]
    shown = [" > ".join(f"{_short(frame.path, files)}:{frame.function}" for frame in finding.chain) for finding in found]
    assert shown == chains
    for finding in found:
        first, last = finding.chain[0], finding.chain[-1]
        assert (first.line, first.column) == (finding.span.start.line, finding.span.start.column)
        for frame in finding.chain:
            assert frame.text == files[_short(frame.path, files)].splitlines()[frame.line - 1].strip()
        assert "time.sleep" in last.text or "read_text" in last.text


def _short(path: str, files: dict[str, str]) -> str:
    return next(name for name in files if path.endswith("/" + name))


SILENT = {
    "another distribution's module of the same name": {
        "one/lib/__init__.py": "", "one/lib/w.py": SLOW,
        "two/lib/__init__.py": "", "two/lib/w.py": "def g(): ...\n", "two/m.py": "from lib.w import g\nasync def f():\n    g()\n",
    },
    "the standard library wins over a project's folder": {
        "pkg/json.py": TIME + "def loads(x):\n    time.sleep(1)\n", "pkg/__init__.py": "", "pkg/m.py": "import json\nasync def f():\n    json.loads('1')\n",
    },
    "runs only in threads": {
        "a.py": TIME + "import threading\nclass C:\n    def start(self):\n        threading.Thread(target=self.g).start()\n    def g(self):\n"
        "        time.sleep(1)\nasync def f(c: C):\n    c.start()\n"
    },
    "passed through a helper that offloads": {
        "a.py": TIME + "import asyncio\nasync def run(g, *a):\n    return await asyncio.to_thread(g, *a)\nasync def f():\n    await run(time.sleep, 1)\n"
    },
}  # fmt: skip


@pytest.mark.parametrize("files", SILENT.values(), ids=SILENT.keys())
def test_nothing_is_found(files: dict[str, str]) -> None:
    assert [f"{f.path}:{f.span.start.line} {f.message}" for findings in lint_files(files).values() for f in findings] == []


def test_a_folder_with_the_name_of_a_library_does_not_hide_it() -> None:
    (found,) = lint_files({"requests/a.py": "import requests\nasync def f():\n    requests.get('x')\n"})["requests/a.py"]
    assert (found.code, found.span.start.line) == ("ASL104", 3)


def test_a_folder_at_the_top_of_the_file_system_may_have_the_name_of_a_package() -> None:
    modules = Modules(["/app/app/__init__.py", "/app/app/main.py", "/app/other/app.py"])
    assert modules.absolute("/app/app/main", "app.main") == "/app/app/main"
    assert modules.absolute("/app/other/app", "app") == "/app/other/app"
