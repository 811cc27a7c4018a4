"""The short videos of the demo's products."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image

from demo_catalogue import films
from demo_catalogue.generator import generate, looks, render

CHAIR = next(each for each in generate() if each.kind == "armchair")


@pytest.fixture(scope="module")
def video() -> bytes:
    return films.film(looks(CHAIR))


def frames(video: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(video)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference per channel, from 0 to 255."""
    mine, others = (np.asarray(each.convert("RGB"), float) for each in (one, other))
    return float(np.abs(mine - others).mean())


def test_it_is_short_small_and_the_same_every_time(video: bytes) -> None:
    shown = frames(video)
    assert len(shown) == films.SECONDS * films.FRAMES_PER_SECOND
    assert len(video) < 150_000
    # To the eye: the encoder's bytes were once a few apart, on a machine that was busy.
    again = frames(films.film(looks(CHAIR)))
    assert max(difference(one, other) for one, other in zip(shown, again, strict=True)) < 1


def test_it_begins_as_its_poster_and_ends_where_it_began(video: bytes) -> None:
    first, *_between, last = frames(video)
    poster = Image.open(io.BytesIO(render(CHAIR, size=films.SIZE)))
    assert difference(first, poster) < 3
    assert difference(first, last) < 8


def test_it_shows_every_colour_of_the_product(video: bytes) -> None:
    shown = frames(video)
    assert len(CHAIR.variants) > 1
    for variant in CHAIR.variants:
        picture = Image.open(io.BytesIO(render(variant, size=films.SIZE)))
        seat = picture.crop((200, 340, 280, 360)).resize((1, 1), Image.Resampling.BOX)
        seats = [
            each.crop((200, 340, 280, 360)).resize((1, 1), Image.Resampling.BOX) for each in shown
        ]
        assert min(difference(each, seat) for each in seats) < 8, variant.title_en
