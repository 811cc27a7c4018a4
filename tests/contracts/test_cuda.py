"""A worker with a GPU gives what one without gives, so that both may feed one index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from shopreco.encoders import (
    ClipEncoder,
    ClipTextEncoder,
    EfficientNetEncoder,
    ImageEncoder,
    SentenceTransformerEncoder,
)
from shopreco.encoders.base import Vectors, encodable, unit_rows
from shopreco.encoders.graph import Links, propagate
from shopreco.learning.recommender import TrainingData
from shopreco.learning.sequence_recommender import SequenceRecommender
from shopreco.learning.sequences import Sequences
from shopreco.learning.settings import SequenceSettings
from tests.helpers import image_encoders as images
from tests.helpers.text_encoders import QUERIES, TEXTS, build_model, build_static_model

pytestmark = pytest.mark.cuda

COSINE = 0.999
MANY_TEXTS = [*TEXTS, *(f"desk lamp {number} " * number for number in range(1, 260, 7))]
SHADES = ["red", "orange", "gold", "green", "teal", "blue", "purple", "pink"]
PICTURES = [*images.PHOTOS, *(images.drawn("ellipse", shade) for shade in SHADES)] * 2


@pytest.fixture(scope="module", autouse=True)
def _cuda() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("CUDA reaches no GPU here")


class Texts(NamedTuple):
    """One model on either device."""

    model: dict[str, Path]
    cpu: SentenceTransformerEncoder
    gpu: SentenceTransformerEncoder


@pytest.fixture(scope="module", params=["minilm", "unseen"])
def texts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Texts:
    folder = tmp_path_factory.mktemp("model")
    model = {} if request.param == "minilm" else {"model": build_model(folder, seed=1)}
    return Texts(
        model,
        SentenceTransformerEncoder(**model, device="cpu"),
        SentenceTransformerEncoder(**model),
    )


def assert_same(ours: Vectors, theirs: Vectors) -> None:
    """Unit rows in the same directions, in the same order."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype == np.float32
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
    assert (ours * theirs).sum(axis=1).min() > COSINE


# Texts


def test_the_gpu_is_chosen_and_computes_in_half_precision(texts: Texts) -> None:
    import torch

    parameters = list(texts.gpu._model().parameters())

    assert {each.device.type for each in parameters} == {"cuda"}
    assert {each.dtype for each in parameters} == {torch.float16}


def test_documents_have_the_vectors_of_the_cpu(texts: Texts) -> None:
    assert_same(texts.gpu.encode_documents(MANY_TEXTS), texts.cpu.encode_documents(MANY_TEXTS))
    assert texts.gpu.encode_documents([]).shape == (0, texts.gpu.dimension)


def test_the_fingerprint_does_not_tell_the_device(texts: Texts) -> None:
    assert texts.gpu.fingerprint == texts.cpu.fingerprint


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_batches_change_neither_order_nor_vectors(texts: Texts, batch_size: int) -> None:
    encoder = SentenceTransformerEncoder(**texts.model, batch_size=batch_size)

    assert_same(encoder.encode_documents(MANY_TEXTS), texts.gpu.encode_documents(MANY_TEXTS))


def test_a_text_without_tokens_has_the_vector_of_the_cpu(tmp_path: Path) -> None:
    tokenizer = build_model(tmp_path, seed=1) / "tokenizer.json"
    model = build_static_model(tmp_path / "static", tokenizer)
    documents = ["lamp", " ", "desk"]

    vectors = SentenceTransformerEncoder(model).encode_documents(documents)

    assert_same(
        vectors, SentenceTransformerEncoder(model, device="cpu").encode_documents(documents)
    )


