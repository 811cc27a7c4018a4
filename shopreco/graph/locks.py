"""Locks on the graph of a catalogue.

Batches of the index share the lock: each writes edges of its own items, and rows that they share in
one order. A file and a merge may write anything, so they hold the lock alone until they commit.
"""

from __future__ import annotations

from shopreco.db import locks


def share_graph(catalogue: str) -> None:
    locks.lock_shared(f"graph {catalogue}")


def own_graph(catalogue: str) -> None:
    locks.lock_exclusive(f"graph {catalogue}")
