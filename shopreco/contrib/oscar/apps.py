"""The app, and those of Oscar whose pages it fills, as Oscar has views replaced."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue import apps as catalogue
from oscar.apps.search import apps as search


class OscarConfig(AppConfig):
    """Products and events of Oscar. It stands before Oscar's apps, whose templates it extends."""

    name = "shopreco.contrib.oscar"
    label = "shopreco_oscar"
    verbose_name = _("Search and recommendations for Oscar")
    default = True

    def ready(self) -> None:
        from shopreco.conf import register_settings
        from shopreco.contrib.oscar import checks, signals  # noqa: F401  (registers the checks)
        from shopreco.contrib.oscar.conf import OscarSettings

        register_settings("OSCAR", OscarSettings)
        signals.connect()


class SearchConfig(search.SearchConfig):
    """Oscar's page of results, found by shopreco."""

    default = False

    def ready(self) -> None:
        from shopreco.contrib.oscar.views import ResultsView

        super().ready()
        self.search_view = ResultsView


class CatalogueConfig(catalogue.CatalogueConfig):
    """Oscar's pages of all products and of a category, found by shopreco."""

    default = False

    def ready(self) -> None:
        from shopreco.contrib.oscar.views import AllProductsView, CategoryView

        super().ready()
        self.catalogue_view, self.category_view = AllProductsView, CategoryView
