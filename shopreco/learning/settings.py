"""Settings of what is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SequenceSettings:
    """Of the user encoder and its training.

    longest: events of a visitor that are read. low_pass: share of the filter beside attention.
    cutoff: frequencies that count as slow. warm_up: steps until the learning rate is reached.
    negatives: items that the softmax is over where there are more than `full_softmax`.
    patience: epochs without a better validation after which training stops.
    """

    dimension: int = 64
    layers: int = 2
    heads: int = 2
    dropout: float = 0.5
    longest: int = 50
    low_pass: float = 0.7
    cutoff: int = 5
    batch_size: int = 256
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.0
    full_softmax: int = 100_000
    negatives: int = 8_192
    epochs: int = 30
    patience: int = 4
    seed: int = 0
