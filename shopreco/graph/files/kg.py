"""Edges in the `.kg` format of RecBole: triples of tokens, tab separated, without quoting.

Zhao et al. 2021, "RecBole: Towards a Unified, Comprehensive and Efficient Framework for
Recommendation Algorithms". A token with a colon is a node of a kind (`brand:Acme`), any other the
object id of an item; ids that have a colon themselves are written `item:a:b`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from shopreco.catalogues import Catalogue
from shopreco.graph.files.base import (
    FileEdge,
    GraphFileError,
    Imported,
    decoded_lines,
    file_edge,
    load_edges,
    node_named,
    parsed,
)
from shopreco.graph.files.csv import TextOut, stored_edges
from shopreco.graph.names import NodeName, facet_relation, kind_of
from shopreco.models import EdgeState, Node, Provenance

COLUMNS = ("head_id:token", "relation_id:token", "tail_id:token")


def import_kg(
    catalogue: Catalogue, file: BinaryIO, provenance: str = Provenance.IMPORTED
) -> Imported:
    """Import triples. Columns beyond the three are ignored.

    A relation with the name of its target's kind, such as `brand` to `brand:Acme`, becomes
    `has_brand`.

    Raises:
        GraphFileError: lines are malformed; nothing was changed.
    """
    return load_edges(catalogue, _read(file, provenance))


def _read(file: BinaryIO, provenance: str) -> Iterator[FileEdge]:
    lines = decoded_lines(file)
    header = next(lines, "").rstrip("\r\n").split("\t")
    if missing := [name for name in COLUMNS if name not in header]:
        raise GraphFileError(f"line 1: no column {', '.join(missing)}.")
    positions = [header.index(name) for name in COLUMNS]

    def parse(line: int, text: str) -> FileEdge:
        cells = text.split("\t")
        if len(cells) != len(header):
            raise ValueError(f"has {len(cells)} cells, the header {len(header)}.")
        head, relation, tail = (cells[position] for position in positions)
        source, target = _node(head), _node(tail)
        code = _relation(relation, target)
        return file_edge(line, source, code, target, 1.0, provenance, EdgeState.ACTIVE)

    numbered = ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, start=2))
    yield from parsed(((number, line) for number, line in numbered if line), parse)


def _node(token: str) -> NodeName:
    kind, colon, text = token.partition(":")
    return node_named(kind, text) if colon else node_named(Node.ITEM, token)


def _relation(name: str, target: NodeName) -> str:
    if target.kind == Node.ITEM or kind_of(name) != target.kind:
        return name
    return "in_category" if target.kind == Node.CATEGORY else facet_relation(name)


def export_kg(catalogue: Catalogue, out: TextOut) -> int:
    """Write the edges of a catalogue that nobody rejected; returns their number.

    Raises:
        GraphFileError: an object id has a tab or a line break, which the format cannot hold.
    """
    out.write("\t".join(COLUMNS) + "\n")
    written = 0
    for edge in stored_edges(catalogue):
        if edge.state != EdgeState.REJECTED:
            head, tail = (
                _token(edge.source_kind, edge.source),
                _token(edge.target_kind, edge.target),
            )
            out.write(f"{head}\t{edge.relation}\t{tail}\n")
            written += 1
    return written


def _token(kind: str, text: str) -> str:
    token = text if kind == Node.ITEM and ":" not in text else f"{kind}:{text}"
    if any(character in token for character in "\t\r\n"):
        raise GraphFileError(f"{token!r} has a tab or a line break: export CSV instead.")
    return token
