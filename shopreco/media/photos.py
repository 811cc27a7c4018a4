"""The decoder of shoppers' photos."""

from __future__ import annotations

from functools import cache

from shopreco.media import Decoder, Limits

DECODING_SECONDS = 5.0


@cache
def photo_decoder() -> Decoder:
    """A decoder for photos alone: a long video of the shop must not keep a shopper waiting."""
    return Decoder(Limits(decoding_seconds=DECODING_SECONDS))
