from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from shopreco.models.items import Item
from shopreco.models.specification import SpaceSpecification, SpecificationField, VectorIndex
from shopreco.models.statistics import SpaceStatistics, StatisticsField


class SpaceState(models.TextChoices):
    BUILDING = "building", _("building")
    ACTIVE = "active", _("active")
    RETIRED = "retired", _("retired")
    DELETING = "deleting", _("being deleted")


class EmbeddingSpace(models.Model):
    """One way of representing the items of a catalogue: an embedding and a lexical entry each.

    The fingerprint covers the specification, the analysers and the weights of the fields. Another
    fingerprint is another space, which is built beside. Activation is one UPDATE; the space before
    stays for roll-back until it is pruned.
    """

    catalogue = models.CharField(_("catalogue"), max_length=100)
    fingerprint = models.CharField(_("fingerprint"), max_length=32)
    state = models.CharField(
        _("state"), max_length=8, choices=SpaceState, default=SpaceState.BUILDING
    )
    specification: models.JSONField[SpaceSpecification, SpaceSpecification] = SpecificationField(
        _("specification"), help_text=_("What it was made by.")
    )
    statistics: models.JSONField[SpaceStatistics, SpaceStatistics] = StatisticsField(
        _("statistics"), default=SpaceStatistics, help_text=_("What was measured of it.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)

    class Meta:
        verbose_name = _("version of the index")
        verbose_name_plural = _("versions of the index")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["catalogue"],
                condition=Q(state=SpaceState.ACTIVE),
                name="shopreco_space_one_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.catalogue} #{self.pk}"

    @property
    def encoder(self) -> dict[str, Any]:
        """The setting TEXT_ENCODER that it was built with."""
        return dict(self.specification.text.encoder.config)

    @property
    def encoder_fingerprint(self) -> str:
        """Of the text encoder."""
        return self.specification.text.encoder.fingerprint

    @property
    def dimension(self) -> int:
        """Of its embeddings, which is that of the text encoder."""
        return self.specification.text.encoder.dimension

    @property
    def vector_index(self) -> VectorIndex:
        return self.specification.vector_index

    @property
    def weights(self) -> dict[str, float]:
        """Weight in p_final by modality."""
        return {each.modality: each.weight for each in self.specification.modalities}

    @property
    def encoders(self) -> dict[str, str]:
        """Fingerprint of its encoder by modality."""
        return {each.modality: each.encoder.fingerprint for each in self.specification.modalities}

    @property
    def steps(self) -> int:
        """Steps of propagation of E(K) along the links between products; 0 for none."""
        return self.specification.graph_steps

    @property
    def awaits_alignment(self) -> bool:
        """Whether its pictures are not yet mapped to the text space: nothing can be fused."""
        return bool(self.specification.awaiting)

    @property
    def alignments(self) -> set[str]:
        """Fingerprints of what maps its modalities to the text space; empty where nothing does."""
        fitted = (each.alignment.fingerprint for each in self.specification.modalities)
        return {fingerprint for fingerprint in fitted if fingerprint is not None}


class ModalityVector(models.Model):
    """E(T), E(I), E(V) or E(K): what an encoder made of one modality of an item.

    Kept per encoder and before any alignment. So a weight or an alignment can change, and a space
    be rebuilt, without encoding. Without a vector the item lacks the modality: it has no picture,
    or none that can be read. A vector is kept while a file that it was made of cannot be read, and
    then says so.
    """

    pk = models.CompositePrimaryKey("item_id", "modality", "encoder")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="modality_vectors")
    modality = models.CharField(max_length=16)
    encoder = models.CharField(max_length=64, help_text=_("Fingerprint of the encoder."))
    content_hash = models.CharField(max_length=32)
    files = models.CharField(
        max_length=79, db_default="", help_text=_("Digests of the names of what it was made of.")
    )
    kept = models.BooleanField(
        db_default=False, help_text=_("It stands in for files that cannot be read now.")
    )
    vector = HalfVectorField(null=True)

    class Meta:
        verbose_name = _("modality vector")
        verbose_name_plural = _("modality vectors")

    def __str__(self) -> str:
        return f"{self.item_id} {self.modality}"


class PropagatedVector(models.Model):
    """E(K) of an item after propagation along the links of products, in one space.

    It is fused in place of what was encoded. Items without links have none.
    """

    pk = models.CompositePrimaryKey("space_id", "item_id")
    # The primary key serves the foreign key too.
    space = models.ForeignKey(
        EmbeddingSpace,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="propagated_vectors",
    )
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="propagated_vectors")
    vector = HalfVectorField()

    class Meta:
        verbose_name = _("propagated vector")
        verbose_name_plural = _("propagated vectors")

    def __str__(self) -> str:
        return f"{self.item_id} in {self.space_id}"


class Embedding(models.Model):
    """p_final: the vector that is searched. Each space has an index of its own."""

    pk = models.CompositePrimaryKey("space_id", "item_id")
    space = models.ForeignKey(EmbeddingSpace, on_delete=models.CASCADE, related_name="embeddings")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="embeddings")
    content_hash = models.CharField(max_length=32)
    vector = HalfVectorField()

    class Meta:
        verbose_name = _("embedding")
        verbose_name_plural = _("embeddings")

    def __str__(self) -> str:
        return f"{self.item_id} in {self.space_id}"
