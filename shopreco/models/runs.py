from __future__ import annotations

from typing import ClassVar

from django.db import models, router
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shopreco.models.changes import Change
from shopreco.models.spaces import EmbeddingSpace


class RunKind(models.TextChoices):
    REINDEX = "reindex", _("re-index")
    REBUILD = "rebuild", _("rebuild")


class RunState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class IndexRun(models.Model):
    """A pass over a whole catalogue as a row: it survives every process that works on it.

    A re-index compares every object with the index and repairs what differs, so it is also the
    reconciliation. A rebuild fills a new space in the same pass and activates it at the end.

    Its steps: enumerate the objects; link them, which settles those that are as they were; encode
    and write the rest, whose neighbourhoods are known by then; finish.
    """

    LIVE: ClassVar = (RunState.QUEUED, RunState.RUNNING)

    catalogue = models.CharField(_("catalogue"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=RunKind)
    space = models.ForeignKey(
        EmbeddingSpace,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
        verbose_name=_("version"),
    )
    state = models.CharField(_("state"), max_length=9, choices=RunState, default=RunState.QUEUED)
    cursor = models.CharField(
        max_length=255, blank=True, help_text=_("Key of the last object that was enqueued.")
    )
    enumerated = models.BooleanField(
        default=False, help_text=_("Whether all its objects are enqueued.")
    )
    linked = models.BooleanField(
        default=False, help_text=_("Whether the graph of all its objects is up to date.")
    )
    total = models.PositiveIntegerField(_("total"), default=0)
    encoded = models.PositiveIntegerField(_("encoded"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    files = models.PositiveIntegerField(_("pictures and videos"), default=0, db_default=0)
    unopened = models.PositiveIntegerField(_("of them not opened"), default=0, db_default=0)
    error = models.TextField(_("error"), blank=True)
    requested_by_id = models.CharField(max_length=255, blank=True)
    """Key of the user as text: users may live in another database."""
    requested_by = models.CharField(_("requested by"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["catalogue"],
                condition=Q(state__in=("queued", "running")),
                name="shopreco_run_one_live",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.catalogue} #{self.pk}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def warning(self) -> str:
        """What a run that ended well should tell a person; empty for nothing."""
        if 2 * self.unopened <= self.files:
            return ""
        text = _(
            "Most pictures and videos could not be opened (%(unopened)d of %(files)d): is their "
            "storage mounted, and may workers read it? The vectors that they had are kept."
        )
        return str(text) % {"unopened": self.unopened, "files": self.files}

    @property
    def pending(self) -> int:
        """Objects of this run that still wait; counted from the outbox, so always true."""
        return self._waiting().count()

    @property
    def unlinked(self) -> int:
        """Those of them whose graph is not up to date yet."""
        return self._waiting().filter(linked=False, priority=Change.Priority.BULK).count()

    def _waiting(self) -> models.QuerySet[Change]:
        return Change.objects.using(router.db_for_write(type(self))).filter(run=self)

    @property
    def done(self) -> int:
        return max(0, self.total - self.pending)
