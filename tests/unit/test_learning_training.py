"""The user encoder is trained, resumed, kept and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from shopreco.learning.ranks import ranks_of
from shopreco.learning.recommender import Recommender, TrainingData
from shopreco.learning.sequence_recommender import SequenceRecommender
from shopreco.learning.sequence_trainer import Epoch
from shopreco.learning.sequences import Sequences
from shopreco.learning.settings import SequenceSettings

ITEMS = 30
SMALL = SequenceSettings(
    dimension=16, longest=8, batch_size=32, learning_rate=1e-2, warm_up=5, epochs=6, dropout=0.1
)


def circle(visitors: int, *, items: int = ITEMS, seed: int = 0) -> TrainingData:
    """Everybody goes on by one from some item; the two last ones are left out of training."""
    random = np.random.default_rng(seed)
    walks = [
        [(start + n) % items for n in range(random.integers(4, 12))]
        for start in random.integers(0, items, visitors).tolist()
    ]
    sequences = Sequences.of(walks)
    contents = random.normal(size=(items, 24)).astype(np.float32)
    contents /= np.linalg.norm(contents, axis=1, keepdims=True)
    return TrainingData(
        sequences.keep(sequences.back >= 2), sequences.keep(sequences.back == 1), contents
    )


def hit_rate(recommender: Recommender, data: TrainingData) -> float:
    """Among the first three."""
    found = ranks_of(recommender.scores, data.train, data.validation, data.items, repeats=True)
    return float(found.hit_rate(3).mean())


@pytest.fixture(scope="module")
def trained() -> tuple[SequenceRecommender, TrainingData]:
    data = circle(200)
    recommender = SequenceRecommender(SMALL, device="cpu")
    recommender.fit(data)
    return recommender, data


def test_it_learns_what_comes_next(trained: tuple[SequenceRecommender, TrainingData]) -> None:
    assert hit_rate(*trained) > 0.9


def test_scores_are_finite_and_are_chances(
    trained: tuple[SequenceRecommender, TrainingData],
) -> None:
    """In inference mode, for histories of every length, also longer than any that was trained."""
    recommender, _data = trained
    histories = Sequences.of([[n % ITEMS for n in range(length)] for length in range(1, 30)])
    assert not recommender.encoder.training
    scores = recommender.scores(histories)
    assert np.isfinite(scores).all()
    assert np.exp(scores).sum(axis=1) == pytest.approx(np.ones(len(histories)), abs=1e-4)


def test_only_the_last_events_are_read(trained: tuple[SequenceRecommender, TrainingData]) -> None:
    recommender, _data = trained
    last = [5, 6, 7, 8, 9, 10, 11, 12]
    scores = recommender.scores(Sequences.of([last, [20, 1, *last]]))
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_who_did_nothing_yet_says_nothing(
    trained: tuple[SequenceRecommender, TrainingData],
) -> None:
    recommender, _data = trained
    scores = recommender.scores(Sequences.of([[], [1]]))
    assert not scores[0].any()
    assert scores[1].any()


def test_it_is_kept_and_read_again(
    trained: tuple[SequenceRecommender, TrainingData], tmp_path: Path
) -> None:
    recommender, data = trained
    path = tmp_path / "sequence.safetensors"
    recommender.save(path)
    again = SequenceRecommender.load(path, data.contents, device="cpu")
    assert again.settings == recommender.settings
    assert (again.scores(data.train) == recommender.scores(data.train)).all()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SafetensorError):
        SequenceRecommender.load(path, data.contents, device="cpu")


def test_a_killed_training_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    data, checkpoints = circle(60), tmp_path / "deep"
    whole = SequenceRecommender(SMALL, device="cpu")
    whole.fit(data)

    class Killed(Exception):
        pass

    def kill(epoch: Epoch) -> None:
        if epoch.number == 3:
            raise Killed

    with pytest.raises(Killed):
        SequenceRecommender(SMALL, device="cpu", checkpoints=checkpoints, report=kill).fit(data)
    heard: list[Epoch] = []
    resumed = SequenceRecommender(SMALL, device="cpu", checkpoints=checkpoints, report=heard.append)
    resumed.fit(data)
    assert [each.number for each in heard] == [4, 5, 6]
    for name, tensor in whole.encoder.state_dict().items():
        torch.testing.assert_close(resumed.encoder.state_dict()[name], tensor)
    assert [each.suffix for each in checkpoints.iterdir()] == [".safetensors"], "and nothing else"


@pytest.mark.parametrize("change", ["data", "settings", "damaged"])
def test_a_file_of_another_training_is_not_read(tmp_path: Path, change: str) -> None:
    data, checkpoints = circle(40), tmp_path
    one = replace(SMALL, epochs=1)
    SequenceRecommender(one, device="cpu", checkpoints=checkpoints).fit(data)
    if change == "damaged":
        [file] = checkpoints.iterdir()
        file.write_bytes(file.read_bytes()[:-9])
    heard: list[Epoch] = []
    SequenceRecommender(
        replace(one, dropout=0.2) if change == "settings" else one,
        device="cpu",
        checkpoints=checkpoints,
        report=heard.append,
    ).fit(circle(40, seed=1) if change == "data" else data)
    assert [each.number for each in heard] == [1]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    data, checkpoints = circle(40), tmp_path
    first = SequenceRecommender(SMALL, device="cpu", checkpoints=checkpoints)
    first.fit(data)
    heard: list[Epoch] = []
    again = SequenceRecommender(SMALL, device="cpu", checkpoints=checkpoints, report=heard.append)
    again.fit(data)
    assert heard == []
    assert (again.scores(data.train) == first.scores(data.train)).all()


def test_training_stops_when_the_validation_gets_no_better() -> None:
    data = circle(40)
    # Wanted is what nobody ever does: no epoch is better than the first ones.
    hopeless = replace(data, validation=data.train.keep(data.train.back == 0))
    heard: list[Epoch] = []
    settings = replace(SMALL, epochs=30, patience=2)
    SequenceRecommender(settings, device="cpu", report=heard.append).fit(hopeless)
    assert len(heard) == 3
    assert {each.ndcg for each in heard} == {0.0}


def test_among_very_many_items_the_softmax_is_sampled() -> None:
    data = circle(200)
    sampled = SequenceRecommender(replace(SMALL, full_softmax=10, negatives=12), device="cpu")
    sampled.fit(data)
    assert hit_rate(sampled, data) > 0.9


def test_what_follows_may_be_a_basket() -> None:
    """After an even item come its two odd neighbours, together."""
    starts = np.random.default_rng(0).integers(0, 15, 150) * 2
    walks = [[start, (start + 1) % ITEMS, (start - 1) % ITEMS] for start in starts.tolist()]
    times = [[1.0, 2.0, 2.0]] * len(walks)
    sequences = Sequences.of(walks, times)
    data = replace(
        circle(1), train=sequences, validation=Sequences.of([[]] * len(walks)), repeats=True
    )
    recommender = SequenceRecommender(replace(SMALL, epochs=40), device="cpu")
    recommender.fit(data)
    scores = recommender.scores(Sequences.of([[4], [10]]))
    assert [set(np.argsort(-row)[:2].tolist()) for row in scores] == [{3, 5}, {9, 11}]


def test_what_the_validation_chose_is_learned_again_from_everything() -> None:
    data = circle(120)
    complete = circle(120, seed=2).train
    settings = replace(SMALL, epochs=8, patience=2)
    heard: list[Epoch] = []
    recommender = SequenceRecommender(settings, device="cpu", report=heard.append)
    recommender.fit(replace(data, complete=complete))
    tried = len(heard)
    best = max(range(tried), key=lambda n: heard[n].ndcg or 0.0) + 1
    recommender.settle(replace(data, complete=complete))
    assert [each.number for each in heard[tried:]] == list(range(1, best + 1))
    assert {each.ndcg for each in heard[tried:]} == {None}
