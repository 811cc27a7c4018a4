"""Placements: what the blocks of a shop show."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class DefaultPlacement(NamedTuple):
    """The fields of a `Placement` that every shop begins with."""

    name: str
    sources: tuple[str, ...]
    excluded: tuple[str, ...] = ()


DEFAULT_PLACEMENTS = (
    DefaultPlacement("product-similar", ("dense",)),
    DefaultPlacement("product-looking-similar", ("visual",)),
    DefaultPlacement("product-complementary", ("complements",), ("replacements",)),
    DefaultPlacement("product-substitute", ("substitutes",)),
    DefaultPlacement("product-accessory", ("accessories",)),
)
"""They hold where no row says otherwise."""


class Placement(models.Model):
    """A place on the shop's pages, and what the block that fills it is made of."""

    catalogue = models.CharField(
        _("catalogue"), max_length=100, blank=True, help_text=_("Empty: every catalogue.")
    )
    name = models.SlugField(
        _("name"), max_length=100, help_text=_("As templates and the API name it.")
    )
    title = models.CharField(
        _("title"),
        max_length=200,
        blank=True,
        help_text=_("What shoppers read above the block; empty: as shopreco calls it."),
    )
    sources = models.JSONField(
        _("sources"),
        default=list,
        help_text=_("Names of retrievers, in order: the next fills what the one before leaves."),
    )
    fallback = models.JSONField(
        _("fallback"),
        default=list,
        blank=True,
        help_text=_("Retrievers that are asked where the sources find nothing at all."),
    )
    excluded = models.JSONField(
        _("excluded"),
        default=list,
        blank=True,
        help_text=_("Retrievers whose products the block never shows."),
    )
    filters = models.JSONField(
        _("filters"),
        default=dict,
        blank=True,
        help_text=_("Values by name, as a search takes them; a template may override them."),
    )
    max_per = models.JSONField(
        _("at most per value"),
        default=dict,
        blank=True,
        help_text=_('How many products may share a value, by facet, such as {"brand": 2}.'),
    )
    diversity = models.FloatField(
        _("diversity"),
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("From 0, the likeliest first, to 1, as different from each other as can be."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Otherwise the block stays empty.")
    )

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering: ClassVar = ["name", "catalogue"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["catalogue", "name"], name="shopreco_placement_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.catalogue})" if self.catalogue else self.name
