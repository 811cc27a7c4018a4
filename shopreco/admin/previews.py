"""What a run would do, counted before anybody presses the button."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count
from django.utils.formats import number_format

from shopreco.admin.spaces import describe_alignment, describe_encoder
from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import create_encoder
from shopreco.exceptions import ShopRecoError
from shopreco.indexing.marks import pending
from shopreco.models import IndexRun, Item, ModalityVector, Outcome
from shopreco.runs.engine import live_run
from shopreco.spaces import alignments
from shopreco.spaces.serving import active_space
from shopreco.spaces.specification import current_fingerprint


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of one catalogue. `encoded`: items whose vector by the current model is kept.

    `alignment`: how good that of the active space is, in words; empty if it has none.
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
    live_run: IndexRun | None
    problem: str


def preview(catalogue: Catalogue) -> Preview:
    space = active_space(catalogue.name)
    config = get_settings().TEXT_ENCODER
    encoder, problem, encoded, is_current = describe_encoder(dict(config)), "", 0, False
    try:
        made = create_encoder(config)
        encoded = ModalityVector.objects.filter(
            encoder=made.fingerprint, modality="text", item__catalogue=catalogue.name
        ).count()
        encoder = f"{encoder} · {made.dimension}"
        is_current = space is not None and space.fingerprint == current_fingerprint(catalogue)
    except ShopRecoError as error:
        problem = str(error)
    return Preview(
        catalogue=catalogue.name,
        objects=catalogue.get_queryset().count(),
        outcomes=_outcomes(catalogue.name),
        waiting=pending(catalogue.name),
        active=f"#{space.pk} · {describe_encoder(space.encoder)}" if space else "",
        encoder=encoder,
        encoded=encoded,
        alignment=describe_alignment(alignments.metrics(space)) if space else "",
        is_current=is_current,
        live_run=live_run(catalogue.name, IndexRun.INDEX),
        problem=problem,
    )


def _outcomes(catalogue: str) -> str:
    """ "1,002 (990 indexed, 12 skipped)": the states that occur, in their own order."""
    counts = dict(
        Item.objects.filter(catalogue=catalogue).values_list("outcome").annotate(Count("id"))
    )
    parts = ", ".join(
        f"{number_format(counts[outcome], force_grouping=True)} {outcome.label}"
        for outcome in Outcome
        if outcome in counts
    )
    total = number_format(sum(counts.values()), force_grouping=True)
    return f"{total} ({parts})" if parts else total
