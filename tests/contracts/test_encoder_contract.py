"""What every text encoder must do, asked of every one that there is.

The third encoder is a model that nobody has seen before: installing another model and one line
of settings must suffice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from shopreco.encoders import ExportFailed, QueryEncoder, create_encoder
from shopreco.encoders.onnx_export import export
from shopreco.encoders.sentence_transformers import load_model
from tests.helpers.text_encoders import QUERIES, TEXTS, Case, build_model, run_python

# Documents


def test_documents_become_unit_float32_rows(case: Case) -> None:
    vectors = case.encoder.encode_documents(TEXTS)

    assert vectors.shape == (len(TEXTS), case.encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_documents_become_no_rows(case: Case) -> None:
    vectors = case.encoder.encode_documents([])

    assert vectors.shape == (0, case.encoder.dimension)
    assert vectors.dtype == np.float32


def test_the_same_documents_become_the_same_vectors(case: Case) -> None:
    np.testing.assert_array_equal(
        case.encoder.encode_documents(TEXTS), case.encoder.encode_documents(TEXTS)
    )


def test_documents_of_mixed_length_keep_their_order(case: Case) -> None:
    texts = [f"desk lamp number {number} " * (1 + number * 7 % 11) for number in range(150)]

    together = case.encoder.encode_documents(texts)

    chosen = [0, 1, 63, 64, 65, 149]
    alone = np.vstack([case.encoder.encode_documents([texts[number]]) for number in chosen])
    np.testing.assert_allclose(together[chosen], alone, atol=1e-4)


def test_different_documents_become_different_vectors(case: Case) -> None:
    lamp, knife = case.encoder.encode_documents([TEXTS[0], TEXTS[3]])

    assert lamp @ knife < 0.999


def test_any_sequence_of_texts_will_do(case: Case) -> None:
    np.testing.assert_array_equal(
        case.encoder.encode_documents(("lamp", "knife")),
        case.encoder.encode_documents(["lamp", "knife"]),
    )


# Identity


def test_the_encoder_says_its_modality(case: Case) -> None:
    assert case.encoder.modality == "text"


def test_the_fingerprint_is_the_same_in_another_process_without_torch(case: Case) -> None:
    script = """
