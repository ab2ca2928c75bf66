"""A real client of the language server, over the pipes of a real process."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.workspace import PositionCodec

PATIENCE = 300


class Editor:
    """Opens documents of a folder, and hears what the server says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("editor", "1")
        self.messages: list[str] = []
        self.progress: list[Any] = []
        self.registered: list[lsp.Registration] = []
        self.shown: list[str] = []
        self.refreshed = 0
        self.result: lsp.InitializeResult
        self._published: dict[str, lsp.PublishDiagnosticsParams] = {}
        self._news = asyncio.Condition()
        self._versions: dict[str, int] = {}
        feature = self.client.feature

        @feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def published(params: lsp.PublishDiagnosticsParams) -> None:
            self._published[params.uri] = params
            await self._tell()

        @feature(lsp.WINDOW_SHOW_MESSAGE)
        async def message(params: lsp.ShowMessageParams) -> None:
            self.messages.append(params.message)
            await self._tell()

        @feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(params: lsp.WorkDoneProgressCreateParams) -> None:
            pass

        @feature(lsp.PROGRESS)
        async def progress(params: lsp.ProgressParams) -> None:
            self.progress.append(params.value)
            await self._tell()

        @feature(lsp.CLIENT_REGISTER_CAPABILITY)
        async def register(params: lsp.RegistrationParams) -> None:
            self.registered += params.registrations
            await self._tell()

        @feature(lsp.WINDOW_SHOW_DOCUMENT)
        def show(params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
            self.shown.append(params.uri)
            return lsp.ShowDocumentResult(True)

        @feature(lsp.WORKSPACE_DIAGNOSTIC_REFRESH)
        async def refresh(_: None) -> None:
            self.refreshed += 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait for something that the server brings about."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(holds), PATIENCE)
        return holds()

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    async def open(self, name: str, text: str | None = None) -> list[lsp.Diagnostic]:
        """Open a document, and wait for its diagnostics."""
        text = (self.root / name).read_text(encoding="utf-8") if text is None else text
        self._versions[name] = 1
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(self.uri(name), "python", 1, text)))
        return await self.diagnostics(name)

    async def change(self, name: str, text: str, *, save: bool = False) -> list[lsp.Diagnostic]:
        """Change a document, save it if asked to, and wait for its diagnostics."""
        self._versions[name] += 1
        identifier = lsp.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [lsp.TextDocumentContentChangeWholeDocument(text)]))
        if save:
            (self.root / name).write_text(text, encoding="utf-8")
            self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(self.uri(name))))
        return await self.diagnostics(name)

    def close(self, name: str) -> None:
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(self.uri(name))))

    async def diagnostics(self, name: str, holds: Callable[[list[str]], bool] = lambda codes: True) -> list[lsp.Diagnostic]:
        """The diagnostics of the document as it is, once their codes are as expected."""

        def known() -> bool:
            found = self._published.get(self.uri(name))
            return found is not None and found.version == self._versions.get(name) and holds([str(each.code) for each in found.diagnostics])

        await self.until(known)
        return list(self._published[self.uri(name)].diagnostics)

    async def pull(self, name: str, previous: str | None = None) -> Any:
        identifier = lsp.TextDocumentIdentifier(self.uri(name))
        return await self._asked(self.client.text_document_diagnostic_async(lsp.DocumentDiagnosticParams(identifier, previous_result_id=previous)))

    async def actions(self, name: str, place: lsp.Range, only: list[str] | None = None) -> list[Any]:
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(self.uri(name)), place, lsp.CodeActionContext([], only=only))  # type: ignore[arg-type]
        return list(await self._asked(self.client.text_document_code_action_async(params)) or [])

    async def hover(self, name: str, place: lsp.Position) -> str:
        found = await self._asked(self.client.text_document_hover_async(lsp.HoverParams(lsp.TextDocumentIdentifier(self.uri(name)), place)))
        return found.contents.value if found else ""

    async def explain(self, name: str, code: str) -> str:
        return await self._asked(self.client.workspace_execute_command_async(lsp.ExecuteCommandParams("asynclint.explain", [self.uri(name), code])))

    async def watched(self, name: str, kind: lsp.FileChangeType = lsp.FileChangeType.Changed) -> None:
        self.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([lsp.FileEvent(self.uri(name), kind)]))

    async def _asked(self, answer: Any) -> Any:
        return await asyncio.wait_for(answer, PATIENCE)

    def edited(self, edit: lsp.WorkspaceEdit, texts: dict[str, str]) -> dict[str, str]:
        """The texts of files after an edit, by name."""
        codec = PositionCodec(self.result.capabilities.position_encoding or lsp.PositionEncodingKind.Utf16)
        result = dict(texts)
        for uri, edits in (edit.changes or {}).items():
            name = next(name for name in texts if self.uri(name) == uri)
            lines = [*texts[name].splitlines(keepends=True), ""]
            places = []
            for each in edits:
                place = codec.range_from_client_units(lines, each.range)
                start, end = (sum(map(len, lines[: at.line])) + at.character for at in (place.start, place.end))
                places.append((start, end, each.new_text))
            for start, end, text in sorted(places, reverse=True):
                result[name] = result[name][:start] + text + result[name][end:]
        return result


def capabilities(*, pulls: bool = False, encodings: list[str] | None = None) -> lsp.ClientCapabilities:
    """What a client can do."""
    return lsp.ClientCapabilities(
        general=lsp.GeneralClientCapabilities(position_encodings=encodings) if encodings else None,  # type: ignore[arg-type]
        text_document=lsp.TextDocumentClientCapabilities(diagnostic=lsp.DiagnosticClientCapabilities() if pulls else None),
        window=lsp.WindowClientCapabilities(work_done_progress=True, show_document=lsp.ShowDocumentClientCapabilities(True)),
        workspace=lsp.WorkspaceClientCapabilities(
            did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
            diagnostics=lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
        ),
    )


@asynccontextmanager
async def editing(
    root: Path, *, folders: list[Path] | None = None, options: Any = None, pulls: bool = False, encodings: list[str] | None = None
) -> AsyncIterator[Editor]:
    """An editor with the folder open; it shuts the server down at the end, which must exit with 0."""
    editor = Editor(root)
    client = editor.client
    command = shutil.which("asynclint", path=os.path.dirname(sys.executable))
    assert command is not None
    await client.start_io(command, "server", cwd=root)
    process = client._server  # what pygls started
    params = lsp.InitializeParams(
        capabilities=capabilities(pulls=pulls, encodings=encodings),
        root_uri=root.as_uri(),
        workspace_folders=[lsp.WorkspaceFolder(each.as_uri(), each.name) for each in folders or [root]],
        initialization_options=options,
    )
    editor.result = await asyncio.wait_for(client.initialize_async(params), PATIENCE)
    client.initialized(lsp.InitializedParams())
    try:
        yield editor
        await asyncio.wait_for(client.shutdown_async(None), PATIENCE)
        client.exit(None)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await client.stop()
        process._transport.close()
