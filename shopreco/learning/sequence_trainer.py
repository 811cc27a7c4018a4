"""Training of the user encoder: full-softmax cross-entropy, early stopping, resumable (torch)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from shopreco.learning.checkpoints import Checkpoint
from shopreco.learning.memory import trim
from shopreco.learning.ranks import ranks_of
from shopreco.learning.recommender import Scores, TrainingData
from shopreco.learning.sequence_model import SequenceEncoder
from shopreco.learning.sequences import Items, Samples, Sequences, by_length, samples
from shopreco.learning.settings import SequenceSettings

VALIDATED = 20_000
"""Visitors that a validation looks at."""
SCORED = 512
"""Histories that are encoded at once."""
TRIMMED = 25
"""Steps after which memory is given back."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch gave. loss: mean of its samples. ndcg: NDCG@10 of the validation, if any."""

    number: int
    loss: float
    ndcg: float | None


def unheard(epoch: Epoch) -> None:
    """Report to nobody."""


def train(
    data: TrainingData,
    settings: SequenceSettings,
    *,
    device: str,
    checkpoints: Path | None = None,
    report: Callable[[Epoch], None] = unheard,
) -> tuple[SequenceEncoder, int]:
    """Train until `patience` epochs bring no better validation; the best encoder and its epochs.

    Without a validation it trains for `epochs`. checkpoints: a folder with a file of each training,
    written after each epoch; one that was killed goes on from it, and gives the same as one that
    was not.
    """
    torch.manual_seed(settings.seed)
    encoder = SequenceEncoder(torch.from_numpy(data.contents), settings).to(device)
    optimiser = torch.optim.AdamW(
        encoder.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    kept = Checkpoint.of(checkpoints, data, settings)
    progress = kept.restore(encoder, optimiser)
    histories = samples(data.train, settings.longest)
    validated = _validated(data)
    while progress.epochs < settings.epochs and progress.waited < settings.patience:
        loss = _epoch(encoder, optimiser, histories, progress.epochs)
        ndcg = _validation(encoder, validated) if len(validated.validation) else None
        progress = progress.after(ndcg)
        kept.write(encoder, optimiser, progress)
        report(Epoch(progress.epochs, loss, ndcg))
    kept.restore_best(encoder)
    return encoder.eval(), progress.best_epoch


def _epoch(
    encoder: SequenceEncoder,
    optimiser: torch.optim.Optimizer,
    histories: list[Samples],
    number: int,
) -> float:
    """One pass over all samples. Its random choices depend on seed and number alone."""
    settings = encoder.settings
    torch.manual_seed(settings.seed * 100_003 + number)
    random = np.random.default_rng([settings.seed, number])
    batches = list(_batches(histories, settings.batch_size, random))
    random.shuffle(batches)
    encoder.train()
    losses = 0.0
    for step, (group, rows) in enumerate(batches, start=number * len(batches) + 1):
        for parameters in optimiser.param_groups:
            parameters["lr"] = settings.learning_rate * min(1.0, step / settings.warm_up)
        loss = _loss(encoder, histories[group].batch(rows), random)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch declares no type for it
        optimiser.step()
        losses += loss.item() * len(rows)
        if step % TRIMMED == 0:
            trim()
    return losses / max(1, sum(map(len, histories)))


def _batches(
    histories: list[Samples], size: int, random: np.random.Generator
) -> Iterator[tuple[int, Items]]:
    for group, each in enumerate(histories):
        order = random.permutation(len(each))
        yield from ((group, order[start : start + size]) for start in range(0, len(order), size))


def _loss(
    encoder: SequenceEncoder, batch: tuple[Items, Items, Items], random: np.random.Generator
) -> Tensor:
    """Cross-entropy of the targets, over all items or, where there are very many, over some."""
    device = encoder.contents.device
    histories, targets, rows = batch
    if len(encoder.contents) <= encoder.settings.full_softmax:
        vectors = encoder.item_vectors()
        logits = encoder(torch.from_numpy(histories).to(device), vectors) @ vectors.T
    else:
        logits, targets = _sampled_logits(encoder, histories, targets, random)
    whose = torch.from_numpy(rows).to(device)
    chances = functional.log_softmax(logits, dim=1)
    return -chances[whose, torch.from_numpy(targets).to(device)].mean()


def _sampled_logits(
    encoder: SequenceEncoder, histories: Items, targets: Items, random: np.random.Generator
) -> tuple[Tensor, Items]:
    """Logits of the targets of a batch and of random others, which stand for all others.

    Returns them, (b, k), and the columns of the targets. Bengio & Senécal 2008, "Adaptive
    importance sampling"; uniform draws need one correction for all.
    """
    device, items = encoder.contents.device, len(encoder.contents)
    wanted = np.unique(targets)
    others = np.setdiff1d(random.choice(items, encoder.settings.negatives), wanted)
    needed = np.concatenate([histories.ravel(), wanted, others])
    used, places = np.unique(needed, return_inverse=True)
    vectors = encoder.item_vectors(torch.from_numpy(used).to(device))
    rows, columns = np.split(places, [histories.size])
    encoded = encoder(torch.from_numpy(rows.reshape(histories.shape)).to(device), vectors)
    logits = encoded @ vectors[torch.from_numpy(columns).to(device)].T
    correction = torch.zeros(len(columns), device=device)
    correction[len(wanted) :] = float(np.log((items - len(wanted)) / max(1, len(others))))
    return logits + correction, np.searchsorted(wanted, targets)


def _validated(data: TrainingData) -> TrainingData:
    """The same data with those visitors alone whose validation is looked at."""
    wanting = np.flatnonzero((data.validation.lengths > 0) & (data.train.lengths > 0))
    if len(wanting) > VALIDATED:
        wanting = np.sort(np.random.default_rng(0).choice(wanting, VALIDATED, replace=False))
    return replace(data, train=data.train.take(wanting), validation=data.validation.take(wanting))


def _validation(encoder: SequenceEncoder, data: TrainingData) -> float:
    found = ranks_of(
        lambda histories: scores_of(encoder, histories),
        data.train,
        data.validation,
        data.items,
        repeats=data.repeats,
    )
    return float(found.ndcg(10).mean())


@torch.no_grad()
def scores_of(encoder: SequenceEncoder, histories: Sequences) -> Scores:
    """Logarithms of the probabilities that an item is next, (visitors, items).

    All are 0 for a visitor without history: nothing is known.
    """
    encoder.eval()
    vectors = encoder.item_vectors()
    scores = np.zeros((len(histories), len(vectors)), dtype=np.float32)
    for visitors, items in by_length(histories, encoder.settings.longest).values():
        for start in range(0, len(visitors), SCORED):
            batch = torch.from_numpy(items[start : start + SCORED]).to(vectors.device)
            logits = encoder(batch, vectors) @ vectors.T
            found = torch.log_softmax(logits, dim=1).cpu().numpy()
            scores[visitors[start : start + SCORED]] = found
    return scores
