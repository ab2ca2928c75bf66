"""Helpers of another module."""

from pathlib import Path


def load(name):
    return Path(name).read_text()


class Store:
    def save(self):
        self._write("text")

    def _write(self, text):
        Path("store").write_text(text)
