"""The pipeline: claim a batch, then read → link → plan → encode → write; halve it if it fails.

Nothing is kept between batches but the models. A worker that dies at any line leaves claims whose
lease runs out; whoever comes next does the same work again with the same result.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.exceptions import describe
from shopreco.indexing import marks, outbox, spaces
from shopreco.indexing.batches import Batch, BatchReport, Failure
from shopreco.indexing.faults import is_nobodys_fault
from shopreco.indexing.outbox import Claim
from shopreco.indexing.phases.encode import encode
from shopreco.indexing.phases.link import link
from shopreco.indexing.phases.plan import plan
from shopreco.indexing.phases.read import read
from shopreco.indexing.phases.write import write
from shopreco.models import EmbeddingSpace, Run, RunState, SpaceState
from shopreco.spaces.languages import language_in
from shopreco.spaces.sources import TEXT_OF, encoder_of

logger = logging.getLogger(__name__)

SMALLER_WITH_MEDIA = 8
"""How many times fewer items a batch has where their images are encoded."""


def index_batch(catalogue: Catalogue, limit: int | None = None) -> BatchReport:
    """Collect the marks of a catalogue, and index its next batch. Without one the report is empty.

    Raises as `index_changes`.
    """
    marks.collect(catalogue)
    return index_changes(catalogue, limit)


def index_changes(
    catalogue: Catalogue, limit: int | None = None, *, run_id: int | None = None
) -> BatchReport:
    """Index the next batch of the outbox, of one run if it is named.

    Raises:
        What would also fail for another batch: the database or the encoder of the space that
            answers cannot be had. The claims were given back.
    """
    claims = outbox.claim(catalogue.name, limit or _batch_size(catalogue), run_id)
    if not claims:
        return BatchReport()
    try:
        with outbox.renewed(claims):
            report = _index(catalogue, claims, spaces.maintained_spaces(catalogue.name))
    except Exception:
        _give_back(claims)
        raise
    report.claimed = len(claims)
    report.of_run = sum(claim.run_id is not None for claim in claims)
    return report


def waiting(catalogue: Catalogue) -> bool:
    """Whether something waits to be indexed."""
    return outbox.any_claimable(catalogue.name) or marks.any_waiting(catalogue.name)


def _batch_size(catalogue: Catalogue) -> int:
    """Fewer items where their pictures are encoded, which take many times as long as texts."""
    size = get_settings().BATCH_SIZE
    declared = {field.modality for field in catalogue.fields.values() if field.modality}
    weights = catalogue.get_modality_weights() if declared else {}
    pictured = any(weights[modality] > 0 for modality in declared)
    return max(1, size // SMALLER_WITH_MEDIA) if pictured else size


def _give_back(claims: Sequence[Claim]) -> None:
    try:
        outbox.release(claims)
    except (OperationalError, InterfaceError):
        logger.warning("%d claims stay until their lease runs out", len(claims))


def _index(
    catalogue: Catalogue, claims: list[Claim], maintained: Sequence[EmbeddingSpace]
) -> BatchReport:
    """Index claims together; if that fails for a reason of their own, in halves, then alone."""
    attempts = get_settings().MAX_ATTEMPTS
    if claims[0].attempts > attempts:
        text = f"Workers died {attempts} times while indexing it. Save it to try again."
        batch = Batch.of_failed(claims, Failure(text, is_final=True))
        return _process(catalogue, batch, maintained)
    try:
        return _process(catalogue, read(catalogue, claims, language_in(maintained)), maintained)
    except Exception as error:
        if is_nobodys_fault(error):
            raise
        able = _able(maintained, error)
        if len(able) < len(maintained):
            return _index(catalogue, claims, able)
        if len(claims) > 1:
            logger.warning("a batch of %d failed, halving it: %s", len(claims), error)
            middle = len(claims) // 2
            report = _index(catalogue, claims[:middle], maintained)
            report.add(_index(catalogue, claims[middle:], maintained))
            return report
        logger.exception("%s %s cannot be indexed", catalogue.name, claims[0].object_id)
        batch = Batch.of_failed(claims, Failure(describe(error)))
        return _process(catalogue, batch, maintained)


def _able(maintained: Sequence[EmbeddingSpace], error: Exception) -> Sequence[EmbeddingSpace]:
    """The spaces whose encoders work, after something failed.

    The run of a space that is being built fails with its encoder. It does not hold up the space
    that answers. Raises the error if that one, or the only one, cannot encode.
    """
    able = []
    for space in maintained:
        try:
            _probe(space)
        except Exception as broken:
            if space.state != SpaceState.BUILDING or len(maintained) == 1:
                raise broken from error
            logger.exception("%s is no longer built: its encoder fails", space)
            _fail_runs(space, broken)
        else:
            able.append(space)
    return able


def _probe(space: EmbeddingSpace) -> None:
    """Encode anything. Raises what the encoders of the space raise."""
    for modality in space.encoders:
        encoder = encoder_of(space, modality)
        if modality in TEXT_OF:
            encoder.encode_documents(["."])
        else:
            from PIL import Image

            encoder.encode_images([Image.new("RGB", (8, 8))])


def _fail_runs(space: EmbeddingSpace, error: Exception) -> None:
    runs = Run.objects.using(write_alias()).filter(space=space, state__in=Run.LIVE)
    runs.update(state=RunState.FAILED, error=describe(error))


def _process(
    catalogue: Catalogue, batch: Batch, maintained: Sequence[EmbeddingSpace]
) -> BatchReport:
    batch = link(catalogue, batch, maintained)
    batch = plan(catalogue, batch, maintained)
    batch = encode(catalogue, batch, maintained)
    return write(catalogue, batch, maintained)
