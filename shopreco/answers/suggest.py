"""Suggestions: words, facet values and titles by prefix, then by trigrams, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import connections
from django.http import HttpRequest

from shopreco.answers.hydration import live
from shopreco.answers.results import Suggestion
from shopreco.catalogues import Catalogue, Identifier
from shopreco.catalogues.fields import SEPARATOR
from shopreco.db.process_cache import shared_key
from shopreco.db.routing import read_alias
from shopreco.db.shared_cache import shared_cache
from shopreco.models import EmbeddingSpace
from shopreco.queries import facet_codes
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import facet_names
from shopreco.queries.languages import query_language
from shopreco.queries.terms import SpaceLexicon
from shopreco.queries.visibility import visible_to
from shopreco.text import Token, get_analyser, nearest_term, term_id
from shopreco.text.identifiers import normalise_identifier
from shopreco.text.normalisation import comparison_key, typed_form, typed_title, typed_word

MAX_FACET_VALUES = 2_000
FACET_SECONDS = 300
PER_FACET = 2
WORDS = 3
SPARE = 4
"""Factor of the completions that are read, since some may be hidden."""
SAMPLED = 20
MAX_TITLES = 400


def suggest(
    catalogue: Catalogue,
    space: EmbeddingSpace | None,
    prefix: str,
    request: HttpRequest | None,
    limit: int,
) -> list[Suggestion]:
    """Completions of a prefix: queries, then facet values such as categories, then products."""
    seen = Visitor(catalogue, request, Filters(visible=visible_to(catalogue, request)))
    typed = _read(space, prefix, request)
    if not typed.form:
        return []
    values = list(_facet_values(seen, typed))
    named = {value.text.casefold() for value in values}
    queries = [each for each in _queries(seen, typed) if each.text not in named]
    found = [*queries, *values][: max(1, limit - 1)]
    return [*found, *_products(seen, typed, limit - len(found))][:limit]


@dataclass(frozen=True, slots=True)
class Typed:
    """The text that was typed so far."""

    text: str
    space: EmbeddingSpace | None
    head: str
    """All words but the last."""
    before: list[int]
    """Term ids of the words before the last, as far as the lexicon has them."""
    last: str
    """The beginning of the last word, in the form of `LexiconTerm.typed`."""

    @property
    def form(self) -> str:
        """The whole text, in the form of `Item.typed_title`."""
        return typed_form(self.text)

    @property
    def holds_before(self) -> str:
        """The SQL of the condition that an entry `l` has the words before the last."""
        of_space = f"l.space_id = {self.space.pk if self.space else 0:d}"
        known = ",".join(map(str, self.before))
        return f"{of_space} AND l.term_ids @> '{{{known}}}'::int[]" if known else of_space


def _read(space: EmbeddingSpace | None, prefix: str, request: HttpRequest | None) -> Typed:
    head, _, last = prefix.rpartition(" ")
    before: list[int] = []
    if space is not None and head:
        language = query_language(space, prefix, None, request)
        terms = {t.term for t in get_analyser(language).tokens(head) if t.weight == 1}
        before = sorted(map(term_id, SpaceLexicon(space).frequencies(terms)))
    return Typed(prefix, space, head, before, typed_word(last))


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor who types, with their visibility. Nothing that they may not see is suggested."""

    catalogue: Catalogue
    request: HttpRequest | None
    visible: Filters

    def with_any(
        self, held: Sequence[int], source: str, limit: int, *, always: bool = False
    ) -> list[int]:
        """The first `limit` terms or codes that some visible item has.

        source: SQL of the items `i` that have `each.held`. If only the live queryset knows what is
            hidden, it is asked about the first `SAMPLED` items of each.
        always: whether to check items also if nothing is hidden from anybody.
        """
        if not held or not (always or self.visible or self.catalogue.hides_by_queryset):
            return list(held[:limit])
        where = self.visible.where()
        source += f" AND i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql}"
        params = [list(held), self.catalogue.name, *where.params]
        with connections[read_alias()].cursor() as cursor:
            if not self.catalogue.hides_by_queryset:
                # In their order, and no further than to the last that is needed.
                cursor.execute(
                    f"""
                    SELECT held FROM unnest(%s::bigint[]) WITH ORDINALITY AS each (held, place)
                    WHERE EXISTS (SELECT {source}) ORDER BY place LIMIT {limit:d}
                    """,
                    params,
                )
                return [each for (each,) in cursor.fetchall()]
            cursor.execute(
                f"""
                SELECT each.held, found.* FROM unnest(%s::bigint[]) AS each (held)
                CROSS JOIN LATERAL (SELECT i.id, i.group_id {source} LIMIT {SAMPLED:d}) AS found
                """,
                params,
            )
            rows = cursor.fetchall()
        places = [(item_id, group_id) for _each, item_id, group_id in rows]
        shown = live(self.catalogue, self.request, places, collapse=True)
        seen = {each for (each, *_place), is_live in zip(rows, shown, strict=True) if is_live}
        return [each for each in held if each in seen][:limit]


