"""The colour descriptor: it looks at the product, and not at what it stands on."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shopreco.encoders.colour import DIMENSION, colours


def product(colour: str, background: str = "white") -> Image.Image:
    image = Image.new("RGB", (100, 100), background)
    ImageDraw.Draw(image).ellipse((20, 20, 80, 80), fill=colour)
    return image


def likeness(one: Image.Image, other: Image.Image) -> float:
    return float(colours(np.asarray(one)) @ colours(np.asarray(other)))


def test_it_has_length_one_for_any_picture() -> None:
    for image in (product("red"), Image.new("RGB", (1, 1)), Image.new("RGB", (9, 300), "white")):
        descriptor = colours(np.asarray(image))
        assert descriptor.shape == (DIMENSION,)
        assert np.linalg.norm(descriptor) == pytest.approx(1, abs=1e-5)


def test_the_product_counts_more_than_its_background() -> None:
    same_product = likeness(product("red"), product("red", "lightgrey"))
    same_background = likeness(product("red"), product("blue"))
    assert same_product > same_background


def test_shades_are_nearer_than_other_colours() -> None:
    assert likeness(product("#2030c0"), product("#2838c8")) > likeness(
        product("#2030c0"), product("#c02030")
    )


def test_white_on_white_is_white() -> None:
    white = likeness(product("white"), product("#f4f4f4"))
    assert white > likeness(product("white"), product("black"))
