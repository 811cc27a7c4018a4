from __future__ import annotations

from django.apps import AppConfig


class EvaluationAppConfig(AppConfig):
    """An optional app that brings an evaluation subject."""

    name = "tests.evaluation_app"
    label = "evaluation_app"

    def ready(self) -> None:
        from shopreco.evaluation.subjects import SUBJECTS
        from tests.evaluation_app.subjects import TITLES

        SUBJECTS.register(TITLES.name, TITLES)
