"""The recommenders that are compared: fitted and measured on one split, with one seed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from shutil import rmtree
from time import perf_counter
from typing import TYPE_CHECKING, Final

from shopreco.evaluation.protocols.next_item import Popularity, Split, metrics, per_visitor
from shopreco.evaluation.protocols.recommend_report import SeedOutcome
from shopreco.evaluation.recommenders.als import AlsRecommender
from shopreco.evaluation.recommenders.item_knn import ItemKnnRecommender
from shopreco.learning.content import ContentRecommender
from shopreco.learning.covisitation import CovisitationRecommender
from shopreco.learning.fused import FusedRecommender
from shopreco.learning.popularity import (
    PersonalFrequencyRecommender,
    PopularityRecommender,
    RecentPopularityRecommender,
)
from shopreco.learning.ranks import ranks_of
from shopreco.learning.recommender import Recommender

if TYPE_CHECKING:
    from shopreco.learning.sequence_trainer import Epoch

COMPARED: Final = ("hr@10", "ndcg@10")
"""Metrics of which it is said how sure a difference is."""


def measure(split: Split, seed: int, checkpoints: Path) -> SeedOutcome:
    """Train and rank. checkpoints: a folder of this training, which is left if it is killed."""
    from shopreco.learning.sequence_recommender import SequenceRecommender

    data = replace(split.data, seed=seed)
    started = perf_counter()
    epochs: list[Epoch] = []

    def report(epoch: Epoch) -> None:
        epochs.append(epoch)
        ndcg = "" if epoch.ndcg is None else f", validation NDCG@10 {epoch.ndcg:.4f}"
        sys.stderr.write(
            f"Seed {seed}, epoch {epoch.number}: loss {epoch.loss:.4f}{ndcg}, "
            f"{perf_counter() - started:.0f} s.\n"
        )

    available = [
        SequenceRecommender(checkpoints=checkpoints, report=report),
        CovisitationRecommender(),
        ContentRecommender(),
        PopularityRecommender(),
        RecentPopularityRecommender(),
        PersonalFrequencyRecommender(),
    ]
    fused = FusedRecommender(available)
    fused.fit(data)
    fused.settle(data)
    rmtree(checkpoints, ignore_errors=True)
    outcome = SeedOutcome(
        weights=fused.weights,
        training={
            "seconds": round(perf_counter() - started, 1),
            "epochs": len(epochs),
            # Linux counts in KiB.
            "peak_mib": round(getrusage(RUSAGE_SELF).ru_maxrss / 1024),
        },
        left_out=sorted(each.name for each in available if each not in fused.recommenders),
    )
    popularity = Popularity.of(data.settled.train, data.items)
    for system in _systems(fused, replace(split, data=data)):
        found = ranks_of(
            system.scores, split.histories, split.wanted, data.items, repeats=data.repeats
        )
        values = per_visitor(found)
        outcome.systems[system.name] = metrics(found, split.wanted, popularity)
        outcome.per_visitor[system.name] = {name: values[name] for name in COMPARED}
    return outcome


def _systems(fused: FusedRecommender, split: Split) -> Iterator[Recommender]:
    """The sum first, then what it is made of, then further baselines."""
    yield fused
    yield from fused.recommenders
    for baseline in (ItemKnnRecommender(), AlsRecommender()):
        baseline.fit(split.data.settled)
        yield baseline
