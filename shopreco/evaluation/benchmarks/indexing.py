"""What indexing costs beyond bare encoding of the same texts, and where a search's time goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from inspect import signature
from time import perf_counter
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce

from shopreco.catalogues import get_catalogue
from shopreco.conf import get_settings
from shopreco.encoders import SentenceTransformerEncoder, create_encoder
from shopreco.encoders.sentence_transformers import load_model
from shopreco.evaluation.protocols.comparison import PAGE, WARM_UP
from shopreco.evaluation.protocols.metrics import percentiles
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.preparation import CATALOGUE, Work, index
from shopreco.models import IndexRun
from shopreco.retrieval.results import ResultPage

SLICES = 20

Encode = Callable[[Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the catalogue: its time and how many products it encoded."""

    seconds: float
    encoded: int


@dataclass(frozen=True, slots=True)
class IndexBenchmark:
    """Seconds of whole indexing and of what it is compared with, on one corpus.

    `bare` are the times of equal slices of the bare encoding, taken in turns with the indexing:
    how much they differ tells how quiet the machine was.
    """

    products: int
    threads: int
    batch_size: int
    bare: tuple[float, ...]
    first: Pass
    repriced: Pass
    unchanged: Pass

    @property
    def ratio(self) -> float:
        """Whole indexing over bare encoding."""
        return self.first.seconds / sum(self.bare)

    @property
    def unchanged_share(self) -> float:
        """Time of the pass that found nothing to do, as a share of the first."""
        return self.unchanged.seconds / self.first.seconds

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "unchanged_share": self.unchanged_share}

    def as_text(self) -> str:
        rows = {
            "bare encoding": (
                sum(self.bare),
                f"in {len(self.bare)} slices of {min(self.bare):.1f} to {max(self.bare):.1f} s",
            ),
            "whole indexing": (
                self.first.seconds,
                f"{self.first.encoded} encoded, {self.ratio:.3f} times the bare encoding",
            ),
            "new price each": (self.repriced.seconds, f"{self.repriced.encoded} encoded"),
            "nothing changed": (
                self.unchanged.seconds,
                f"{self.unchanged.encoded} encoded, {self.unchanged_share:.1%} of the first",
            ),
        }
        return "\n".join(
            [
                f"{self.products} products, {self.threads} threads, batches of {self.batch_size}",
                *(f"{name:16} {seconds:8.1f} s  {rest}" for name, (seconds, rest) in rows.items()),
            ]
        )


class BareEncoding:
    """The bare encoding of all texts, cut into slices that are taken between batches of a run.

    Called with the run after every batch, it encodes the slices that are due by then. Whatever
    else the machine does in the meantime so hits both sides alike.
    """

    def __init__(self, encode: Encode, texts: Sequence[str], slices: int = SLICES) -> None:
        # Every n-th text of the list sorted by length: all slices are the same work.
        ordered = sorted(texts, key=len)
        count = max(1, min(slices, len(ordered)))
        self._slices = [ordered[start::count] for start in range(count)]
        self._encode = encode
        self.seconds: list[float] = []

    def __call__(self, run: IndexRun) -> None:
        if run.enumerated and run.total:
            self.advance(run.done / run.total)

    def advance(self, share: float) -> None:
        """Encode until this share of the slices is done."""
        while len(self.seconds) < share * len(self._slices):
            started = perf_counter()
            self._encode(self._slices[len(self.seconds)])
            self.seconds.append(perf_counter() - started)


def benchmark_indexing(work: Work) -> IndexBenchmark:
    """Index the loaded, so far unindexed corpus and take the times."""
    catalogue = get_catalogue(CATALOGUE)
    texts = [catalogue.document(obj).passage for obj in catalogue.indexed_queryset()]
    encode, threads, batch_size = bare_encoder()
    encode(texts[:: max(1, len(texts) // 100)])
    bare = BareEncoding(encode, texts)
    started = perf_counter()
    run = index(work, rebuild=True, progress=bare)
    first = Pass(perf_counter() - started - sum(bare.seconds), run.encoded)
    bare.advance(1)
    CorpusProduct.objects.update(price=Coalesce(F("price"), Value(0)) + 1)
    repriced = _pass(work)
    unchanged = _pass(work)
    return IndexBenchmark(
        len(texts), threads, batch_size, tuple(bare.seconds), first, repriced, unchanged
    )


def bare_encoder() -> tuple[Encode, int, int]:
    """`SentenceTransformer.encode` on a copy of the configured model, its threads and batch size.

    For an encoder of another kind it is that encoder's own `encode_documents`.
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


def benchmark_search(
    search: Callable[..., ResultPage], queries: Sequence[str], facets: Sequence[str] | None
) -> dict[str, dict[str, float]]:
    """`p50_ms` and `p95_ms` by stage of `ResultPage.timings`, over pages of `PAGE` results."""
    times: dict[str, list[float]] = {}
    for query in queries[:WARM_UP]:
        search(query, limit=PAGE, facets=facets)
    for query in queries:
        for stage, milliseconds in search(query, limit=PAGE, facets=facets).timings.items():
            times.setdefault(stage, []).append(milliseconds)
    return {stage: percentiles(each) for stage, each in times.items()}


def _pass(work: Work) -> Pass:
    started = perf_counter()
    run = index(work)
    return Pass(perf_counter() - started, run.encoded)
