"""The lexicon of a space: BM25F weights by item, document frequencies by term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import NamedTuple

from django.db import connections
from pgvector import SparseVector

from shopreco.catalogues import ItemDocument
from shopreco.db.copy import replace_rows
from shopreco.db.routing import write_alias
from shopreco.models import EmbeddingSpace
from shopreco.models.lexicon import EVERY_ITEM, TERM_SPACE, WORDLESS
from shopreco.spaces.languages import languages_of
from shopreco.text import (
    Token,
    document_weights,
    found_by,
    get_analyser,
    term_id,
)
from shopreco.text.normalisation import typed_word

MAX_TERMS_PER_ITEM = 16_000
"""Different terms of one item: a `sparsevec` holds no more. Of a longer text the heaviest count."""


class Word(NamedTuple):
    """A term of the lexicon: its normal form, how it is written, what else finds it."""

    term: str
    surface: str
    found_by: tuple[str, ...] = ()


NOTHING = Word("", "")


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What an item contributes to the lexicon of a space: weights and words by term id."""

    group_id: int
    content_hash: str
    weights: Mapping[int, float]
    words: Mapping[int, Word]
    has_words: bool


def analyse(document: ItemDocument, languages: Mapping[str, str]) -> dict[str, list[Token]]:
    """Tokens per declared field, by the analyser of its language."""
    return {
        part.name: get_analyser(languages[part.name]).tokens(part.text) for part in document.texts
    }


def average_lengths(documents: Iterable[ItemDocument]) -> dict[str, float]:
    """Mean number of tokens by field, of texts that have any: BM25 normalises lengths by it."""
    lengths: dict[str, list[int]] = {}
    for document in documents:
        for name, tokens in analyse(document, languages_of(document)).items():
            if tokens:
                lengths.setdefault(name, []).append(len(tokens))
    return {name: sum(each) / len(each) for name, each in lengths.items()}


def terms_of(document: ItemDocument, content_hash: str, space: EmbeddingSpace) -> ItemTerms:
    """Analyse a document for a space. Of terms whose ids collide the heavier one counts."""
    languages = languages_of(document)
    fields = analyse(document, languages)
    weights = document_weights(
        {name: [token.term for token in tokens] for name, tokens in fields.items()},
        {part.name: part.weight for part in document.texts},
        space.statistics.average_lengths,
    )
    hashed: dict[int, float] = {}
    for term, weight in weights.items():
        key = term_id(term)
        hashed[key] = max(weight, hashed.get(key, 0.0))
    if len(hashed) > MAX_TERMS_PER_ITEM:
        heaviest = nlargest(MAX_TERMS_PER_ITEM, hashed, key=hashed.__getitem__)
        hashed = {key: hashed[key] for key in heaviest}
    words = {
        term_id(t.term): Word(t.term, t.surface, found_by(t.term, t.surface, languages[name]))
        for name, tokens in fields.items()
        for t in tokens
    }
    return ItemTerms(document.group_id, content_hash, hashed, words, document.has_words)


def replace_entries(
    space: EmbeddingSpace, entries: Mapping[int, ItemTerms], leaving: Collection[int] = ()
) -> None:
    """Replace the lexical entries of items, by item id, and update the document frequencies.

    leaving: items whose entries are deleted.

    A transaction calls this once for each space, in the order of their ids. So two workers that
    touch the same terms wait for each other and never deadlock.
    """
    items = [*entries, *leaving]
    if not items:
        return
    change = Counter({EVERY_ITEM: len(entries)})
    words = {EVERY_ITEM: NOTHING, WORDLESS: NOTHING}
    for entry in entries.values():
        change.update(entry.weights.keys())
        change[WORDLESS] += not entry.has_words
        words.update(entry.words)
    change.subtract(_stored_terms(space, items))
    replace_rows(
        "shopreco_lexicalentry",
        {
            "space_id": "int8",
            "item_id": "int8",
            "group_id": "int8",
            "content_hash": "varchar",
            "term_ids": "int4[]",
            "weights": "sparsevec",
            "has_words": "bool",
        },
        [
            (
                space.pk,
                item_id,
                entry.group_id,
                entry.content_hash,
                sorted(entry.weights),
                # pgvector counts from 0 in Python and from 1 in SQL.
                SparseVector({i - 1: w for i, w in entry.weights.items()}, TERM_SPACE),
                entry.has_words,
            )
            for item_id, entry in entries.items()
        ],
        item_ids=items,
        space_id=space.pk,
    )
    _move_frequencies(space, change, words)


def _stored_terms(space: EmbeddingSpace, item_ids: Sequence[int]) -> Counter[int]:
    """In how many stored entries of these items each term occurs; EVERY_ITEM counts them."""
    found: Counter[int] = Counter()
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT term_ids, has_words FROM shopreco_lexicalentry "
            "WHERE space_id = %s AND item_id = ANY(%s)",
            [space.pk, list(item_ids)],
        )
        for term_ids, has_words in cursor.fetchall():
            found[EVERY_ITEM] += 1
            found[WORDLESS] += not has_words
            found.update(term_ids)
    return found


def _move_frequencies(
    space: EmbeddingSpace, change: Counter[int], words: Mapping[int, Word]
) -> None:
    moved = sorted(each for each, by in change.items() if by)
    if not moved:
        return
    moved_words = [words.get(each, NOTHING) for each in moved]
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_lexiconterm
                (space_id, term_id, term, surface, typed, found_by, document_frequency)
            SELECT %s, term_id, term, surface, typed, string_to_array(found_by, ' '), by
            FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[])
                AS t (term_id, term, surface, typed, found_by, by)
            ON CONFLICT (space_id, term_id) DO UPDATE
            SET document_frequency =
                shopreco_lexiconterm.document_frequency + EXCLUDED.document_frequency
            """,
            [
                space.pk,
                moved,
                [word.term for word in moved_words],
                [word.surface for word in moved_words],
                [typed_word(word.surface) for word in moved_words],
                [" ".join(word.found_by) for word in moved_words],
                [change[each] for each in moved],
            ],
        )
