"""The scratch shop made ready: tables, products and an index for the current settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management import call_command

from shopreco.catalogues import get_catalogue
from shopreco.conf import get_settings
from shopreco.evaluation.corpus.loading import ensure_loaded, vacuum
from shopreco.evaluation.corpus.models import CorpusProduct
from shopreco.exceptions import ShopRecoError
from shopreco.indexing import removal, runs
from shopreco.indexing.marks import pending
from shopreco.indexing.runs import Progress
from shopreco.models import (
    Change,
    EmbeddingSpace,
    IndexRun,
    Item,
    Outcome,
    RunState,
    SpaceState,
)
from shopreco.spaces import serving, specification

CATALOGUE = CorpusProduct._meta.label_lower

Work = Callable[[IndexRun, Progress | None], IndexRun]
"""Works on a run until it is over: `services.run_inline` with a progress bar, from the command.
What it is given on top is called with the run after every batch."""

INDEX_TABLES = (
    "shopreco_item",
    "shopreco_embedding",
    "shopreco_modalityvector",
    "shopreco_propagatedvector",
    "shopreco_lexicalentry",
    "shopreco_lexiconterm",
)


class IndexingFailed(ShopRecoError):
    """The run did not come to its end; the message says why."""

    code: ClassVar[str] = "indexing_failed"


def load(corpus: Path, limit: int | None = None, hidden: Collection[str] = ()) -> bool:
    """Tables and products, the first `limit` of the file; True if they were not there already.

    hidden: see `ensure_loaded`.

    Raises:
        DatasetError: the file is malformed.
    """
    migrate()
    return ensure_loaded(corpus, limit, hidden)


def migrate() -> None:
    """The tables of the scratch shop."""
    call_command("migrate", interactive=False, verbosity=0)


def prepare(corpus: Path, work: Work, hidden: Collection[str] = ()) -> EmbeddingSpace:
    """Load and index a corpus, as far as that is not done already; returns the active space.

    The products are loaded again when the file has changed, and a new space is built when the
    settings, the declarations or the analysers have.

    Raises:
        DatasetError: the file is malformed.
        IndexingFailed: the run did not come to its end.
    """
    return prepare_loaded(work, changed=load(corpus, hidden=hidden))


def prepare_loaded(work: Work, *, changed: bool) -> EmbeddingSpace:
    """Index the products that are there; those of an active space again only if they `changed`.

    Raises:
        IndexingFailed: the run did not come to its end.
    """
    _end_abandoned_run()
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


def index(work: Work, *, rebuild: bool = False, progress: Progress | None = None) -> IndexRun:
    """One run over the whole catalogue, by the real pipeline.

    Raises:
        IndexingFailed: it ended other than done.
    """
    run = work(runs.start(get_catalogue(CATALOGUE), rebuild=rebuild), progress)
    if run.state != RunState.DONE:
        raise IndexingFailed(f"{run} {run.get_state_display()}: {run.error}")
    return run


@contextmanager
def other_settings(**changed: Any) -> Iterator[None]:
    """Settings of shopreco with some others, as if the host's file said so."""
    given = getattr(settings, "SHOPRECO", {})
    settings.SHOPRECO = {**given, **changed}
    get_settings.cache_clear()
    try:
        yield
    finally:
        settings.SHOPRECO = given
        get_settings.cache_clear()


def _end_abandoned_run() -> None:
    """A run that was interrupted last time: nobody else works here, so its leases are void."""
    for run in IndexRun.objects.filter(state__in=IndexRun.LIVE):
        runs.cancel(run)
    Change.objects.update(claim=None, lease_until=None)


def counts() -> dict[str, int]:
    """Products of the scratch shop that are in the index, and that could not be indexed."""
    items = Item.objects.filter(catalogue=CATALOGUE)
    return {
        "products": items.indexed().count(),
        "failed": items.filter(outcome=Outcome.FAILED).count(),
    }
