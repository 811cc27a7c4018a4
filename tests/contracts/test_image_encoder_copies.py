"""The copy of an image encoder that web processes use."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from shopreco.encoders import (
    ArtefactCorrupt,
    ArtefactMissing,
    ClipEncoder,
    EfficientNetEncoder,
    ExportFailed,
    PhotoEncoder,
)
from shopreco.encoders.efficientnet import Network, weights_file
from shopreco.encoders.efficientnet_photo import FILES, export
from tests.helpers.image_encoders import PHOTOS

PARTS = [slice(None), slice(1280), slice(1280, -486), slice(-486, None)]
"""The vector, and in it features, rows and colours."""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy whose colours count more than by default."""
    folder = tmp_path_factory.mktemp("artefacts") / "copy"
    EfficientNetEncoder(colour_weight=0.4).export_query_encoder(folder)
    return folder


def test_a_copy_agrees_with_its_original(copied: Path) -> None:
    original = EfficientNetEncoder(colour_weight=0.4, device="cpu")
    copy = original.load_query_encoder(copied)
    assert isinstance(copy, PhotoEncoder)
    assert (copy.fingerprint, copy.dimension) == (original.fingerprint, original.dimension)
    vectors = np.stack([copy.encode_photo(np.asarray(photo)) for photo in PHOTOS])
    assert vectors.dtype == np.float32
    originals = original.encode_images(PHOTOS)
    for part in PARTS:
        ours, theirs = vectors[:, part], originals[:, part]
        lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        assert ((ours * theirs).sum(axis=1) / lengths).min() > 0.9999


def test_threads_may_share_a_copy(copied: Path) -> None:
    alone = EfficientNetEncoder().load_query_encoder(copied)
    pixels = [np.asarray(photo) for photo in PHOTOS]
    with ThreadPoolExecutor(4) as threads:
        together = list(
            threads.map(EfficientNetEncoder().load_query_encoder(copied).encode_photo, pixels)
        )
    assert np.stack(together) == pytest.approx(
        np.stack([alone.encode_photo(each) for each in pixels]), abs=1e-6
    )


def test_a_copy_needs_neither_torch_nor_pillow_nor_weights(copied: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from shopreco.encoders import create_image_encoder
copy = create_image_encoder({"WEIGHTS": "/nowhere.pth"}).load_query_encoder(Path(sys.argv[1]))
print(copy.encode_photo(np.zeros((20, 30, 3), np.uint8)).shape)
assert not {"torch", "onnx", "PIL"} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(copied)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"({EfficientNetEncoder().dimension},)\n", done.stderr


def test_a_copy_records_what_it_was_measured_by(copied: Path) -> None:
    manifest = json.loads((copied / "query_encoder.json").read_text())
    assert manifest["parity"]["minimum_cosine"] > 0.9999
    assert {path.name for path in copied.iterdir()} == {"query_encoder.json", *FILES}
    assert list(copied.parent.iterdir()) == [copied]


def test_a_copy_that_differs_too_much_is_not_kept(tmp_path: Path) -> None:
    network = Network(weights_file(None), "cpu")
    with pytest.raises(ExportFailed, match=r"mean cosine [01]\.\d+ over"):
        export(network, 0.2, "fingerprint", tmp_path / "copy", min_parity=1.01)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_missing_or_damaged_is_named(copied: Path, tmp_path: Path) -> None:
    encoder = EfficientNetEncoder()
    with pytest.raises(ArtefactMissing, match="No query encoder in"):
        encoder.load_query_encoder(tmp_path / "nothing")
    for name in FILES:
        damaged = Path(shutil.copytree(copied, tmp_path / f"damaged {name}"))
        (damaged / name).write_bytes(b"something else")
        with pytest.raises(ArtefactCorrupt, match=f"{name} .*its checksum differs"):
            encoder.load_query_encoder(damaged)


def test_an_encoder_without_a_copy_says_so(models: dict[str, Path], tmp_path: Path) -> None:
    encoder = ClipEncoder(models["clip"])
    sentence = "ClipEncoder has no copy for web processes: workers encode its photos"
    with pytest.raises(ExportFailed, match=sentence):
        encoder.export_query_encoder(tmp_path / "copy")
    with pytest.raises(ArtefactMissing, match=sentence):
        encoder.load_query_encoder(tmp_path / "copy")
