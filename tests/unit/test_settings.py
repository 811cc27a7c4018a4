"""The SHOPRECO setting: read late, checked, every problem with its fix."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from shopreco import conf
from shopreco.conf import get_settings, problems
from shopreco.exceptions import ConfigurationError


def test_defaults_hold_without_a_setting(settings: Settings) -> None:
    settings.SHOPRECO = {}
    assert get_settings().LEASE_SECONDS == 300
    assert get_settings().artefact_dir.name == "shopreco-artefacts"


def test_a_change_is_seen_at_the_next_reading(settings: Settings) -> None:
    settings.SHOPRECO = {"LEASE_SECONDS": 5}
    assert get_settings().LEASE_SECONDS == 5
    settings.SHOPRECO = {"LEASE_SECONDS": 6}
    assert get_settings().LEASE_SECONDS == 6


def test_dicts_are_merged_with_their_defaults(settings: Settings) -> None:
    settings.SHOPRECO = {"TEXT_ENCODER": {"MODEL": "other/model"}}
    assert get_settings().TEXT_ENCODER["MODEL"] == "other/model"
    assert "SentenceTransformerEncoder" in get_settings().TEXT_ENCODER["CLASS"]


def test_another_class_takes_no_defaults_of_the_first(settings: Settings) -> None:
    settings.SHOPRECO = {"TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder"}}
    assert get_settings().TEXT_ENCODER == {"CLASS": "shopreco.encoders.HashingEncoder"}


@pytest.mark.parametrize(
    ("given", "id", "fix"),
    [
        ({"LEASE_SECOND": 1}, "E001", "Did you mean 'LEASE_SECONDS'?"),
        ({"lease_seconds": 1}, "E001", "Did you mean 'LEASE_SECONDS'?"),
        ({"SOMETHING_ELSE": 1}, "E001", "Known keys: TEXT_ENCODER"),
        ({"LEASE_SECONDS": "5"}, "E002", "of type int"),
        ({"LEASE_SECONDS": True}, "E002", "of type int"),
        ({"LEASE_SECONDS": 0}, "E002", "above zero"),
        ({"GRAPH_STEPS": 6}, "E002", "from 0 to 5"),
        ({"GRAPH_STEPS": -1}, "E002", "from 0 to 5"),
        ({"GRAPH_STEPS": 1.5}, "E002", "of type int"),
        ({"TEXT_ENCODER": "name"}, "E002", "Mapping"),
        ({"PHOTO_ENCODER": "browser"}, "E002", "one of worker, web"),
        (["LEASE_SECONDS"], "E002", "Write SHOPRECO"),
    ],
)
def test_each_problem_is_named_with_its_fix(given: object, id: str, fix: str) -> None:
    [(found, _message, hint)] = problems(given)
    assert found == id
    assert fix in hint


@pytest.mark.parametrize("steps", [0, 5])
def test_steps_may_be_none_and_as_many_as_five(steps: int) -> None:
    assert problems({"GRAPH_STEPS": steps}) == []


def test_a_removed_key_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "REMOVED", {"OLD": "Use NEW instead."})
    assert problems({"OLD": 1}) == [("E003", "SHOPRECO['OLD'] was removed.", "Use NEW instead.")]


def test_system_checks_report_them(settings: Settings) -> None:
    settings.SHOPRECO = {"LEASE_SECOND": 1}
    found = [m for m in run_checks(tags=["shopreco"]) if m.id == "shopreco.E001"]
    assert [m.hint for m in found] == ["Did you mean 'LEASE_SECONDS'?"]


def test_reading_a_wrong_setting_raises_the_same_sentence(settings: Settings) -> None:
    settings.SHOPRECO = {"LEASE_SECOND": 1}
    with pytest.raises(ConfigurationError, match="Did you mean 'LEASE_SECONDS'"):
        get_settings()


@pytest.mark.parametrize("wrong", [{"IMGAE": 1}, {"IMAGE": "much"}, {"IMAGE": -1}])
def test_wrong_modality_weights_are_named(wrong: dict[str, object]) -> None:
    [(id, message, fix)] = problems({"MODALITY_WEIGHTS": wrong})
    assert id == "E002"
    assert str(next(iter(wrong))) in message
    assert "IMAGE" in fix
