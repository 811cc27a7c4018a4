"""What text encoders leave for web processes, and what is said when it is not as it should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shopreco.encoders import (
    ArtefactCorrupt,
    ArtefactMissing,
    ExportFailed,
    ModelUnavailable,
    create_encoder,
)
from shopreco.encoders.base import unit_rows
from shopreco.encoders.onnx_query import FILES
from tests.helpers.text_encoders import Case, build_static_model, run_python

# Web processes


def test_importing_is_free() -> None:
    heavy = (
        "django", "torch", "transformers", "sentence_transformers", "onnx", "onnxruntime",
        "tokenizers", "huggingface_hub",
    )  # fmt: skip
    script = "import sys, shopreco.encoders; print(*(set(sys.argv[1:]) & set(sys.modules)))"

    assert run_python(script, *heavy) == ""


def test_a_web_process_answers_queries_without_torch_and_in_little_memory(case: Case) -> None:
    script = """
import json, sys
from pathlib import Path
import psutil
from shopreco.encoders import create_encoder
def resident():
    return psutil.Process().memory_info().rss / 1e6
before = resident()
encoder = create_encoder(json.loads(sys.argv[1])).load_query_encoder(Path(sys.argv[2]))
for text in ["desk lamp", "", "lamp " * 2000] * 20:
    encoder.encode_query(text)
heavy = {"django", "torch", "transformers", "sentence_transformers", "onnx"}
print(json.dumps({"heavy": sorted(heavy & set(sys.modules)), "grown": resident() - before}))
"""
    printed = json.loads(run_python(script, json.dumps(case.config), str(case.artefacts)))

    assert printed["heavy"] == []
    assert printed["grown"] < 120


def test_a_process_maps_the_weights_and_has_no_copy_of_them(
    cases: Callable[[str], Case],
) -> None:
    script = """
import re, sys
from pathlib import Path
from shopreco.encoders import create_encoder
encoder = create_encoder({}).load_query_encoder(Path(sys.argv[1]))
encoder.encode_query("desk lamp")
weights = re.findall(r"^(.+)\\.data$", Path("/proc/self/maps").read_text(), re.MULTILINE)
print(all(" r" in line for line in weights) and len(weights))
"""
    assert int(run_python(script, str(cases("unseen").artefacts))) > 0


def test_whoever_may_read_the_model_may_read_its_weights(cases: Callable[[str], Case]) -> None:
    model, weights, _ = (cases("unseen").artefacts / name for name in FILES)

    assert weights.stat().st_mode == model.stat().st_mode


def test_the_query_side_needs_no_model_on_its_machine(cases: Callable[[str], Case]) -> None:
    elsewhere = create_encoder({"MODEL": "/nowhere/model"})

    query_encoder = elsewhere.load_query_encoder(cases("unseen").artefacts)

    assert query_encoder.encode_query("lamp").shape == (24,)
    with pytest.raises(ModelUnavailable, match="no such folder"):
        elsewhere.encode_documents(["lamp"])


# What is not there


def test_a_machine_without_the_worker_extra_is_told_to_install_it(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    script = """
import json, sys
from pathlib import Path
from shopreco.encoders import ModelUnavailable, create_encoder
sys.modules[sys.argv[2]] = None  # as if it were not installed
encoder = create_encoder(json.loads(sys.argv[1]))
try:
    encoder.export_query_encoder(Path(sys.argv[3]))
except ModelUnavailable as error:
    print(error)
"""
    config = json.dumps(cases("unseen").config)
    for package in ("torch", "sentence_transformers", "onnx", "onnxscript"):
        printed = run_python(script, config, package, str(tmp_path / "query"))
        assert "pip install 'shopreco[worker]'" in printed, package


def test_a_model_that_is_no_transformer_encodes_and_says_that_it_cannot_be_exported(
    cases: Callable[[str], Case], tmp_path: Path
) -> None:
    model = build_static_model(tmp_path / "model", cases("unseen").artefacts / "tokenizer.json")
    encoder = create_encoder({"MODEL": str(model), "DEVICE": "cpu"})

    assert encoder.dimension == 16
    assert encoder.encode_documents(["lamp", ""]).shape == (2, 16)
    with pytest.raises(ExportFailed, match="begins with StaticEmbedding"):
        encoder.export_query_encoder(tmp_path / "query")


def test_half_precision_gives_finite_vectors(cases: Callable[[str], Case], tmp_path: Path) -> None:
    import torch

    from shopreco.encoders.sentence_transformers import halved, load_model

    folder = build_static_model(tmp_path / "model", cases("unseen").artefacts / "tokenizer.json")
    model = load_model(folder, None, "cpu:0")
    assert model.dtype == torch.float32, "a processor by its number is a processor"
    texts = ["lamp", "desk", " "]
    full = unit_rows(model.encode(texts))

    half = unit_rows(halved(model, torch.float16).encode(texts))

    assert model.dtype == torch.float16
    assert half == pytest.approx(full, abs=2e-3)


# Artefacts that are not what they should be


@pytest.fixture
def damaged(cases: Callable[[str], Case], tmp_path: Path) -> Path:
    return Path(shutil.copytree(cases("unseen").artefacts, tmp_path / "query"))


@pytest.mark.parametrize("name", ["query_encoder.json", *FILES])
def test_a_missing_artefact_is_named(damaged: Path, name: str) -> None:
    (damaged / name).unlink()

    with pytest.raises(ArtefactMissing, match=r"query"):
        create_encoder({}).load_query_encoder(damaged)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMissing, match="never-exported"):
        create_encoder({}).load_query_encoder(tmp_path / "never-exported")


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(damaged: Path, name: str) -> None:
    content = (damaged / name).read_bytes()
    (damaged / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(ArtefactCorrupt, match=name):
        create_encoder({}).load_query_encoder(damaged)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 2, "files": 7}', '{"format": 2, "files": {}}']
)
def test_a_manifest_that_cannot_be_read_is_refused(damaged: Path, content: str) -> None:
    (damaged / "query_encoder.json").write_text(content)

    with pytest.raises(ArtefactCorrupt, match="Export it again"):
        create_encoder({}).load_query_encoder(damaged)


def test_a_manifest_of_another_format_is_refused(damaged: Path) -> None:
    path = damaged / "query_encoder.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 999}))

    with pytest.raises(ArtefactCorrupt, match="has format 999"):
        create_encoder({}).load_query_encoder(damaged)
