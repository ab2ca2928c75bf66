"""Evaluations that need themselves: what they add is found, nothing is lost, and nothing that was only provisional is kept."""

from pathlib import Path


class Box:
    pass


def recursive(n):
    if n:
        return recursive(n - 1)
    return Box()


def ping(n):
    if n:
        return pong(n)
    return Box()


def pong(n):
    if n:
        return ping(n)
    return Path("a")


def first(n):
    return second(n) or Box()


def second(n):
    return third(n)


def third(n):
    return first(n)


class Node:
    def __init__(self, parent):
        self.next = self
        self.up = self.up.up

    def last(self):
        return self.next.last() if unknown() else self


reveal(recursive(3))  #: Box
reveal(third(1))  #: Box
reveal(second(1))  #: Box
reveal(first(1))  #: Box
reveal(pong(1))  #: Box | pathlib.Path
reveal(ping(1))  #: Box | pathlib.Path
reveal(Node(None).next)  #: Node
reveal(Node(None).last())  #: Node
reveal(Node(None).up)  #: unknown


def grows():
    value = Box()
    while unknown():
        value = (value, value)
    reveal(value)  #: Box | many[unknown]
