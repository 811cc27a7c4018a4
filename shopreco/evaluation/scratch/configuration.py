"""The configuration of a scratch process, as data: its settings are made of nothing else.

It travels in the environment, so no password appears among the arguments. Nothing of Django is
imported here, because settings are read before Django has any.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

VARIABLE = "SHOPRECO_SCRATCH"
CORE = "shopreco"
CORPUS = "shopreco.evaluation.scratch.corpus"
"""The app of a shop whose products are read from a folder."""
GENERATED = "shopreco.evaluation.scratch.shop"
"""The app of a shop whose products are made up."""


@dataclass(frozen=True, slots=True)
class ScratchConfiguration:
    """What a scratch process knows of its host."""

    database: Mapping[str, Any] = field(default_factory=dict)
    """As in `DATABASES`."""
    shopreco: Mapping[str, Any] = field(default_factory=dict)
    """`SHOPRECO`: encoders, weights and all that the catalogue is indexed by."""
    apps: tuple[str, ...] = (CORE, CORPUS)
    broker: str = ""
    """For processes that nudge workers; none of theirs listens to it."""
    language: str = "en"

    @classmethod
    def from_environment(cls) -> ScratchConfiguration:
        """The one that this process was started with; the defaults if there is none."""
        values = json.loads(os.environ.get(VARIABLE, "{}"))
        return cls(**{**values, "apps": tuple(values.get("apps", cls().apps))})

    def as_environment(self) -> dict[str, str]:
        """The variable that hands it to a process."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {VARIABLE: json.dumps(values, default=str)}

    def without_shopreco(self) -> ScratchConfiguration:
        """The same shop as if it had never installed shopreco."""
        return replace(self, apps=tuple(app for app in self.apps if app != CORE))
