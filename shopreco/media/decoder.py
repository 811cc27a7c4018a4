"""Pictures and videos from outside → RGB images, or a reason why not."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from shopreco.media.child import Child
from shopreco.media.errors import MediaRejected
from shopreco.media.limits import MEBIBYTE, Limits
from shopreco.media.protocol import CUTOUT, FRAMES, PICTURE, Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


class Decoder:
    """Decodes in a process of its own, so that a hostile file costs only itself.

    Constructing one is free; the first file starts the process, and so does the next after a
    file that ended it. Threads may share a decoder: they take turns. Called in a worker.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._turn = threading.Lock()
        self._child: Child | None = None

    def picture(self, data: bytes) -> Image:
        """RGB, upright, no side longer than `limits.side`, transparency on white.

        data: a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; of an animation the first frame that
        shows something is read. Profiles, texts and other side data decide nothing.
        Raises `MediaRejected` with the reason, `DecoderUnavailable`.
        """
        return _image(self.pixels(data))

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """(height, width, 3): `picture` for a process that has no Pillow."""
        _check_size(data, self.limits.picture_bytes)
        return self._decode(PICTURE, data)[0]

    def cutout(self, data: bytes) -> Image:
        """RGBA, otherwise as `picture`: for whoever stores it and shows it on another ground."""
        _check_size(data, self.limits.picture_bytes)
        return _image(self._decode(CUTOUT, data)[0])

    def frames(self, data: bytes) -> list[Image]:
        """1 to `limits.frames` images like those of `picture`, in order of time, one of every
        scene first; fewer if the video shows less. Pixels that are not square are made so.

        data: an MP4, MOV, WebM, MKV, AVI, MPEG-TS or Ogg video; sound is ignored.
        Raises `MediaRejected` with the reason, `DecoderUnavailable`.
        """
        _check_size(data, self.limits.video_bytes)
        return [_image(pixels) for pixels in self._decode(FRAMES, data)]

    def close(self) -> None:
        """End the process. A file after that starts another."""
        with self._turn:
            if self._child is not None:
                self._child.close()
                self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _decode(self, kind: str, data: bytes) -> list[NDArray[np.uint8]]:
        with self._turn:
            return self._running_child().ask(Message(kind, data))

    def _running_child(self) -> Child:
        child = self._child
        if child is not None and (
            not child.is_running() or child.answered >= self.limits.files_per_process
        ):
            child.close()
            child = None
        if child is None:
            child = self._child = Child(self.limits)
        return child


def _image(pixels: NDArray[np.uint8]) -> Image:
    from PIL import Image

    return Image.fromarray(pixels)


def _check_size(data: bytes, max_bytes: int) -> None:
    if not data:
        raise MediaRejected("The file is empty: upload it again.")
    if len(data) > max_bytes:
        raise MediaRejected(
            f"The file has {len(data) / MEBIBYTE:,.1f} MB, more than the "
            f"{max_bytes / MEBIBYTE:,.1f} MB that are read: save it smaller."
        )
