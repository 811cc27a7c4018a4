"""Edges from a file: parsed line by line, and all loaded or none.

Rows are copied into a temporary table, and a few statements write them from there. So a file of any
size costs little memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, ClassVar, NamedTuple, TypeVar

from django.db import connections, transaction

from shopreco.catalogues import Catalogue
from shopreco.catalogues.edges import is_relation_code
from shopreco.db.routing import write_alias
from shopreco.exceptions import ShopRecoError
from shopreco.graph.locks import own_graph
from shopreco.graph.names import NodeName, item_name, kind_of, value_name
from shopreco.graph.relation_types import describe_code, relation_keys
from shopreco.models import Node
from shopreco.models.graph import MAX_LABEL_LENGTH

R = TypeVar("R")

MAX_LINE_LENGTH = 65_536
MAX_PROBLEMS = 20


class GraphFileError(ShopRecoError):
    """A file of edges is malformed; the message names each line and what is wrong with it."""

    code: ClassVar[str] = "graph_file"


class FileEdge(NamedTuple):
    line: int
    source: NodeName
    relation: str
    target: NodeName
    weight: float
    provenance: str
    state: str


class Imported(NamedTuple):
    """Counts of an import.

    edges: edges that were read. changed: those that are new or differ from the stored ones.
    unknown_items: items that are named but not indexed; their nodes are tied to them later."""

    edges: int
    changed: int
    unknown_items: int


def decoded_lines(file: BinaryIO) -> Iterator[str]:
    """The lines of a UTF-8 file, with or without a byte order mark.

    Raises:
        GraphFileError: the file is not UTF-8 text.
    """
    number = 0
    while raw := file.readline(MAX_LINE_LENGTH):
        number += 1
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise GraphFileError(f"line {number}: not UTF-8 ({error.reason}).") from None
        if "\x00" in line:
            raise GraphFileError(f"line {number}: has a NUL character.")
        if len(raw) == MAX_LINE_LENGTH:
            raise GraphFileError(f"line {number}: longer than {MAX_LINE_LENGTH} bytes.")
        yield line


def parsed(
    rows: Iterable[tuple[int, R]], parse: Callable[[int, R], FileEdge]
) -> Iterator[FileEdge]:
    """Parse numbered rows into edges.

    Raises:
        GraphFileError: at the end, if lines are malformed; the message explains the first few.
    """
    problems: list[str] = []
    for number, row in rows:
        try:
            edge = parse(number, row)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            if len(problems) == MAX_PROBLEMS:
                problems.append("Perhaps there is more.")
                break
        else:
            yield edge
    if problems:
        raise GraphFileError("\n".join(problems))


def node_named(kind: str, text: str) -> NodeName:
    """Make a node name of text. Raises ValueError if the text is empty or too long."""
    if kind == Node.ITEM:
        if not 0 < len(text) <= MAX_LABEL_LENGTH:
            raise ValueError(f"an object id has 1 to {MAX_LABEL_LENGTH} characters.")
        return item_name(text)
    if not (normal := kind_of(kind)):
        raise ValueError(f"{kind!r} is no kind of node.")
    name = value_name(normal, text)
    if name is None:
        raise ValueError(f"the label of a {normal} has 1 to {MAX_LABEL_LENGTH} characters.")
    return name


def file_edge(
    line: int,
    source: NodeName,
    relation: str,
    target: NodeName,
    weight: float,
    provenance: str,
    state: str,
) -> FileEdge:
    """Make an edge of the fields of a line. Raises ValueError if there can be no such edge."""
    if not is_relation_code(relation):
        raise ValueError(f"{relation[:100]!r} is no code of a relation.")
    if source.identity == target.identity:
        raise ValueError("an edge leads from a node to another one.")
    if not 0 <= weight <= 1:
        raise ValueError(f"the weight is from 0 to 1, not {weight}.")
    return FileEdge(line, source, relation, target, weight, provenance, state)


def load_edges(catalogue: Catalogue, edges: Iterable[FileEdge]) -> Imported:
    """Write edges in one transaction; the last one of repeated edges counts.

    Decisions of people stay, unless the file has a decision of its own. If `edges` raises, nothing
    changes.
    """
    database = write_alias()
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        own_graph(catalogue.name)
        read = _copy(cursor, edges)
        _create_relations(cursor)
        cursor.execute(NODES, {"catalogue": catalogue.name})
        cursor.execute(EDGES, {"catalogue": catalogue.name})
        changed = cursor.rowcount
        cursor.execute(UNKNOWN, {"catalogue": catalogue.name})
        (unknown,) = cursor.fetchone()
        return Imported(read, changed, unknown)


def _copy(cursor: Any, edges: Iterable[FileEdge]) -> int:
    cursor.execute(
        """
        CREATE TEMPORARY TABLE shopreco_graph_load (
            line int8, source_kind text, source_key text, source_label text, relation text,
            target_kind text, target_key text, target_label text, weight float8,
            provenance text, state text
        ) ON COMMIT DROP
        """
    )
    read = 0
    with cursor.copy("COPY shopreco_graph_load FROM STDIN") as copy:
        for line, source, relation, target, *rest in edges:
            copy.write_row((line, *source, relation, *target, *rest))
            read += 1
    cursor.execute("ANALYZE shopreco_graph_load")
    return read


def _create_relations(cursor: Any) -> None:
    cursor.execute("SELECT relation, min(target_kind) FROM shopreco_graph_load GROUP BY relation")
    target_kinds = dict(cursor.fetchall())
    relation_keys(target_kinds.keys(), lambda code: describe_code(code, target_kinds[code]))


NODES = """
    INSERT INTO shopreco_node (catalogue, kind, key, label, item_id, in_texts, holders)
    SELECT %(catalogue)s, t.kind, t.key, (array_agg(t.label ORDER BY t.line))[1],
           min(i.id), true, 0
    FROM (
        SELECT line, source_kind, source_key, source_label FROM shopreco_graph_load
        UNION ALL
        SELECT line, target_kind, target_key, target_label FROM shopreco_graph_load
    ) AS t (line, kind, key, label)
    LEFT JOIN shopreco_item i
        ON t.kind = 'item' AND i.catalogue = %(catalogue)s AND i.object_id = t.key
    GROUP BY t.kind, t.key
    ON CONFLICT DO NOTHING
