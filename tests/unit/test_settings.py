"""The SHOPRECO setting: read late, checked, every problem with its fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from shopreco.conf import (
    BaseSettings,
    Fault,
    get_app_settings,
    get_settings,
    option,
    problems,
    register_settings,
    settings_classes,
)
from shopreco.conf import Settings as OwnSettings
from shopreco.exceptions import ConfigurationError


def no_spaces(value: str) -> Fault | None:
    return Fault(f"has a space: {value!r}", "Write one word.") if " " in value else None


@dataclass(frozen=True)
class AssistantSettings(BaseSettings):
    """Assistant: what answers."""

    REMOVED: ClassVar[Mapping[str, str]] = {"TONE": "Use STYLE instead."}

    MODEL: str = option("small", "Which model.", choices=("small", "large"))
    STYLE: str = option("plain", "One word.", validate=no_spaces)
    RETRIES: int = option(0, "How often it asks again.", minimum=0)
    SHARE: float = option(0.5, "Of questions.", between=(0, 1))
    LIMIT: float | None = option(None, "Seconds, or none.")
    STORE: Mapping[str, object] = option({"CLASS": "a.B", "SIZE": 3}, "Where answers are kept.")


@pytest.fixture
def assistant() -> Iterator[None]:
    register_settings("ASSISTANT", AssistantSettings)
    yield
    settings_classes.unregister("ASSISTANT")


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
        ({"SOMETHING_ELSE": 1}, "E001", "Known: TEXT_ENCODER"),
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


def test_every_option_has_help_and_one_group() -> None:
    options = [each for group in OwnSettings.groups().values() for each in group]
    assert sorted(each.name for each in options) == sorted(OwnSettings.names())
    assert [each.name for each in options if not each.metadata["help"]] == []


@pytest.mark.usefixtures("assistant")
class TestAFurtherApp:
    def test_has_settings_under_its_own_key(self, settings: Settings) -> None:
        settings.SHOPRECO = {"LEASE_SECONDS": 5, "ASSISTANT": {"MODEL": "large"}}
        assert problems(settings.SHOPRECO) == []
        assert get_app_settings(AssistantSettings).MODEL == "large"
        assert get_app_settings(AssistantSettings).RETRIES == 0
        assert get_settings().LEASE_SECONDS == 5

    def test_needs_none(self, settings: Settings) -> None:
        settings.SHOPRECO = {}
        assert get_app_settings(AssistantSettings) == AssistantSettings()

    def test_has_dicts_that_are_merged(self, settings: Settings) -> None:
        settings.SHOPRECO = {"ASSISTANT": {"STORE": {"SIZE": 4}}}
        assert get_app_settings(AssistantSettings).STORE == {"CLASS": "a.B", "SIZE": 4}
        settings.SHOPRECO = {"ASSISTANT": {"STORE": {"CLASS": "c.D"}}}
        assert get_app_settings(AssistantSettings).STORE == {"CLASS": "c.D"}

    @pytest.mark.parametrize(
        ("given", "id", "message", "fix"),
        [
            ({"MODLE": "x"}, "E001", "['MODLE'] is not a setting", "Did you mean 'MODEL'?"),
            ({"ZZZ": 1}, "E001", "['ZZZ'] is not a setting", "Known: MODEL, STYLE"),
            ({"TONE": 1}, "E003", "['TONE'] was removed", "Use STYLE instead."),
            ({"MODEL": 7}, "E002", "['MODEL'] is 7", "of type str"),
            ({"MODEL": "huge"}, "E002", "['MODEL'] is 'huge'", "one of small, large"),
            ({"STYLE": "very plain"}, "E002", "['STYLE'] has a space", "Write one word."),
            ({"RETRIES": -1}, "E002", "['RETRIES'] is -1", "at least 0"),
            ({"SHARE": 2}, "E002", "['SHARE'] is 2", "from 0 to 1"),
            ({"SHARE": "all"}, "E002", "['SHARE'] is 'all'", "of type float"),
            ({"LIMIT": "long"}, "E002", "['LIMIT'] is 'long'", "float | None"),
            ([], "E002", " must be a dict", "Write SHOPRECO['ASSISTANT'] = {"),
        ],
    )
    def test_has_problems_that_name_the_path(
        self, settings: Settings, given: object, id: str, message: str, fix: str
    ) -> None:
        settings.SHOPRECO = {"ASSISTANT": given}
        [found] = problems(settings.SHOPRECO)
        assert found.id == id
        assert found.message.startswith(f"SHOPRECO['ASSISTANT']{message}")
        assert fix in found.fix
        [reported] = run_checks(tags=["shopreco"])
        assert (reported.id, reported.msg) == (f"shopreco.{id}", found.message)
        with pytest.raises(ConfigurationError) as raised:
            get_app_settings(AssistantSettings)
        assert str(raised.value) == f"{found.message} {found.fix}"

    def test_leaves_those_of_shopreco_readable(self, settings: Settings) -> None:
        settings.SHOPRECO = {"ASSISTANT": {"MODLE": 1}}
        assert get_settings().LEASE_SECONDS == 300

    def test_may_have_none_where_it_may(self, settings: Settings) -> None:
        assert problems({"ASSISTANT": {"LIMIT": None}}) == []
        assert problems({"ASSISTANT": {"LIMIT": 0}})[0].fix == "It must be above zero."

    def test_is_suggested_where_its_key_is_misspelt(self) -> None:
        assert problems({"ASISTANT": {}})[0].fix.startswith("Did you mean 'ASSISTANT'?")

    def test_shares_its_key_with_nobody(self) -> None:
        register_settings("ASSISTANT", AssistantSettings)
        with pytest.raises(ConfigurationError, match="two of the settings class 'ASSISTANT'"):
            register_settings("ASSISTANT", BaseSettings)
        with pytest.raises(ConfigurationError, match="option of shopreco"):
            register_settings("CACHE", AssistantSettings)


def test_settings_of_an_app_that_is_not_installed_are_unknown(settings: Settings) -> None:
    settings.SHOPRECO = {"ASSISTANT": {"MODEL": "large"}}
    [found] = problems(settings.SHOPRECO)
    assert (found.id, found.message) == (
        "E001",
        "SHOPRECO['ASSISTANT'] is not a setting of shopreco.",
    )
    assert "INSTALLED_APPS" in found.fix
    with pytest.raises(ConfigurationError, match="Is its app in INSTALLED_APPS"):
        get_app_settings(AssistantSettings)