def test_the_query_side_exported_beside_a_gpu_is_that_of_the_cpu(
    texts: Texts, tmp_path: Path
) -> None:
    queries = [encodable(query) for query in QUERIES]
    original = unit_rows(texts.gpu._model().encode_query(queries))
    copies = []
    for encoder in (texts.gpu, texts.cpu):
        encoder.export_query_encoder(tmp_path / "query")
        copy = encoder.load_query_encoder(tmp_path / "query")
        copies.append(np.stack([copy.encode_query(query) for query in queries]))

    assert copies[0] == pytest.approx(copies[1], abs=1e-4)
    assert (copies[0] * original).sum(axis=1).min() > 0.99


# Pictures


@pytest.mark.parametrize("kind", ["efficientnet", *images.UNTRAINED])
def test_pictures_have_the_vectors_of_the_cpu(kind: str, tmp_path: Path) -> None:
    made: Callable[..., ImageEncoder] = EfficientNetEncoder
    options = {}
    if kind in images.UNTRAINED:
        made, options = ClipEncoder, {"model": images.build_model(tmp_path, kind)}
    gpu, cpu = made(**options), made(**options, device="cpu")

    assert_same(gpu.encode_images(PICTURES), cpu.encode_images(PICTURES))
    assert_same(made(**options, batch_size=1).encode_images(PICTURES), gpu.encode_images(PICTURES))
    assert gpu.fingerprint == cpu.fingerprint


def test_the_texts_of_a_clip_have_the_vectors_of_the_cpu(tmp_path: Path) -> None:
    model = images.build_model(tmp_path, "clip")

    vectors = ClipTextEncoder(model).encode_documents(MANY_TEXTS)

    assert_same(vectors, ClipTextEncoder(model, device="cpu").encode_documents(MANY_TEXTS))


def test_the_photo_side_exported_beside_a_gpu_agrees_with_it(tmp_path: Path) -> None:
    encoder = EfficientNetEncoder()
    originals = encoder.encode_images(images.PHOTOS)
    encoder.export_query_encoder(tmp_path / "photo")
    copy = encoder.load_query_encoder(tmp_path / "photo")

    photos = np.stack([copy.encode_photo(np.asarray(photo)) for photo in images.PHOTOS])

    assert_same(photos, originals)


# Training


def test_a_user_encoder_that_a_gpu_trained_scores_the_same_without_one(tmp_path: Path) -> None:
    walks = [[(start + n) % 40 for n in range(8)] for start in range(40)] * 5
    sequences = Sequences.of(walks)
    contents = unit_rows(np.random.default_rng(0).normal(size=(40, 24)))
    train = sequences.keep(sequences.back >= 1)
    data = TrainingData(train, sequences.keep(sequences.back == 0), contents)
    settings = SequenceSettings(dimension=16, epochs=3)
    trained = SequenceRecommender(settings, checkpoints=tmp_path / "checkpoints")
    trained.fit(data)
    resumed = SequenceRecommender(settings, checkpoints=tmp_path / "checkpoints")
    resumed.fit(data)
    trained.save(tmp_path / "sequence.safetensors")
    read = SequenceRecommender.load(tmp_path / "sequence.safetensors", contents, device="cpu")

    scores = trained.scores(train)

    np.testing.assert_allclose(resumed.scores(train), scores, atol=1e-4)
    np.testing.assert_allclose(read.scores(train), scores, atol=1e-3)


# The knowledge graph


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("linked", [0, 300, 20_000], ids=lambda count: f"{count}-linked")
def test_vectors_spread_as_with_numpy(linked: int, seed: int) -> None:
    products = 20_000
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.normal(size=(products, 384)))
    count = 8 * linked  # some pairs more than once, and some products with themselves
    ends = rng.choice(products, max(linked, 1), replace=False)
    sources, targets = ends[rng.integers(0, len(ends), (2, count))]
    links = Links(sources, targets, rng.uniform(0.01, 3, count).astype(np.float32))

    for steps in (0, 1, 2, 5):
        spread = propagate(vectors, links, steps=steps, restart=0.3, device="cuda")
        np.testing.assert_allclose(
            spread, propagate(vectors, links, steps=steps, restart=0.3), atol=1e-5
        )
