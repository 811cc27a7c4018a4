"""Extraction: find known values in texts. A title with "walnut" probably has the material walnut.

The dictionary has the values that at least two items hold. `learn_values` counts the holders at the
end of a run. Between runs the dictionary does not change: a process reads and analyses it again
only if its version differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, TypeAlias

from django.db import connections

from shopreco.catalogues import Catalogue, ItemDocument, Text, Title
from shopreco.db.process_cache import ShopCache
from shopreco.db.routing import write_alias
from shopreco.db.shops import current_shop
from shopreco.graph.declarations import WantedEdge
from shopreco.graph.names import NodeName, item_name
from shopreco.models import EmbeddingSpace, Item, Provenance, SpaceState
from shopreco.spaces.languages import languages_of
from shopreco.text import get_analyser, term_id
from shopreco.text.dictionary import Dictionary, is_telling

MIN_HOLDERS = 2

TEXT_FIELDS = 5_000
"""Characters of a text that are read; what matters comes early."""

IN_TITLE, IN_TEXT = 0.9, 0.5
"""Confidence in a value from a title, and from another text: how often public catalogues agree."""
INFLECTED = 0.8
"""Factor of the confidence if the text has the value in another inflection only."""
CONTRADICTED = 0.5
"""Factor of the confidence if the item declares other values of the kind."""


class KnownValue(NamedTuple):
    """A value of the dictionary.

    share: share of this kind among all items that hold a value of this label."""

    relation: str
    node: NodeName
    share: float


class HolderRow(NamedTuple):
    """A name of a value: its own, or that of a node merged into it."""

    name: str
    name_key: str
    relation: str
    kind: str
    key: str
    label: str
    holders: int

    @property
    def node(self) -> NodeName:
        return NodeName(self.kind, self.key, self.label)


Version: TypeAlias = tuple[Any, ...]

_dictionaries: ShopCache[tuple[Version, Dictionary[KnownValue]]] = ShopCache(200_000)
"""By shop and catalogue; sizes are names."""

# The number stands in the text, as in the partial index.
NAMED = f"""
    WITH value AS MATERIALIZED (
        SELECT n.id, r.code, n.kind, n.key, n.label, n.holders
        FROM shopreco_node n
        JOIN shopreco_relationtype r ON r.code = 'has_' || n.kind AND r.in_texts
        WHERE n.catalogue = %s AND n.in_texts AND n.holders >= {MIN_HOLDERS:d}
    ), named AS (
        SELECT id AS name_id, label AS name, key AS name_key, value.* FROM value
        UNION ALL
        SELECT name.id, name.label, name.key, value.*
        FROM value JOIN shopreco_node name ON name.merged_into_id = value.id
        WHERE name.in_texts
    )
"""


def known_values(catalogue: str) -> Dictionary[KnownValue]:
    """The dictionary of a catalogue; read again only if it changed in the database."""
    key = current_shop(write_alias()), catalogue
    version = _version(catalogue)
    known = _dictionaries.get(key)
    if known is not None and known[0] == version:
        return known[1]
    rows = _read(catalogue)
    total: dict[str, int] = {}
    for row in rows:
        total[row.name_key] = total.get(row.name_key, 0) + row.holders
    dictionary = Dictionary(
        (row.name, KnownValue(row.relation, row.node, row.holders / total[row.name_key]))
        for row in rows
    )
    _dictionaries.put(key, (version, dictionary), len(rows))
    return dictionary


def _version(catalogue: str) -> Version:
    """A version that differs if the rows do, in a fraction of the time of reading them."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"{NAMED} SELECT count(*), sum(hashtextextended(named::text, 0)) FROM named",
            [catalogue],
        )
        version: Version = cursor.fetchone()
        return version


def _read(catalogue: str) -> list[HolderRow]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"{NAMED} SELECT name, name_key, code, kind, key, label, holders FROM named "
            "ORDER BY name_id",
            [catalogue],
        )
        return [HolderRow(*row) for row in cursor.fetchall()]


