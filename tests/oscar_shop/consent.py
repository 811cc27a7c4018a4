"""What a visitor allows: everything, with the cookie of the banner."""

from __future__ import annotations

from django.http import HttpRequest


def allowed(request: HttpRequest) -> str:
    return request.COOKIES.get("consent", "none")
