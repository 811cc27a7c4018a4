"""The knowledge graph of a catalogue: built with the index, read from files, put right by people.

`update_edges` belongs into the transaction that writes a batch, `learn_values` at the end of a run.
"""

from shopreco.indexing.graph.building import Changes, update_edges
from shopreco.indexing.graph.files import export_csv, import_csv
from shopreco.indexing.graph.loading import GraphFileError, Imported
from shopreco.indexing.graph.merging import merge_nodes
from shopreco.indexing.graph.recbole import export_kg, import_kg
from shopreco.indexing.graph.values import learn_values

__all__ = [
    "Changes",
    "GraphFileError",
    "Imported",
    "export_csv",
    "export_kg",
    "import_csv",
    "import_kg",
    "learn_values",
    "merge_nodes",
    "update_edges",
]
