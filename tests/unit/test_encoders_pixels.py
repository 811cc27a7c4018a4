"""Resizing without Pillow is resizing as Pillow does."""

from __future__ import annotations

import numpy as np
import PIL
import pytest
from PIL import Image, ImageOps
from PIL.Image import Resampling

from shopreco.encoders.pixels import border_colour, resized, squared

# Pillow before 13 rounds between its two passes in another order where one of them enlarges.
MAX_DIFFERENCE, MAX_MEAN_DIFFERENCE = (
    (1, 0.01) if int(PIL.__version__.split(".")[0]) >= 13 else (16, 0.5)
)
SIZES = [(512, 512), (512, 301), (300, 512), (64, 64), (9, 7), (1, 1), (1, 200), (200, 3)]


def noise(size: tuple[int, int]) -> Image.Image:
    """The hardest case: no two neighbours are alike."""
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def assert_alike(ours: np.ndarray, theirs: Image.Image) -> None:
    differences = np.abs(ours.astype(int) - np.asarray(theirs))
    assert differences.max() <= MAX_DIFFERENCE
    assert differences.mean() < MAX_MEAN_DIFFERENCE


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("to", [(320, 320), (64, 64)])
def test_it_agrees_with_pillow(size: tuple[int, int], to: tuple[int, int]) -> None:
    image = noise(size)
    assert_alike(resized(np.asarray(image), *to), image.resize(to, Resampling.BICUBIC))


@pytest.mark.parametrize("size", SIZES)
def test_a_square_keeps_proportions_in_the_colour_of_the_border(size: tuple[int, int]) -> None:
    image = noise(size)
    red, green, blue = border_colour(np.asarray(image)).astype(int).tolist()
    padded = ImageOps.pad(image, (320, 320), Resampling.BICUBIC, color=(red, green, blue))
    assert_alike(squared(np.asarray(image), 320), padded)


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    pixels = np.asarray(noise((32, 32)))
    assert (squared(pixels, 32) == pixels).all()
