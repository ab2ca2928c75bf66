"""Which files of the catalog are read, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

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


# -- every method of a type

EVERY = """
[[blocks]]
call = "acme.Client.*"
on = "network"
unless = ["wait=False"]
[[nonblocking]]
call = "acme.Client.close"
[[types]]
type = "acme.Special"
bases = ["acme.Client"]
returns = { "*" = "self", name = "builtins.str" }
[[types]]
type = "acme.Base"
returns = { find = "acme.Rows" }
attributes = { size = "builtins.int", "*" = "acme.Part" }
[[nonblocking]]
call = "acme.Base.close"
"""


@pytest.fixture
def every() -> Catalog:
    catalog = Catalog()
    catalog.add(tomli.loads(EVERY), "acme.toml")
    return catalog


@pytest.mark.parametrize("name", ["get_object", "x", "put_all"])
def test_every_method_of_a_type_blocks(every: Catalog, name: str) -> None:
    block = every.block(f"acme.Client.{name}")
    assert block is not None
    assert (block.path, block.kind, len(block.unless)) == (f"acme.Client.{name}", "network", 1)
    assert every.knows(f"acme.Client.{name}")


@pytest.mark.parametrize(
    "path", ["acme.Client.close", "acme.Client._send", "acme.Client.Bucket", "acme.Client", "acme.Client.meta.events", "acme.get"]
)
def test_what_is_named_private_or_in_capitals_is_excepted(every: Catalog, path: str) -> None:
    assert every.block(path) is None


def test_subclasses_inherit_it(every: Catalog) -> None:
    assert every.method("acme.Special", "get_object") == "acme.Client.get_object"
    assert every.method("acme.Special", "close") == "acme.Client.close"


def test_every_method_may_give_a_type(every: Catalog) -> None:
    assert every.result("acme.Special.get_object", "acme.Special") == "acme.Special"
    assert every.result("acme.Special.name", "acme.Special") == "builtins.str"


@pytest.mark.parametrize(
    ("name", "type_"), [("size", "builtins.int"), ("users", "acme.Part"), ("find", ""), ("close", ""), ("_sock", "")], ids=lambda text: text or "none"
)
def test_any_other_attribute_may_have_a_type(every: Catalog, name: str, type_: str) -> None:
    assert every.attribute("acme.Base", name) == type_
