"""Attributes, methods, inheritance, properties, overrides."""

import abc
from dataclasses import dataclass
from pathlib import Path


class Base:
    shared = Path("a")

    def __init__(self):
        self.path = Path("b")
        self.late = None

    def method(self):
        reveal(self)  #: Base
        return self.path

    def fill(self):
        self.late = Path("c")

    @property
    def where(self):
        return self.path

    @classmethod
    def make(cls):
        reveal(cls)  #: type[Base]
        return cls()

    @staticmethod
    def plain():
        return Path("d")


class Below(Base):
    def method(self):
        reveal(super())  #: super[Below]
        reveal(super().method)  #: Base.method of Below
        return super().method()

    def itself(self):
        return self


base, below = Base(), Below()
reveal(base.path)  #: pathlib.Path
reveal(base.late)  #: pathlib.Path
reveal(base.where)  #: pathlib.Path
reveal(Base.shared)  #: pathlib.Path
reveal(base.shared)  #: pathlib.Path
reveal(base.method)  #: Base.method of Base
reveal(base.method())  #: pathlib.Path
reveal(below.method)  #: Below.method of Below
reveal(below.method())  #: pathlib.Path
reveal(below.path)  #: pathlib.Path
reveal(below.itself())  #: Below
reveal(Base.make())  #: Base
reveal(Below.make())  #: Below
reveal(Base.plain())  #: pathlib.Path
reveal(base.missing)  #: unknown
reveal(base.__class__)  #: type[Base]
reveal(type(base))  #: type[Base]
reveal(type(base)())  #: Base


class Shape(abc.ABC):
    @abc.abstractmethod
    def draw(self): ...


class Circle(Shape):
    def draw(self):
        return Path("e")


class Square(Shape):
    def draw(self):
        return Circle()


def of_the_abstract(shape: Shape):
    reveal(shape.draw)  #: Circle.draw of Circle | Square.draw of Square
    reveal(shape.draw())  #: Circle | pathlib.Path


@dataclass
class Record:
    path: Path
    base: "Base"


def of_a_record(record: Record):
    reveal(record.path)  #: pathlib.Path
    reveal(record.base)  #: Base
    reveal(record.base.where)  #: pathlib.Path


class Private:
    def __init__(self):
        self.__hidden = Path("f")

    def read(self):
        reveal(self.__hidden)  #: pathlib.Path


class Called:
    def __call__(self):
        return Path("g")


reveal(Called()())  #: pathlib.Path


class Left:
    def who(self):
        return Path("h")


class Right:
    def who(self):
        return Base()


class Both(Left, Right):
    pass


reveal(Both().who())  #: pathlib.Path


class Top:
    def who(self):
        return Path("i")


class Plain(Top):
    pass


class Other(Top):
    def who(self):
        return Base()


class Diamond(Plain, Other):
    pass


reveal(Diamond().who())  #: Base


class Fluent:
    def itself(self) -> "Self":
        return unknown()

    def __enter__(self):
        return unknown()

    def __exit__(self, *exc): ...


class More(Fluent):
    pass


reveal(More().itself())  #: More
with More() as entered:
    reveal(entered)  #: More
