"""What is installed, read from the file system: the standard library's own ways load the parsers of mail and archives, and `inspect`, for it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

from asynclint.options import ConfigError
from asynclint.reading import read_text, reason


def entry_points(group: str) -> list[tuple[str, str]]:
    """(name, value) of all entry points of a group, sorted.

    The metadata of distributions lie in `*.dist-info` and `*.egg-info` folders on the path (specifications "Recording installed projects" and
    "Entry points"); of several versions of a distribution the first on the path counts. Where the path holds archives, or nothing is found so,
    `importlib.metadata` looks, which knows every kind of installation.
    """
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for folder in dict.fromkeys(sys.path):
        try:
            entries = os.listdir(folder or ".")
        except NotADirectoryError:
            return _by_metadata(group)
        except OSError:
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                name = re.sub(r"[-_.]+", "_", entry.rpartition(".")[0].partition("-")[0]).lower()
                if name not in seen:
                    seen.add(name)
                    found.update(_section(os.path.join(folder, entry, "entry_points.txt"), group))
            elif entry.endswith(".egg"):
                return _by_metadata(group)
    return sorted(found) or _by_metadata(group)


def module_names(folders: Iterable[str]) -> list[str]:
    """The names of the modules in a package, given its `__path__`, sorted in each folder. `pkgutil` looks where there is more than source."""
    found: list[str] = []
    for folder in folders:
        entries = sorted(os.listdir(folder)) if os.path.isdir(folder) else None
        if entries is None or any(entry.endswith((".pyc", ".so", ".pyd")) for entry in entries):
            from pkgutil import iter_modules

            found += [info.name for info in iter_modules([folder])]
            continue
        for entry in entries:
            stem, dot, suffix = entry.partition(".")
            if (suffix == "py" and stem != "__init__") or (not dot and os.path.isfile(os.path.join(folder, entry, "__init__.py"))):
                found.append(stem)
    return list(dict.fromkeys(found))


def site_packages(python: str) -> list[str]:
    """The folders of the packages of an environment's directory or of an interpreter, which is not run; none where `python` is neither.

    Sources: PEP 405 for virtual environments, the schemes of `sysconfig`, and Debian's `dist-packages`.
    """
    prefix, config = os.path.abspath(python), ""
    if os.path.isfile(prefix):
        prefix = _prefix(prefix)
    try:
        config = read_text(os.path.join(prefix, "pyvenv.cfg"), errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
        pass
    except OSError as error:
        raise ConfigError(f"{os.path.join(prefix, 'pyvenv.cfg')}: cannot be read: {reason(error)}") from error
    values = {key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in config.splitlines())}
    version = re.match(r"3\.\d+", values.get("version") or values.get("version_info") or "") or re.search(
        r"3\.\d+", os.path.basename(os.path.realpath(python))
    )
    found = _package_folders(prefix, version[0] if version else "")
    if values.get("include-system-site-packages", "").lower() == "true" and values.get("home"):
        found += _package_folders(os.path.dirname(values["home"]), version[0] if version else "")
    return list(dict.fromkeys(found))


def _prefix(interpreter: str) -> str:
    """The directory of an interpreter's installation: the nearest with a `pyvenv.cfg`, else that of the real file."""
    for place in (interpreter, os.path.realpath(interpreter)):
        folder = os.path.dirname(place)
        for prefix in (os.path.dirname(folder), folder):
            if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
                return prefix
    return folder if os.path.isdir(os.path.join(folder, "Lib")) else os.path.dirname(folder)


def _package_folders(prefix: str, version: str) -> list[str]:
    """The folders of packages below a prefix; of several versions of Python the one meant, else the newest."""
    found = []
    for lib in ("lib", "lib64", "local/lib"):
        folder = os.path.join(prefix, lib)
        names = [name for name in (os.listdir(folder) if os.path.isdir(folder) else ()) if re.fullmatch(r"(python|pypy)3\.\d+t?", name)]
        names.sort(key=lambda name: (bool(version) and name.rstrip("t").endswith(f"n{version}"), int(re.findall(r"\d+", name)[-1])), reverse=True)
        found += [os.path.join(folder, name, packages) for name in names[:1] for packages in ("site-packages", "dist-packages")]
    found += [os.path.join(prefix, "Lib", "site-packages"), os.path.join(prefix, "lib", "python3", "dist-packages")]
    real = {os.path.realpath(folder): folder for folder in reversed(found) if os.path.isdir(folder)}
    return [folder for folder in found if real.get(os.path.realpath(folder)) == folder]


def _section(path: str, group: str) -> list[tuple[str, str]]:
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError):
        return []
    found, inside = [], False
    for line in text.splitlines() if group in text else ():
        line = line.strip()
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip()))
    return found


def _by_metadata(group: str) -> list[tuple[str, str]]:
    from importlib.metadata import entry_points

    return sorted({(point.name, point.value) for point in entry_points(group=group)})
