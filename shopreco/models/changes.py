from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """The outbox: one row per object that waits to be indexed. The row is the queue.

    A save inserts it in the host's transaction, or raises `version` if it waits already. A worker
    leases it under its own `claim`, re-reads the object, and deletes it if neither `version` nor
    `claim` moved in the meantime.
    """

    catalogue = models.CharField(_("catalogue"), max_length=100)
    object_id = models.CharField(_("object id"), max_length=255)
    version = models.BigIntegerField(default=1)
    priority = models.SmallIntegerField(
        default=1, help_text=_("Saves (1) go before the bulk of a run (0).")
    )
    run = models.ForeignKey(
        "shopreco.IndexRun", null=True, on_delete=models.SET_NULL, related_name="changes"
    )
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["catalogue", "object_id"], name="shopreco_change_object"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["catalogue", "-priority", "id"], name="shopreco_change_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.catalogue} {self.object_id} v{self.version}"
