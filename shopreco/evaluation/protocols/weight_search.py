"""The search for the weights of formulas (4) and (7), on judged queries by cross-validation.

p_final has length 1, so only ratios matter: λ_t = 1 and α = 1 stay, and λ_i, λ_v and β are searched
one at a time over a grid, from the current ones, until none of them gains any more. Queries are
split into folds; those of each fold judge weights that were chosen on the others (Stone 1974,
"Cross-validatory choice and assessment of statistical predictions"). All of it from the stored
vectors of one space: nothing is encoded or indexed for a point of the grid.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopreco.conf import WEIGHTS
from shopreco.evaluation.datasets.beir import Judgements, digest
from shopreco.evaluation.protocols.metrics import ndcg_by_query
from shopreco.evaluation.tables import table
from shopreco.fusion import TEXT, WEIGHT_OF, fuse

GRID = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Ratios to the weight of the text."""
FOLDS = 5
ROUNDS = 4
DEPTH = 10
RESAMPLES = 10_000
BLOCK = 1_024
"""Items whose cosines with all queries are in memory at once."""

Vectors: TypeAlias = NDArray[np.float32]
Scores: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = dict[str, float]
"""By modality."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of paired differences of nDCG@10 over queries: its standard error, and its 95 %
    interval by the bootstrap (Efron 1979)."""

    mean: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def of(cls, differences: Scores) -> Difference:
        """differences: (n,), n > 1."""
        n = len(differences)
        random = np.random.default_rng(0)
        means = [differences[random.integers(n, size=n)].mean() for _ in range(RESAMPLES)]
        low, high = np.percentile(means, [2.5, 97.5])
        error = differences.std(ddof=1) / np.sqrt(n)
        return cls(float(differences.mean()), float(error), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Fold:
    """Weights chosen without these queries. `ndcg` is their mean nDCG@10 on these queries."""

    queries: int
    weights: Weights
    ndcg: float
    current_ndcg: float


@dataclass(frozen=True, slots=True)
class Point:
    """Mean nDCG@10 of all queries with this ratio, the others as chosen. The difference is to the
    current weights, with its standard error."""

    ratio: float
    ndcg: float
    difference: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class FusionTuning:
    """The chosen weights, and their gain on queries that had no part in the choice."""

    dataset: str
    products: Mapping[str, int]
    """Number of products, by modality."""
    queries: int
    current: Weights
    folds: Sequence[Fold]
    gain: Difference
    """Held out: the chosen weights of each fold against the current ones."""
    chosen: Weights
    """On all queries."""
    curves: Mapping[str, Sequence[Point]]
    setting: Mapping[str, float]
    """`MODALITY_WEIGHTS`; what these products lack keeps its ratio."""
    note: str = ""
    """A remark on the judgements."""

    @property
    def verdict(self) -> str:
        if self.gain.low > 0:
            return "The gain is beyond noise: the interval lies above 0."
        if self.gain.high < 0:
            return "Choosing loses, beyond noise: keep the current weights."
        return "The gain is within noise, since the interval holds 0: keep the current weights."

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}

    def as_text(self) -> str:
        has = ", ".join(f"{count:,} with {name}" for name, count in self.products.items())
        ratios = ", ".join(f"{modality} {ratio:g}" for modality, ratio in self.current.items())
        gain = self.gain
        head = f"{self.dataset}: {has}; {self.queries} judged queries"
        what = (
            "nDCG@10 of the exact cosine of query and p_final, without lexical search. Ratios are "
            f"to the text's weight; now: {ratios}."
        )
        folds = f"Chosen on the other folds, measured on this one:\n{self._fold_table()}"
        curves = (
            "All queries, one ratio at a time, the others as chosen (*); difference to the current "
            f"weights and its standard error:\n{self._curve_table()}"
        )
        result = (
            f"Held out: {gain.mean:+.4f} ± {gain.standard_error:.4f} against the current weights, "
            f"95 % interval {gain.low:+.4f} to {gain.high:+.4f}. {self.verdict}"
        )
        setting = (
            f'Chosen on all queries, for SHOPRECO:\n"MODALITY_WEIGHTS": {json.dumps(self.setting)},'
        )
        paragraphs = [head, self.note, what, folds, curves, result, setting]
        return "\n\n".join(filter(None, paragraphs))

    def _fold_table(self) -> str:
        rows = [
            [
                str(number),
                str(fold.queries),
                *(f"{fold.weights[modality]:g}" for modality in self.curves),
                f"{fold.ndcg:.4f}",
                f"{fold.current_ndcg:.4f}",
            ]
            for number, fold in enumerate(self.folds, start=1)
        ]
        return table(["fold", "queries", *self.curves, "chosen", "current"], rows)

    def _curve_table(self) -> str:
        rows = [
            [
                modality if n == 0 else "",
                f"{point.ratio:g}{' *' if point.ratio == self.chosen[modality] else '  '}",
                f"{point.ndcg:.4f}",
                f"{point.difference:+.4f}",
                f"{point.standard_error:.4f}",
            ]
            for modality, curve in self.curves.items()
            for n, point in enumerate(curve)
        ]
        return table(["", "ratio  ", "nDCG@10", "difference", "±"], rows)


