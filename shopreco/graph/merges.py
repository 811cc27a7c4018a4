"""Merges: make one node another name of a second."""

from __future__ import annotations

from django.db import connections, transaction

from shopreco.db.routing import write_alias
from shopreco.exceptions import GraphError
from shopreco.graph.locks import own_graph
from shopreco.models import Node


def merge_nodes(node: Node, into: Node) -> None:
    """Move all edges of `node` to `into`, and make its label another name of `into`.

    If two edges become one, the one that a person decided on stays; else that of `into`.

    Raises:
        GraphError: one is an item, they are of two catalogues, or they are the same node.
    """
    database = write_alias()
    with transaction.atomic(using=database):
        own_graph(into.catalogue)
        into = Node.objects.using(database).get(pk=into.pk)
        if into.merged_into is not None:
            into = into.merged_into
        if Node.ITEM in {node.kind, into.kind}:
            raise GraphError("Items cannot be merged: make one the variant of the other.")
        if node.catalogue != into.catalogue:
            raise GraphError(f"{node} is of {node.catalogue}, {into} of {into.catalogue}.")
        if node.pk == into.pk:
            raise GraphError(f"{node} is {into} already.")
        _move_edges(node.pk, into.pk)
        Node.objects.using(database).filter(merged_into=node).update(merged_into=into)
        Node.objects.using(database).filter(pk=node.pk).update(merged_into=into, holders=0)
    node.refresh_from_db(using=database)


def _move_edges(node: int, into: int) -> None:
    with connections[write_alias()].cursor() as cursor:
        # An edge between the two would lead from the node to itself.
        cursor.execute(
            """
            DELETE FROM shopreco_edge
            WHERE (source_id, target_id) IN ((%(node)s, %(into)s), (%(into)s, %(node)s))
            """,
            {"node": node, "into": into},
        )
        for end, other in (("source_id", "target_id"), ("target_id", "source_id")):
            same = f"""a.{end} = %(node)s AND b.{end} = %(into)s
                AND a.relation_id = b.relation_id AND a.{other} = b.{other}"""
            cursor.execute(
                f"""
                WITH decided AS (
                    DELETE FROM shopreco_edge b USING shopreco_edge a
                    WHERE {same} AND b.state = 'active' AND a.state <> 'active'
                    RETURNING b.id
                )
                DELETE FROM shopreco_edge a USING shopreco_edge b
                WHERE {same} AND NOT (b.state = 'active' AND a.state <> 'active')
                """,
                {"node": node, "into": into},
            )
            cursor.execute(
                f"UPDATE shopreco_edge SET {end} = %(into)s WHERE {end} = %(node)s",
                {"node": node, "into": into},
            )
