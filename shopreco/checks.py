"""System checks of settings and catalogues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from rest_framework.settings import api_settings

from shopreco.apps import ShopRecoConfig
from shopreco.catalogues import get_catalogues
from shopreco.conf import problems

BEHIND_PROXIES = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


@register("shopreco")
def check_settings(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    found = problems(getattr(django_settings, "SHOPRECO", {}))
    return [Error(message, hint=fix, id=f"shopreco.{code}") for code, message, fix in found]


@register("shopreco")
def check_catalogues(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [message for catalogue in get_catalogues() for message in type(catalogue).check()]


@register("shopreco")
def check_tenants(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """With a backend for tenants, an index that all share would show each what is another's."""
    own = _labels(getattr(django_settings, "TENANT_APPS", ()))
    shared = {c.model._meta.app_label for c in get_catalogues()} & own
    if not shared or ShopRecoConfig.label in own:
        return []
    return [
        Error(
            f"Products of {', '.join(sorted(shared))} are a tenant's, the tables of shopreco are "
            "not: every shop would find what is another's.",
            hint="Add 'shopreco' to TENANT_APPS.",
            id="shopreco.E004",
        )
    ]


def _labels(entries: Iterable[str]) -> set[str]:
    return {AppConfig.create(entry).label for entry in entries}


@register("shopreco")
def check_proxies(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy all visitors come from its address, and would be counted as one."""
    behind = [name for name in BEHIND_PROXIES if getattr(django_settings, name, None)]
    if not behind or api_settings.NUM_PROXIES is not None:
        return []
    return [
        checks.Warning(
            f"{behind[0]} says that there is a proxy before this site, but NUM_PROXIES of "
            "REST_FRAMEWORK is not set: the rates of the search API count all visitors together.",
            hint="REST_FRAMEWORK = {'NUM_PROXIES': 1}, or as many as each add to X-Forwarded-For.",
            id="shopreco.W001",
        )
    ]
