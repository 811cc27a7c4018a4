"""The knowledge graph of a catalogue: built with the index, read from files, put right by people.

The pipeline calls `update_edges` before it encodes, since edges are part of what is encoded, and
`attach_items` when the items are written; `learn_values`, `prune_nodes`, `encode_nodes` and
`spread` belong at the end of a run.
"""

from shopreco.indexing.graph.building import Changes, update_edges
from shopreco.indexing.graph.editing import (
    MOST_ITEMS,
    REMOVABLE,
    add_edge,
    decide_edges,
    found_in_texts,
    items_at,
    items_of,
    remove_edges,
)
from shopreco.indexing.graph.files import export_csv, import_csv
from shopreco.indexing.graph.loading import GraphFileError, Imported
from shopreco.indexing.graph.merging import merge_nodes
from shopreco.indexing.graph.neighbourhoods import neighbourhoods
from shopreco.indexing.graph.nodes import attach_items
from shopreco.indexing.graph.propagation import spread
from shopreco.indexing.graph.pruning import prune_nodes
from shopreco.indexing.graph.quotes import Quote, quote
from shopreco.indexing.graph.recbole import export_kg, import_kg
from shopreco.indexing.graph.values import learn_values
from shopreco.indexing.graph.vectors import encode_nodes

__all__ = [
    "MOST_ITEMS",
    "REMOVABLE",
    "Changes",
    "GraphFileError",
    "Imported",
    "Quote",
    "add_edge",
    "attach_items",
    "decide_edges",
    "encode_nodes",
    "export_csv",
    "export_kg",
    "found_in_texts",
    "import_csv",
    "import_kg",
    "items_at",
    "items_of",
    "learn_values",
    "merge_nodes",
    "neighbourhoods",
    "prune_nodes",
    "quote",
    "remove_edges",
    "spread",
    "update_edges",
]
