from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, router
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext
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
    SILENCE: ClassVar = timedelta(minutes=1)
    """A run without a sign of life for so long has lost its workers, and is taken up again."""

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
    def is_silent(self) -> bool:
        """Whether it should move and does not."""
        return self.is_live and timezone.now() - self._last_sign >= self.SILENCE

    @property
    def _last_sign(self) -> datetime:
        return self.heartbeat_at or self.created_at

    @property
    def stage(self) -> str:
        """What it does now, or what came of it, as a sentence."""
        encodes = self.state == RunState.RUNNING and self.enumerated and self.pending > 0
        match self.state:
            case RunState.QUEUED:
                return gettext("Waiting for a worker.")
            case RunState.RUNNING if not self.enumerated:
                return gettext("Listing the objects of the catalogue.")
            case RunState.RUNNING if encodes and not self.linked:
                return gettext("Reading and comparing %(done)s of %(total)s objects.") % {
                    "done": max(0, self.total - self.unlinked),
                    "total": self.total,
                }
            case RunState.RUNNING if encodes:
                return gettext("Encoding and writing what differs.")
            case RunState.RUNNING if self.kind == RunKind.REBUILD:
                return gettext(
                    "Building the search indexes of the new version, and the first time a copy of "
                    "the model for queries."
                )
            case RunState.RUNNING:
                return gettext("Finishing.")
            case RunState.DONE if self.kind == RunKind.REBUILD:
                return gettext("Answers come from the new version.")
            case RunState.DONE:
                return gettext("The index agrees with the catalogue.")
            case RunState.CANCELLED:
                return gettext("What is indexed stays; resume to do the rest.")
            case _:
                return gettext("An error stopped it; resume when its cause is gone.")

    @property
    def warning(self) -> str:
        """What a run should tell a person that stands still, or has ended well; empty for
        nothing."""
        if self.is_silent:
            return gettext(
                "No sign of life for %(time)s. Are a Celery worker and beat running, and is the "
                "broker reachable? The run goes on by itself as soon as they are; without them "
                "shopreco_reindex takes it over."
            ) % {"time": timesince(self._last_sign, depth=1)}
        if 2 * self.unopened <= self.files:
            return ""
        return gettext(
            "Most pictures and videos could not be opened (%(unopened)d of %(files)d): is their "
            "storage mounted, and may workers read it? The vectors that they had are kept."
        ) % {"unopened": self.unopened, "files": self.files}

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
