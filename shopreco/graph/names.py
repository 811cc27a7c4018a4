"""Names of nodes and relations: how a label, a facet or an item is written in the graph."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from shopreco.catalogues.fields import SEPARATOR
from shopreco.models import Node
from shopreco.models.graph import MAX_LABEL_LENGTH
from shopreco.text.normalisation import comparison_key, normalise_text

HAS = "has_"
MAX_KIND_LENGTH = 100 - len(HAS)
_WORD_IN_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_NO_WORD = re.compile(r"\W+")


@lru_cache(maxsize=4096)  # a catalogue has few facets and every item has them
def kind_of(facet: str) -> str:
    """The node kind of a facet's values: "baseColour" and "Base colour" are the same kind."""
    words = _NO_WORD.sub("_", normalise_text(_WORD_IN_CAMEL_CASE.sub(" ", facet)).casefold())
    kind = words.strip("_")[:MAX_KIND_LENGTH]
    return f"{kind}_" if kind == Node.ITEM else kind


def facet_relation(facet: str) -> str:
    return HAS + kind_of(facet)


class NodeKey(NamedTuple):
    """The unique key of a node in its catalogue."""

    kind: str
    key: str


class NodeName(NamedTuple):
    kind: str
    key: str
    label: str

    @property
    def identity(self) -> NodeKey:
        return NodeKey(self.kind, self.key)


def item_name(object_id: str, title: str = "") -> NodeName:
    return NodeName(Node.ITEM, object_id, " ".join(title.split())[:MAX_LABEL_LENGTH])


def value_name(kind: str, label: str) -> NodeName | None:
    """The name of a value node; None if the label is empty, or too long for a shared value."""
    label = " ".join(label.replace("\x00", "").split())
    key = comparison_key(label)
    if not key or len(label) > MAX_LABEL_LENGTH or len(key) > MAX_LABEL_LENGTH:
        return None
    return NodeName(kind, key, label)


def name_of(label: str) -> str:
    """The name that people use for a node: for a category, its own without the path above it."""
    return label.rpartition(SEPARATOR)[2]
