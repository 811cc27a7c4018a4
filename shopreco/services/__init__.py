"""The service layer: all that views, template tags, commands and the admin call.

One module a noun; everything is importable from here. What writes is loaded when it is first used:
a process that only answers does without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shopreco.answers.facets import FacetCounts, FacetValue, PriceRange
from shopreco.answers.results import Reason, Result, ResultPage, Suggestion
from shopreco.exceptions import RunError
from shopreco.services.recommend import placements, recommend
from shopreco.services.search import autocomplete, search

if TYPE_CHECKING:
    from shopreco.indexing.signals import pause
    from shopreco.indexing.status import CatalogueStatus
    from shopreco.services.graph import (
        add_edge,
        decide_edges,
        merge_nodes,
        remove_edges,
        start_extraction,
        stop_extraction,
    )
    from shopreco.services.indexing import (
        activate,
        cancel,
        prune,
        rebuild,
        reindex,
        reindex_objects,
        resume,
        run_inline,
        status,
    )

__all__ = [
    "CatalogueStatus",
    "FacetCounts",
    "FacetValue",
    "PriceRange",
    "Reason",
    "Result",
    "ResultPage",
    "RunError",
    "Suggestion",
    "activate",
    "add_edge",
    "autocomplete",
    "cancel",
    "decide_edges",
    "merge_nodes",
    "pause",
    "placements",
    "prune",
    "rebuild",
    "recommend",
    "reindex",
    "reindex_objects",
    "remove_edges",
    "resume",
    "run_inline",
    "search",
    "start_extraction",
    "status",
    "stop_extraction",
]

_GRAPH = "add_edge decide_edges merge_nodes remove_edges start_extraction stop_extraction"
_INDEXING = "activate cancel prune rebuild reindex reindex_objects resume run_inline status"
_LATER = {
    "CatalogueStatus": "shopreco.indexing.status",
    "pause": "shopreco.indexing.signals",
    **dict.fromkeys(_GRAPH.split(), "shopreco.services.graph"),
    **dict.fromkeys(_INDEXING.split(), "shopreco.services.indexing"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__
