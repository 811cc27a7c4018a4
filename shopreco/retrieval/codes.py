"""Facets and audiences as numbers: the codes that items hold, and what they stand for.

The code of a value is the id of its facet times 2^32, plus its own id; see `models.FacetCode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connections, router

from shopreco.models import Item
from shopreco.process_cache import Kept

FACETS: Kept[tuple[str, str], int] = Kept(most=10_000)
"""Id of a facet, by catalogue and name. Ids never change."""
VALUES: Kept[tuple[str, str, str], int] = Kept(most=50_000)
"""Code of a value, by catalogue, name and value."""
TEXTS: Kept[int, tuple[str, str]] = Kept(most=50_000)
"""Name and value, by id."""


def facets(catalogue: str, names: Iterable[str]) -> dict[str, int]:
    """Ids of facets by name; those that no item has ever had are left out."""
    found = FACETS.get([(catalogue, name) for name in names], _facets)
    return {name: id for (_catalogue, name), id in found.items()}


def names(catalogue: str) -> list[str]:
    """Of all facets that an item has ever had."""
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM shopreco_facetcode
            WHERE catalogue = %s AND md5(value) = md5('') AND value = '' ORDER BY name
            """,
            [catalogue],
        )
        return [name for (name,) in cursor.fetchall()]


def values(catalogue: str, name: str, texts: Iterable[str]) -> dict[str, int]:
    """Codes of a facet's values; those that no item has ever had are left out."""
    found = VALUES.get([(catalogue, name, text) for text in texts], _values)
    return {text: code for (_catalogue, _name, text), code in found.items()}


def texts(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Name and value of facets and values, by id."""
    return TEXTS.get(ids, _texts)


def _facets(asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    catalogues, names = zip(*asked, strict=True)
    with connections[router.db_for_read(Item)].cursor() as cursor:
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
    catalogues, names, wanted = zip(*asked, strict=True)
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT t.catalogue, t.name, t.value, f.id::bigint << 32 | v.id
            FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (catalogue, name, value)
            JOIN shopreco_facetcode f ON f.catalogue = t.catalogue
                AND md5(f.name) = md5(t.name) AND md5(f.value) = md5('')
            JOIN shopreco_facetcode v ON v.catalogue = t.catalogue
                AND md5(v.name) = md5(t.name) AND md5(v.value) = md5(t.value)
            """,
            [list(catalogues), list(names), list(wanted)],
        )
        return {(catalogue, name, value): c for catalogue, name, value, c in cursor.fetchall()}


def _texts(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            "SELECT id, name, value FROM shopreco_facetcode WHERE id = ANY(%s)", [list(ids)]
        )
        return {id: (name, value) for id, name, value in cursor.fetchall()}
