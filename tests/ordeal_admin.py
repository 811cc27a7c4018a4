"""Somebody who works in the admin during an ordeal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread
from typing import Any

from tests.ordeal_checks import CATALOGUE

DECISION_SECONDS = 0.4


class Admin:
    """Somebody who decides on edges while beat sweeps, in a thread."""

    def __init__(self, sweep_seconds: float) -> None:
        self._sweep_seconds = sweep_seconds
        self._over = Event()
        self._random = Random(2)
        self.decisions = 0
        self.failures: Counter[str] = Counter()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [Thread(target=self._decide), Thread(target=self._sweep)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _sweep(self) -> None:
        from django.db import connections

        from shopreco import tasks

        while not self._over.wait(self._sweep_seconds):
            tasks.sweep()
        connections.close_all()

    def _decide(self) -> None:
        from django.db import connection, connections

        from tests.ordeal_writer import said

        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'; SET deadlock_timeout = '300ms'")
        while not self._over.wait(DECISION_SECONDS):
            try:
                self._decision()
            except Exception as error:  # noqa: BLE001 (every failure is a finding)
                self.failures[said(error)] += 1
            else:
                self.decisions += 1
        connections.close_all()

    def _decision(self) -> None:
        from shopreco import services
        from shopreco.models import Edge, EdgeState, Node, Provenance, RelationType

        edges = Edge.objects.filter(source__catalogue=CATALOGUE)
        nodes = Node.objects.filter(catalogue=CATALOGUE, kind=Node.ITEM)
        made = edges.filter(provenance=Provenance.CURATED)
        match self._random.randrange(3):
            case 0 if chosen := self._some(edges, 3):
                services.decide_edges(chosen, self._random.choice(list(EdgeState)))
            case 1 if chosen := self._some(made, 1):
                services.remove_edges(chosen)
            case _:
                source, target = self._some(nodes, 2)
                relation = RelationType.objects.get(code="complements")
                services.add_edge(source, relation, target)

    def _some(self, rows: Any, most: int) -> list[Any]:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return list(rows.filter(pk__in=self._random.sample(keys, min(most, len(keys)))))
