from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from shopreco.models.items import Item


class SpaceState(models.TextChoices):
    BUILDING = "building", _("building")
    ACTIVE = "active", _("active")
    RETIRED = "retired", _("retired")
    DELETING = "deleting", _("being deleted")


class VectorIndex(models.TextChoices):
    HNSW = "hnsw", _("HNSW over half precision")
    BINARY = "binary", _("HNSW over hash codes, re-ranked")


class EmbeddingSpace(models.Model):
    """One way of representing the items of a catalogue: a dense vector and lexical weights each.

    Its fingerprint covers the encoder, the fusion weights, the analysers and the field weights; a
    change of any makes another space, built beside. Activation is one UPDATE; the space before
    stays for roll-back until it is pruned.
    """

    catalogue = models.CharField(_("catalogue"), max_length=100)
    fingerprint = models.CharField(_("fingerprint"), max_length=32)
    encoder = models.JSONField(
        _("encoder"), help_text=_("The TEXT_ENCODER setting it was built with.")
    )
    encoder_fingerprint = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField(_("dimension"))
    vector_index = models.CharField(
        _("vector index"), max_length=6, choices=VectorIndex, default=VectorIndex.HNSW
    )
    state = models.CharField(
        _("state"), max_length=8, choices=SpaceState, default=SpaceState.BUILDING
    )
    modalities: models.JSONField[Any, Any] = models.JSONField(
        _("modalities"),
        default=dict,
        help_text=_("Weight, encoder and alignment by modality; empty for text alone."),
    )
    statistics: models.JSONField[Any, Any] = models.JSONField(
        _("statistics"),
        default=dict,
        help_text=_("Average field lengths, measured when its building began."),
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
    def weights(self) -> dict[str, float]:
        """Weight in p_final by modality."""
        return {name: spec["weight"] for name, spec in self.modalities.items()} or {"text": 1.0}

    @property
    def encoders(self) -> dict[str, str]:
        """Fingerprint of its encoder by modality."""
        others = {n: spec["fingerprint"] for n, spec in self.modalities.items() if n != "text"}
        return {"text": self.encoder_fingerprint, **others}

    @property
    def steps(self) -> int:
        """How far E(K) spreads along the links between products; 0 where it does not."""
        steps: int = self.modalities.get("graph", {}).get("steps", 0)
        return steps

    @property
    def awaits_alignment(self) -> bool:
        """Whether its pictures are not yet mapped to the text space: nothing can be fused."""
        return any(spec.get("alignment") == "" for spec in self.modalities.values())

    @property
    def alignments(self) -> set[str]:
        """Fingerprints of what maps its modalities to the text space; empty where nothing does."""
        return {a for spec in self.modalities.values() if (a := spec.get("alignment"))}


class ModalityVector(models.Model):
    """E(T), E(I), E(V) or E(K): what an encoder made of one modality of an item.

    Kept per encoder and before any alignment, so that a weight or an alignment can change, and a
    space be rebuilt, without encoding. Without a vector the item lacks the modality: it has no
    picture, or none that can be read. A vector is kept while a file that it was made of cannot be
    read, and then says so. An E(K) that has spread along links stands beside the one
    that was encoded, by its space in place of the encoder.
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


class Embedding(models.Model):
    """p_final of formula (7): the vector that is searched. One HNSW index per space, partial."""

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
