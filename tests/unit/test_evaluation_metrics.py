"""The metrics are those that the reports claim: checked against figures worked out by hand."""

from __future__ import annotations

from math import log2

import pytest

from shopreco.evaluation.protocols.metrics import measure, percentiles

JUDGEMENTS = {"q": {"best": 2, "good": 1, "bad": 0}}


def test_ndcg_has_gains_of_two_to_the_score_less_one() -> None:
    measured = measure(JUDGEMENTS, {"q": ["good", "unknown", "best"]})
    found = 1 / log2(2) + 0 + 3 / log2(4)
    ideal = 3 / log2(2) + 1 / log2(3)
    assert measured["ndcg@10"] == pytest.approx(found / ideal)


def test_a_score_of_three_gains_seven() -> None:
    measured = measure({"q": {"a": 3, "b": 1}}, {"q": ["b", "a"]})
    assert measured["ndcg@10"] == pytest.approx((1 + 7 / log2(3)) / (7 + 1 / log2(3)))


def test_a_condensed_list_leaves_out_what_was_not_judged() -> None:
    measured = measure(JUDGEMENTS, {"q": ["unknown", "best", "other", "good"]})
    assert measured["ndcg@10_judged"] == pytest.approx(1)
    assert measured["ndcg@10"] == pytest.approx((3 / log2(3) + 1 / log2(5)) / (3 + 1 / log2(3)))


def test_recall_mrr_and_precision_count_scores_of_one_and_more() -> None:
    measured = measure(JUDGEMENTS, {"q": ["bad", "unknown", "good"]})
    assert measured["recall@100"] == pytest.approx(1 / 2)
    assert measured["mrr@10"] == pytest.approx(1 / 3)
    assert measured["precision@10"] == pytest.approx(1 / 10)


def test_the_order_of_a_ranking_counts_and_not_its_ids() -> None:
    """Equal scores would be sorted by id."""
    qrels = {"q": {"a": 1}}
    assert measure(qrels, {"q": ["a", "z"]})["mrr@10"] == 1
    assert measure(qrels, {"q": ["z", "a"]})["mrr@10"] == 0.5


def test_queries_without_answer_or_without_relevant_products_count_as_zero() -> None:
    qrels = {"answered": {"a": 1}, "unanswered": {"a": 1}, "hopeless": {"a": 0}}
    measured = measure(qrels, {"answered": ["a"], "unanswered": [], "hopeless": ["a"]})
    assert measured["ndcg@10"] == pytest.approx(1 / 3)
    assert measured["recall@100"] == pytest.approx(1 / 3)


def test_results_beyond_the_depth_do_not_count() -> None:
    ranking = [f"other-{i}" for i in range(100)] + ["a"]
    assert measure({"q": {"a": 1}}, {"q": ranking})["recall@100"] == 0


def test_percentiles_are_interpolated() -> None:
    assert percentiles([1, 2, 3, 4, 5]) == {"p50_ms": 3, "p95_ms": pytest.approx(4.8)}
