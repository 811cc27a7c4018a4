"""Addresses of an object: its page in the admin, its page in the shop."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from shopreco.catalogues import Catalogue

logger = logging.getLogger(__name__)


def change_page(site: admin.AdminSite, obj_or_model: Any, pk: object) -> str:
    """Address of an object's change page; empty if its model is not in this admin."""
    opts = obj_or_model._meta
    if not site.is_registered(opts.model):
        return ""
    try:
        name = f"admin:{opts.app_label}_{opts.model_name}_change"
        return reverse(name, args=[pk], current_app=site.name)
    except NoReverseMatch:
        return ""


def shop_page(catalogue: Catalogue, obj: Any) -> str:
    """Address of an object in the shop; empty if the shop's own hook has none or fails.

    An admin on a host of its own has URLs of its own, where the shop's cannot be reversed.
    """
    try:
        return catalogue.get_url(obj)
    except Exception as error:  # noqa: BLE001 (whatever the shop's code raises)
        logger.info("%s %s has no address here: %s", catalogue.name, obj.pk, error)
        return ""