class NdcgByWeights:
    """nDCG@10 by query, (q,), for any weights.

    vectors: (n, d) by modality, as `fuse` takes them. documents: ids of the n. queries: (q, d), in
    the order of `judgements`.
    """

    def __init__(
        self,
        vectors: Mapping[str, Vectors],
        documents: Sequence[str],
        queries: Vectors,
        judgements: Judgements,
    ) -> None:
        self._vectors = vectors
        self._documents = documents
        self._queries = queries
        self._judgements = judgements
        self._known: dict[tuple[tuple[str, float], ...], Scores] = {}

    @property
    def modalities(self) -> list[str]:
        return list(self._vectors)

    def __call__(self, weights: Weights) -> Scores:
        key = tuple((modality, weights[modality]) for modality in self._vectors)
        if key not in self._known:
            found = ndcg_by_query(self._judgements, self._rankings(weights))
            self._known[key] = np.array([found[query] for query in self._judgements])
        return self._known[key]

    def _rankings(self, weights: Weights) -> dict[str, list[str]]:
        """The `DEPTH` nearest by exact cosine, block by block."""
        best = np.full((len(self._queries), DEPTH), -np.inf, dtype=np.float32)
        at = np.zeros(best.shape, dtype=np.int64)
        for start in range(0, len(self._documents), BLOCK):
            block = slice(start, start + BLOCK)
            fused = fuse({m: each[block] for m, each in self._vectors.items()}, weights)
            cosines = self._queries @ fused.T
            # An item of which nothing has a weight has no vector.
            cosines[np.isnan(cosines)] = -np.inf
            places = np.broadcast_to(np.arange(start, start + len(fused)), cosines.shape)
            best, at = np.hstack([best, cosines]), np.hstack([at, places])
            nearest = np.argpartition(-best, DEPTH - 1, axis=1)[:, :DEPTH]
            best = np.take_along_axis(best, nearest, axis=1)
            at = np.take_along_axis(at, nearest, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        return {
            query: [self._documents[at[n, o]] for o in order[n] if best[n, o] > -np.inf]
            for n, query in enumerate(self._judgements)
        }


def tune(
    dataset: str,
    products: Mapping[str, int],
    score: NdcgByWeights,
    texts: Sequence[str],
    current: Weights,
) -> FusionTuning:
    """Choose weights, with and without each fold. texts: of the queries, in their order."""
    others = [modality for modality in score.modalities if modality != TEXT]
    ratios = {modality: _ratio(current, modality) for modality in current}
    start = {TEXT: 1.0} | {modality: ratios[modality] for modality in others}
    folds = folds_of(texts)
    now = score(current)
    tuned = np.empty_like(now)
    found = []
    for fold in range(FOLDS):
        held_out = folds == fold
        weights = coordinate_search(score, others, start, ~held_out)
        tuned[held_out] = score(weights)[held_out]
        means = (float(each[held_out].mean()) for each in (tuned, now))
        found.append(Fold(int(held_out.sum()), weights, *means))
    chosen = coordinate_search(score, others, start, np.ones(len(folds), dtype=bool))
    return FusionTuning(
        dataset=dataset,
        products=products,
        queries=len(texts),
        current={modality: round(ratios[modality], 4) for modality in score.modalities},
        folds=found,
        gain=Difference.of(tuned - now),
        chosen=chosen,
        curves={
            m: [
                _point(ratio, score({**chosen, m: ratio}), now)
                for ratio in sorted({*GRID, start[m], chosen[m]})
            ]
            for m in others
        },
        setting=_setting({**ratios, **chosen}),
    )


def coordinate_search(
    score: Callable[[Weights], Scores],
    others: Sequence[str],
    start: Weights,
    among: NDArray[np.bool_],
) -> Weights:
    """Find the weights with the best mean of the queries `among`, (q,). The start wins ties."""

    def mean(weights: Weights) -> float:
        return float(score(weights)[among].mean())

    best = start
    for _ in range(ROUNDS):
        before = best
        for modality in others:
            best = max([best, *({**best, modality: ratio} for ratio in GRID)], key=mean)
        if best == before:
            break
    return best


def folds_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Assign queries to folds of equal size, by the hash of their texts."""
    ordered = sorted(set(texts), key=digest)
    fold = {text: n % FOLDS for n, text in enumerate(ordered)}
    return np.array([fold[text] for text in texts])


def _ratio(weights: Weights, modality: str) -> float:
    """To the text's weight; the weight itself where texts have none."""
    return weights[modality] / (weights[TEXT] or 1.0)


def _setting(weights: Weights) -> dict[str, float]:
    """`MODALITY_WEIGHTS` with α = 1."""
    values = {"ALPHA": 1.0} | {WEIGHT_OF[m]: round(each, 4) for m, each in weights.items()}
    return {key: values[key] for key in WEIGHTS}


def _point(ratio: float, scores: Scores, now: Scores) -> Point:
    differences = scores - now
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return Point(ratio, float(scores.mean()), float(differences.mean()), float(error))
