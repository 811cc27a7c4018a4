"""Mixin for the shop's own admin: the index state as a column, re-indexing as an action."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ChangeList
from django.db import DatabaseError, models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from shopreco.admin.appearance import STYLESHEET, badge
from shopreco.admin.changelists import prepared
from shopreco.admin.index.states import MISSING, IndexState, index_states
from shopreco.admin.permissions import may
from shopreco.admin.selections import MAX_SELECTED, reindex_selected, reindexed, too_many
from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.models import Item

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

logger = logging.getLogger(__name__)


class IndexStateAdminMixin(Base):
    """Adds the column "index" and the action "Re-index selected" to a shop's ModelAdmin.

        @admin.register(Product)
        class ProductAdmin(IndexStateAdminMixin, admin.ModelAdmin):
            ...

    Templates, columns and actions of the shop stay as they are. The column costs one query per
    page; the action needs the permission `shopreco.change_item`, and takes at most `max_selected`
    objects.
    """

    max_selected = MAX_SELECTED

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(css={"all": [STYLESHEET]})

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        return columns if "index_state" in columns else [*columns, "index_state"]

    @admin.display(description=gettext_lazy("index"))
    def index_state(self, obj: models.Model) -> SafeString | str:
        state = getattr(obj, "_shopreco_state", None)
        if state is None:
            self._read_states([obj])
            state = getattr(obj, "_shopreco_state", None)
        if state is None:
            return self.get_empty_value_display()
        shown = badge(state.state, state.label)
        if state.item_id is not None and self.admin_site.is_registered(Item):
            url = reverse(
                "admin:shopreco_item_change",
                args=[state.item_id],
                current_app=self.admin_site.name,
            )
            shown = format_html('<a href="{}">{}</a>', url, shown)
        if state.reason:
            reason = Truncator(state.reason).chars(80)
            shown = format_html('{}<br><small class="shopreco-quiet">{}</small>', shown, reason)
        return shown

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return prepared(super().get_changelist(request, **kwargs), self._read_states)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """`action_location` is of Django 6.1 and newer; the action is one of lists."""
        located = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **located)
        if IS_POPUP_VAR not in request.GET and may(request, "change", Item) and self._catalogue():
            own = self.get_action(shopreco_reindex, **located)
            actions |= {shopreco_reindex.__name__: own} if own else {}
        return actions

    def _catalogue(self) -> Catalogue | None:
        """The catalogue of this admin's model; a child's is its parent's."""
        by_model = {getattr(each, "model", None): each for each in get_catalogues()}
        found = (by_model[model] for model in self.model.__mro__ if model in by_model)
        return next(found, None)

    def _read_states(self, objects: list[Any]) -> None:
        """Attach the states of a page of objects. The shop's page comes even if ours cannot."""
        catalogue = self._catalogue()
        if catalogue is None or not objects:
            return
        key = catalogue.model._meta.pk.attname
        ids = {str(getattr(obj, key)): obj for obj in objects}
        try:
            states = index_states(catalogue.name, ids)
        except DatabaseError:
            logger.exception("no index states for a page of %s", catalogue.name)
            return
        for object_id, obj in ids.items():
            obj._shopreco_state = states.get(object_id, IndexState(MISSING))


@admin.action(description=gettext_lazy("Re-index selected %(verbose_name_plural)s"))
def shopreco_reindex(
    model_admin: IndexStateAdminMixin, request: HttpRequest, queryset: models.QuerySet[Any]
) -> None:
    catalogue = model_admin._catalogue()
    if catalogue is None or too_many(model_admin, request, queryset.count()):
        return
    objects = list(queryset)
    key = catalogue.model._meta.pk.attname
    ids = [str(getattr(obj, key)) for obj in objects]
    marked = reindex_selected(request, catalogue.name, ids, objects)
    model_admin.message_user(request, reindexed(marked), messages.SUCCESS)
