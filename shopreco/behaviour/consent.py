"""Consent: the shop's own banner decides what may be kept of a visitor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from shopreco.conf import get_settings
from shopreco.exceptions import ConfigurationError
from shopreco.models import EventConsent

logger = logging.getLogger(__name__)


def consent_of(request: HttpRequest) -> EventConsent:
    """What this visitor allows, as the function that `CONSENT` names says; without one, nothing.

    A browser that sends Global Privacy Control is taken at its word: no personal ranking. A
    function that fails, or answers with something else, has allowed nothing; the log says why.
    """
    path = get_settings().CONSENT
    if not path:
        return EventConsent.NONE
    try:
        given = EventConsent(_hook(path)(request))
    except Exception:
        logger.exception("CONSENT %s does not say what a visitor allows: nothing", path)
        return EventConsent.NONE
    if given == EventConsent.PERSONAL and refuses(request):
        return EventConsent.STATISTICS
    return given


def refuses(request: HttpRequest) -> bool:
    """Whether the browser sends Global Privacy Control, which `HONOUR_GPC` honours."""
    return bool(get_settings().HONOUR_GPC and request.headers.get("Sec-GPC") == "1")


@lru_cache(maxsize=16)
def _hook(path: str) -> Callable[[HttpRequest], Any]:
    try:
        hook: Callable[[HttpRequest], Any] = import_string(path)
    except ImportError as error:
        raise ConfigurationError(f"CONSENT {path!r} cannot be imported: {error}.") from error
    return hook
