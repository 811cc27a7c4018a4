"""Views outside of the host's transactions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse


def outside_transactions(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep ATOMIC_REQUESTS away: indexes are created and dropped CONCURRENTLY."""

    @wraps(view)
    def outside(*args: Any, **kwargs: Any) -> HttpResponse:
        return view(*args, **kwargs)

    for alias in settings.DATABASES:
        outside = transaction.non_atomic_requests(using=alias)(outside)
    return outside
