"""Preview of a run: what it would do, counted before anybody presses the button."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format

from shopreco import services
from shopreco.admin.index.spaces import current_state, describe_alignment, describe_encoder
from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import create_encoder
from shopreco.models import ModalityVector, Outcome, Run


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of one catalogue.

    encoded: items whose vector by the current model is kept.
    alignment: how good that of the active space is, in words; empty if it has none.
    problem: why nothing can be built from the settings; empty if it can.
    """

    catalogue: str
    objects: int
    outcomes: str
    waiting: int
    active: str
    encoder: str
    encoded: int
    alignment: str
    is_current: bool
    live_run: Run | None
    problem: str


def preview(catalogue: Catalogue) -> Preview:
    status = services.catalogue_status(catalogue)
    space = status.space
    config = get_settings().TEXT_ENCODER
    encoder, encoded = describe_encoder(dict(config)), 0
    _fingerprint, problem = current_state(catalogue)
    if not problem:
        made = create_encoder(config)
        encoded = ModalityVector.objects.filter(
            encoder=made.fingerprint, modality="text", item__catalogue=catalogue.name
        ).count()
        encoder = f"{encoder} · {made.dimension}"
    return Preview(
        catalogue=catalogue.name,
        objects=catalogue.get_queryset().count(),
        outcomes=_outcomes(catalogue.name),
        waiting=status.pending,
        active=f"#{space.pk} · {describe_encoder(space.encoder)}" if space else "",
        encoder=encoder,
        encoded=encoded,
        alignment=describe_alignment(status.alignment),
        is_current=status.is_current,
        live_run=status.live_run,
        problem=problem,
    )


def _outcomes(catalogue: str) -> str:
    """ "1,002 (990 indexed, 12 skipped)": the states that occur, in their own order."""
    counts = services.outcome_counts(catalogue)
    parts = ", ".join(
        f"{number_format(counts[outcome], force_grouping=True)} {outcome.label}"
        for outcome in Outcome
        if outcome in counts
    )
    total = number_format(sum(counts.values()), force_grouping=True)
    return f"{total} ({parts})" if parts else total
