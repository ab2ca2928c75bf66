"""What asynclint itself has derived of distributions that are not installed: one file of plain data each, written by `asynclint summarize`.

A file is named after its distribution and the import roots that it speaks about: `some-client@some_client+_native.json`. It holds

    format, distribution, version, modules     modules: the topmost ones; where one of them is installed, its source is asked instead
    aliases      other spelling -> path
    blocks       owner -> name -> [kind, chain, what else the catalog's `[[blocks]]` may say]
    nonblocking, coroutines     paths
    returns      path -> type          types   path -> as in the catalog's `[[types]]`
    offloads     path -> [argument, whether awaiting the call gives the result, whether keywords are passed on]

and says nothing where the catalog already does.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from asynclint.reading import BASELINE_LIMIT, parse_json, read_regular
from asynclint.writing import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program.catalog import Catalog

FORMAT = 1


class SummaryError(Exception):
    """A file that is no summary; the message says what is wrong with it."""


def read(path: str) -> dict[str, Any]:
    """The content of a file. Raises SummaryError."""
    try:
        data = parse_json(read_regular(path, BASELINE_LIMIT))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise SummaryError(f"{path}: {error}") from None
    if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("distribution", "version")):
        raise SummaryError(f"{path}: is no summary of a distribution")
    if data.get("format") != FORMAT:
        raise SummaryError(f"{path}: has the format {data.get('format')!r}, not {FORMAT}; make it anew with `asynclint summarize`")
    return data


def written(data: dict[str, Any], roots: Iterable[str], folder: str) -> str:
    """Write a summary that tells something into a folder; the path of the file, or "" where there is nothing to tell. Raises SummaryError for a name
    that is none of a distribution, and OSError.
    """
    if not any(data.get(table) for table in ("blocks", "coroutines", "returns", "types", "offloads")):
        return ""
    name = re.sub(r"[-_.]+", "-", data["distribution"]).lower()
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise SummaryError(f"`{data['distribution']}` is no name of a distribution")
    path = os.path.join(folder, f"{name}@{'+'.join(roots)}.json")
    replace(path, (json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "backslashreplace"))
    return path


def add(catalog: Catalog, data: dict[str, Any], path: str) -> None:
    """Take a summary into the catalog, which wins where it has something to say. Raises SummaryError."""
    from asynclint.program.catalog import CatalogError

    try:
        catalog.add(tables(catalog, data), path)
    except CatalogError as error:
        raise SummaryError(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise SummaryError(f"{path}: is damaged: {type(error).__name__}: {error}") from None


def tables(catalog: Catalog, data: dict[str, Any]) -> dict[str, Any]:
    """The rows of a summary as those of a catalog, without what the catalog speaks for: a path that it names, a class that it mentions."""
    source = f"{data['distribution']} {data['version']}"
    aliases: dict[str, str] = data.get("aliases", {})
    types: dict[str, dict[str, Any]] = data.get("types", {})
    spellings: dict[str, list[str]] = {}
    for other, path in aliases.items():
        spellings.setdefault(path, [path]).append(other)
    taken: dict[str, bool] = {}

    def is_taken(path: str, member: bool = False) -> bool:
        known = taken.get(path)
        if known is None:
            knows = catalog.mentions if path in types or member else catalog.has_entry
            known = taken[path] = any(map(knows, spellings.get(path, (path,))))
        return known

    def free(path: str) -> bool:
        owner, _, name = path.rpartition(".")
        of_class = owner in types or name[:2] == "__" or catalog.is_type(owner)
        return not (is_taken(path) or (of_class and is_taken(owner, True)))

    blocks = []
    for owner, members in data.get("blocks", {}).items():
        for name, (kind, chain, *rest) in members.items():
            if free(f"{owner}.{name}"):
                blocks.append({"call": f"{owner}.{name}", "on": kind, "offload": "unsafe", "by": f"{source}: {chain}", **(rest[0] if rest else {})})
    return {
        "aliases": {other: path for other, path in aliases.items() if free(path) and free(other)},
        "blocks": blocks,
        "nonblocking": [{"call": path} for path in data.get("nonblocking", ()) if free(path)],
        "coroutines": [{"call": path} for path in data.get("coroutines", ()) if free(path)],
        "returns": [{"call": path, "type": type_} for path, type_ in data.get("returns", {}).items() if free(path)],
        "types": [{"type": path, **row} for path, row in types.items() if free(path)],
        "offloads": [
            {"call": path, "callable": which, "awaits": awaits, "keywords": keywords}
            for path, (which, awaits, keywords) in data.get("offloads", {}).items()
            if free(path)
        ],
    }
