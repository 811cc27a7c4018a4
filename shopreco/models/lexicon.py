from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _
from pgvector.django import SparseVectorField

from shopreco.models.items import Item
from shopreco.models.spaces import EmbeddingSpace

TERM_SPACE = 1_000_000_000
"""Dimension of the sparse vectors: pgvector's largest. Terms are hashed into it."""

EVERY_ITEM = 0
"""Id of the empty term; its document frequency is N. Hashed terms begin at 1."""

WORDLESS = -1
"""Id of what stands for items without words; its document frequency is their number."""


class LexicalEntry(models.Model):
    """An item's BM25F weights: `weights` by hashed term, `term_ids` for the space's GIN index."""

    pk = models.CompositePrimaryKey("space_id", "item_id")
    space = models.ForeignKey(EmbeddingSpace, on_delete=models.CASCADE, related_name="entries")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="entries")
    group_id = models.BigIntegerField(help_text=_("The item's, here so that no join is needed."))
    content_hash = models.CharField(max_length=32)
    term_ids = ArrayField(models.IntegerField())
    weights = SparseVectorField()
    has_words = models.BooleanField(
        db_default=True,
        help_text=_("Without any, as where there is but a photo, it is judged by what it has."),
    )

    class Meta:
        verbose_name = _("lexical entry")
        verbose_name_plural = _("lexical entries")

    def __str__(self) -> str:
        return f"{self.item_id} in {self.space_id}"


class LexiconTerm(models.Model):
    """A term of a space and in how many of its items it occurs.

    The empty term occurs in every item: its document frequency is the number of items, N.
    Terms whose hashes collide share a row.
    """

    pk = models.CompositePrimaryKey("space_id", "term_id")
    space = models.ForeignKey(EmbeddingSpace, on_delete=models.CASCADE, related_name="terms")
    term_id = models.IntegerField()
    term = models.TextField(_("term"))
    surface = models.TextField(_("as written"))
    typed = models.TextField(db_default="", editable=False)
    """As it is typed, without accents and hyphens: what is completed to it."""
    document_frequency = models.IntegerField(_("document frequency"))
    found_by = ArrayField(models.TextField(), db_default=Value([]), editable=False)
    """What words that are written otherwise find it by: see `shopreco.text.found_by`."""

    class Meta:
        verbose_name = _("lexicon term")
        verbose_name_plural = _("lexicon terms")
        indexes: ClassVar = [
            GinIndex(fields=["typed"], opclasses=["gin_trgm_ops"], name="shopreco_term_typed"),
            GinIndex(fields=["found_by"], name="shopreco_term_found_by"),
        ]

    def __str__(self) -> str:
        return self.term
