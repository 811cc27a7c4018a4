from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from shopreco.models.changes import Change, Mark
from shopreco.models.facets import FacetCode


class Outcome(models.TextChoices):
    INDEXED = "indexed", _("indexed")
    SKIPPED = "skipped", _("skipped")
    FAILED = "failed", _("failed")
    DELETED = "deleted", _("deleted")


class ItemQuerySet(models.QuerySet["Item"]):
    def with_pending(self) -> ItemQuerySet:
        """Annotates `is_pending`: whether a change of the item waits to be indexed."""
        waiting = Change.objects.filter(
            catalogue=OuterRef("catalogue"), object_id=OuterRef("object_id")
        )
        marked = Mark.objects.filter(
            catalogue=OuterRef("catalogue"), path="", key=OuterRef("object_id")
        )
        return self.annotate(is_pending=Exists(waiting) | Exists(marked))

    def indexed(self) -> ItemQuerySet:
        return self.filter(outcome=Outcome.INDEXED)

    def failing(self) -> ItemQuerySet:
        """Those whose last attempt failed, whether or not an earlier state of them is indexed."""
        return self.filter(failures__gt=0)


class Item(models.Model):
    """A shop's object in the index: its identity, its filter columns and its last outcome.

    Everything else that is known of it points here. A deleted object leaves its row behind as a
    tombstone until `shopreco_prune`. An object that was indexed and now fails keeps its outcome and
    its last good state; `failures` and `reason` say so, and it is tried again at `retry_at`.
    """

    catalogue = models.CharField(_("catalogue"), max_length=100)
    object_id = models.CharField(_("object id"), max_length=255)
    title = models.TextField(_("title"), blank=True)
    typed_title = models.TextField(db_default="", editable=False)
    """What somebody types to be offered the title: see `text.normalisation.typed_title`."""
    language = models.CharField(_("language"), max_length=16, blank=True)
    site_id = models.IntegerField(_("site"), null=True, blank=True)
    parent_id = models.CharField(_("parent"), max_length=255, blank=True)
    group_id = models.BigIntegerField(editable=False)
    price = models.DecimalField(_("price"), max_digits=16, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    shown_price = models.DecimalField(
        _("price shown"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Of the product that stands for its variants: its own, else their lowest."),
    )
    shown_currency = models.CharField(max_length=3, blank=True, db_default="", editable=False)
    available = models.BooleanField(_("available"), default=True)
    visible_from = models.DateTimeField(_("visible from"), null=True, blank=True)
    visible_until = models.DateTimeField(_("visible until"), null=True, blank=True)
    visibility_codes = ArrayField(
        models.BigIntegerField(),
        db_default=Value([]),
        blank=True,
        editable=False,
        help_text=_("Who may see it, as numbers."),
    )
    facet_codes = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        editable=False,
        help_text=_("Facets with their values, as numbers."),
    )
    identifiers = ArrayField(
        models.CharField(max_length=100), verbose_name=_("identifiers"), default=list, blank=True
    )
    added_at = models.DateTimeField(_("added"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    reason = models.TextField(_("reason"), blank=True)
    failures = models.PositiveSmallIntegerField(
        _("failures"),
        default=0,
        db_default=0,
        help_text=_("Attempts that failed since the last that did not."),
    )
    retry_at = models.DateTimeField(_("tried again"), null=True, blank=True)
    media_problems = models.JSONField(
        _("media problems"),
        default=dict,
        blank=True,
        help_text=_("Why a picture or video of it is not used, by file name."),
    )
    hashes = models.JSONField(default=dict, blank=True, editable=False)
    indexed_at = models.DateTimeField(_("indexed"), null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("indexed product")
        verbose_name_plural = _("indexed products")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["catalogue", "object_id"], name="shopreco_item_object"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["catalogue", "group_id"], name="shopreco_item_group"),
            models.Index(
                fields=["catalogue", "outcome"],
                name="shopreco_item_outcome",
                condition=~Q(outcome=Outcome.INDEXED),
            ),
            models.Index(
                fields=["catalogue", "retry_at"],
                name="shopreco_item_retry",
                condition=Q(retry_at__isnull=False),
            ),
            GinIndex(fields=["facet_codes"], name="shopreco_item_facets"),
            GinIndex(
                fields=["identifiers"],
                name="shopreco_item_identifiers",
                condition=~Q(identifiers=[]),
            ),
            GinIndex(
                fields=["typed_title"], opclasses=["gin_trgm_ops"], name="shopreco_item_typed"
            ),
            # The orders of `retrieval.browse`: a page of a list reads a page of an index.
            models.Index(
                "catalogue",
                F("shown_price").asc(nulls_last=True),
                "id",
                name="shopreco_item_cheapest",
                condition=Q(outcome=Outcome.INDEXED),
            ),
            models.Index(
                "catalogue",
                F("shown_price").desc(nulls_last=True),
                "id",
                name="shopreco_item_dearest",
                condition=Q(outcome=Outcome.INDEXED),
            ),
            models.Index(
                "catalogue",
                F("added_at").desc(nulls_last=True),
                ExpressionWrapper(Q(parent_id=""), output_field=BooleanField()).desc(),
                F("id").desc(),
                name="shopreco_item_newest",
                condition=Q(outcome=Outcome.INDEXED),
            ),
            models.Index(
                "catalogue",
                Left("title", 200),
                "id",
                name="shopreco_item_alphabet",
                condition=Q(outcome=Outcome.INDEXED),
            ),
            models.Index(
                fields=["catalogue", "currency"],
                name="shopreco_item_currency",
                condition=Q(outcome=Outcome.INDEXED, price__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.catalogue} {self.object_id}"

    @property
    def facets(self) -> dict[str, list[str]]:
        """Values by facet name; asks the database."""
        values = FacetCode.objects.using(self._state.db).in_bulk(
            [code & 0xFFFFFFFF for code in self.facet_codes]
        )
        found: dict[str, list[str]] = {}
        for code in self.facet_codes:
            each = values[code & 0xFFFFFFFF]
            found.setdefault(each.name, []).append(each.value)
        return found
