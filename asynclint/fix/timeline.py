"""The order in which a function does what it does, as far as the text tells: what comes before a place, what after, and what lies between."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.walk.locals import COMPREHENSIONS, FRAMES, outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Arm = tuple[int, str]  # a branching node, by its identity, and which of its branches
Arms = tuple[Arm, ...]
_FINAL = "final"  # a branch that runs whatever happened
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Moment(NamedTuple):
    """When a node is done: its number in the order of evaluation, and the branches in which it stands, outermost first."""

    order: int
    node: Any
    arms: Arms


class Timeline:
    """The moments of one function. Of loops one round is told."""

    def __init__(self, function: Any) -> None:
        self.moments: list[Moment] = []
        self.of: dict[int, Moment] = {}
        self.parents: dict[int, Any] = {}
        self._ends: dict[Arm, str] = {}  # branches that are left for good: "function" or "round"
        body = function.body if isinstance(function.body, list) else [function.body]
        self._row(body, ())

    def before(self, node: Any, cuts: Iterable[Moment] = ()) -> list[Moment]:
        """What may have been done when a node is, since the last of the `cuts` that lies between."""
        place = self.of[id(node)]
        found = [each for each in self.moments if each.order < place.order and self._leads(each, place)]
        return [each for each in found if not any(self._parts(cut, each, place) for cut in cuts)]

    def after(self, node: Any, cuts: Iterable[Moment] = ()) -> list[Moment]:
        """What may be done when a node is done, up to the next of the `cuts` that lies between."""
        place = self.of[id(node)]
        found = [each for each in self.moments if each.order > place.order and self._leads(place, each)]
        return [each for each in found if not any(self._parts(cut, place, each) for cut in cuts)]

    def _leads(self, first: Moment, then: Moment) -> bool:
        """Whether one moment may come before another one in one run (of one round of a loop)."""
        others = dict(then.arms)
        for number, (node, branch) in enumerate(first.arms):
            other = others.get(node)
            if other is None:
                end = self._ends.get((node, branch))
                if end == "function" and not any(word == _FINAL for _, word in then.arms):
                    return False
                loop = next((arm for arm in reversed(first.arms[:number]) if arm[1] == "round"), None)
                if end == "round" and loop in then.arms:
                    return False
            elif other != branch:
                return False
        return True

    @staticmethod
    def _parts(cut: Moment, first: Moment, then: Moment) -> bool:
        """Whether a moment surely lies between two others."""
        if not first.order < cut.order < then.order:
            return False
        return set(cut.arms) <= set(first.arms) or set(cut.arms) <= set(then.arms)

    # -- telling

    def _note(self, node: Any, arms: Arms) -> None:
        self.moments.append(Moment(len(self.moments), node, arms))
        self.of[id(node)] = self.moments[-1]

    def _row(self, statements: Sequence[Any], arms: Arms) -> None:
        for statement in statements:
            self._visit(statement, arms)

    def _branch(self, node: Any, word: str, statements: Sequence[Any], arms: Arms) -> None:
        arm = (id(node), word)
        self._row(statements, (*arms, arm))
        end = _end(statements)
        if end:
            self._ends[arm] = end
        for each in statements:
            self.parents[id(each)] = node

    def _visit(self, node: Any, arms: Arms) -> None:
        for child in ast.iter_child_nodes(node):
            self.parents[id(child)] = node
        tell = _TOLD.get(node.__class__)
        if tell is not None:
            tell(self, node, arms)
        elif isinstance(node, FRAMES):
            self._row(outside(node), arms)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node, arms)
        elif isinstance(node, _TRIES):
            self._try(node, arms)
        else:
            for child in ast.iter_child_nodes(node):
                self._visit(child, arms)
        self._note(node, arms)

    def _if(self, node: Any, arms: Arms) -> None:
        self._visit(node.test, arms)
        self._branch(node, "body", _list(node.body), arms)
        self._branch(node, "orelse", _list(node.orelse), arms)

    def _bool(self, node: Any, arms: Arms) -> None:
        self._visit(node.values[0], arms)
        self._row(node.values[1:], (*arms, (id(node), "rest")))

    def _while(self, node: Any, arms: Arms) -> None:
        self._visit(node.test, arms)
        self._branch(node, "round", node.body, arms)
        self._row(node.orelse, arms)

    def _for(self, node: Any, arms: Arms) -> None:
        self._visit(node.iter, arms)
        self._branch(node, "round", [node.target, *node.body], arms)
        self._row(node.orelse, arms)

    def _match(self, node: Any, arms: Arms) -> None:
        self._visit(node.subject, arms)
        for number, case in enumerate(node.cases):
            self._visit(case.pattern, arms)
            if case.guard is not None:
                self._visit(case.guard, arms)
            self._branch(node, str(number), case.body, arms)
            self.parents[id(case)] = node

    def _try(self, node: Any, arms: Arms) -> None:
        self._row(node.body, arms)
        for number, handler in enumerate(node.handlers):
            self._branch(node, str(number), [each for each in (handler.type, *handler.body) if each is not None], arms)
            self.parents[id(handler)] = node
        self._branch(node, "else", node.orelse, arms)
        self._row(node.finalbody, (*arms, (id(node.finalbody), _FINAL)) if node.finalbody else arms)

    def _with(self, node: Any, arms: Arms) -> None:
        for item in node.items:
            self.parents[id(item.context_expr)] = item
            self.parents[id(item)] = node
            self._visit(item.context_expr, arms)
            if item.optional_vars is not None:
                self._visit(item.optional_vars, arms)
        self._row(node.body, arms)

    def _assign(self, node: Any, arms: Arms) -> None:
        if node.value is not None:
            self._visit(node.value, arms)
        self._row(node.targets if isinstance(node, ast.Assign) else [node.target], arms)

    def _update(self, node: Any, arms: Arms) -> None:
        self._visit(node.target, arms)  # read first; written when the statement is done
        self._visit(node.value, arms)

    def _comprehension(self, node: Any, arms: Arms) -> None:
        inner = (*arms, (id(node), "round"))
        for number, part in enumerate(node.generators):
            self.parents[id(part)] = node
            for child in ast.iter_child_nodes(part):
                self.parents[id(child)] = part
            self._visit(part.iter, inner if number else arms)
            self._row([part.target, *part.ifs], inner)
        self._row([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner)


_TOLD: dict[type, Callable[[Timeline, Any, Arms], None]] = {
    ast.If: Timeline._if,
    ast.IfExp: Timeline._if,
    ast.BoolOp: Timeline._bool,
    ast.While: Timeline._while,
    ast.For: Timeline._for,
    ast.AsyncFor: Timeline._for,
    ast.Match: Timeline._match,
    ast.With: Timeline._with,
    ast.AsyncWith: Timeline._with,
    ast.Assign: Timeline._assign,
    ast.AnnAssign: Timeline._assign,
    ast.NamedExpr: Timeline._assign,
    ast.AugAssign: Timeline._update,
}


@lru_cache(maxsize=16)
def timeline(function: Any) -> Timeline:
    """The moments of a function, told once."""
    return Timeline(function)


def tests(function: Timeline) -> Iterator[Any]:
    """The expressions that decide what is done next."""
    for moment in function.moments:
        node = moment.node
        if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            yield node.test
        elif isinstance(node, ast.BoolOp):
            yield from node.values[:-1]
        elif isinstance(node, ast.Match):
            yield node.subject
            yield from (case.guard for case in node.cases if case.guard is not None)
        elif isinstance(node, COMPREHENSIONS):
            yield from (test for part in node.generators for test in part.ifs)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _end(statements: Sequence[Any]) -> str:
    last = statements[-1] if statements else None
    if isinstance(last, (ast.Return, ast.Raise)):
        return "function"
    if isinstance(last, (ast.Continue, ast.Break)):
        return "round"
    if isinstance(last, ast.If) and last.orelse:
        ends = {_end(last.body), _end(last.orelse)}
        return "" if "" in ends else "round" if "round" in ends else "function"
    return ""
