"""Shops with pictures, and a worker that encodes photos, for several files of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.helpers import photos
from tests.helpers.demo import CATALOGUE, unthrottled
from tests.helpers.index import committed
from tests.helpers.processes import Process, processes_in, worker_starter
from tests.testapp.encoders import TileEncoder


@pytest.fixture(scope="module")
def _photo_shop(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    media = override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media")))
    with media, unthrottled(), committed(photos.fill, django_db_blocker, CATALOGUE):
        yield


@pytest.fixture
def photo_shop(_photo_shop: None, db: None) -> None:
    """The shop, indexed once for all tests of a module."""
    cache.clear()


@pytest.fixture(scope="module")
def photo_worker(_photo_shop: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A worker beside the shop, for all tests of a module."""
    with processes_in(tmp_path_factory.mktemp("worker")) as start:
        yield worker_starter(start)()


@pytest.fixture
def start_photo_worker(_photo_shop: None, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a worker beside the shop, for one test."""
    with processes_in(tmp_path) as start:
        yield worker_starter(start)


@pytest.fixture
def poster_media(settings: Any, tmp_path: Path) -> None:
    """Pictures of posters are kept for one test; what is encoded is counted from nothing."""
    settings.MEDIA_ROOT = str(tmp_path)
    TileEncoder.calls = 0
