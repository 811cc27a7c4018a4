"""Rates of public endpoints, per visitor. The host changes one in its own DRF settings:

    REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"shopreco-search": "20/min"}}

`None` switches a throttle off.
"""

from __future__ import annotations

import logging

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

logger = logging.getLogger(__name__)


class VisitorThrottle(SimpleRateThrottle):
    """Counts requests of a user, or of an address where nobody is logged in.

    Behind proxies the address is right when DRF's `NUM_PROXIES` is.
    """

    default_rate: str

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope), self.default_rate)
        return None if rate is None else str(rate)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        user = request.user
        ident = user.pk if user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except Exception as error:  # noqa: BLE001 (whatever the cache's client raises)
            logger.warning("requests are not counted, the cache does not answer: %s", error)
            return True


class SearchThrottle(VisitorThrottle):
    scope = "shopreco-search"
    default_rate = "120/min"


class PhotoThrottle(VisitorThrottle):
    """Every photo is work for a worker."""

    scope = "shopreco-photo"
    default_rate = "20/min"


class AutocompleteThrottle(VisitorThrottle):
    """Typing asks several times a second."""

    scope = "shopreco-autocomplete"
    default_rate = "600/min"


class RecommendThrottle(VisitorThrottle):
    """A page may have several blocks."""

    scope = "shopreco-recommend"
    default_rate = "300/min"
