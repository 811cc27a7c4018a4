"""The visitor's cookie, as an answer sets and forgets it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from shopreco.conf import get_settings


def set_cookie(response: HttpResponse, request: HttpRequest, token: str) -> None:
    options = get_settings()
    response.set_cookie(
        options.VISITOR_COOKIE,
        token,
        max_age=options.VISITOR_COOKIE_DAYS * 86_400,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def forget_cookie(response: HttpResponse) -> None:
    response.delete_cookie(
        get_settings().VISITOR_COOKIE,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        samesite="Lax",
    )
