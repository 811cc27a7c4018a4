"""The user encoder as a recommender: trained, kept in a file, asked for scores (torch)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from shopreco.encoders.devices import choose_device
from shopreco.learning.recommender import Recommender, Scores, TrainingData, Vectors
from shopreco.learning.sequence_model import SequenceEncoder
from shopreco.learning.sequence_trainer import Epoch, scores_of, train, unheard
from shopreco.learning.sequences import Sequences
from shopreco.learning.settings import SequenceSettings


class SequenceRecommender(Recommender):
    """Scores of the next item by a transformer over the visitor's last items.

    device: of torch; None chooses a GPU where there is one. checkpoints: a folder with what a
    killed training is resumed from. report: called after each epoch.
    """

    name = "sequence"
    is_seeded: ClassVar[bool] = True

    def __init__(
        self,
        settings: SequenceSettings | None = None,
        *,
        device: str | None = None,
        checkpoints: Path | None = None,
        report: Callable[[Epoch], None] = unheard,
    ) -> None:
        self.settings = settings or SequenceSettings()
        self.encoder: SequenceEncoder
        self._device, self._checkpoints, self._report = device, checkpoints, report

    def fit(self, data: TrainingData) -> None:
        self.settings = replace(self.settings, seed=data.seed)
        self.encoder, self._epochs = self._train(data, self.settings)

    def settle(self, data: TrainingData) -> None:
        """Train again on everything, for as many epochs as were best."""
        if data.complete is not None:
            chosen = replace(self.settings, epochs=self._epochs)
            self.encoder, self._epochs = self._train(data.settled, chosen)

    def _train(self, data: TrainingData, settings: SequenceSettings) -> tuple[SequenceEncoder, int]:
        return train(
            data,
            settings,
            device=choose_device(self._device),
            checkpoints=self._checkpoints,
            report=self._report,
        )

    def scores(self, histories: Sequences) -> Scores:
        return scores_of(self.encoder, histories)

    def save(self, path: Path) -> None:
        """Write the weights as safetensors, the settings as their metadata."""
        weights = {k: v.detach().cpu().contiguous() for k, v in self.encoder.state_dict().items()}
        save_file(weights, path, metadata={"settings": json.dumps(asdict(self.settings))})

    @classmethod
    def load(
        cls, path: Path, contents: Vectors, *, device: str | None = None
    ) -> SequenceRecommender:
        """Read a file of `save`. contents: of the same items in the same order, (items, c).

        Raises:
            SafetensorError: the file is damaged.
        """
        with safe_open(path, framework="pt") as file:
            settings = SequenceSettings(**json.loads(file.metadata()["settings"]))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        loaded = cls(settings, device=device)
        encoder = SequenceEncoder(torch.from_numpy(contents), settings)
        encoder.load_state_dict(weights)
        loaded.encoder = encoder.to(choose_device(device)).eval()
        return loaded
