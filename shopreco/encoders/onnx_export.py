"""Export of a sentence-transformers model as a query encoder: ONNX, int8. Workers do it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shopreco.encoders.artefacts import WEIGHTS_SUFFIX, replacing, write_manifest
from shopreco.encoders.base import Vectors, unit_rows
from shopreco.encoders.errors import EncoderError, ExportFailed, ModelUnavailable
from shopreco.encoders.model_files import INSTALL_WORKER
from shopreco.encoders.onnx_query import FILES, INPUTS, MODEL, TOKENIZER, OnnxQueryEncoder

if TYPE_CHECKING:
    import onnx
    import torch
    from sentence_transformers import SentenceTransformer

MIN_PARITY = 0.98  # mean cosine between copy and original

# Blocks of 128 weights share a scale. Measured with MiniLM on 300 shop queries: cosine .9987 in 2.3
# ms; blocks of 32 give .9992 in 2.7 ms, one scale per output channel with activations quantised per
# text (`quantize_dynamic`) .993 in 1.8 ms.
_BLOCK_SIZE = 128
_OPSET = 23  # the first that has attention as one operator
_INT8_ACTIVATIONS = 4  # onnxruntime's "accuracy level"; without it 20 ms


def export(
    model: SentenceTransformer,
    prompt: str,
    fingerprint: str,
    directory: Path,
    min_parity: float = MIN_PARITY,
) -> None:
    """Write the int8 copy of `model` to `directory`, all or nothing.

    model: on the CPU, in float32. min_parity: mean cosine that the copy must reach.
    Raises `ExportFailed` if this kind of model cannot be exported, or if the copy's vectors differ
    too much from the original's.
    """
    from sentence_transformers.sentence_transformer.modules import Transformer

    if not isinstance(model[0], Transformer):
        raise ExportFailed(
            f"A model that begins with {type(model[0]).__name__} cannot be exported, only one "
            "that begins with Transformer."
        )
    with replacing(directory) as building:
        max_length = _save_tokenizer(model, building / TOKENIZER)
        inputs = [name for name in INPUTS if name in model.tokenizer.model_input_names]
        _save_model(model, prompt, inputs, building / MODEL)
        manifest = {
            "fingerprint": fingerprint,
            "dimension": model.get_embedding_dimension(),
            "prompt": prompt,
            "max_length": max_length,
            "inputs": inputs,
            "modules": [type(module).__name__ for module in model],
        }
        write_manifest(building, FILES, manifest)
        parity = _measure_parity(model, prompt, OnnxQueryEncoder(building), min_parity)
        write_manifest(building, FILES, manifest | {"parity": parity})


def _save_tokenizer(model: SentenceTransformer, path: Path) -> int | None:
    from tokenizers import Tokenizer

    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ExportFailed(
            f"The model's tokeniser ({type(model.tokenizer).__name__}) has no tokenizer.json form. "
            "Choose a model with a fast tokeniser."
        )
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_padding()
    max_length: int | None = model.max_seq_length
    if max_length is None:
        tokenizer.no_truncation()
    else:
        side = getattr(model.tokenizer, "truncation_side", "right")
        tokenizer.enable_truncation(max_length, direction=side)
    tokenizer.save(str(path))
    return max_length


def _save_model(model: SentenceTransformer, prompt: str, inputs: list[str], path: Path) -> None:
    import torch

    class Pipeline(torch.nn.Module):
        """All modules as one function of tensors, which gives unit vectors."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = dict(zip(inputs, tensors, strict=True))
            features |= constants
            vectors = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    example = model.preprocess(["a desk lamp", "two desk lamps of brass"], prompt=prompt or None)
    # Some models leave the prompt's tokens out of the pooling.
    constants = {name: example[name] for name in ("prompt_length",) if name in example}
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with exporting():
        tensors = {name: example[name] for name in inputs}
        shapes = (tuple(dynamic for _ in inputs),)
        _quantise(to_onnx(Pipeline(), tensors, ["sentence_embedding"], shapes), path)


def to_onnx(
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    outputs: Sequence[str],
    dynamic_shapes: tuple[object, ...] | None = None,
) -> onnx.ModelProto:
    """Export a module as an ONNX graph. Call it within `exporting`.

    inputs: examples by name.
    """
    import torch

    with torch.no_grad():
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=dynamic_shapes,
            opset_version=_OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ExportFailed("torch exported nothing.")
    return program.model_proto


