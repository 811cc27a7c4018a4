from shopreco.models.changes import Change, Mark
from shopreco.models.events import Event, EventConsent, EventKey, EventName, EventSource
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
from shopreco.models.mining import (
    ItemDay,
    ItemPair,
    ItemStatistic,
    MiningCursor,
    PairKind,
    PairTotal,
    QueryItem,
)
from shopreco.models.placements import Placement
from shopreco.models.runs import Run, RunState
from shopreco.models.spaces import (
    Embedding,
    EmbeddingSpace,
    ModalityVector,
    PropagatedVector,
    SpaceState,
)
from shopreco.models.specification import (
    AWAITED,
    NOT_NEEDED,
    AlignmentState,
    EncoderSpecification,
    ModalityAlignment,
    ModalitySpecification,
    SpaceSpecification,
    VectorIndex,
)
from shopreco.models.statistics import Cosines, LeftOut, SpaceStatistics
from shopreco.models.versions import ModelKind, ModelVersion
from shopreco.models.visitors import Visitor

__all__ = [
    "AWAITED",
    "NOT_NEEDED",
    "AlignmentState",
    "Change",
    "Cosines",
    "Edge",
    "EdgeState",
    "Embedding",
    "EmbeddingSpace",
    "EncoderSpecification",
    "Event",
    "EventConsent",
    "EventKey",
    "EventName",
    "EventSource",
    "FacetCode",
    "Item",
    "ItemDay",
    "ItemPair",
    "ItemStatistic",
    "LeftOut",
    "LexicalEntry",
    "LexiconTerm",
    "Mark",
    "Meaning",
    "MiningCursor",
    "ModalityAlignment",
    "ModalitySpecification",
    "ModalityVector",
    "ModelKind",
    "ModelVersion",
    "Node",
    "NodeVector",
    "Outcome",
    "PairKind",
    "PairTotal",
    "Placement",
    "PropagatedVector",
    "Provenance",
    "QueryItem",
    "RelationType",
    "Run",
    "RunState",
    "SpaceSpecification",
    "SpaceState",
    "SpaceStatistics",
    "VectorIndex",
    "Visitor",
]
