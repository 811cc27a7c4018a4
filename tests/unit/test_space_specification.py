"""The specification and the statistics of a space as values, and as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shopreco.exceptions import StoredValueError
from shopreco.models import (
    AWAITED,
    AlignmentState,
    Cosines,
    EmbeddingSpace,
    EncoderSpecification,
    LeftOut,
    ModalityAlignment,
    ModalitySpecification,
    SpaceSpecification,
    SpaceStatistics,
    VectorIndex,
)

TEXT = EncoderSpecification({"CLASS": "encoders.Text", "DIMENSION": 8}, "t" * 64, 8)
IMAGES = EncoderSpecification({"CLASS": "encoders.Images"}, "i" * 64, 3)


def specified(alignment: ModalityAlignment = AWAITED) -> SpaceSpecification:
    return SpaceSpecification(
        (
            ModalitySpecification("text", TEXT, 1.0),
            ModalitySpecification("graph", TEXT, 1),
            ModalitySpecification("image", IMAGES, 0.5, alignment),
            ModalitySpecification("video", IMAGES, 0.25, alignment),
        ),
        VectorIndex.BINARY,
        graph_steps=2,
    )


def test_a_specification_comes_back_from_json_as_it_was() -> None:
    for alignment in (AWAITED, ModalityAlignment(), ModalityAlignment.fitted("a" * 64)):
        before = specified(alignment)
        after = SpaceSpecification.from_json(json.loads(json.dumps(before.to_json())))
        assert after == before
        assert after["image"].alignment.state is before["image"].alignment.state
        assert after.vector_index is VectorIndex.BINARY


def test_statistics_come_back_from_json_as_they_were() -> None:
    for before in (
        SpaceStatistics(),
        SpaceStatistics(
            average_lengths={"title": 4.5},
            language="de",
            languages={"de": 3, "en": 1},
            unrelated=Cosines(mean=0.1, deviation=0.2),
            unrelated_pictures=Cosines(mean=0.3, deviation=0.4),
            left_out=LeftOut(pairs=5, needed=100),
            is_fused=False,
        ),
    ):
        assert SpaceStatistics.from_json(json.loads(json.dumps(before.to_json()))) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"SpaceSpecification: stored in version 2, this release reads 1"),
        ({"colour": "red"}, "SpaceSpecification: missing or unknown when read: colour"),
        ({"modalities": [{"modality": "text"}]}, "alignment, encoder, weight"),
    ],
)
def test_another_form_is_an_error_that_names_it(change: dict[str, Any], message: str) -> None:
    with pytest.raises(StoredValueError, match=message):
        SpaceSpecification.from_json({**specified().to_json(), **change})


@pytest.mark.parametrize("stored", [None, {}, [], {"version": 1}])
def test_what_is_no_statistics_is_an_error(stored: Any) -> None:
    with pytest.raises(StoredValueError, match="SpaceStatistics"):
        SpaceStatistics.from_json(stored)


def test_only_a_fitted_alignment_has_a_fingerprint() -> None:
    with pytest.raises(StoredValueError, match="awaited"):
        ModalityAlignment(AlignmentState.AWAITED, "a" * 64)
    with pytest.raises(StoredValueError, match="fitted"):
        ModalityAlignment(AlignmentState.FITTED)


def test_a_fitted_alignment_takes_the_place_of_the_awaited_one() -> None:
    fitted = specified().aligned("a" * 64)
    assert [each.modality for each in specified().awaiting] == ["image", "video"]
    assert fitted.awaiting == ()
    assert fitted["image"].alignment == fitted["video"].alignment
    assert fitted["graph"].alignment.state is AlignmentState.NOT_NEEDED


def test_a_space_without_awaited_modalities_has_the_others() -> None:
    left = specified().without_awaiting()
    assert [each.modality for each in left.modalities] == ["text", "graph"]
    assert "image" not in left
    with pytest.raises(KeyError):
        left["image"]


def test_a_space_says_what_its_specification_says() -> None:
    space = EmbeddingSpace(specification=specified().aligned("a" * 64))
    assert space.encoder == TEXT.config
    assert (space.encoder_fingerprint, space.dimension) == (TEXT.fingerprint, 8)
    assert space.weights == {"text": 1.0, "graph": 1, "image": 0.5, "video": 0.25}
    assert space.encoders["video"] == IMAGES.fingerprint
    assert (space.steps, space.alignments) == (2, {"a" * 64})
    assert not space.awaits_alignment
    assert space.statistics == SpaceStatistics()
