"""The benchmark of indexing: what it costs beyond the bare encoding of the same texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce

from shopreco.catalogues import get_catalogue
from shopreco.evaluation.base import Work
from shopreco.evaluation.benchmarks.bare_encoding import BareEncoding, bare_encoder
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.preparation import CATALOGUE, index, load


@dataclass(frozen=True, slots=True)
class IndexPass:
    """One pass over the catalogue: its time and how many products it encoded."""

    seconds: float
    encoded: int


@dataclass(frozen=True, slots=True)
class IndexBenchmark:
    """Seconds of whole indexing and of what it is compared with, on one corpus.

    `bare` are the times of equal slices of the bare encoding, in turns with the indexing. How much
    they differ tells how quiet the machine was.
    """

    dataset: str
    products: int
    threads: int
    batch_size: int
    bare: tuple[float, ...]
    first: IndexPass
    repriced: IndexPass
    unchanged: IndexPass

    @property
    def ratio(self) -> float:
        """Time of whole indexing over that of bare encoding."""
        return self.first.seconds / sum(self.bare)

    @property
    def unchanged_share(self) -> float:
        """Time of the pass with nothing to do, as a share of the first."""
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
        head = (
            f"{self.dataset}: {self.products} products, {self.threads} threads, "
            f"batches of {self.batch_size}"
        )
        return "\n".join(
            [
                head,
                *(f"{name:16} {seconds:8.1f} s  {rest}" for name, (seconds, rest) in rows.items()),
            ]
        )


def benchmark_indexing(folder: Path, limit: int | None, work: Work) -> IndexBenchmark:
    """Load at most `limit` products of a folder, index them and take the times.

    Raises:
        DatasetError: the corpus is malformed.
        IndexingFailed: a run failed or was cancelled.
    """
    load(find_corpus(folder), limit)
    catalogue = get_catalogue(CATALOGUE)
    texts = [catalogue.document(obj).passage for obj in catalogue.indexed_queryset()]
    encode, threads, batch_size = bare_encoder()
    encode(texts[:: max(1, len(texts) // 100)])
    bare = BareEncoding(encode, texts)
    started = perf_counter()
    run = index(work, rebuild=True, progress=bare)
    first = IndexPass(perf_counter() - started - sum(bare.seconds), run.encoded)
    bare.advance(1)
    CorpusProduct.objects.update(price=Coalesce(F("price"), Value(0)) + 1)
    repriced = _pass(work)
    unchanged = _pass(work)
    return IndexBenchmark(
        folder.name,
        len(texts),
        threads,
        batch_size,
        tuple(bare.seconds),
        first,
        repriced,
        unchanged,
    )


def _pass(work: Work) -> IndexPass:
    started = perf_counter()
    run = index(work)
    return IndexPass(perf_counter() - started, run.encoded)
