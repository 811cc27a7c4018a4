"""Fitted alignments between image and text encoders: which one is current, and how good it is."""

from __future__ import annotations

from django.db.models import QuerySet

from shopreco.db.routing import write_alias
from shopreco.fusion.alignment import VERSION
from shopreco.models import EmbeddingSpace, ModelKind, ModelVersion, SpaceState


def current(catalogue: str, image_encoder: str, text_encoder: str) -> str | None:
    """Fingerprint of the alignment between two encoders, if one is fitted.

    image_encoder, text_encoder: their fingerprints.

    It is the alignment of the active space, so that a roll-back rolls it back too; else the newest.
    """
    fitted = versions(catalogue).filter(inputs__contains=inputs_of(image_encoder, text_encoder))
    known = list(fitted.order_by("-id").values_list("fingerprint", flat=True))
    active = EmbeddingSpace.objects.using(write_alias()).filter(
        catalogue=catalogue, state=SpaceState.ACTIVE
    )
    answering = {fingerprint for space in active for fingerprint in space.alignments}
    return next((each for each in known if each in answering), known[0] if known else None)


def metrics(space: EmbeddingSpace) -> dict[str, float]:
    """Quality of the alignment of a space, see `Alignment`; empty without an alignment."""
    version = versions(space.catalogue).filter(fingerprint__in=space.alignments)
    found: dict[str, float] = version.values_list("metrics", flat=True).first() or {}
    return found


def versions(catalogue: str) -> QuerySet[ModelVersion]:
    """All alignments that were fitted for a catalogue."""
    return ModelVersion.objects.using(write_alias()).filter(
        catalogue=catalogue, kind=ModelKind.ALIGNMENT
    )


def inputs_of(image_encoder: str, text_encoder: str) -> dict[str, str]:
    """The inputs that every alignment between two encoders was fitted with."""
    return {"image": image_encoder, "text": text_encoder, "version": VERSION}
