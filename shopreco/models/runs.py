from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, router
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shopreco.models.changes import Change
from shopreco.models.spaces import EmbeddingSpace
from shopreco.registries import Registry

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from shopreco.runs.base import RunKind


run_kinds: Registry[RunKind] = Registry("run kind")
"""Kinds of runs, by name: see `shopreco.runs.base`. A row needs its kind to show how far it is."""


def kind_choices() -> list[tuple[str, _StrOrPromise]]:
    """Names and labels of the registered kinds."""
    return [(name, kind.label) for name, kind in run_kinds.items()]


class RunState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Run(models.Model):
    """A long work as a row: it survives every process that works on it.

    Its kind has the steps, and says what the row tells of them; see `shopreco.runs`. The columns
    from `linked` on, without `failed`, count what a run over a catalogue's objects does.
    """

    LIVE: ClassVar = (RunState.QUEUED, RunState.RUNNING)
    RESUMABLE: ClassVar = (RunState.CANCELLED, RunState.FAILED)
    SILENCE: ClassVar = timedelta(minutes=1)
    """A run without a heartbeat for so long has lost its workers, and is taken up again."""
    REINDEX: ClassVar = "reindex"
    REBUILD: ClassVar = "rebuild"
    """Kinds whose subject is the index."""
    INDEX: ClassVar = "index"
    """Subject of the runs that write a catalogue's index: a re-index and a rebuild."""

    catalogue = models.CharField(_("catalogue"), max_length=100)
    subject = models.CharField(max_length=200)
    """What it is about, such as the index or a model that is trained."""
    kind = models.CharField(_("kind"), max_length=40, choices=kind_choices)
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
    notes = models.JSONField(default=dict, blank=True)
    """What a kind writes down for itself: where it stands, and counters of its own."""
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
                fields=["catalogue", "subject"],
                condition=Q(state__in=("queued", "running")),
                name="shopreco_run_one_live",
            ),
        ]

    def __str__(self) -> str:
        subject = "" if self.subject == self.INDEX else f" {self.subject}"
        return f"{self.get_kind_display()} {self.catalogue}{subject} #{self.pk}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_silent(self) -> bool:
        """Whether it is under way, but has given no sign of life for `SILENCE`."""
        return self.is_live and timezone.now() - self._last_sign >= self.SILENCE

    @property
    def _last_sign(self) -> datetime:
        return self.heartbeat_at or self.created_at

    @property
    def _kind(self) -> RunKind | None:
        """Its kind; None if the app that brought it is no longer installed."""
        return run_kinds.get(self.kind) if self.kind in run_kinds else None

    @property
    def stage(self) -> str:
        """What it does now, or what came of it, as a sentence."""
        match self.state:
            case RunState.QUEUED:
                return gettext("Waiting for a worker.")
            case RunState.FAILED:
                return gettext("An error stopped it; resume when its cause is gone.")
            case _:
                return self._kind.stage(self) if self._kind else ""

    @property
    def warning(self) -> str:
        """What a person should know of a run that stands still, or of how it ended; else empty."""
        if self.is_silent:
            return gettext(
                "No sign of life for %(time)s. Are a Celery worker and beat running, and is the "
                "broker reachable? The run goes on by itself as soon as they are; without them "
                "shopreco_reindex takes it over."
            ) % {"time": timesince(self._last_sign, depth=1)}
        return self._kind.warning(self) if self._kind else ""

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
        """How many of `total` are done."""
        return self._kind.done(self) if self._kind else 0
