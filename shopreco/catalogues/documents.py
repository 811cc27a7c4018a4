"""What a catalogue says of one object. Nothing after it knows the shop's model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import NamedTuple

from shopreco.catalogues.edges import DeclaredEdge
from shopreco.catalogues.media import Medium


class TextPart(NamedTuple):
    """One searchable text of an object and its weight in BM25F."""

    name: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class ItemDocument:
    """An object of the shop as search and recommendation see it.

    `passage` is the text that is encoded; `texts` are the fields of BM25F;
    `neighbourhood` is what the knowledge graph tells of it, in words, which the pipeline adds;
    `audiences` say who may see it, by the name of a `Visibility`; `language` is the declared one,
    `main_language` the one that most of it is taken to be in.
    """

    catalogue: str
    object_id: str
    title: str
    passage: str
    texts: tuple[TextPart, ...]
    identifiers: tuple[str, ...] = ()
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price: Decimal | None = None
    currency: str = ""
    available: bool = True
    audiences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    visible_from: datetime | None = None
    visible_until: datetime | None = None
    language: str = ""
    main_language: str = "en"
    site_id: int | None = None
    parent_id: str = ""
    added_at: datetime | None = None
    images: tuple[Medium, ...] = ()
    videos: tuple[Medium, ...] = ()
    edges: tuple[DeclaredEdge, ...] = ()
    neighbourhood: str = ""

    @property
    def has_words(self) -> bool:
        """Whether any of its texts says something: a bare number does not."""
        return any(has_letters(part.text) for part in self.texts)

    @property
    def group_id(self) -> int:
        """64-bit key shared by a parent and its variants."""
        key = f"{self.catalogue}:{self.parent_id or self.object_id}"
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)

    def hashes(self) -> dict[str, str]:
        """Content hash per representation: encoding again is due only where it changed.

        Of a modality that the object lacks it is empty.
        """
        words = "\x1e".join(f"{p.name}\x1f{p.weight}\x1f{p.text}" for p in self.texts)
        return {
            "text": _digest(self.passage) if self.passage else "",
            "lexical": _digest(
                f"{self.language}\x1e{self.main_language}\x1e{self.group_id}\x1e{words}"
            ),
            "image": _digest_of(self.images),
            "video": _digest_of(self.videos),
            "graph": _digest(self.neighbourhood) if self.neighbourhood else "",
        }


def has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _digest_of(media: tuple[Medium, ...]) -> str:
    """Empty where there is nothing to encode."""
    return _digest("\x1e".join(f"{m.name}\x1f{m.version}" for m in media)) if media else ""


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
