"""The knowledge graph: what the shop's things are, and how they belong together."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from shopreco.models.items import Item

MAX_LABEL_LENGTH = 255
"""A longer value is a text, not a thing that products share."""


class Meaning(models.TextChoices):
    """What the target of a relation is to its source, when somebody shops."""

    SAME = "same", _("the same product in another form")
    SUBSTITUTE = "substitute", _("can replace it")
    COMPLEMENT = "complement", _("goes with it")
    ACCESSORY = "accessory", _("is an accessory of it")
    MAIN = "main", _("is what it is an accessory of")
    ATTRIBUTE = "attribute", _("describes it")
    OTHER = "other", _("something else")


class Provenance(models.TextChoices):
    """Who says that an edge is so. An indexed item's declared and extracted edges are replaced
    when it is indexed again; all others stay."""

    DECLARED = "declared", _("declared by the catalogue")
    EXTRACTED = "extracted", _("found in a text")
    MINED = "mined", _("learnt from behaviour")
    IMPORTED = "imported", _("from a file")
    CURATED = "curated", _("made by hand")


class EdgeState(models.TextChoices):
    """What a person decided about an edge. A decided edge is never touched by indexing."""

    ACTIVE = "active", _("not confirmed")
    CONFIRMED = "confirmed", _("confirmed")
    REJECTED = "rejected", _("rejected")


class RelationType(models.Model):
    """A kind of edge, such as `has_material`, with its words in both languages.

    A symmetric relation holds in both directions whichever of them is stored.
    """

    code = models.SlugField(_("code"), max_length=100, unique=True, allow_unicode=True)
    meaning = models.CharField(
        _("meaning"),
        max_length=10,
        choices=Meaning,
        default=Meaning.OTHER,
        help_text=_("What the target is to the source."),
    )
    symmetric = models.BooleanField(_("symmetric"), default=False)
    weight = models.FloatField(
        _("weight"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("How much a link of this kind counts in recommendations, from 0 to 1."),
    )
    in_texts = models.BooleanField(
        _("look for values in texts"),
        default=False,
        help_text=_("Known values in a title or description become relations to confirm."),
    )
    label = models.CharField(_("label"), max_length=100)
    inverse_label = models.CharField(_("inverse label"), max_length=100, blank=True)
    label_zh = models.CharField(_("label in Chinese"), max_length=100, blank=True)
    inverse_label_zh = models.CharField(_("inverse label in Chinese"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("kind of relation")
        verbose_name_plural = _("kinds of relations")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=1), name="shopreco_relation_weight"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_label(self, *, inverse: bool = False) -> str:
        """Its words in the visitor's language; "material" for walnut, seen from the product."""
        label, chinese = self.label, self.label_zh
        if inverse and not self.symmetric:
            label, chinese = self.inverse_label or label, self.inverse_label_zh
        return chinese if chinese and (get_language() or "").startswith("zh") else label


class Node(models.Model):
    """An item, a brand, a category, an attribute's value: whatever edges join.

    Items are known by their object id, from the first edge that names them; `item` is set once
    they are indexed. Everything else is known by its label, whatever the case. A node that was
    merged into another has no edges: its label is one more name of the other.
    """

    ITEM: ClassVar = "item"
    CATEGORY: ClassVar = "category"

    catalogue = models.CharField(_("catalogue"), max_length=100)
    kind = models.CharField(_("kind"), max_length=100)
    key = models.CharField(_("key"), max_length=MAX_LABEL_LENGTH)
    label = models.CharField(_("label"), max_length=MAX_LABEL_LENGTH, blank=True)
    # Unique by a condition: a plain unique column would be locked by every edge to the node.
    item = models.ForeignKey(
        Item,
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="nodes",
        verbose_name=_("indexed product"),
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="other_names",
        verbose_name=_("merged into"),
    )
    in_texts = models.BooleanField(
        _("look for it in texts"),
        default=True,
        help_text=_("Untick it for a value that is also a common word."),
    )
    holders = models.PositiveIntegerField(
        _("products"), default=0, help_text=_("That have this value, at the end of the last run.")
    )

    class Meta:
        verbose_name = _("value or brand")
        verbose_name_plural = _("values and brands")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["catalogue", "kind", "key"], name="shopreco_node_key"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(item__isnull=False), name="shopreco_node_item"
            ),
        ]
        indexes: ClassVar = [
            GinIndex(
                fields=["label"],
                opclasses=["gin_trgm_ops"],
                condition=~Q(kind="item"),
                name="shopreco_node_label",
            ),
            # The dictionary of known values, which every batch of the index asks for.
            models.Index(
                fields=["catalogue"], condition=Q(holders__gte=2), name="shopreco_node_values"
            ),
        ]

    def __str__(self) -> str:
        name = self.label or self.key
        return name if self.kind == self.ITEM else f"{name} ({self.kind})"


class NodeVector(models.Model):
    """A node's label as the language model of a space understands it, so that a query that means a
    brand or a material finds it. Items have vectors of their own."""

    pk = models.CompositePrimaryKey("node_id", "encoder")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="vectors")
    encoder = models.CharField(max_length=64, help_text=_("Fingerprint of the encoder."))
    label = models.CharField(max_length=MAX_LABEL_LENGTH, help_text=_("What was encoded."))
    vector = HalfVectorField()

    class Meta:
        verbose_name = _("node vector")
        verbose_name_plural = _("node vectors")

    def __str__(self) -> str:
        return self.label


class Edge(models.Model):
    """`source` —relation→ `target`, with how sure it is and who says so."""

    # The constraint and the index below serve the foreign keys too.
    source = models.ForeignKey(
        Node, db_index=False, on_delete=models.CASCADE, related_name="edges", verbose_name=_("from")
    )
    relation = models.ForeignKey(
        RelationType, db_index=False, on_delete=models.PROTECT, verbose_name=_("relation")
    )
    target = models.ForeignKey(
        Node,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="incoming_edges",
        verbose_name=_("to"),
    )
    weight = models.FloatField(
        _("weight"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("How sure it is, or how much it counts, from 0 to 1."),
    )
    provenance = models.CharField(_("provenance"), max_length=9, choices=Provenance)
    state = models.CharField(_("state"), max_length=9, choices=EdgeState, default=EdgeState.ACTIVE)

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "relation", "target"], name="shopreco_edge_once"
            ),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=1), name="shopreco_edge_weight"
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="shopreco_edge_loop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["target", "relation"], name="shopreco_edge_target"),
            # What waits for a person, the surest first.
            models.Index(
                fields=["-weight", "-id"],
                condition=Q(provenance=Provenance.EXTRACTED, state=EdgeState.ACTIVE),
                name="shopreco_edge_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.relation} {self.target}"
