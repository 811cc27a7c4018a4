"""Visitors: what is kept of somebody, handed out and erased where they ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, DELETION
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopreco import services
from shopreco.admin.appearance import EMPTY
from shopreco.admin.log_entries import log
from shopreco.admin.pages import Confirmation, ReadOnlyAdmin
from shopreco.models import Visitor


class VisitorAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "seen_at", "created_at", "events", "opted_out")
    list_display_links = ("name",)
    list_filter = ("opted_out",)
    search_fields = ("user_id__exact",)
    search_help_text = gettext_lazy("The key of the shop's user.")
    ordering = ("-seen_at",)
    fields = ("name", "user", "merged_into", "seen_at", "created_at", "events", "opted_out")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Visitor]:
        """Of the erased nothing is left that could be shown."""
        return super().get_queryset(request).filter(erased_at=None)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{step}/",
                self.admin_site.admin_view(view),
                name=f"shopreco_visitor_{step}",
            )
            for step, view in (("export", self.export_view), ("erase", self.erase_view))
        ]
        return own + super().get_urls()

    # Columns

    @admin.display(description=gettext_lazy("visitor"), ordering="id")
    def name(self, visitor: Visitor) -> str:
        return f"#{visitor.pk}"

    @admin.display(description=gettext_lazy("user"), ordering="user_id")
    def user(self, visitor: Visitor) -> str:
        return visitor.user_id or EMPTY

    @admin.display(description=gettext_lazy("events"))
    def events(self, visitor: Visitor) -> str:
        if not hasattr(visitor, "_shopreco_events"):
            self.prepare([visitor])
        number: int = visitor._shopreco_events  # type: ignore[attr-defined]  # kept for one page
        return number_format(number, use_l10n=True, force_grouping=True)

    def prepare(self, rows: list[Visitor]) -> None:
        numbers = services.event_counts(rows)
        for visitor in rows:
            visitor._shopreco_events = numbers[visitor.pk]  # type: ignore[attr-defined]  # kept for one page

    # What somebody may ask for

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            "may_export": self.may(request, "view"),
            "may_erase": self.may(request, "delete"),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        self.require(request, "view")
        visitor = self._visitor(request, pk)
        if request.method == "POST":
            log(request, [visitor], CHANGE, _("Exported all that is kept."))
            answer = StreamingHttpResponse(_lines(visitor), content_type="application/jsonl")
            answer.headers["Content-Disposition"] = f'attachment; filename="visitor-{pk}.jsonl"'
            return answer
        confirmation = Confirmation(
            title=_("Export visitor #%d") % pk,
            text=_(
                "You get a file of JSON lines with all that is kept of this visitor, on all "
                "devices that were merged: hand it to nobody else."
            ),
            button=_("Export"),
            facts=self._facts(visitor),
        )
        return self.confirm(request, confirmation, self.url("shopreco_visitor_change", pk))

    def erase_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.require(request, "delete")
        visitor = self._visitor(request, pk)
        if request.method == "POST":
            # The entry names the visitor by a number that leads nowhere any more.
            log(request, [visitor], DELETION, _("Erased."))
            number = services.erase_visitor(visitor=visitor)
            said = ngettext(
                "Visitor #%(pk)d is erased, with %(number)s event.",
                "Visitor #%(pk)d is erased, with %(number)s events.",
                number,
            ) % {"pk": pk, "number": number_format(number, force_grouping=True)}
            self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(self.url("shopreco_visitor_changelist"))
        confirmation = Confirmation(
            title=_("Erase visitor #%d") % pk,
            text=_(
                "All that is kept of this visitor is deleted, on all devices that were merged, and "
                "cannot be had back. What arrives late is refused."
            ),
            button=_("Erase"),
            facts=self._facts(visitor),
            dangerous=True,
        )
        return self.confirm(request, confirmation, self.url("shopreco_visitor_change", pk))

    def _visitor(self, request: HttpRequest, pk: int) -> Visitor:
        visitor: Visitor | None = self.get_queryset(request).filter(pk=pk).first()
        if visitor is None:
            raise Http404
        return visitor

    def _facts(self, visitor: Visitor) -> list[tuple[str, object]]:
        return [
            (_("User"), visitor.user_id or EMPTY),
            (_("First seen"), visitor.created_at),
            (_("Last seen"), visitor.seen_at),
            (_("Events"), self.events(visitor)),
        ]


def _lines(visitor: Visitor) -> Iterator[str]:
    for each in services.visitor_data(visitor=visitor):
        yield json.dumps(each, default=str, ensure_ascii=False) + "\n"
