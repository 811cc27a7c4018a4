"""Text encoders to ask, and models that nobody has seen before."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from shopreco.encoders import QueryEncoder, TextEncoder

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
