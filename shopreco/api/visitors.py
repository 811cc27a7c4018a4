"""`visitors/me`: what is kept of whoever asks. Of others the admin answers.

Who it is, is said by the visitor's cookie and by the session. What changes something needs Django's
CSRF token, also of those who are not signed in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from shopreco import services
from shopreco.api.cookies import forget_cookie, set_cookie
from shopreco.api.errors import InvalidParameter
from shopreco.api.events import SessionUser
from shopreco.api.throttles import VisitorsThrottle
from shopreco.api.views import PublicView, django_request


class ProtectedSession(SessionUser):
    """The user of the session, with the CSRF token that proves a page of this site."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        SessionAuthentication().enforce_csrf(request)
        return super().authenticate(request)


class VisitorRequest(serializers.Serializer[Any]):
    opted_out = serializers.BooleanField(help_text="Whether personal ranking is off.")


class VisitorResponse(serializers.Serializer[Any]):
    """What there is of whoever asks."""

    consent = serializers.CharField(help_text="`none`, `statistics` or `personal`.")
    browsers = serializers.IntegerField(help_text="By which they are recognised.")
    events = serializers.IntegerField()
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    opted_out = serializers.BooleanField(help_text="Whether personal ranking is off.")


class VisitorView(PublicView):
    """See, change and erase what is kept of oneself."""

    http_method_names = ["get", "head", "patch", "delete"]
    authentication_classes = [ProtectedSession]
    throttle_classes = [VisitorsThrottle]
    parser_classes = [JSONParser]

    def get(self, request: Request) -> HttpResponse:
        return _status(django_request(request))

    def patch(self, request: Request) -> HttpResponse:
        asked = VisitorRequest(data=request.data)
        if not asked.is_valid():
            raise InvalidParameter("opted_out: true or false is needed.", parameter="opted_out")
        change = services.opt_out if asked.validated_data["opted_out"] else services.opt_in
        change(django_request(request))
        return _status(django_request(request))

    def delete(self, request: Request) -> HttpResponse:
        services.erase_visitor(django_request(request))
        response = HttpResponse(status=204)
        forget_cookie(response)
        return response


class VisitorDataView(PublicView):
    """All that is kept of oneself, as JSON lines."""

    authentication_classes = [ProtectedSession]
    throttle_classes = [VisitorsThrottle]

    def get(self, request: Request) -> StreamingHttpResponse:
        kept = services.visitor_data(django_request(request))
        return StreamingHttpResponse(_lines(kept), content_type="application/jsonl")


class MergeView(PublicView):
    """Make the browser one with the others of its user, or take it apart."""

    http_method_names = ["post", "delete"]
    authentication_classes = [ProtectedSession]
    throttle_classes = [VisitorsThrottle]

    def post(self, request: Request) -> HttpResponse:
        token = services.merge_visitor(django_request(request))
        if not token:
            raise PermissionDenied("Sign in, and allow to be remembered, before browsers are one.")
        response = _status(django_request(request))
        set_cookie(response, django_request(request), token)
        return response

    def delete(self, request: Request) -> HttpResponse:
        services.unmerge_visitor(django_request(request))
        return _status(django_request(request))


def _status(request: HttpRequest) -> HttpResponse:
    status = services.visitor_status(request)
    return JsonResponse({"consent": services.consent_of(request), **asdict(status)})


def _lines(kept: Iterator[dict[str, Any]]) -> Iterator[str]:
    for each in kept:
        yield json.dumps(each, default=str, ensure_ascii=False) + "\n"
