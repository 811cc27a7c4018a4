"""The protocol of recommendation: all systems on one split, for each seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from shopreco.catalogues import get_catalogue
from shopreco.conf import get_settings
from shopreco.evaluation.base import Work
from shopreco.evaluation.datasets.beir import fingerprint
from shopreco.evaluation.datasets.interactions import Interactions
from shopreco.evaluation.datasets.recbole import (
    as_file,
    read_interactions,
    read_items,
    read_triples,
)
from shopreco.evaluation.datasets.receipts import Receipts
from shopreco.evaluation.protocols.next_item import PROTOCOLS
from shopreco.evaluation.protocols.recommend_report import RecommendReport
from shopreco.evaluation.protocols.recommenders import measure
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import fill_corpus
from shopreco.evaluation.scratch.preparation import CATALOGUE, migrate, prepare_loaded
from shopreco.fusion import fuse
from shopreco.graph.files.kg import import_kg
from shopreco.learning.recommender import Vectors
from shopreco.models import Item, Node
from shopreco.spaces.vectors import aligned_vectors

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges between the items of a data set. excluded: relations that are not read."""

    path: Path
    excluded: frozenset[str]


def evaluate_interactions(
    inter: Path, items: Path, graph: Graph | None, protocol: str, seeds: Sequence[int], work: Work
) -> RecommendReport:
    """Measure on files of RecBole.

    Raises:
        DatasetError: a file is malformed.
        IndexingFailed: the items could not be encoded.
    """
    products = {each.id: each for each in read_items(items)}
    data = Interactions.of(read_interactions(inter), products)
    rows = (
        CorpusProduct(
            id=each.id, title=each.title, brand=each.brand, text=", ".join(each.categories)
        )
        for each in products.values()
    )
    contents = _contents(fingerprint(items), rows, graph, data.items, work)
    return _evaluate(inter.name.partition(".")[0], data, contents, protocol, seeds)


def evaluate_receipts(
    transactions: Path, protocol: str, seeds: Sequence[int], work: Work
) -> RecommendReport:
    """Measure on the receipts of a shop.

    Raises:
        DatasetError: the file is malformed.
        IndexingFailed: the items could not be encoded.
    """
    receipts = Receipts.read(transactions)
    data = Interactions.of(receipts.interactions, receipts.titles)
    rows = (CorpusProduct(id=code, title=title or code) for code, title in receipts.titles.items())
    contents = _contents(fingerprint(transactions), rows, None, data.items, work)
    return _evaluate(transactions.parent.name, data, contents, protocol, seeds)


def _contents(
    mark: str,
    products: Iterable[CorpusProduct],
    graph: Graph | None,
    ids: Sequence[str],
    work: Work,
) -> Vectors:
    """p_final of the items in the scratch shop, (n, d); 0 of one that is no product of it."""
    migrate()
    changed = fill_corpus(mark, products)
    if graph is not None:
        # An earlier run may have imported other relations.
        Node.objects.filter(catalogue=CATALOGUE).delete()
        triples = (t for t in read_triples(graph.path) if t.relation not in graph.excluded)
        import_kg(get_catalogue(CATALOGUE), as_file(triples))
    space = prepare_loaded(work, changed=changed or graph is not None)
    rows = Item.objects.filter(catalogue=CATALOGUE, object_id__in=ids)
    known = dict(rows.values_list("object_id", "id"))
    indexed = [n for n, each in enumerate(ids) if each in known]
    matrices = aligned_vectors(space, [known[ids[n]] for n in indexed])
    contents = np.zeros((len(ids), space.dimension), dtype=np.float32)
    contents[indexed] = np.nan_to_num(fuse(matrices, space.weights))
    return contents


def _evaluate(
    dataset: str, data: Interactions, contents: Vectors, protocol: str, seeds: Sequence[int]
) -> RecommendReport:
    split = PROTOCOLS[protocol](data.sequences, contents)
    checkpoints = get_settings().artefact_dir / "evaluation" / dataset
    outcomes = {seed: _apart(measure, split, seed, checkpoints / str(seed)) for seed in seeds}
    return RecommendReport(dataset, protocol, len(split.wanted), len(data.items), outcomes)


def _apart(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a process of its own: what encoded the items takes more memory than training does."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()
