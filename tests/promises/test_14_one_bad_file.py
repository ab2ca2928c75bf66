"""Promise 14: one bad file hides no other. Poisoned files make a rule crash, recurse without end, hang, or kill its process."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from asynclint import runner
from asynclint.config import Settings
from asynclint.index.facts import Call
from asynclint.program.calls import Site
from asynclint.program.effects import Effects
from asynclint.program.values import Scope

FULL = bool(os.environ.get("ASYNCLINT_FULL"))
FILES = 10_000 if FULL else 400
POISONS = ("raise", "kill", "recurse", "hang", "exit")
EACH = 4 if FULL else 1
RULE = '''
import os
import signal

from asynclint.api import Rule


def recurse(n=0):
    return recurse(n + 1)


def hang():
    while True:
        pass


POISONS = {
    "poison_raise": lambda: 1 / 0,
    "poison_kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "poison_recurse": recurse,
    "poison_hang": hang,
    "poison_exit": lambda: os._exit(7),
}


class Poisoned(Rule):
    """Dies of certain names.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "poisoned"

    def visit_Name(self, node, ctx):
        POISONS.get(node.value, int)()
'''
GOOD = "import time\n\n\nasync def f():\n    time.sleep(1)\n" + "# " + "x" * 1100 + "\n"
WORDS = {
    "raise": "ZeroDivisionError",
    "kill": "was killed by SIGKILL",
    "recurse": "RecursionError",
    "hang": "took longer than",
    "exit": "ended with exit code 7",
}


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("poisoned")
    (root / "rule.py").write_text(RULE)
    code = root / "code"
    code.mkdir()
    for number in range(FILES - EACH * len(POISONS)):
        (code / f"good_{number:05}.py").write_text(GOOD)
    for number in range(EACH):
        for poison in POISONS:
            (code / f"good_{number * 17:05}_{poison}.py").write_text(f"poison_{poison}\n{GOOD}")
    return root


def test_every_other_file_has_its_result_and_every_bad_one_its_record(poisoned: Path) -> None:
    settings = Settings(root=str(poisoned), plugins=(str(poisoned / "rule.py"),), jobs=2, timeout=2)
    result = runner.run(runner.Request((str(poisoned / "code"),), settings))
    bad = [each for each in result.files if each.problems]
    assert len(result.files) == result.checked == FILES
    assert sum(len(each.findings) for each in result.files) == FILES - EACH * len(POISONS)
    assert Counter(each.path.rpartition("_")[2] for each in bad) == {f"{poison}.py": EACH for poison in POISONS}
    for each in bad:
        (problem,) = each.problems
        assert problem.path == each.path
        assert WORDS[each.path.rpartition("_")[2].removesuffix(".py")] in problem.message


@pytest.mark.parametrize("poison", ["raise", "recurse"])
def test_a_crash_in_a_small_run_is_a_record_too(poison: str, poisoned: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(f"poison_{poison}\n{GOOD}")
    (tmp_path / "good.py").write_text(GOOD)
    settings = Settings(root=str(tmp_path), plugins=(str(poisoned / "rule.py"),))
    result = runner.run(runner.Request((str(tmp_path),), settings))
    assert [(len(each.findings), len(each.problems)) for each in result.files] == [(0, 1), (1, 0)]
    assert WORDS[poison] in result.files[0].problems[0].message


@pytest.mark.parametrize("deep", ["(" * 3000 + ")" * 3000, "x" + "[0]" * 5000, "-" * 5000 + "1", "f" + "()" * 5000, "a" + ".a" * 5000, "lambda:" * 500 + "1",
                                  "not " * 4000 + "1", "1" + "+1" * 9000, "[" * 150 + "]" * 150])  # fmt: skip
def test_deep_nesting_is_seen_before_it_kills(deep: str, tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text(f"import time\n\nasync def f():\n    time.sleep(1)\n    {deep}\n")
    (tmp_path / "good.py").write_text(GOOD)
    result = runner.run(runner.Request((str(tmp_path),), Settings(root=str(tmp_path))))
    deepest, good = result.files
    assert len(deepest.findings) + len(deepest.problems) == 1
    assert len(good.findings) == 1


def test_a_call_that_cannot_be_followed_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "tangled.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n    time.sleep(2)\n")
    resolve = Effects._resolve

    def tangled(self: Effects, site: Site, call: Call) -> None:
        if (site.module, call.line) == (1, 5):
            self._program.resolver.evaluate(("call", "tangle", ()), Scope(site.module, site.function))
            raise RecursionError
        resolve(self, site, call)

    monkeypatch.setattr(Effects, "_resolve", tangled)

    result = runner.run(runner.Request((str(tmp_path),), Settings(root=str(tmp_path))))

    assert [(os.path.basename(each.path), each.span.start.line) for each in result.findings] == [("good.py", 5), ("tangled.py", 6)]
    assert [(os.path.basename(each.path), each.line) for each in result.all_problems] == [("tangled.py", 5)]
    assert "too deep" in result.all_problems[0].message
