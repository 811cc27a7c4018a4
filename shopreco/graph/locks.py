"""Who may write the graph of a catalogue at the same time.

Batches of the index share it: each touches its own items, and what they have in common is written
in one order. A file and a merge touch anything, so they have it to themselves until they commit.
"""

from __future__ import annotations

from shopreco.db import locks


def share_graph(catalogue: str) -> None:
    locks.lock_shared(f"graph {catalogue}")


def own_graph(catalogue: str) -> None:
    locks.lock_exclusive(f"graph {catalogue}")
