"""Facet codes: the numbers that items hold for facet values and audiences, with their meaning.

The code of a value is the id of its facet times 2^32, plus its own id; see `models.FacetCode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from shopreco.db.process_cache import KeyedCache, ShopCache
from shopreco.db.routing import read_alias
from shopreco.db.shops import answering_shop
from shopreco.text.normalisation import comparison_key

FACETS: KeyedCache[tuple[str, str], int] = KeyedCache(max_size=10_000)
"""Ids of facets, by catalogue and name. Ids never change."""
VALUES: KeyedCache[tuple[str, str, str], int] = KeyedCache(max_size=50_000)
"""Codes of values, by catalogue, name and value."""
FIRSTS: KeyedCache[tuple[str, str, str], int] = KeyedCache(max_size=50_000)
"""Codes of the first spellings of values, by catalogue, name and `comparison_key`."""
TEXTS: KeyedCache[int, tuple[str, str]] = KeyedCache(max_size=50_000)
"""Name and value, by the id of a facet or a value."""


def facets(catalogue: str, names: Iterable[str]) -> dict[str, int]:
    """Ids of facets by name, without those that no item has ever had."""
    found = FACETS.get([(catalogue, name) for name in names], _facets)
    return {name: id for (_catalogue, name), id in found.items()}


def names(catalogue: str) -> list[str]:
    """Names of all facets that some item has ever had."""
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM shopreco_facetcode
            WHERE catalogue = %s AND md5(value) = md5('') AND value = '' ORDER BY name
            """,
            [catalogue],
        )
        return [name for (name,) in cursor.fetchall()]


def exactly(catalogue: str, name: str, texts: Iterable[str]) -> list[int]:
    """Codes of values in exactly this spelling, without those that no item has ever had."""
    found = VALUES.get([(catalogue, name, text) for text in texts], _values)
    return list(found.values())


def values(catalogue: str, name: str, texts: Iterable[str]) -> dict[str, list[int]]:
    """Codes of a facet's values in all spellings, the first spelling first.

    Values that no item has ever had are left out."""
    keys = {text: comparison_key(text) for text in texts}
    found = FIRSTS.get([(catalogue, name, key) for key in keys.values()], _firsts)
    spellings = spellings_of(catalogue)
    codes = {key: spellings.codes(code) for (_catalogue, _name, key), code in found.items()}
    # A worker of the version before, still running after `migrate`, gives values no key.
    rest = [(catalogue, name, text) for text, key in keys.items() if key not in codes]
    unkeyed = VALUES.get(rest, _values) if rest else {}
    as_written = {text: [code] for (_catalogue, _name, text), code in unkeyed.items()}
    return {text: codes[key] for text, key in keys.items() if key in codes} | as_written


def texts(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Names and values by the ids of facets or values."""
    return TEXTS.get(ids, _texts)


class Spellings(NamedTuple):
    """Ids of later spellings and of the first spelling of each; both (s,), ascending by `ids`."""

    ids: NDArray[np.int64]
    firsts: NDArray[np.int64]

    def as_first(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Replace each id of a value by that of its first spelling, (n,)."""
        if not len(self.ids):
            return ids
        places = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        return np.where(self.ids[places] == ids, self.firsts[places], ids)

    def codes(self, first: int) -> list[int]:
        """The codes of all spellings of a value, by the code of the first."""
        facet, value = first >> 32, first & 0xFFFFFFFF
        return [first, *(facet << 32 | id for id in self.ids[self.firsts == value].tolist())]


SPELLINGS_SECONDS = 60.0
"""Seconds after which a new spelling is counted with the others."""
_spellings: ShopCache[tuple[float, Spellings]] = ShopCache(max_size=1_000_000)


def spellings_of(catalogue: str) -> Spellings:
    """The values of a catalogue that have several spellings; cached."""
    key = answering_shop(), catalogue
    known = _spellings.get(key)
    if known is None or monotonic() > known[0]:
        read = _read_spellings(catalogue)
        known = monotonic() + SPELLINGS_SECONDS, read
        _spellings.put(key, known, size=1 + len(read.ids))
    return known[1]


def _read_spellings(catalogue: str) -> Spellings:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT id, first_id FROM shopreco_facetcode "
            "WHERE catalogue = %s AND first_id IS NOT NULL ORDER BY id",
            [catalogue],
        )
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    return Spellings(rows[:, 0], rows[:, 1])


def _facets(asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    catalogues, names = zip(*asked, strict=True)
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT t.catalogue, t.name, f.id
            FROM unnest(%s::text[], %s::text[]) AS t (catalogue, name)
            JOIN shopreco_facetcode f ON f.catalogue = t.catalogue
                AND md5(f.name) = md5(t.name) AND md5(f.value) = md5('')
            """,
            [list(catalogues), list(names)],
        )
        return {(catalogue, name): id for catalogue, name, id in cursor.fetchall()}


def _values(asked: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], int]:
    return _codes(asked, "md5(v.value) = md5(t.text)")


def _firsts(asked: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], int]:
    return _codes(asked, "md5(v.key) = md5(t.text) AND v.first_id IS NULL AND v.key <> ''")


def _codes(asked: Sequence[tuple[str, str, str]], same: str) -> dict[tuple[str, str, str], int]:
    """Codes by catalogue, name and text. same: SQL by which a row `v` matches a text."""
    catalogues, names, wanted = zip(*asked, strict=True)
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT t.catalogue, t.name, t.text, f.id::bigint << 32 | v.id
            FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (catalogue, name, text)
            JOIN shopreco_facetcode f ON f.catalogue = t.catalogue
                AND md5(f.name) = md5(t.name) AND md5(f.value) = md5('')
            JOIN shopreco_facetcode v ON v.catalogue = t.catalogue
                AND md5(v.name) = md5(t.name) AND {same}
            """,
            [list(catalogues), list(names), list(wanted)],
        )
        return {(catalogue, name, text): c for catalogue, name, text, c in cursor.fetchall()}


def _texts(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT id, name, value FROM shopreco_facetcode WHERE id = ANY(%s)", [list(ids)]
        )
        return {id: (name, value) for id, name, value in cursor.fetchall()}
