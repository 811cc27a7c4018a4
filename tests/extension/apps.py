from __future__ import annotations

from django.apps import AppConfig, apps


class ExtensionConfig(AppConfig):
    """An optional app that brings one thing of every kind, each by a line."""

    name = "tests.extension"
    label = "extension"

    def ready(self) -> None:
        from shopreco.answers.search import SEARCH_STAGES
        from shopreco.beats import beats
        from shopreco.evaluation.subjects import SUBJECTS
        from shopreco.retrieval.base import RETRIEVERS
        from shopreco.runs.registry import run_kinds
        from shopreco.stages import StageName
        from tests.extension.beat import STOCKTAKE
        from tests.extension.retriever import Cheaper
        from tests.extension.run_kind import Stocktake
        from tests.extension.stage import PIN
        from tests.extension.subject import Listed

        RETRIEVERS.register(Cheaper.name, Cheaper())
        SEARCH_STAGES.insert(PIN, after=StageName.RANK)
        run_kinds.register(Stocktake.name, Stocktake())
        SUBJECTS.register(Listed.name, Listed())
        beats.register("extension-stocktake", STOCKTAKE)
        # The scratch process of the subject has no admin.
        if apps.is_installed("django.contrib.admin"):
            from shopreco.admin import admin_tabs
            from tests.extension.tab import CHEAPEST

            admin_tabs.register("cheapest", CHEAPEST)
