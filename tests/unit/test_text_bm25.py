"""What a word weighs, and which words can open a document."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.text import (
    document_weights,
    essential_terms,
    inverse_document_frequency,
    lexical_score,
)

QUERIES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.floats(0.0, 12.0))


def test_one_field_is_bm25() -> None:
    weights = document_weights({"title": ["lamp", "lamp", "desk"]}, {"title": 1}, {"title": 6})
    norm = 0.6 + 0.4 * 3 / 6
    assert weights["lamp"] == pytest.approx(2 / (2 + 0.9 * norm))
    assert weights["desk"] == pytest.approx(1 / (1 + 0.9 * norm))


def test_fields_add_up_before_they_saturate() -> None:
    weights = document_weights(
        {"title": ["lamp"], "text": ["lamp"]}, {"title": 3, "text": 1}, {"title": 1, "text": 1}
    )
    assert weights == {"lamp": pytest.approx(4 / 4.9)}


def test_a_word_in_a_longer_field_weighs_less() -> None:
    short = document_weights({"text": ["lamp"]}, {}, {"text": 4})
    long = document_weights({"text": ["lamp", *"abcdefg"]}, {}, {"text": 4})
    assert short["lamp"] > long["lamp"]


def test_fields_without_weight_words_or_average() -> None:
    assert document_weights({"text": ["lamp"]}, {"text": 0}, {}) == {}
    assert document_weights({"text": []}, {"text": 1}, {"text": 3}) == {}
    assert document_weights({"text": ["lamp"]}, {}, {"text": 0})["lamp"] == pytest.approx(1 / 1.9)


def test_rare_words_weigh_more_and_every_word_something() -> None:
    assert inverse_document_frequency(1, 1000) > inverse_document_frequency(10, 1000)
    assert inverse_document_frequency(1000, 1000) > 0
    # Counts that lag behind each other make no error.
    assert inverse_document_frequency(1001, 1000) > 0
    assert inverse_document_frequency(-1, 1000) == inverse_document_frequency(0, 1000)


def test_a_score_is_the_share_of_the_query_that_a_document_covers() -> None:
    assert lexical_score({"red": 0.5, "lamp": 0.5}, {"red": 1, "lamp": 3}) == pytest.approx(0.5)
    assert lexical_score({"lamp": 0.5}, {"red": 1, "lamp": 3}) == pytest.approx(0.375)
    assert lexical_score({}, {"lamp": 3}) == 0
    assert lexical_score({"lamp": 0.5}, {}) == 0


def test_only_rare_words_open_documents() -> None:
    assert essential_terms({"the": 0.1, "lamp": 4.0, "tiffany": 8.0}, 0.3) == ["tiffany", "lamp"]
    assert essential_terms({"the": 0.1, "lamp": 4.0, "tiffany": 8.0}, 0.4) == ["tiffany"]


def test_without_a_share_to_reach_every_word_opens() -> None:
    assert essential_terms({"a": 1.0, "b": 2.0}, 0) == ["b", "a"]


def test_words_of_no_weight_open_nothing() -> None:
    assert essential_terms({"a": 0.0, "b": 2.0}, 0) == ["b"]
    assert essential_terms({}, 0.3) == []
    assert essential_terms({"a": 0.0}, 0.3) == []


def test_equal_words_all_open_where_each_can_reach_the_share() -> None:
    # Three times a third, where rounding decides: no document may get lost.
    assert len(essential_terms({"a": 0.1, "b": 0.1, "c": 0.1}, 1 / 3)) == 3


@given(query=QUERIES, share=st.floats(0.0, 1.0))
def test_no_document_without_an_essential_term_can_reach_the_share(
    query: dict[str, float], share: float
) -> None:
    essential = essential_terms(query, share)
    # The best document without them: every other term with the greatest weight there is.
    best = {term: 1.0 for term in query if term not in essential}
    mass = math.fsum(query.values())
    if mass:
        assert lexical_score(best, query) < share or not any(query[t] for t in best)


@given(
    query=st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 50).map(float), min_size=1),
    share=st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.37, 0.5, 0.81, 1.0]),
)
def test_no_smaller_set_of_terms_is_enough(query: dict[str, float], share: float) -> None:
    essential = essential_terms(query, share)
    threshold = share * sum(query.values())

    def is_enough(chosen: tuple[str, ...]) -> bool:
        return sum(weight for term, weight in query.items() if term not in chosen) < (
            threshold - 1e-9
        )

    assert is_enough(tuple(essential))
    for smaller in combinations(query, len(essential) - 1):
        assert not is_enough(smaller)
