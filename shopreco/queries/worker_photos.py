"""Photo encoding in a worker, which answers the web process that waits."""

from __future__ import annotations

import io
import logging
from base64 import b64decode, b64encode

import numpy as np

from shopreco.fusion import IMAGE
from shopreco.media import MediaRejected
from shopreco.media.photos import photo_decoder
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.spaces.sources import encoder_of

logger = logging.getLogger(__name__)


def encoded(space: EmbeddingSpace, photo: str) -> dict[str, str]:
    """Decode and encode a photo, base 64. Returns `vector`, (f,) float32 in base 64, or the reason
    why it was `rejected`."""
    try:
        image = photo_decoder().picture(b64decode(photo))
    except MediaRejected as error:
        return {"rejected": str(error)}
    [vector] = encoder_of(space, IMAGE).encode_images([image])
    return {"vector": b64encode(vector.astype(np.float32).tobytes()).decode()}


def warm_up() -> None:
    """Load decoder and encoders, so that the first photo need not wait. Never raises."""
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
