"""Shoppers: requests of visitors, and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from shopreco import services

COOKIE = "shopreco_visitor"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CONSENT = f"{__name__}.allowed"
CART = f"{__name__}.in_cart"


def allowed(request: HttpRequest) -> str:
    """The consent that a request of the tests names: for the setting `CONSENT`."""
    return str(request.headers.get("X-Consent", "none"))


def in_cart(request: HttpRequest) -> Sequence[Any]:
    """What the tests have put into the cart of a request: for the setting `CART`."""
    found: Sequence[Any] = getattr(request, "cart", ())
    return found


@dataclass
class Shopper:
    """A browser, with the cookie that it is given, and perhaps a user who is signed in."""

    consent: str = "personal"
    user: Any = field(default_factory=AnonymousUser)
    token: str = ""
    cart: Sequence[Any] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def request(self) -> HttpRequest:
        named = {"User-Agent": BROWSER, "X-Consent": self.consent, **self.headers}
        request = RequestFactory().get("/", headers=named)
        if self.token:
            request.COOKIES[COOKIE] = self.token
        request.user = self.user
        request.cart = self.cart  # type: ignore[attr-defined]  # see `in_cart`
        return request

    def did(self, name: str, *objects: Model, ago: float = 0, catalogue: str | None = None) -> None:
        """Tell of something that happened some minutes ago."""
        items = [{"item_id": str(each.pk)} for each in objects]
        time = (timezone.now() - timedelta(minutes=ago)).isoformat()
        event = {"uuid": str(uuid4()), "name": name, "items": items, "time": time}
        received = services.receive_events([event], request=self.request, catalogue=catalogue)
        assert (received.accepted, list(received.errors)) == (1, [])
        self.token = received.token

    def viewed(self, *objects: Model) -> None:
        """Each a minute after the one before."""
        for n, each in enumerate(objects):
            self.did("view_item", each, ago=len(objects) - n)

    def bought(self, *objects: Model, order: str = "A1") -> None:
        services.track("purchase", objects, request=self.request, transaction_id=order)
