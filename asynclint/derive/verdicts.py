"""What calling a function of a distribution blocks on, as far as it is to be believed by those who cannot look into it."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from asynclint.derive.certain import Certain
from asynclint.derive.conditions import Conditions
from asynclint.index import facts as f
from asynclint.program.calls import Site
from asynclint.program.known import KINDS, Block
from asynclint.program.values import ClassValue, External, FunctionValue
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program import Program
    from asynclint.program.effects import Effect
    from asynclint.program.values import FunctionKey, Value

_BELIEVED = frozenset({"network", "process", "sleep", "database", "wait"})  # however long the chain
_NEAR = 2  # hops after which a file is not believed
_ANY_FILE = "typing.IO."  # of a file of any kind nobody knows whether it lies on the disk
_LOCKS = frozenset({"threading.Lock.acquire", "threading.RLock.acquire", "multiprocessing.synchronize.SemLock.acquire"})
_FUTURES = frozenset({"concurrent.futures.Future.result", "concurrent.futures.Future.exception"})
_OPENING = frozenset({"builtins.open", "io.open", "os.fdopen"})
_STARTING = frozenset({"submit", "run_coroutine_threadsafe"})  # what makes the future that is then waited for
_OPAQUE = ("logging.", "warnings.", "importlib.", "platform.")  # what derives from what lies here runs when somebody else wants it, or once
_SHOWN = 4  # hops of a chain that are named
_TELLING = {kind: n for n, kind in enumerate((*KINDS[1:], KINDS[0]))}  # who sleeps mostly does so between attempts at something else


@record(frozen=True, slots=True)
class Verdict:
    """What a call blocks on. `chain` names the functions on the way, the primitive last; the conditions are spelled as in the catalog."""

    kind: str
    chain: tuple[str, ...]
    offload: str
    light: bool = False
    lazy: bool = False
    unless: tuple[str, ...] = ()
    only_if: tuple[str, ...] = ()
    takes_file: int = -1
    takes_path: int = -1

    def is_like(self, other: Verdict | None) -> bool:
        """Whether both say the same, by whatever chain."""
        return other is not None and _said(self) == _said(other)


def _said(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.kind, verdict.light, verdict.lazy, verdict.unless, verdict.only_if, verdict.takes_file, verdict.takes_path)


class Verdicts:
    """Asked about the functions and classes of a distribution."""

    def __init__(self, program: Program, texts: dict[int, str]) -> None:
        self._program = program
        self._texts = texts
        self._certain: dict[int, Certain] = {}
        self._conditions = Conditions(program, self._absent)

    def of(self, value: FunctionValue | ClassValue, flags: int = 0) -> Verdict | None:
        """What a call with these flags runs now, and what the worst of that blocks on."""
        program = self._program
        receiver = value if isinstance(value, ClassValue) else value.receiver
        found: list[tuple[tuple[bool, bool, int, int], Verdict]] = []
        for target in dict.fromkeys(program.effects.targets([value], flags)):
            if isinstance(target, Block):
                if isinstance(value, FunctionValue):
                    return None  # the catalog speaks for it
                found.append(((target.light, False, 0, _TELLING[target.kind]), Verdict(target.kind, (target.path,), "unsafe", target.light)))
                continue
            if program.effects.is_cached(target.key):
                continue
            for kind in program.effects.functions.get(target.key, {}):
                hops = self._hops(target.key, kind)
                certain = all(self._is_certain(site) for _, _, site in hops)
                verdict = self._verdict(hops, kind, certain, receiver)
                if verdict is not None:
                    found.append(((verdict.light, not certain, len(hops), _TELLING[kind]), verdict))
        return min(found, key=lambda pair: pair[0], default=(None, None))[1]

    def _hops(self, key: FunctionKey, kind: str) -> list[tuple[FunctionKey, Effect, Site]]:
        """The chain from a function to the primitive."""
        functions = self._program.effects.functions
        hops = [(key, *functions[key][kind])]
        while (through := hops[-1][1].through) is not None and len(hops) < 100:
            hops.append((through, *functions[through][kind]))
        return hops

    def _verdict(self, hops: list[tuple[FunctionKey, Effect, Site]], kind: str, certain: bool, receiver: ClassValue | None) -> Verdict | None:
        program, block = self._program, hops[-1][1].block
        if any(self._is_opaque(key) for key, _, _ in hops) or block.path.startswith(_OPAQUE):
            return None
        if any(self._is_special(site) for _, _, site in hops) or not self._waits(hops[-1][0], block.path):
            return None
        if kind == "wait" and not certain and program.function(hops[0][0]).name == "__init__":
            return None  # who makes an object seldom waits for others
        if self._is_first_use(hops) or self._takes_descriptor(hops[-1][2], block.path):
            return None
        if kind not in _BELIEVED and not (kind == "file" and certain and len(hops) <= _NEAR and not block.path.startswith(_ANY_FILE)):
            return None
        if receiver is not None and not program.effects.concerns(receiver, hops[0][0], kind):
            return None
        if not self._are_decided(hops, receiver):
            return None
        told = self._conditions.of(hops)
        if told is None:
            return None
        named = [program.function(key).qualname for key, _, _ in hops[1:]]
        if len(named) > _SHOWN - 1:
            named = [*named[: _SHOWN - 2], "...", named[-1]]
        return Verdict(kind, (*named, block.path), self._offload(hops[0][0], block), any(e.block.light for _, e, _ in hops), False, *told)

    def _are_decided(self, hops: list[tuple[FunctionKey, Effect, Site]], receiver: ClassValue | None) -> bool:
        """Whether every call on the way blocks whichever of several things it calls."""
        program = self._program
        for key, _, site in hops:
            if site.call < 0:
                continue
            call, function = program.call(site.module, site.call), program.function(key)
            values = program.callees(site.module, site.call)
            head, _, name = call.callee.rpartition(".") if call.callee.__class__ is str else ("", "", "")
            if receiver is not None and function.owner >= 0 and function.params and head == function.params[0].name:
                values = tuple(program.resolver.instance_attribute(receiver, name)) or values
            else:
                receiver = None
            if len(values) > 1 and not all(self._may_block(value, call.flags) for value in values):
                return False
        return True

    def _may_block(self, value: Value, flags: int) -> bool:
        effects = self._program.effects
        targets = effects.targets([value], flags)
        return any(isinstance(target, Block) or bool(effects.functions.get(target.key)) for target in targets)

    def _offload(self, key: FunctionKey, block: Block) -> str:
        """Whether the call may be moved to a thread: never where what is below must not, safe where nothing is shared."""
        contexts = self._program.contexts
        if block.offload == "never" or contexts.hazard(key):
            return "never"
        is_method = self._program.function(key).owner >= 0
        return "unsafe" if is_method or block.offload == "unsafe" or contexts.doubt(key) else "safe"

    def _is_certain(self, site: Site) -> bool:
        known = self._text(site)
        return known is not None and known.runs(self._program.call(site.module, site.call))

    def _is_special(self, site: Site) -> bool:
        """Whether a call runs on one platform only, or once for each thing that is then kept."""
        known = self._text(site)
        call = self._program.call(site.module, site.call) if known is not None else None
        return known is not None and call is not None and (known.is_elsewhere(call) or known.is_remembered(call))

    def _is_first_use(self, hops: list[tuple[FunctionKey, Effect, Site]]) -> bool:
        """Whether something on the way runs only in a state of the object that what it runs then changes, or that a new object need not be in."""
        program, changed = self._program, set[str]()
        names = [program.function(key).name for key, _, _ in hops]
        for n in range(len(hops) - 1, -1, -1):
            key, _, site = hops[n]
            function, known = program.function(key), self._text(site)
            changed |= self._changed_by(key)
            if known is None or function.owner < 0 or not function.params:
                continue
            if names[0] in ("__init__", "__post_init__") and any("." in name for name in program.facts(site.module).needs.get(site.call, ())):
                return True
            guards = {name for head, name in known.guards(program.call(site.module, site.call)) if head == function.params[0].name}
            if not guards.isdisjoint(changed) and "__init__" not in names[:n]:  # a new object is in its first state
                return True
        return False

    def _changed_by(self, key: FunctionKey) -> set[str]:
        """The attributes of `self` that a method assigns, itself or through the methods of its class that it calls."""
        program, function = self._program, self._program.function(key)
        if function.owner < 0 or not function.params:
            return set()
        klass, numbers = program.facts(key[0]).classes[function.owner], {key[1]}
        for call in (program.call(key[0], number) for number in program.calls_of(key)):
            head, _, name = call.callee.rpartition(".") if call.callee.__class__ is str else ("", "", "")
            if head == function.params[0].name:
                numbers |= {ref[1] for ref in klass.bindings.get(name, ()) if ref.__class__ is tuple and ref[0] == "def"}
        return {name for name, pairs in klass.attributes.items() if any(number in numbers for number, _ in pairs)}

    def _takes_descriptor(self, site: Site, path: str) -> bool:
        """Whether a file is opened by its descriptor: that asks no disk. Nothing but its name tells."""
        if path not in _OPENING or site.call < 0:
            return False
        given = [ref for keyword, ref in self._program.call(site.module, site.call).arguments if keyword is None]
        return bool(given) and f.last_name(given[0]) in ("fd", "fileno")

    def _waits(self, key: FunctionKey, path: str) -> bool:
        """Whether a primitive that may wait does: nobody waits long for a lock inside a library, nor for a future that was made elsewhere."""
        program = self._program
        if path in _LOCKS:
            return program.function(key).name in ("acquire", "__enter__")
        if path in _FUTURES:
            return any(f.last_name(program.call(key[0], number).callee) in _STARTING for number in program.calls_of(key))
        return True

    def _absent(self, site: Site) -> set[str]:
        """The names that must be nothing for a call to run, if nothing else in its function blocks alike."""
        known, program = self._text(site), self._program
        found = known.absent(program.call(site.module, site.call)) if known is not None else set()
        if found and known is not None:
            kinds = program.effects.sites[site].keys()
            for number in program.calls_of((site.module, site.function)):
                other = program.effects.sites.get(Site(site.module, site.function, number), {})
                if not kinds.isdisjoint(other):
                    found &= known.absent(program.call(site.module, number))
        return found

    def _text(self, site: Site) -> Certain | None:
        """What the text of a call's module tells; None of a property, and outside the distribution."""
        if site.call >= 0 and site.module not in self._certain and site.module in self._texts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an escape that is none in the text of a library
                self._certain[site.module] = Certain(ast.parse(self._texts[site.module]))
        return self._certain.get(site.module) if site.call >= 0 else None

    def _is_opaque(self, key: FunctionKey) -> bool:
        owner = self._program.function(key).owner
        bases: Iterable[ClassValue | External] = self._program.resolver.mro(ClassValue(key[0], owner)) if owner >= 0 else ()
        return any(isinstance(base, External) and base.path.startswith(_OPAQUE) for base in bases)
