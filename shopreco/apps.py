from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopRecoConfig(AppConfig):
    name = "shopreco"
    label = "shopreco"
    verbose_name = _("Search and recommendations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from shopreco import checks  # noqa: F401  (registers the system checks)
        from shopreco.indexing import index_runs, signals

        index_runs.register()
        autodiscover_modules("catalogues")
        signals.connect()
