"""Removal of spaces: marked first, then deleted in chunks by a worker.

Nobody can activate a marked space, which may be half gone. The worker may be killed at any line.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from django.db import transaction

from shopreco.broker import send
from shopreco.db.copy import delete_in_chunks
from shopreco.db.locks import try_lock
from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.spaces.indexes import drop_words_index
from shopreco.spaces.stores import vector_store

ROWS_PER_DELETE = 10_000
"""Few enough for one statement that it holds nobody up for long."""
TABLES = ("lexicalentry", "lexiconterm", "propagatedvector")


def begin_removal(space: EmbeddingSpace) -> None:
    """Have a worker remove a space.

    Raises:
        RunError: it is the one that answers.
    """
    mark_for_removal(space)
    transaction.on_commit(lambda: send("remove_space", space.pk), using=write_alias(), robust=True)


def mark_for_removal(space: EmbeddingSpace) -> None:
    """Mark a space: it cannot be activated any more, and `remove_marked` deletes it.

    Raises:
        RunError: it is the one that answers.
    """
    others = EmbeddingSpace.objects.using(write_alias()).exclude(state=SpaceState.ACTIVE)
    if not others.filter(pk=space.pk).update(state=SpaceState.DELETING):
        raise RunError(f"{space} is active: activate another one before you delete it.")


def remove_marked(space_id: int, seconds: float, chunk: int = ROWS_PER_DELETE) -> bool:
    """Delete a marked space for about so many seconds; returns whether nothing is left to do.

    Several workers may call it: one does the work.

    chunk: rows that one statement deletes.
    """
    deadline = monotonic() + seconds
    spaces = EmbeddingSpace.objects.using(write_alias()).filter(state=SpaceState.DELETING)
    with try_lock(f"removal {space_id}") as alone:
        space = spaces.filter(pk=space_id).first()
        if space is None or not alone:
            return True
        drop_words_index(space, "CONCURRENTLY")
        for _deleted in _chunks(space, chunk):
            if monotonic() > deadline:
                return False
        space.delete(using=write_alias())
    return True


def drop_space(space: EmbeddingSpace) -> None:
    """Delete a space that is not active, with its indexes and rows, now.

    Raises:
        RunError: it is the one that answers.
    """
    mark_for_removal(space)
    remove_marked(space.pk, float("inf"))


def marked() -> list[int]:
    """Keys of the spaces that wait to be removed."""
    spaces = EmbeddingSpace.objects.using(write_alias()).filter(state=SpaceState.DELETING)
    return list(spaces.values_list("pk", flat=True))


def _chunks(space: EmbeddingSpace, chunk: int) -> Iterator[int]:
    """Delete the rows of a space chunk by chunk; yields how many."""
    yield from vector_store(space).drop(space, chunk)
    for table in TABLES:
        yield from delete_in_chunks(f"shopreco_{table}", chunk, space_id=space.pk)
