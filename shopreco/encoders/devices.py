"""Devices: where torch computes."""

from __future__ import annotations

from shopreco.encoders.errors import ModelUnavailable


def choose_device(named: str | None = None) -> str:
    """Name the torch device to compute on: the named one, else "cuda", "mps" or "cpu".

    Needs torch. Raises `ModelUnavailable` where the named device is not there.
    """
    import torch

    if named is None:
        return _devices()[0]
    try:
        torch.empty(1, device=named)
    # Torch raises an AssertionError where it was built without CUDA.
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelUnavailable(
            f"DEVICE {named!r} is not there: {reason}. Devices here: {', '.join(_devices())}."
        ) from error
    return named


def gpu() -> str | None:
    """Name the GPU for sparse products; None where there is none, or no torch.

    Not "mps": only newer versions of torch have sparse matrices there.
    """
    try:
        import torch
    except ImportError:
        return None
    return "cuda" if torch.cuda.is_available() else None


def _devices() -> list[str]:
    """Those that are here, the fastest first."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [*(name for name, is_here in here.items() if is_here), "cpu"]
