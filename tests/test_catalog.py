"""Which files of the catalog are read, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint.program.catalog import ALWAYS, Catalog, CatalogError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ALWAYS:
        (tmp_path / f"{name}.toml").write_text(f'[[blocks]]\ncall = "{name}.wait"\non = "wait"\n')
    (tmp_path / "acme+acmecore.toml").write_text(
        '[[blocks]]\ncall = ["acme.fetch", "acmecore.Client.get"]\non = "network"\n[[types]]\ntype = "acme.Session"\nbases = ["base.Session"]\n'
    )
    (tmp_path / "base.toml").write_text('[[blocks]]\ncall = "base.Session.get"\non = "network"\n[[returns]]\ncall = "base.open"\ntype = "far.File"\n')
    (tmp_path / "far.toml").write_text('[[blocks]]\ncall = "far.File.read"\non = "file"\n')
    (tmp_path / "other.toml").write_text("nothing that could be read")
    return tmp_path


def read(catalog: Catalog) -> set[str]:
    return catalog.blocks.keys() - {f"{name}.wait" for name in ALWAYS}


@pytest.mark.parametrize(
    ("imported", "found"),
    [
        ([], set()),
        (["os", "acm", "acme.fetch"], set()),
        (["far"], {"far.File.read"}),
        (["acmecore", "acme"], {"acme.fetch", "acmecore.Client.get", "base.Session.get", "far.File.read"}),
        (["acmecore"], {"acme.fetch", "acmecore.Client.get"}),
        (["base"], {"base.Session.get", "far.File.read"}),
    ],
)
def test_families_are_read_for_what_is_imported_and_what_that_gives(folder: Path, imported: list[str], found: set[str]) -> None:
    catalog = Catalog.load(str(folder))
    assert read(catalog) == set()
    catalog.extend(imported)
    assert read(catalog) == found


def test_a_family_is_read_once(folder: Path) -> None:
    catalog = Catalog.load(str(folder))
    catalog.extend(["far"])
    (folder / "far.toml").write_text("gone")
    catalog.extend(["far", "base"])
    assert read(catalog) == {"far.File.read", "base.Session.get"}


def test_a_bad_file_is_named(folder: Path) -> None:
    catalog = Catalog.load(str(folder))
    with pytest.raises(CatalogError, match=r"other\.toml"):
        catalog.extend(["other"])
