"""The knowledge graph of a catalogue: built with the index, read from files, put right by people.

The pipeline calls `update_edges` before it encodes, since edges are part of what is encoded, and
`attach_items` when the items are written; `learn_values` and `encode_nodes` belong at the end of a
run.
"""

from shopreco.indexing.graph.building import Changes, update_edges
from shopreco.indexing.graph.files import export_csv, import_csv
from shopreco.indexing.graph.loading import GraphFileError, Imported
from shopreco.indexing.graph.merging import merge_nodes
from shopreco.indexing.graph.neighbourhoods import neighbourhoods
from shopreco.indexing.graph.nodes import attach_items
from shopreco.indexing.graph.recbole import export_kg, import_kg
from shopreco.indexing.graph.values import learn_values
from shopreco.indexing.graph.vectors import encode_nodes

__all__ = [
    "Changes",
    "GraphFileError",
    "Imported",
    "attach_items",
    "encode_nodes",
    "export_csv",
    "export_kg",
    "import_csv",
    "import_kg",
    "learn_values",
    "merge_nodes",
    "neighbourhoods",
    "update_edges",
]
