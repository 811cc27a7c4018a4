"""The bare encoding of texts, which indexing and vector fusion are measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from time import perf_counter
from typing import Any, Final

from shopreco.conf import get_settings
from shopreco.encoders import SentenceTransformerEncoder, create_encoder
from shopreco.encoders.sentence_transformers import load_model
from shopreco.models import Run

SLICES: Final = 20

Encode = Callable[[Sequence[str]], Any]


class BareEncoding:
    """Encodes all texts in slices, between the batches of a run.

    Called with the run after every batch, it encodes the slices that are due by then. So other load
    on the machine hits both sides alike.
    """

    def __init__(self, encode: Encode, texts: Sequence[str], slices: int = SLICES) -> None:
        # Every n-th text of the list sorted by length: all slices are the same work.
        ordered = sorted(texts, key=len)
        count = max(1, min(slices, len(ordered)))
        self._slices = [ordered[start::count] for start in range(count)]
        self._encode = encode
        self.seconds: list[float] = []

    def __call__(self, run: Run) -> None:
        if run.enumerated and run.total:
            self.advance(run.done / run.total)

    def advance(self, share: float) -> None:
        """Encode until this share of the slices is done."""
        while len(self.seconds) < share * len(self._slices):
            started = perf_counter()
            self._encode(self._slices[len(self.seconds)])
            self.seconds.append(perf_counter() - started)


def bare_encoder() -> tuple[Encode, int, int]:
    """Make `SentenceTransformer.encode` on a copy of the configured model.

    Returns it with its threads and its batch size. For an encoder of another kind it is that
    encoder's own `encode_documents`.
    """
    config = get_settings().TEXT_ENCODER
    encoder = create_encoder(config)
    if type(encoder) is not SentenceTransformerEncoder:
        return encoder.encode_documents, 1, get_settings().BATCH_SIZE
    import torch

    given = {key.lower(): value for key, value in config.items() if key != "CLASS"}
    options = signature(SentenceTransformerEncoder).bind(**given)
    options.apply_defaults()
    names = ("model", "revision", "device", "batch_size")
    name, revision, device, batch_size = (options.arguments[each] for each in names)
    model = load_model(name, revision, device)
    if batch_size is None:  # the encoder's own choice
        batch_size = 32 if model.device.type == "cpu" else 256

    def encode(texts: Sequence[str]) -> Any:
        return model.encode(list(texts), batch_size=batch_size, show_progress_bar=False)

    return encode, torch.get_num_threads(), batch_size
