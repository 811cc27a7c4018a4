"""Posters of the hostile host: their pictures are drawn in the colours that their titles name."""

from __future__ import annotations

import io

from django.core.files.base import ContentFile
from PIL import Image

from tests.testapp.models import Picture, Poster

POSTER = "testapp.poster"
COLOURS = {"red": (200, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 200), "grey": (128,) * 3}


def drawn(colour: tuple[int, ...], size: int = 64) -> ContentFile[bytes]:
    stream = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(stream, "PNG")
    return ContentFile(stream.getvalue(), name="picture.png")


def poster(title: str, *files: ContentFile[bytes]) -> Poster:
    made = Poster.objects.create(title=title)
    for file in files:
        Picture.objects.create(poster=made, file=file)
    return made


def gallery(count: int) -> list[Poster]:
    """Posters of every colour with a title that names it."""
    names = list(COLOURS)
    return [
        poster(f"{names[n % 4]} poster number {n}", drawn(COLOURS[names[n % 4]]))
        for n in range(count)
    ]
