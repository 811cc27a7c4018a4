"""What a process keeps: asked for once, for a while, and no more than fits."""

from __future__ import annotations

import pytest

from shopreco.db.process_cache import KeyedCache, clear
from shopreco.db.shops import answering_shop

pytestmark = pytest.mark.django_db


class Store:
    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def read(self, keys: list[int]) -> dict[int, str]:
        self.asked.append(keys)
        return {key: str(key) for key in keys if key >= 0}


def test_what_is_kept_is_not_asked_for_again() -> None:
    kept, store = KeyedCache[int, str](max_size=10), Store()
    assert kept.get([1, 2], store.read) == {1: "1", 2: "2"}
    assert kept.get([2, 3], store.read) == {2: "2", 3: "3"}
    assert kept.get([1, 3], store.read) == {1: "1", 3: "3"}
    assert store.asked == [[1, 2], [3]]
    clear()
    kept.get([1], store.read)
    assert store.asked[-1] == [1]


def test_what_there_was_not_is_asked_for_again() -> None:
    kept, store = KeyedCache[int, str](max_size=10), Store()
    assert kept.get([-1], store.read) == {}
    assert kept.get([-1], store.read) == {}
    assert store.asked == [[-1], [-1]]


def test_no_more_is_kept_than_fits() -> None:
    kept, store = KeyedCache[int, str](max_size=3), Store()
    for key in range(10):
        assert kept.get([key], store.read) == {key: str(key)}
        assert len(kept._shops.get((answering_shop(),)) or {}) <= 3
