from __future__ import annotations

from django.apps import AppConfig


class TestAppConfig(AppConfig):
    name = "tests.testapp"
    label = "testapp"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shopreco.runs.registry import run_kinds
        from tests.testapp.run_kinds import Count

        run_kinds.register(Count.name, Count())
