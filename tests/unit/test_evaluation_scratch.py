"""A scratch process is configured by data, and changes of its settings are announced."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.signals import setting_changed

from shopreco.conf import get_settings
from shopreco.evaluation.base import Argument
from shopreco.evaluation.scratch.configuration import CORPUS, GENERATED, ScratchConfiguration
from shopreco.evaluation.scratch.overrides import other_weights, overridden_settings
from shopreco.evaluation.subjects import SUBJECTS


def test_a_configuration_travels_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ScratchConfiguration(
        database={"NAME": "scratch", "PASSWORD": "secret"},
        shopreco={"GRAPH_STEPS": 2},
        apps=("shopreco", GENERATED),
        broker="redis://somewhere",
        language="de",
    )
    for name, value in given.as_environment().items():
        monkeypatch.setenv(name, value)
    assert ScratchConfiguration.from_environment() == given


def test_without_an_environment_there_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPRECO_SCRATCH", raising=False)
    assert ScratchConfiguration.from_environment().apps == ("shopreco", CORPUS)


def test_a_shop_without_shopreco_keeps_its_own_app() -> None:
    assert ScratchConfiguration(apps=("shopreco", GENERATED)).without_shopreco().apps == (
        GENERATED,
    )


def test_overridden_settings_are_announced_and_put_back(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": 0}
    heard: list[tuple[str, bool]] = []

    def hear(*, setting: str, enter: bool, **kwargs: object) -> None:
        heard.append((setting, enter))

    setting_changed.connect(hear)
    try:
        with pytest.raises(ZeroDivisionError), overridden_settings(GRAPH_STEPS=2):
            assert get_settings().GRAPH_STEPS == 2
            raise ZeroDivisionError
    finally:
        setting_changed.disconnect(hear)
    assert get_settings().GRAPH_STEPS == 0
    assert heard == [("SHOPRECO", True), ("SHOPRECO", False)]


def test_other_weights_keep_the_rest(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "MODALITY_WEIGHTS": {"VIDEO": 0.125}}
    weights = other_weights(IMAGE=0.0)
    assert weights["IMAGE"] == 0
    assert weights["VIDEO"] == 0.125
    assert weights["TEXT"] == get_settings().MODALITY_WEIGHTS["TEXT"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("folder", "a b", ["a b"]),
        ("--limit", 3, ["--limit=3"]),
        ("--limit", None, []),
        ("--dry-run", True, ["--dry-run"]),
        ("--dry-run", False, []),
    ],
)
def test_an_argument_is_given_again_as_words(name: str, value: object, words: list[str]) -> None:
    argument = Argument(name)
    assert list(argument.given({argument.key: value})) == words


def test_left_out_modalities_weigh_nothing() -> None:
    weights = SUBJECTS.get("search").settings({"modalities": "text, Image"})["MODALITY_WEIGHTS"]
    assert weights["VIDEO"] == weights["BETA"] == 0
    assert weights["IMAGE"] == get_settings().MODALITY_WEIGHTS["IMAGE"]
