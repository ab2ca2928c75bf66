"""Names: assignments, imports, scopes, shadowing."""

import os.path
import time as clock
from pathlib import Path
from time import sleep as doze


def made():
    return Path("a")


class Box:
    pass


box = Box()
reveal(clock)  #: <time>
reveal(doze)  #: <time.sleep>
reveal(os.path.exists)  #: <os.path.exists>
reveal(box)  #: Box
reveal(Box)  #: type[Box]
reveal(made)  #: names.made
reveal(nothing_of_this_name)  #: unknown
reveal(print)  #: <builtins.print>


def reads_the_module():
    reveal(box)  #: Box
    reveal(Path)  #: <pathlib.Path>


def binds_its_own(box):
    reveal(box)  #: unknown
    doze = Box
    reveal(doze)  #: type[Box]
    reveal(doze())  #: Box


def two_bindings(flag):
    if flag:
        thing = Box()
    else:
        thing = Path("b")
    reveal(thing)  #: Box | pathlib.Path


def of_the_outer_function():
    inner = Box()

    def nested():
        reveal(inner)  #: Box

    reveal(nested)  #: names.of_the_outer_function.nested


def says_global():
    global later
    later = Path("c")


reveal(later)  #: pathlib.Path


def gives_a_parameter_another_value(box: Box, *boxes: Box, **named: Box):
    box = box or Path("d")
    reveal(box)  #: Box | pathlib.Path
    reveal(boxes)  #: many[Box]
    for each in boxes:
        reveal(each)  #: Box
    reveal(named["a"])  #: Box
