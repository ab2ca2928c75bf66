"""A program with one module replaced is the program that a fresh link makes."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from asynclint import runner
from asynclint.config import Settings
from asynclint.model import FileResult
from asynclint.project import Project
from asynclint.source import Source

FIXTURES = Path(__file__).parent.parent / "fixtures" / "projects"
HELPER = "import time\n\ndef slow(n):\n    time.sleep(n)\n\ndef quick(n):\n    return n\n"
APP = "from helper import slow, quick\n\nasync def main():\n    slow(1)\n    quick(1)\n"

# what the project is, which file becomes what, and whether the others may then be judged without a fresh link
CASES = {
    "lines moved": ({"helper.py": HELPER, "app.py": APP}, "helper.py", "# one\n# two\n" + HELPER, True),
    "a call added to a body": ({"helper.py": HELPER, "app.py": APP}, "helper.py", HELPER.replace("return n", "time.sleep(1)\n    return n"), True),
    "a call taken away": ({"helper.py": HELPER, "app.py": APP}, "helper.py", HELPER.replace("time.sleep(n)", "print(n)"), True),
    "a function in front": ({"helper.py": HELPER, "app.py": APP}, "helper.py", "def first():\n    pass\n\n" + HELPER, False),
    "the caller": ({"helper.py": HELPER, "app.py": APP}, "app.py", APP.replace("slow(1)", "quick(slow(2))"), True),
    "the first import of a package": (
        {"app.py": "async def main(url):\n    pass\n"},
        "app.py",
        "async def main(url):\n    import requests\n    requests.get(url)\n",
        False,
    ),
    "a method below": (
        {
            "base.py": "class Base:\n    def run(self):\n        self.step()\n    def step(self):\n        raise NotImplementedError\n",
            "below.py": "import time\nfrom base import Base\nclass Below(Base):\n    def step(self):\n        time.sleep(1)\n",
            "app.py": "from below import Below\nasync def main():\n    Below().run()\n",
        },
        "below.py",
        "import time\nfrom base import Base\nclass Below(Base):\n    def step(self):\n        print(1)\n",
        True,
    ),
    "round and round": (
        {
            "one.py": "import time\nfrom two import back\ndef go():\n    time.sleep(1)\n    back()\nasync def main():\n    go()\n",
            "two.py": "def back():\n    from one import go\n    go()\nasync def other():\n    back()\n",
        },
        "one.py",
        "import time\nfrom two import back\ndef go():\n    back()\nasync def main():\n    go()\n",
        True,
    ),
    "a callback handed over": (
        {"helper.py": "import time\ndef work():\n    time.sleep(1)\n", "app.py": "import asyncio, helper\nasync def main():\n    helper.work\n"},
        "app.py",
        "import asyncio, helper\nasync def main():\n    asyncio.get_running_loop().call_soon(helper.work)\n",
        True,
    ),
    "no longer an offload": (
        {
            "pool.py": "import asyncio\nasync def aside(fn):\n    return await asyncio.to_thread(fn)\n",
            "app.py": "import time\nfrom pool import aside\nasync def main():\n    await aside(lambda: time.sleep(1))\n    await aside(time.sleep(1))\n",
        },
        "pool.py",
        "import asyncio\nasync def aside(fn):\n    return fn()\n",
        False,
    ),
}


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _start(folder: Path) -> Project:
    return runner.start(runner.Request((str(folder),), Settings(str(folder), cache=False, jobs=1, tests_may_block=False)), {}, {})[0]


def _results(run: Project) -> dict[str, FileResult]:
    return {result.path: result for result in run.lint().values()}


def _shown(result: FileResult) -> list[str]:
    """A result in lines that can be compared at sight."""
    return [line for each in (*result.findings, *result.problems) for line in re.sub(r"(, chain|, fix|, no_fix)=", r"\n\1=", str(each)).split("\n")]


@pytest.mark.parametrize("case", CASES)
def test_replacing_is_linking_afresh(tmp_path: Path, case: str) -> None:
    files, changed, text, exact = CASES[case]
    _write(tmp_path, files)
    run = _start(tmp_path)
    run.lint()
    number = next(n for n, file in enumerate(run.state.files) if file.path.endswith(changed))
    path = run.state.files[number].path
    assert run.replace(number, Source.from_bytes(path, text.encode())) is exact
    quick = _results(run)
    _write(tmp_path, {changed: text})
    fresh = _results(_start(tmp_path))
    for other in fresh if exact else (path,):
        assert _shown(quick[other]) == _shown(fresh[other])


def _edited(text: str, rng: random.Random) -> str:
    """The text after a small edit as people make them."""
    lines = text.split("\n")
    calls = [n for n, line in enumerate(lines) if re.match(r"\s+(await )?[\w.]+\(.*\)$", line)]
    bodies = [n for n, line in enumerate(lines) if re.match(r"\s*(async )?def \w+\(.*\).*:$", line)]
    kind = rng.randrange(5)
    if kind == 0 and calls:
        n = rng.choice(calls)
        lines[n] = re.sub(r"\S.*", "pass", lines[n])
    elif kind == 1 and bodies:
        n = rng.choice(bodies)
        lines.insert(n + 1, re.match(r"\s*", lines[n]).group() + "    __import__('x'); import time; time.sleep(1)")
    elif kind == 2 and bodies:
        n = rng.choice(bodies)
        lines[n] = re.sub(r"def (\w+)", r"def \1_too", lines[n])
    elif kind == 3:
        return "import time\ndef _first(x=lambda: 1):\n    time.sleep(x())\n" + text + "\nasync def _last():\n    _first()\n"
    else:
        lines.insert(0, "# moved")
    return "\n".join(lines)


@pytest.mark.matrix
@pytest.mark.parametrize("project", sorted(each.name for each in FIXTURES.iterdir() if each.is_dir() and "." not in each.name))
def test_edits_of_the_fixture_projects(tmp_path: Path, project: str) -> None:
    files = {os.path.relpath(path, FIXTURES / project): path.read_text(encoding="utf-8") for path in (FIXTURES / project).rglob("*.py")}
    _write(tmp_path, files)
    rng = random.Random(project)
    for name in sorted(files)[:4]:
        run = _start(tmp_path)
        run.lint()
        number = next(n for n, file in enumerate(run.state.files) if file.absolute == str(tmp_path / name))
        path, text = run.state.files[number].path, _edited(files[name], rng)
        exact = run.replace(number, Source.from_bytes(path, text.encode()))
        if number in run.state.problems:
            continue
        quick = _results(run)
        _write(tmp_path, {name: text})
        fresh = _results(_start(tmp_path))
        _write(tmp_path, {name: files[name]})
        assert _shown(quick[path]) == _shown(fresh[path]), name
        for other in fresh if exact else ():
            assert _shown(quick[other]) == _shown(fresh[other]), name
