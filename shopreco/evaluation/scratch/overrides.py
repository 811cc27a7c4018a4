"""The one place where a scratch process changes its settings while it runs.

A scratch process is configured as a whole, by `ScratchConfiguration`. Some protocols compare
several spaces in one process, each made by other settings; they change them here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from shopreco.conf import get_settings


@contextmanager
def overridden_settings(**options: Any) -> Iterator[None]:
    """Replace options of `SHOPRECO` for a block, as if the host's settings said so.

    `setting_changed` is sent on the way in and out, so nothing keeps the values before.
    """
    given = getattr(settings, "SHOPRECO", {})
    _replace({**given, **options}, enter=True)
    try:
        yield
    finally:
        _replace(given, enter=False)


def other_weights(**weights: float) -> Mapping[str, float]:
    """`MODALITY_WEIGHTS` with some others, such as `IMAGE=0.0`."""
    return {**get_settings().MODALITY_WEIGHTS, **weights}


def _replace(value: Mapping[str, Any], *, enter: bool) -> None:
    settings.SHOPRECO = value
    setting_changed.send(overridden_settings, setting="SHOPRECO", value=value, enter=enter)
