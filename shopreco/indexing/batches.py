"""A batch: the entries that a worker takes through the pipeline together, and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopreco.catalogues import ItemDocument
from shopreco.indexing.lexicon import ItemTerms
from shopreco.indexing.outbox import Claim
from shopreco.models import Outcome
from shopreco.spaces.sources import Source


@dataclass(slots=True)
class BatchReport:
    """What one batch did. Counts are items, but for the last two.

    of_run: those that were claimed for a run. files: images and videos that the items name.
    unopened: files that could not be opened.
    """

    claimed: int = 0
    of_run: int = 0
    changed: int = 0
    encoded: int = 0
    removed: int = 0
    failed: int = 0
    files: int = 0
    unopened: int = 0

    def add(self, other: BatchReport) -> None:
        """Add the counts of another batch."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that could not be indexed. is_final: it is not tried again until it is saved."""

    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object that its catalogue does not want in the index."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An object that the shop no longer has."""


Reading: TypeAlias = ItemDocument | Skipped | Failure | Gone
"""What a catalogue says of an object."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    """The stored item of an object, as it was when the batch was planned."""

    id: int
    outcome: str
    failures: int
    group_id: int
    signature: str

    @property
    def is_well(self) -> bool:
        """Whether it is indexed and its last attempt did not fail."""
        return self.outcome == Outcome.INDEXED and not self.failures


class Origin(Enum):
    """Where the vector of one modality of an entry comes from."""

    ABSENT = auto()
    """There is none: the object lacks the modality."""
    STORED = auto()
    """It is stored, and current."""
    FRESH = auto()
    """It was encoded just now."""
    STAND_IN = auto()
    """It is stored, and made of files that cannot be read now."""
    RECOVERED = auto()
    """It was a stand-in, and its files can be read again."""


@dataclass(frozen=True, slots=True)
class EncodedModality:
    """The vector of one modality of an entry, by one encoder.

    content_hash: what is stored as the hash; another one than that of the content if a file could
    not be read, so that the next pass tries it again. files: digests of the names of the files that
    it was made of. problems: reasons by file name. unopened: names of the files that are not to
    blame for theirs.
    """

    vector: NDArray[np.float32] | None
    content_hash: str
    origin: Origin
    files: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    unopened: frozenset[str] = frozenset()


ABSENT = EncodedModality(None, "", Origin.ABSENT)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a batch. Each phase returns it with more.

    | phase | adds |
    |---|---|
    | read | `claim`, `reading` |
    | link | the neighbourhood of the document |
    | plan | `known`, `hashes`, `signature`, `is_changed`, `stale_vectors`, `stale_words` |
    | encode | `encoded`, `terms` |

    hashes: content hash by modality. signature: a hash of the item's row. is_changed: whether that
    row is written. stale_vectors, stale_words: keys of the spaces whose embedding, and whose
    lexical entry, is missing or out of date. encoded: by source. terms: by key of the space.
    """

    claim: Claim
    reading: Reading
    known: KnownItem | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    signature: str = ""
    is_changed: bool = False
    stale_vectors: frozenset[int] = frozenset()
    stale_words: frozenset[int] = frozenset()
    encoded: Mapping[Source, EncodedModality] = field(default_factory=dict)
    terms: Mapping[int, ItemTerms] = field(default_factory=dict)

    @property
    def object_id(self) -> str:
        return self.claim.object_id

    @property
    def document(self) -> ItemDocument | None:
        """What is indexed of the object; None if nothing is."""
        return self.reading if isinstance(self.reading, ItemDocument) else None

    @property
    def leaves(self) -> bool:
        """Whether nothing of the object is to stay in the index."""
        return isinstance(self.reading, Skipped | Gone)

    @property
    def differs(self) -> bool:
        """Whether the index has something else of the object."""
        return self.is_changed or bool(self.stale_vectors or self.stale_words)


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries on their way through the pipeline.

    claims: all that were leased, also those whose entries were dropped since. deferred: claims
    whose objects are encoded when their run has linked all others.
    """

    claims: Sequence[Claim]
    entries: Sequence[Entry]
    deferred: Sequence[Claim] = ()

    @classmethod
    def of_failed(cls, claims: Sequence[Claim], failure: Failure) -> Self:
        """A batch of which nothing can be indexed."""
        return cls(claims, [Entry(claim, failure) for claim in claims])

    @property
    def documents(self) -> dict[str, ItemDocument]:
        """Documents of the entries that have one, by object id."""
        return {e.object_id: e.document for e in self.entries if e.document is not None}

    @property
    def working(self) -> list[Claim]:
        """Claims that something is still to be done about."""
        return [*(entry.claim for entry in self.entries), *self.deferred]

    def held(self, change_ids: Collection[int]) -> Self:
        """The batch without what is no longer ours. change_ids: of the claims that are."""
        return replace(
            self,
            entries=[each for each in self.entries if each.claim.change_id in change_ids],
            deferred=[each for each in self.deferred if each.change_id in change_ids],
        )


def run_of(claims: Sequence[Claim]) -> int | None:
    """The run that claims are the bulk of, if they are."""
    run_ids = Counter(claim.run_id for claim in claims if claim.run_id is not None)
    return run_ids.most_common(1)[0][0] if run_ids else None
