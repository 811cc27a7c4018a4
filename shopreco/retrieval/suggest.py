"""Autocomplete: words, facet values and titles by prefix, then by trigrams. No model is asked."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections, router
from django.http import HttpRequest

from shopreco.catalogues import Attributes, Catalogue, Facet, Identifier
from shopreco.catalogues.base import normalise_identifier
from shopreco.catalogues.fields import SEPARATOR
from shopreco.models import EmbeddingSpace, Item
from shopreco.process_cache import shared_key
from shopreco.retrieval.results import Suggestion
from shopreco.shared_cache import shared_cache

MAX_FACET_VALUES = 2_000
FACET_SECONDS = 300
PER_FACET = 2
WORDS = 3
SIMILARITY = 0.45


def suggest(
    catalogue: Catalogue,
    space: EmbeddingSpace | None,
    prefix: str,
    request: HttpRequest | None,
    limit: int,
) -> list[Suggestion]:
    """Completions of a prefix: queries, then facet values such as categories, then products."""
    values = list(_facet_values(catalogue, prefix))
    named = {value.text.casefold() for value in values}
    queries = [each for each in _queries(space, prefix) if each.text not in named]
    found = [*queries, *values][: max(1, limit - 1)]
    return [*found, *_products(catalogue, prefix, request, limit - len(found))][:limit]


def _queries(space: EmbeddingSpace | None, prefix: str) -> list[Suggestion]:
    """The typed words with the last one completed, or with its likely spelling."""
    head, _, last = prefix.rpartition(" ")
    if space is None or not last:
        return []
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT surface FROM shopreco_lexiconterm
            WHERE space_id = %s AND surface LIKE %s AND document_frequency > 0
            ORDER BY surface = %s DESC, document_frequency DESC, surface LIMIT %s
            """,
            [space.pk, _like(last) + "%", last, WORDS],
        )
        words = [word for (word,) in cursor.fetchall()]
        if not words and len(last) > 3:
            cursor.execute(
                """
                SELECT surface FROM shopreco_lexiconterm
                WHERE space_id = %s AND surface %% %s AND similarity(surface, %s) >= %s
                  AND document_frequency > 0
                ORDER BY similarity(surface, %s) DESC, document_frequency DESC LIMIT 1
                """,
                [space.pk, last, last, SIMILARITY, last],
            )
            words = [word for (word,) in cursor.fetchall()]
    return [Suggestion("query", f"{head} {word}".strip()) for word in words]


def _facet_values(catalogue: Catalogue, prefix: str) -> Iterator[Suggestion]:
    """Values of declared facets (brands, categories) one of whose words begins with the prefix."""
    wanted = prefix.casefold()
    for name, declared in catalogue.fields.items():
        if not isinstance(declared, Facet) or isinstance(declared, Attributes):
            continue
        matching = (
            value
            for value in facet_values(catalogue, name)
            if f" {value.rpartition(SEPARATOR.strip())[2].casefold()}".find(f" {wanted}") >= 0
        )
        for _, value in zip(range(PER_FACET), matching, strict=False):
            yield Suggestion(name, value, facet=name)


def facet_values(catalogue: Catalogue, name: str) -> list[str]:
    """All values of a facet, the most frequent first; cached for minutes."""
    key = shared_key("facet", catalogue.name, name)
    cached = shared_cache().get(key)
    if cached is None:
        with connections[router.db_for_read(Item)].cursor() as cursor:
            cursor.execute(
                """
                SELECT v.value
                FROM shopreco_item i CROSS JOIN unnest(i.facet_codes) AS c (code)
                JOIN shopreco_facetcode v ON v.id = c.code & 4294967295
                WHERE i.catalogue = %s AND i.outcome = 'indexed' AND v.name = %s
                GROUP BY v.value ORDER BY count(*) DESC, v.value LIMIT %s
                """,
                [catalogue.name, name, MAX_FACET_VALUES],
            )
            cached = [value for (value,) in cursor.fetchall()]
        shared_cache().set(key, cached, FACET_SECONDS)
    return list(cached)


def _products(
    catalogue: Catalogue, prefix: str, request: HttpRequest | None, limit: int
) -> Iterator[Suggestion]:
    """Live products by identifier or title: a word that begins with the prefix, then similar."""
    ids = _by_title(catalogue, prefix, limit * 3)
    live = catalogue.get_live_queryset(request).in_bulk(catalogue.to_pks(ids))
    seen: set[str] = set()
    for object_id in ids:
        obj = live.get(catalogue.to_pk(object_id))
        title = catalogue.get_title(obj) if obj is not None else ""
        if title and title not in seen and len(seen) < limit:
            seen.add(title)
            yield Suggestion("product", title, url=catalogue.get_url(obj))


def _by_title(catalogue: Catalogue, prefix: str, limit: int) -> dict[str, str]:
    """Titles by object id, parents before variants."""
    base = (
        "SELECT object_id, title FROM shopreco_item i "
        "WHERE i.catalogue = %s AND i.outcome = 'indexed' AND "
    )
    pattern = _like(prefix)
    with connections[router.db_for_read(Item)].cursor() as cursor:
        if catalogue.field(Identifier) and any(c.isdigit() for c in prefix):
            cursor.execute(
                base + "i.identifiers @> ARRAY[%s]::varchar[] AND i.identifiers <> '{}' LIMIT 3",
                [catalogue.name, normalise_identifier(prefix)],
            )
            rows = dict(cursor.fetchall())
            if rows:
                return rows
        cursor.execute(
            base + "(i.title ILIKE %s OR i.title ILIKE %s) "
            "ORDER BY i.parent_id <> '', NOT i.title ILIKE %s, length(i.title), i.id LIMIT %s",
            [catalogue.name, f"{pattern}%", f"% {pattern}%", f"{pattern}%", limit],
        )
        rows = dict(cursor.fetchall())
        if not rows and len(prefix) > 3:
            cursor.execute(
                base + "%s <%% i.title "
                "ORDER BY i.parent_id <> '', word_similarity(%s, i.title) DESC, i.id LIMIT %s",
                [catalogue.name, prefix, prefix, limit],
            )
            rows = dict(cursor.fetchall())
        return rows


def _like(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
