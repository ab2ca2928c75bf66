"""What is told of a class, and the shapes of the rows of a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.derive.verdicts import Verdict


class Members:
    """What is known of one class: members that its bases do not tell alike."""

    def __init__(self, path: str, bases: tuple[str, ...]) -> None:
        self.path = path
        self.bases = bases
        self.verdicts: dict[str, Verdict | None] = {}  # also inherited ones
        self.coroutines: set[str] = set()
        self.returns: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        self.offloads: dict[str, list[Any]] = {}
        self.enter = self.async_enter = ""

    def inherited(self, bases: Iterable[Members]) -> set[str]:
        """The members of which the bases tell the same, apart from what they block on."""
        tables = ("returns", "attributes", "offloads", "coroutines")
        return {f"{table}.{name}" for table in tables for name in getattr(self, table) for base in bases if self._has(base, table, name)}

    def _has(self, base: Members, table: str, name: str) -> bool:
        known = getattr(base, table)
        return name in known and (table == "coroutines" or known[name] == getattr(self, table)[name])

    def leave_out(self, members: Iterable[str]) -> None:
        """Forget what `inherited` named."""
        for table, _, name in (member.partition(".") for member in members):
            known = getattr(self, table)
            known.remove(name) if table == "coroutines" else known.pop(name)

    @property
    def leads_to(self) -> set[str]:
        """The types that its members and bases are of."""
        given = (*self.returns.values(), *self.attributes.values(), self.enter, self.async_enter)
        return {type_.rpartition(":")[2] for type_ in given} | set(self.bases)

    @property
    def tells(self) -> bool:
        """Whether it has something to say by itself."""
        return bool(self.coroutines or self.offloads or any(self.verdicts.values()))


def row(verdict: Verdict) -> list[Any]:
    """A verdict as the file has it: kind, chain, and what is not as usual."""
    rest: dict[str, Any] = {
        "offload": verdict.offload if verdict.offload != "unsafe" else "",
        "light": verdict.light,
        "lazy": verdict.lazy,
        "unless": list(verdict.unless),
        "only_if": list(verdict.only_if),
        "takes_file": verdict.takes_file + 1 and [verdict.takes_file],
        "takes_path": verdict.takes_path + 1 and [verdict.takes_path],
    }
    rest = {key: value[0] if key.startswith("takes") else value for key, value in rest.items() if value}
    return [verdict.kind, " > ".join(verdict.chain), *([rest] if rest else [])]


def grouped(rows: dict[str, list[Any]]) -> dict[str, dict[str, list[Any]]]:
    """Rows by owner and last name."""
    found: dict[str, dict[str, list[Any]]] = {}
    for path, row in sorted(rows.items()):
        owner, _, name = path.rpartition(".")
        found.setdefault(owner, {})[name] = row
    return found


def tops(modules: Iterable[str]) -> list[str]:
    """The modules that are in no other one of the distribution."""
    names = set(modules)
    return sorted(name for name in names if not any(name[:n] in names for n, char in enumerate(name) if char == "."))


def drop_empty(rows: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rows.items() if value}
