"""Settings of shopreco: one dict, `SHOPRECO`, in the host's settings; read late, checked at start.

    SHOPRECO = {"TEXT_ENCODER": {"MODEL": "BAAI/bge-small-en-v1.5"}}

    from shopreco.conf import get_settings
    get_settings().LEASE_SECONDS

A further app brings a class of its own, under its own key, from its `AppConfig.ready`:

    @dataclass(frozen=True)
    class AssistantSettings(BaseSettings):
        MODEL: str = option("small", "The model that writes answers.", choices=("small", "large"))

    register_settings("ASSISTANT", AssistantSettings)
    get_app_settings(AssistantSettings).MODEL

Unknown, misspelt, removed or wrongly typed keys are system-check errors (`shopreco.E001` to
`E003`) that name the fix. Settings never shape tables.
"""

from __future__ import annotations

from shopreco.conf.options import BaseSettings, option
from shopreco.conf.registry import (
    Problem,
    get_app_settings,
    get_settings,
    problems,
    register_settings,
    settings_classes,
)
from shopreco.conf.settings import WEIGHTS, Settings
from shopreco.conf.validators import Fault, Validator

__all__ = [
    "WEIGHTS",
    "BaseSettings",
    "Fault",
    "Problem",
    "Settings",
    "Validator",
    "get_app_settings",
    "get_settings",
    "option",
    "problems",
    "register_settings",
    "settings_classes",
]
