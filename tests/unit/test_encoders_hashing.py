"""What the encoder without a model knows of likeness, and its unit vectors."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.encoders import EncoderError, HashingEncoder
from shopreco.encoders.base import fingerprint_of, unit_rows


def likeness(first: str, second: str) -> float:
    vectors = HashingEncoder().encode_documents([first, second])
    return float(vectors[0] @ vectors[1])


def test_shared_words_make_texts_alike() -> None:
    assert likeness("brass desk lamp", "desk lamp") > 0.6
    assert likeness("brass desk lamp", "kitchen knife") < 0.3


def test_shared_letters_make_words_alike() -> None:
    assert likeness("lamp", "lamps") > likeness("lamp", "knife") + 0.2


def test_case_width_and_order_do_not_matter() -> None:
    assert likeness("Desk LAMP", "ｌａｍｐ desk") == pytest.approx(1)


def test_both_sides_are_the_same() -> None:
    encoder = HashingEncoder()

    np.testing.assert_array_equal(
        encoder.encode_query("desk lamp"), encoder.encode_documents(["desk lamp"])[0]
    )


def test_the_dimension_is_part_of_the_fingerprint() -> None:
    assert HashingEncoder(64).fingerprint != HashingEncoder(128).fingerprint


def test_a_zero_row_becomes_a_direction() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))

    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.5**0.5, 0.5**0.5]], rtol=1e-6)
    assert rows.dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(EncoderError, match="not finite"):
        unit_rows(np.array([[1.0, value]]))


def test_parts_of_a_fingerprint_cannot_run_together() -> None:
    assert fingerprint_of("ab", "c") != fingerprint_of("a", "bc")
