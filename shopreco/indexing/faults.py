"""Faults: which errors are an item's own, and which would fail any batch."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

from shopreco.exceptions import ConfigurationError

NOBODYS_FAULT = ("08", "53", "57P", "25006", "40", "55P03")
"""SQLSTATE of what would also fail for another batch, or not again for this one: connections,
resources, shutdown, a server that only reads, deadlocks, locks. Not of a statement that takes too
long, or a limit that one item exceeds."""


def is_nobodys_fault(error: Exception) -> bool:
    """Whether no item is to blame: another batch would fail too, or this one not again."""
    if isinstance(error, OperationalError):
        # Without a state the server did not answer.
        state = getattr(error.__cause__, "sqlstate", None)
        return state is None or state.startswith(NOBODYS_FAULT)
    return isinstance(error, (InterfaceError, ConfigurationError))
