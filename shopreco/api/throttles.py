"""Rates of public endpoints, per visitor. The host changes one in its own DRF settings:

    REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"shopreco-search": "20/min"}}

`None` switches a throttle off.
"""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from shopreco.services import GuardedCache, shared_key


class VisitorThrottle(SimpleRateThrottle):
    """Counts requests of a user, or of an address where nobody is logged in.

    The address is the one that connects. Behind proxies, DRF's `NUM_PROXIES` says which of the
    addresses in `X-Forwarded-For` to believe; without it none is, since anybody may write there.
    Where there is no address, as behind a Unix socket, nobody is counted.
    """

    default_rate: str
    cache: Any = GuardedCache("default")

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope), self.default_rate)
        return None if rate is None else str(rate)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        user = request.user
        if user.is_authenticated:
            # Users of two shops may have the same key.
            return shared_key("throttle", self.scope, user.pk)
        ident = self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident} if ident else None

    def get_ident(self, request: Request) -> str:
        if api_settings.NUM_PROXIES is None:
            return str(request.META.get("REMOTE_ADDR") or "")
        return str(super().get_ident(request) or "")


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


class VisitorsThrottle(VisitorThrottle):
    """What is kept of somebody is read from many rows."""

    scope = "shopreco-visitors"
    default_rate = "60/min"


class EventThrottle(VisitorThrottle):
    """A request has up to a thousand events."""

    scope = "shopreco-events"
    default_rate = "600/min"
