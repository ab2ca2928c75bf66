"""A module of a package."""


class Box:
    pass


def make():
    return Box()


box = make()
