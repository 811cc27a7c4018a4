"""A batch on its way through the pipeline, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shopreco.catalogues import ItemDocument
from shopreco.indexing.outbox import Claim


@dataclass(slots=True)
class BatchReport:
    """What one batch did, in items; `of_run` are those that were claimed for a run, `files` the
    pictures and videos that they name, `unopened` those of them that could not be opened."""

    claimed: int = 0
    of_run: int = 0
    changed: int = 0
    encoded: int = 0
    removed: int = 0
    failed: int = 0
    files: int = 0
    unopened: int = 0

    def add(self, other: BatchReport) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item could not be indexed; whether it is tried again without being saved."""

    reason: str
    is_final: bool = False


@dataclass(slots=True)
class Batch:
    """The claims of one batch and what the catalogue says of their objects."""

    claims: list[Claim]
    documents: dict[str, ItemDocument] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
