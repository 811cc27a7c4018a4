"""Facet codes: the numbers by which items hold facet values, given out once and for ever."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections

from shopreco.catalogues import ItemDocument
from shopreco.db.routing import write_alias
from shopreco.text.normalisation import comparison_key

FacetCodes = dict[tuple[str, str], int]
"""Codes by facet name and value."""

FACET = ""
"""The value that stands for the facet itself."""


def codes_of(catalogue: str, documents: Iterable[ItemDocument]) -> FacetCodes:
    """Codes of all facet values and audiences of documents; new values get new codes.

    Called outside the transaction that writes the items: two batches with the same new value do
    not wait for each other. A code without an item harms nobody.
    """
    pairs = {
        (name, value)
        for document in documents
        for held in (document.facets, document.audiences)
        for name, values in held.items()
        for value in (FACET, *values)
    }
    ids = _ids(catalogue, pairs)
    missing = pairs - ids.keys()
    if missing:
        _give_out(catalogue, missing)
        ids |= _ids(catalogue, missing)
    return {
        (name, value): ids[name, FACET] << 32 | id
        for (name, value), id in ids.items()
        if value != FACET
    }


def _ids(catalogue: str, pairs: set[tuple[str, str]]) -> FacetCodes:
    if not pairs:
        return {}
    names, values = zip(*pairs, strict=True)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT t.name, t.value, f.id
            FROM unnest(%s::text[], %s::text[]) AS t (name, value)
            JOIN shopreco_facetcode f ON f.catalogue = %s
                AND md5(f.name) = md5(t.name) AND md5(f.value) = md5(t.value)
            """,
            [list(names), list(values), catalogue],
        )
        return {(name, value): id for name, value, id in cursor.fetchall()}


def _give_out(catalogue: str, pairs: set[tuple[str, str]]) -> None:
    names, values = zip(*sorted(pairs), strict=True)
    keys = [comparison_key(value) for value in values]
    with connections[write_alias()].cursor() as cursor:
        # One of several spellings of a new value becomes the first; the others point to it.
        for _turn in range(2):
            cursor.execute(
                """
                INSERT INTO shopreco_facetcode (catalogue, name, value, key, first_id)
                SELECT f.catalogue, t.name, t.value, t.key, known.id
                FROM (SELECT %s AS catalogue) AS f
                CROSS JOIN unnest(%s::text[], %s::text[], %s::text[]) AS t (name, value, key)
                LEFT JOIN shopreco_facetcode known ON known.catalogue = f.catalogue
                    AND md5(known.name) = md5(t.name) AND md5(known.key) = md5(t.key)
                    AND known.first_id IS NULL AND known.key <> ''
                ON CONFLICT DO NOTHING
                """,
                [catalogue, list(names), list(values), keys],
            )
