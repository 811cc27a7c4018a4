"""Neighbourhoods in words, which the language model encodes: K of E(K).

What the item says itself is left out: its text is E(T), and its attributes are searched as words.
A neighbourhood has what others add: links to other products, and values that people gave or
confirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import connections
from django.utils.translation import override

from shopreco.catalogues import ItemDocument
from shopreco.catalogues.fields import SEPARATOR
from shopreco.db.routing import write_alias
from shopreco.models import Meaning, RelationType
from shopreco.text.normalisation import normalise_text

MAX_PER_RELATION = 6
MAX_NEIGHBOURS = 16
"""Neighbours of each relation, the surest, and in all, the rarest relations first. A language
model reads a few hundred words."""


class NamedNeighbour(NamedTuple):
    """The other end of an edge of an item. own: number of the item's edges of this relation."""

    object_id: str
    relation_id: int
    incoming: bool
    label: str
    own: int


def neighbourhoods(catalogue: str, documents: Mapping[str, ItemDocument]) -> dict[str, str]:
    """Neighbourhoods by object id, such as "goes with: Oak desk, Brass lamp. material: walnut".

    Empty if the graph adds nothing to the passage of the document."""
    found = dict.fromkeys(documents, "")
    rows = _neighbours(catalogue, documents.keys())
    types = RelationType.objects.using(write_alias())
    relations = types.in_bulk({row.relation_id for row in rows})
    for object_id, neighbours in groupby(rows, key=attrgetter("object_id")):
        document = documents[object_id]
        said = _plain(document.passage)
        untold = [each for each in neighbours if _plain(_shown(each.label)) not in said][
            :MAX_NEIGHBOURS
        ]
        with override("zh-hans" if document.language.startswith("zh") else "en"):
            found[object_id] = ". ".join(
                f"{relations[relation].get_label(inverse=incoming)}: "
                + ", ".join(_shown(each.label) for each in group)
                for (relation, incoming), group in groupby(untold, key=_relation)
            )
    return found


def _relation(neighbour: NamedNeighbour) -> tuple[int, bool]:
    return neighbour.relation_id, neighbour.incoming


def _shown(label: str) -> str:
    """The label; for a category its own name, without the path above it."""
    return label.rpartition(SEPARATOR)[2]


def _plain(text: str) -> str:
    return normalise_text(text).casefold()


def _neighbours(catalogue: str, object_ids: Collection[str]) -> list[NamedNeighbour]:
    """Neighbours of items, in a fixed order.

    A link between products counts from either end; an edge to a value from the item alone."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            WITH mine AS (
                SELECT n.id, n.key FROM shopreco_node n
                WHERE n.catalogue = %(catalogue)s AND n.kind = 'item' AND n.key = ANY(%(keys)s)
            ), links AS (
                SELECT mine.key, e.relation_id, false AS incoming, e.target_id AS other, e.weight
                FROM mine JOIN shopreco_edge e ON e.source_id = mine.id AND e.state <> 'rejected'
                JOIN shopreco_relationtype r ON r.id = e.relation_id AND (
                    r.meaning <> %(value)s OR e.state = 'confirmed'
                    OR e.provenance NOT IN ('declared', 'extracted')
                )
                UNION
                SELECT mine.key, e.relation_id, NOT r.symmetric, e.source_id, e.weight
                FROM mine JOIN shopreco_edge e ON e.target_id = mine.id AND e.state <> 'rejected'
                JOIN shopreco_relationtype r ON r.id = e.relation_id AND r.meaning <> %(value)s
            ), counted AS (
                SELECT links.*, n.label, count(*) OVER relation AS own,
                    row_number() OVER (relation ORDER BY links.weight DESC, n.label, n.id) AS place
                FROM links JOIN shopreco_node n ON n.id = links.other AND n.label <> ''
                WINDOW relation AS (PARTITION BY links.key, relation_id, incoming)
            )
            SELECT key, relation_id, incoming, label, own FROM counted
            WHERE place <= %(most)s ORDER BY key, own, relation_id, incoming, place
            """,
            {
                "catalogue": catalogue,
                "keys": list(object_ids),
                "value": Meaning.ATTRIBUTE,
                "most": MAX_PER_RELATION,
            },
        )
        return [NamedNeighbour(*row) for row in cursor.fetchall()]
