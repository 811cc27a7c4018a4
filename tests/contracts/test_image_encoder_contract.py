"""What every image encoder promises, whichever network it holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shopreco.encoders import (
    ClipEncoder,
    ClipTextEncoder,
    EfficientNetEncoder,
    ImageEncoder,
    create_encoder,
    create_image_encoder,
)
from shopreco.encoders.errors import ModelUnavailable
from shopreco.exceptions import ConfigurationError
from tests.helpers.image_encoders import ENCODERS, UNTRAINED, drawn
from tests.testapp.encoders import TileEncoder


@pytest.fixture(scope="module", params=ENCODERS)
def make(request: pytest.FixtureRequest, models: dict[str, Path]) -> Callable[[], ImageEncoder]:
    """Makes the encoder anew."""
    if request.param in models:
        return lambda: ClipEncoder(models[request.param], device="cpu")
    return {"efficientnet": EfficientNetEncoder, "tiles": TileEncoder}[request.param]


@pytest.fixture(scope="module")
def encoder(make: Callable[[], ImageEncoder]) -> ImageEncoder:
    return make()


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


@pytest.mark.parametrize("made", [EfficientNetEncoder, TileEncoder])
def test_the_same_colour_is_nearer_than_another(made: Callable[[], ImageEncoder]) -> None:
    """Of those with weights that have learnt something."""
    encoder = made()
    red, also_red, blue = encoder.encode_images(
        [drawn("ellipse", "#c02020"), drawn("ellipse", "#c82828"), drawn("ellipse", "#2030c0")]
    )
    assert float(red @ also_red) > float(red @ blue)


def test_the_fingerprint_is_stable(encoder: ImageEncoder, make: Callable[[], ImageEncoder]) -> None:
    assert len(encoder.fingerprint) == 64
    assert make().fingerprint == encoder.fingerprint


def test_fingerprint_and_dimension_need_neither_torch_nor_pillow(models: dict[str, Path]) -> None:
    script = """
import json, sys
from shopreco.encoders import create_image_encoder
for config in json.loads(sys.argv[1]):
    encoder = create_image_encoder(config)
    print(encoder.fingerprint, encoder.dimension, encoder.text_fingerprint)
assert not {"torch", "transformers", "sentence_transformers", "PIL"} & set(sys.modules)
"""
    clip = "shopreco.encoders.ClipEncoder"
    configs = [{}, *({"CLASS": clip, "MODEL": str(models[kind])} for kind in UNTRAINED)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, json.dumps(configs)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = [create_image_encoder(config) for config in configs]
    assert done.stdout.splitlines() == [
        f"{each.fingerprint} {each.dimension} {each.text_fingerprint}" for each in made
    ]


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


def test_weights_may_be_safetensors(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from shopreco.encoders.efficientnet import weights_file

    state = torch.load(weights_file(None), weights_only=True)
    state = {name: value.contiguous() for name, value in state.items()}
    save_file(state, tmp_path / "lite0.safetensors")
    image = drawn("ellipse", "red")
    copied = EfficientNetEncoder(weights=tmp_path / "lite0.safetensors").encode_images([image])
    assert (copied == EfficientNetEncoder().encode_images([image])).all()


@pytest.mark.parametrize("name", ["lite0.pth", "lite0.safetensors"])
def test_weights_that_cannot_be_read_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no weights at all")
    with pytest.raises(ModelUnavailable, match=f"{name} cannot be read"):
        EfficientNetEncoder(weights=tmp_path / name).encode_images([drawn("ellipse", "red")])


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "evil.pth"
    torch.save({"_conv_stem.weight": Path(tmp_path)}, path)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        EfficientNetEncoder(weights=path).encode_images([drawn("ellipse", "red")])


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"layer.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelUnavailable, match="of another network"):
        EfficientNetEncoder(weights=tmp_path / "other.safetensors").encode_images(
            [drawn("ellipse", "red")]
        )


# CLIP and SigLIP


def test_the_pictures_of_a_clip_lie_in_the_space_of_its_texts(
    models: dict[str, Path], tmp_path: Path
) -> None:
    texts = ClipTextEncoder(models["clip"], device="cpu")
    images = ClipEncoder(models["clip"], device="cpu")

    assert images.text_fingerprint == texts.fingerprint
    assert images.dimension == texts.dimension == 24
    vectors = texts.encode_documents(["lamp", "a lamp of brass", ""])
    assert vectors.shape == (3, 24)
    texts.export_query_encoder(tmp_path / "query")
    query = texts.load_query_encoder(tmp_path / "query")
    assert query.fingerprint == texts.fingerprint
    assert query.encode_query("lamp") @ vectors[0] > 0.99


def test_a_prompt_makes_another_text_space(models: dict[str, Path]) -> None:
    config = {"CLASS": "shopreco.encoders.ClipTextEncoder", "MODEL": str(models["clip"])}
    prompted = create_encoder(config | {"DOCUMENT_PROMPT": "a photo of "})
    assert ClipEncoder(models["clip"]).text_fingerprint != prompted.fingerprint


def test_a_siglip_is_for_pictures_alone(models: dict[str, Path], tmp_path: Path) -> None:
    assert ClipEncoder(models["siglip"]).text_fingerprint is None
    texts = ClipTextEncoder(models["siglip"])
    with pytest.raises(ModelUnavailable, match="for images alone"):
        texts.encode_documents(["lamp"])
    with pytest.raises(ModelUnavailable, match="for images alone"):
        texts.export_query_encoder(tmp_path / "query")


def test_another_kind_of_model_is_named(models: dict[str, Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(models["clip"], tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(ModelUnavailable, match=r"neither a CLIP nor a SigLIP.*'bert'"):
        ClipEncoder(other).encode_images([drawn("ellipse", "red")])
