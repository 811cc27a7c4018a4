"""What every text encoder must do, asked of every one that there is.

The third encoder is a model that nobody has seen before: installing another model and one line
of settings must suffice.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from shopreco.encoders import (
    ArtefactCorrupt,
    ArtefactMissing,
    ExportFailed,
    ModelUnavailable,
    QueryEncoder,
    TextEncoder,
    create_encoder,
)
from shopreco.encoders.base import unit_rows

HASHING = "shopreco.encoders.HashingEncoder"
TEXTS = [
    "Solid oak desk lamp with a brass foot and a linen shade, 40 W, for the study",
    "lamp",
    "",
    "Kitchen knife 20 cm",
    "🦄",
    "红色 台灯",
    "lampe de bureau " * 10,
    "x" * 10_000,
    "half a surrogate \ud83e",
    "a\x00b",
]
QUERIES = ["lamp", "Oak Desk LAMP", "", "🦄", "knife " * 2_000, "\ud83e"]


@dataclass(frozen=True)
class Case:
    """An encoder, what makes it, and where its query side was exported to."""

    config: dict[str, object]
    encoder: TextEncoder
    artefacts: Path

    def load_query_encoder(self) -> QueryEncoder:
        return self.encoder.load_query_encoder(self.artefacts)


def build_model(folder: Path, seed: int) -> Path:
    """A randomly initialised BERT with prompts, two poolings and a Dense module, saved."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), "lamp", "desk", "##s"]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    torch.manual_seed(seed)
    plain = folder / "plain"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **dict(zip(names, special, strict=True))
    ).save_pretrained(plain)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            initializer_range=0.3,  # with the usual 0.02 all texts get nearly the same vector
        )
    ).save_pretrained(plain)
    model = SentenceTransformer(
        modules=[
            Transformer(str(plain), max_seq_length=48),
            Pooling(32, pooling_mode=("cls", "mean")),
            Dense(64, 24),
        ],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    made: dict[str, Case] = {}

    def get(name: str) -> Case:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            config: dict[str, object]
            if name == "hashing":
                config = {"CLASS": HASHING, "DIMENSION": 128}
            elif name == "minilm":
                config = {"DEVICE": "cpu"}
            else:
                config = {"MODEL": str(build_model(folder, seed=1)), "DEVICE": "cpu"}
            encoder = create_encoder(config)
            encoder.export_query_encoder(folder / "query")
            made[name] = Case(config, encoder, folder / "query")
        return made[name]

    return get


@pytest.fixture(params=["hashing", "minilm", "unseen"])
def case(request: pytest.FixtureRequest, cases: Callable[[str], Case]) -> Case:
    return cases(request.param)


@pytest.fixture(params=["minilm", "unseen"])
def exported(request: pytest.FixtureRequest, cases: Callable[[str], Case]) -> Case:
    """A case whose query side lives in files."""
    return cases(request.param)


def build_static_model(folder: Path, tokenizer: Path) -> Path:
    """A table of token vectors and nothing else: a text without tokens gets a vector of zeros."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer

    modules = [StaticEmbedding(Tokenizer.from_file(str(tokenizer)), embedding_dim=16), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder


def run_python(script: str, *arguments: str) -> str:
    """What `script` prints in a fresh interpreter, where warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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
    cases: Callable[[str], Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopreco.encoders.onnx_export.MINIMUM_PARITY", 1.01)

    with pytest.raises(ExportFailed, match=r"mean cosine [01]\.\d+ over"):
        cases("unseen").encoder.export_query_encoder(tmp_path / "query")

    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("name", ["query_encoder.json", "model.int8.onnx", "tokenizer.json"])
def test_a_missing_artefact_is_named(damaged: Path, name: str) -> None:
    (damaged / name).unlink()

    with pytest.raises(ArtefactMissing, match=r"query"):
        create_encoder({}).load_query_encoder(damaged)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMissing, match="never-exported"):
        create_encoder({}).load_query_encoder(tmp_path / "never-exported")


@pytest.mark.parametrize("name", ["model.int8.onnx", "tokenizer.json"])
def test_a_changed_file_is_refused(damaged: Path, name: str) -> None:
    content = (damaged / name).read_bytes()
    (damaged / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(ArtefactCorrupt, match=name):
        create_encoder({}).load_query_encoder(damaged)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 1, "files": 7}', '{"format": 1, "files": {}}']
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
