"""Rasterise drawings. Runs in processes of its own, so it knows no Django."""

from __future__ import annotations

import io

import resvg_py
from PIL import Image

LARGE = 720
SMALL = 360
QUALITY = 82


def rasterise(svg: str) -> tuple[bytes, bytes]:
    """Render a square drawing as WebP with sides of `LARGE` and of `SMALL` pixels."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=LARGE, height=LARGE, skip_system_fonts=True)
    large = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    small = large.resize((SMALL, SMALL), Image.Resampling.LANCZOS)
    return _webp(large), _webp(small)


def _webp(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "WEBP", quality=QUALITY, method=2)
    return target.getvalue()
