from shopreco.models.changes import Change
from shopreco.models.facets import FacetCode
from shopreco.models.items import Item, Outcome
from shopreco.models.lexicon import LexicalEntry, LexiconTerm
from shopreco.models.runs import IndexRun, RunKind, RunState
from shopreco.models.spaces import Embedding, EmbeddingSpace, ModalityVector, SpaceState

__all__ = [
    "Change",
    "Embedding",
    "EmbeddingSpace",
    "FacetCode",
    "IndexRun",
    "Item",
    "LexicalEntry",
    "LexiconTerm",
    "ModalityVector",
    "Outcome",
    "RunKind",
    "RunState",
    "SpaceState",
]
