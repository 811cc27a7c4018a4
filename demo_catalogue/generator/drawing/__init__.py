"""Pictures of products: vector drawings from the attributes, rendered by resvg."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pkgutil import iter_modules
from typing import TYPE_CHECKING
from zlib import crc32

from demo_catalogue.generator.drawing import scenes
from demo_catalogue.generator.drawing.canvas import Canvas
from demo_catalogue.generator.drawing.colours import luminance
from demo_catalogue.generator.drawing.subject import ILLUSTRATORS, Subject
from demo_catalogue.generator.records import DemoProduct, Drawing

if TYPE_CHECKING:
    import PIL.Image

for _module in iter_modules(scenes.__path__, f"{scenes.__name__}."):
    import_module(_module.name)

Layers = tuple[str, str]  # SVG documents: the empty studio, the product on nothing


def draw(product: DemoProduct) -> str:
    """The picture of a product as an SVG document of 800 by 800."""
    return _product(product.drawing).over(_studio(product.drawing)).svg()


def render(product: DemoProduct, size: int = 640) -> bytes:
    """The picture of a product as a square WebP image with sides of `size` pixels."""
    return _encode(_layers(product), size)


def render_all(
    products: Iterable[DemoProduct], size: int = 640, workers: int = 2
) -> Iterator[bytes]:
    """`render` of each product in order, in `workers` processes; equal pictures are made once."""
    layers = [_layers(product) for product in products]
    # Spawned, not forked: the caller may hold database connections and threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pictures = {layer: pool.submit(_encode, layer, size) for layer in dict.fromkeys(layers)}
        for layer in layers:
            yield pictures[layer].result()


def looks(product: DemoProduct) -> list[Layers]:
    """Every look that a product comes in, its own first: the empty studio, and the product on
    nothing, so that one can move before the other."""
    return list(dict.fromkeys(_layers(each) for each in (product, *product.variants)))


def _product(drawing: Drawing) -> Canvas:
    canvas = Canvas()
    illustrate, _ = ILLUSTRATORS[drawing.kind]
    illustrate(canvas, Subject.of(drawing))
    return canvas


def _studio(drawing: Drawing) -> Canvas:
    _, horizon = ILLUSTRATORS[drawing.kind]
    deep = luminance(drawing.colour) > 0.78
    return Canvas.studio(crc32(drawing.kind.encode()), horizon, deep=deep)


def _layers(product: DemoProduct) -> Layers:
    return _studio(product.drawing).svg(), _product(product.drawing).svg()


def _encode(layers: Layers, size: int) -> bytes:
    from PIL import Image

    front = Image.open(io.BytesIO(_png(layers[1], size))).convert("RGBA")
    picture = Image.alpha_composite(_studio_image(layers[0], size), front)
    file = io.BytesIO()
    picture.convert("RGB").save(file, "WEBP", quality=82, method=2)
    return file.getvalue()


@cache  # a few dozen studios serve a thousand products
def _studio_image(svg: str, size: int) -> PIL.Image.Image:
    from PIL import Image

    return Image.open(io.BytesIO(_png(svg, size))).convert("RGBA")


def _png(svg: str, size: int) -> bytes:
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    )
