"""Projects with other catalogues than that of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shopreco.catalogues import get_catalogues, register
from shopreco.catalogues.registry import unregister


@contextmanager
def only_catalogues(*names: str) -> Iterator[None]:
    """Other catalogues than these are not registered, until the block ends."""
    before = get_catalogues()
    for each in before:
        if each.name not in names:
            unregister(each.name)
    try:
        yield
    finally:
        # All of them, so that their order is as before.
        for each in before:
            unregister(each.name)
            register(type(each))
