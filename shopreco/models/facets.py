from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy as _


class FacetCode(models.Model):
    """The number of a facet's value, such as "walnut" of `material`, or of the facet: value "".

    Items hold numbers (`Item.facet_codes`) so that thousands of them can be counted while a shopper
    waits: the id of the facet times 2^32, plus the id of the value. Rows never change, and stay
    when the last item leaves.

    Every spelling of a value, "Red" and "RED", is a row; all but the first point to it and count as
    one with it.
    """

    id = models.AutoField(primary_key=True)
    catalogue = models.CharField(_("catalogue"), max_length=100)
    name = models.TextField(_("facet"))
    value = models.TextField(_("value"))
    key = models.TextField(db_default="", editable=False)
    """What its spellings share: see `text.normalisation.comparison_key`."""
    first = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("first spelling"),
        related_name="spellings",
    )

    class Meta:
        verbose_name = _("facet code")
        verbose_name_plural = _("facet codes")
        constraints: ClassVar = [
            # A value may be longer than an index can hold.
            models.UniqueConstraint(
                "catalogue", MD5("name"), MD5("value"), name="shopreco_facetcode_once"
            ),
            models.UniqueConstraint(
                "catalogue",
                MD5("name"),
                MD5("key"),
                condition=Q(first=None) & ~Q(key=""),
                name="shopreco_facetcode_first",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["catalogue"],
                condition=Q(first__isnull=False),
                name="shopreco_facetcode_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}" if self.value else self.name
