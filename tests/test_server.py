"""The language server, driven by a real client over its pipes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks import saves
from editor import Editor, editing
from lsprotocol import types as lsp

from asynclint import commands
from asynclint.options import ConfigError

HELPER = "import time\n\n\ndef slow(n):\n    time.sleep(n)\n"
APP = "import time\n\nfrom helper import slow\n\n\nasync def main():\n    slow(1)\n    time.sleep(1)\n"
FIXED = APP.replace("import time\n", "import asyncio\n").replace("time.sleep(1)", "await asyncio.sleep(1)")
CRASH = '''"""A rule that kills its process where a file says so."""
import os
from asynclint.api import Rule, Severity, Confidence


class Crash(Rule):
    """Dies.

    ## Why is this bad?
    It is not.

    ## Example
        x

    ## Use instead
        y

    ## Fix safety
    None.
    """
    code, name = "TST001", "crash"
    severity, confidence = Severity.ERROR, Confidence.HIGH

    def suspects(self, module):
        if module.calls("crash.now"):
            os.abort()
        return False
'''


def project(root: Path, **files: str) -> Path:
    for name, text in ({"helper": HELPER, "app": APP} | files).items():
        (root / (name if "." in name else f"{name}.py")).write_text(text, encoding="utf-8")
    return root


def drive(root: Path, act: Callable[[Editor], Awaitable[Any]], **options: Any) -> None:
    async def session() -> None:
        async with editing(root, **options) as editor:
            await act(editor)

    asyncio.run(session())


def codes(found: list[lsp.Diagnostic]) -> list[str]:
    return [str(each.code) for each in found]


def test_diagnostics_of_an_open_document(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        helper, sleep = await editor.open("app.py")
        assert (helper.code, sleep.code, sleep.source) == ("ASL110", "ASL101", "asynclint")
        assert sleep.range == lsp.Range(lsp.Position(7, 4), lsp.Position(7, 17))
        assert sleep.severity is lsp.DiagnosticSeverity.Error
        page = sleep.code_description.href.removeprefix("file://")
        assert Path(page).read_text(encoding="utf-8").startswith("# blocking-sleep (ASL101)")
        (hop,) = helper.related_information
        assert (hop.location.uri, hop.location.range.start.line, hop.message) == (editor.uri("helper.py"), 4, "slow: time.sleep(n)")
        assert [each.method for each in editor.registered] == ["workspace/didChangeWatchedFiles"]
        await editor.until(lambda: len(editor.progress) > 1)
        assert (editor.progress[0]["kind"], editor.progress[-1]["kind"]) == ("begin", "end")

    drive(project(tmp_path), act)


def test_changing_and_saving(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        await editor.open("app.py")
        assert codes(await editor.change("app.py", FIXED)) == ["ASL110"]
        assert codes(await editor.change("app.py", APP, save=True)) == ["ASL110", "ASL101"]
        assert codes(await editor.change("app.py", APP + "async def broken(:\n")) == ["ASL900"]
        assert codes(await editor.change("app.py", "# moved\n" + APP)) == ["ASL110", "ASL101"]

    drive(project(tmp_path), act)


def test_unsaved_documents_count_for_the_others(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        await editor.open("helper.py")
        await editor.change("helper.py", HELPER.replace("time.sleep(n)", "return n"))
        await editor.diagnostics("app.py", lambda found: found == ["ASL101"])
        await editor.change("helper.py", "import time\n\n\ndef other():\n    pass\n\n\ndef slow(n):\n    time.sleep(n)\n")  # another interface
        found = await editor.diagnostics("app.py", lambda found: found == ["ASL110", "ASL101"])
        assert found[0].related_information[0].location.range.start.line == 8

    drive(project(tmp_path), act)


def test_quick_fixes(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        helper, sleep = await editor.open("app.py")
        fix, ignore, explain = await editor.actions("app.py", sleep.range)
        assert (fix.is_preferred, fix.kind) == (True, "quickfix")
        assert editor.edited(fix.edit, {"app.py": APP})["app.py"] == APP.replace("time.sleep(1)", "await asyncio.sleep(1)").replace(
            "import time\n", "import asyncio\nimport time\n"
        )
        text = editor.edited(ignore.edit, {"app.py": APP})["app.py"]
        assert text == APP.replace("time.sleep(1)", "time.sleep(1)  # asynclint: ignore[ASL101]")
        assert codes(await editor.change("app.py", text)) == ["ASL110"]
        assert explain.title == "Explain ASL101"
        assert (await editor.explain("app.py", "ASL101")).startswith("# blocking-sleep (ASL101)")
        assert editor.shown[0].endswith("ASL101.md")
        assert (await editor.actions("app.py", helper.range))[0].title == "Run in a thread: `await asyncio.to_thread(slow, ...)`"

    drive(project(tmp_path), act)


def test_unsafe_fixes_say_so(tmp_path: Path) -> None:
    text = 'import requests\n\nsession = requests.Session()\n\n\nasync def main():\n    session.get("a")\n'

    async def act(editor: Editor) -> None:
        (found,) = await editor.open("app.py")
        fix, *_ = await editor.actions("app.py", found.range)
        assert fix.title.endswith(" (unsafe)")
        assert not fix.is_preferred
        assert "asyncio.to_thread(session.get" in editor.edited(fix.edit, {"app.py": text})["app.py"]
        assert not await editor.actions("app.py", found.range, only=["source.fixAll"])

    drive(project(tmp_path, app=text), act)


def test_fix_all_is_safe_and_converged(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        found = await editor.open("app.py")
        for only in ("source.fixAll", "source.fixAll.asynclint", "source"):
            (action,) = await editor.actions("app.py", found[0].range, only=[only])
            assert action.kind == "source.fixAll.asynclint"
            fixed = editor.edited(action.edit, {"app.py": APP, "helper.py": HELPER})
            assert "await asyncio.sleep(1)" in fixed["app.py"]
            assert fixed["helper.py"] == HELPER
        assert "ASL101" not in codes(await editor.change("app.py", fixed["app.py"]))
        assert not await editor.actions("app.py", found[0].range, only=["refactor"])

    drive(project(tmp_path), act)


def test_hover(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        helper, _ = await editor.open("app.py")
        text = await editor.hover("app.py", helper.range.start)
        assert "helper.py:5: slow: time.sleep(n)" in text
        assert "# blocking-helper (ASL110)" in text
        assert await editor.hover("app.py", lsp.Position(0, 0)) == ""

    drive(project(tmp_path), act)


def test_pulling(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        identifier = lsp.TextDocumentItem(editor.uri("app.py"), "python", 1, APP)
        editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(identifier))
        report = await editor.pull("app.py")
        assert codes(report.items) == ["ASL110", "ASL101"]
        assert (await editor.pull("app.py", report.result_id)).kind == "unchanged"
        item = lsp.TextDocumentItem(editor.uri("helper.py"), "python", 1, HELPER.replace("time.sleep(n)", "return n"))
        editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        await editor.until(lambda: editor.refreshed)
        assert codes((await editor.pull("app.py")).items) == ["ASL101"]
        asking = asyncio.ensure_future(editor.pull("app.py"))
        await asyncio.sleep(0)
        asking.cancel()  # which the server takes without harm
        assert codes((await editor.pull("app.py")).items) == ["ASL101"]

    drive(project(tmp_path), act, pulls=True)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 12), ("utf-16", 10), ("utf-32", 9)])
def test_position_encodings(tmp_path: Path, encoding: str, column: int) -> None:
    text = 'import time\n\n\nasync def main():\n    "😀"; time.sleep(1)\n'

    async def act(editor: Editor) -> None:
        assert editor.result.capabilities.position_encoding == encoding
        (found,) = await editor.open("app.py")
        assert (found.range.start.character, found.range.end.character) == (column, column + 13)
        fix = (await editor.actions("app.py", found.range))[0]
        assert '"😀"; await asyncio.sleep(1)' in editor.edited(fix.edit, {"app.py": text})["app.py"]
        same = await editor.change("app.py", text.replace("😀", "é😀"))
        assert same[0].range.start.character == column + {"utf-8": 2, "utf-16": 1, "utf-32": 1}[encoding]

    drive(project(tmp_path, app=text), act, encodings=[encoding])


def test_configuration_is_read_again(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        (tmp_path / "pyproject.toml").write_text('[tool.asynclint]\nignore = ["ASL101"]\n', encoding="utf-8")
        await editor.watched("pyproject.toml")
        await editor.diagnostics("app.py", lambda found: found == ["ASL110"])
        (tmp_path / "pyproject.toml").write_text('[tool.asynclint]\nignore = ["ASL99999"]\n', encoding="utf-8")
        await editor.watched("pyproject.toml")
        await editor.until(lambda: any("ASL99999" in message for message in editor.messages))
        assert codes(await editor.change("app.py", FIXED)) == ["ASL110"]  # the last that was right holds

    drive(project(tmp_path, **{"pyproject.toml": "[tool.asynclint]\n"}), act)


def test_files_that_come_and_change(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py", APP.replace("helper", "later"))) == ["ASL101"]
        (tmp_path / "later.py").write_text(HELPER, encoding="utf-8")
        await editor.watched("later.py", lsp.FileChangeType.Created)
        await editor.diagnostics("app.py", lambda found: found == ["ASL110", "ASL101"])
        (tmp_path / "later.py").write_text(HELPER.replace("time.sleep(n)", "print(n)"), encoding="utf-8")
        await editor.watched("later.py")
        await editor.diagnostics("app.py", lambda found: found == ["ASL101"])
        await editor.open("never_saved.py", APP)
        await editor.diagnostics("never_saved.py", lambda found: found == ["ASL110", "ASL101"])

    drive(project(tmp_path), act)


def test_files_that_the_command_line_leaves_out(tmp_path: Path) -> None:
    async def act(editor: Editor) -> None:
        assert codes(await editor.open("generated.py", APP)) == []
        assert codes(await editor.change("generated.py", APP + "\n")) == []
        assert codes(await editor.open("build/app.py", APP)) == []
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]

    files = {".gitignore": "generated.py\n", "generated": APP}
    (tmp_path / "build").mkdir()
    (tmp_path / ".git").mkdir()
    drive(project(tmp_path, **files), act)


def test_several_folders(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("one", "two")]
    for root in roots:
        root.mkdir()
        project(root)
    (roots[1] / "helper.py").write_text("def slow(n):\n    return n\n", encoding="utf-8")

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("one/app.py")) == ["ASL110", "ASL101"]
        assert codes(await editor.open("two/app.py")) == ["ASL101"]

    drive(tmp_path, act, folders=roots)


def test_a_crash_is_survived(tmp_path: Path) -> None:
    deadly = "import crash\n\n\nasync def main():\n    crash.now()\n"

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        (found,) = await editor.open("bad.py", deadly)
        assert found.code == "ASL900" and "died" in found.message
        assert codes(await editor.change("app.py", FIXED)) == ["ASL110"]
        assert codes(await editor.change("bad.py", deadly.replace("crash.now()", "pass"))) == []
        assert codes(await editor.change("bad.py", deadly)) == ["ASL900"]

    files = {"crash_rule.py": CRASH, "pyproject.toml": '[tool.asynclint]\nplugins = ["crash_rule.py"]\n', "bad": "x = 1\n"}
    drive(project(tmp_path, **files), act, options={"trusted": True})


def test_a_document_that_hangs_in_native_code_ends_no_other(tmp_path: Path) -> None:
    """libcst takes twice as long for each level of nested patterns."""
    hanging = f"import time\n\n\nasync def f(a):\n    time.sleep(1)\n    match a:\n        case {'[' * 60}x{']' * 60}:\n            pass\n"

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        (found,) = await editor.open("bad.py", hanging)
        assert found.code == "ASL900" and "died" in found.message
        assert codes(await editor.change("app.py", FIXED)) == ["ASL110"]
        assert codes(await editor.change("bad.py", hanging.replace("[" * 60 + "x" + "]" * 60, "x"))) == ["ASL101"]

    files = {"pyproject.toml": "[tool.asynclint]\ntimeout = 1\n", "bad": "x = 1\n"}
    drive(project(tmp_path, **files), act)


def test_a_hang_on_disk_is_not_that_of_the_project(tmp_path: Path) -> None:
    """A document that nobody has opened is indexed by a worker of its own when the server starts."""
    hanging = f"async def f(a):\n    return {' and '.join(['a'] * 10_000)}\n"

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]

    drive(project(tmp_path, bad=hanging), act)


PLUGIN = """
from asynclint.api import Rule