def _queries(seen: Visitor, typed: Typed) -> list[Suggestion]:
    """The typed words with the last one completed or corrected, if some product has them all."""
    space, last = typed.space, typed.last
    if space is None or not last:
        return []
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT term_id, surface FROM shopreco_lexiconterm
            WHERE space_id = %s AND typed LIKE %s AND document_frequency > 0
            ORDER BY typed = %s DESC, document_frequency DESC, surface LIMIT %s
            """,
            [space.pk, f"{_like(last)}%", last, SPARE * WORDS],
        )
        words = dict(cursor.fetchall())
    if not words and len(last) > 3:
        similar = SpaceLexicon(space).similar([Token(last, last)]).get(last, [])
        if nearest := nearest_term(last, similar):
            words = {term_id(nearest[0].term): nearest[0].surface}
    source = f"""
        FROM shopreco_lexicalentry l JOIN shopreco_item i ON i.id = l.item_id
        WHERE {typed.holds_before} AND l.term_ids @> ARRAY[each.held::int]
    """
    terms = seen.with_any(list(words), source, WORDS, always=bool(typed.before))
    return [Suggestion("query", f"{typed.head} {words[term]}".strip()) for term in terms]


def _facet_values(seen: Visitor, typed: Typed) -> Iterator[Suggestion]:
    """Values of declared facets (brands, categories) with a word that begins with the prefix."""
    for name in facet_names(seen.catalogue):
        matching = islice(_beginning(seen.catalogue, name, typed), SPARE * PER_FACET)
        found = facet_codes.values(seen.catalogue.name, name, matching)
        by_code = {code: value for value, spelled in found.items() for code in spelled}
        source = "FROM shopreco_item i WHERE i.facet_codes @> ARRAY[each.held]"
        held = seen.with_any(list(by_code), source, len(by_code))
        for value in list(dict.fromkeys(by_code[code] for code in held))[:PER_FACET]:
            yield Suggestion(name, value, facet=name)


def _beginning(catalogue: Catalogue, name: str, typed: Typed) -> Iterator[str]:
    """Values of a facet with a word that begins so, the most frequent first."""
    values, wanted = facet_values(catalogue, name), f" {typed.form}"
    for value in values:
        if wanted in _typed_value(value):
            yield value
    if len(values) == MAX_FACET_VALUES:
        yield from _rare_values(catalogue, name, typed.text)


@lru_cache(maxsize=16_384)
def _typed_value(value: str) -> str:
    """The last part of a value in the form of `Item.typed_title`, after a space."""
    return f" {typed_title(value.rpartition(SEPARATOR.strip())[2])}"


def _rare_values(catalogue: Catalogue, name: str, prefix: str) -> list[str]:
    """Values beyond the most frequent ones, the shortest first."""
    pattern = _like(prefix)
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT v.value FROM (
                SELECT catalogue, name, value, id FROM shopreco_facetcode
                WHERE catalogue = %s AND name = %s AND (value ILIKE %s OR value ILIKE %s)
                ORDER BY length(value), value LIMIT 100
            ) AS v
            WHERE EXISTS (
                SELECT FROM shopreco_facetcode f JOIN shopreco_item i
                    ON i.facet_codes @> ARRAY[f.id::bigint << 32 | v.id]
                WHERE f.catalogue = v.catalogue AND md5(f.name) = md5(v.name)
                    AND md5(f.value) = md5('') AND i.outcome = 'indexed'
            ) LIMIT %s
            """,
            [catalogue.name, name, f"{pattern}%", f"% {pattern}%", SPARE * PER_FACET],
        )
        return [value for (value,) in cursor.fetchall()]


