"""Settings chosen on a judged set, in the scratch shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from shopreco.catalogues import Catalogue
from shopreco.conf import WEIGHTS
from shopreco.evaluation.beir import find_corpus
from shopreco.evaluation.corpus.catalogues import CorpusCatalogue
from shopreco.evaluation.preparation import Work, prepare
from shopreco.evaluation.questions import Questions
from shopreco.evaluation.weights import FOLDS, FusionTuning, Scorer, Vectors, tune
from shopreco.exceptions import ShopRecoError
from shopreco.models import Embedding, EmbeddingSpace, LeftOut
from shopreco.queries.query_vectors import query_encoder
from shopreco.spaces.vectors import aligned_vectors

MINIMUM_QUERIES = 4 * FOLDS
PAGE = 2_000
"""Items whose vectors are read at a time, before pictures are mapped to fewer dimensions."""


class NothingToWeigh(ShopRecoError):
    """The products of a folder have one modality alone, or its queries are too few."""

    code: ClassVar[str] = "nothing_to_weigh"


def tune_fusion(folder: Path, questions: Questions, work: Work) -> FusionTuning:
    """Index the scratch shop with every modality that its products have, and weigh them.

    Raises:
        DatasetError: the corpus is malformed.
        IndexingFailed: its index could not be built.
        NothingToWeigh: see there.
    """
    queries = questions.texts
    name, different = folder.resolve().name, len(set(queries.values()))
    if different < MINIMUM_QUERIES:
        raise NothingToWeigh(
            f"{different} different judged queries are too few: {MINIMUM_QUERIES} are needed to "
            "choose on some and to measure on others."
        )
    # A modality of weight 0 would not be in the space. Its own weights are not used here.
    CorpusCatalogue.modality_weights = dict.fromkeys(WEIGHTS, 1.0)
    space = prepare(find_corpus(folder), work)
    rows = Embedding.objects.filter(space=space).order_by("item_id")
    ids = dict(rows.values_list("item_id", "item__object_id"))
    vectors = _vectors(space, list(ids))
    if len(vectors) < 2:
        raise NothingToWeigh(_alone(name, space.statistics.left_out))
    encode = query_encoder(space).encode_query
    asked = np.stack([encode(text) for text in queries.values()])
    judged = {id: questions.judgements[id] for id in queries}
    score = Scorer(vectors, list(ids.values()), asked, judged)
    products = {m: int((~np.isnan(each[:, 0])).sum()) for m, each in vectors.items()}
    found = tune(name, products, score, list(queries.values()), Catalogue.get_modality_weights())
    return replace(found, note=questions.note)


def _alone(name: str, few: LeftOut | None) -> str:
    told = ""
    if few is not None:
        told = f" ({few.pairs} have a picture too, {few.needed} are needed to align them)"
    return (
        f"There is nothing to weigh: the products of {name} have text alone{told}. Take a judged "
        "set whose products have pictures, or attributes that their texts do not tell."
    )


def _vectors(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[str, Vectors]:
    """In the text space, (n, d) by modality that any of them has; NaN where an item lacks it."""
    shape = len(item_ids), space.dimension
    matrices = {modality: np.empty(shape, dtype=np.float32) for modality in space.encoders}
    for start in range(0, len(item_ids), PAGE):
        page = item_ids[start : start + PAGE]
        for modality, each in aligned_vectors(space, page).items():
            matrices[modality][start : start + len(page)] = each
    return {m: each for m, each in matrices.items() if not np.isnan(each[:, 0]).all()}
