"""The protocol of recommendation: all systems on one split, for each seed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np

from shopreco.catalogues import get_catalogue
from shopreco.conf import get_settings
from shopreco.encoders.base import fingerprint_of
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
from shopreco.evaluation.protocols.next_item import (
    PROTOCOLS,
    Popularity,
    Split,
    metrics,
    per_visitor,
)
from shopreco.evaluation.protocols.recommend_report import RecommendReport, SeedOutcome
from shopreco.evaluation.recommenders.als import AlsRecommender
from shopreco.evaluation.recommenders.item_knn import ItemKnnRecommender
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import fill_corpus
from shopreco.evaluation.scratch.preparation import CATALOGUE, migrate, prepare_loaded
from shopreco.fusion import fuse
from shopreco.graph.files.kg import import_kg
from shopreco.learning.content import ContentRecommender
from shopreco.learning.covisitation import CovisitationRecommender
from shopreco.learning.fused import FusedRecommender
from shopreco.learning.popularity import (
    PersonalFrequencyRecommender,
    PopularityRecommender,
    RecentPopularityRecommender,
)
from shopreco.learning.ranks import ranks_of
from shopreco.learning.recommender import Recommender, Vectors
from shopreco.models import Item
from shopreco.spaces.vectors import aligned_vectors

if TYPE_CHECKING:
    from shopreco.learning.sequence_trainer import Epoch

COMPARED: Final = ("hr@10", "ndcg@10")


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
    outcomes = {seed: _outcome(split, seed, _checkpoint(dataset, data, seed)) for seed in seeds}
    return RecommendReport(dataset, protocol, len(split.wanted), len(data.items), outcomes)


def _checkpoint(dataset: str, data: Interactions, seed: int) -> Path:
    """Where an evaluation that was killed left its training."""
    digest = fingerprint_of(dataset, str(len(data.sequences.items)), str(seed))[:16]
    return get_settings().artefact_dir / "evaluation" / f"{digest}.safetensors"


def _outcome(split: Split, seed: int, checkpoint: Path) -> SeedOutcome:
    from shopreco.learning.sequence_recommender import SequenceRecommender

    data = replace(split.data, seed=seed)
    started = perf_counter()
    epochs: list[Epoch] = []

    def report(epoch: Epoch) -> None:
        epochs.append(epoch)
        seconds = perf_counter() - started
        ndcg = "" if epoch.ndcg is None else f", validation NDCG@10 {epoch.ndcg:.4f}"
        sys.stderr.write(
            f"seed {seed}, epoch {epoch.number}: loss {epoch.loss:.4f}{ndcg}, {seconds:.0f} s\n"
        )

    sequence = SequenceRecommender(checkpoint=checkpoint, report=report)
    fused = FusedRecommender(
        [
            sequence,
            CovisitationRecommender(),
            ContentRecommender(),
            PopularityRecommender(),
            RecentPopularityRecommender(),
            PersonalFrequencyRecommender(),
        ]
    )
    known = {each.name for each in fused.recommenders}
    fused.fit(data)
    fused.settle(data)
    training = {
        "seconds": round(perf_counter() - started, 1),
        "epochs": len(epochs),
        # Linux counts in KiB.
        "peak_mib": round(getrusage(RUSAGE_SELF).ru_maxrss / 1024),
    }
    checkpoint.unlink(missing_ok=True)
    outcome = SeedOutcome(
        weights=fused.weights,
        training=training,
        left_out=sorted(known - {each.name for each in fused.recommenders}),
    )
    popularity = Popularity.of(data.settled.train, data.items)
    for system in _systems(fused, split, seed):
        found = ranks_of(
            system.scores, split.histories, split.wanted, data.items, repeats=data.repeats
        )
        values = per_visitor(found)
        outcome.systems[system.name] = metrics(found, split.wanted, popularity)
        outcome.per_visitor[system.name] = {name: values[name] for name in COMPARED}
    return outcome


def _systems(fused: FusedRecommender, split: Split, seed: int) -> Iterator[Recommender]:
    """The sum first, then what it is made of, then further baselines."""
    yield fused
    yield from fused.recommenders
    for baseline in (ItemKnnRecommender(), AlsRecommender()):
        baseline.fit(replace(split.data.settled, seed=seed))
        yield baseline