"""

EDGES = """
    INSERT INTO shopreco_edge AS e
        (source_id, relation_id, target_id, weight, provenance, state)
    SELECT source, relation, target, weight, provenance, state FROM (
        SELECT DISTINCT ON (s.id, r.id, t.id) s.id AS source, r.id AS relation, t.id AS target,
            l.weight, l.provenance, l.state, l.line
        FROM shopreco_graph_load l
        JOIN shopreco_relationtype r ON r.code = l.relation
        JOIN shopreco_node source ON source.catalogue = %(catalogue)s
            AND source.kind = l.source_kind AND source.key = l.source_key
        JOIN shopreco_node s ON s.id = COALESCE(source.merged_into_id, source.id)
        JOIN shopreco_node target ON target.catalogue = %(catalogue)s
            AND target.kind = l.target_kind AND target.key = l.target_key
        JOIN shopreco_node t ON t.id = COALESCE(target.merged_into_id, target.id)
        WHERE s.id <> t.id AND NOT (r.symmetric AND l.state = 'active' AND EXISTS (
            SELECT FROM shopreco_edge o WHERE o.source_id = t.id AND o.relation_id = r.id
                AND o.target_id = s.id AND o.state = 'rejected'))
        ORDER BY s.id, r.id, t.id, l.line DESC
    ) AS said
    ORDER BY line
    ON CONFLICT (source_id, relation_id, target_id) DO UPDATE
    SET weight = EXCLUDED.weight, state = EXCLUDED.state,
        provenance = CASE WHEN e.provenance = 'curated' THEN 'curated' ELSE EXCLUDED.provenance END
    WHERE (e.state = 'active' OR EXCLUDED.state <> 'active')
        AND (e.weight, e.state, e.provenance)
            IS DISTINCT FROM (EXCLUDED.weight, EXCLUDED.state, EXCLUDED.provenance)
"""

UNKNOWN = """
    SELECT count(*) FROM shopreco_node n
    WHERE n.catalogue = %(catalogue)s AND n.kind = 'item' AND n.item_id IS NULL AND n.key IN (
        SELECT source_key FROM shopreco_graph_load WHERE source_kind = 'item'
        UNION SELECT target_key FROM shopreco_graph_load WHERE target_kind = 'item')
"""
