"""Conditions on items, as SQL on `shopreco_item AS i`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from shopreco.db.statements import bigint_array
from shopreco.queries import facet_codes

COLUMNS = ("available", "language", "site")
"""Filters of the scope: the part of the shop that is searched."""


class Restriction(Protocol):
    """A condition on items. NULL counts as not met."""

    @property
    def sql(self) -> str: ...

    @property
    def params(self) -> tuple[Any, ...]: ...


class Condition(NamedTuple):
    sql: str
    params: tuple[Any, ...] = ()

    def named(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """SQL and parameters for a statement with named parameters: `prefix` and a number."""
        names = [f"{prefix}{n}" for n in range(len(self.params))]
        sql = self.sql % tuple(f"%({name})s" for name in names) if names else self.sql
        return sql, dict(zip(names, self.params, strict=True))


class Holds(NamedTuple):
    """The condition that a column of codes holds one of a facet's values, in any spelling.

    With `exactly` the spelling counts. The codes are looked up late, and stand in the SQL, so that
    the planner knows how many items have them."""

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
            return (bigint_array(facet_codes.exactly(*asked)),)
        return (
            bigint_array([code for each in facet_codes.values(*asked).values() for code in each]),
        )


NOTHING = Condition("FALSE")


def all_of(restrictions: Iterable[Restriction]) -> Condition:
    """Join restrictions by AND; TRUE without any."""
    chosen = list(restrictions)
    sql = " AND ".join(f"({each.sql})" for each in chosen) or "TRUE"
    return Condition(sql, tuple(p for each in chosen for p in each.params))


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions by filter name. Values of one filter are alternatives; filters add up."""

    conditions: Mapping[str, Restriction] = field(default_factory=dict)
    visible: tuple[Restriction, ...] = ()
    """Visibility: it is no filter of the shopper's, and applies always."""

    def __bool__(self) -> bool:
        return bool(self.conditions or self.visible)

    def scope(self) -> Filters:
        """The filters of the scope, which is part of the query, with visibility."""
        chosen = {name: each for name, each in self.conditions.items() if name in COLUMNS}
        return Filters(chosen, self.visible)

    def narrowing(self) -> Filters:
        """The filters that narrow a match set, which is visible already."""
        return Filters({n: each for n, each in self.conditions.items() if n not in COLUMNS})

    def without(self, name: str) -> Filters:
        return Filters({n: c for n, c in self.conditions.items() if n != name}, self.visible)

    def all_but_one(self) -> Filters:
        """Filters for items that fail just one narrowing filter: without it they would match."""
        narrowing = list(self.narrowing().conditions.values())
        met = " + ".join(f"(({each.sql}) IS TRUE)::int" for each in narrowing) or "0"
        params = tuple(p for each in narrowing for p in each.params)
        near = Condition(f"{met} = {len(narrowing) - 1:d}", params)
        return Filters({**self.scope().conditions, "": near}, self.visible)

    def where(self) -> Condition:
        """All restrictions as one condition; TRUE without any."""
        return all_of([*self.conditions.values(), *self.visible])

    @property
    def digest(self) -> str:
        """A hash of all restrictions, for keys of caches."""
        said = repr((sorted(self.conditions.items()), self.visible))
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
