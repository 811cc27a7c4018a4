from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Mark(models.Model):
    """What a save of the shop says, in the shop's own transaction: this object changed, or this
    brand did, which objects are related to.

    Marks are only ever inserted. No two transactions want the same row, so a save waits for nobody
    and deadlocks with nobody. Workers turn marks into changes; many marks of an object make one.
    No index but the key's: a save pays for each.
    """

    catalogue = models.CharField(_("catalogue"), max_length=100)
    path = models.TextField(
        help_text=_("Relation from the catalogue's model to what changed; empty for the object.")
    )
    key = models.TextField(help_text=_("Primary key of what changed."))
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")

    def __str__(self) -> str:
        return f"{self.catalogue} {self.path or 'object'} {self.key}"


class Change(models.Model):
    """An object that waits to be indexed. The row is the queue, of workers and runs alone.

    A worker leases it under its own `claim`, re-reads the object, and deletes it if neither
    `version` nor `claim` moved in the meantime.
    """

    class Priority(models.IntegerChoices):
        BULK = 0, _("bulk of a run, and what is tried again")
        RELATED = 1, _("something it is related to was saved")
        SAVED = 2, _("saved")

    catalogue = models.CharField(_("catalogue"), max_length=100)
    object_id = models.CharField(_("object id"), max_length=255)
    version = models.BigIntegerField(default=1)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.SAVED)
    run = models.ForeignKey(
        "shopreco.Run", null=True, on_delete=models.SET_NULL, related_name="changes"
    )
    linked = models.BooleanField(
        default=False, help_text=_("Whether its run has brought the graph of it up to date.")
    )
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
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
