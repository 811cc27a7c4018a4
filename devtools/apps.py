from __future__ import annotations

from django.apps import AppConfig


class DevtoolsConfig(AppConfig):
    """Brings the commands `demo` and `screenshots`."""

    name = "devtools"