def facet_values(catalogue: Catalogue, name: str) -> list[str]:
    """All values of a facet, the most frequent first; cached for minutes."""
    key = shared_key("facet", catalogue.name, name)
    cached = shared_cache().get(key)
    if cached is None:
        with connections[read_alias()].cursor() as cursor:
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
            by_key: dict[str, str] = {}
            for (value,) in cursor.fetchall():
                by_key.setdefault(comparison_key(value), value)
            cached = list(by_key.values())
        shared_cache().set(key, cached, FACET_SECONDS)
    return list(cached)


def _products(seen: Visitor, typed: Typed, limit: int) -> Iterator[Suggestion]:
    """Live products by identifier, by a word of the title that begins so, or by a similar title."""
    catalogue, wanted = seen.catalogue, limit * 3
    while True:
        ids = _by_title(catalogue, seen.visible, typed, wanted)
        live = catalogue.get_live_queryset(seen.request).in_bulk(catalogue.to_pks(ids))
        if len(live) >= limit or len(ids) < wanted or wanted >= MAX_TITLES:
            break
        wanted = min(4 * wanted, MAX_TITLES)
    named: set[str] = set()
    for object_id in ids:
        obj = live.get(catalogue.to_pk(object_id))
        title = catalogue.get_title(obj) if obj is not None else ""
        if title and title not in named and len(named) < limit:
            named.add(title)
            yield Suggestion("product", title, url=catalogue.get_url(obj))


def _by_title(catalogue: Catalogue, visible: Filters, typed: Typed, limit: int) -> list[str]:
    """Object ids of items whose identifier or title fits, parents before variants."""
    where = visible.where()
    base = (
        "SELECT i.object_id FROM shopreco_item i "
        f"WHERE i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql} AND "
    )
    given = [catalogue.name, *where.params]
    with connections[read_alias()].cursor() as cursor:

        def found(sql: str, *params: Any) -> list[str]:
            cursor.execute(base + sql, [*given, *params])
            return [object_id for (object_id,) in cursor.fetchall()]

        def begins(text: str) -> tuple[str, str]:
            return f"{_like(text)}%", f"% {_like(text)}%"

        if catalogue.field(Identifier) and any(c.isdigit() for c in typed.text):
            sql = "i.identifiers @> ARRAY[%s]::varchar[] AND i.identifiers <> '{}' LIMIT 3"
            if exact := found(sql, normalise_identifier(typed.text)):
                return exact
        titled = found(
            "(i.typed_title LIKE %s OR i.typed_title LIKE %s) "
            "ORDER BY i.parent_id <> '', NOT i.typed_title LIKE %s, length(i.title), i.id LIMIT %s",
            *(*begins(typed.form), begins(typed.form)[0], limit),
        )
        if not titled and typed.before and typed.last:
            titled = found(
                "(i.typed_title LIKE %s OR i.typed_title LIKE %s)"
                " AND EXISTS (SELECT FROM shopreco_lexicalentry l"
                f" WHERE l.item_id = i.id AND {typed.holds_before})"
                " ORDER BY i.parent_id <> '', length(i.title), i.id LIMIT %s",
                *(*begins(typed.last), limit),
            )
        if titled or len(typed.form) <= 3:
            return titled
        return found(
            "%s <%% i.typed_title "
            "ORDER BY i.parent_id <> '', word_similarity(%s, i.typed_title) DESC, i.id LIMIT %s",
            *(typed.form, typed.form, limit),
        )


def _like(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
