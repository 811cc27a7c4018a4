"""Which space answers: the active one, as it is now, or as a process has it for a second."""

from __future__ import annotations

from time import monotonic

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from shopreco.db.process_cache import ShopCache, note_generation
from shopreco.db.routing import write_alias
from shopreco.db.shops import answering_shop
from shopreco.models import (
    EmbeddingSpace,
    SpaceState,
)

SERVED_SECONDS = 1.0
"""How long a process goes on with a space without asking whether it is still the active one."""
GENERATION = "pg_relation_filenode('shopreco_item'::regclass)"
"""Another one when the table is made anew or emptied at once, and so its ids may begin again."""

_served: ShopCache[tuple[EmbeddingSpace, float]] = ShopCache(10_000)
"""By shop and catalogue: the space, and until when nobody asks again."""


def spaces_of(catalogue: str) -> QuerySet[EmbeddingSpace]:
    """All spaces of a catalogue, where they are written, in the order in which they are locked."""
    spaces = EmbeddingSpace.objects.using(write_alias())
    return spaces.filter(catalogue=catalogue).order_by("id")


def active_space(catalogue: str) -> EmbeddingSpace | None:
    """As it is now: what is decided by it must not be decided by a replica that lags."""
    return spaces_of(catalogue).filter(state=SpaceState.ACTIVE).first()


def served_space(catalogue: str) -> EmbeddingSpace | None:
    """The active space as answers use it: another process's switch shows within `SERVED_SECONDS`.

    A space that was switched from stays complete until it is pruned, so nothing breaks meanwhile.
    Every answer comes through here: what is kept of an index that is no longer there is forgotten.
    """
    key, now = (answering_shop(), catalogue), monotonic()
    space, until = _served.get(key) or (None, 0.0)
    if space is not None and now <= until:
        return space
    active = EmbeddingSpace.objects.filter(catalogue=catalogue, state=SpaceState.ACTIVE)
    space = active.annotate(generation=RawSQL(GENERATION, ())).first()  # noqa: S611 (a constant)
    if space is not None:
        note_generation(key[0], space.generation)
        _served.put(key, (space, now + SERVED_SECONDS))
    return space
