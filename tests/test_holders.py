"""Objects of which every method blocks are found wherever they are used, whatever the names of the methods."""

from __future__ import annotations

import pytest

from asynclint.testing import lint_files

MAKERS = {
    "a module's object": ("import boto3\ns3 = boto3.client('s3')\n", "from made import s3\nasync def f():\n    s3.xyz()\n"),
    "an attribute": (
        "import boto3\nclass Store:\n    def __init__(self):\n        self.bucket = boto3.client('s3')\n",
        "from made import Store\nasync def f(store: Store):\n    store.bucket.xyz()\n",
    ),
    "a function": ("import boto3\ndef make():\n    return boto3.client('s3')\nc = make()\n", "from made import c\nasync def f():\n    c.xyz()\n"),
    "a coroutine": (
        "import boto3, asyncio\nasync def make():\n    return await asyncio.to_thread(boto3.client, 's3')\n",
        "from made import make\nasync def f():\n    c = await make()\n    c.xyz()\n",
    ),
    "an annotation": ("", "from botocore.client import BaseClient\nasync def f(c: BaseClient):\n    c.xyz()\n"),
    "another name": ("import boto3\nclient = boto3.client('s3')\n", "from made import client as other\nasync def f():\n    other.xyz()\n"),
}


@pytest.mark.parametrize("case", MAKERS)
def test_every_way_to_hold_one_is_followed(case: str) -> None:
    made, used = MAKERS[case]
    found = lint_files({"made.py": made, "used.py": used})
    assert [finding.code for finding in found["used.py"]] == ["ASL104"]


def test_same_names_elsewhere_are_silent() -> None:
    made = "import boto3\nclient = boto3.client('s3')\n"
    other = "class C:\n    def xyz(self): ...\nclient = C()\nasync def f(unknown):\n    client.xyz()\n    unknown.client.xyz()\n"
    assert not any(lint_files({"made.py": made, "other.py": other}).values())
