"""The space that answers: the active one, read now, or cached by the process for a second."""

from __future__ import annotations

from time import monotonic

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from shopreco.db.process_cache import ShopCache, note_generation
from shopreco.db.routing import write_alias
from shopreco.db.shops import answering_shop
from shopreco.models import EmbeddingSpace, SpaceState

SERVED_SECONDS = 1.0
"""Seconds that a process uses a space before it reads again which one is active."""
GENERATION = "pg_relation_filenode('shopreco_item'::regclass)"
"""SQL of a number that changes when the table is created anew or truncated, so that ids may begin
again."""

_served: ShopCache[tuple[EmbeddingSpace, float]] = ShopCache(10_000)
"""By shop and catalogue: the space, and until when it is used."""


def spaces_of(catalogue: str) -> QuerySet[EmbeddingSpace]:
    """All spaces of a catalogue, where they are written, in the order in which they are locked."""
    spaces = EmbeddingSpace.objects.using(write_alias())
    return spaces.filter(catalogue=catalogue).order_by("id")


def active_space(catalogue: str) -> EmbeddingSpace | None:
    """The active space, read where it is written: a replica may lag."""
    return spaces_of(catalogue).filter(state=SpaceState.ACTIVE).first()


def served_space(catalogue: str) -> EmbeddingSpace | None:
    """The active space for an answer. What another process activates shows after `SERVED_SECONDS`.

    Until then the space before answers; it stays complete until it is pruned. Every answer comes
    through here, so this function also clears the caches of an index that is gone.
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