@contextmanager
def exporting() -> Iterator[None]:
    """Turn what the exporters raise into `ModelUnavailable` or `ExportFailed`."""
    try:
        with _quiet():
            yield
    except ImportError as error:
        # Also where onnxscript is older than this torch knows it: torch sets it no bound.
        raise ModelUnavailable(
            f"Exporting the query encoder needs onnx and onnxscript ({error}). {INSTALL_WORKER}"
        ) from error
    except EncoderError:
        raise
    except Exception as error:
        raise ExportFailed(f"The model cannot be exported to ONNX: {error}") from error


def _quantise(model: onnx.ModelProto, path: Path) -> None:
    """Write the model with int8 weights of its embeddings and matrix products."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.quantization.quant_utils import (
        add_pre_process_metadata,
        load_model_with_shape_infer,
    )

    # What torch says of the shapes may be wrong where it has folded a matrix.
    del model.graph.value_info[:]
    add_pre_process_metadata(model)  # torch has folded and inferred already
    quantize_dynamic(model, path, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
    quantiser = MatMulNBitsQuantizer(
        load_model_with_shape_infer(path),
        bits=8,
        block_size=_BLOCK_SIZE,
        is_symmetric=True,
        accuracy_level=_INT8_ACTIVATIONS,
    )
    quantiser.process()
    quantiser.model.topological_sort()
    save_model(quantiser.model.model, path)


def save_model(model: onnx.ModelProto, path: Path) -> None:
    """Write a model to `path`, and its weights to the file beside it."""
    import onnx

    weights = path.with_name(path.name + WEIGHTS_SUFFIX)
    onnx.save_model(model, path, save_as_external_data=True, location=weights.name)
    weights.chmod(path.stat().st_mode)  # onnx lets only its own user read it


def _measure_parity(
    model: SentenceTransformer, prompt: str, copy: OnnxQueryEncoder, needed: float
) -> dict[str, float]:
    """Compare the copy's vectors with the original's, over texts as shoppers type them."""
    texts = list(_sample_queries())
    original = unit_rows(model.encode_query(texts, prompt=prompt or None, show_progress_bar=False))
    copied = np.stack([copy.encode_query(text) for text in texts])
    return parity_of(original, copied, needed)


def parity_of(original: Vectors, copied: Vectors, needed: float) -> dict[str, float]:
    """Compute the cosines between a copy's vectors and the original's, for the manifest.

    Raises `ExportFailed` if their mean is below `needed`.
    """
    cosines = (original * copied).sum(axis=1)
    mean = float(cosines.mean())
    if not mean >= needed:
        raise ExportFailed(
            f"The copy does not agree with its model: mean cosine {mean:.4f} over "
            f"{len(cosines)} samples, at least {needed} is needed."
        )
    return {
        "mean_cosine": round(mean, 6),
        "minimum_cosine": round(float(cosines.min()), 6),
        "samples": len(cosines),
    }


def _sample_queries() -> Iterator[str]:
    kinds = (
        "desk lamp",
        "running shoes",
        "USB-C cable",
        "coffee table",
        "rain jacket",
        "drill bit",
    )
    wishes = (
        "{}", "cheap {}", "{} for children", "black {}", "Large {} with warranty", "{} 12 in. x 4",
        "best {} under 50", "used {}, good condition", "{} replacement part 48-11-2401",
        "Geschenk: {} aus Holz", "{} sans fil", "红色 {}", "wireles {} whit bluetooth",
        "{} or similar",
        "I am looking for a sturdy {} that lasts for many years and fits into a small flat",
    )  # fmt: skip
    for kind in kinds:
        for wish in wishes:
            yield wish.format(kind)
    yield from ("", "a", "🦄", "2x4", "1/2 in. 120v", "ÄRGER", "مصباح مكتب", "lamp " * 500)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporters' log messages, and restore the logging settings that they change."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    chatty = [
        # reports operators of torchvision, which text models have none of
        logging.getLogger("torch.onnx._internal.exporter._registration"),
        logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer"),
        logging.getLogger("onnx_ir"),
    ]
    levels = [logger.level for logger in chatty]
    for logger in chatty:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # torch 2.13 copies its own deprecated `LeafSpec` while it exports.
            warnings.filterwarnings(
                "ignore", message=r"`isinstance\(treespec, LeafSpec\)`", category=FutureWarning
            )
            yield
    finally:
        for logger, before in zip(chatty, levels, strict=True):
            logger.setLevel(before)
        # onnxruntime's quantiser calls `logging.basicConfig` when it is imported.
        root.handlers[:] = handlers
        root.setLevel(level)
