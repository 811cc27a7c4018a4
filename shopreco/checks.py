"""System checks of settings, catalogues, the decoder and the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import OperationalError, connections, router
from rest_framework.settings import api_settings

from shopreco.apps import ShopRecoConfig
from shopreco.catalogues import get_catalogues
from shopreco.conf import problems
from shopreco.db.extensions import NEEDED, SOUND_PGVECTOR, installed, problem, unanswered
from shopreco.media.confinement import FIX, UNCONFINED, can_confine

BEHIND_PROXIES = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


@register("shopreco")
def check_settings(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    found = problems(getattr(django_settings, "SHOPRECO", {}))
    return [Error(message, hint=fix, id=f"shopreco.{code}") for code, message, fix in found]


@register("shopreco")
def check_catalogues(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [message for catalogue in get_catalogues() for message in type(catalogue).check()]


@register("shopreco")
def check_decoder(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A warning where pictures or videos are indexed and nothing confines what decodes them."""
    fields = [field for catalogue in get_catalogues() for field in catalogue.fields.values()]
    if can_confine() or not any(field.modality for field in fields):
        return []
    return [checks.Warning(UNCONFINED, hint=FIX, id="shopreco.W020")]


@register(Tags.database)
def check_extensions(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Of the databases that Django asks for: in `migrate`, and in `check --database`."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        if connections[alias].vendor == "postgresql" and router.allow_migrate(alias, "shopreco"):
            try:
                found += _check_database(alias)
            except OperationalError as error:
                found.append(Error(unanswered(error), id="shopreco.E021"))
    return found


def _check_database(alias: str) -> list[CheckMessage]:
    reasons = [problem(connections[alias], name, minimum) for name, minimum in NEEDED.items()]
    found: list[CheckMessage] = [Error(reason, id="shopreco.E020") for reason in reasons if reason]
    vector = installed(connections[alias], "vector")
    if vector is not None and vector.number < SOUND_PGVECTOR:
        sound = ".".join(map(str, SOUND_PGVECTOR))
        found.append(
            checks.Warning(
                f"pgvector {vector.version} in database {alias!r} has faults that {sound} mends: "
                "a vacuum can corrupt HNSW indexes, and a buffer can overflow.",
                hint=f"Update its package on the database server to {sound} or newer, run ALTER "
                "EXTENSION vector UPDATE; and rebuild the spaces (shopreco_reindex --rebuild).",
                id="shopreco.W021",
            )
        )
    return found


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