def extracted_edges(
    catalogue: Catalogue,
    document: ItemDocument,
    declared: Collection[WantedEdge],
    dictionary: Dictionary[KnownValue],
) -> Iterator[WantedEdge]:
    """Edges to values that the texts have and the catalogue does not; the surest first."""
    source = item_name(document.object_id, document.title)
    known = {(edge.relation, edge.target.key) for edge in declared}
    kinds = {edge.relation for edge in declared if edge.source == source}
    found: dict[KnownValue, float] = {}
    for value, confidence in _said(catalogue, document, dictionary):
        found[value] = max(confidence, found.get(value, 0.0))
    for (relation, target, share), confidence in found.items():
        if (relation, target.key) not in known:
            factor = CONTRADICTED if relation in kinds else 1.0
            weight = round(confidence * factor * share, 2)
            yield WantedEdge(source, relation, target, weight, Provenance.EXTRACTED)


def _said(
    catalogue: Catalogue, document: ItemDocument, dictionary: Dictionary[KnownValue]
) -> Iterator[tuple[KnownValue, float]]:
    languages = languages_of(document) if dictionary else {}
    for part in document.texts if dictionary else ():
        declaration = catalogue.fields.get(part.name)
        if isinstance(declaration, Text):
            confidence = IN_TITLE if isinstance(declaration, Title) else IN_TEXT
            for value, exact in dictionary.mentions(part.text[:TEXT_FIELDS], languages[part.name]):
                yield value, confidence if exact else confidence * INFLECTED


def learn_values(catalogue: Catalogue) -> list[str]:
    """Count the holders of values, and return the ids of objects to index again.

    These have the words of a value that was not in the dictionary before. The catalogue needs an
    active space with its indexes, which find the words.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            WITH counted AS (
                SELECT n.id, count(e.id) AS holders
                FROM shopreco_node n
                JOIN shopreco_relationtype r ON r.code = 'has_' || n.kind AND r.in_texts
                LEFT JOIN shopreco_edge e ON e.target_id = n.id AND e.relation_id = r.id
                    AND e.state <> 'rejected'
                    AND (e.provenance <> 'extracted' OR e.state = 'confirmed')
                WHERE n.catalogue = %(catalogue)s
                GROUP BY n.id
            ), moved AS (
                UPDATE shopreco_node n SET holders = counted.holders
                FROM counted JOIN shopreco_node before ON before.id = counted.id
                WHERE n.id = counted.id AND n.holders <> counted.holders
                RETURNING n.id, before.holders AS before, n.holders AS now
            )
            SELECT name.label FROM moved
            JOIN shopreco_node name ON moved.id IN (name.id, name.merged_into_id)
            WHERE moved.before < %(fewest)s AND moved.now >= %(fewest)s
            """,
            {"catalogue": catalogue.name, "fewest": MIN_HOLDERS},
        )
        labels = [label for (label,) in cursor.fetchall() if is_telling(label)]
    return _objects_with(catalogue.name, labels)


def _objects_with(catalogue: str, labels: Collection[str]) -> list[str]:
    """Objects whose lexical entries have all terms of a label, in any language."""
    # In a first run the space that is being built has what was saved meanwhile.
    states = [SpaceState.ACTIVE, SpaceState.BUILDING]
    spaces = EmbeddingSpace.objects.using(write_alias())
    space = spaces.filter(catalogue=catalogue, state__in=states).order_by("state", "-id").first()
    if space is None or not labels:
        return []
    items = Item.objects.using(write_alias()).filter(catalogue=catalogue)
    analysers = [get_analyser(code) for code in items.values_list("language", flat=True).distinct()]
    terms = {
        ",".join(str(term_id(token.term)) for token in analyser.tokens(label))
        for analyser in analysers
        for label in labels
    }
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT i.object_id
            FROM unnest(%s::text[]) AS t (terms)
            JOIN shopreco_lexicalentry e ON e.term_ids @> t.terms::int[]
            JOIN shopreco_item i ON i.id = e.item_id
            WHERE e.space_id = %s AND i.outcome = 'indexed'
            ORDER BY i.object_id
            """,
            [[f"{{{each}}}" for each in terms if each], space.pk],
        )
        return [object_id for (object_id,) in cursor.fetchall()]
