"""What waits to be indexed."""

from __future__ import annotations

from shopreco.catalogues import get_catalogues
from shopreco.indexing import marks
from shopreco.models import Change, Mark


def waiting() -> set[str]:
    """Ids of all objects that wait, after workers have collected what saves have marked."""
    for catalogue in get_catalogues():
        marks.collect(catalogue)
    return set(Change.objects.values_list("object_id", flat=True))


def forget_changes() -> None:
    """As if nothing waited."""
    Mark.objects.all().delete()
    Change.objects.all().delete()
