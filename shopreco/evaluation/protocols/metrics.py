"""Ranking metrics, by ir-measures over trec_eval's code.

nDCG with gains 2^rel - 1 (Burges et al. 2005, "Learning to rank using gradient descent"); what
was not judged counts as 0. Recall, MRR and precision count scores of 1 and more. A query without
an answer counts 0, and so does one whose judgements are all 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shopreco.evaluation.datasets.beir import Judgements

DEPTH = 100
"""Results per query that the metrics look at."""

STATEMENT = (
    "Gains 2^rel - 1; unjudged = 0; Recall, MRR and precision count scores >= 1; means over all "
    "judged queries. nDCG of the judged: the same over a query's judged results only, "
    f"the others left out of its first {DEPTH}."
)


def measure(judgements: Judgements, rankings: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Means over all queries of `judgements`; `rankings` are document ids, best first."""
    import ir_measures
    from ir_measures import RR, P, R, nDCG

    gains = _gains(judgements)
    measures = {
        "ndcg@10": nDCG(gains=gains) @ 10,
        f"recall@{DEPTH}": R(rel=1) @ DEPTH,
        "mrr@10": RR(rel=1) @ 10,
        "precision@10": P(rel=1) @ 10,
        "ndcg@10_judged": nDCG(gains=gains, judged_only=True) @ 10,
    }
    means = ir_measures.calc_aggregate(list(measures.values()), judgements, _run(rankings))
    return {name: float(means[each]) for name, each in measures.items()}


def ndcg_by_query(
    judgements: Judgements, rankings: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """nDCG@10 of every query of `judgements`; `rankings` are document ids, best first."""
    import ir_measures
    from ir_measures import nDCG

    measure = nDCG(gains=_gains(judgements)) @ 10
    found = ir_measures.iter_calc([measure], judgements, _run(rankings))
    values = {each.query_id: float(each.value) for each in found}
    return {query: values.get(query, 0.0) for query in judgements}


def _gains(judgements: Judgements) -> dict[int, int]:
    grades = {score for scores in judgements.values() for score in scores.values()}
    return {grade: 2 ** max(grade, 0) - 1 for grade in grades}


def _run(rankings: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """trec_eval sorts by score and breaks ties by id; ranks as scores keep the order as it is."""
    return {
        query: {document: float(-rank) for rank, document in enumerate(ranking[:DEPTH])}
        for query, ranking in rankings.items()
    }


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """`p50_ms` and `p95_ms`, interpolated linearly."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95)}
