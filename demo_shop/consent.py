"""Say what a visitor has allowed, as the banner keeps it in a cookie."""

from __future__ import annotations

from django.http import HttpRequest

COOKIE = "consent"
CHOICES = ("none", "statistics", "personal")


def allowed(request: HttpRequest) -> str:
    """Return what shopreco may keep of this visitor: nothing, unless they have chosen."""
    return chosen(request) or "none"


def chosen(request: HttpRequest) -> str:
    """Return what the visitor has chosen; empty before they have."""
    choice = request.COOKIES.get(COOKIE, "")
    return choice if choice in CHOICES else ""


def of_page(request: HttpRequest) -> dict[str, str]:
    """Give every page the choice, for its banner."""
    return {"consent": chosen(request)}
