"""Settings of shopreco: one dict, `SHOPRECO`, in the host's settings; read late, checked at start.

    SHOPRECO = {"TEXT_ENCODER": {"MODEL": "BAAI/bge-small-en-v1.5"}}

    from shopreco.conf import get_settings
    get_settings().LEASE_SECONDS

Unknown, misspelt, removed or wrongly typed keys are system-check errors (`shopreco.E001` to
`E003`) that name the fix. Settings never shape tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from shopreco.exceptions import ConfigurationError

REMOVED: Mapping[str, str] = {}
"""Keys of earlier releases and the sentence that says what to do instead."""

WEIGHTS = ("TEXT", "IMAGE", "VIDEO", "ALPHA", "BETA")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "VECTOR_INDEX": ("hnsw", "binary"),
    "PHOTO_ENCODER": ("worker", "web"),
}
"""Keys that take one of a few values."""

RANGES: Mapping[str, tuple[int, int]] = {"GRAPH_STEPS": (0, 5)}
"""First and last value of keys that take a few whole numbers."""


def _option(default: Any, help: str) -> Any:
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Settings:
    """Every option with its type and default. The reference page is generated from this class."""

    TEXT_ENCODER: Mapping[str, Any] = _option(
        {
            "CLASS": "shopreco.encoders.SentenceTransformerEncoder",
            "MODEL": "sentence-transformers/all-MiniLM-L6-v2",
        },
        "The language model: `CLASS` of the encoder, `MODEL` by hub name or local path, and the "
        "encoder's own options in capitals (`DEVICE`, `BATCH_SIZE`, …). Keys that are left out "
        "keep their default. A change takes effect with the next rebuild, beside the old space.",
    )
    IMAGE_ENCODER: Mapping[str, Any] = _option(
        {"CLASS": "shopreco.encoders.EfficientNetEncoder"},
        "The image network, as TEXT_ENCODER; used where a catalogue declares `Image` or `Video`.",
    )
    MODALITY_WEIGHTS: Mapping[str, Any] = _option(
        {"TEXT": 1.0, "IMAGE": 0.5, "VIDEO": 0.25, "ALPHA": 1.0, "BETA": 0.25},
        "What a product's one vector is made of: α (λ_t text + λ_i image + λ_v video) + β graph. "
        "A product that lacks one is made of the others. `modality_weights` of a catalogue "
        "overrides.",
    )
    GRAPH_STEPS: int = _option(
        0,
        "Steps, at most 5, that E(K) spreads along the links between products, which the end of "
        "each run computes for all of them; 0 leaves it as the words of the neighbourhood. A "
        "change takes effect with the next rebuild, which encodes nothing.",
    )
    ARTEFACT_DIR: str | Path = _option(
        "",
        "Folder of exported models; workers write it and web processes read it, so both need it. "
        "Default: `shopreco-artefacts` beside the project (`BASE_DIR`).",
    )
    CACHE: str = _option("default", "Alias of the Django cache for query vectors and blocks.")
    VECTOR_INDEX: str = _option(
        "hnsw",
        "How the nearest vectors are found: `hnsw` over half precision, or `binary`, over hash "
        "codes of one bit per dimension with exact re-ranking: a third of the size, for several "
        "times the time. A change takes effect with the next rebuild.",
    )
    QUERY_DEADLINE: float = _option(
        0.25,
        "Seconds that a search waits for its query vector before it answers by words alone. An "
        "encoder that took less than a twentieth of it the last time is waited for.",
    )
    PHOTO_ENCODER: str = _option(
        "worker",
        "Where a shopper's photo is encoded: by a `worker`, or in the `web` process, by an ONNX "
        "copy of the image network, which the next run exports. A worker is asked where that is "
        "missing, fails or is late.",
    )
    PHOTO_DEADLINE: float = _option(
        3.0,
        "Seconds that a search by photo waits for the photo to be encoded; then the shopper gets a "
        "sentence.",
    )
    PHOTO_MAX_BYTES: int = _option(
        8 * 2**20,
        "Size of a photo that is read. It travels to a worker in one message of the broker, which "
        "may have a limit of its own.",
    )
    RANKER: Mapping[str, Any] = _option(
        {"CLASS": "shopreco.ranking.ConvexSum"},
        "How the scores of all retrievers become one: `CLASS` and its options in capitals.",
    )
    BATCH_SIZE: int = _option(1024, "Items that a worker claims, encodes and writes at a time.")
    LEASE_SECONDS: int = _option(
        300,
        "Seconds after which the items of a worker that died are claimed by another. One that is "
        "still at work renews them.",
    )
    MAX_ATTEMPTS: int = _option(
        3, "Workers that an item may kill before it waits for its next save."
    )
    BLOCK_CACHE_SECONDS: int = _option(
        300, "Seconds that the candidates of a recommendation block are kept; stock stays live."
    )
    SHOW_REASONS: bool = _option(
        True, "Whether recommendation blocks say why a product is there; the API always does."
    )
    STYLESHEET: str = _option(
        "shopreco/shopreco.css",
        "Static file that the first of the template tags on a page links. Empty: none, the site "
        "links this one or its own.",
    )
    MAX_QUERY_LENGTH: int = _option(400, "Characters of a query that are read; the rest is cut.")
    SLICE_SECONDS: float = _option(
        20.0, "Seconds that one task works on a run before it yields to other tasks."
    )

    @property
    def artefact_dir(self) -> Path:
        base = Path(getattr(django_settings, "BASE_DIR", "."))
        return Path(self.ARTEFACT_DIR) if self.ARTEFACT_DIR else base / "shopreco-artefacts"


def problems(given: object) -> list[tuple[str, str, str]]:
    """What is wrong with a `SHOPRECO` value: (check id, message, fix) each."""
    if not isinstance(given, Mapping):
        return [("E002", "SHOPRECO must be a dict.", "Write SHOPRECO = {…}.")]
    hints = get_type_hints(Settings)
    known = {option.name: hints[option.name] for option in fields(Settings)}
    found = []
    for key, value in given.items():
        if key in REMOVED:
            found.append(("E003", f"SHOPRECO[{key!r}] was removed.", REMOVED[key]))
        elif key not in known:
            close = get_close_matches(str(key).upper(), known, n=1)
            fix = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(known)}."
            found.append(("E001", f"SHOPRECO[{key!r}] is not a setting of shopreco.", fix))
        elif not _fits(value, known[key]):
            name = getattr(known[key], "__name__", str(known[key]))
            found.append(
                ("E002", f"SHOPRECO[{key!r}] is {value!r}.", f"It must be of type {name}.")
            )
        elif key in CHOICES and value not in CHOICES[key]:
            fix = f"It must be one of {', '.join(CHOICES[key])}."
            found.append(("E002", f"SHOPRECO[{key!r}] is {value!r}.", fix))
        elif key == "MODALITY_WEIGHTS" and (wrong := _wrong_weights(value)):
            fix = f"It takes numbers from 0 up by {', '.join(WEIGHTS)}."
            found.append(("E002", f"SHOPRECO[{key!r}] has {wrong}.", fix))
        elif key in RANGES:
            first, last = RANGES[key]
            if not first <= value <= last:
                fix = f"It must be from {first} to {last}."
                found.append(("E002", f"SHOPRECO[{key!r}] is {value!r}.", fix))
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and value <= 0:
            found.append(("E002", f"SHOPRECO[{key!r}] is {value!r}.", "It must be above zero."))
    return found


def _wrong_weights(weights: Mapping[str, Any]) -> str:
    wrong = (
        f"{name!r}: {weight!r}"
        for name, weight in weights.items()
        if name not in WEIGHTS or not _fits(weight, float) or weight < 0
    )
    return ", ".join(wrong)


def _fits(value: object, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if getattr(hint, "__origin__", None) is not None:
        return isinstance(value, hint.__origin__)
    return isinstance(value, get_args(hint) or hint)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The host's settings over the defaults; dicts are merged one level deep.

    Raises:
        ConfigurationError: the first problem that the system checks would also report.
    """
    given = getattr(django_settings, "SHOPRECO", {})
    for _id, message, fix in problems(given):
        raise ConfigurationError(f"{message} {fix}")
    values = dict(given)
    for option in fields(Settings):
        if option.default_factory is not MISSING and option.name in values:
            defaults = option.default_factory()
            other = values[option.name].get("CLASS", defaults.get("CLASS"))
            if other == defaults.get("CLASS"):
                values[option.name] = {**defaults, **values[option.name]}
    return Settings(**values)


def _reset(*, setting: str, **kwargs: object) -> None:
    if setting in {"SHOPRECO", "BASE_DIR"}:
        get_settings.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shopreco.conf")
