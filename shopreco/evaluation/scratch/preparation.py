"""Preparation of a scratch shop: tables, products and an index for the current settings."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar, Final

from django.core.management import call_command

from shopreco.catalogues import get_catalogue
from shopreco.evaluation.base import Work
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import load_corpus, vacuum
from shopreco.exceptions import ShopRecoError
from shopreco.indexing import reindex, removal
from shopreco.indexing.marks import pending
from shopreco.models import (
    Change,
    EmbeddingSpace,
    Item,
    Outcome,
    Run,
    RunState,
    SpaceState,
)
from shopreco.runs import engine
from shopreco.runs.slices import Progress
from shopreco.spaces import serving, specification

CATALOGUE: Final = CorpusProduct._meta.label_lower

INDEX_TABLES: Final = (
    "shopreco_item",
    "shopreco_embedding",
    "shopreco_modalityvector",
    "shopreco_propagatedvector",
    "shopreco_lexicalentry",
    "shopreco_lexiconterm",
)


class IndexingFailed(ShopRecoError):
    """A run failed or was cancelled; the message says why."""

    code: ClassVar[str] = "indexing_failed"


def load(corpus: Path, limit: int | None = None, hidden: Collection[str] = ()) -> bool:
    """Load the first `limit` products of a file. True if they were not there already.

    hidden: see `load_corpus`.

    Raises:
        DatasetError: the file is malformed.
    """
    migrate()
    return load_corpus(corpus, limit, hidden)


def migrate() -> None:
    """Create the tables of the scratch shop."""
    call_command("migrate", interactive=False, verbosity=0)


def prepare(corpus: Path, work: Work, hidden: Collection[str] = ()) -> EmbeddingSpace:
    """Load and index a corpus, as far as that is not done yet. Returns the active space.

    The products are loaded again when the file has changed, and a new space is built when the
    settings, the declarations or the analysers have.

    Raises:
        DatasetError: the file is malformed.
        IndexingFailed: a run failed or was cancelled.
    """
    return prepare_loaded(work, changed=load(corpus, hidden=hidden))


def prepare_loaded(work: Work, *, changed: bool) -> EmbeddingSpace:
    """Index the loaded products; with an active space only if they have `changed`.

    Raises:
        IndexingFailed: a run failed or was cancelled.
    """
    cancel_abandoned_runs()
    # Nobody else works here, so the leases of an interrupted run are void.
    Change.objects.update(claim=None, lease_until=None)
    catalogue = get_catalogue(CATALOGUE)
    space = serving.active_space(CATALOGUE)
    if space is None or not specification.is_current(space, catalogue):
        index(work, rebuild=True)
    elif changed or pending(CATALOGUE):
        index(work)
    else:
        return space
    for retired in EmbeddingSpace.objects.exclude(state=SpaceState.ACTIVE):
        removal.drop_space(retired)
    vacuum(*INDEX_TABLES)
    active = serving.active_space(CATALOGUE)
    if active is None:
        raise IndexingFailed(f"{CATALOGUE} has no active space after its run.")
    return active


def index(work: Work, *, rebuild: bool = False, progress: Progress | None = None) -> Run:
    """Run over the whole catalogue, by the real pipeline.

    Raises:
        IndexingFailed: the run failed or was cancelled.
    """
    return index_catalogue(CATALOGUE, work, rebuild=rebuild, progress=progress)


def index_catalogue(
    catalogue: str, work: Work, *, rebuild: bool = False, progress: Progress | None = None
) -> Run:
    """As `index`, for any catalogue."""
    run = work(reindex.start(get_catalogue(catalogue), rebuild=rebuild), progress)
    if run.state != RunState.DONE:
        raise IndexingFailed(f"{run} {run.get_state_display()}: {run.error}")
    return run


def cancel_abandoned_runs() -> None:
    """Cancel runs that were interrupted."""
    for run in Run.objects.filter(state__in=Run.LIVE):
        engine.cancel(run)


def counts() -> dict[str, int]:
    """Count the products of the scratch shop that are indexed, and those that failed."""
    items = Item.objects.filter(catalogue=CATALOGUE)
    return {
        "products": items.indexed().count(),
        "failed": items.filter(outcome=Outcome.FAILED).count(),
    }
