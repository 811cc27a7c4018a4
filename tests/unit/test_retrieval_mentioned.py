"""What share of what is mentioned an item has."""

from __future__ import annotations

import numpy as np

from shopreco.queries.entities import NO_SHARES, Holders

WALNUT, ROUND, STEEL = 1, 2, 5
HOLDERS = Holders(
    node_ids=np.array([WALNUT, WALNUT, ROUND, STEEL]),
    item_ids=np.array([10, 30, 30, 20]),
    weights=np.array([1.0, 0.5, 1.0, 1.0]),
)


def test_shares_are_weighed_by_how_sure_mention_and_edge_are() -> None:
    found = HOLDERS.shares({WALNUT: 1.0, ROUND: 0.6})
    assert found.item_ids.tolist() == [10, 30]
    assert found.shares.tolist() == [1 / 1.6, (0.5 + 0.6) / 1.6]
    assert found.at_least(0.65).tolist() == [30]


def test_items_without_any_have_none() -> None:
    found = HOLDERS.shares({STEEL: 0.7, 99: 0.7})
    np.testing.assert_array_equal(found.of(np.array([5, 20, 30])), [np.nan, 0.5, np.nan])
    assert np.isnan(NO_SHARES.of(np.array([5, 20]))).all()
    assert HOLDERS.shares({99: 1.0}).item_ids.tolist() == []
    assert HOLDERS.shares({}) is NO_SHARES
