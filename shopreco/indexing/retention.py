"""Pruning: delete what nothing needs any more."""

from __future__ import annotations

from datetime import datetime

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.indexing.removal import drop_space
from shopreco.models import EmbeddingSpace, Item, ModalityVector, Outcome, Run, SpaceState
from shopreco.spaces.sources import sources_of
from shopreco.spaces.stores.pictures import drop_pictures_index


def prune(catalogue: Catalogue, *, keep: int, before: datetime) -> dict[str, int]:
    """Delete old spaces, vectors, tombstones and runs; returns how many rows of each.

    keep: retired spaces that stay. before: what is younger stays. The active space always stays.
    """
    database = write_alias()
    spaces = EmbeddingSpace.objects.using(database).filter(catalogue=catalogue.name)
    retired = spaces.filter(state=SpaceState.RETIRED).order_by("-activated_at", "-id")[keep:]
    live = Run.objects.using(database).filter(catalogue=catalogue.name, state__in=Run.LIVE)
    abandoned = spaces.filter(state=SpaceState.BUILDING, created_at__lt=before).exclude(
        runs__in=live
    )
    dropped = 0
    for space in [*retired, *abandoned, *spaces.filter(state=SpaceState.DELETING)]:
        drop_space(space)
        dropped += 1
    used = {source.encoder for space in spaces.all() for source in sources_of(space)}
    vectors = ModalityVector.objects.using(database).filter(item__catalogue=catalogue.name)
    orphans = vectors.exclude(encoder__in=used)
    count = orphans.count()
    pictured = set(orphans.filter(modality="image").values_list("encoder", flat=True))
    orphans._raw_delete(database)
    for encoder in pictured:
        if not ModalityVector.objects.using(database).filter(encoder=encoder).exists():
            drop_pictures_index(encoder)
    tombstones = Item.objects.using(database).filter(
        catalogue=catalogue.name, outcome=Outcome.DELETED, indexed_at__lt=before
    )
    runs = Run.objects.using(database).filter(catalogue=catalogue.name, finished_at__lt=before)
    _all, by_model = tombstones.delete()
    return {
        "spaces": dropped,
        "vectors": count,
        "tombstones": by_model.get(Item._meta.label, 0),
        "runs": runs.delete()[0],
    }
