"""The protocols of pictures: titles find photos, photos find similar ones, search finds more.

Four protocols on a folder with `items.jsonl`, whose items have `image` and, in `metadata`,
`articleType`, `baseColour` and `gender`:

- title → photo: of a fifth of the items, chosen by hash, only the picture is indexed; their titles
  are the queries, their pictures the pool.
- title → item: the same titles are asked of the whole shop, in which the other items have words.
  Beside it stand the exact cosine, and the titles of those other items.
- photo → photo: how many of the ten most similar pictures have the same type, and the same colour;
  of all, and of the fifth whose titles the alignment has never seen.
- search: queries such as "blue shirts men", for every combination that occurs often enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopreco.answers.results import ResultPage
from shopreco.evaluation.base import Work
from shopreco.evaluation.baselines.search_service import SearchService
from shopreco.evaluation.datasets.beir import Document, Judgements, digest, find_corpus, read_corpus
from shopreco.evaluation.datasets.judged_queries import labelled_queries
from shopreco.evaluation.protocols.metrics import measure
from shopreco.evaluation.scratch.overrides import other_weights, overridden_settings
from shopreco.evaluation.scratch.preparation import CATALOGUE, prepare
from shopreco.evaluation.tables import table
from shopreco.models import Embedding, EmbeddingSpace, Item, ModalityVector
from shopreco.queries.query_vectors import query_encoder
from shopreco.spaces.vectors import aligned_vectors, visual_vectors

HIDDEN_BUCKETS: Final = 20
"""Of a hundred."""
DEPTH: Final = 10

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VisualReport:
    """Figures by protocol and name."""

    dataset: str
    figures: Mapping[str, Mapping[str, float]]

    def as_json(self) -> dict[str, object]:
        rounded = {
            protocol: {name: round(value, 4) for name, value in figures.items()}
            for protocol, figures in self.figures.items()
        }
        return {"dataset": self.dataset, "protocols": rounded}

    def as_text(self) -> str:
        rows = [
            [protocol if n == 0 else "", name, f"{value:,.4g}"]
            for protocol, figures in self.figures.items()
            for n, (name, value) in enumerate(figures.items())
        ]
        return f"{self.dataset}\n\n{table(['protocol', '', ''], rows)}"


def evaluate(folder: Path, search: Callable[..., ResultPage], work: Work) -> VisualReport:
    """Run the protocols in the scratch shop.

    Raises:
        DatasetError: the file is malformed.
        IndexingFailed: an index could not be built.
    """
    corpus = find_corpus(folder)
    documents = {document.id: document for document in read_corpus(corpus)}
    hidden = [id for id in documents if _bucket(id) < HIDDEN_BUCKETS]
    space = prepare(corpus, work, hidden)
    figures = {
        "title to photo": _titles_to_photos(space, [documents[id] for id in hidden]),
        "photo to photo": _photos_to_photos(space, documents, set(hidden)),
        **_titles_to_items(space, documents, set(hidden), SearchService(search)),
    }
    queries = labelled_queries(documents.values())
    with overridden_settings(MODALITY_WEIGHTS=other_weights(IMAGE=0.0)):
        prepare(corpus, work)
        figures["search by text"] = _measured(queries, SearchService(search).rank)
    space = prepare(corpus, work)
    figures["search by text and image"] = _measured(queries, SearchService(search).rank)
    figures["search by image"] = _measured(queries, _image_ranking(space))
    return VisualReport(folder.resolve().name, figures)


def _bucket(id: str) -> int:
    return int.from_bytes(digest(id), "big") % 100


def _titles_to_photos(space: EmbeddingSpace, hidden: Sequence[Document]) -> dict[str, float]:
    rows = dict(
        Embedding.objects.filter(
            space=space, item__object_id__in=[document.id for document in hidden]
        ).values_list("item__object_id", "vector")
    )
    shown = [document for document in hidden if document.id in rows]
    photos = np.array([rows[document.id] for document in shown], dtype=np.float32)
    encoder = query_encoder(space)
    titles = np.array([encoder.encode_query(document.title) for document in shown])
    cosines = titles @ photos.T
    ranks = (cosines > np.diagonal(cosines)[:, None]).sum(axis=1)
    return {
        "pool": float(len(shown)),
        "R@1": float((ranks < 1).mean()),
        "R@10": float((ranks < DEPTH).mean()),
    }


def _titles_to_items(
    space: EmbeddingSpace,
    documents: Mapping[str, Document],
    hidden: Collection[str],
    shop: SearchService,
) -> dict[str, dict[str, float]]:
    """Ask each title of all items. Of items with the same title, any may come first."""
    wanted: dict[str, dict[str, int]] = {}
    for document in documents.values():
        wanted.setdefault(document.title, {})[document.id] = 1
    groups = {
        "without text": [documents[id].title for id in documents if id in hidden],
        "with text": [documents[id].title for id in documents if id not in hidden],
    }
    systems = {"search": shop.rank, "exact cosine": _exact_ranking(space)}
    figures: dict[str, dict[str, float]] = {}
    for name, rank in systems.items():
        for group, titles in groups.items():
            own = set(hidden) if group == "without text" else set(documents) - set(hidden)
            judgements = {
                title: {id: 1 for id in wanted[title] if id in own}
                for title in dict.fromkeys(titles)
            }
            rankings = {title: rank(title, 100) for title in judgements}
            shallow = {title: ranking[:DEPTH] for title, ranking in rankings.items()}
            measured = measure(judgements, rankings)
            figures[f"title to item {group}, {name}"] = {
                "queries": float(len(judgements)),
                "R@10": measure(judgements, shallow)["recall@100"],
                "R@100": measured["recall@100"],
                "nDCG@10": measured["ndcg@10"],
            }
    return figures


def _exact_ranking(space: EmbeddingSpace) -> Callable[[str, int], Sequence[str]]:
    """Rank by the exact cosine of query and embedding."""
    rows = Embedding.objects.filter(space=space).values_list("item__object_id", "vector")
    ids, vectors = zip(*rows.iterator(), strict=True)
    matrix = np.array([np.asarray(each, dtype=np.float32) for each in vectors])
    encoder = query_encoder(space)

    def rank(query: str, limit: int) -> list[str]:
        scores = matrix @ encoder.encode_query(query)
        return [str(ids[n]) for n in np.argsort(-scores)[:limit]]

    return rank


def _photos_to_photos(
    space: EmbeddingSpace, documents: Mapping[str, Document], hidden: Collection[str]
) -> dict[str, float]:
    rows = ModalityVector.objects.filter(
        modality="image", encoder=space.encoders["image"], vector__isnull=False
    ).values_list("item__object_id", "vector")
    ids, vectors = zip(*rows.iterator(), strict=True)
    looks = visual_vectors(space, np.array(vectors, dtype=np.float32))
    likeness = looks @ looks.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, DEPTH, axis=1)[:, :DEPTH]
    unseen = np.isin(ids, list(hidden))
    figures = {"photos": float(len(ids))}
    for name in ("articleType", "baseColour"):
        labels = np.array([str(documents[id].metadata.get(name)) for id in ids])
        same = labels[nearest] == labels[:, None]
        figures[f"same {name} of {DEPTH}"] = float(same.mean())
        figures[f"same {name} of {DEPTH}, unseen"] = float(same[unseen].mean())
    return figures


def _measured(
    judgements: Judgements, rank: Callable[[str, int], Sequence[str]]
) -> dict[str, float]:
    rankings = {query: rank(query, 100) for query in judgements}
    figures = measure(judgements, rankings)
    return {
        "queries": float(len(judgements)),
        **{name: figures[name] for name in ("ndcg@10", "precision@10", "recall@100")},
    }


def _image_ranking(space: EmbeddingSpace) -> Callable[[str, int], Sequence[str]]:
    """Rank by the exact cosine of query and aligned picture."""
    items = dict(Item.objects.filter(catalogue=CATALOGUE).values_list("id", "object_id"))
    photos = aligned_vectors(space, list(items))["image"]
    present = ~np.isnan(photos[:, 0])
    ids = np.array(list(items.values()))[present]
    encoder = query_encoder(space)

    def rank(query: str, limit: int) -> list[str]:
        scores = photos[present] @ encoder.encode_query(query)
        return [str(id) for id in ids[np.argsort(-scores)[:limit]]]

    return rank
