"""Aliases of the database that holds the tables of shopreco."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import router


def write_alias() -> str:
    """The writing database; it is also read where a replica would lag behind."""
    return router.db_for_write(_item())


def read_alias() -> str:
    """The reading database of answers: a replica, if the host's router names one."""
    return router.db_for_read(_item())


def _item() -> Any:
    return apps.get_model("shopreco", "Item")
