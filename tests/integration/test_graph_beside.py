"""Batches that build the graph beside each other."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction

from shopreco.catalogues import ItemDocument
from shopreco.graph.edges import update_edges
from shopreco.models import Edge, Node
from tests.helpers.shelf import SHELF, document, write_items

pytestmark = pytest.mark.django_db(transaction=True)


# Concurrency


def test_overlapping_batches_do_not_deadlock() -> None:
    """Each links to the items of the other, shares all values, and writes them in another order."""
    labels = [f"value {n}" for n in range(300)]
    categories = [f"Home > {n}" for n in range(100)]
    batches = [
        [
            document(
                n,
                material=labels[:: 1 if side else -1],
                category=("Home", *categories[:: 1 if side else -1]),
                edges=[("complements", "item", m) for m in range(40)][:: 1 if side else -1],
            )
            for n in range(side * 20, side * 20 + 20)
        ]
        for side in (0, 1)
    ]
    write_items(each for batch in batches for each in batch)
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(batch: list[ItemDocument]) -> None:
        try:
            for half in (batch[:10], batch[10:], batch):
                with transaction.atomic():
                    barrier.wait(30)
                    update_edges(SHELF, half)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the test reports it)
            failures.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert Node.objects.filter(kind="material").count() == 300
    assert Edge.objects.filter(relation__code="has_material").count() == 40 * 300
    assert Edge.objects.filter(relation__code="complements").count() == 40 * 39