import json, sys
from shopreco.encoders import create_encoder
encoder = create_encoder(json.loads(sys.argv[1]))
print(encoder.fingerprint, encoder.dimension)
assert not {"torch", "transformers", "sentence_transformers", "onnx"} & set(sys.modules)
"""
    printed = run_python(script, json.dumps(case.config))

    assert printed == f"{case.encoder.fingerprint} {case.encoder.dimension}"
    assert len(case.encoder.fingerprint) == 64


def test_encoders_have_different_fingerprints(cases: Callable[[str], Case]) -> None:
    names = ["hashing", "minilm", "unseen"]

    assert len({cases(name).encoder.fingerprint for name in names}) == len(names)


def test_the_fingerprint_follows_weights_and_preprocessing_and_not_the_place(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    case = cases("unseen")
    copy = tmp_path / "elsewhere"
    shutil.copytree(str(case.config["MODEL"]), copy)
    encoder = create_encoder({"MODEL": str(copy)})
    before = encoder.fingerprint
    assert before == case.encoder.fingerprint

    tokenizer = copy / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + "\n")
    preprocessed = encoder.fingerprint
    other = build_model(tmp_path / "other", seed=2)
    shutil.copy(other / "2_Dense" / "model.safetensors", copy / "2_Dense" / "model.safetensors")

    assert len({before, preprocessed, encoder.fingerprint}) == 3


def test_prompts_are_part_of_the_fingerprint(cases: Callable[[str], Case]) -> None:
    config = cases("unseen").config

    assert (
        create_encoder(config | {"DOCUMENT_PROMPT": "text: "}).fingerprint
        != create_encoder(config).fingerprint
    )


@pytest.mark.parametrize(
    "prompts", [{"passage": "passage: "}, {"passage": "passage: ", "document": ""}]
)
def test_a_prompt_for_passages_is_put_before_documents(
    prompts: dict[str, str], cases: Callable[[str], Case], tmp_path: Path
) -> None:
    """Of the model `unseen` the same prompt is that of documents."""
    case = cases("unseen")
    folders = {name: tmp_path / name for name in ("prompted", "without")}
    for name, folder in folders.items():
        shutil.copytree(str(case.config["MODEL"]), folder)
        path = folder / "config_sentence_transformers.json"
        config = json.loads(path.read_text())
        path.write_text(json.dumps(config | {"prompts": prompts if name == "prompted" else {}}))
    prompted, without = (
        create_encoder({"MODEL": str(folder), "DEVICE": "cpu"}) for folder in folders.values()
    )
    expected = case.encoder.encode_documents(["lamp"])
    np.testing.assert_allclose(prompted.encode_documents(["lamp"]), expected, atol=1e-6)
    assert (without.encode_documents(["lamp"]) * expected).sum() < 0.9999
    assert prompted.fingerprint != without.fingerprint


# Queries


def test_the_query_side_keeps_the_contract(case: Case) -> None:
    query_encoder = case.load_query_encoder()

    assert isinstance(query_encoder, QueryEncoder)
    assert query_encoder.dimension == case.encoder.dimension
    assert query_encoder.fingerprint == case.encoder.fingerprint
    for text in QUERIES:
        vector = query_encoder.encode_query(text)
        assert vector.shape == (case.encoder.dimension,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["hashing", "minilm"])  # the weights of the third are random
def test_a_query_finds_its_document(name: str, cases: Callable[[str], Case]) -> None:
    case = cases(name)
    documents = case.encoder.encode_documents(["desk lamp", "garden hose", "wool socks, grey"])

    scores = documents @ case.load_query_encoder().encode_query("desk lamp")

    assert scores.argmax() == 0


def test_threads_may_share_a_query_encoder(case: Case) -> None:
    queries = [f"desk lamp {number}" for number in range(40)]
    alone = case.load_query_encoder()
    expected = [alone.encode_query(query) for query in queries]

    with ThreadPoolExecutor(8) as threads:
        vectors = list(threads.map(case.load_query_encoder().encode_query, queries))

    np.testing.assert_array_equal(vectors, expected)


def test_the_copy_agrees_with_the_torch_model(exported: Case) -> None:
    from shopreco.encoders.sentence_transformers import load_model

    model = load_model(str(exported.config.get("MODEL", "all-MiniLM-L6-v2")), None, "cpu")
    queries = ["desk lamp", "DESK Lamps", "12 in. x 4", "", "lamp " * 500, "ärger 🦄"]
    original = model.encode_query(queries, normalize_embeddings=True)

    query_encoder = exported.load_query_encoder()
    copied = np.array([query_encoder.encode_query(query) for query in queries])

    assert (original * copied).sum(axis=1).min() > 0.99


def test_the_export_records_what_it_measured(exported: Case) -> None:
    manifest = json.loads((exported.artefacts / "query_encoder.json").read_text())

    assert manifest["parity"]["mean_cosine"] > 0.99
    assert manifest["parity"]["samples"] > 90
    assert {path.name for path in exported.artefacts.iterdir()} == {
        "model.int8.onnx",
        "model.int8.onnx.data",
        "query_encoder.json",
        "tokenizer.json",
    }


def test_the_query_prompt_is_put_before_the_query(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    case = cases("unseen")
    changed = create_encoder(case.config | {"QUERY_PROMPT": "find: "})
    changed.export_query_encoder(tmp_path / "query")

    theirs = case.load_query_encoder().encode_query("find: lamp")
    ours = changed.load_query_encoder(tmp_path / "query").encode_query("lamp")

    assert json.loads((case.artefacts / "query_encoder.json").read_text())["prompt"] == "query: "
    assert theirs @ ours < 0.9999


def test_a_second_export_replaces_the_first_and_leaves_nothing_beside_it(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    encoder = cases("unseen").encoder
    directory = tmp_path / "query"
    directory.mkdir()
    (directory / "old").touch()

    encoder.export_query_encoder(directory)

    assert encoder.load_query_encoder(directory).encode_query("lamp").shape == (24,)
    assert not (directory / "old").exists()
    assert list(tmp_path.iterdir()) == [directory]


def test_a_copy_that_differs_too_much_is_not_kept(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    model = load_model(str(cases("unseen").config["MODEL"]), None, "cpu")

    with pytest.raises(ExportFailed, match=r"mean cosine [01]\.\d+ over"):
        export(model, "query: ", "fingerprint", tmp_path / "query", min_parity=1.01)

    assert list(tmp_path.iterdir()) == []
