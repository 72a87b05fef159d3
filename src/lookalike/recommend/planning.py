"""Which of the shop's rules apply to a request, and what they come to.

What hides, or keeps to the same or other values, becomes part of the filter, so that the store looks past it and
nothing else is lost. What boosts, buries, pins and limits is left for re-ranking. A bound says when no candidate
that has not been seen could still come to the front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from math import prod

from lookalike.recommend.reranking import Limit
from lookalike.recommend.rules import Asking, Rule
from lookalike.recommend.scoring import Scored
from lookalike.store.filtering import column, fields, mask, resolve
from lookalike.store.interface import Store
from lookalike.store.rows import Header, facts_table, predicted_columns
from lookalike.types import Condition, Filter, Operator, Product, Value

_STANDS_IN = {"category": "predicted.type"}  # what a model takes a thing for, where the shop gives no category


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules for one request, by what they do."""

    where: Filter = field(default_factory=Filter)  # the request's own, with what hide, same and other add
    weighing: tuple[Rule, ...] = ()  # boost, bury
    pinning: tuple[Rule, ...] = ()
    limiting: tuple[Rule, ...] = ()
    names: tuple[str, ...] = ()  # of all that apply

    @property
    def searches(self) -> tuple[Filter, ...]:
        """What to ask the store for: everything; and for each rule that weighs, what it prefers."""
        return (self.where, *(self.where & _preferred(rule) for rule in self.weighing))

    def unseen(self, lowest: Sequence[float]) -> float:
        """The highest value that a product can have which none of the searches has brought yet.

        lowest: the lowest score that each search has brought; below any where there is nothing more.
        A product that a rule prefers is not above that rule's lowest score, and none is above the first. Of the
        rules that may prefer it, those with higher lowest scores may all do so too.
        """
        gains = [(low, _gain(rule)) for low, rule in zip(lowest[1:], self.weighing, strict=True)]
        best = lowest[0]
        for low, _ in gains:
            best = max(best, min(low, lowest[0]) * prod(gain for other, gain in gains if other >= low))
        return best * prod(rule.factor for rule in self.weighing if rule.kind == "bury")


def plan(rules: Iterable[Rule], asking: Asking, asked: Sequence[Product], where: Filter, header: Header) -> Plan:
    """The plan for a request of this kind about these products; those of an upload are none."""
    applying = [rule for rule in rules if _applies(rule, asking, asked, header)]
    barring = [barred for rule in applying if (barred := _barred(rule, asked, header)) is not None]
    kinds = {
        kind: tuple(r for r in applying if r.kind in kind.split()) for kind in ("boost bury", "pin", "at_most")
    }
    return Plan(
        where=reduce(Filter.__and__, barring, where),
        weighing=kinds["boost bury"],
        pinning=kinds["pin"],
        limiting=kinds["at_most"],
        names=tuple(rule.name for rule in applying),
    )


def alike(name: str, asked: Sequence[Product], header: Header, *, level: int = 0) -> Filter | None:
    """What has the same value in a column as one of these products; None where none of them has a value.

    Of a category, whatever lies below it is the same too. level: only so many steps of its path.
    """
    return _compared(name, "in", asked, header, level)


def _applies(rule: Rule, asking: Asking, asked: Sequence[Product], header: Header) -> bool:
    if rule.on and asking not in rule.on:
        return False
    if not rule.when:
        return True
    return bool(asked) and bool(mask(resolve(rule.when, header), facts_table(header, asked)).all())


def _barred(rule: Rule, asked: Sequence[Product], header: Header) -> Filter | None:
    """What a rule adds to the filter; None where it has nothing to say there."""
    if rule.kind == "hide":
        return Filter(none_of=(rule.where,))
    if rule.kind not in ("same", "other"):
        return None
    bars: Operator = "ne" if rule.kind == "same" else "in"
    barred = _compared(rule.column, bars, asked, header, rule.level)
    return Filter(none_of=(rule.where & barred,)) if barred is not None else None


def _compared(
    name: str, operator: Operator, asked: Sequence[Product], header: Header, level: int
) -> Filter | None:
    """What compares so with the values of the products asked, in the column or the one that stands in for it."""
    known = facts_table(header, asked)
    stand_in = _STANDS_IN.get(name, "")
    for wanted in (name, stand_in) if stand_in in predicted_columns(header) else (name,):
        _, stored, _ = column(wanted, header)
        values = [text for value in known.column(stored).to_pylist() for text in _texts(value)]
        if stored == "category" and level:
            values = ["/".join(path.split("/")[:level]) for path in values]
        if values:
            return Filter((Condition(wanted, operator, tuple(dict.fromkeys(values))),))
    return None


def _texts(value: Value | list[str] | None) -> tuple[str, ...]:
    """The values in a cell; none in an empty one."""
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value),)


def _preferred(rule: Rule) -> Filter:
    """The candidates that come out of a rule better than others."""
    return rule.where if rule.kind == "boost" else Filter(none_of=(rule.where,))


def _gain(rule: Rule) -> float:
    """How many times better."""
    return rule.factor if rule.kind == "boost" else 1 / rule.factor


# -- what the rules say of candidates ---------------------------------------------------------------


def weighed(scored: Sequence[Scored], plan: Plan, store: Store) -> list[Scored]:
    """The same products with the factor and the names of the rules that weigh each, the highest value first."""
    if not plan.weighing:
        return list(scored)
    met = _meeting([rule.where for rule in plan.weighing], scored, store)
    found = []
    for s in scored:
        rules = [rule for rule, ids in zip(plan.weighing, met, strict=True) if s.id in ids]
        moved = (
            replace(s, factor=prod(r.factor for r in rules), rules=tuple(r.name for r in rules)) if rules else s
        )
        found.append(moved)
    return sorted(found, key=lambda s: -s.value)


def limits(scored: Sequence[Scored], plan: Plan, store: Store) -> list[Limit]:
    """What each rule of at most n says of these products."""
    found = []
    met = _meeting([rule.where for rule in plan.limiting], scored, store)
    for rule, ids in zip(plan.limiting, met, strict=True):
        _, stored, _ = column(rule.column, store.header)
        table = store.facts(list(ids), {stored})
        cells = zip(table.column("id").to_pylist(), table.column(stored).to_pylist(), strict=True)
        found.append(Limit(rule.count, {product_id: _texts(value) for product_id, value in cells}))
    return found


def limits_reached(shown: Sequence[Scored], plan: Plan, store: Store) -> Filter:
    """What further products must pass to be shown at all, when these come first: no limit of theirs is reached.

    Nothing is said where weights may yet change the order, nor of a category: filters take what lies below it too.
    """
    if plan.weighing:
        return Filter()
    reached = []
    for rule, limit in zip(plan.limiting, limits(shown, plan, store), strict=True):
        counts = Counter(v for values in limit.values.values() for v in values)
        full = tuple(sorted(v for v, n in counts.items() if n >= rule.count))
        if full and column(rule.column, store.header)[1] != "category":
            reached.append(rule.where & Filter((Condition(rule.column, "in", full),)))
    return Filter(none_of=tuple(reached))


def _meeting(wheres: Sequence[Filter], scored: Sequence[Scored], store: Store) -> list[set[str]]:
    """Which of the products pass each filter."""
    tests = [resolve(where, store.header) for where in wheres]
    table = store.facts([s.id for s in scored], {name for one in tests for name in fields(one)})
    ids = table.column("id").to_numpy()
    return [set(ids[mask(one, table)]) for one in tests]
