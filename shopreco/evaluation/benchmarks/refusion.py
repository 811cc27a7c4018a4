"""The benchmark of a change of weights: vector fusion of all items, against encoding them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any, ClassVar, Final

import numpy as np

from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.conf import get_settings
from shopreco.encoders import create_image_encoder
from shopreco.encoders.base import Vectors
from shopreco.evaluation.benchmarks.bare_encoding import BareEncoding, bare_encoder
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import vacuum
from shopreco.evaluation.scratch.overrides import other_weights, overridden_settings
from shopreco.evaluation.scratch.preparation import CATALOGUE, load
from shopreco.exceptions import ShopRecoError
from shopreco.fusion import IMAGE, MIN_PAIRS, TEXT
from shopreco.indexing import alignments, embeddings, spaces
from shopreco.indexing.modality_vectors import replace_vectors
from shopreco.models import Embedding, EmbeddingSpace, Item, Outcome
from shopreco.spaces.sources import Source
from shopreco.spaces.vectors import VectorRow

ROUNDS: Final = 3
WARM_UP_TEXTS: Final = 32
TEXTS: Final = 256
"""About as many texts of the corpus are encoded in a round."""
PICTURES: Final = 32
"""Generated pictures that are encoded in a round."""
PIXELS: Final = 224
BATCH_SIZE: Final = 5_000


class TooFewProducts(ShopRecoError):
    """The corpus has fewer products than pictures need to be aligned."""

    code: ClassVar[str] = "too_few_products"


@dataclass(frozen=True, slots=True)
class FusionBenchmark:
    """Seconds, taken in turns: encoding slices of texts and of pictures, fusing all products.

    The times of all texts, and of one picture a product, are scaled from the slices.
    """

    dataset: str
    products: int
    threads: int
    text_slices: int
    """Equal slices of all texts; as many as `texts` were encoded."""
    texts: tuple[float, ...]
    pictures: tuple[float, ...]
    fused: tuple[float, ...]

    @property
    def text_seconds(self) -> float:
        return mean(self.texts) * self.text_slices

    @property
    def picture_seconds(self) -> float:
        return mean(self.pictures) / PICTURES * self.products

    @property
    def ratio(self) -> float:
        """Time of fusing over that of encoding texts and pictures."""
        return mean(self.fused) / (self.text_seconds + self.picture_seconds)

    @property
    def text_ratio(self) -> float:
        """Time of fusing texts and pictures over that of encoding the texts alone."""
        return mean(self.fused) / self.text_seconds

    def as_json(self) -> dict[str, Any]:
        names = ("text_seconds", "picture_seconds", "ratio", "text_ratio")
        return asdict(self) | {name: getattr(self, name) for name in names}

    def as_text(self) -> str:
        of_texts = f"{len(self.texts)} of {self.text_slices} equal slices"
        of_pictures = f"{len(self.pictures)} slices of {PICTURES}"
        rows = {
            "encoding texts": (self.text_seconds, f"scaled from {of_texts}", self.texts),
            "encoding pictures": (
                self.picture_seconds,
                f"one a product, scaled from {of_pictures}",
                self.pictures,
            ),
            "fusing again": (mean(self.fused), "all products, mean of several times", self.fused),
        }
        lines = [
            f"{name:17} {seconds:8.1f} s  {what}, {min(each):.1f} to {max(each):.1f} s"
            for name, (seconds, what, each) in rows.items()
        ]
        shares = (
            f"Fusing takes {self.ratio:.2%} of encoding texts and pictures, {self.text_ratio:.2%} "
            "of encoding the texts alone."
        )
        notes = (
            "Pictures are generated, and opening files is not counted. Stored vectors are copies "
            "of those that were encoded. Building the vector index is on neither side."
        )
        head = f"{self.dataset}: {self.products} products, {self.threads} threads"
        return "\n".join([head, *lines, shares, notes])


def benchmark_fusion(folder: Path, limit: int | None) -> FusionBenchmark:
    """Load at most `limit` products of a folder, fuse them for new weights and take the times.

    Raises:
        DatasetError: the corpus is malformed.
        TooFewProducts: there are fewer than pictures need to be aligned.
    """
    load(find_corpus(folder), limit)
    catalogue = get_catalogue(CATALOGUE)
    passages = {
        document.object_id: document.passage
        for document in map(catalogue.document, catalogue.indexed_queryset())
    }
    if len(passages) < MIN_PAIRS:
        raise TooFewProducts(f"{len(passages)} products are too few: {MIN_PAIRS} are needed.")
    texts = list(passages.values())
    encode, threads, _batch_size = bare_encoder()
    encode(texts[:: max(1, len(texts) // WARM_UP_TEXTS)])
    encoded: list[Vectors] = []
    slices = max(ROUNDS + 1, len(texts) // TEXTS)
    bare = BareEncoding(lambda part: encoded.append(encode(part)), texts, slices)
    pictures = BarePictures()
    # Of these the stored vectors are made.
    bare.advance(1 / slices)
    while len(pictures.vectors) < MIN_PAIRS:
        pictures()
    _store(catalogue, list(passages), np.asarray(encoded[0]), pictures.vectors)
    fused = []
    for number in range(1, ROUNDS + 1):
        bare.advance((number + 1) / slices)
        pictures()
        space = _space(catalogue, image_weight=1 + number / 10)
        started = perf_counter()
        embeddings.fuse_all(space)
        fused.append(perf_counter() - started)
    return FusionBenchmark(
        dataset=folder.name,
        products=Embedding.objects.filter(space=space).count(),
        threads=threads,
        text_slices=slices,
        texts=tuple(bare.seconds),
        pictures=tuple(pictures.seconds),
        fused=tuple(fused),
    )


class BarePictures:
    """Encodes `PICTURES` generated pictures at every call. They are noise, each another."""

    def __init__(self) -> None:
        self._encoder = create_image_encoder(dict(get_settings().IMAGE_ENCODER))
        self._random = np.random.default_rng(0)
        self._encoder.encode_images(self._drawn(2))
        self.vectors = np.empty((0, self._encoder.dimension), dtype=np.float32)
        self.seconds: list[float] = []

    def __call__(self) -> None:
        pictures = self._drawn(PICTURES)
        started = perf_counter()
        vectors = self._encoder.encode_images(pictures)
        self.seconds.append(perf_counter() - started)
        self.vectors = np.concatenate([self.vectors, vectors])

    def _drawn(self, count: int) -> list[Any]:
        from PIL import Image

        shape = count, PIXELS, PIXELS, 3
        noise = self._random.integers(256, size=shape, dtype=np.uint8)
        return [Image.fromarray(each) for each in noise]


def _space(catalogue: Catalogue, image_weight: float) -> EmbeddingSpace:
    weights = other_weights(IMAGE=image_weight, BETA=0.0)
    with overridden_settings(MODALITY_WEIGHTS=weights):
        return spaces.create_space(catalogue)


def _store(
    catalogue: Catalogue, object_ids: Sequence[str], texts: Vectors, pictures: Vectors
) -> None:
    """Create items with modality vectors and an alignment, as indexing would have done."""
    CorpusProduct.objects.update(image="generated")
    items = [
        Item(catalogue=CATALOGUE, object_id=id, group_id=group, outcome=Outcome.INDEXED)
        for group, id in enumerate(object_ids)
    ]
    made = Item.objects.bulk_create(items, batch_size=BATCH_SIZE)
    ids = {item.object_id: item.pk for item in made}
    space = _space(catalogue, image_weight=1.0)
    _write(space, TEXT, texts, ids, object_ids)
    _write(space, IMAGE, pictures, ids, object_ids[: len(pictures)])
    if space.awaits_alignment:
        alignments.align(space)
    _write(space, IMAGE, pictures, ids, object_ids[len(pictures) :])
    vacuum("shopreco_item", "shopreco_modalityvector")


def _write(
    space: EmbeddingSpace,
    modality: str,
    vectors: Vectors,
    ids: Mapping[str, int],
    object_ids: Sequence[str],
) -> None:
    """Write modality vectors of some objects. The vectors are used in turns."""
    source = Source(modality, space.encoders[modality])
    for start in range(0, len(object_ids), BATCH_SIZE):
        page = object_ids[start : start + BATCH_SIZE]
        rows = [
            VectorRow(ids[o], "generated", vectors[(start + n) % len(vectors)])
            for n, o in enumerate(page)
        ]
        replace_vectors(source, rows, [row.item_id for row in rows])
