from __future__ import annotations

from django.apps import AppConfig


class CorpusConfig(AppConfig):
    name = "shopreco.evaluation.scratch.corpus"
    label = "shopreco_corpus"
    default_auto_field = "django.db.models.BigAutoField"
