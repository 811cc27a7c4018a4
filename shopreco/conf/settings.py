"""The options of shopreco itself, by group. The reference page is made from these classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings

from shopreco.conf.options import BaseSettings, option
from shopreco.conf.validators import days_by_name, weights_of

WEIGHTS = ("TEXT", "IMAGE", "VIDEO", "ALPHA", "BETA")


@dataclass(frozen=True)
class EncoderSettings(BaseSettings):
    """Encoders: what makes vectors of texts and pictures."""

    TEXT_ENCODER: Mapping[str, Any] = option(
        {
            "CLASS": "shopreco.encoders.SentenceTransformerEncoder",
            "MODEL": "sentence-transformers/all-MiniLM-L6-v2",
        },
        "The language model: `CLASS` of the encoder, `MODEL` by hub name or local path, and the "
        "encoder's own options in capitals (`DEVICE`, `BATCH_SIZE`, …). Keys that are left out "
        "keep their default. A change takes effect with the next rebuild, beside the old space.",
    )
    IMAGE_ENCODER: Mapping[str, Any] = option(
        {"CLASS": "shopreco.encoders.EfficientNetEncoder"},
        "The image network, as TEXT_ENCODER; used where a catalogue declares `Image` or `Video`.",
    )
    ARTEFACT_DIR: str | Path = option(
        "",
        "Folder of exported models; workers write it and web processes read it, so both need it. "
        "Default: `shopreco-artefacts` beside the project (`BASE_DIR`).",
    )

    @property
    def artefact_dir(self) -> Path:
        base = Path(getattr(django_settings, "BASE_DIR", "."))
        return Path(self.ARTEFACT_DIR) if self.ARTEFACT_DIR else base / "shopreco-artefacts"


@dataclass(frozen=True)
class SpaceSettings(BaseSettings):
    """Spaces: what a product's vector is made of, and how it is found."""

    MODALITY_WEIGHTS: Mapping[str, Any] = option(
        {"TEXT": 1.0, "IMAGE": 0.5, "VIDEO": 0.25, "ALPHA": 1.0, "BETA": 0.25},
        "What a product's one vector is made of: α (λ_t text + λ_i image + λ_v video) + β graph. "
        "A product that lacks one is made of the others. `modality_weights` of a catalogue "
        "overrides.",
        validate=weights_of(WEIGHTS),
    )
    GRAPH_STEPS: int = option(
        0,
        "Steps, at most 5, that E(K) propagates along the links between products, which the end of "
        "each run computes for all of them; 0 leaves it as the words of the neighbourhood. A "
        "change takes effect with the next rebuild, which encodes nothing.",
        between=(0, 5),
    )
    VECTOR_INDEX: str = option(
        "hnsw",
        "How the nearest vectors are found: `hnsw` over half precision, or `binary`, over hash "
        "codes of one bit per dimension with exact re-ranking: a third of the size, for several "
        "times the time. A change takes effect with the next rebuild.",
        choices=("hnsw", "binary"),
    )


@dataclass(frozen=True)
class IndexingSettings(BaseSettings):
    """Indexing: how workers divide their work."""

    BATCH_SIZE: int = option(1024, "Items that a worker claims, encodes and writes at a time.")
    LEASE_SECONDS: int = option(
        300,
        "Seconds after which the items of a worker that died are claimed by another. One that is "
        "still at work renews them.",
    )
    MAX_ATTEMPTS: int = option(
        3, "Workers that an item may kill before it waits for its next save."
    )
    SLICE_SECONDS: float = option(
        20.0, "Seconds that one task works on a run before it yields to other tasks."
    )


@dataclass(frozen=True)
class AnswerSettings(BaseSettings):
    """Answers: what a search reads, how long it waits, and how it ranks."""

    QUERY_DEADLINE: float = option(
        0.25,
        "Seconds that a search waits for its query vector before it answers by words alone, and "
        "for the names in the graph, which a process reads with its first search. An "
        "encoder that took less than a twentieth of it the last time is waited for.",
    )
    MAX_QUERY_LENGTH: int = option(400, "Characters of a query that are read; the rest is cut.")
    RANKER: Mapping[str, Any] = option(
        {"CLASS": "shopreco.ranking.ConvexSum"},
        "How the scores of all retrievers become one: `CLASS` and its options in capitals.",
    )
    PHOTO_ENCODER: str = option(
        "worker",
        "Where a shopper's photo is encoded: by a `worker`, or in the `web` process, by an ONNX "
        "copy of the image network, which the next run exports. A worker is asked where that is "
        "missing, fails or is late.",
        choices=("worker", "web"),
    )
    PHOTO_DEADLINE: float = option(
        3.0,
        "Seconds that a search by photo waits for the photo to be encoded; then the shopper gets a "
        "sentence.",
    )
    PHOTO_MAX_BYTES: int = option(
        8 * 2**20,
        "Size of a photo that is read. It travels to a worker in one message of the broker, which "
        "may have a limit of its own.",
    )


@dataclass(frozen=True)
class CacheSettings(BaseSettings):
    """Cache: what is kept, where, and for how long."""

    CACHE: str = option("default", "Alias of the Django cache for query vectors and blocks.")
    BLOCK_CACHE_SECONDS: int = option(
        300, "Seconds that the candidates of a recommendation block are kept; stock stays live."
    )


@dataclass(frozen=True)
class PageSettings(BaseSettings):
    """Pages: what the template tags write."""

    SHOW_REASONS: bool = option(
        True, "Whether recommendation blocks say why a product is there; the API always does."
    )
    STYLESHEET: str = option(
        "shopreco/shopreco.css",
        "Static file that the first of the template tags on a page links. Empty: none, the site "
        "links this one or its own.",
    )


@dataclass(frozen=True)
class BehaviourSettings(BaseSettings):
    """Behaviour: what is kept of visitors, and for how long."""

    CONSENT: str = option(
        "",
        "Dotted path of a function of the request that says what the visitor has allowed: "
        "`none`, `statistics` or `personal`. Without it nobody has allowed anything, and nothing "
        "that identifies anybody is kept.",
    )
    HONOUR_GPC: bool = option(
        True,
        "Whether a browser that sends Global Privacy Control has no personal ranking, whatever its "
        "visitor has allowed before.",
    )
    VISITOR_COOKIE: str = option(
        "shopreco_visitor", "Name of the first-party cookie of visitors who allow to be recognised."
    )
    VISITOR_COOKIE_DAYS: int = option(180, "Days for which that cookie is kept after each visit.")
    EVENT_RETENTION_DAYS: Mapping[str, Any] = option(
        {"*": 400, "search": 180},
        "Days for which events are kept, by name; `*` is all others. Months are dropped as a whole "
        "at the end of the longest.",
        validate=days_by_name,
    )
    PRIVACY_THRESHOLD: int = option(
        3,
        "Visitors, or orders, that must have two products in common before this becomes a link in "
        "the graph, which others see.",
        minimum=2,
    )


# A dataclass takes the fields of its last base first, so the first group is the last base.
@dataclass(frozen=True)
class Settings(
    BehaviourSettings,
    PageSettings,
    CacheSettings,
    AnswerSettings,
    IndexingSettings,
    SpaceSettings,
    EncoderSettings,
):
    """Every option of shopreco with its type and default."""
