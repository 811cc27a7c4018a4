from __future__ import annotations

from django.apps import AppConfig


class DemoCatalogueConfig(AppConfig):
    """Brings the commands `load_catalogue` and `load_demo`."""

    name = "demo_catalogue"
