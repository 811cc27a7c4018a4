"""The protocol of `MODALITY_WEIGHTS`: index every modality, then search the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from shopreco.catalogues import Catalogue
from shopreco.conf import WEIGHTS
from shopreco.evaluation.base import Work
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.datasets.judged_queries import JudgedQueries
from shopreco.evaluation.protocols.weight_search import (
    FOLDS,
    FusionTuning,
    NdcgByWeights,
    Vectors,
    tune,
)
from shopreco.evaluation.scratch.overrides import overridden_settings
from shopreco.evaluation.scratch.preparation import prepare
from shopreco.exceptions import ShopRecoError
from shopreco.models import Embedding, EmbeddingSpace, LeftOut
from shopreco.queries.query_vectors import query_encoder
from shopreco.spaces.vectors import aligned_vectors

MIN_QUERIES: Final = 4 * FOLDS
BATCH_SIZE: Final = 2_000
"""Items whose vectors are read at a time, before pictures are mapped to fewer dimensions."""


class NothingToWeigh(ShopRecoError):
    """The products have one modality only, or there are too few queries."""

    code: ClassVar[str] = "nothing_to_weigh"


def tune_fusion(folder: Path, judged: JudgedQueries, work: Work) -> FusionTuning:
    """Index the scratch shop with every modality that its products have, and choose weights.

    Raises:
        DatasetError: the corpus is malformed.
        IndexingFailed: its index could not be built.
        NothingToWeigh: the products have one modality only, or there are too few queries.
    """
    queries = judged.texts
    name, different = folder.resolve().name, len(set(queries.values()))
    if different < MIN_QUERIES:
        raise NothingToWeigh(
            f"{different} different judged queries are too few: {MIN_QUERIES} are needed to "
            "choose on some and to measure on others."
        )
    # A modality of weight 0 would not be in the space, whose own weights play no part here.
    with overridden_settings(MODALITY_WEIGHTS=dict.fromkeys(WEIGHTS, 1.0)):
        space = prepare(find_corpus(folder), work)
    rows = Embedding.objects.filter(space=space).order_by("item_id")
    ids = dict(rows.values_list("item_id", "item__object_id"))
    vectors = _vectors(space, list(ids))
    if len(vectors) < 2:
        raise NothingToWeigh(_alone(name, space.statistics.left_out))
    encode = query_encoder(space).encode_query
    query_vectors = np.stack([encode(text) for text in queries.values()])
    judgements = {id: judged.judgements[id] for id in queries}
    ndcg = NdcgByWeights(vectors, list(ids.values()), query_vectors, judgements)
    products = {m: int((~np.isnan(each[:, 0])).sum()) for m, each in vectors.items()}
    found = tune(name, products, ndcg, list(queries.values()), Catalogue.get_modality_weights())
    return replace(found, note=judged.note)


def _alone(name: str, few: LeftOut | None) -> str:
    told = ""
    if few is not None:
        told = f" ({few.pairs} have a picture too, {few.needed} are needed to align them)"
    return (
        f"There is nothing to weigh: the products of {name} have text alone{told}. Take a judged "
        "set whose products have pictures, or attributes that their texts do not tell."
    )


def _vectors(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[str, Vectors]:
    """Read vectors in the text space, (n, d) by modality; NaN where an item lacks it."""
    shape = len(item_ids), space.dimension
    matrices = {modality: np.empty(shape, dtype=np.float32) for modality in space.encoders}
    for start in range(0, len(item_ids), BATCH_SIZE):
        page = item_ids[start : start + BATCH_SIZE]
        for modality, each in aligned_vectors(space, page).items():
            matrices[modality][start : start + len(page)] = each
    return {m: each for m, each in matrices.items() if not np.isnan(each[:, 0]).all()}
