"""Records are dataclasses in everything but the cost of making them."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from asynclint.model import Fix, Position, Span
from asynclint.program.values import External, ExternalInstance, Package

HERE = Position(3, 1, 4)


def test_values_of_one_class_are_compared_by_their_fields() -> None:
    assert Position(3, 1, 4) == HERE
    assert hash(Position(3, 1, 4)) == hash(HERE)
    assert Position(2, 9, 9) < HERE <= Position(3, 1, 4)
    assert max(Span(HERE, HERE), Span(HERE, Position(4, 1, 5))).end.offset == 4
    assert Package("a") != ExternalInstance("a")
    assert len({Package("a"), ExternalInstance("a"), External("a"), External("a", "")}) == 3


def test_values_stay_as_they_are() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HERE.line = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del HERE.line  # type: ignore[misc]
    with pytest.raises(AttributeError):
        HERE.more = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        External()  # type: ignore[call-arg]


def test_they_travel() -> None:
    assert pickle.loads(pickle.dumps(HERE)) == HERE
    assert copy.deepcopy(External("a", "b")) == External("a", "b")


def test_dataclasses_knows_them() -> None:
    assert [(field.name, field.type) for field in dataclasses.fields(HERE)] == [("offset", "int"), ("line", "int"), ("column", "int")]
    assert dataclasses.replace(HERE, line=7) == Position(3, 7, 4)
    assert dataclasses.asdict(HERE) == {"offset": 3, "line": 1, "column": 4}
    assert {field.name: field.default for field in dataclasses.fields(Fix)}["imports"] == ()
    assert repr(HERE) == "Position(offset=3, line=1, column=4)"
