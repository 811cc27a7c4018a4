"""A colour descriptor of a product's image. ImageNet features say little about colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shopreco.encoders.pixels import Pixels, border_colour, resized

VERSION = "1"  # raise it when the descriptor of the same image changes

SIDE = 64
LIGHTNESS, CHROMA = 6, 9
"""Bins of L*, and bins of each of a* and b*, in CIELAB."""
REACH = 60.0
"""Greatest a* and b* with a bin of their own; beyond it the outermost bin counts."""
BACKGROUND = (4.0, 12.0)
"""Distances from the border's colour, in Lab: up to the first a pixel is background, from the
second on it is not."""
FAINT = 0.1
"""Weight of the background. It is not 0, for a white shirt on white is all background."""
SPREAD = 0.22
"""Standard deviation of the weight around the centre, as a share of the side."""
DIMENSION = LIGHTNESS * CHROMA**2

Array = NDArray[np.float32]

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175],
     [0.0193339, 0.119192, 0.9503041]], dtype=np.float32,
)  # fmt: skip
_D65 = np.array([0.95047, 1.0, 1.08883], dtype=np.float32)


def colours(pixels: Pixels) -> Array:
    """Describe the colours of an image: (486,) float32, L2-normalised.

    It is the square root (Hellinger) of a soft histogram in CIELAB. A pixel counts more if it
    differs from the border and is near the centre: a product stands there, before something plain.
    """
    lab = _lab(resized(pixels, SIDE, SIDE).astype(np.float32) / np.float32(255))
    weights = ((_foreground(lab) + FAINT) * _centre()).ravel()
    flat = lab.reshape(-1, 3)
    lightness = _shares(flat[:, 0], np.linspace(0, 100, LIGHTNESS))
    a, b = (_shares(flat[:, n], np.linspace(-REACH, REACH, CHROMA)) for n in (1, 2))
    pairs = (a[:, :, None] * b[:, None, :]).reshape(len(flat), -1)
    histogram = np.sqrt((lightness * weights[:, None]).T @ pairs).ravel()
    descriptor: Array = (histogram / np.linalg.norm(histogram)).astype(np.float32)
    return descriptor


def _lab(rgb: Array) -> Array:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T / _D65
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _foreground(lab: Array) -> Array:
    """Weigh pixels: 0 for the border's colour, 1 for a colour that differs from it."""
    distance = np.linalg.norm(lab - border_colour(lab), axis=-1)
    near, far = BACKGROUND
    foreground: Array = np.clip((distance - near) / (far - near), 0, 1)
    return foreground


def _centre() -> Array:
    offsets = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    bell = np.exp(-(offsets**2) / (2 * SPREAD**2)).astype(np.float32)
    weights: Array = bell[:, None] * bell[None, :]
    return weights


def _shares(values: Array, centres: NDArray[np.float64]) -> Array:
    """Divide each value between the two bins next to it: (n, bins)."""
    step = centres[1] - centres[0]
    inside = np.clip(values, centres[0], centres[-1])
    shares: Array = np.maximum(0, 1 - np.abs(inside[:, None] - centres) / step)
    return shares.astype(np.float32)
