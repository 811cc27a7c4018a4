from __future__ import annotations

import time
from collections.abc import Sequence

from shopreco.encoders import HashingEncoder
from shopreco.encoders.base import Vectors


class SlowEncoder(HashingEncoder):
    """Takes as long as a large model on a small machine: time enough to pull plugs."""

    SECONDS_PER_TEXT = 0.05

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        time.sleep(self.SECONDS_PER_TEXT * len(texts))
        return super().encode_documents(texts)
