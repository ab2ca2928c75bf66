"""Imports and declarations are added once, where isort and black would have them, whatever the file looks like."""

from __future__ import annotations

import ast

import pytest

from asynclint.fix.edits import apply
from asynclint.fix.imports import additions
from asynclint.model import Declaration, Import
from asynclint.source import Source

TASKS = "background_tasks: set[asyncio.Task[None]] = set()"


def add(text: str, *modules: str, declare: tuple[str, ...] = ()) -> str:
    """`text` with imports (`asyncio`, or `asyncio:Lock` for a from-import) and declarations; a reason for refusal is raised."""
    source = Source.from_bytes("a.py", text.encode())
    imports = [Import("a.py", *module.split(":")) for module in modules]
    edits = additions(source, imports, [Declaration("a.py", declaration) for declaration in declare])
    if isinstance(edits, str):
        raise LookupError(edits)
    new = apply(source.text, edits)
    ast.parse(new)
    return new


UNCHANGED = {
    "imported": "import asyncio\n",
    "imported with others": "import os, asyncio\n",
    "imported as itself": "import asyncio as asyncio\n",
    "a submodule binds it too": "import asyncio.subprocess\n",
    "imported below the first function": "def f(): ...\nimport asyncio\n",
    "imported in a try": "try:\n    import asyncio\nexcept ImportError:\n    asyncio = None\n",
    "imported in a line with semicolons": "x = 1; import asyncio; y = 2\n",
}


@pytest.mark.parametrize("text", UNCHANGED.values(), ids=UNCHANGED.keys())
def test_nothing_to_add(text: str) -> None:
    assert add(text, "asyncio") == text


