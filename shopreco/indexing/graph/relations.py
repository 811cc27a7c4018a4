"""Relation types: the rows that codes stand for, made when a code is first used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import override

from shopreco.catalogues import Catalogue
from shopreco.indexing.outbox import outbox_database
from shopreco.models import Meaning, Node, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS, Relation
from shopreco.text.normalisation import normalise_text

HAS = "has_"
LONGEST_KIND = 100 - len(HAS)

_DEFAULTS = {relation.code: relation for relation in DEFAULT_RELATIONS}
_WORD_IN_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_NO_WORD = re.compile(r"\W+")


class RelationKey(NamedTuple):
    id: int
    symmetric: bool


@lru_cache(maxsize=4096)  # a catalogue has few facets and every item has them
def kind_of(facet: str) -> str:
    """The kind of nodes that a facet's values are: "baseColour" and "Base colour" are one."""
    words = _NO_WORD.sub("_", normalise_text(_WORD_IN_CAMEL_CASE.sub(" ", facet)).casefold())
    kind = words.strip("_")[:LONGEST_KIND]
    return f"{kind}_" if kind == Node.ITEM else kind


def facet_relation(facet: str) -> str:
    return HAS + kind_of(facet)


def relation_keys(
    codes: AbstractSet[str], describe: Callable[[str], Relation]
) -> dict[str, RelationKey]:
    """Rows by code; a code without a row gets its default's, else one as described."""
    found = _read(codes)
    missing = sorted(codes - found.keys())
    if missing:
        relations = (_DEFAULTS.get(code) or describe(code) for code in missing)
        RelationType.objects.using(outbox_database()).bulk_create(
            [RelationType(**relation._asdict()) for relation in relations], ignore_conflicts=True
        )
        found = _read(codes)
    return found


def _read(codes: Iterable[str]) -> dict[str, RelationKey]:
    rows = RelationType.objects.using(outbox_database()).filter(code__in=list(codes))
    return {
        code: RelationKey(id, symmetric)
        for code, id, symmetric in rows.values_list("code", "id", "symmetric")
    }


def describe_facet(catalogue: Catalogue, facet: str) -> Relation:
    """A relation to the values of a facet, under the words that shoppers read above them."""
    with override("en"):
        label = catalogue.get_facet_label(facet)
    with override("zh-hans"):
        label_zh = catalogue.get_facet_label(facet)
    return Relation(
        code=facet_relation(facet),
        meaning=Meaning.ATTRIBUTE,
        label=label.lower()[:100],
        inverse_label=f"{label.lower()} of"[:100],
        label_zh="" if label_zh == label else label_zh[:100],
        in_texts=True,
    )


def describe_code(code: str, target_kind: str) -> Relation:
    """A relation of which only the code is known."""
    label = " ".join(code.replace("-", " ").replace("_", " ").split()) or code
    meaning = Meaning.OTHER if target_kind == Node.ITEM else Meaning.ATTRIBUTE
    return Relation(code=code, meaning=meaning, label=label)
