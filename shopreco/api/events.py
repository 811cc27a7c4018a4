"""`POST events/`: what visitors do, as their browsers tell it."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request

from shopreco import services
from shopreco.api.cookies import forget_cookie, set_cookie
from shopreco.api.errors import InvalidParameter
from shopreco.api.throttles import EventThrottle
from shopreco.api.views import PublicView, django_request
from shopreco.catalogues import get_catalogues
from shopreco.registries import did_you_mean

MAX_EVENTS: Final = 1_000
MAX_BYTES: Final = 2**20
"""Size of a request, unpacked."""


class TooLarge(APIException):
    """413: more than is read at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class SessionUser(BaseAuthentication):
    """The user of the session. A beacon has no CSRF token, so that DRF's own would refuse it; pages
    of other sites are refused by their origin."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(django_request(request), "user", None)
        return (user, None) if user is not None and user.is_authenticated else None


class EventItemSerializer(serializers.Serializer[Any]):
    item_id = serializers.CharField(help_text="Key of the object, as text.")
    quantity = serializers.IntegerField(required=False, min_value=1)
    price = serializers.FloatField(required=False, min_value=0, help_text="Of one piece.")
    position = serializers.IntegerField(
        required=False, min_value=0, help_text="Its `rank` in the answer that showed it."
    )


class EventSerializer(serializers.Serializer[Any]):
    """What is read of an event; it is read by `shopreco.behaviour.events`, a thousand at a time."""

    name = serializers.CharField(help_text="As Google Analytics 4 calls it: `view_item`, …")
    uuid = serializers.UUIDField(required=False, help_text="By which it counts once.")
    time = serializers.CharField(
        required=False, help_text="ISO 8601, or milliseconds since 1970; by default now."
    )
    items = EventItemSerializer(many=True, required=False)
    value = serializers.FloatField(required=False)
    currency = serializers.CharField(required=False, help_text="ISO 4217.")
    transaction_id = serializers.CharField(
        required=False, help_text="Number of the order; a purchase needs it."
    )
    search_term = serializers.CharField(required=False, help_text="The query of a search.")
    total = serializers.IntegerField(required=False, help_text="Results of the search.")
    query_id = serializers.CharField(required=False, help_text="Of the search that led to it.")
    rec_id = serializers.CharField(required=False, help_text="Of the block that led to it.")
    placement = serializers.CharField(required=False)
    session = serializers.CharField(required=False)
    page = serializers.CharField(required=False, help_text="A random id of one page view.")
    sender = serializers.CharField(required=False, help_text="The script that sends it.")


class EventsRequest(serializers.Serializer[Any]):
    """Events, and what holds for all of them."""

    events = EventSerializer(many=True)
    sent_at = serializers.CharField(
        required=False, help_text="When they were sent, by the clock that their times are of."
    )
    catalogue = serializers.CharField(required=False, help_text="Of the items.")


class EventErrorSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place of the event in the request, from 0.")
    code = serializers.CharField(help_text="For programs: `invalid_event`, `erased`.")
    detail = serializers.CharField(help_text="For people: the field and what it may be.")


class EventsResponse(serializers.Serializer[Any]):
    """What became of the events."""

    accepted = serializers.IntegerField(help_text="Events that are new.")
    repeated = serializers.IntegerField(help_text="Events that had been taken in before.")
    remember = serializers.BooleanField(
        help_text="Whether the visitor allows that a page keeps something on the device."
    )
    # A name that DRF's serializers have as a property, which the answer hides.
    errors = EventErrorSerializer(many=True)  # type: ignore[assignment]  # see above


class EventsView(PublicView):
    """Takes one event, a list of them, or `{"events": […], "sent_at": …, "catalogue": …}`."""

    http_method_names = ["post"]
    authentication_classes = [SessionUser]
    throttle_classes = [EventThrottle]

    def post(self, request: Request) -> HttpResponse:
        http_request = django_request(request)
        _refuse_other_sites(http_request)
        events, envelope = _events(_body(http_request))
        received = services.receive_events(
            events,
            request=http_request,
            catalogue=_catalogue(envelope.get("catalogue")),
            sent_at=envelope.get("sent_at"),
        )
        answer = {
            "accepted": received.accepted,
            "repeated": received.repeated,
            "remember": received.remember,
            "errors": [
                {"index": each.index, "code": each.code, "detail": each.detail}
                for each in received.errors
            ],
        }
        response = JsonResponse(answer, status=status.HTTP_202_ACCEPTED)
        if received.token:
            set_cookie(response, http_request, received.token)
        elif any(each.code == "erased" for each in received.errors):
            # The next visit begins anew.
            forget_cookie(response)
        return response


def _refuse_other_sites(request: HttpRequest) -> None:
    """A page of another site may not speak for the visitors of this one."""
    origin = request.headers.get("Origin", "")
    ours = (not origin, origin in settings.CSRF_TRUSTED_ORIGINS)
    if not any(ours) and urlsplit(origin).netloc != request.get_host():
        raise PermissionDenied(
            f"Events from {origin:.80} are not taken in. Add it to CSRF_TRUSTED_ORIGINS if it is "
            "yours."
        )


def _body(request: HttpRequest) -> bytes:
    """The body, unpacked. No more of it is read or unpacked than is allowed."""
    try:
        packed = request.read(MAX_BYTES + 1)
    except (UnreadablePostError, OSError) as error:
        raise InvalidParameter("The request broke off.", "invalid_request") from error
    body = packed
    if request.headers.get("Content-Encoding", "").strip().lower() == "gzip":
        unpack = zlib.decompressobj(wbits=31)
        try:
            body = unpack.decompress(packed, MAX_BYTES + 1)
        except zlib.error as error:
            raise InvalidParameter(f"The body is no gzip: {error}.", "invalid_request") from error
        if not unpack.eof and len(body) <= MAX_BYTES:
            raise InvalidParameter("The body is no whole gzip.", "invalid_request")
    if len(packed) > MAX_BYTES or len(body) > MAX_BYTES:
        raise TooLarge(f"More than {MAX_BYTES:,} bytes are not read at once. Send fewer events.")
    return body


def _events(body: bytes) -> tuple[list[Any], dict[str, Any]]:
    """The events, and the object around them where there is one."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"The body is no JSON: {error}.", "invalid_request") from error
    envelope: dict[str, Any] = {}
    if isinstance(given, dict) and "events" in given:
        envelope, given = given, given["events"]
    events = [given] if isinstance(given, dict) else given
    if not isinstance(events, list):
        raise InvalidParameter("events: a list of objects is needed.", parameter="events")
    if len(events) > MAX_EVENTS:
        raise TooLarge(f"{len(events):,} events; at most {MAX_EVENTS:,} are taken in at once.")
    return events, envelope


def _catalogue(name: object) -> str | None:
    names = [each.name for each in get_catalogues()]
    if name is None or name in names:
        return None if name is None else str(name)
    hint = did_you_mean(str(name), names)
    raise InvalidParameter(f"There is no catalogue {name!r:.80}. {hint}", parameter="catalogue")
