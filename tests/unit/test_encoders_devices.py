"""Where torch computes: the named device, else the best that is here."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from shopreco.encoders import EfficientNetEncoder, ModelUnavailable, SentenceTransformerEncoder
from shopreco.encoders.devices import choose_device, gpu

torch = pytest.importorskip("torch")


def test_a_named_device_wins() -> None:
    assert choose_device("cpu") == "cpu"


def test_without_a_name_the_best_is_taken() -> None:
    best = choose_device()
    assert best in {"cuda", "mps", "cpu"}
    assert (best == "cuda") == torch.cuda.is_available()
    assert gpu() == ("cuda" if best == "cuda" else None)


@pytest.mark.parametrize("name", ["cuda:99", "toaster", ""])
def test_a_device_that_is_not_there_is_named_with_those_that_are(name: str) -> None:
    with pytest.raises(ModelUnavailable) as raised:
        choose_device(name)
    message = str(raised.value)
    assert message.startswith(f"DEVICE {name!r} is not there: ")
    assert "Devices here: " in message
    assert message.endswith("cpu.")
    assert "\n" not in message


def test_encoders_say_so_when_they_load() -> None:
    with pytest.raises(ModelUnavailable, match="DEVICE 'toaster' is not there"):
        SentenceTransformerEncoder(device="toaster").encode_documents(["a lamp"])
    with pytest.raises(ModelUnavailable, match="DEVICE 'toaster' is not there"):
        EfficientNetEncoder(device="toaster").encode_images(
            [Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8))]
        )


def test_importing_loads_no_torch() -> None:
    code = "import sys, shopreco.encoders.devices; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
