"""The branch of the error tree for pictures and videos.

MediaError
├── MediaRejected         this file is not read; the message is the reason, for the shop's admin
├── DecoderFailed         this file was not read, and not for a fault of its own
└── DecoderUnavailable    no file can be read here: a library is missing, or no process starts
"""

from __future__ import annotations

from shopreco.exceptions import ShopRecoError


class MediaError(ShopRecoError):
    """Root of what decoding raises."""

    code = "media"


class MediaRejected(MediaError):
    """A file is not read. Its message is one sentence that says why, meant for people."""

    code = "media_rejected"


class DecoderFailed(MediaError):
    """Reading a file failed for another reason than the file: try again, or report it."""

    code = "decoder_failed"


class DecoderUnavailable(MediaError):
    """The decoder does not start, whatever the file. Nothing is wrong with the files."""

    code = "decoder_unavailable"