ADDED = {
    "empty": ("", "import asyncio\n"),
    "blank": ("\n\n", "\n\nimport asyncio\n"),
    "docstring only": ('"""Doc."""\n', '"""Doc."""\n\nimport asyncio\n'),
    "docstring without newline": ('"""Doc."""', '"""Doc."""\n\nimport asyncio'),
    "docstring and code": ('"""Doc."""\nx = 1\n', '"""Doc."""\n\nimport asyncio\n\nx = 1\n'),
    "docstring and function": ('"""Doc."""\n\n\ndef f(): ...\n', '"""Doc."""\n\nimport asyncio\n\n\ndef f(): ...\n'),
    "docstring and code in one line": ('"""Doc."""; x = 1\n', '"""Doc."""; import asyncio; x = 1\n'),
    "docstring and import in one line": ('"""Doc."""; import os\n', '"""Doc."""; import asyncio; import os\n'),
    "docstring with a semicolon": ('"""Doc.""";\n', '"""Doc.""";\n\nimport asyncio\n'),
    "docstring continued": ('"""Doc.""" \\\n\nx = 1\n', '"""Doc.""" \\\n\nimport asyncio\n\nx = 1\n'),
    "one line": ("x = 1; y = 2", "import asyncio\n\nx = 1; y = 2"),
    "shebang": ("#!/usr/bin/env python\nprint()\n", "#!/usr/bin/env python\nimport asyncio\n\nprint()\n"),
    "cookie": ("# -*- coding: utf-8 -*-\ndef f(): ...\n", "# -*- coding: utf-8 -*-\nimport asyncio\n\n\ndef f(): ...\n"),
    "cookie below a comment": ("# x\n# coding: utf-8\nx = 1\n", "# x\n# coding: utf-8\nimport asyncio\n\nx = 1\n"),
    "license": ("# License\n# Text\n\nx = 1\n", "# License\n# Text\n\nimport asyncio\n\nx = 1\n"),
    "comment above a function": ("#!x\n# About f.\ndef f(): ...\n", "#!x\nimport asyncio\n\n\n# About f.\ndef f(): ...\n"),
    "comments only": ("# License\n", "# License\n\nimport asyncio\n"),
    "comment without newline": ("# License", "# License\n\nimport asyncio"),
    "decorated": ("@a\ndef f(): ...\n", "import asyncio\n\n\n@a\ndef f(): ...\n"),
    "future": ("from __future__ import annotations\nx = 1\n", "from __future__ import annotations\n\nimport asyncio\n\nx = 1\n"),
    "future in the line": ("from __future__ import annotations; import os\n", "from __future__ import annotations; import asyncio; import os\n"),
    "sorted first": ("import os\nimport sys\n", "import asyncio\nimport os\nimport sys\n"),
    "sorted between": ("import abc\nimport os\n", "import abc\nimport asyncio\nimport os\n"),
    "sorted last": ("import abc\n\nimport attr\n", "import abc\nimport asyncio\n\nimport attr\n"),
    "comment stays above its import": ("import abc\n# why\nimport os\n", "import abc\nimport asyncio\n# why\nimport os\n"),
    "plain before from": ("from os import path\n", "import asyncio\nfrom os import path\n"),
    "plain and from mixed": (
        "from collections import abc\nimport logging\nfrom os import path\nimport re\n",
        "import asyncio\nfrom collections import abc\nimport logging\nfrom os import path\nimport re\n",
    ),
    "third party only": ("import attr\n", "import asyncio\n\nimport attr\n"),
    "relative only": ("from . import x\n", "import asyncio\n\nfrom . import x\n"),
    "only under an alias": ("import asyncio as aio\n", "import asyncio as aio\nimport asyncio\n"),
    "only names of it": ("from asyncio import sleep\n", "import asyncio\nfrom asyncio import sleep\n"),
    "only for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncio\n",
        "import asyncio\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncio\n",
    ),
    "only in a function": ("import os\ndef f():\n    import asyncio\n", "import asyncio\nimport os\ndef f():\n    import asyncio\n"),
    "imports in a try are left alone": (
        "try:\n    import ujson\nexcept ImportError:\n    import json as ujson\n",
        "import asyncio\n\ntry:\n    import ujson\nexcept ImportError:\n    import json as ujson\n",
    ),
    "imports behind a statement": ("x = 1\nimport os\n", "x = 1\nimport asyncio\nimport os\n"),
    "semicolons": ("import abc; import os\n", "import abc; import asyncio; import os\n"),
    "a block in parentheses": ("import abc\nfrom os import (\n    path,\n)\n", "import abc\nimport asyncio\nfrom os import (\n    path,\n)\n"),
    "a continued import": ("import abc, \\\n  aifc\nx = 1\n", "import abc, \\\n  aifc\nimport asyncio\nx = 1\n"),
    "form feed": ("import abc\n\x0c\ndef f(): ...\n", "import abc\nimport asyncio\n\x0c\ndef f(): ...\n"),
    "form feed before an import": ("\x0cimport os\n", "import asyncio\n\x0cimport os\n"),
    "import without newline": ("import abc", "import abc\nimport asyncio"),
}


@pytest.mark.parametrize(("text", "expected"), ADDED.values(), ids=ADDED.keys())
def test_asyncio_is_added(text: str, expected: str) -> None:
    new = add(text, "asyncio")
    assert new == expected
    assert add(new, "asyncio") == new


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize(("text", "expected"), ADDED.values(), ids=ADDED.keys())
def test_newlines_are_the_file_s(text: str, expected: str, newline: str) -> None:
    if "\n" in text:
        assert add(text.replace("\n", newline), "asyncio") == expected.replace("\n", newline)


@pytest.mark.parametrize(
    ("text", "modules", "expected"),
    [
        ("import attr\n", ["anyio"], "import anyio\nimport attr\n"),
        ("import os\n", ["anyio"], "import os\n\nimport anyio\n"),
        ("import os\n\nfrom . import x\n", ["trio"], "import os\n\nimport trio\n\nfrom . import x\n"),
        ("", ["trio", "asyncio"], "import asyncio\n\nimport trio\n"),
        ("import attr\n", ["asyncio", "anyio"], "import asyncio\n\nimport anyio\nimport attr\n"),
        ("import os\n", ["functools", "asyncio"], "import asyncio\nimport functools\nimport os\n"),
        ("import abc\n", ["functools", "asyncio", "trio"], "import abc\nimport asyncio\nimport functools\n\nimport trio\n"),
        ("from asyncio import Lock\n", ["asyncio:Lock"], "from asyncio import Lock\n"),
        ("from asyncio import Lock as L\n", ["asyncio:Lock"], "from asyncio import Lock as L\nfrom asyncio import Lock\n"),
        ("import os\n", ["asyncio:Lock", "asyncio:Event"], "import os\nfrom asyncio import Event, Lock\n"),
        ("import concurrent.futures\n", ["concurrent"], "import concurrent.futures\n"),
        ("import concurrent\n", ["concurrent.futures"], "import concurrent\nimport concurrent.futures\n"),
    ],
)
def test_several_imports(text: str, modules: list[str], expected: str) -> None:
    assert add(text, *modules) == expected


