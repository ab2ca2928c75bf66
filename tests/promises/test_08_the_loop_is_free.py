"""Promise 8: before, the loop is blocked; after, it is not, and the program gives the same. Seen by blockbuster while the fixtures run.

A fixture that can run is called `bad_runs.py` and has a coroutine function `main` that returns a value.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import warnings
from pathlib import Path

import pytest
from blockbuster import BlockingError, blockbuster_ctx
from builders import bury_children

from asynclint.testing import fix_text, fixture_sources, fixtures

FIXTURES = Path(__file__).parents[2] / "fixtures"
RUNNABLE = [path for path in fixtures(FIXTURES) if path.name == "bad_runs.py"]
UNSEEN = {  # rule -> why blockbuster sees nothing before the fix
    "discarded-task": "a lost task does not block",
    "eager-offload": "it does, and then raises TypeError: the result cannot be called",
    "get-event-loop": "it does not block",
    "lock-across-await": "the lock is free whenever it is taken",
}


def outcome(text: str, path: Path, *, watched: bool) -> object:
    """What the fixture's `main()` returns. Raises BlockingError if it is watched and blocks the loop."""
    space = {"__name__": "fixture", "__file__": str(path)}
    exec(compile(text, str(path), "exec", dont_inherit=True), space)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("error")
        if not watched:
            return asyncio.run(space["main"]())  # type: ignore[operator]
        with blockbuster_ctx():
            return asyncio.run(space["main"]())  # type: ignore[operator]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the pipes of such processes
@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.parent.name)
def test_the_loop_is_free_after_safe_fixes(path: Path) -> None:
    (before,) = fixture_sources(path).values()
    after = fix_text(before)
    assert after != before
    if path.parent.name == "eager-offload":
        with pytest.raises(TypeError):
            outcome(before, path, watched=False)
        assert outcome(after, path, watched=True) is None
        return
    if path.parent.name not in UNSEEN:
        with pytest.raises(BlockingError):
            outcome(before, path, watched=True)
        bury_children()
    assert outcome(after, path, watched=True) == outcome(before, path, watched=False)


def test_every_rule_with_safe_fixes_of_blocking_calls_has_one() -> None:
    named = {path.parent.name for path in RUNNABLE}
    assert named >= {"blocking-sleep", "blocking-file-io", "blocking-subprocess", "blocking-wait", "blocking-helper", *UNSEEN}
