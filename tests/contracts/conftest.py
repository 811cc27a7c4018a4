"""Every encoder that there is, and models to make them of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shopreco.encoders import create_encoder
from tests.helpers import image_encoders
from tests.helpers.text_encoders import HASHING, Case, build_model


@pytest.fixture(scope="session")
def cases(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], Case]:
    made: dict[str, Case] = {}

    def get(name: str) -> Case:
        if name not in made:
            made[name] = _minilm(request) if name == "minilm" else _exported(name)
        return made[name]

    def _exported(name: str) -> Case:
        folder = tmp_path_factory.mktemp(name)
        config: dict[str, object] = {"CLASS": HASHING, "DIMENSION": 128}
        if name == "unseen":
            config = {"MODEL": str(build_model(folder, seed=1)), "DEVICE": "cpu"}
        encoder = create_encoder(config)
        encoder.export_query_encoder(folder / "query")
        return Case(config, encoder, folder / "query")

    return get


def _minilm(request: pytest.FixtureRequest) -> Case:
    encoder = create_encoder({"DEVICE": "cpu"})
    folder: Path = request.getfixturevalue("artefacts")
    return Case({"DEVICE": "cpu"}, encoder, folder / encoder.fingerprint)


@pytest.fixture(params=["hashing", "minilm", "unseen"])
def case(request: pytest.FixtureRequest, cases: Callable[[str], Case]) -> Case:
    return cases(request.param)


@pytest.fixture(params=["minilm", "unseen"])
def exported(request: pytest.FixtureRequest, cases: Callable[[str], Case]) -> Case:
    """A case whose query side lives in files."""
    return cases(request.param)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        kind: image_encoders.build_model(tmp_path_factory.mktemp(kind), kind)
        for kind in image_encoders.UNTRAINED
    }
