"""Retrieval by photo: the nearest pictures and the nearest embeddings, each scored by both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shopreco.db.statements import Statement, as_arrays, bigint_array, fetch_row, read_arrays
from shopreco.fusion import IMAGE
from shopreco.models import EmbeddingSpace
from shopreco.queries.query_photos import Photo, Vector
from shopreco.queries.terms import NO_WORDS
from shopreco.ranking import WeightedMean, relative_cutoff
from shopreco.retrieval import dense
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing
from shopreco.retrieval.lexical import score
from shopreco.spaces import vectors
from shopreco.spaces.stores import pictures, vector_store
from shopreco.spaces.stores.base import VectorStore
from shopreco.spaces.stores.pgvector import literal

CUT = 0.5
"""Relative cutoff: share of the best cosine, by picture or embedding, that an item must reach."""
ALONE = WeightedMean({"dense": 0.25, "looks": 0.75, "lexical": 0.0})
"""Weights of embedding, picture and words for a photo alone. Of 40 pictures of the demo, turned,
darkened and put before another background, 80 in 100 find their product first, and 55 in 100 of
the first ten are of its category; with halves it is 72 and 50."""
BESIDE_WORDS = WeightedMean({"dense": 0.5, "looks": 0.3, "lexical": 0.2})
WORDS_WEIGHT = 0.4
"""Weight of the words beside a photo in the query vector. For 30 photos with another colour in
words, the variant in that colour nearly always comes first (MRR .94). Of the first ten, 60 in 100
are of that colour and 68 of the category. Without BM25F, and with 0.6 of the words, it is .82, 33
and 90."""


JOINT_ROW = {"item_id": "i8", "group_id": "i8", "dense": "f8", "looks": "f8", "lexical": "f8"}
BY_STORE_ROW = {"item_id": "i8", "group_id": "i8", "looks": "f8", "lexical": "f8"}


def query_vector(space: EmbeddingSpace, photo: Photo, words: Vector | None) -> Vector:
    """The query vector of a photo, (d,): aligned with the text space, and mixed with the vector of
    the words beside it, (d,)."""
    alignment = vectors.alignment_of(space, IMAGE)
    vector = photo.vector if alignment is None else alignment(photo.vector[None])[0]
    if words is None:
        return vector
    mixed: Vector = (1 - WORDS_WEIGHT) * vector + WORDS_WEIGHT * words
    return mixed / np.linalg.norm(mixed)


class PhotoRetriever(Retriever):
    """Finds the nearest pictures and the nearest embeddings; scores each by both, and by the words
    beside the photo.

    As in a text search, the match set depends on the query and its scope alone. The nearest item
    matches however far it is: a photo of another place, light and side has low cosines.
    """

    name = "photo"
    columns = ("dense", "looks", "lexical")
    needs_query = True

    def retrieve(self, context: Context, k: int) -> Candidates:
        """What is among the `NEIGHBOURS` nearest by the picture or by the vector, ranked.
        `context.text` stands beside the photo, if its vector is part of the context's."""
        if context.picture is None or context.vector is None:
            return nothing(*self.columns)
        found = _nearest(context, context.picture, context.vector, dense.NEIGHBOURS)
        beside = bool(context.text) or context.words is not None
        # A product without a picture, or without words, is judged by what it has: it was found
        # by something.
        ranked = (BESIDE_WORDS if beside else ALONE).rank(found.columns)
        cosines, looks = found.columns["dense"], found.columns["looks"]
        like = relative_cutoff(cosines, CUT) | relative_cutoff(looks, CUT)
        order = np.lexsort((found.item_ids, -ranked.scores))
        matching = replace(found, columns=ranked.parts).take(order[like[order]])
        if len(matching) <= k:
            return matching
        return replace(matching.take(np.arange(k)), complete=False)


RETRIEVERS.register("photo", PhotoRetriever())


def _nearest(context: Context, picture: Vector, vector: Vector, k: int) -> Candidates:
    """Candidates with the cosine of their embedding, that of their picture, and their BM25F."""
    store = vector_store(context.space)
    if store.supports_joint_scoring:
        return _scored_jointly(store, context, picture, vector, k)
    return _scored_by_store(store, context, picture, vector, k)


