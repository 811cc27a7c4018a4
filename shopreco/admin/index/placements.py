"""Placements: what each block of the shop shows, and in which order it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services
from shopreco.admin.appearance import EMPTY
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.catalogues import get_catalogues
from shopreco.models import Placement

if TYPE_CHECKING:
    PlacementModelForm = forms.ModelForm[Placement]
else:
    PlacementModelForm = forms.ModelForm

MAX_SOURCES = 4
"""Boxes of one field: more sources than that hardly a block has use for."""

Choices = Sequence[tuple[str, str]]


class OrderedNamesWidget(forms.MultiWidget):
    """A box for each place of a list."""

    def __init__(self, choices: Choices = ()) -> None:
        super().__init__(
            [
                forms.Select({"aria-label": _("Place %d") % place}, choices)
                for place in range(1, MAX_SOURCES + 1)
            ]
        )

    def decompress(self, value: Any) -> list[str]:
        names = [str(name) for name in value or ()]
        return names + [""] * (MAX_SOURCES - len(names))

    def id_for_label(self, id_: str) -> str:
        """The label is that of the first box."""
        return f"{id_}_0" if id_ else id_


class OrderedNamesField(forms.MultiValueField):
    """Names in order, each one of the choices. Boxes that are left empty count for nothing."""

    widget: OrderedNamesWidget

    def __init__(self, choices: Choices, **kwargs: Any) -> None:
        filled = [("", "---------"), *choices]
        boxes = [forms.ChoiceField(choices=filled, required=False) for _place in range(MAX_SOURCES)]
        widget = OrderedNamesWidget(filled)
        super().__init__(boxes, require_all_fields=False, widget=widget, **kwargs)

    def compress(self, data_list: Any) -> list[str]:
        return [name for name in data_list if name]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.compress(data or ()) != list(initial or ())


class PlacementForm(PlacementModelForm):
    """A row, checked against the retrievers and the catalogues that there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "sources" not in self.fields:  # who may only look has no fields
            return
        row = self.instance
        stored = [*row.sources, *row.fallback, *row.excluded]
        names = dict.fromkeys([*services.source_labels(), *map(str, stored)])
        choices = [(name, _labelled(name)) for name in names]
        for field, required in (("sources", True), ("fallback", False)):
            self.fields[field] = OrderedNamesField(
                choices, required=required, **_words(self.fields[field])
            )
        self.fields["excluded"] = forms.MultipleChoiceField(
            choices=choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            **_words(self.fields["excluded"]),
        )
        catalogues = dict.fromkeys([*(each.name for each in get_catalogues()), row.catalogue])
        self.fields["catalogue"] = forms.ChoiceField(
            choices=[("", _("every catalogue")), *((name, name) for name in catalogues if name)],
            required=False,
            label=self.fields["catalogue"].label,
        )
        for field in ("filters", "max_per"):
            self.fields[field].widget.attrs |= {"rows": 3, "spellcheck": "false"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        row = Placement(**{name: cleaned[name] for name in self.fields})
        for field, problem in services.placement_problems(row).items():
            self.add_error(field, problem)
        return cleaned


def _labelled(name: str) -> str:
    label = services.source_labels().get(name)
    return f"{label} ({name})" if label else name


def _words(field: forms.Field) -> dict[str, Any]:
    return {"label": field.label, "help_text": field.help_text}


class PlacementAdmin(ShopRecoAdmin):
    form = PlacementForm
    list_display = ("name", "catalogue", "title", "anchors", "source_list", "is_active")
    list_filter = ("is_active", "anchors")
    search_fields = ("name", "title")
    ordering = ("name", "catalogue")
    readonly_fields = ("default",)
    fieldsets = (
        (None, {"fields": ("name", "catalogue", "title", "title_zh", "is_active", "default")}),
        (gettext_lazy("What it shows"), {
            "fields": ("anchors", "sources", "fallback", "excluded", "hides_owned"),
        }),
        (gettext_lazy("How it is narrowed and varied"), {
            "fields": ("filters", "max_per", "diversity"),
        }),
    )  # fmt: skip

    @admin.display(description=gettext_lazy("sources"))
    def source_list(self, row: Placement) -> str:
        return " → ".join(_labelled(str(name)) for name in row.sources)

    @admin.display(description=gettext_lazy("default"))
    def default(self, row: Placement) -> str:
        sources = services.default_sources(row.name)
        if not sources:
            return EMPTY
        said = _("%s. To reset the placement to that, delete this row.")
        return said % " → ".join(map(_labelled, sources))

    def save_model(self, request: HttpRequest, obj: Placement, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.forget_placements()
        self.message_user(request, _("Pages show it within some seconds."), messages.INFO)

    def delete_model(self, request: HttpRequest, obj: Placement) -> None:
        super().delete_model(request, obj)
        self._say_reset(request, [obj.name])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        names = list(queryset.values_list("name", flat=True))
        super().delete_queryset(request, queryset)
        self._say_reset(request, names)

    def _say_reset(self, request: HttpRequest, names: Sequence[str]) -> None:
        services.forget_placements()
        reset = sorted({name for name in names if services.default_sources(name)})
        if reset:
            text = _("Reset to the default: %s.") % ", ".join(reset)
            self.message_user(request, text, messages.INFO)
