"""Applying edits, and choosing fixes that go together (promise 9)."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynclint.fix.edits import apply, merge, overlap
from asynclint.model import Applicability, Edit, Fix, Position, Span

TEXT = "0123456789"


def edit(start: int, end: int, text: str, path: str = "a.py") -> Edit:
    return Edit(path, Span(Position(start, 1, start + 1), Position(end, 1, end + 1)), text)


def fix(*edits: Edit, title: str = "t") -> Fix:
    return Fix(title, Applicability.SAFE, edits)


def edits_of(fixes: list[Fix], path: str = "a.py") -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits if edit.path == path]


def test_apply() -> None:
    assert apply(TEXT, [edit(8, 10, ""), edit(2, 4, "ab"), edit(2, 2, "<"), edit(4, 4, ">"), edit(2, 4, "ab")]) == "01<ab>4567"
    assert apply("", [edit(0, 0, "x")]) == "x"
    assert apply(TEXT, []) == TEXT


@pytest.mark.parametrize("edits", [[edit(1, 3, ""), edit(2, 4, "")], [edit(1, 1, "a"), edit(1, 1, "b")], [edit(5, 11, "")], [edit(5, 4, "")]])
def test_apply_refuses(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="edit"):
        apply(TEXT, edits)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edit(1, 3, "a"), edit(3, 5, "b"), False),
        (edit(1, 3, "a"), edit(2, 5, "b"), True),
        (edit(1, 5, "a"), edit(2, 3, "b"), True),
        (edit(1, 3, "a"), edit(1, 3, "a"), False),
        (edit(1, 3, "a"), edit(1, 3, "b"), True),
        (edit(1, 1, "a"), edit(1, 1, "a"), False),
        (edit(1, 1, "a"), edit(1, 1, "b"), True),
        (edit(1, 1, "a"), edit(1, 3, "b"), False),
        (edit(3, 3, "a"), edit(1, 3, "b"), False),
        (edit(2, 2, "a"), edit(1, 3, "b"), True),
        (edit(2, 2, "a"), edit(1, 3, "b", path="b.py"), False),
    ],
)
def test_overlap(one: Edit, other: Edit, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


def test_the_first_in_the_file_wins() -> None:
    first, second, third = fix(edit(1, 3, "a")), fix(edit(2, 5, "b")), fix(edit(4, 6, "c"))
    assert merge([third, second, first]) == ([first, third], [second])


def test_a_fix_is_taken_whole_over_all_files() -> None:
    first = fix(edit(1, 2, "x"), edit(5, 6, "x", path="b.py"))
    second = fix(edit(3, 4, "y"), edit(5, 7, "y", path="b.py"))
    third = fix(edit(0, 1, "z", path="b.py"))
    assert merge([third, second, first]) == ([first, third], [second])


def test_shared_edits_are_made_once() -> None:
    shared = edit(0, 4, "asyncio")
    chosen, deferred = merge([fix(shared, edit(5, 6, "a")), fix(shared, edit(7, 8, "b"))])
    assert not deferred
    assert apply(TEXT, edits_of(chosen)) == "asyncio4a6b89"


def test_the_same_fix_twice_is_made_once() -> None:
    wrap = fix(edit(2, 2, "(await "), edit(4, 4, ")"))
    chosen, deferred = merge([wrap, wrap])
    assert (chosen, deferred) == ([wrap, wrap], [])
    assert apply(TEXT, edits_of(chosen)) == "01(await 23)456789"


def test_brackets_of_nested_wraps_are_not_shared() -> None:
    inner, outer = fix(edit(2, 2, "(await "), edit(4, 4, ")")), fix(edit(2, 2, "(await "), edit(6, 6, ")"))
    chosen, deferred = merge([inner, outer])
    assert (len(chosen), len(deferred)) == (1, 1)


def test_a_fix_that_overlaps_itself_is_never_chosen() -> None:
    broken = fix(edit(1, 3, "a"), edit(2, 4, "b"))
    assert merge([broken]) == ([], [broken])


places = st.tuples(st.integers(0, 10), st.integers(0, 10)).map(sorted)
texts = st.sampled_from(["", "x", "yy", "(", ")"])
edits = st.builds(lambda place, text, path: edit(*place, text, path), places, texts, st.sampled_from(["a.py", "b.py"]))
fixes = st.lists(st.builds(lambda some, title: fix(*some, title=title), st.lists(edits, min_size=1, max_size=3), st.sampled_from("st")), max_size=8)


@given(fixes, st.randoms(use_true_random=False))
def test_merge_does_not_depend_on_order(some: list[Fix], rng: random.Random) -> None:
    chosen, deferred = merge(some)
    shuffled = rng.sample(some, len(some))
    assert merge(shuffled) == (chosen, deferred)
    assert sorted(map(repr, chosen + deferred)) == sorted(map(repr, some))
    for path in "a.py", "b.py":
        apply(TEXT, edits_of(chosen, path))  # raises if chosen edits overlap


@given(fixes)
def test_merge_leaves_nothing_that_fits(some: list[Fix]) -> None:
    chosen, deferred = merge(some)
    for left in deferred:
        taken = [edit for other in chosen for edit in other.edits]
        own = any(overlap(one, other) for one in left.edits for other in left.edits)
        assert own or any(overlap(one, other) or (one == other and one.span.start == one.span.end) for one in left.edits for other in taken)


@given(st.lists(edits.filter(lambda edit: edit.path == "a.py"), max_size=4))
def test_apply_equals_some_order_of_one_after_another(some: list[Edit]) -> None:
    some = list(dict.fromkeys(some))
    if any(overlap(one, other) for one in some for other in some):
        return
    assert apply(TEXT, some) in {one_after_another(order) for order in permutations(some)}


def one_after_another(order: tuple[Edit, ...]) -> str:
    """Each edit applied alone, the places of those after it moved along."""
    text = TEXT
    done: list[Edit] = []
    for change in order:
        start, end = change.span.start.offset, change.span.end.offset
        moved = sum(len(other.text) - (other.span.end.offset - other.span.start.offset) for other in done if is_before(other, start))
        text = text[: start + moved] + change.text + text[end + moved :]
        done.append(change)
    return text


def is_before(other: Edit, start: int) -> bool:
    return other.span.end.offset <= start
