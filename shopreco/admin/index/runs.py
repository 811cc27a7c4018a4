"""Runs: start them from the admin, watch them, cancel and resume them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import current_app
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from shopreco import services
from shopreco.admin.appearance import EMPTY, badge
from shopreco.admin.index.previews import Preview, preview
from shopreco.admin.index.progress import progress
from shopreco.admin.pages import Confirmation, ReadOnlyAdmin, written
from shopreco.admin.transactions import outside_transactions
from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.exceptions import ConfigurationError, ShopRecoError
from shopreco.models import Change, EmbeddingSpace, Run

BROKER_TIMEOUT = 2


class RunAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "catalogue", "state_badge", "share", "failed", "requested",
    )  # fmt: skip
    ordering = ("-id",)
    fields = (
        "catalogue", "kind", "space_link", "requested_by", "created_at", "started_at",
        "finished_at",
    )  # fmt: skip

    class Media:
        js = [
            Script("shopreco/admin/run.js", defer=True),
            Script("shopreco/admin/runs.js", defer=True),
        ]

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            name = f"shopreco_run_{name}"
            return path(route, self.admin_site.admin_view(outside_transactions(view)), name=name)

        return [
            at("start/<str:kind>/<str:catalogue>/", self.start_view, "start"),
            at("<int:pk>/progress/", self.progress_view, "progress"),
            at("<int:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
            at("<int:pk>/resume/", require_POST(self.resume_view), "resume"),
            *super().get_urls(),
        ]

    # Columns

    def get_fields(self, request: HttpRequest, obj: Run | None = None) -> list[Any]:
        """The page of a live run outlives its state: what it does now is in its progress."""
        fields = list(super().get_fields(request, obj))
        return [f for f in fields if f != "finished_at"] if obj and obj.is_live else fields

    @admin.display(description=gettext_lazy("run"), ordering="id")
    def name(self, run: Run) -> str:
        return f"#{run.pk} {run.get_kind_display()}"

    @admin.display(description=gettext_lazy("requested"), ordering="id")
    def requested(self, run: Run) -> SafeString | str:
        moment = date_format(localtime(run.created_at), "SHORT_DATETIME_FORMAT")
        if not run.requested_by:
            return moment
        return format_html(
            '{}<br><small class="shopreco-quiet">{}</small>', moment, run.requested_by
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, run: Run) -> SafeString:
        return badge(run.state, run.get_state_display())

    @admin.display(description=gettext_lazy("progress"))
    def share(self, run: Run) -> SafeString | str:
        if not run.total:
            return EMPTY
        waiting = getattr(run, "_shopreco_waiting", None)
        done = run.done if waiting is None else max(0, run.total - waiting)
        return format_html(
            '<progress class="shopreco-progress" max="{}" value="{}" aria-label="{}"></progress> '
            "<small>{}</small>",
            run.total,
            done,
            _("Progress of %s") % run,
            _("%(done)s of %(total)s") % {"done": _grouped(done), "total": _grouped(run.total)},
        )

    @admin.display(description=gettext_lazy("version"))
    def space_link(self, run: Run) -> SafeString | str:
        if run.space_id is None:
            return EMPTY
        url = self.url("shopreco_embeddingspace_change", run.space_id)
        space = written(EmbeddingSpace).filter(pk=run.space_id).first()
        return format_html('<a href="{}">{}</a>', url, space or EMPTY)

    def prepare(self, rows: list[Run]) -> None:
        waiting = dict(
            written(Change)
            .filter(run__in=[run.pk for run in rows])
            .values_list("run")
            .annotate(Count("id"))
        )
        for run in rows:
            if run.subject == Run.INDEX:
                run._shopreco_waiting = waiting.get(run.pk, 0)  # type: ignore[attr-defined]  # kept for one page

    # Pages

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "catalogues": services.status,
            "may_start": self.may(request, "change"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, unquote(object_id))
        context = dict(extra_context or {})
        if run is not None:
            may_steer = self.may(request, "change")
            context |= {"progress": progress(run, may_steer=may_steer), "may_steer": may_steer}
        return super().change_view(request, object_id, form_url, context)

    def progress_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        self.require(request, "view")
        run = self._run(request, pk)
        return JsonResponse(progress(run, may_steer=self.may(request, "change")))

    # Steering

    def start_view(self, request: HttpRequest, kind: str, catalogue: str) -> HttpResponse:
        """Asks before a re-index or rebuild; the POST starts the run."""
        self.require(request, "change")
        shop = self._catalogue(catalogue)
        if kind not in {Run.REINDEX, Run.REBUILD}:
            raise Http404
        if request.method == "POST":
            return self._start(request, kind, shop)
        return self.confirm(
            request,
            _confirmation(kind, preview(shop)),
            self.url("shopreco_run_changelist"),
        )

    def _start(self, request: HttpRequest, kind: str, shop: Catalogue) -> HttpResponse:
        try:
            if kind == Run.REBUILD:
                refit = "refit" in request.POST
                run = services.rebuild(shop.name, refit=refit, user=request.user)
            else:
                run = services.reindex(shop.name, user=request.user)
        except ShopRecoError as error:
            self.fail(request, error)
            return HttpResponseRedirect(self.url("shopreco_run_changelist"))
        self.log_addition(request, run, _("Started."))
        self._report(request, run, _("%s is handed to the workers."))
        return self._to(run)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.require(request, "change")
        run = self._run(request, pk)
        try:
            services.cancel(run)
        except ShopRecoError as error:
            self.fail(request, error)
        else:
            self.log_change(request, run, _("Cancelled."))
            text = _("%s is cancelled. Workers stop after the batch in hand.") % run
            self.message_user(request, text, messages.SUCCESS)
        return self._to(run)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.require(request, "change")
        run = self._run(request, pk)
        try:
            services.resume(run)
        except ShopRecoError as error:
            self.fail(request, error)
        else:
            self.log_change(request, run, _("Resumed."))
            self._report(request, run, _("%s goes on."))
        return self._to(run)

    def _report(self, request: HttpRequest, run: Run, text: str) -> None:
        problem = broker_problem()
        if not problem:
            self.message_user(request, text % run, messages.SUCCESS)
            return
        warning = _(
            "%(run)s is written down, but the message broker does not answer (%(problem)s). "
            "Start the broker: beat’s sweep then hands the run to a worker by itself."
        ) % {"run": run, "problem": problem}
        self.message_user(request, warning, messages.WARNING)

    def _run(self, request: HttpRequest, pk: int) -> Run:
        run: Run | None = self.get_queryset(request).filter(pk=pk).first()
        if run is None:
            raise Http404
        return run

    def _catalogue(self, name: str) -> Catalogue:
        try:
            return get_catalogue(name)
        except ConfigurationError as error:
            raise Http404(str(error)) from error

    def _to(self, run: Run) -> HttpResponseRedirect:
        return HttpResponseRedirect(self.url("shopreco_run_change", run.pk))


def broker_problem() -> str:
    """Why the broker cannot be reached, in a few words; empty if it can."""
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT) as connection:
            connection.ensure_connection(max_retries=0, timeout=BROKER_TIMEOUT)
    except Exception as error:  # noqa: BLE001 (whatever the broker's client raises)
        return str(error)[:200] or type(error).__name__
    return ""


def _confirmation(kind: str, found: Preview) -> Confirmation:
    facts: list[tuple[str, object]] = [
        (_("Catalogue"), found.catalogue),
        (_("Objects in the shop"), _grouped(found.objects)),
        (_("Products in the index"), found.outcomes),
        (_("Waiting to be indexed"), _grouped(found.waiting)),
        (_("Answers come from"), found.active or _("no version yet: this run builds the first")),
    ]
    building = kind == Run.REBUILD or not found.active
    warnings = [found.problem] if found.problem and building else []
    if found.live_run:
        text = _("%s is under way. Wait for it, or cancel it first.")
        warnings.append(text % found.live_run)
    if building:
        facts += [
            (_("Model"), found.encoder),
            (_("Texts to encode"), _to_encode(found)),
        ]
        if found.alignment:
            facts.append((_("Pictures aligned"), found.alignment))
        return Confirmation(
            title=_("Rebuild %s with the current model") % found.catalogue,
            text=_(
                "A new version is built beside the one that answers now, and takes over when it is "
                "complete. Search goes on meanwhile. The version of today is kept: you can roll "
                "back to it."
            ),
            button=_("Rebuild"),
            facts=facts,
            warnings=warnings,
            choices=[_refit()] if found.alignment and kind == Run.REBUILD else [],
            possible=not warnings,
        )
    facts.append((_("Texts to encode"), _("only those that changed since they were indexed")))
    if not found.is_current and not found.problem:
        warnings.append(
            _(
                "The settings or the catalogue’s declarations have changed since this version was "
                "built: a re-index keeps to the old ones. Rebuild to use the new ones."
            )
        )
    return Confirmation(
        title=_("Re-index %s") % found.catalogue,
        text=_(
            "Every object is compared with the index, and what differs is repaired: changed, "
            "missing and vanished objects. Search goes on meanwhile."
        ),
        button=_("Re-index"),
        facts=facts,
        warnings=warnings,
        possible=found.live_run is None,
    )


def _refit() -> tuple[str, str, str]:
    return (
        "refit",
        _("Align the pictures again"),
        _(
            "The map from pictures to texts is fitted anew on all products that have both by now. "
            "Nothing is encoded for it."
        ),
    )


def _to_encode(found: Preview) -> str:
    fresh = max(0, found.objects - found.encoded)
    if not found.encoded:
        return _("all, about %s") % _grouped(fresh)
    text = ngettext(
        "about %(fresh)s; %(known)s is known from before",
        "about %(fresh)s; %(known)s are known from before",
        found.encoded,
    )
    return text % {"fresh": _grouped(fresh), "known": _grouped(found.encoded)}


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)
