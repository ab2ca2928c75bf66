import json
from pathlib import Path


def load(path: Path) -> dict[str, str]:
    return json.loads(path.read_text(encoding="utf-8"))


def stations(path: Path) -> dict[str, str]:
    """The stations by name, with the address of each."""
    known = load(path)
    return {name: url for name, url in known.items() if not name.startswith("test-")}
