"""The bare encoding is the same work as one call on all texts, taken in turns with a run."""

from __future__ import annotations

from collections.abc import Sequence

from shopreco.evaluation.benchmarks.bare_encoding import SLICES, BareEncoding
from shopreco.models import Run

TEXTS = [f"{'x' * (n % 37)} {n}" for n in range(1_000)]


class Encoder:
    """Writes down what it was given."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> None:
        self.calls.append(list(texts))


def test_every_text_is_encoded_once() -> None:
    encoder = Encoder()
    bare = BareEncoding(encoder, TEXTS)
    bare.advance(1)
    assert len(encoder.calls) == len(bare.seconds) == SLICES
    assert sorted(text for call in encoder.calls for text in call) == sorted(TEXTS)


def test_all_slices_are_the_same_work() -> None:
    encoder = Encoder()
    BareEncoding(encoder, TEXTS).advance(1)
    lengths = [sum(map(len, call)) for call in encoder.calls]
    assert max(lengths) < 1.05 * min(lengths)


def test_it_keeps_pace_with_the_run() -> None:
    encoder = Encoder()
    bare = BareEncoding(encoder, TEXTS)
    bare.advance(0.5)
    assert len(encoder.calls) == SLICES // 2
    bare.advance(0.5)
    assert len(encoder.calls) == SLICES // 2


def test_nothing_is_due_before_a_run_knows_its_size() -> None:
    encoder = Encoder()
    BareEncoding(encoder, TEXTS)(Run(enumerated=False, total=10))
    assert encoder.calls == []


def test_fewer_texts_than_slices_are_no_trouble() -> None:
    encoder = Encoder()
    BareEncoding(encoder, ["a", "bb"]).advance(1)
    assert encoder.calls == [["a"], ["bb"]]
