"""A shopper's photo in a worker: decoded, encoded, answered to the process that waits for it."""

from __future__ import annotations

import io
import logging
from base64 import b64decode, b64encode
from functools import cache

import numpy as np

from shopreco.fusion import IMAGE
from shopreco.media import Decoder, Limits, MediaRejected
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.spaces.sources import encoder_of

logger = logging.getLogger(__name__)

DECODING_SECONDS = 5.0


def encoded(space: EmbeddingSpace, photo: str) -> dict[str, str]:
    """The answer: `vector`, (f,) float32, or why the photo was `rejected`. Bytes are in base 64."""
    try:
        image = photo_decoder().picture(b64decode(photo))
    except MediaRejected as error:
        return {"rejected": str(error)}
    [vector] = encoder_of(space, IMAGE).encode_images([image])
    return {"vector": b64encode(vector.astype(np.float32).tobytes()).decode()}


def warm_up() -> None:
    """Load what the first photo would wait for. Never raises."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    blank = b64encode(stream.getvalue()).decode()
    try:
        for space in EmbeddingSpace.objects.filter(state=SpaceState.ACTIVE):
            if IMAGE in space.encoders:
                encoded(space, blank)
                logger.info("ready for photos of %s", space.catalogue)
    except Exception:
        logger.exception("not ready for photos: the first will wait")


@cache
def photo_decoder() -> Decoder:
    """Not that of the shop's own files: a long video must not keep a shopper waiting."""
    return Decoder(Limits(decoding_seconds=DECODING_SECONDS))
