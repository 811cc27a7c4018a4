"""Conditions on items, as SQL on `shopreco_item AS i`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from shopreco.db.statements import bigint_array
from shopreco.queries import codes

COLUMNS = ("available", "language", "site")
"""Filters that say in which part of the shop to look."""


class Restriction(Protocol):
    """Something that items must be. What is NULL is not met."""

    @property
    def sql(self) -> str: ...

    @property
    def params(self) -> tuple[Any, ...]: ...


class Condition(NamedTuple):
    sql: str
    params: tuple[Any, ...] = ()

    def named(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """For a statement whose parameters have names: these are `prefix` with a number."""
        names = [f"{prefix}{n}" for n in range(len(self.params))]
        sql = self.sql % tuple(f"%({name})s" for name in names) if names else self.sql
        return sql, dict(zip(names, self.params, strict=True))


class Holds(NamedTuple):
    """That a column of codes holds one of a facet's values, in any spelling unless `exactly`. The
    codes are looked up when the SQL is asked for, and stand in it: the planner knows how many items
    have them."""

    column: str
    catalogue: str
    name: str
    values: tuple[str, ...]
    exactly: bool = False

    @property
    def sql(self) -> str:
        return f"i.{self.column} && %s::bigint[]"

    @property
    def params(self) -> tuple[Any, ...]:
        asked = (self.catalogue, self.name, self.values)
        if self.exactly:
            return (bigint_array(codes.exactly(*asked)),)
        return (bigint_array([code for each in codes.values(*asked).values() for code in each]),)


NOTHING = Condition("FALSE")


def all_of(restrictions: Iterable[Restriction]) -> Condition:
    """All of some as one; TRUE if there is none."""
    chosen = list(restrictions)
    sql = " AND ".join(f"({each.sql})" for each in chosen) or "TRUE"
    return Condition(sql, tuple(p for each in chosen for p in each.params))


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions by filter name: values of one filter are alternatives, filters add up."""

    conditions: Mapping[str, Restriction] = field(default_factory=dict)
    visible: tuple[Restriction, ...] = ()
    """What this visitor may see: no filter of a shopper's, and never left out."""

    def __bool__(self) -> bool:
        return bool(self.conditions or self.visible)

    def scope(self) -> Filters:
        """Those that say in which part of the shop to look: part of the query."""
        chosen = {name: each for name, each in self.conditions.items() if name in COLUMNS}
        return Filters(chosen, self.visible)

    def narrowing(self) -> Filters:
        """Those that a shopper sets and removes to narrow a match set down, which is visible."""
        return Filters({n: each for n, each in self.conditions.items() if n not in COLUMNS})

    def without(self, name: str) -> Filters:
        return Filters({n: c for n, c in self.conditions.items() if n != name}, self.visible)

    def all_but_one(self) -> Filters:
        """What fails just one of the narrowing filters: what taking one away would add."""
        narrowing = list(self.narrowing().conditions.values())
        met = " + ".join(f"(({each.sql}) IS TRUE)::int" for each in narrowing) or "0"
        params = tuple(p for each in narrowing for p in each.params)
        near = Condition(f"{met} = {len(narrowing) - 1:d}", params)
        return Filters({**self.scope().conditions, "": near}, self.visible)

    def where(self) -> Condition:
        """All of them as one; TRUE if there is none."""
        return all_of([*self.conditions.values(), *self.visible])

    @property
    def digest(self) -> str:
        """Of what is restricted to what, for keys of caches."""
        said = repr((sorted(self.conditions.items()), self.visible))
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