def _scored_jointly(
    store: VectorStore, context: Context, picture: Vector, vector: Vector, k: int
) -> Candidates:
    """One statement finds and scores."""
    space, words, where = context.space, context.words, context.filters.where()
    literals = literal(vector), literal(picture)
    by_looks = pictures.statement(space, picture, k, where)
    by_vector = store.statement(space, literals[0], k, where)
    shown, whole = f"halfvec({len(picture):d})", f"halfvec({space.dimension:d})"
    sql = f"""
        WITH query AS (SELECT %s::sparsevec AS weights),
             alike AS MATERIALIZED ({by_looks.sql}), near AS MATERIALIZED ({by_vector.sql})
        SELECT i.id AS item_id, i.group_id,
            COALESCE(-(e.vector::{whole} <#> %s::{whole}), 'NaN') AS dense,
            COALESCE(-(m.vector::{shown} <#> %s::{shown}), 'NaN') AS looks,
            COALESCE({_bm25_sql(context)}, 'NaN') AS lexical
        FROM (SELECT item_id FROM alike UNION SELECT item_id FROM near) AS found
        JOIN shopreco_item i ON i.id = found.item_id
        LEFT JOIN shopreco_embedding e ON e.item_id = i.id AND e.space_id = {space.pk:d}
        {_joins(space)}
    """
    asked = words.literal if words is not None else NO_WORDS
    params = (asked, *by_looks.params, *by_vector.params, *literals)
    item_ids, group_ids, *scores = read_arrays(
        fetch_row(as_arrays(Statement(sql, params), JOINT_ROW)), JOINT_ROW
    )
    columns = dict(zip(PhotoRetriever.columns, scores, strict=True))
    return Candidates(item_ids, group_ids, columns, "photo")


def _scored_by_store(
    store: VectorStore, context: Context, picture: Vector, vector: Vector, k: int
) -> Candidates:
    """Find by the store, score pictures and words in a statement, then cosines by the store."""
    space, words, where = context.space, context.words, context.filters.where()
    near = store.nearest(space, vector, k, where)
    by_looks = pictures.statement(space, picture, k, where)
    shown = f"halfvec({len(picture):d})"
    sql = f"""
        WITH query AS (SELECT %s::sparsevec AS weights), alike AS MATERIALIZED ({by_looks.sql})
        SELECT i.id AS item_id, i.group_id,
            COALESCE(-(m.vector::{shown} <#> %s::{shown}), 'NaN') AS looks,
            COALESCE({_bm25_sql(context)}, 'NaN') AS lexical
        FROM (SELECT item_id FROM alike UNION SELECT unnest(%s::bigint[])) AS found
        JOIN shopreco_item i ON i.id = found.item_id
        {_joins(space)}
    """
    asked = words.literal if words is not None else NO_WORDS
    params = (asked, *by_looks.params, literal(picture), bigint_array(near.item_ids.tolist()))
    item_ids, group_ids, looks, lexical = read_arrays(
        fetch_row(as_arrays(Statement(sql, params), BY_STORE_ROW)), BY_STORE_ROW
    )
    cosines = store.scores(space, item_ids.tolist(), vector)
    columns = {"dense": cosines, "looks": looks, "lexical": lexical}
    return Candidates(item_ids, group_ids, columns, "photo")


def _bm25_sql(context: Context) -> str:
    """The SQL of the BM25F of an entry `l`; NaN without words."""
    return score("(SELECT weights FROM query)") if context.words is not None else "'NaN'::float8"


def _joins(space: EmbeddingSpace) -> str:
    """The SQL that joins the words and the picture of an item `i`, if it has them."""
    return f"""LEFT JOIN shopreco_lexicalentry l ON l.item_id = i.id AND l.space_id = {space.pk:d}
        LEFT JOIN shopreco_modalityvector m ON m.item_id = i.id
            AND m.modality = 'image' AND m.encoder = '{space.encoders[IMAGE]}'"""
