"""How long an editor waits for diagnostics after a save: `python tests/benchmarks/saves.py DIR [SAVES]`.

A real client opens the folder, takes documents of about 500 lines, edits the body of a function in each, as one adds or mends a line, and saves.
The time is from the change until its diagnostics have arrived. Nothing is written to the folder.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from editor import editing

LINES = range(450, 551)
EDITS = ("value = str(1)", "print('saved')", "import time; time.sleep(1)", "# a word", "pass")


def edited(text: str, rng: random.Random) -> str:
    """The text with one more line in the body of a function."""
    lines = text.split("\n")
    bodies = [n for n, line in enumerate(lines) if re.match(r"\s*(async )?def \w+\(.*\).*:$", line) and lines[n + 1].strip()[:1] not in ('"', "")]
    if not bodies:
        return text + "\nx = 1\n"
    n = rng.choice(bodies)
    lines.insert(n + 1, re.match(r"\s*", lines[n + 1])[0] + rng.choice(EDITS))
    return "\n".join(lines)


async def measure(root: Path, saves: int) -> list[float]:
    """Print what saves take, and give the seconds, sorted."""
    rng = random.Random(5)
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
    fitting = [path for path, text in texts.items() if text.count("\n") in LINES and "async def" in text]
    times: list[float] = []
    async with editing(root) as editor:
        started = time.perf_counter()
        for path in rng.sample(fitting, min(saves // 3, len(fitting))):
            name = str(path.relative_to(root))
            await editor.open(name)
            if not times:
                print(f"{len(texts):,} files indexed and linked in {time.perf_counter() - started:.1f} s")
            text = texts[path]
            for _ in range(3):
                await asyncio.sleep(0.6)  # as people do
                text = edited(text, rng)
                begun = time.perf_counter()
                await editor.change(name, text)
                times.append(time.perf_counter() - begun)
            editor.close(name)
    times.sort()
    shown = ", ".join(
        f"{label} {1000 * value:.0f} ms"
        for label, value in (("median", median(times)), ("95 %", times[int(len(times) * 0.95)]), ("worst", times[-1]))
    )
    print(f"{len(times)} saves of files of about 500 lines: {shown}")
    return times


if __name__ == "__main__":
    asyncio.run(measure(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 60))
