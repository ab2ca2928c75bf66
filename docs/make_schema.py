"""Writes `asynclint/schema.json`, the JSON schema of the configuration: run `python docs/make_schema.py`. A test checks it."""

from __future__ import annotations

from pathlib import Path

from asynclint import config, registry, schema

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "asynclint" / "schema.json"


def main() -> None:
    SCHEMA.write_text(made(), encoding="utf-8")


def made() -> str:
    """What the file should hold."""
    rules = registry.load(config.Settings(root=str(ROOT)))
    own = [rule for rule in rules if type(rule).__module__.startswith("asynclint.rules.")]
    return schema.text(schema.schema(own))


if __name__ == "__main__":
    main()