@pytest.mark.parametrize(
    "text",
    [
        "asyncio = None\n",
        "import asyncio\nasyncio = None\n",
        "import trollius as asyncio\n",
        "from compat import asyncio\n",
        "def asyncio(): ...\n",
        "class asyncio: ...\n",
        "for asyncio in (): ...\n",
        "with x as asyncio: ...\n",
        "if (asyncio := 1): ...\n",
        "def f():\n    global asyncio\n    asyncio = 1\n",
        "try:\n    import tokio as asyncio\nexcept ImportError:\n    import asyncio\n",
        "match x:\n    case {**asyncio}: ...\n",
    ],
)
def test_a_shadowed_module_is_refused(text: str) -> None:
    with pytest.raises(LookupError, match="`asyncio` means something else in this module"):
        add(text, "asyncio")


@pytest.mark.parametrize("text", ["def f(asyncio): ...\n", "class C:\n    asyncio = 1\n", "f = lambda asyncio: asyncio\n", "x.asyncio = 1\n"])
def test_a_name_of_another_scope_is_no_shadow(text: str) -> None:
    assert add(text, "asyncio").startswith("import asyncio\n\n")


DECLARED = {
    "empty": ("", f"import asyncio\n\n{TASKS}\n"),
    "no imports": ("x = 1\n", f"import asyncio\n\n{TASKS}\n\nx = 1\n"),
    "imported": ("import asyncio\n", f"import asyncio\n\n{TASKS}\n"),
    "imported, without newline": ("import asyncio", f"import asyncio\n\n{TASKS}"),
    "before a function": ("import asyncio\n\n\ndef f(): ...\n", f"import asyncio\n\n{TASKS}\n\n\ndef f(): ...\n"),
    "before code": ("import asyncio\nx = 1\n", f"import asyncio\n\n{TASKS}\n\nx = 1\n"),
    "behind the last import": ("import abc\n\nfrom . import y\n\nx = 1\n", f"import abc\nimport asyncio\n\nfrom . import y\n\n{TASKS}\n\nx = 1\n"),
    "below a dunder": ('"""Doc."""\n__all__ = []\nimport asyncio\nx = 1\n', f'"""Doc."""\n__all__ = []\nimport asyncio\n\n{TASKS}\n\nx = 1\n'),
    "imported too late": ("x = 1\nimport asyncio\n", f"import asyncio\n\n{TASKS}\n\nx = 1\nimport asyncio\n"),
    "in one line": ("import asyncio; x = 1\n", f"import asyncio; {TASKS}; x = 1\n"),
    "there already": (f"import asyncio\n\n{TASKS}\n", f"import asyncio\n\n{TASKS}\n"),
    "there with another annotation": ("import asyncio\nx = 1\nbackground_tasks = set()\n", "import asyncio\nx = 1\nbackground_tasks = set()\n"),
}


@pytest.mark.parametrize(("text", "expected"), DECLARED.values(), ids=DECLARED.keys())
def test_declarations(text: str, expected: str) -> None:
    new = add(text, "asyncio", declare=(TASKS, TASKS))
    assert new == expected
    assert add(new, "asyncio", declare=(TASKS,)) == new


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(LookupError, match=r"`background_tasks` means something else in this module \(line 2\)"):
        add("import asyncio\nbackground_tasks = []\n", declare=(TASKS,))
