"""A distribution's own source: an installed one by name, or the folder of an unpacked wheel or sdist. Nothing of it is imported or run.

Sources: "Recording installed projects" (`*.dist-info`, `RECORD`, `METADATA`) and "Source distribution format" (`PKG-INFO`).
"""

from __future__ import annotations

import csv
import os
import re
from io import StringIO
from typing import TYPE_CHECKING

from asynclint.options import ConfigError
from asynclint.reading import RECORD_LIMIT, read_regular, read_text, reason
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TESTS = frozenset(
    {"tests", "test", "testing", "testutils", "conftest", "examples", "example", "docs", "benchmarks", "setup"}
)  # read by nobody's program
VENDORED = frozenset({"vendor", "vendored", "vendors", "extern", "externals", "third_party", "thirdparty", "packages"})


@record(frozen=True, slots=True)
class Distribution:
    """The modules of a distribution: their files by dotted name. `folder` is where its top-level modules lie."""

    name: str
    version: str
    folder: str
    files: tuple[tuple[str, str], ...]

    @property
    def roots(self) -> list[str]:
        """The first parts of its modules' names."""
        return sorted({module.partition(".")[0] for module, _ in self.files})


def find(wanted: str, folders: Sequence[str]) -> Distribution:
    """A distribution by the path of its folder, or by its name among those installed in `folders`. Raises ConfigError."""
    if os.path.isdir(wanted):
        return _unpacked(wanted)
    if os.sep in wanted or wanted.endswith((".whl", ".gz", ".zip")):
        raise ConfigError(f"`{wanted}` is no folder; unpack the archive first")
    for folder in folders:
        for entry in sorted(os.listdir(folder)):
            if entry.endswith(".dist-info") and normalized(entry.partition("-")[0]) == normalized(wanted):
                return _recorded(folder, entry)
    if not folders:
        raise ConfigError(f"where is `{wanted}` installed? Name the environment with --python, or the folder of the distribution")
    raise ConfigError(f"`{wanted}` is not installed in {', '.join(folders)}")


def normalized(name: str) -> str:
    """A distribution's name as names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _unpacked(folder: str) -> Distribution:
    """A wheel or sdist that was unpacked into a folder."""
    entries = sorted(os.listdir(folder))
    info = next((entry for entry in entries if entry.endswith(".dist-info")), None)
    if info is not None:
        return _recorded(folder, info)
    if "PKG-INFO" not in entries:
        inner = [entry for entry in entries if os.path.isfile(os.path.join(folder, entry, "PKG-INFO"))]
        if len(inner) != 1:
            raise ConfigError(f"`{folder}` is no unpacked distribution: it holds neither a `*.dist-info` folder nor a `PKG-INFO`")
        folder = os.path.join(folder, inner[0])
    name, version = _metadata(os.path.join(folder, "PKG-INFO"))
    home = os.path.join(folder, "src") if os.path.isdir(os.path.join(folder, "src")) else folder
    return Distribution(name, version, home, _modules(home, _walked(home)))


def _recorded(folder: str, info: str) -> Distribution:
    name, version = _metadata(os.path.join(folder, info, "METADATA"))
    path = os.path.join(folder, info, "RECORD")
    try:
        text = read_regular(path, RECORD_LIMIT).decode("utf-8")
        paths = [row[0] for row in csv.reader(StringIO(text, newline="")) if row]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except csv.Error as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return Distribution(name, version, folder, _modules(folder, paths))


def _metadata(path: str) -> tuple[str, str]:
    """The name and the version that a file of metadata names."""
    try:
        head = read_text(path, errors="replace").partition("\n\n")[0]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    values = {key.lower(): value.strip() for key, sign, value in (line.partition(":") for line in head.splitlines()) if sign}
    if "name" not in values or "version" not in values:
        raise ConfigError(f"{path}: names no distribution and version")
    return values["name"], values["version"]


def _walked(folder: str) -> Iterable[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name.isidentifier())
        yield from (os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/") for name in sorted(names))


def _is_of_tests(part: str) -> bool:
    return part in TESTS or part.startswith("test_") or part.endswith("_test")


def _modules(folder: str, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The modules among the paths of files, those of tests and examples left out."""
    found = {}
    for path in paths:
        parts = path.removesuffix(".py").split("/")
        if not path.endswith(".py") or not all(part.isidentifier() for part in parts) or any(map(_is_of_tests, parts)):
            continue
        module = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        if os.path.isfile(os.path.join(folder, path)):
            found[module] = os.path.join(folder, path).replace(os.sep, "/")
    return tuple(sorted(found.items()))
