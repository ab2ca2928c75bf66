"""Where a callable runs that a function is given: flags that go together."""

from __future__ import annotations

THREAD = 1  # in a worker thread or process
LOOP = 2  # on the event loop
HERE = 4  # in the frame of the function itself
RETURNED = 8  # when what the function returns is called
DEFERRED = 16  # together with THREAD or LOOP: not before what the function returns is called


def is_offload(places: int) -> bool:
    """Whether a callable that runs at these places runs in threads only."""
    return bool(places & THREAD) and not places & (LOOP | HERE | RETURNED)


def is_loop_callback(places: int) -> bool:
    """Whether a callable that runs at these places runs on the loop, and not in threads."""
    return bool(places & LOOP) and not places & THREAD
