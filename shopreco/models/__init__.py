from shopreco.models.changes import Change, Mark
from shopreco.models.facets import FacetCode
from shopreco.models.graph import (
    Edge,
    EdgeState,
    Meaning,
    Node,
    NodeVector,
    Provenance,
    RelationType,
)
from shopreco.models.items import Item, Outcome
from shopreco.models.lexicon import LexicalEntry, LexiconTerm
from shopreco.models.placements import Placement
from shopreco.models.runs import IndexRun, RunState
from shopreco.models.spaces import (
    Embedding,
    EmbeddingSpace,
    ModalityVector,
    SpaceState,
    VectorIndex,
)
from shopreco.models.versions import ModelKind, ModelVersion

__all__ = [
    "Change",
    "Edge",
    "EdgeState",
    "Embedding",
    "EmbeddingSpace",
    "FacetCode",
    "IndexRun",
    "Item",
    "LexicalEntry",
    "LexiconTerm",
    "Mark",
    "Meaning",
    "ModalityVector",
    "ModelKind",
    "ModelVersion",
    "Node",
    "NodeVector",
    "Outcome",
    "Placement",
    "Provenance",
    "RelationType",
    "RunState",
    "SpaceState",
    "VectorIndex",
]
