"""Makes docs/terminal.svg: what a terminal shows of asynclint on docs/sample. Run `python docs/make_picture.py` when messages change."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = ("asynclint", "--select", "ASL110,ASL201", "docs/sample")
COLUMNS = 120
PICTURE = ROOT / "docs/terminal.svg"


def main() -> None:
    PICTURE.write_text(picture(), encoding="utf-8")


def picture() -> str:
    """The picture as it should be."""
    command = [sys.executable, "-m", *COMMAND, "--isolated", "--color", "always"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if shown.returncode != 1:
        raise RuntimeError(f"expected findings, got exit code {shown.returncode}: {shown.stderr}")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(f"$ {' '.join(COMMAND)}\n{shown.stdout}".rstrip("\n")))
    svg = console.export_svg(title="asynclint", unique_id="terminal")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # a picture fetches nothing


if __name__ == "__main__":
    main()
