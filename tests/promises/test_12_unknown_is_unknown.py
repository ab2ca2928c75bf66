"""Promise 12: what cannot be resolved is reported neither as blocking nor as safe."""

from __future__ import annotations

import pytest

from asynclint.testing import lint_text

UNKNOWN = {
    "parameter": "async def f(path):\n    path.read_text()\n    path.join()\n",
    "foreign module": "from elsewhere import sleep, Path\n\nasync def f():\n    sleep(1)\n    Path('a').read_text()\n",
    "result of a foreign call": "import elsewhere\n\nasync def f():\n    elsewhere.make().read_text()\n    elsewhere.sleep(1)\n",
    "star import": "from elsewhere import *\n\nasync def f():\n    sleep(1)\n    Path('a').read_text()\n",
    "getattr": "import time\n\nasync def f(name):\n    getattr(time, name)(1)\n",
    "subscript": "import time\nTABLE = {}\n\nasync def f(name):\n    TABLE[name](1)\n",
    "attribute set elsewhere": "class C:\n    pass\n\nasync def f(c: C):\n    c.lock.acquire()\n    c.path.read_text()\n",
    "foreign base": "from elsewhere import Base\n\nclass C(Base):\n    async def f(self):\n        self.read_text()\n        self.wait()\n",
    "foreign decorator": "import asyncio\nfrom elsewhere import magic\n\n@magic\nasync def g(): ...\n\nasync def f():\n    g()\n",
    "global of unknown value": "import time\nfrom elsewhere import value\nsleep = value\n\nasync def f():\n    sleep(1)\n",
    "deleted name": "import time\ndel time\n\nasync def f(time):\n    time.sleep(1)\n",
    "foreign task maker": "from elsewhere import create_task\n\nasync def f(c):\n    create_task(c)\n",
    "foreign offload": "from elsewhere import run_in_thread\nimport time\n\nasync def f():\n    await run_in_thread(time.sleep, 1)\n",
    "foreign lock": "from elsewhere import lock\nimport asyncio\n\nasync def f():\n    with lock:\n        await asyncio.sleep(1)\n",
    "handed over uncalled": "import time\nfrom elsewhere import call\n\nasync def f():\n    call(time.sleep)\n    call(sleep=time.sleep)\n",
    "foreign factory": "import asyncio\nfrom elsewhere import make\n\nasync def f():\n    await asyncio.to_thread(make())\n",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_nothing_is_said_of_the_unknown(text: str) -> None:
    assert [f"{f.code} {f.message}" for f in lint_text(text)] == []


def test_what_reaches_the_unknown_is_no_safe_fix() -> None:
    text = "import time\nfrom elsewhere import mystery\n\ndef g():\n    time.sleep(1)\n    mystery()\n\nasync def f():\n    g()\n"
    (finding,) = lint_text(text)
    assert finding.fix is not None
    assert finding.fix.applicability.value == "unsafe"
