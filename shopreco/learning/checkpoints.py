"""Checkpoints: a file after each epoch, from which a killed training goes on (torch).

The file is safetensors with its progress as metadata: nothing is unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from shopreco.learning.recommender import TrainingData
from shopreco.learning.settings import SequenceSettings

VERSION = 1
"""Raised when the same data and settings give another training."""
MODEL, BEST, OPTIMISER = "model.", "best.", "optimiser."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is. waited: epochs since the best validation."""

    epochs: int = 0
    best_epoch: int = 0
    best: float = -1.0
    waited: int = 0

    def after(self, ndcg: float | None) -> Progress:
        """After one more epoch. Without a validation the last epoch is the best."""
        epochs = self.epochs + 1
        if ndcg is None or ndcg > self.best:
            return Progress(epochs, epochs, self.best if ndcg is None else ndcg)
        return replace(self, epochs=epochs, waited=self.waited + 1)


class Checkpoint:
    """The state of one training, in memory and, where a folder is given, in a file there."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._best: dict[str, Tensor] = {}

    @classmethod
    def of(cls, folder: Path | None, data: TrainingData, settings: SequenceSettings) -> Checkpoint:
        """Of the training on these data with these settings; another one has another file."""
        facts = json.dumps([VERSION, asdict(settings), data.repeats])
        digest = blake2b(facts.encode(), digest_size=16)
        for part in (data.train, data.validation):
            for array in (part.items, part.times, part.offsets):
                digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(np.ascontiguousarray(data.contents).tobytes())
        return cls(folder and folder / f"{digest.hexdigest()}.safetensors")

    def restore(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
        """Load what the file has of this training; without it, nothing was done yet."""
        if self._path is None or not self._path.is_file():
            return Progress()
        try:
            with safe_open(self._path, framework="pt") as file:
                state = json.loads(file.metadata()["progress"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        except SafetensorError:  # half a file of a machine that lost its power
            return Progress()
        model.load_state_dict(_part(tensors, MODEL))
        self._best = _part(tensors, BEST)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part(tensors, OPTIMISER).items():
            number, key = name.split(".", 1)
            moments.setdefault(int(number), {})[key] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        return Progress(**state)

    def write(self, model: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
        """Keep the state after an epoch; the file is replaced as a whole."""
        weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
        if progress.best_epoch == progress.epochs:
            self._best = {name: tensor.clone() for name, tensor in weights.items()}
        if self._path is None:
            return
        tensors = {MODEL + name: tensor for name, tensor in weights.items()}
        tensors |= {BEST + name: tensor for name, tensor in self._best.items()}
        for number, moments in optimiser.state_dict()["state"].items():
            for key, tensor in moments.items():
                tensors[f"{OPTIMISER}{number}.{key}"] = tensor.detach().cpu()
        written = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, written, metadata={"progress": json.dumps(asdict(progress))})
        written.replace(self._path)

    def restore_best(self, model: nn.Module) -> None:
        """Load the weights of the best epoch, if there was one."""
        if self._best:
            model.load_state_dict(self._best)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
