"""The setting that names an encoder: what is made of it, and what is said when it is wrong."""

from __future__ import annotations

import pytest

from shopreco.encoders import HashingEncoder, SentenceTransformerEncoder, create_encoder
from shopreco.exceptions import ConfigurationError

HASHING = "shopreco.encoders.HashingEncoder"


def test_the_default_is_a_sentence_transformers_model() -> None:
    assert isinstance(create_encoder({}), SentenceTransformerEncoder)


def test_the_other_keys_are_options() -> None:
    encoder = create_encoder({"CLASS": HASHING, "DIMENSION": 64})

    assert isinstance(encoder, HashingEncoder)
    assert encoder.dimension == 64


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"MODELL": "x"}, "Did you mean 'MODEL'?"),
        ({"CLASS": HASHING, "FLAVOUR": 1}, "no option 'FLAVOUR'. Known: DIMENSION."),
        ({"CLASS": "HashingEncoder"}, "not a dotted path"),
        ({"CLASS": None}, "not a dotted path"),
        ({"CLASS": "shopreco.encoders.Nothing"}, "cannot be imported"),
        ({"CLASS": "no_such_package.Encoder"}, "cannot be imported"),
        ({"CLASS": "pathlib.Path"}, "is not a TextEncoder"),
        ({"CLASS": "shopreco.encoders.TextEncoder"}, "abstract"),
        ({"CLASS": HASHING, "DIMENSION": "many"}, "dimension must be an integer"),
        ({"CLASS": HASHING, "DIMENSION": 4}, "at least 8"),
        ({"BATCH_SIZE": 0}, "batch_size must be an integer of at least 1"),
        ({"BATCH_SIZE": True}, "batch_size must be an integer"),
        ({"MODEL": ""}, "not empty"),
        ({"MODEL": 7}, "int"),
    ],
)
def test_a_wrong_setting_is_named(config: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        create_encoder(config)

    assert message in str(raised.value)
