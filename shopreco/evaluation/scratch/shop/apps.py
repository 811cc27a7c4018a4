from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shopreco.evaluation.scratch.shop"
    label = "shopreco_shop"
    default_auto_field = "django.db.models.BigAutoField"
