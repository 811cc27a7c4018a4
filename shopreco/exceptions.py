"""The error tree.

ShopRecoError
├── ConfigurationError      a setting or declaration is wrong; the message names the fix
├── GraphError              a change of the knowledge graph that would make no sense
├── InvalidQuery            what a caller asked cannot be answered; a 400 at the edge
│   ├── UnknownFilter       a filter, facet or sort order that the catalogue does not declare
│   ├── SeedMissing         a block that is about a product, and gets none
│   └── PhotoRejected       a shopper's photo that is too large or no picture; says which
├── PhotoUnavailable        a photo cannot be searched with now; the message is for the shopper
├── RunError                a run cannot be started, cancelled or resumed in its state
└── StoredValueError        a value in a JSON column has another version or other keys
"""

from __future__ import annotations

from typing import ClassVar


class ShopRecoError(Exception):
    """Root of all errors of shopreco. `code` is stable and meant for programs."""

    code: ClassVar[str] = "error"


class ConfigurationError(ShopRecoError):
    code = "configuration"


class GraphError(ShopRecoError):
    code = "graph"


class InvalidQuery(ShopRecoError):
    code = "invalid_query"


class InvalidEvent(ShopRecoError):
    code = "invalid_event"


class UnknownFilter(InvalidQuery):
    code = "unknown_filter"


class SeedMissing(InvalidQuery):
    code = "seed_missing"


class PhotoRejected(InvalidQuery):
    code = "photo_rejected"


class PhotoUnavailable(ShopRecoError):
    code = "photo_unavailable"


class RunError(ShopRecoError):
    code = "run"


class StoredValueError(ShopRecoError):
    code = "stored_value"


def describe(error: BaseException, limit: int = 2000) -> str:
    """An error in one text that a database can store, whatever its message holds."""
    text = f"{type(error).__name__}: {error}".replace("\x00", "")[:limit]
    return text.encode("utf-8", "replace").decode()
