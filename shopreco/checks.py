"""System checks of settings and catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from shopreco.catalogues import get_catalogues
from shopreco.conf import problems
from shopreco.media.confinement import FIX, UNCONFINED, can_confine


@register("shopreco")
def check_settings(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    found = problems(getattr(django_settings, "SHOPRECO", {}))
    return [Error(message, hint=fix, id=f"shopreco.{code}") for code, message, fix in found]


@register("shopreco")
def check_catalogues(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [message for catalogue in get_catalogues() for message in type(catalogue).check()]


@register("shopreco")
def check_decoder(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A warning where pictures or videos are indexed and nothing confines what decodes them."""
    fields = [field for catalogue in get_catalogues() for field in catalogue.fields.values()]
    if can_confine() or not any(field.modality for field in fields):
        return []
    return [checks.Warning(UNCONFINED, hint=FIX, id="shopreco.W020")]
