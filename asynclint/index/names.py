"""Which names occur in which role in a module: the little that the program reads for every module, before it looks at any facts."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.index import facts as f
from asynclint.index.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from asynclint.index.facts import Ref
    from asynclint.index.module import ModuleFacts

SEND = "send"  # the method by which coroutines are run by hand; who does so does not know what they are, and is looked for all the same
ANYTHING = "*"  # the receiver of a call on something that has no name
_USED = f.USED | f.CONSUMED | f.ASSIGNED | f.RETURNED
_NOTED = f.DISCARDED | f.ENTERED | _USED
_PLAIN_DECORATORS = frozenset({"property", "staticmethod", "classmethod", "abstractmethod", "overload", "override", "setter", "cached_property"})
_RENAMINGS = 3  # local names of local names that are followed


class Names(NamedTuple):
    """The names of a module by role."""

    receivers: dict[str, tuple[str, ...]]  # last names of callees -> last names of what they are called on, "" for plain names, ANYTHING
    dropped: frozenset[str]  # last names of callees whose result is dropped
    loaded: frozenset[str]  # attribute names that are read
    entered: frozenset[str]  # last names of callees that are items of a sync `with`
    coroutines: frozenset[str]  # names of `async def`s that are no methods
    coroutine_methods: frozenset[str]  # and of those that are
    aliases: tuple[tuple[str, str], ...]  # (last name of a value, name that module, class or attribute bind it to)
    renamed: tuple[tuple[str, str], ...]  # those of the aliases that imports make
    bases: tuple[tuple[str, ...], ...]  # per class, the last names of its bases
    imports: frozenset[str]  # the first parts of what is imported absolutely
    holds: bool  # whether it has a `With`
    used: frozenset[str]  # last names of callees whose result may be used as a value: on the spot, by a local name, by whoever is given it back
    caught: frozenset[str]  # last names of what handlers and `suppress()` catch around the suspension points of coroutines, "" for a bare `except:`
    decorated: tuple[tuple[str, str, bool], ...]  # (last name of a decorator, name of a sync function that has it, whether it is a method)
    groups: tuple[tuple[str, str], ...]  # (last name of a member, name that module, class or attribute bind a display of names to)
    returned: frozenset[str]  # last names of callees whose result is returned
    lambdas: tuple[tuple[int, str], ...]  # (number of a lambda, name that module, class or attribute bind it to)

    @property
    def called(self) -> Any:
        """The last names of callees, as a set."""
        return self.receivers.keys()


def pack(names: Names) -> bytes:
    """Names as bytes for another process of the same interpreter."""
    return marshal.dumps(tuple(names))


def unpack(data: bytes) -> Names:
    """The names that `pack` wrote."""
    return Names._make(marshal.loads(data))


def names_of(facts: ModuleFacts) -> Names:
    """The names of a module by role."""
    dropped, entered, loaded, used, returned = set(), set(), set(), set(), set()
    for raw in facts.calls.raw:
        if raw[3] & _NOTED:
            name = f.last_name(raw[1])
            if raw[3] & f.DISCARDED:
                dropped.add(name)
            if raw[3] & f.ENTERED:
                entered.add(name)
            if raw[3] & _USED:
                used.add(name)
            if raw[3] & f.RETURNED:
                returned.add(name)
    for loads in facts.loads:
        for dotted in loads:
            loaded.update(dotted.split(".")[1:])
    aliases, renamed = _aliases(facts)
    return Names(
        {name: tuple(sorted(set(receivers))) for name, (_, receivers) in facts.called().items()},
        frozenset(dropped - {""}),
        frozenset(loaded),
        frozenset(entered - {""}),
        frozenset(raw[0] for raw in facts.functions.raw if raw[4] & f.ASYNC and raw[3] < 0),
        frozenset(raw[0] for raw in facts.functions.raw if raw[4] & f.ASYNC and raw[3] >= 0),
        tuple(sorted(aliases)),
        tuple(sorted(renamed)),
        tuple(tuple(f.last_name(ref[1] if ref.__class__ is tuple and ref[0] == "item" else ref) for ref in raw[4]) for raw in facts.classes.raw),
        frozenset(_imported(facts)),
        bool(facts.withs.raw),
        frozenset(used - {""}),
        frozenset(_caught(facts)),
        tuple(sorted(set(_decorated(facts)))),
        tuple(sorted(set(_groups(facts)))),
        frozenset(returned - {""}),
        tuple(sorted(set(_lambdas(facts)))),
    )


# -- calls


def called_names(facts: ModuleFacts, common: Collection[str]) -> dict[str, tuple[list[int], list[str]]]:
    """See `ModuleFacts.called` and `narrow`."""
    found: dict[str, tuple[list[int], list[str]]] = {}
    plain: dict[str, list[int]] = {}
    reach = Reach(facts)
    for number, raw in enumerate(facts.calls.raw):
        callee = raw[1]
        if callee.__class__ is str:
            head, _, last = callee.rpartition(".")
            receiver = head.rpartition(".")[2]
        elif callee.__class__ is tuple and callee[0] == "attr":
            last, receiver = callee[2], ANYTHING
        elif callee.__class__ is tuple and raw[0]:
            made = ((name, ANYTHING) for name in (f.INSTANCE, *_given_first(callee))) if callee[0] == "call" else _made_callable(callee)
            for name, receiver in made:
                numbers, receivers = found.setdefault(name, ([], []))
                numbers.append(number)
                receivers.append(receiver)
            continue
        else:
            continue
        if last in common and raw[0] and not (last == SEND and _may_drive(raw)) and reach.is_idle(callee, raw[0]):
            continue
        sites = found.get(last)
        if sites is None:
            sites = found[last] = ([], [])
        sites[0].append(number)
        sites[1].append(receiver)
        if not receiver:
            plain.setdefault(last, []).append(number)
    if plain:
        _add_local_names(found, plain, facts)
    _add_instances(found, facts)
    return found


def _may_drive(raw: Any) -> bool:
    """Whether a call of `send` may run a coroutine up to its next suspension point: it has one argument, and nobody awaits it."""
    return len(raw[2]) == 1 and raw[2][0][0] is None and not raw[3] & f.AWAITED


def _add_local_names(found: dict[str, tuple[list[int], list[str]]], plain: dict[str, list[int]], facts: ModuleFacts) -> None:
    local: dict[str, set[tuple[str, str]]] = {}  # name -> (last name, receiver) of what it is bound to in some function
    for number, raw in enumerate(facts.functions.raw):
        pairs: Iterable[tuple[str, Any]] = raw[10].items() if number else ()
        for name, refs in [*pairs, *((param[0], (param[3],)) for param in raw[5] if param[3].__class__ is str)]:
            for ref in refs if name in plain or name in local else ():
                local.setdefault(name, set()).update(_made_callable(ref))
        for param in raw[5]:
            if param[2] is not None and param[0] in plain:
                local.setdefault(param[0], set()).update((f"{name}{f.INSTANCE}", ANYTHING) for name in _types(param[2]))
    for name, numbers in plain.items():
        seen, level = {(name, "")}, local.get(name, set())
        for _ in range(_RENAMINGS):
            level = level - seen
            seen |= level
            for last, receiver in sorted(level):
                sites = found.setdefault(last, ([], []))
                sites[0].extend(numbers)
                sites[1].extend([receiver] * len(numbers))
            level = {pair for last, receiver in level if not receiver for pair in local.get(last, ())}


def _made_callable(ref: Any) -> Iterator[tuple[str, str]]:
    """(Last name, receiver) of what a call runs of a name that is bound to an expression."""
    if ref.__class__ is str:
        head, _, last = ref.rpartition(".")
        yield (last, head.rpartition(".")[2])
    elif ref.__class__ is not tuple:
        return
    elif ref[0] == "import":
        yield (f.last_name(ref), "")
    elif ref[0] == "def":
        yield (f.LAMBDA_NAME, "")
    elif ref[0] == "or":
        for part in ref[1:]:
            yield from _made_callable(part)
    elif ref[0] == "iter" and ref[1].__class__ is tuple and ref[1][0] == "many":
        for part in ref[1][1:]:
            yield from _made_callable(part)
    elif ref[0] == "attr":
        yield (ref[2], ANYTHING)
    elif ref[0] == "item":
        if ref[2].__class__ is not tuple or ref[2][0] != "const":  # which item has a key is not known of displays
            yield (f"{f.last_name(ref[1])}{f.ITEM}", ANYTHING)
    elif ref[0] == "call":
        if ref[1].__class__ is str and ref[1].endswith(".get"):
            yield (f"{f.last_name(ref[1][:-4])}{f.ITEM}", ANYTHING)
        yield (f"{f.last_name(ref[1])}{f.INSTANCE}", ANYTHING)
        yield from ((name, ANYTHING) for name in _given_first(ref))


def _given_first(call: Any) -> Iterator[str]:
    """The last name of the first argument of `partial`."""
    if call[2] and f.last_name(call[1]) == "partial":
        name = f.last_name(call[2][0][1])
        if name:
            yield name


def _types(annotation: Ref) -> Iterator[str]:
    """The last names of the types that an annotation names."""
    if annotation.__class__ is str:
        yield annotation.rpartition(".")[2]
    elif annotation.__class__ is tuple and annotation[0] in ("op", "item", "many"):
        for part in annotation[1:]:
            yield from _types(part) if part.__class__ in (str, tuple) and part not in ("|", "/", "+", "%") else ()


def _add_instances(found: dict[str, tuple[list[int], list[str]]], facts: ModuleFacts) -> None:
    """Calls of attributes, and of names of the module, that are bound to what a call gives."""
    module = facts.functions.raw[0][10].items() if len(facts.functions.raw) else ()
    attributes = [(name, [ref for _, ref in pairs]) for klass in facts.classes.raw for name, pairs in klass[7].items()]
    classes = [pair for klass in facts.classes.raw for pair in klass[6].items()]
    for name, refs in (*module, *attributes, *classes):
        known = found.get(name)
        if known is None:
            continue
        for ref in refs:
            if ref.__class__ is tuple and ref[0] == "call":
                for last, _ in _made_callable(ref):
                    sites = found.setdefault(last, ([], []))
                    sites[0].extend(known[0])
                    sites[1].extend(known[1])


def _kept(facts: ModuleFacts) -> Iterator[tuple[str, Ref]]:
    """What the module, classes and attributes bind their names to."""
    for bindings in (facts.functions.raw[0][10], *(raw[6] for raw in facts.classes.raw)):
        for name, refs in bindings.items():
            yield from ((name, ref) for ref in refs)
    for raw in facts.classes.raw:
        for name, pairs in raw[7].items():
            yield from ((name, ref) for _, ref in pairs)


def _lambdas(facts: ModuleFacts) -> Iterator[tuple[int, str]]:
    for name, ref in _kept(facts):
        yield from ((number, name) for number in _lambdas_in(facts, ref))


def _lambdas_in(facts: ModuleFacts, ref: Ref) -> Iterator[int]:
    """The numbers of the lambdas that an expression may be."""
    if ref.__class__ is tuple and ref[0] == "def" and facts.functions.raw[ref[1]][4] & f.LAMBDA:
        yield ref[1]
    elif ref.__class__ is tuple and ref[0] == "or":
        for part in ref[1:]:
            yield from _lambdas_in(facts, part)


def _decorated(facts: ModuleFacts) -> Iterator[tuple[str, str, bool]]:
    for raw in facts.functions.raw:
        for ref in raw[6] if not raw[4] & f.ASYNC else ():
            name = f.last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref)
            if name and name not in _PLAIN_DECORATORS:
                yield name, raw[0], raw[3] >= 0


def _imported(facts: ModuleFacts) -> Iterator[str]:
    for module, level in facts.stars:
        if not level:
            yield module.partition(".")[0]
    for scopes in (facts.functions.raw, facts.classes.raw):
        for raw in scopes:
            for refs in raw[10 if scopes is facts.functions.raw else 6].values():
                for ref in refs:
                    if ref.__class__ is tuple and ref[0] == "import" and not ref[3]:
                        yield ref[1].partition(".")[0]


def _caught(facts: ModuleFacts) -> Iterator[str]:
    for _, names in facts.catches:
        yield from names
    for raw in facts.withs.raw:
        yield from f.suppressed_names(raw[1])


def _groups(facts: ModuleFacts) -> Iterator[tuple[str, str]]:
    for name, ref in _kept(facts):
        if ref.__class__ is tuple and ref[0] == "many":
            yield from ((part.rpartition(".")[2], name) for part in ref[1:] if part.__class__ is str)


def _aliases(facts: ModuleFacts) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The pairs of `Names.aliases` and `Names.renamed`; a name is its own alias where it is bound to an attribute of the same name."""
    aliases: set[tuple[str, str]] = set()
    renamed: set[tuple[str, str]] = set()

    def bind(name: str, refs: Iterable[Ref], *, local: bool = False) -> None:
        for ref in refs:
            if ref.__class__ is str:
                head, _, other = ref.rpartition(".")
                if not local and (head or other != name):
                    aliases.add((other, name))
            elif ref.__class__ is tuple and ref[0] == "call" and not local:
                aliases.update((given, name) for given in _given_first(ref) if given != name)
            elif ref.__class__ is tuple and ref[0] == "import":
                other = f.last_name(ref)
                if other and other != name:
                    renamed.add((other, name))
                    if not local:
                        aliases.add((other, name))

    for number, raw in enumerate(facts.functions.raw):
        for name, refs in raw[10].items():
            bind(name, refs, local=number > 0)
    for klass in facts.classes.raw:
        for name, refs in klass[6].items():
            bind(name, refs)
        for name, pairs in klass[7].items():
            bind(name, [ref for _, ref in pairs])
            for number, ref in pairs:
                if ref.__class__ is str and "." not in ref:
                    bind(name, _local_values(facts.functions.raw[number], ref))
    return aliases, renamed


def _local_values(function: Any, name: str) -> list[Ref]:
    """What a name of a function is bound to: in the function, by default, or as one of the classes that its annotation `type[C]` admits."""
    found = list(function[10].get(name, ()))
    for param in function[5]:
        if param[0] == name:
            annotation = param[2]
            found.append(param[3])
            if annotation.__class__ is tuple and annotation[0] == "item" and f.last_name(annotation[1]) in ("type", "Type"):
                found.append(annotation[2])
    return found
