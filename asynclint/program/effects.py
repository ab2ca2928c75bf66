"""Which calls block, and by which chain: propagated backward from the catalog, on demand.

Only call sites whose last name is that of something known to block are resolved; each sync function found to block adds its own name, and the
names of what it implements, until no name is new. Level by level, so that the first chain found for a kind is a shortest one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.absent import is_always_none
from asynclint.program.decorators import wrapping
from asynclint.program.holders import Holders
from asynclint.program.inside import Inside
from asynclint.program.iterating import iterating
from asynclint.program.known import KINDS
from asynclint.program.primitives import Receivers, primitives
from asynclint.program.values import Bound, ClassValue, External, ExternalInstance, FunctionValue, Instance, Manager, Many, Scope, Super
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asynclint.program import Program
    from asynclint.program.decorators import Wrapping
    from asynclint.program.known import Block
    from asynclint.program.values import FunctionKey, Value

_Callers = dict["Site", "ClassValue | None"]
_SOMETHING: Receivers = frozenset()  # anything, but not nothing: a method that is not bound to a plain name
_LOUDNESS = {kind: n for n, kind in enumerate(KINDS)}
_OF_ITSELF = ("__init__", "cls", "__class__", f.INSTANCE)  # its own classes as a class calls them: `cls()`, `type(self)()`
_OF_THE_CLASS = frozenset({"__init__", "__new__", "__post_init__", "__enter__", "__exit__", "__call__", "__iter__", "__next__"})
_HOPS = 20  # methods of `self` that call one another and are followed
_CONSUMED = f.CONSUMED | f.CONSUMED_LATER
_ENTERED = f.ENTERED | f.ENTERED_LATER
_MEMORY = frozenset({"io.StringIO", "io.BytesIO"})
_PATHS = frozenset({"builtins.str", "pathlib.PurePath"})


@record(frozen=True, slots=True)
class Site:
    """Where something is run: the n-th call of a module, or (`call` -1) the reading of a property by a dotted name in a function."""

    module: int
    function: int
    call: int
    load: str = ""


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


class Effects:
    """The blocking call sites of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._expanded: dict[str, Receivers] = {}  # names of which every call site has been resolved, or every one with a receiver
        self._resolved: dict[int, set[int]] = {}  # the calls that have been resolved, by module
        self.sites: dict[Site, dict[str, Effect]] = {}
        self.functions: dict[FunctionKey, dict[str, tuple[Effect, Site]]] = {}
        self._callers: dict[FunctionKey, _Callers] = {}  # with the class of what a method is called on, if it is one
        self._direct: dict[Site, list[Block]] = {}
        self._handing: dict[FunctionKey, dict[FunctionKey, None]] = {}  # generator functions -> functions that return what they give
        self._handed: dict[FunctionKey, dict[FunctionKey, None]] = {}  # the other way round
        self._wrappings: dict[FunctionKey, Wrapping] = {}
        self._inside = Inside(program)
        self._said = program.marks.said
        self._primitive: dict[str, Receivers] = {}
        self._spread: set[FunctionKey] = set()  # functions of which all that may run them has been resolved
        self._read: set[str] = set()  # names of properties whose reads have been resolved
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

    # -- propagation

    def _find(self) -> None:
        self._primitive = primitives(self._program)
        self._expand(self._primitive)
        self._expand_functions(self._program.marks.blocking())
        self._holders = Holders(self._program, self._program.catalog.every)
        self._resolve_held(self._program.names)
        for module in self._inside.callers():
            self._resolve_all(module, None)

    def _resolve_held(self, modules: Iterable[int]) -> None:
        for module, receivers in self._holders.find(modules).items():
            self._resolve_all(module, receivers)

    def _resolve_all(self, module: int, receivers: Receivers) -> None:
        names = self._program.names[module].called
        self._resolve_calls(module, names, dict.fromkeys(names, receivers))

    def replace(self, module: int, numbers: Mapping[int, int], *, renumbered: bool, renamed: bool) -> bool:
        """Find out anew what blocks, now that the facts of a module are others. `numbers` are the old and the new ones of its functions, and
        `renumbered` tells that they, or those of its classes, are not the same; `renamed`, that the program now imports more, or binds things to
        other names. Calls in other modules are not resolved again. Whether what blocks in other modules is still the same.
        """
        program = self._program
        self._said = program.marks.said
        alone = not renamed and all(site.module == module for key, sites in self._callers.items() if key[0] == module for site in sites)
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
        self._resolve_calls(module, _OF_ITSELF, dict.fromkeys(_OF_ITSELF))
        for number, loads in enumerate(program.facts(module).loads):
            for dotted in loads:
                if not self._read.isdisjoint(dotted.split(".")[1:]):
                    self._resolve_load(module, number, dotted, self._read)
        if not wider and alone and self._propagate_in(module):
            return True
        self._propagate()
        return False

    def _resolve_known(self, module: int, wanted: dict[str, Receivers]) -> None:
        receivers = self._program.names[module].receivers
        self._resolve_calls(module, [n for n in receivers if n in wanted and any(_admits(wanted[n], r) for r in receivers[n])], wanted)

    def _forget(self, module: int, numbers: Mapping[int, int]) -> None:
        """Forget the calls of a module, and follow its functions to their new numbers."""

        def renamed(key: FunctionKey) -> FunctionKey | None:
            return key if key[0] != module else (module, numbers[key[1]]) if key[1] in numbers else None

        self._resolved.pop(module, None)
        for site in [site for site in self._direct if site.module == module]:
            del self._direct[site]
        moved: dict[FunctionKey, _Callers] = {}
        for key in [key for key, sites in self._callers.items() if key[0] == module or any(site.module == module for site in sites)]:
            sites = self._callers.pop(key)
            new = renamed(key)
            if new is not None:
                moved[new] = {site: receiver for site, receiver in sites.items() if site.module != module}
        self._callers.update(moved)
        for table in (self._handing, self._handed):
            old = dict(table)
            table.clear()
            for key, others in old.items():
                new = renamed(key)
                if new is not None:
                    table[new] = {other: None for each in others if (other := renamed(each)) is not None}
        for outer in [key for key in self._handed if key[0] == module]:
            for key in self._handed.pop(outer):
                self._handing.get(key, {}).pop(outer, None)
        self._wrappings = {
            key: known for key, known in self._wrappings.items() if key[0] != module and all(v.module != module for v in known.wrappers)
        }
        self._spread = {key for key in self._spread if key[0] != module}
        self._inside.forget_project()

    def _propagate(self) -> None:
        """From the calls that block themselves to all that run them, resolving more calls where something new may be run."""
        self.sites, self.functions = {}, {}
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

    def _hand_back(self, keys: Iterable[FunctionKey], level: int, reached: dict[FunctionKey, None], callers: Mapping[FunctionKey, _Callers]) -> None:
        """Record the effects of functions, those known at a level, at the call sites that run them."""
        for key in sorted(keys, key=self._program.order):
            effects = [(effect, self.needs(inner)) for effect, inner in self.functions[key].values() if effect.depth < level]
            for site, receiver in callers.get(key, {}).items():
                for effect, needs in effects:
                    if self._is_harmless(site, effect.block) or (needs and not self._gives(site, key, needs)):
                        continue
                    if receiver is None or self.concerns(receiver, key, effect.kind):
                        self._record(site, Effect(effect.block, key, effect.depth + 1), reached)

    def _propagate_in(self, module: int) -> bool:
        """The same for a module that no other one calls where something blocks: whether that is so still."""
        for site in [site for site in self.sites if site.module == module]:
            del self.sites[site]
        for key in [key for key in self.functions if key[0] == module]:
            del self.functions[key]
        if self._look_inside():
            return False
        callers = self._callers_in(module)
        known: dict[int, dict[FunctionKey, None]] = {}  # functions of other modules, by the levels at which callers hear of them
        for key, sites in callers.items():
            for effect, _ in self.functions.get(key, {}).values() if sites and key[0] != module else ():
                known.setdefault(effect.depth + 1, {})[key] = None
        frontier: dict[FunctionKey, None] = {}
        for site in [site for site in self._direct if site.module == module]:
            self._record_direct(site, frontier)
        level = 0
        while frontier or any(number > level for number in known):
            level += 1
            if not self._spread.issuperset(frontier):
                self._expand_functions(frontier)
                callers = self._callers_in(module)
            if not self._handing.keys().isdisjoint(frontier) or any(site.module != module for key in frontier for site in self._callers.get(key, ())):
                return False
            reached: dict[FunctionKey, None] = {}
            self._hand_back({**frontier, **known.get(level, {})}, level, reached, callers)
            frontier = reached
        return not self._look_inside()

    def _callers_in(self, module: int) -> dict[FunctionKey, _Callers]:
        found: dict[FunctionKey, _Callers] = {}
        for key, sites in self._callers.items():
            for site in sites:
                if site.module == module:
                    found.setdefault(key, {})[site] = sites[site]
        return found

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
        rank = (bool(self.needs(site)), effect.block.light)
        if first is None or rank < (bool(self.needs(first[1])), first[0].block.light):
            effects[effect.kind] = (effect, site)
            if not self.is_cached(key):
                reached[key] = None

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
            self._is_any(value, _MEMORY)
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

    # -- names

    def _expand_handing(self, keys: Iterable[FunctionKey]) -> None:
        """Resolve the calls of the functions that return what one of these generator functions gives."""
        done: dict[FunctionKey, None] = {}
        new = {outer: None for key in keys for outer in self._handing.get(key, ())}
        while new:
            done.update(new)
            self._expand_functions(new)
            new = {outer: None for key in new for outer in self._handing.get(key, ()) if outer not in done}
            new |= {outer: None for key in keys for outer in self._handing.get(key, ()) if outer not in done}

    def _expand_functions(self, keys: Iterable[FunctionKey]) -> None:
        """Resolve what may run one of these functions: calls of their names and of the names of what they implement, reads of properties."""
        program, resolver = self._program, self._program.resolver
        called, methods, read = set(), set(), set()
        for key in keys:
            if key in self._spread:
                continue
            self._spread.add(key)
            function = program.function(key)
            if function.owner >= 0 and any(map(f.is_property_decorator, function.decorators)):
                read.add(function.name)
                continue
            if function.flags & f.LAMBDA:
                called |= {f.LAMBDA_NAME, *(name for number, name in program.lambdas(key[0]) if number == key[1])}
            elif function.owner < 0:
                called.add(function.name)
            elif function.name != "__init__":
                methods.add(function.name)
            if function.owner >= 0 and function.name in _OF_THE_CLASS:
                value = ClassValue(key[0], function.owner)
                family = (value, *resolver.below(value))
                called |= {resolver.klass(k).name for k in family}
                if function.name == "__call__":
                    bases = [base for base in resolver.mro(value) if isinstance(base, ClassValue)]
                    called |= {f.INSTANCE, *(f"{resolver.klass(k).name}{f.INSTANCE}" for k in (*family, *bases))}
                for module in sorted({k.module for k in family if k.module in program.names}):
                    self._resolve_calls(module, _OF_ITSELF, dict.fromkeys(_OF_ITSELF))
                if function.name in ("__enter__", "__exit__"):
                    called |= program.entered_names
            if function.parent > 0:
                self._add_decorated(key, called, methods)
        spellings = program.spellings(called, methods)
        self._expand({name: None if plain else _SOMETHING for name, plain in spellings.items()})
        self._expand({f"{display}{f.ITEM}": None for name in spellings for display in program.displays.get(name, ())})
        self._read |= read
        for module in program.modules_reading(read):
            for number, loads in enumerate(program.facts(module).loads):
                for dotted in loads:
                    if not read.isdisjoint(dotted.split(".")[1:]):
                        self._resolve_load(module, number, dotted, read)

    def _add_decorated(self, key: FunctionKey, called: set[str], methods: set[str]) -> None:
        """The names of what a function may stand in for, because a decorator returns it."""
        program, module, number = self._program, key[0], self._program.function(key).parent
        if not any(f.mentions(ref, program.function(key).name) for ref in program.function((module, number)).values):
            return
        outer: set[str] = set()
        while number > 0:
            function = program.function((module, number))
            outer.add(function.name)
            if function.owner >= 0:
                outer.add(program.facts(module).classes[function.owner].name)
            number = function.parent
        for name in program.with_renamed(outer):
            for decorated, is_method in program.decorated.get(name, ()):
                (methods if is_method else called).add(decorated)

    def _expand(self, wanted: dict[str, Receivers]) -> None:
        """Resolve every call site with one of these names, on a receiver that may be meant."""
        program = self._program
        new = {name: receivers for name, receivers in wanted.items() if self._is_wider(name, receivers)}
        self._expanded.update((name, receivers) for name, receivers in new.items() if not receivers)
        for module in program.modules_using(new):
            receivers = program.names[module].receivers
            here = [n for n in new.keys() & receivers.keys() if any(_admits(new[n], r) for r in receivers[n])]
            if here:
                self._resolve_calls(module, here, new)

    def _is_wider(self, name: str, receivers: Receivers) -> bool:
        """Whether calls of a name are wanted on receivers on which they have not all been resolved."""
        return name not in self._expanded or (self._expanded[name] is not None and self._expanded[name] is not receivers)

    def _resolve_calls(self, module: int, names: Iterable[str], wanted: dict[str, Receivers]) -> None:
        facts = self._program.facts(module)
        called = facts.called()
        resolved = self._resolved.setdefault(module, set())
        for number in sorted({number for n in names if n in called for number, r in zip(*called[n], strict=True) if _admits(wanted[n], r)}):
            call = facts.calls[number]
            if call.function and number not in resolved and not call.flags & f.GUARDED:
                resolved.add(number)
                try:
                    self._resolve(Site(module, call.function, number), call)
                except RecursionError:  # one call that nobody can follow is no reason to check nothing
                    self._program.tangled.append((module, call.line))
                    self._program.resolver.give_up()

    def _resolve(self, site: Site, call: f.Call) -> None:
        scope = Scope(site.module, call.function)
        values = self._program.resolver.evaluate(call.callee, scope)
        if call.flags & f.RETURNED:
            self._note_handing(site, values)
        targets = list(self.targets(values, call.flags))
        if self._inside.is_undecided(site, targets) or (targets and call.flags & f.LAZY and self._is_postponed(site, call)):
            return
        for target in targets:
            if isinstance(target, FunctionValue):
                self._take(target, site)
            elif self._inside.hides(site, target):
                continue
            elif self.blocks(target, call, scope) and not (target.kind == "wait" and _has_asynchronous(values)):
                self._direct.setdefault(site, []).append(target)

    def _take(self, target: FunctionValue, site: Site) -> None:
        """Note that a site runs a function: what the user says of it counts, not its body."""
        if target.key not in self._said:
            if site.call < 0 or self._inside.admits(site, target):
                self._add_caller(target, site)
            return
        block = self._said[target.key]
        if block is not None and (site.call < 0 or self.blocks(block, self._program.call(site.module, site.call), Scope(site.module, site.function))):
            self._direct.setdefault(site, []).append(block)

    def _add_caller(self, target: FunctionValue, site: Site) -> None:
        callers = self._callers.setdefault(target.key, {})
        callers[site] = target.receiver if callers.get(site, target.receiver) == target.receiver else None

    def _note_handing(self, site: Site, values: Iterable[Value]) -> None:
        """Note that a function returns what a generator function gives, itself or through other functions."""
        outer = (site.module, site.function)
        for value in values:
            if isinstance(value, FunctionValue) and value.key != outer and not self._program.function(value.key).is_async:
                inner = {value.key: None} if self._program.function(value.key).is_generator else self._handed.get(value.key, {})
                for key in inner:
                    self._handing.setdefault(key, {})[outer] = None
                    self._handed.setdefault(outer, {})[key] = None

    def _is_postponed(self, site: Site, call: f.Call) -> bool:
        """Whether nobody on the spot iterates the generator expression that a call stands in, as far as the function at hand tells."""
        program, start, end = self._program, (call.line, call.column), (call.end_line, call.end_column)
        for number in reversed(program.calls_of((site.module, site.function))):
            other = program.call(site.module, number)
            if number < site.call and not other.flags & f.LAZY and (other.line, other.column) <= start and end <= (other.end_line, other.end_column):
                values = program.callees(site.module, number)
                return any(isinstance(value, External) and value.path in program.catalog.offloads for value in values)
        return True

    def _resolve_load(self, module: int, number: int, dotted: str, wanted: set[str]) -> None:
        parts = dotted.split(".")
        for n in range(1, len(parts)):
            if parts[n] in wanted:
                base: f.Ref = ".".join(parts[:n]) if parts[0] != "super()" else ("call", "super", ())
                for value in self._program.resolver.evaluate(base, Scope(module, number)):
                    if isinstance(value, (Instance, Super)):
                        for target in self._program.property_functions(value, parts[n]):
                            self._take(target, Site(module, number, -1, ".".join(parts[: n + 1])))

    # -- what a call runs

    def targets(self, values: Iterable[Value], flags: int) -> Iterable[FunctionValue | Block]:
        """The sync functions of the project and the primitives that calling the values runs now."""
        catalog, resolver = self._program.catalog, self._program.resolver
        for value in values:
            if isinstance(value, External):
                block = catalog.block(value.path)
                if block is not None:
                    yield block
                if flags & _ENTERED:
                    block = catalog.blocks.get(f"{value.path}.__exit__") or catalog.blocks.get(f"{value.path}.__enter__")
                    if block is not None:
                        yield block
                block = iterating(catalog, value) if flags & _CONSUMED else None
                if block is not None:
                    yield block
            elif isinstance(value, FunctionValue):
                path = self._inside.path_in_catalog(value)
                if path and path in catalog.blocks:
                    yield catalog.blocks[path]
                elif not path:
                    yield from self._runs(value, flags)
                if not path and flags & (_CONSUMED | _ENTERED):
                    yield from self._runs_of_result(value, flags)
            elif isinstance(value, ClassValue):
                for name in ("__init__", "__post_init__"):
                    yield from self.targets(resolver.instance_attribute_of_class(value, name), flags & ~(_ENTERED | _CONSUMED))
                for base in resolver.mro(value):
                    if isinstance(base, External) and base.path in catalog.blocks:
                        yield catalog.blocks[base.path]
                yield from self._runs_of_instance(value, flags)
            elif isinstance(value, Instance):
                yield from self.targets(resolver.instance_attribute_of_class(value.klass, "__call__"), flags)
            elif isinstance(value, Bound) and value.calls:
                yield from self.targets(value.items, flags)

    def _runs(self, value: FunctionValue, flags: int) -> Iterable[FunctionValue]:
        """The function itself, if calling it runs its body in this thread now."""
        function = self._program.function(value.key)
        if function.is_async:
            return
        if value.key in self._said:
            yield value
            return
        needed = _CONSUMED if function.is_generator else 0
        if function.decorators:
            paths = self._program.resolver.decorators(function, value.module)
            if needed and not types.MANAGERS.isdisjoint(paths):
                needed = _ENTERED
            known = self.wrapping(value)
            yield from known.wrappers
            if not known.runs_it:
                return
        if not needed or flags & needed:
            yield value

    def wrapping(self, value: FunctionValue) -> Wrapping:
        """What calling a sync function with decorators runs in its place."""
        known = self._wrappings.get(value.key)
        if known is None:
            known = self._wrappings[value.key] = wrapping(self._program, value)
        return known

    def _runs_of_instance(self, klass: ClassValue, flags: int) -> Iterable[FunctionValue | Block]:
        """What entering or iterating an instance runs."""
        resolver = self._program.resolver
        for name in ("__enter__", "__exit__") if flags & _ENTERED else ():
            yield from self.targets(resolver.instance_attribute_of_class(klass, name), 0)
        if flags & _CONSUMED:
            yield from self.targets(resolver.instance_attribute_of_class(klass, "__iter__"), f.CONSUMED)
            yield from self._runs_of_iterator(klass)

    def _runs_of_iterator(self, klass: ClassValue) -> Iterable[FunctionValue | Block]:
        """What taking the next item of an iterator runs."""
        return self.targets(self._program.resolver.instance_attribute_of_class(klass, "__next__"), 0)

    def _runs_of_result(self, value: FunctionValue, flags: int) -> Iterable[FunctionValue | Block]:
        """What entering or iterating what a function returns runs, now that it has returned."""
        resolver, function = self._program.resolver, self._program.function(value.key)
        if function.is_async or function.is_generator:
            return
        scope = Scope(value.module, value.number)
        for result in dict.fromkeys((*types.call_function(resolver, value), *(v for ref in function.values for v in resolver.evaluate(ref, scope)))):
            if isinstance(result, Instance):
                is_iterator = function.qualname.endswith(".__iter__")  # it is asked for items, and not for an iterator once more
                yield from self._runs_of_iterator(result.klass) if is_iterator else self._runs_of_instance(result.klass, flags)
            elif isinstance(result, (Many, Manager)) and result.function is not None:
                yield from self._runs(result.function, flags)

    def blocks(self, block: Block, call: f.Call, scope: Scope) -> bool:
        """Whether a call of a primitive blocks, given its arguments."""
        if any(condition.holds(call.arguments) for condition in block.unless):
            return False
        if block.only_if and not any(condition.holds(call.arguments) for condition in block.only_if):
            return False
        if block.takes_file >= 0:
            values = self._program.resolver.evaluate(types.argument(call.arguments, block.takes_file), scope)
            return not any(self._is_any(value, _MEMORY) for value in values)
        if block.takes_path >= 0:
            values = self._program.resolver.evaluate(types.argument(call.arguments, block.takes_path), scope)
            return any(self._is_any(value, _PATHS) for value in values)
        return True

    def _is_any(self, value: Value, paths: frozenset[str]) -> bool:
        """Whether a value is an instance of one of these types outside the project."""
        return isinstance(value, ExternalInstance) and not paths.isdisjoint(self._program.catalog.ancestry(value.path))


def _has_asynchronous(values: Iterable[Value]) -> bool:
    """Whether one of the callees is asyncio's: of a future of either kind, the one on an event loop is its own."""
    return any(isinstance(value, External) and value.path.startswith("asyncio.") for value in values)


def _admits(allowed: Receivers, receiver: str) -> bool:
    return allowed is None or (receiver in allowed if allowed else receiver != "")
