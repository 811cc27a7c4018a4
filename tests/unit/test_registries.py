"""Registries hold what apps add."""

from __future__ import annotations

import pytest

from shopreco.exceptions import ConfigurationError
from shopreco.registries import Registry, did_you_mean


def test_names_come_in_the_order_in_which_they_were_added() -> None:
    registry = Registry[int]("number")
    registry.register("two", 2)
    registry.register("one", 1)

    assert list(registry) == ["two", "one"]
    assert registry.items() == [("two", 2), ("one", 1)]
    assert "one" in registry
    assert len(registry) == 2


def test_the_same_thing_may_come_twice_and_another_may_not() -> None:
    registry = Registry[int]("number")
    registry.register("one", 1)
    registry.register("one", 1)

    with pytest.raises(ConfigurationError, match="two of the number 'one'"):
        registry.register("one", 2)


def test_a_misspelt_name_is_met_with_the_closest() -> None:
    registry = Registry[int]("number")
    registry.register("seven", 7)

    with pytest.raises(ConfigurationError, match="Did you mean 'seven'"):
        registry.get("sevn")
    registry.unregister("seven")
    with pytest.raises(ConfigurationError, match="None is known"):
        registry.get("seven")


def test_where_nothing_is_close_all_are_named() -> None:
    assert did_you_mean("xyz", ["one", "two"]) == "Known: one, two."
