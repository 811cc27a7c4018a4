"""Relation types: the words that shoppers read, and which values are looked for in texts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from shopreco.admin.pages import ShopRecoAdmin
from shopreco.models import RelationType


class RelationTypeAdmin(ShopRecoAdmin):
    list_display = ("code", "label", "label_zh", "meaning", "symmetric", "in_texts")
    list_filter = ("meaning", "in_texts")
    search_fields = ("code", "label", "label_zh")
    ordering = ("code",)
    fields = (
        "code", "meaning", ("label", "inverse_label"), ("label_zh", "inverse_label_zh"),
        "symmetric", "in_texts",
    )  # fmt: skip

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return list(self.list_filter)

    def get_readonly_fields(
        self, request: HttpRequest, obj: RelationType | None = None
    ) -> tuple[str, ...]:
        """Catalogues and files name a relation by its code."""
        return ("code",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The next build would make it again, and its edges would be gone."""
        return False
