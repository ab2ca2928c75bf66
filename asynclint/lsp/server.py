"""`asynclint server`: the Language Server Protocol, version 3.17, over standard input and output.

Clients that pull diagnostics get them when they ask, others when they are known. All that is looked at is in `folder`; here it is translated.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from asynclint import __version__
from asynclint.lsp.folder import Folder
from asynclint.writing import stays_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asynclint.lsp.shown import Edits, Offer, Range, Shown

SOURCE = "asynclint"
FIX_ALL = "source.fixAll.asynclint"
EXPLAIN = "asynclint.explain"
_CONFIGURATION = ("pyproject.toml", "asynclint.toml", ".asynclint.toml")
_SEVERITIES = {"error": lsp.DiagnosticSeverity.Error, "warning": lsp.DiagnosticSeverity.Warning, "info": lsp.DiagnosticSeverity.Information}


class AsynclintServer(LanguageServer):
    """The folders and what the client can do."""

    def __init__(self) -> None:
        super().__init__(SOURCE, __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental)
        self.folders: dict[str, Folder] = {}  # those of the workspace, and one for each document outside of them
        self._workspace: set[str] = set()
        self._trusted: bool | tuple[str, ...] = False
        self.was_shut_down = False
        self.pulls = self.refreshes = self.reports = self.shows = self.watches = False
        self._pages = ""
        self._progress: dict[Folder, str] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._noticed: set[str] = set()

    # -- folders

    def take(self, params: lsp.InitializeParams) -> None:
        """What the client says at the beginning."""
        capabilities = params.capabilities
        document, workspace, window = capabilities.text_document, capabilities.workspace, capabilities.window
        self.pulls = bool(document and document.diagnostic)
        self.refreshes = bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)
        self.reports = bool(window and window.work_done_progress)
        self.shows = bool(window and window.show_document and window.show_document.support)
        watched = workspace.did_change_watched_files if workspace else None
        self.watches = bool(watched and watched.dynamic_registration)
        self.trust(params.initialization_options)

    def trust(self, settings: Any) -> None:
        """Take what a client says of trust: `{"trusted": true}` of all folders of the workspace, `{"trusted": [paths]}` of those at or below these.
        Only in a folder that is trusted rule plugins run, which its configuration names. What says nothing of it changes nothing.
        """
        said = _trusted_of(settings)
        if said is None or said == self._trusted:
            return
        self._trusted = said
        for path, folder in self.folders.items():
            folder.trust(self._is_trusted(path))

    def _is_trusted(self, path: str) -> bool:
        if isinstance(self._trusted, bool):
            return self._trusted and path in self._workspace
        return any(stays_within(path, each) for each in self._trusted)

    def add_folder(self, uri: str) -> None:
        """A folder of the workspace is there; it is indexed at once."""
        path = path_of(uri)
        if not path:
            return
        self._workspace.add(path)
        if path not in self.folders:
            self.folders[path] = self._folder(path)
            self.folders[path].begin()

    def remove_folder(self, uri: str) -> None:
        """A folder of the workspace is gone."""
        self._workspace.discard(path_of(uri))
        folder = self.folders.pop(path_of(uri), None)
        if folder is not None:
            folder.end()

    def folder_of(self, path: str) -> Folder:
        """The folder that a document lies in: the innermost, or one of its own."""
        around = [root for root in self.folders if path == root or path.startswith(root.rstrip("/") + "/")]
        if not around:
            self.folders[path] = self._folder(path)
            return self.folders[path]
        return self.folders[max(around, key=len)]

    def _folder(self, path: str) -> Folder:
        encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
        return Folder((path,), encoding, self, trusted=self._is_trusted(path))

    def end(self) -> None:
        """Stop all that was started."""
        for folder in self.folders.values():
            folder.end()
        if self._pages:
            shutil.rmtree(self._pages, ignore_errors=True)
            self._pages = ""

    # -- what a folder tells

    def publish(self, path: str, found: tuple[Shown, ...]) -> None:
        """Push the diagnostics of a document to a client that does not pull them."""
        if not self.pulls:
            uri = self.uri_of(path)
            document = self.workspace.text_documents.get(uri)
            version = document.version if document is not None else None
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, self.diagnostics(path, found), version))

    def others_changed(self) -> None:
        """Have the client pull again."""
        if self.pulls and self.refreshes:
            self.workspace_diagnostic_refresh(None)

    def indexing(self, folder: Folder, text: str | None, percentage: int) -> None:
        """Show how far the indexing of a folder is."""
        if not self.reports:
            return
        token = self._progress.get(folder)
        if text is None:
            if token is not None:
                del self._progress[folder]
                self.work_done_progress.end(token, lsp.WorkDoneProgressEnd())
        elif token is None:
            self._progress[folder] = token = f"asynclint-{id(folder)}-{percentage}"
            self._later(self._begin_progress(token, os.path.basename(folder.paths[0])))
        elif token in self.work_done_progress.tokens:
            self.work_done_progress.report(token, lsp.WorkDoneProgressReport(message=text, percentage=percentage))

    async def _begin_progress(self, token: str, name: str) -> None:
        await self.work_done_progress.create_async(token)
        self.work_done_progress.begin(token, lsp.WorkDoneProgressBegin(title=f"asynclint: {name}", percentage=0))
        if token not in self._progress.values():
            self.work_done_progress.end(token, lsp.WorkDoneProgressEnd())

    def error(self, message: str) -> None:
        """Show what the user has to mend."""
        self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"asynclint: {message}"))

    def notice(self, message: str) -> None:
        """Show what the user should know, once."""
        if message not in self._noticed:
            self._noticed.add(message)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"asynclint: {message}"))

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- in the client's words

    def uri_of(self, path: str) -> str:
        """The URI of a path, as the client writes it where it is a document that is open."""
        return next((uri for uri in self.workspace.text_documents if path_of(uri) == path), "") or from_fs_path(path) or path

    def diagnostics(self, path: str, found: Iterable[Shown]) -> list[lsp.Diagnostic]:
        """Findings as diagnostics, the chain as related information."""
        return [self._diagnostic(path, shown) for shown in found]

    def _diagnostic(self, path: str, shown: Shown) -> lsp.Diagnostic:
        page = self.page_uri(path, shown.code)
        return lsp.Diagnostic(
            range_of(shown.range),
            shown.message + (f"\n{shown.details}" if shown.details else ""),
            severity=_SEVERITIES[shown.severity],
            code=shown.code,
            code_description=lsp.CodeDescription(page) if page else None,
            source=SOURCE,
            tags=[lsp.DiagnosticTag.Unnecessary] if shown.is_unused else None,
            related_information=[
                lsp.DiagnosticRelatedInformation(lsp.Location(self.uri_of(where), range_of(place)), text)
                for where, place, text in shown.related[1:]  # the first is the finding's own place
            ],
        )

    def page_uri(self, path: str, code: str) -> str:
        """Where the page of a rule lies, written when it is first asked for; "" where there is none."""
        text = self.folder_of(path).pages.get(code, "")
        if not text:
            return ""
        self._pages = self._pages or tempfile.mkdtemp(prefix="asynclint-rules-")
        file = os.path.join(self._pages, f"{code}.md")
        if not os.path.exists(file):
            with open(file, "x", encoding="utf-8") as stream:
                stream.write(text)
        return from_fs_path(file) or ""

    def edit(self, edits: Edits) -> lsp.WorkspaceEdit:
        """Edits of files."""
        return lsp.WorkspaceEdit({self.uri_of(path): [lsp.TextEdit(range_of(place), text) for place, text in each] for path, each in edits.items()})

    def actions(self, path: str, shown: Shown, offer: Offer) -> list[lsp.CodeAction]:
        """What can be done about a finding."""
        diagnostics = [self._diagnostic(path, shown)]
        found = [
            lsp.CodeAction(
                action.title if action.is_safe else f"{action.title} (unsafe)",
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=diagnostics,
                is_preferred=action.is_safe or None,
                edit=self.edit(action.edits),
            )
            for action in offer.actions
        ]
        if offer.ignoring:
            title = f"Ignore {shown.code} on this line"
            found.append(lsp.CodeAction(title, kind=lsp.CodeActionKind.QuickFix, diagnostics=diagnostics, edit=self.edit(offer.ignoring)))
        if shown.name:
            command = lsp.Command(f"Explain {shown.code}", EXPLAIN, arguments=[self.uri_of(path), shown.code])
            found.append(lsp.CodeAction(command.title, kind=lsp.CodeActionKind.QuickFix, diagnostics=diagnostics, command=command))
        return found


def path_of(uri: str) -> str:
    """The path of a URI, `/` between its parts."""
    path = to_fs_path(uri)
    return os.path.normpath(path).replace(os.sep, "/") if path else ""


def range_of(place: Range) -> lsp.Range:
    """A range of the protocol."""
    return lsp.Range(lsp.Position(place[0], place[1]), lsp.Position(place[2], place[3]))


def hover(shown: Sequence[Shown], pages: dict[str, str]) -> str:
    """What is known of findings, as Markdown: message, chain, page of the rule."""
    parts = []
    for each in shown:
        lines = [f"**{each.code}** {each.message}", *([each.details] if each.details else [])]
        if each.related:
            chain = [f"{os.path.basename(path)}:{place[0] + 1}: {text}" for path, place, text in each.related]
            lines.append("```text\n" + "\n".join("  " * n + line for n, line in enumerate(chain)) + "\n```")
        parts.append("\n\n".join(lines))
    parts += [pages[code] for code in dict.fromkeys(each.code for each in shown) if code in pages]
    return "\n\n---\n\n".join(parts)


def server() -> AsynclintServer:
    """The server with all that it answers."""
    ls = AsynclintServer()
    feature = ls.feature

    @feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        ls.take(params)

    @feature(lsp.INITIALIZED)
    async def initialized(_: lsp.InitializedParams) -> None:
        for uri in list(ls.workspace.folders) or ([ls.workspace.root_uri] if ls.workspace.root_uri else []):
            ls.add_folder(uri)
        if ls.watches:
            names = ("**/*.{py,pyi}", *(f"**/{name}" for name in _CONFIGURATION))
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(name) for name in names])
            wanted = [lsp.Registration("asynclint-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
            await ls.client_register_capability_async(lsp.RegistrationParams(wanted))

    @feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders(params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        for gone in params.event.removed:
            ls.remove_folder(gone.uri)
        for new in params.event.added:
            ls.add_folder(new.uri)

    @feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    @feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    @feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def changed(params: Any) -> None:
        path = path_of(params.text_document.uri)
        ls.folder_of(path).open(path, ls.workspace.get_text_document(params.text_document.uri).source)

    @feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        path = path_of(params.text_document.uri)
        ls.folder_of(path).close(path)
        if not ls.pulls:
            ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))
        if path in ls.folders:
            ls.folders.pop(path).end()

    @feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: lsp.DidChangeWatchedFilesParams) -> None:
        for event in params.changes:
            path = path_of(event.uri)
            is_configuration = os.path.basename(path) in _CONFIGURATION
            afresh = is_configuration or event.type is not lsp.FileChangeType.Changed
            for folder in [each for root, each in ls.folders.items() if is_configuration or path.startswith(root.rstrip("/") + "/")]:
                folder.touch(() if is_configuration else (path,), afresh=afresh)

    @feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: lsp.DidChangeConfigurationParams) -> None:
        ls.trust(params.settings)

    @feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier=SOURCE))
    async def pull(params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        path = path_of(params.text_document.uri)
        found = await ls.folder_of(path).found(path)
        mark = f"{hash(repr(found)):x}"
        if params.previous_result_id == mark:
            return lsp.RelatedUnchangedDocumentDiagnosticReport(mark)
        return lsp.RelatedFullDocumentDiagnosticReport(ls.diagnostics(path, found), result_id=mark)

    kinds: list[Any] = [lsp.CodeActionKind.QuickFix, FIX_ALL]

    @feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(kinds))
    async def code_actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        path, only = path_of(params.text_document.uri), [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
        folder = ls.folder_of(path)
        found: list[lsp.CodeAction] = []
        if not only or any(lsp.CodeActionKind.QuickFix.value == kind for kind in only):
            here = [shown for shown in await folder.found(path) if _touches(range_of(shown.range), params.range)]
            for shown, offer in await folder.offered(path) if here else ():
                if shown in here:
                    found += ls.actions(path, shown, offer)
        if any(kind == FIX_ALL or FIX_ALL.startswith(f"{kind}.") for kind in only):
            edits = await folder.fixed(path)
            if edits:
                found.append(lsp.CodeAction("Fix all that is safe to fix (asynclint)", kind=FIX_ALL, edit=ls.edit(edits)))
        return found

    @feature(lsp.TEXT_DOCUMENT_HOVER)
    async def show(params: lsp.HoverParams) -> lsp.Hover | None:
        path = path_of(params.text_document.uri)
        folder = ls.folder_of(path)
        here = [shown for shown in folder.known(path) if _is_at(shown, params.position)]
        if not here:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, hover(here, folder.pages)), range_of(here[0].range))

    @ls.command(EXPLAIN)
    async def explain(uri: str, code: str) -> str:
        path = path_of(uri)
        text = ls.folder_of(path).pages.get(code, "")
        if ls.shows and text:
            await ls.window_show_document_async(lsp.ShowDocumentParams(ls.page_uri(path, code), take_focus=True))
        elif text:
            ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, text))
        return text

    @feature(lsp.SHUTDOWN)
    def shutdown(_: None) -> None:
        ls.was_shut_down = True
        ls.end()

    return ls


def _trusted_of(settings: Any) -> bool | tuple[str, ...] | None:
    """What settings, with or without a section for asynclint around them, say of trust; None where they say nothing."""
    for section in (_get(settings, "asynclint"), settings):
        said = _get(section, "trusted")
        if isinstance(said, (list, tuple)):
            return tuple(path for path in said if isinstance(path, str) and os.path.isabs(path))
        if said is not None:
            return said is True
    return None


def _get(settings: Any, name: str) -> Any:
    return settings.get(name) if isinstance(settings, dict) else getattr(settings, name, None)


def _touches(one: lsp.Range, other: lsp.Range) -> bool:
    return (one.start.line, one.start.character) <= (other.end.line, other.end.character) and (other.start.line, other.start.character) <= (
        one.end.line,
        one.end.character,
    )


def _is_at(shown: Shown, position: lsp.Position) -> bool:
    return _touches(range_of(shown.range), lsp.Range(position, position))
