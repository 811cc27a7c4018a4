"""Pictures and videos from outside, decoded where they can do no harm.

    with Decoder() as decoder:
        image = decoder.picture(data)

Importing this loads no library. Called in a worker, and in a web process that encodes photos
itself. Decoding runs in a process of its own, see `shopreco.media.process`.
"""

from __future__ import annotations

from shopreco.media.decoder import Decoder
from shopreco.media.errors import DecoderFailed, DecoderUnavailable, MediaError, MediaRejected
from shopreco.media.limits import Limits

__all__ = [
    "Decoder",
    "DecoderFailed",
    "DecoderUnavailable",
    "Limits",
    "MediaError",
    "MediaRejected",
]
