"""The JSON schema of the configuration, made from the table of options and the shapes of catalog rows. `schema.json` is what it gave last."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from asynclint import options
from asynclint.options import Kind, Option
from asynclint.program.shapes import SHAPES, TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.walk.rule import Rule

PATH = os.path.join(os.path.dirname(__file__), "schema.json")

_TEXTS = {"type": "array", "items": {"type": "string"}}
_RULES = {"type": "array", "items": {"$ref": "#/definitions/rule"}}


def text(made: dict[str, Any]) -> str:
    """A schema as it stands in a file."""
    return json.dumps(made, indent=2) + "\n"


def schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The schema (draft 7) of an `asynclint.toml`, and of the table `tool.asynclint` of a `pyproject.toml`.

    `rules` are offered where rules are named. What the schema refuses, a run refuses too; but it knows no more than the form of a value, not what
    plugins and files there are.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/asynclint.json",
        "title": "asynclint",
        "description": "The configuration of asynclint, in asynclint.toml, .asynclint.toml, or the table [tool.asynclint] of pyproject.toml.",
        "type": "object",
        "properties": {option.name: _property(option) for option in options.FILE_OPTIONS.values()},
        "additionalProperties": False,
        "definitions": {
            "rule": {
                "description": "The code of a rule, the first characters of codes, the name of a rule, or ALL.",
                "anyOf": [{"enum": _selectors(rules)}, {"type": "string"}],  # plugins have rules of their own
            },
            **{f"catalog-{table}": _row(table) for table in SHAPES},
        },
    }


def of_pyproject(own: dict[str, Any]) -> dict[str, Any]:
    """The schema of a whole `pyproject.toml` in which the table of asynclint is as `own` says, and all else as it likes."""
    within = {"properties": {"tool": {"properties": {"asynclint": {key: own[key] for key in ("type", "properties", "additionalProperties")}}}}}
    return {"$schema": own["$schema"], "title": "pyproject.toml", "type": "object", **within, "definitions": own["definitions"]}


def _selectors(rules: Iterable[Rule]) -> list[str]:
    rules = sorted(rules, key=lambda rule: rule.code)
    return ["ALL", *sorted({rule.code[:4] for rule in rules}), *(rule.code for rule in rules), *(rule.name for rule in rules)]


# -- options


def _property(option: Option) -> dict[str, Any]:
    made = {"description": option.help, **_of_kind(option)}
    default = _default(option)
    return made if default is None else {**made, "default": default}


def _of_kind(option: Option) -> dict[str, Any]:
    texts = _RULES if option.metavar.endswith("RULES") else _TEXTS
    if option.choices:
        return {"enum": list(option.choices)}
    schemas: dict[Kind, dict[str, Any]] = {
        Kind.FLAG: {"type": "boolean"},
        Kind.NUMBER: {"type": "integer", "minimum": 0},
        Kind.SECONDS: {"type": "number", "exclusiveMinimum": 0},
        Kind.TEXT: {"type": "string"},
        Kind.VERSION: {"type": "string", "pattern": options.VERSION_PATTERN, "examples": ["3.10", "py310"]},
        Kind.LIST: texts,
        Kind.TABLE: {"type": "object", "additionalProperties": texts},
        Kind.CATALOG: {**_catalog(), **_TEXTS, "type": ["array", "object"]},  # a keyword says nothing of values of other types
    }
    return schemas[option.kind]


def _default(option: Option) -> Any:
    """The default as it would stand in a file; None where nothing would."""
    if option.kind is Kind.VERSION:
        return "{}.{}".format(*option.default)
    if option.kind is Kind.TABLE:
        return dict(option.default)
    return list(option.default) if isinstance(option.default, tuple) else option.default


# -- the catalog


def _catalog() -> dict[str, Any]:
    tables = {table: {"type": "array", "items": {"$ref": f"#/definitions/catalog-{table}"}} for table in SHAPES}
    return {"type": "object", "properties": {"files": _TEXTS, "aliases": TEXTS.schema, **tables}, "additionalProperties": False}


def _row(table: str) -> dict[str, Any]:
    required, shapes = SHAPES[table]
    return {
        "type": "object",
        "properties": {key: shape.schema for key, shape in shapes.items()},
        "additionalProperties": False,
        "allOf": [{"anyOf": [{"required": [key]} for key in alternatives.split("|")]} for alternatives in required],
    }
