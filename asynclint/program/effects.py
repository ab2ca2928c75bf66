"""Which calls block, and by which chain: propagated backward from the catalog, on demand.

Only call sites whose last name is that of something known to block are resolved; each sync function found to block adds its own name, and the
names of what it implements, until no name is new. Level by level, so that the first chain found for a kind is a shortest one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.absent import is_always_none
from asynclint.program.callees import MEMORY
from asynclint.program.calls import OF_ITSELF, Calls, Site
from asynclint.program.candidates import asked, is_for_awaiting, meant
from asynclint.program.grouped import FIRST, MODULE, Grouped
from asynclint.program.holders import Holders
from asynclint.program.known import KINDS
from asynclint.program.primitives import primitives
from asynclint.program.results import AWAIT, gives
from asynclint.program.values import ClassValue, FunctionValue, Scope
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asynclint.program import Program
    from asynclint.program.calls import Callers
    from asynclint.program.known import Block
    from asynclint.program.values import FunctionKey

Seen = dict["FunctionKey", tuple[tuple[object, ...], ...]]
_LOUDNESS = {kind: n for n, kind in enumerate(KINDS)}
_HOPS = 20  # methods of `self` that call one another and are followed


@record(frozen=True, slots=True)
class Effect:
    """What a call site blocks on: the primitive, and the function of the project through which it is reached (None: called right here)."""

    block: Block
    through: FunctionKey | None
    depth: int

    @property
    def kind(self) -> str:
        """One of `known.KINDS`."""
        return self.block.kind

    @property
    def is_direct(self) -> bool:
        """Whether the call itself is the primitive."""
        return self.through is None

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Smaller is worse: heavy before light, loud kinds first, short chains first."""
        return (self.block.light, _LOUDNESS[self.kind], self.depth)