open({marker!r}, "a").write("ran\\n")


class Sleeps(Rule):
    \"\"\"Finds calls.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    \"\"\"

    code, name = "TEA001", "sleeps"

    def visit_Call(self, node, ctx):
        ctx.report(node, "a call", no_fix="none")
"""


def with_plugin(root: Path) -> tuple[Path, Path]:
    """A project with a rule plugin, and the file that this makes when it runs."""
    marker = root.parent / f"ran-in-{root.name}"
    files = {"team.py": PLUGIN.format(marker=str(marker)), "pyproject.toml": '[tool.asynclint]\nplugins = ["team.py"]\n'}
    root.mkdir()
    return project(root, **files), marker


@pytest.mark.parametrize("options", [None, {"trusted": False}, {"trusted": "yes"}, {"trusted": ["/somewhere/else", "."]}])
def test_a_workspace_that_is_not_trusted_runs_no_plugins_until_it_is(tmp_path: Path, options: Any) -> None:
    root, marker = with_plugin(tmp_path / "root")

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        await editor.until(lambda: editor.messages)
        assert not marker.exists()
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"asynclint": {"other": 1}}))
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"asynclint": {"trusted": True}}))
        await editor.diagnostics("app.py", lambda codes: "TEA001" in codes)
        assert marker.exists()
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"trusted": False}))
        await editor.diagnostics("app.py", lambda codes: "TEA001" not in codes)
        (told,) = editor.messages
        assert told.startswith(f"asynclint: the rule plugins of {root} are off")

    drive(root, act, options=options)


def test_trust_is_about_folders_of_the_workspace(tmp_path: Path) -> None:
    root, marker = with_plugin(tmp_path / "root")
    _, elsewhere = with_plugin(tmp_path / "elsewhere")

    async def act(editor: Editor) -> None:
        await editor.open("app.py")
        await editor.open("../elsewhere/app.py")
        await editor.until(lambda: editor.messages)
        assert marker.exists()
        assert not elsewhere.exists()

    drive(root, act, options={"trusted": True})


def test_some_folders_can_be_trusted(tmp_path: Path) -> None:
    root, marker = with_plugin(tmp_path / "root")
    other, distrusted = with_plugin(tmp_path / "other")

    async def act(editor: Editor) -> None:
        await editor.open("app.py")
        await editor.open("../other/app.py")
        await editor.until(lambda: editor.messages)
        assert marker.exists()
        assert not distrusted.exists()

    drive(root, act, options={"trusted": [str(root)]}, folders=[root, other])


def test_no_module_of_the_workspace_is_imported(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    evil = f"open({str(marker)!r}, 'w')\n"

    async def act(editor: Editor) -> None:
        assert codes(await editor.open("app.py")) == ["ASL110", "ASL101"]
        assert not marker.exists()

    drive(project(tmp_path, difflib=evil, libcst=evil, pickle=evil, asynclint=evil), act)


def test_exit_without_shutdown_is_an_error(tmp_path: Path) -> None:
    async def session() -> int:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "asynclint", "server", stdin=-1, stdout=-1)
        body = b'{"jsonrpc": "2.0", "method": "exit"}'
        out, _ = await asyncio.wait_for(process.communicate(b"Content-Length: %d\r\n\r\n%s" % (len(body), body)), 60)
        assert out == b""
        return process.returncode or 0

    assert asyncio.run(session()) == 1


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynclint.commands.server.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'asynclint\[lsp\]'"):
        commands.run(["server"])


@pytest.mark.slow
def test_a_save_in_a_project_of_thousands_of_files(tmp_path: Path) -> None:
    """50 ms for 95 % of the saves are promised on a machine that does nothing else; what fails here is work that grows with the project."""
    part = "\n\nasync def part_{0}(n):\n    value = {1}(n)\n    if value:\n        return value\n    return None\n"
    for number in range(3000):
        helper = f"helper_{number // 2}"
        head = f"import time\n\nfrom module_{number // 2} import {helper}\n\n\ndef helper_{number + 3000}(n):\n    time.sleep(n)\n"
        parts = [part.format(0, helper), *(part.format(n, "str") for n in range(1, 70 if number % 100 == 0 else 2))]
        tail = f"\n\ndef helper_{number}(n):\n    return helper_{number + 3000}(n)\n"
        (tmp_path / f"module_{number}.py").write_text(head + "".join(parts) + tail, encoding="utf-8")
    times = asyncio.run(saves.measure(tmp_path, 30))
    assert len(times) == 30
    assert times[15] < 0.5
