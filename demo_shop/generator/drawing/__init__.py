"""Pictures of products: vector drawings from the attributes, rendered by resvg."""

from __future__ import annotations

import io
from importlib import import_module
from pkgutil import iter_modules
from zlib import crc32

from demo_shop.generator.records import DemoProduct

from . import scenes
from .canvas import Canvas, Skin
from .subject import ILLUSTRATORS, Subject

for _module in iter_modules(scenes.__path__, f"{scenes.__name__}."):
    import_module(_module.name)


def draw(product: DemoProduct) -> str:
    """The picture of a product as an SVG document of 800 by 800."""
    drawing = product.drawing
    illustrate, horizon = ILLUSTRATORS[drawing.kind]
    canvas = Canvas(drawing.colour, crc32(drawing.kind.encode()), horizon)
    subject = Subject(
        Skin(drawing.colour, drawing.texture), Skin(drawing.accent, drawing.accent_texture), drawing
    )
    illustrate(canvas, subject)
    return canvas.svg()


def render(product: DemoProduct, size: int = 640) -> bytes:
    """The picture of a product as a square WebP image with sides of `size` pixels."""
    import resvg_py
    from PIL import Image

    png = resvg_py.svg_to_bytes(
        svg_string=draw(product), width=size, height=size, skip_system_fonts=True
    )
    image = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    file = io.BytesIO()
    image.save(file, "WEBP", quality=82, method=2)
    return file.getvalue()