class Effects(Calls):
    """The blocking call sites of a program."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.sites: Grouped[Site, dict[str, Effect]] = Grouped(MODULE)
        self.functions: Grouped[FunctionKey, dict[str, tuple[Effect, Site]]] = Grouped(FIRST)
        self._find()
        self._propagate()

    def chain(self, site: Site) -> list[tuple[Site, Effect]]:
        """The hops from a call site to the primitive."""
        hops: list[tuple[Site, Effect]] = []
        effect = self.worst(site)
        while effect is not None:
            hops.append((site, effect))
            if effect.through is None or len(hops) > 100:
                break
            effect, site = self.functions[effect.through][effect.kind]
        return hops

    def serves_coroutines_only(self, key: FunctionKey) -> bool:
        """Whether a function blocks and is called, as far as calls of blocking functions are resolved, from coroutines and from nothing else."""
        callers = [site for site in self._callers.get(key, ()) if (site.module, site.function) != key]
        return key in self.functions and bool(callers) and all(self._program.function((s.module, s.function)).is_async for s in callers)

    def worst(self, site: Site) -> Effect | None:
        """The effect that a call site is reported for."""
        found = self.sites.get(site)
        return min(found.values(), key=lambda e: e.rank) if found else None

    def seen(self, module: int) -> Seen:
        """What call sites in other modules have from the functions of a module."""
        outside = [key for key in self._callers.of(module) if any(site.module != module for site in self._callers[key])]
        return {key: tuple(self._told(effect, site) for effect, site in self.functions.get(key, {}).values()) for key in outside}

    def _told(self, effect: Effect, site: Site) -> tuple[object, ...]:
        """What a caller of a function knows of an effect that this has by way of a site."""
        return effect, self.needs(site), str(self._program.call(site.module, site.call).callee) if site.call >= 0 else site.load

    def replace(self, module: int, numbers: Mapping[int, int], seen: Seen, *, renumbered: bool, renamed: bool) -> bool:
        """Find out anew what blocks, now that the facts of a module are others. `numbers` are the old and the new ones of its functions, `seen` is
        what others have seen of them, and `renumbered` tells that they, or the numbers of its classes, are not the same; `renamed`, that the program
        now imports more, or binds things to other names. Calls in other modules are not resolved again. Whether what blocks in other modules is
        still the same.
        """
        program = self._program
        self._said = program.marks.said
        within = not renamed and not (renumbered and seen)
        self._forget(module, numbers)
        if renumbered:
            for sites in self._callers.values():
                for site in [site for site, receiver in sites.items() if receiver is not None and receiver.module == module]:
                    sites[site] = None
        if renamed:
            self._primitive = primitives(program)
            self._expand(self._primitive)
        self._resolve_known(module, self._primitive)
        self._expand_functions(program.marks.blocking())
        if renamed:
            self._holders = Holders(program, program.catalog.every)
        wider = renamed or self._holders.replace(module)
        self._resolve_held(program.names if wider else (module,))
        if self._inside.is_caller(module):
            self._resolve_all(module, None)
        self._resolve_known(module, self._expanded)
        self._resolve_calls(module, OF_ITSELF, dict.fromkeys(OF_ITSELF))
        for number, loads in enumerate(program.facts(module).loads):
            for dotted in loads:
                if not self._read.isdisjoint(dotted.split(".")[1:]):
                    self._resolve_load(module, number, dotted, self._read)
        if not wider and within and self._propagate_in(module, seen):
            return True
        self._propagate()
        return False

    def _propagate(self) -> None:
        """From the calls that block themselves to all that run them, resolving more calls where something new may be run."""
        self.sites, self.functions = Grouped(MODULE), Grouped(FIRST)
        frontier = self._look_inside()
        for site in list(self._direct):
            self._record_direct(site, frontier)
        level = 0
        while frontier:
            level += 1
            self._expand_functions(frontier)
            self._expand_handing(frontier)
            reached = self._look_inside()
            self._hand_back(frontier, level, reached, self._callers)
            frontier = reached

    def _hand_back(self, keys: Iterable[FunctionKey], level: int, reached: dict[FunctionKey, None], callers: Mapping[FunctionKey, Callers]) -> None:
        """Record the effects of functions, those known at a level, at the call sites that run them."""
        for key in sorted(keys, key=self._program.order):
            effects = [(effect, inner, self.needs(inner)) for effect, inner in self.functions[key].values() if effect.depth < level]
            for site, receiver in callers.get(key, {}).items():
                for effect, inner, needs in effects:
                    if self._is_harmless(site, effect.block) or (needs and not self._gives(site, key, needs)):
                        continue
                    if self._is_not_meant(site, inner, effect):
                        continue
                    if receiver is None or self.concerns(receiver, key, effect.kind):
                        self._record(site, Effect(effect.block, key, effect.depth + 1), reached)

    def _propagate_in(self, module: int, seen: Seen) -> bool:
        """The same within a module: whether others see of it what they have seen before."""
        for site in self.sites.of(module):
            del self.sites[site]
        for key in self.functions.of(module):
            del self.functions[key]
        if self._look_inside():
            return False
        callers = self._callers_in(module)
        known: dict[int, dict[FunctionKey, None]] = {}  # functions of other modules, by the levels at which callers hear of them
        for key, sites in callers.items():
            for effect, _ in self.functions.get(key, {}).values() if sites and key[0] != module else ():
                if seen and self._leads_into(effect, module):
                    return False
                known.setdefault(effect.depth + 1, {})[key] = None
        frontier: dict[FunctionKey, None] = {}
        for site in self._direct.of(module):
            self._record_direct(site, frontier)
        level = 0
        while frontier or any(number > level for number in known):
            level += 1
            if not self._spread.keys() >= frontier.keys():
                self._expand_functions(frontier)
                callers = self._callers_in(module)
            if not self._handing.keys().isdisjoint(frontier):
                return False
            reached: dict[FunctionKey, None] = {}
            self._hand_back({**frontier, **known.get(level, {})}, level, reached, callers)
            frontier = reached
        return not self._look_inside() and self.seen(module) == seen

    def _leads_into(self, effect: Effect, module: int) -> bool:
        """Whether an effect of a function of another module comes from a module, which has forgotten its own."""
        while effect.through is not None:
            if effect.through[0] == module:
                return True
            effect, _ = self.functions[effect.through][effect.kind]
        return False

    def _record_direct(self, site: Site, reached: dict[FunctionKey, None]) -> None:
        for block in self._direct[site]:
            if not self._is_harmless(site, block):
                self._record(site, Effect(block, None, 0), reached)

    def _look_inside(self) -> dict[FunctionKey, None]:
        """Resolve the calls inside the functions of libraries that are called now; those of which something new is known."""
        reached: dict[FunctionKey, None] = {}
        for key, number in self._inside.look():
            site = Site(*key, number)
            self._resolve(site, self._program.call(key[0], number))
            if site in self._direct:
                self._record_direct(site, reached)
        reached.update((key, None) for key in self._inside.called_again() if key in self.functions)
        return reached

    def _record(self, site: Site, effect: Effect, reached: dict[FunctionKey, None]) -> None:
        """Note that a site has an effect; its function, if sync and not yet known for the kind, is reached."""
        if self._program.is_outside(site.module) and not self._inside.is_trusted(effect, bool(self.needs(site))):
            return
        known = self.sites.setdefault(site, {})
        old = known.get(effect.kind)
        if old is None or (effect.block.light, effect.depth) < (old.block.light, old.depth):
            known[effect.kind] = effect
        key = (site.module, site.function)
        function = self._program.function(key)
        if site.function == 0 or function.is_async:
            return
        effects = self.functions.setdefault(key, {})
        first = effects.get(effect.kind)
        rank = (bool(self.needs(site)), effect.block.light, self._is_choice(site))
        if first is None or rank < (bool(self.needs(first[1])), first[0].block.light, self._is_choice(first[1])):
            effects[effect.kind] = (effect, site)
            if not self.is_cached(key):
                reached[key] = None

    def _is_not_meant(self, site: Site, inner: Site, effect: Effect) -> bool:
        """Whether an effect that a function has at an inner site is that of a candidate whose value the function only returns, and which does not
        fit what is done with it at a call site of the function: `await self.ping()` of `def ping(self): return self.client.ping()`.
        """
        program = self._program
        if site.call < 0 or not self._is_returned(inner):
            return False
        outer = program.call(site.module, site.call)
        method = asked(outer.flags) or (AWAIT if is_for_awaiting(program.resolver, site.module, outer) else "")
        for _ in range(_HOPS if method else 0):
            call = program.call(inner.module, inner.call)
            values = program.callees(inner.module, inner.call)
            fitting = meant(program.resolver, values, method)
            whole = FunctionValue(inner.module, inner.function)
            if all(gives(program.resolver, value, method) is False for value in values) and gives(program.resolver, whole, method) is not False:
                return True  # it is another `return` that is meant
            if len(fitting) < len(values):
                runs = {target.key if isinstance(target, FunctionValue) else target for target in self.targets(fitting, call.flags)}
                if (effect.through or effect.block) not in runs:
                    return True
            if effect.through is None:
                return False
            effect, inner = self.functions[effect.through][effect.kind]
            if not self._is_returned(inner):
                return False
        return False

    def _is_returned(self, site: Site) -> bool:
        """Whether a call site only returns what it gets."""
        return site.call >= 0 and bool(self._program.call(site.module, site.call).flags & f.RETURNED)

    def _is_choice(self, site: Site) -> bool:
        """Whether it only returns what one of several candidates gives, coroutine functions among them."""
        if not self._is_returned(site):
            return False
        program = self._program
        values = program.callees(site.module, site.call)
        return len(values) > 1 and any(isinstance(value, FunctionValue) and program.function(value.key).is_async for value in values)

    def concerns(self, receiver: ClassValue, key: FunctionKey, kind: str) -> bool:
        """Whether a method that blocks through other methods of `self` does so for instances of a class: these may have other ones."""
        program = self._program
        for _ in range(_HOPS):
            function, (effect, site) = program.function(key), self.functions[key][kind]
            if site.call < 0 or function.owner < 0 or not function.params or (effect.through is None and effect.block not in self._said.values()):
                return True
            own, _, name = str(program.call(site.module, site.call).callee).rpartition(".")
            if own != function.params[0].name or (effect.through is not None and program.function(effect.through).owner < 0):
                return True
            runs = [v.key for v in program.resolver.instance_attribute(receiver, name) if isinstance(v, FunctionValue)]
            if effect.through is None or effect.through not in runs:
                return any(self._said[other] is not None if other in self._said else kind in self.functions.get(other, ()) for other in runs)
            key = effect.through
        return True

    def needs(self, site: Site) -> tuple[str, ...]:
        """The optional parameters of its function without which a call site does not run."""
        told = tuple(name for name in self._program.facts(site.module).needs.get(site.call, ()) if "." not in name)
        if told or not any(block.kind == "sleep" for block in self._direct.get(site, ())):
            return told
        given = self._program.call(site.module, site.call).arguments
        params = self._program.function((site.module, site.function)).params
        return tuple(param.name for param in params if param.default == ("const", None) and (None, param.name) in given[:1])  # nobody sleeps for None

    def _gives(self, site: Site, key: FunctionKey, names: tuple[str, ...]) -> bool:
        """Whether a call site passes arguments for parameters of a function."""
        if site.call < 0:
            return False
        function, call = self._program.function(key), self._program.call(site.module, site.call)
        keywords = {keyword for keyword, _ in call.arguments}
        if not keywords.isdisjoint(("*", "**")):
            return True
        bound = function.owner >= 0 and not self._program.resolver.is_decorated(function, key[0], "staticmethod")
        places = {param.name: n - bound for n, param in enumerate(function.params) if param.kind == f.POSITIONAL}
        positional = sum(keyword is None for keyword, _ in call.arguments)
        return all(name in keywords or places.get(name, positional) < positional for name in names)

    def _is_harmless(self, site: Site, block: Block) -> bool:
        """Whether a call site cannot be meant by what its callee blocks on."""
        if site.call < 0:
            return False
        if any(
            "." in name and is_always_none(self._program.resolver, site, name) for name in self._program.facts(site.module).needs.get(site.call, ())
        ):
            return True
        call = self._program.call(site.module, site.call)
        if call.flags & f.AWAITED and block in self._said.values():
            return False  # it is known that it blocks, and what it gives may well be awaited
        if block.kind == "wait" and call.flags & (f.AWAITED | f.SETTLED):
            return True  # what can be awaited came from a branch that does not wait
        if call.flags & f.AWAITED and block in self._direct.get(site, ()):
            return True  # what a primitive gives cannot be awaited: it is another thing of that name
        if call.flags & f.FIRST_USE and not self._program.function((site.module, site.function)).is_async:
            return True
        if block.kind != "file":
            return False
        scope = Scope(site.module, call.function)
        return any(
            self._is_any(value, MEMORY)
            for _, ref in call.arguments
            if ref.__class__ is tuple or ref.__class__ is str
            for value in self._program.resolver.evaluate(ref, scope)
        )

    def is_cached(self, key: FunctionKey) -> bool:
        """Whether a function runs once and then answers from memory."""
        function = self._program.function(key)
        if self._program.is_outside(key[0]) and self._inside.is_cached(key):
            return True
        return bool(function.decorators) and not self._program.catalog.caches.isdisjoint(self._program.resolver.decorators(function, key[0]))
