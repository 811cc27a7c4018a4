"""Artefacts: the folder of a query encoder, with its files and a manifest of their checksums.

A worker writes it; web processes read it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shopreco.encoders.errors import ArtefactCorrupt, ArtefactMissing, EncoderError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MANIFEST = "query_encoder.json"
FORMAT = 2  # raise it when an older reader would misread the files

WEIGHTS_SUFFIX = ".data"
"""Added to the name of a model, it names the file of its weights. Sessions map that file, so that
processes share its pages, and those that nobody needs are never read."""

M = TypeVar("M")


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Give a new folder to write to. It replaces `directory` if the block succeeds."""
    building = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}")
    building.mkdir(parents=True)
    try:
        yield building
        _swap(building, directory)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write_manifest(directory: Path, names: Sequence[str], content: Mapping[str, Any]) -> None:
    """Write the manifest: `content`, and the checksums of the named files."""
    files = {name: _checksum(directory / name) for name in names}
    text = json.dumps({"format": FORMAT, **content, "files": files}, ensure_ascii=False, indent=2)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(
    directory: Path, names: Sequence[str], read: Callable[[Mapping[str, Any]], M]
) -> M:
    """Read the manifest with `read`, and compare the checksums of the named files.

    Raises `ArtefactMissing`, `ArtefactCorrupt`.
    """
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        format_ = content["format"]
        checksums = dict(content["files"])
        manifest = read(content)
    except FileNotFoundError as error:
        raise ArtefactMissing(
            f"No query encoder in {directory}. A worker exports one when it builds a space."
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactCorrupt(f"{path} cannot be read: {error!r}. Export it again.") from error
    if format_ != FORMAT:
        raise ArtefactCorrupt(
            f"{path} has format {format_!r}, this version reads {FORMAT}. Export it again."
        )
    for name in names:
        try:
            checksum = _checksum(directory / name)
        except FileNotFoundError as error:
            raise ArtefactMissing(
                f"{directory / name} is named in {MANIFEST} but is not there. Export it again."
            ) from error
        if checksum != checksums.get(name):
            raise ArtefactCorrupt(
                f"{directory / name} is not the file that was exported: its checksum differs. "
                "Export it again."
            )
    return manifest


def open_session(path: Path) -> InferenceSession:
    """Open an ONNX model to run on the CPU. Threads may share the session.

    Its weights are mapped from the file beside it.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise EncoderError(
            "Encoding queries needs onnxruntime: pip install onnxruntime."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _swap(building: Path, directory: Path) -> None:
    """Replace `directory` by `building`. Both are renamed, so that nobody sees half a folder."""
    retired = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}")
    with suppress(FileNotFoundError):
        directory.rename(retired)
    building.rename(directory)
    shutil.rmtree(retired, ignore_errors=True)


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
