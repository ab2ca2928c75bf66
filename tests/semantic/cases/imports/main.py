"""Imports across modules, re-exports, packages, stars."""

import package
import package.deep as deep
from package import Box, renamed
from package.deep import make
from stars import *

reveal(package)  #: module package
reveal(deep)  #: module deep
reveal(Box)  #: type[Box]
reveal(renamed)  #: deep.make
reveal(make())  #: Box
reveal(package.renamed())  #: Box
reveal(package.deep.make())  #: Box
reveal(starred())  #: Box
reveal(_hidden)  #: unknown
reveal(package.box)  #: Box


def local():
    from package.deep import box

    reveal(box)  #: Box
