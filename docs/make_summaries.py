"""Makes the summaries that asynclint ships, in `rules/catalog/derived/`, anew: run `python docs/make_summaries.py`.

`docs/summarized.txt` lists the distributions. Each is taken from one of the `--found` folders (any folder that holds it and its `*.dist-info`), else
its wheel is downloaded with pip, without what it depends on, and unpacked into a temporary folder. Nothing is installed, imported or run; a
distribution without a wheel is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from asynclint.derive import find, summarize
from asynclint.derive.distributions import Distribution, normalized
from asynclint.knowledge import folder
from asynclint.options import ConfigError
from asynclint.program.catalog import DERIVED, Catalog
from asynclint.program.environment import Environment
from asynclint.program.summaries import written

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "summarized.txt"
TARGET = ROOT / "rules" / "catalog" / DERIVED
PATIENCE = 600  # seconds for one distribution


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="distributions to make anew; all of the list when none is named")
    parser.add_argument("--found", action="append", default=[], metavar="DIR", help="a folder that holds distributions, unpacked")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    names = given.names or [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(given.jobs, maxtasksperchild=1) as pool:
        places = {name: place for name in names if (place := _place(name, given.found, folder))}
        folders = list(dict.fromkeys(places.values()))
        results = {name: pool.apply_async(_summarize, (name, place, folders)) for name, place in places.items()}
        told = 0
        for name, result in results.items():
            try:
                shown, data, roots = result.get(PATIENCE)
            except (ConfigError, RecursionError, multiprocessing.TimeoutError) as error:
                print(f"{name}: not summarized: {type(error).__name__} {error}", flush=True)
                continue
            for old in TARGET.glob(f"{normalized(name)}@*.json"):
                old.unlink()
            path = written(data, roots, str(TARGET))
            told += bool(path)
            print(f"{shown}: {os.path.getsize(path) if path else 0} bytes", flush=True)
    size = sum(path.stat().st_size for path in TARGET.glob("*.json"))
    print(f"{len(names)} listed, {len(places)} read, {told} have something to tell; {size:,} bytes in {TARGET.relative_to(ROOT)}")


def _summarize(name: str, place: str, folders: list[str]) -> tuple[str, dict[str, object], list[str]]:
    gc.disable()
    distribution: Distribution = find(name, [place])
    others = [folder for folder in folders if folder != place]
    summary = summarize(distribution, Catalog.load(folder(), summaries=False), Environment([place, *others]))
    return f"{distribution.name} {distribution.version}", summary, distribution.roots


def _place(name: str, found: list[str], folder: str) -> str:
    """The folder that holds a distribution; "" where there is none."""
    for place in found:
        with contextlib.suppress(ConfigError):
            find(name, [place])
            return place
    wheels = Path(folder, f"{normalized(name)}.wheel")
    command = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), name]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: no wheel: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}", flush=True)
        return ""
    place = Path(folder, normalized(name))
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as archive:
        archive.extractall(place)
    return str(place)


if __name__ == "__main__":
    main()
