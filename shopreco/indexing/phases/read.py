"""Read: ask the catalogue for the objects of a batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from shopreco.catalogues import Catalogue
from shopreco.exceptions import describe
from shopreco.indexing.batches import Batch, Entry, Failure, Gone, Reading, Skipped
from shopreco.indexing.faults import is_nobodys_fault
from shopreco.indexing.outbox import Claim
from shopreco.spaces.languages import with_language

logger = logging.getLogger(__name__)


def read(catalogue: Catalogue, claims: Sequence[Claim], language: str) -> Batch:
    """Read the objects of claims. One that fails does not fail the others.

    language: of texts that do not tell theirs.
    """
    claimed = {claim.object_id: claim for claim in claims}
    # By object: a shop's queryset may give one twice.
    found: dict[str, Entry] = {}
    for obj in catalogue.indexed_queryset().filter(pk__in=catalogue.to_pks(set(claimed))):
        if (claim := claimed.get(str(obj.pk))) is not None:
            found[claim.object_id] = Entry(claim, _reading(catalogue, obj, language))
    gone = [Entry(claim, Gone()) for claim in claims if claim.object_id not in found]
    return Batch(claims, [*found.values(), *gone])


def _reading(catalogue: Catalogue, obj: Any, language: str) -> Reading:
    try:
        indexable = catalogue.is_indexable(obj)
        if indexable is not True:
            return Skipped(str(indexable or "is_indexable returned False"))
        return with_language(catalogue.document(obj), language)
    except Exception as error:
        if is_nobodys_fault(error):
            raise
        logger.exception("%s %s has no document", catalogue.name, obj.pk)
        return Failure(describe(error))
