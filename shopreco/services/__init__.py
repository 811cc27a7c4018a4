"""The service layer: all that views, template tags, commands and the admin call.

One module per noun; everything is importable from here. `__all__` is for shops; what is imported
`as` itself is for our own surfaces only. What writes, and what only the admin and commands ask, is
loaded when it is first used: a process that only answers does without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shopreco.answers.blocks import render_block
from shopreco.answers.facets import FacetCounts, FacetValue, PriceRange
from shopreco.answers.presentation import Card, cards
from shopreco.answers.results import Reason, Result, ResultPage, Suggestion
from shopreco.db.process_cache import shared_key as shared_key
from shopreco.db.shared_cache import GuardedCache as GuardedCache
from shopreco.services.parameters import (
    MAX_EXCLUDED,
    MAX_FACETS,
    MAX_OFFSET,
    SORTS,
    facet_names,
    filter_names,
    item_facets as item_facets,
    photo_too_large as photo_too_large,
    unknown_filters as unknown_filters,
)
from shopreco.services.recommend import placements, recommend
from shopreco.services.search import autocomplete, search
from shopreco.stages import StageName, savepoint as savepoint

if TYPE_CHECKING:
    from shopreco.answers.money import money
    from shopreco.indexing.signals import pause
    from shopreco.services.behaviour import (
        EVENT_FORMATS,
        BlockReadiness as BlockReadiness,
        DataReadiness as DataReadiness,
        DoubleSender,
        EventError,
        EventFaults as EventFaults,
        ImportedEvents,
        Received,
        SourceReadiness as SourceReadiness,
        consent_of as consent_of,
        data_readiness as data_readiness,
        double_senders,
        event_labels,
        export_events,
        export_parquet,
        import_events,
        receive_events,
        track,
    )
    from shopreco.services.blocks import (
        default_sources as default_sources,
        forget_placements as forget_placements,
        placement_problems as placement_problems,
        source_labels as source_labels,
    )
    from shopreco.services.graph import (
        GRAPH_FORMATS as GRAPH_FORMATS,
        MERGE_LIMIT as MERGE_LIMIT,
        Imported,
        Quote as Quote,
        add_edge,
        decide_edges,
        export_edges,
        extracted_edges,
        import_edges,
        is_removable as is_removable,
        merge_nodes,
        quote as quote,
        remove_edges,
        start_extraction,
        stop_extraction,
        value_relation as value_relation,
    )
    from shopreco.services.health import (
        database_problem as database_problem,
        missing_extensions as missing_extensions,
        search_problems,
        wrong_database as wrong_database,
    )
    from shopreco.services.indexing import (
        CatalogueStatus,
        Progress as Progress,
        abandoned_run as abandoned_run,
        activate,
        begin,
        cancel,
        catalogue_status,
        outcome_counts as outcome_counts,
        prune,
        rebuild,
        reindex,
        reindex_objects,
        resume,
        run_inline,
        status,
        waiting_changes,
    )
    from shopreco.services.inspection import (
        Explanation,
        NearItem,
        Plan,
        PlanNode,
        ReadTerm,
        explain,
        nearest_items,
        used_media as used_media,
    )
    from shopreco.services.spaces import (
        SpaceSize as SpaceSize,
        active_space as active_space,
        alignment_metrics as alignment_metrics,
        current_fingerprint as current_fingerprint,
        remove_space,
        space_sizes as space_sizes,
    )
    from shopreco.services.visitors import (
        VisitorStatus,
        erase_visitor,
        event_counts as event_counts,
        merge_visitor,
        opt_in,
        opt_out,
        unmerge_visitor,
        visitor_data,
        visitor_status,
    )

__all__ = [
    "EVENT_FORMATS",
    "MAX_EXCLUDED",
    "MAX_FACETS",
    "MAX_OFFSET",
    "SORTS",
    "Card",
    "CatalogueStatus",
    "DoubleSender",
    "EventError",
    "Explanation",
    "FacetCounts",
    "FacetValue",
    "Imported",
    "ImportedEvents",
    "NearItem",
    "Plan",
    "PlanNode",
    "PriceRange",
    "ReadTerm",
    "Reason",
    "Received",
    "Result",
    "ResultPage",
    "StageName",
    "Suggestion",
    "VisitorStatus",
    "activate",
    "add_edge",
    "autocomplete",
    "begin",
    "cancel",
    "cards",
    "catalogue_status",
    "decide_edges",
    "double_senders",
    "erase_visitor",
    "event_labels",
    "explain",
    "export_edges",
    "export_events",
    "export_parquet",
    "extracted_edges",
    "facet_names",
    "filter_names",
    "import_edges",
    "import_events",
    "merge_nodes",
    "merge_visitor",
    "money",
    "nearest_items",
    "opt_in",
    "opt_out",
    "pause",
    "placements",
    "prune",
    "rebuild",
    "receive_events",
    "recommend",
    "reindex",
    "reindex_objects",
    "remove_edges",
    "remove_space",
    "render_block",
    "resume",
    "run_inline",
    "search",
    "search_problems",
    "start_extraction",
    "status",
    "stop_extraction",
    "track",
    "unmerge_visitor",
    "visitor_data",
    "visitor_status",
    "waiting_changes",
]

_BEHAVIOUR = (
    "BlockReadiness DataReadiness DoubleSender EVENT_FORMATS EventError EventFaults ImportedEvents "
    "Received SourceReadiness consent_of data_readiness double_senders event_labels export_events "
    "export_parquet import_events receive_events track"
)
_GRAPH = (
    "GRAPH_FORMATS MERGE_LIMIT Imported Quote add_edge decide_edges export_edges extracted_edges "
    "import_edges is_removable merge_nodes quote remove_edges start_extraction stop_extraction "
    "value_relation"
)
_HEALTH = "database_problem missing_extensions search_problems wrong_database"
_INDEXING = (
    "CatalogueStatus Progress abandoned_run activate begin cancel catalogue_status outcome_counts "
    "prune rebuild reindex reindex_objects resume run_inline status waiting_changes"
)
_INSPECTION = "Explanation NearItem Plan PlanNode ReadTerm explain nearest_items used_media"
_BLOCKS = "default_sources forget_placements placement_problems source_labels"
_SPACES = "SpaceSize active_space alignment_metrics current_fingerprint remove_space space_sizes"
_VISITORS = (
    "VisitorStatus erase_visitor event_counts merge_visitor opt_in opt_out unmerge_visitor "
    "visitor_data visitor_status"
)
_LATER = {
    "money": "shopreco.answers.money",
    "pause": "shopreco.indexing.signals",
    **dict.fromkeys(_BEHAVIOUR.split(), "shopreco.services.behaviour"),
    **dict.fromkeys(_BLOCKS.split(), "shopreco.services.blocks"),
    **dict.fromkeys(_GRAPH.split(), "shopreco.services.graph"),
    **dict.fromkeys(_HEALTH.split(), "shopreco.services.health"),
    **dict.fromkeys(_INDEXING.split(), "shopreco.services.indexing"),
    **dict.fromkeys(_INSPECTION.split(), "shopreco.services.inspection"),
    **dict.fromkeys(_SPACES.split(), "shopreco.services.spaces"),
    **dict.fromkeys(_VISITORS.split(), "shopreco.services.visitors"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__
