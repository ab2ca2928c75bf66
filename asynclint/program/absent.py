"""Attributes that are never there: bound to None and to nothing else, so that code which needs them does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program.values import ClassValue, External

if TYPE_CHECKING:
    from asynclint.program.calls import Site
    from asynclint.program.names import Resolver

_ASSIGN_NOTHING = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol"})


def is_always_none(resolver: Resolver, site: Site, name: str) -> bool:
    """Whether a dotted name of a method is an attribute of its receiver that the class, its bases and those below it only ever bind to None."""
    function = resolver.function((site.module, site.function))
    receiver, _, attribute = name.partition(".")
    if function.owner < 0 or "." in attribute or not function.params or function.params[0].name != receiver:
        return False
    klass = ClassValue(site.module, function.owner)
    classes = dict.fromkeys(each for k in (klass, *resolver.below(klass)) for each in resolver.mro(k))
    if any(isinstance(each, External) and each.path not in _ASSIGN_NOTHING for each in classes):
        return False  # nobody knows what that assigns
    facts = [resolver.klass(each) for each in classes if isinstance(each, ClassValue)]
    bound = [ref for each in facts for ref in (*each.bindings.get(attribute, ()), *(ref for _, ref in each.attributes.get(attribute, ())))]
    values = [ref for ref in bound if not (ref.__class__ is tuple and ref[0] == "ann")]
    return bool(values) and all(ref == ("const", None) for ref in values)
