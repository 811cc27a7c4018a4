"""Pictures and videos of the generated products: made once, and named by what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from typing import Any, Self

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from tqdm import tqdm

from demo_catalogue.drawings import SMALL, rasterise
from demo_catalogue.films import film
from demo_catalogue.pictures import Picture
from demo_catalogue.records import ProductRecord

Looks = tuple[tuple[str, str], ...]
"""The scenes of a video: see `films.film`."""


class Studio:
    """Makes the files that are missing from the shop's storage, on all cores.

    It is also the loader's gallery: a record names its pictures as `picture_name` does.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def begin(self, record: ProductRecord) -> None:
        pass

    def pictures(self, record: ProductRecord) -> tuple[list[Picture], list[str]]:
        return [Picture(name, _small(name)) for name in record.pictures], []

    def draw(self, drawings: Iterable[str]) -> None:
        """Store the picture of each SVG document, in two sizes."""
        missing = [
            svg for svg in dict.fromkeys(drawings) if not default_storage.exists(picture_name(svg))
        ]
        for svg, (large, small) in self._made(rasterise, missing, "Drawing pictures", "picture"):
            # The large one last: where it exists, both do.
            default_storage.save(_small(picture_name(svg)), ContentFile(small))
            default_storage.save(picture_name(svg), ContentFile(large))

    def film(self, films: Iterable[Looks]) -> None:
        """Store the video of each list of scenes."""
        missing = [looks for looks in films if not default_storage.exists(video_name(looks))]
        for looks, video in self._made(film, missing, "Making videos", "video"):
            default_storage.save(video_name(looks), ContentFile(video))

    def _made(
        self, make: Callable[[Any], Any], sources: Sequence[Any], title: str, unit: str
    ) -> Iterator[tuple[Any, Any]]:
        """Each source with what `make` returns for it."""
        if not sources:
            return
        # Spawned, not forked: a fork would share this process's database connection.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            yield from tqdm(
                zip(sources, pool.map(make, sources), strict=True),
                total=len(sources),
                desc=title,
                unit=unit,
                disable=True if self._quiet else None,
            )


def picture_name(svg: str) -> str:
    """Name of a drawing's picture in the storage: a digest, so it is never out of date."""
    return f"demo/{_digest(svg)}.webp"


def video_name(looks: Looks) -> str:
    return f"demo/{_digest(*chain.from_iterable(looks))}.mp4"


def _small(picture: str) -> str:
    return f"{picture.removesuffix('.webp')}-{SMALL}.webp"


def _digest(*documents: str) -> str:
    return hashlib.blake2b("".join(documents).encode(), digest_size=10).hexdigest()
