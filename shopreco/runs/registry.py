"""The registry of run kinds. An app registers its own in `AppConfig.ready`."""

from __future__ import annotations

# Defined beside the row, which shows itself by its kind.
from shopreco.models.runs import run_kinds

__all__ = ["run_kinds"]
