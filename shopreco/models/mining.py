"""What is mined from events: numbers by product, by pair of products, and by query.

A product is a group: all its variants count as one. No row says who did something.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

LANDMARK: Final = datetime(2025, 1, 1, tzinfo=UTC)
HALF_LIFE: Final = timedelta(days=60)
"""Forward decay: what happened at t weighs 2^((t − landmark) / half-life) and is never rescaled
(Cormode et al. 2009). Doubles hold such weights for a hundred years."""


class PairKind(models.TextChoices):
    """What two products have in common: the code of the relation that such a pair may become."""

    BOUGHT_TOGETHER = "bought_together", _("in one order")
    ALSO_BOUGHT = "also_bought", _("the second bought later by the same person")
    ALSO_VIEWED = "also_viewed", _("the second viewed soon after the first")


class MiningCursor(models.Model):
    """How far the events of a catalogue are mined: up to `uuid` among those of a transaction."""

    catalogue = models.CharField(_("catalogue"), max_length=100, primary_key=True)
    cluster = models.BigIntegerField(
        default=0, help_text=_("The database server whose transactions are meant.")
    )
    written_by = models.BigIntegerField(default=0)
    uuid = models.UUIDField(default="00000000-0000-0000-0000-000000000000")
    events = models.BigIntegerField(_("events"), default=0)
    unknown_items = models.BigIntegerField(
        _("unknown products"), default=0, help_text=_("Mentioned, and not in the index by then.")
    )
    large_baskets = models.BigIntegerField(
        _("large orders"), default=0, help_text=_("Left out of pairs.")
    )
    mined_at = models.DateTimeField(_("mined"), null=True)

    class Meta:
        verbose_name = _("mining")
        verbose_name_plural = _("mining")

    def __str__(self) -> str:
        return self.catalogue


class ItemDay(models.Model):
    """What happened to a product on a day of UTC. Refunds take units back."""

    pk = models.CompositePrimaryKey("catalogue", "group_id", "day")
    catalogue = models.CharField(_("catalogue"), max_length=100)
    group_id = models.BigIntegerField()
    day = models.DateField(_("day"))
    shown = models.IntegerField(_("shown"), default=0)
    chosen = models.IntegerField(_("chosen"), default=0)
    views = models.IntegerField(_("views"), default=0)
    carts = models.IntegerField(_("put into carts"), default=0)
    orders = models.IntegerField(_("orders"), default=0)
    units = models.BigIntegerField(_("units"), default=0)

    class Meta:
        verbose_name = _("day of a product")
        verbose_name_plural = _("days of products")
        indexes: ClassVar = [BrinIndex(fields=["day"], name="shopreco_itemday_day")]

    def __str__(self) -> str:
        return f"{self.catalogue} {self.group_id} {self.day}"


class ItemPair(models.Model):
    """How many visitors, or orders, have two products in common.

    The pair of a product with itself counts those that have the product at all. `weight` is the
    sum of their forward-decayed weights.
    """

    pk = models.CompositePrimaryKey("kind", "source", "target")
    kind = models.CharField(_("kind"), max_length=15, choices=PairKind)
    source = models.BigIntegerField(help_text=_("Group of the first product."))
    target = models.BigIntegerField(help_text=_("Group of the second product."))
    number = models.IntegerField(_("number"))
    weight = models.FloatField(_("weight"))
    changed = models.BooleanField(help_text=_("Since the edges of its source were written."))

    class Meta:
        verbose_name = _("pair of products")
        verbose_name_plural = _("pairs of products")
        indexes: ClassVar = [
            models.Index(
                fields=["source"],
                name="shopreco_itempair_changed",
                condition=models.Q(changed=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.target}"


class PairTotal(models.Model):
    """How many visitors, or orders, the pairs of a kind are counted among."""

    pk = models.CompositePrimaryKey("catalogue", "kind")
    catalogue = models.CharField(_("catalogue"), max_length=100)
    kind = models.CharField(_("kind"), max_length=15, choices=PairKind)
    number = models.BigIntegerField(_("number"))
    weight = models.FloatField(_("weight"))

    class Meta:
        verbose_name = _("total of pairs")
        verbose_name_plural = _("totals of pairs")

    def __str__(self) -> str:
        return f"{self.catalogue} {self.kind}"


class QueryItem(models.Model):
    """How often a product was chosen among the results of a query."""

    pk = models.CompositePrimaryKey("catalogue", "query", "group_id")
    catalogue = models.CharField(_("catalogue"), max_length=100)
    query = models.CharField(
        _("query"), max_length=200, help_text=_("As `text.normalisation.comparison_key` has it.")
    )
    group_id = models.BigIntegerField()
    number = models.IntegerField(_("number"))
    weight = models.FloatField(_("weight"))

    class Meta:
        verbose_name = _("product chosen for a query")
        verbose_name_plural = _("products chosen for queries")

    def __str__(self) -> str:
        return f"{self.query} {self.group_id}"


class ItemStatistic(models.Model):
    """What the days of a product say of it now. It is computed anew every few minutes."""

    pk = models.CompositePrimaryKey("catalogue", "group_id")
    catalogue = models.CharField(_("catalogue"), max_length=100)
    group_id = models.BigIntegerField()
    popularity = models.FloatField(
        _("popularity"), help_text=_("From 0 to 1, of the most popular product.")
    )
    trending = models.FloatField(
        _("trending"),
        help_text=_("Standard deviations above what the days before let one expect; or 0."),
    )
    conversion = models.FloatField(
        _("conversion"), null=True, help_text=_("Orders for each view, drawn to the mean.")
    )

    class Meta:
        verbose_name = _("statistics of a product")
        verbose_name_plural = _("statistics of products")
        indexes: ClassVar = [
            models.Index(
                fields=["catalogue", "-popularity"],
                name="shopreco_statistic_popular",
                condition=models.Q(popularity__gt=0),
            ),
            models.Index(
                fields=["catalogue", "-trending"],
                name="shopreco_statistic_trending",
                condition=models.Q(trending__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.catalogue} {self.group_id}"
