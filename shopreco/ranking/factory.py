"""The ranker that a setting describes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from shopreco.exceptions import ConfigurationError
from shopreco.ranking.base import Ranker

__all__ = ["create_ranker"]


def create_ranker(config: Mapping[str, object]) -> Ranker:
    """The ranker that a setting describes: `{"CLASS": dotted path, "LEXICAL_WEIGHT": 0.6}`.

    The keys other than `CLASS`, lower-cased, are the constructor's options. Raises
    `ConfigurationError` that names the wrong key or class.
    """
    path = str(config.get("CLASS", "shopreco.ranking.ConvexSum"))
    module_name, _, class_name = path.rpartition(".")
    try:
        ranker_class = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"RANKER: no class {path!r} ({error}).") from error
    options = {key.lower(): value for key, value in config.items() if key != "CLASS"}
    if not callable(getattr(ranker_class, "rank", None)):
        raise ConfigurationError(f"RANKER: {path} has no method `rank`; see Ranker.")
    accepted = _options_of(ranker_class)
    for option in options:
        if option not in accepted:
            known = ", ".join(name.upper() for name in accepted) or "none"
            raise ConfigurationError(
                f"RANKER: {path} has no option {option.upper()!r}; its options: {known}."
            )
    try:
        ranker: Ranker = ranker_class(**options)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"RANKER: {path}: {error}") from error
    return ranker


@cache
def _options_of(ranker_class: type) -> tuple[str, ...]:
    return tuple(inspect.signature(ranker_class).parameters)
