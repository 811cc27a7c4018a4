"""System checks: the place of the app, and the statuses that its settings name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from oscar.core.loading import get_model

from shopreco.conf import get_app_settings
from shopreco.contrib.oscar.conf import OscarSettings
from shopreco.exceptions import ConfigurationError


@register("shopreco")
def check_order_of_apps(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Templates are looked for in the order of the apps: behind Oscar ours are never found."""
    labels = [each.label for each in apps.get_app_configs()]
    if "oscar" not in labels or labels.index("shopreco_oscar") < labels.index("oscar"):
        return []
    return [
        checks.Warning(
            "shopreco.contrib.oscar stands behind oscar in INSTALLED_APPS: its templates are not "
            "found, so that pages have no blocks and tell no events.",
            hint="Move 'shopreco.contrib.oscar' before 'oscar.config.Shop'.",
            id="shopreco_oscar.W001",
        )
    ]


@register("shopreco")
def check_statuses(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt status would be reached by no order, and no purchase recorded."""
    try:
        given = get_app_settings(OscarSettings)
    except ConfigurationError:  # another check says what is wrong
        return []
    known = {
        *get_model("order", "Order").all_statuses(),
        *get_model("order", "Line").all_statuses(),
        getattr(settings, "OSCAR_INITIAL_ORDER_STATUS", None),
    }
    return [
        Error(
            f"SHOPRECO['OSCAR'][{name!r}]: no order has the status {status!r}.",
            hint=f"Oscar's pipelines have {', '.join(sorted(filter(None, known))) or 'none'}.",
            id="shopreco_oscar.E001",
        )
        for name in OscarSettings.names()
        if getattr(given, name) != getattr(OscarSettings, name)
        for status in getattr(given, name)
        if status not in known
    ]
