"""Placements: what the blocks of a shop show."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class AnchorKind(models.TextChoices):
    """What a block is about where the page does not say."""

    PRODUCT = "product", _("the product of the page")
    CART = "cart", _("what is in the cart")
    HISTORY = "history", _("what the visitor did last")
    PURCHASES = "purchases", _("what the visitor has bought")
    NOTHING = "nothing", _("nothing: it is the same for all")


class DefaultPlacement(NamedTuple):
    """The fields of a `Placement` that every shop begins with."""

    name: str
    sources: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    anchors: AnchorKind = AnchorKind.PRODUCT
    hides_owned: bool = False
    diversity: float = 0.0


PRODUCT, CART, HISTORY, PURCHASES, NOTHING = AnchorKind

DEFAULT_PLACEMENTS = (
    DefaultPlacement("product-similar", ("dense",)),
    DefaultPlacement("product-looking-similar", ("visual",)),
    DefaultPlacement("product-complementary", ("complements",), ("replacements",)),
    DefaultPlacement("product-substitute", ("substitutes",)),
    DefaultPlacement("product-accessory", ("accessories",)),
    DefaultPlacement("product-bought-together", ("bought-together",), ("replacements",)),
    DefaultPlacement("product-also-viewed", ("also-viewed",)),
    DefaultPlacement(
        "cart-cross-sell",
        ("bought-together", "complements", "accessories"),
        ("replacements",),
        anchors=CART,
        hides_owned=True,
    ),
    DefaultPlacement(
        "home-for-you",
        ("also-viewed", "dense"),
        fallback=("popular", "newest"),
        anchors=HISTORY,
        hides_owned=True,
        diversity=0.3,
    ),
    DefaultPlacement("home-recently-viewed", ("history",), anchors=HISTORY),
    DefaultPlacement("home-trending", ("trending", "popular"), anchors=NOTHING),
    DefaultPlacement("home-new", ("newest",), anchors=NOTHING),
    DefaultPlacement("order-buy-again", ("history",), anchors=PURCHASES),
    DefaultPlacement("search-zero-results", ("popular", "newest"), anchors=NOTHING),
    DefaultPlacement("content-related", ("dense",), fallback=("newest",), anchors=HISTORY),
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
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, db_default="")
    anchors = models.CharField(
        _("is about"),
        max_length=10,
        choices=AnchorKind,
        default=AnchorKind.PRODUCT,
        db_default=AnchorKind.PRODUCT,
        help_text=_("Unless the page says it: a product, or several."),
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
    hides_owned = models.BooleanField(
        _("without what the visitor has"),
        default=False,
        db_default=False,
        help_text=_("Leave out what is in the visitor's cart, and what the visitor has bought."),
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
