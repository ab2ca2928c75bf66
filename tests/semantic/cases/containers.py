"""Containers, loops, unpacking, subscripts."""

from pathlib import Path


class Box:
    pass


class Shelf:
    def __init__(self):
        self.boxes = {}
        self.list = []

    def put(self, key):
        self.boxes[key] = Box()
        self.list.append(Box())

    def take(self, key):
        reveal(self.boxes[key])  #: Box
        reveal(self.boxes.get(key))  #: Box
        reveal(self.boxes.get(key, Path("x")))  #: Box | pathlib.Path

    def __iter__(self):
        yield Box()


boxes = [Box(), Box()]
mixed = [Box(), Path("a")]
named = {"a": Box()}
reveal(boxes)  #: many[Box]
reveal(boxes[0])  #: Box
reveal(mixed[0])  #: Box | pathlib.Path
reveal(named["a"])  #: Box
reveal(named.values())  #: many[Box]
reveal(named.get("b"))  #: Box
reveal([box for box in boxes])  #: many[Box]
reveal({1: box for box in boxes})  #: many[Box]
reveal(list(boxes))  #: many[Box]
reveal(sorted(boxes))  #: many[Box]
reveal(next(iter(boxes)))  #: Box
reveal(Path("a").iterdir())  #: many[pathlib.Path]
reveal(Path("a") or Box())  #: Box | pathlib.Path
reveal(Box() if unknown() else Path("b"))  #: Box | pathlib.Path


def pair():
    return Box(), Path("a")


def loops(shelf: Shelf, given: list[Box], mapping: dict[str, Box], *more: Box):
    for box in boxes:
        reveal(box)  #: Box
    for number, box in enumerate(boxes):
        reveal(box)  #: Box
    for left, right in zip(boxes, mixed):
        reveal(left)  #: Box
        reveal(right)  #: Box | pathlib.Path
    for box in shelf:
        reveal(box)  #: Box
    for box in given:
        reveal(box)  #: Box
    for key, value in mapping.items():
        reveal(key)  #: str
        reveal(value)  #: Box
    for path in Path("a").glob("*"):
        reveal(path)  #: pathlib.Path
    first, second = pair()
    reveal(first)  #: Box
    reveal(second)  #: pathlib.Path
    one, two = Path("c"), Box()
    reveal(one)  #: pathlib.Path
    reveal(two)  #: Box
    if (walrus := Box()) is not None:
        reveal(walrus)  #: Box
