"""Spaces: which representations exist, which one answers, switch, roll back and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services
from shopreco.admin.appearance import EMPTY, TECHNICAL, badge
from shopreco.admin.log_entries import log
from shopreco.admin.pages import Confirmation, ReadOnlyAdmin, written
from shopreco.admin.transactions import outside_transactions
from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.exceptions import ShopRecoError
from shopreco.models import EmbeddingSpace, Run, SpaceState


class EmbeddingSpaceAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "catalogue", "state_and_settings", "model_name", "items", "size",
    )  # fmt: skip
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state_badge", "catalogue", "model_name", "items", "size", "current",
                    "alignment", "created_at", "activated_at",
                )
            },
        ),
        (
            TECHNICAL,
            {
                "classes": ("collapse",),
                "fields": (
                    "dimension", "encoder_options", "lengths", "fingerprint",
                    "encoder_fingerprint",
                ),
            },
        ),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{step}/",
                self.admin_site.admin_view(outside_transactions(view)),
                name=f"shopreco_embeddingspace_{step}",
            )
            for step, view in (("activate", self.activate_view), ("drop", self.drop_view))
        ]
        return own + super().get_urls()

    # Columns

    @admin.display(description=gettext_lazy("version"), ordering="id")
    def name(self, space: EmbeddingSpace) -> SafeString:
        age = _("%s ago") % timesince(space.created_at, depth=1)
        return format_html('#{}<br><small class="shopreco-quiet">{}</small>', space.pk, age)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, space: EmbeddingSpace) -> SafeString:
        return badge(space.state, space.get_state_display())

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_and_settings(self, space: EmbeddingSpace) -> SafeString:
        shown = '{}<br><small class="shopreco-quiet">{}</small>'
        return format_html(shown, self.state_badge(space), self.current(space))

    @admin.display(description=gettext_lazy("model"))
    def model_name(self, space: EmbeddingSpace) -> str:
        return describe_encoder(space.encoder)

    @admin.display(description=gettext_lazy("products"))
    def items(self, space: EmbeddingSpace) -> str:
        return number_format(self._measured(space)[0].items, use_l10n=True, force_grouping=True)

    @admin.display(description=gettext_lazy("size"))
    def size(self, space: EmbeddingSpace) -> str:
        return filesizeformat(self._measured(space)[0].bytes)

    @admin.display(description=gettext_lazy("settings"))
    def current(self, space: EmbeddingSpace) -> SafeString:
        fingerprint, problem = self._measured(space)[1]
        if problem:
            return badge("failed", _("unknown: %s") % problem)
        if fingerprint == space.fingerprint:
            return badge("indexed", _("as in the settings"))
        return badge("skipped", _("differs from the settings"))

    @admin.display(description=gettext_lazy("dimension"))
    def dimension(self, space: EmbeddingSpace) -> int:
        return space.dimension

    @admin.display(description=gettext_lazy("options"))
    def encoder_options(self, space: EmbeddingSpace) -> SafeString:
        text = ", ".join(f"{key} = {value!r}" for key, value in space.encoder.items())
        return format_html("<code>{}</code>", text)

    @admin.display(description=gettext_lazy("pictures aligned"))
    def alignment(self, space: EmbeddingSpace) -> str:
        return describe_alignment(services.alignment_metrics(space)) or EMPTY

    @admin.display(description=gettext_lazy("average words per field"))
    def lengths(self, space: EmbeddingSpace) -> str:
        means = space.statistics.average_lengths
        return ", ".join(f"{k} {number_format(v, 1)}" for k, v in means.items()) or EMPTY

    def prepare(self, rows: list[EmbeddingSpace]) -> None:
        sizes = services.space_sizes(rows)
        known = {catalogue.name: catalogue for catalogue in get_catalogues()}
        current = {name: current_state(known.get(name)) for name in {s.catalogue for s in rows}}
        for space in rows:
            space._shopreco_measured = (sizes[space.pk], current[space.catalogue])  # type: ignore[attr-defined]  # kept for one page

    def _measured(self, space: EmbeddingSpace) -> tuple[services.SpaceSize, tuple[str, str]]:
        if not hasattr(space, "_shopreco_measured"):
            self.prepare([space])
        measured: tuple[services.SpaceSize, tuple[str, str]] = space._shopreco_measured  # type: ignore[attr-defined]  # kept for one page
        return measured

    # Steering

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        space = self.get_object(request, object_id)
        context = {
            "may_activate": space and self._may_activate(request, space),
            "may_drop": space and self._may_drop(request, space),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def _may_activate(self, request: HttpRequest, space: EmbeddingSpace) -> bool:
        return space.state == SpaceState.RETIRED and self.may(request, "change")

    def _may_drop(self, request: HttpRequest, space: EmbeddingSpace) -> bool:
        removable = space.state not in {SpaceState.ACTIVE, SpaceState.DELETING}
        return removable and self.may(request, "delete")

    def _space(self, request: HttpRequest, pk: int) -> EmbeddingSpace:
        space: EmbeddingSpace | None = self.get_queryset(request).filter(pk=pk).first()
        if space is None:
            raise Http404
        return space

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.require(request, "change")
        space = self._space(request, pk)
        if space.state != SpaceState.RETIRED:
            self.message_user(
                request,
                _("Version #%(pk)d is %(state)s: only a retired version can be activated.")
                % {"pk": pk, "state": space.get_state_display()},
                messages.ERROR,
            )
            return self._back(space)
        if request.method == "POST":
            try:
                run = services.activate(space, user=request.user)
            except ShopRecoError as error:
                self.fail(request, error)
                return self._back(space)
            self.log_change(request, space, _("Activated."))
            self.message_user(
                request,
                _("Version #%d answers now. What changed in the meantime is being caught up.") % pk,
                messages.SUCCESS,
            )
            if run is not None:
                return HttpResponseRedirect(self.url("shopreco_run_change", run.pk))
            return self._back(space)
        active = services.active_space(space.catalogue)
        size, _current = self._measured(space)
        facts = [
            (_("Catalogue"), space.catalogue),
            (
                _("Answers now"),
                f"#{active.pk} · {describe_encoder(active.encoder)}" if active else EMPTY,
            ),
            (_("Answers then"), f"#{space.pk} · {describe_encoder(space.encoder)}"),
            (_("Products in it"), number_format(size.items, force_grouping=True)),
            (_("Size"), filesizeformat(size.bytes)),
            (_("Created"), _("%s ago") % timesince(space.created_at, depth=1)),
        ]
        confirmation = Confirmation(
            title=_("Roll back to version #%d") % pk,
            text=_(
                "Search and recommendations answer from this version at once. Products that "
                "changed since it was retired are brought up to date by a run; until then they "
                "are found as they were. The version that answers now is kept."
            ),
            button=_("Roll back"),
            facts=facts,
        )
        back = self.url("shopreco_embeddingspace_change", pk)
        return self.confirm(request, confirmation, back)

    def drop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.require(request, "delete")
        space = self._space(request, pk)
        if space.state == SpaceState.ACTIVE:
            self.message_user(
                request,
                _("Version #%d is active. Activate another one before you delete it.") % pk,
                messages.ERROR,
            )
            return self._back(space)
        run = written(Run).filter(space=space, state__in=Run.LIVE).first()
        if run is not None:
            text = _("%s is filling this version. Cancel it before you delete the version.")
            self.message_user(request, text % run, messages.ERROR)
            return self._back(space)
        if request.method == "POST":
            try:
                services.remove_space(space)
            except ShopRecoError as error:
                self.fail(request, error)
                return self._back(space)
            log(request, [space], DELETION, _("Deleted."))
            text = _("Version #%d is being deleted by the workers.") % pk
            self.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(self.url("shopreco_embeddingspace_changelist"))
        size, _current = self._measured(space)
        confirmation = Confirmation(
            title=_("Delete version #%d") % pk,
            text=_(
                "Its vectors, words and indexes are deleted. To answer from this model again, "
                "the catalogue has to be rebuilt."
            ),
            button=_("Delete"),
            facts=[
                (_("Catalogue"), space.catalogue),
                (_("State"), space.get_state_display()),
                (_("Model"), describe_encoder(space.encoder)),
                (_("Products in it"), number_format(size.items, force_grouping=True)),
                (_("Disk space that becomes free"), filesizeformat(size.bytes)),
            ],
            dangerous=True,
        )
        return self.confirm(request, confirmation, self.url("shopreco_embeddingspace_change", pk))

    def _back(self, space: EmbeddingSpace) -> HttpResponseRedirect:
        return HttpResponseRedirect(self.url("shopreco_embeddingspace_change", space.pk))


def describe_encoder(config: dict[str, Any]) -> str:
    """The model of a TEXT_ENCODER setting in a few characters."""
    model = str(config.get("MODEL", "")).rstrip("/")
    return model.rsplit("/", 1)[-1] or str(config.get("CLASS", "")).rsplit(".", 1)[-1]


def describe_alignment(metrics: Mapping[str, float]) -> str:
    """Its pairs, and how many held-out texts find their picture; empty where there is none."""
    if not metrics:
        return ""
    return _(
        "on %(pairs)s pairs of %(products)s products: %(found)d%% of the held-out products’ texts "
        "find their picture among the first ten of %(pool)s"
    ) % {
        "pairs": number_format(metrics["pairs"], force_grouping=True),
        "products": number_format(metrics["products"], force_grouping=True),
        "found": round(100 * metrics["R@10"]),
        "pool": number_format(metrics["pool"], force_grouping=True),
    }


def current_state(catalogue: Catalogue | None) -> tuple[str, str]:
    """The fingerprint that a rebuild would have now, and what stands in its way."""
    if catalogue is None:
        return "", _("its catalogue is not registered any more")
    try:
        return services.current_fingerprint(catalogue), ""
    except ShopRecoError as error:
        return "", str(error)
