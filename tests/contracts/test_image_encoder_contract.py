"""What every image encoder promises, whichever network it holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shopreco.encoders import EfficientNetEncoder, ImageEncoder, create_image_encoder
from shopreco.encoders.errors import ModelUnavailable
from shopreco.exceptions import ConfigurationError
from tests.testapp.encoders import TileEncoder

ENCODERS: dict[str, Callable[[], ImageEncoder]] = {
    "efficientnet": EfficientNetEncoder,
    "tiles": TileEncoder,
}


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> ImageEncoder:
    return ENCODERS[request.param]()


def drawn(shape: str, colour: str, size: tuple[int, int] = (120, 120)) -> Image.Image:
    """A product in the middle of a white picture."""
    image = Image.new("RGB", size, "white")
    box = (size[0] * 0.2, size[1] * 0.2, size[0] * 0.8, size[1] * 0.8)
    getattr(ImageDraw.Draw(image), shape)(box, fill=colour)
    return image


def test_vectors_are_unit_rows_in_order(encoder: ImageEncoder) -> None:
    images = [drawn("ellipse", "red"), drawn("rectangle", "blue"), drawn("ellipse", "green")]
    together = encoder.encode_images(images)
    assert together.shape == (3, encoder.dimension)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    assert together == pytest.approx(alone, abs=1e-3)


def test_no_pictures_give_no_rows(encoder: ImageEncoder) -> None:
    assert encoder.encode_images([]).shape == (0, encoder.dimension)


def test_sizes_and_proportions_do_not_matter(encoder: ImageEncoder) -> None:
    images = [drawn("ellipse", "red", size) for size in ((8, 8), (300, 40), (512, 512))]
    assert np.isfinite(encoder.encode_images(images)).all()


def test_a_plain_picture_has_a_vector(encoder: ImageEncoder) -> None:
    vectors = encoder.encode_images([Image.new("RGB", (64, 64), c) for c in ("white", "black")])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_same_colour_is_nearer_than_another(encoder: ImageEncoder) -> None:
    red, also_red, blue = encoder.encode_images(
        [drawn("ellipse", "#c02020"), drawn("ellipse", "#c82828"), drawn("ellipse", "#2030c0")]
    )
    assert float(red @ also_red) > float(red @ blue)


def test_the_fingerprint_is_stable(encoder: ImageEncoder) -> None:
    assert len(encoder.fingerprint) == 64
    assert type(encoder)().fingerprint == encoder.fingerprint


def test_options_change_the_fingerprint() -> None:
    assert EfficientNetEncoder(colour_weight=0.3).fingerprint != EfficientNetEncoder().fingerprint


def test_shapes_are_told_apart() -> None:
    circle, disc, square = EfficientNetEncoder(colour_weight=0).encode_images(
        [drawn("ellipse", "black"), drawn("ellipse", "#303030"), drawn("rectangle", "black")]
    )
    assert float(circle @ disc) > float(circle @ square)


def test_a_setting_that_is_wrong_names_the_fix() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'COLOUR_WEIGHT'"):
        create_image_encoder({"COLOR_WEIGHT": 0.1})
    with pytest.raises(ConfigurationError, match="is not an ImageEncoder"):
        create_image_encoder({"CLASS": "shopreco.encoders.HashingEncoder"})
    with pytest.raises(ConfigurationError, match="colour_weight must be"):
        create_image_encoder({"COLOUR_WEIGHT": 2})


def test_weights_that_are_not_there_are_named() -> None:
    with pytest.raises(ModelUnavailable, match="no weights at"):
        EfficientNetEncoder(weights="/nowhere.pth").encode_images([drawn("ellipse", "red")])
