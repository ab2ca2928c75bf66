"""What a star import gives."""

from package import Box


def starred():
    return Box()


def _hidden():
    return Box()
