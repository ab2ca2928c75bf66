"""Makes docs/terminal.svg: what a terminal shows of asynclint on docs/sample. Run `python docs/make_picture.py` when messages change."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = ("asynclint", "--select", "ASL110,ASL201", "docs/sample")
COLUMNS = 100
PICTURE = ROOT / "docs/terminal.svg"


def main() -> None:
    PICTURE.write_text(picture(), encoding="utf-8")


def picture() -> str:
    """The picture as it should be."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(f"$ {' '.join(COMMAND)}\n{_in_terminal()}".rstrip("\n")))
    svg = console.export_svg(title="asynclint", unique_id="terminal")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # a picture fetches nothing


def _in_terminal() -> str:
    """What asynclint prints in a terminal of so many columns."""
    command = [sys.executable, "-m", *COMMAND, "--isolated", "--color", "always"]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_HYPERLINK": "0", "PYTHONIOENCODING": "utf-8"}
    terminal, inside = os.openpty()
    with subprocess.Popen(command, cwd=ROOT, stdout=inside, stderr=subprocess.PIPE, env=environment) as process:
        os.close(inside)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while more := os.read(terminal, 1 << 16):
                shown += more
        os.close(terminal)
        _, said = process.communicate()
    if process.returncode != 1:
        raise RuntimeError(f"expected findings, got exit code {process.returncode}: {said.decode()}")
    return shown.decode("utf-8").replace("\r\n", "\n")


if __name__ == "__main__":
    main()
