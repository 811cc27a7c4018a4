"""Images as arrays of pixels, for web processes, which have no Pillow."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""(height, width, 3), RGB."""


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Resize an image as Pillow's `Image.resize` does with its bicubic filter.

    It differs by at most one level of 255 where both sides shrink or grow alike, or the result is
    small.
    """
    if height < len(pixels) and width > pixels.shape[1]:
        return _across(_down(pixels, height), width)
    return _down(_across(pixels, width), height)


def squared(pixels: Pixels, side: int) -> Pixels:
    """Resize an image to `side` × `side`. It is padded in its border's colour, not stretched."""
    height, width = pixels.shape[:2]
    longest = max(height, width)
    width, height = (max(round(each / longest * side), 1) for each in (width, height))
    square = np.empty((side, side, 3), dtype=np.uint8)
    square[:] = border_colour(pixels)
    top, left = round((side - height) / 2), round((side - width) / 2)
    square[top : top + height, left : left + width] = resized(pixels, width, height)
    return square


def border_colour(pixels: NDArray[np.generic]) -> NDArray[np.floating]:
    """Compute the median of the outermost pixels: (3,). The three channels may be any."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour: NDArray[np.floating] = np.median(border, axis=0)
    return colour


def _across(pixels: Pixels, width: int) -> Pixels:
    return _down(pixels.swapaxes(0, 1), width).swapaxes(0, 1)


def _down(pixels: Pixels, height: int) -> Pixels:
    old, *others = pixels.shape
    if old == height:
        return pixels
    rows = pixels.reshape(old, -1).astype(np.float32)
    sums = np.zeros((height, rows.shape[1]), dtype=np.float32)
    # No matrix product: its threads and those of the network would wait for each other.
    for taps, weights in zip(*_bicubic(old, height), strict=True):
        sums += weights[:, None] * rows[taps]
    return np.clip(np.rint(sums), 0, 255).astype(np.uint8).reshape(height, *others)


@lru_cache(maxsize=64)
def _bicubic(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each new pixel, the old ones that it sums and their weights; both are (taps, new).

    Bicubic convolution, Keys 1981, with a = -1/2. An image that shrinks has more taps, so that no
    old pixel is skipped.
    """
    scale = old / new
    reach = 2 * max(scale, 1)
    centres = (np.arange(new) + 0.5) * scale - 0.5
    taps = np.ceil(centres - reach).astype(int) + np.arange(int(2 * reach) + 1)[:, None]
    x = np.abs(taps - centres) / max(scale, 1)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    weights[(taps < 0) | (taps >= old)] = 0
    return taps.clip(0, old - 1), (weights / weights.sum(axis=0)).astype(np.float32)
