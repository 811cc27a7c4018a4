"""Relation types: the words that shoppers read, what a link counts, and which values are looked for
in texts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from shopreco.admin.pages import ShopRecoAdmin
from shopreco.models import RelationType


class RelationTypeAdmin(ShopRecoAdmin):
    list_display = ("code", "label", "meaning", "symmetric", "weight", "in_texts")
    list_filter = ("meaning", "in_texts")
    search_fields = ("code", "label", "label_zh")
    ordering = ("code",)
    fields = (
        "code", "meaning", ("label", "inverse_label"), ("label_zh", "inverse_label_zh"),
        "symmetric", "weight", "in_texts",
    )  # fmt: skip

    def get_readonly_fields(
        self, request: HttpRequest, obj: RelationType | None = None
    ) -> tuple[str, ...]:
        """Catalogues and files name a relation by its code."""
        return ("code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: RelationType, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "weight" in form.changed_data:
            messages.info(request, _("The weight counts from the next re-index on."))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The next build would make it again, and its edges would be gone."""
        return False
