"""Search by photo where the web process encodes it: alone, and with workers for the worst case."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import override_settings

from shopreco import services
from shopreco.conf import get_settings
from shopreco.encoders import ArtefactMissing
from shopreco.exceptions import PhotoRejected
from shopreco.indexing.spaces import export_query_encoders
from shopreco.models import EncoderSpecification
from shopreco.queries import query_vectors
from shopreco.retrieval import photos
from shopreco.spaces.serving import active_space
from tests.helpers.broker import take
from tests.helpers.demo import CATALOGUE, index_products
from tests.helpers.photos import COLOURS, EACH, KINDS, photo
from tests.helpers.processes import Process
from tests.testapp.encoders import TileEncoder

pytestmark = [pytest.mark.usefixtures("photo_shop"), pytest.mark.slow]

OF_A_COLOUR = EACH * len(KINDS)


@pytest.fixture(scope="module", autouse=True)
def _encoded_in_the_web_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The real network, copied by the run that indexes the shop."""
    changed = {
        "IMAGE_ENCODER": {"CLASS": "shopreco.encoders.EfficientNetEncoder"},
        "PHOTO_ENCODER": "web",
        "PHOTO_DEADLINE": 20.0,
        "ARTEFACT_DIR": tmp_path_factory.mktemp("artefacts"),
    }
    with override_settings(SHOPRECO={**django_settings.SHOPRECO, **changed}):
        yield


@pytest.fixture
def artefact() -> Iterator[Path]:
    """The folder of the copy, which a test may take away."""
    space = active_space(CATALOGUE)
    assert space is not None
    folder = get_settings().artefact_dir / space.encoders["image"]
    kept = shutil.copytree(folder, folder.with_suffix(".kept"))
    query_vectors.ENCODERS.forget(bool)
    yield folder
    query_vectors.ENCODERS.forget(bool)
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)


def search(**options: Any) -> services.ResultPage:
    return services.search(**{"photo": photo(), "catalogue": CATALOGUE} | options)


@pytest.mark.parametrize("colour", COLOURS)
def test_no_worker_is_needed(colour: str) -> None:
    page = search(photo=photo(colour), limit=OF_A_COLOUR)
    assert page.degraded == {}
    assert {result.object.title.rpartition(" ")[2] for result in page} == {colour}


def test_the_same_photo_has_the_same_vector_as_in_the_index() -> None:
    page = search(photo=photo("green", 64, "PNG"), limit=1)
    assert page.results[0].parts["looks"] == pytest.approx(photos.ALONE.weights["looks"], abs=1e-3)


def test_a_photo_that_cannot_be_read_says_why() -> None:
    with pytest.raises(PhotoRejected, match="not a picture"):
        search(photo=ContentFile(b"this is no picture at all"))
    assert search().total


def test_a_worker_is_asked_where_the_copy_is_missing(
    artefact: Path,
    start_photo_worker: Callable[..., Process],
) -> None:
    shutil.rmtree(artefact)
    start_photo_worker().wait_for_log(f"ready for photos of {CATALOGUE}")
    page = search(limit=OF_A_COLOUR)
    assert page.degraded == {}
    assert {result.object.title.rpartition(" ")[2] for result in page} == {"red"}


@contextmanager
def others_photos(number: int) -> Iterator[None]:
    """This process is busy with so many photos of others."""
    threads, done = query_vectors.threads("photo", os.getpid()), Event()
    promises = [threads.submit(lambda: done.wait(60)) for _ in range(number)]
    try:
        yield
    finally:
        done.set()
        for promise in promises:
            promise.result(timeout=60)


def test_a_worker_is_asked_where_too_many_wait_here(
    start_photo_worker: Callable[..., Process],
) -> None:
    start_photo_worker().wait_for_log(f"ready for photos of {CATALOGUE}")
    with others_photos(query_vectors.THREADS + query_vectors.PLACES):
        assert search(photo=photo(size=45)).degraded == {}


def test_a_worker_is_asked_where_the_copy_is_late(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 0.5}
    take("encode_photo")
    with others_photos(query_vectors.THREADS):
        assert search(photo=photo(size=46)).degraded.keys() == {"photo"}, "there is no worker"
    assert len(take("encode_photo")) == 1


def test_with_neither_there_is_a_sentence(artefact: Path, settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 0.5}
    (artefact / "model.onnx").write_bytes(b"damaged")
    page = search()
    assert page.degraded["photo"].startswith("Your photo could not be read in time.")


def test_the_next_run_puts_a_missing_copy_in_place(artefact: Path) -> None:
    space = active_space(CATALOGUE)
    assert space is not None
    shutil.rmtree(artefact)
    with pytest.raises(ArtefactMissing):
        query_vectors.photo_encoder(space)
    index_products()
    assert query_vectors.photo_encoder(space).fingerprint == space.encoders["image"]
    cache.clear()
    assert search().degraded == {}


def test_an_encoder_that_has_no_copy_ends_no_run(caplog: pytest.LogCaptureFixture) -> None:
    space = active_space(CATALOGUE)
    assert space is not None
    tiles = EncoderSpecification(
        {"CLASS": "tests.testapp.encoders.TileEncoder"},
        TileEncoder().fingerprint,
        TileEncoder().dimension,
    )
    image = replace(space.specification["image"], encoder=tiles)
    space.specification = replace(space.specification, modalities=(space.specification.text, image))
    export_query_encoders(space)
    assert "TileEncoder has no copy for web processes" in caplog.text
