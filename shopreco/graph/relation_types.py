"""Relation types: find their rows by code, and create them when a code is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from django.utils.translation import override

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.graph.names import facet_relation
from shopreco.models import Meaning, Node, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS, DefaultRelation

_DEFAULTS = {relation.code: relation for relation in DEFAULT_RELATIONS}


class RelationKey(NamedTuple):
    id: int
    symmetric: bool


def relation_keys(
    codes: AbstractSet[str], describe: Callable[[str], DefaultRelation]
) -> dict[str, RelationKey]:
    """Keys of relation types by code. A code without a row gets its default, else as described."""
    found = _read(codes)
    missing = sorted(codes - found.keys())
    if missing:
        relations = (_DEFAULTS.get(code) or describe(code) for code in missing)
        RelationType.objects.using(write_alias()).bulk_create(
            [RelationType(**relation._asdict()) for relation in relations], ignore_conflicts=True
        )
        found = _read(codes)
    return found


def _read(codes: Iterable[str]) -> dict[str, RelationKey]:
    rows = RelationType.objects.using(write_alias()).filter(code__in=list(codes))
    return {
        code: RelationKey(id, symmetric)
        for code, id, symmetric in rows.values_list("code", "id", "symmetric")
    }


def describe_facet(catalogue: Catalogue, facet: str) -> DefaultRelation:
    """Describe the relation to the values of a facet, with the facet's label."""
    with override("en"):
        label = catalogue.get_facet_label(facet)
    with override("zh-hans"):
        label_zh = catalogue.get_facet_label(facet)
    return DefaultRelation(
        code=facet_relation(facet),
        meaning=Meaning.ATTRIBUTE,
        label=label.lower()[:100],
        inverse_label=f"{label.lower()} of"[:100],
        label_zh="" if label_zh == label else label_zh[:100],
        in_texts=True,
    )


def describe_code(code: str, target_kind: str) -> DefaultRelation:
    """Describe a relation by its code alone."""
    label = " ".join(code.replace("-", " ").replace("_", " ").split()) or code
    meaning = Meaning.OTHER if target_kind == Node.ITEM else Meaning.ATTRIBUTE
    return DefaultRelation(code=code, meaning=meaning, label=label)
