"""One file -> its facts. Pure and per file: nothing here looks at another file."""

from asynclint.index.extract import extract
from asynclint.index.facts import Call, Class, Function, With
from asynclint.index.module import ModuleFacts

__all__ = ["Call", "Class", "Function", "ModuleFacts", "With", "extract"]
