"""Objects that a setting names: a class by dotted path, and its options in capitals."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from inspect import Parameter
from typing import Any, TypeVar

from shopreco.exceptions import ConfigurationError
from shopreco.registries import closest, did_you_mean

T = TypeVar("T")

NAMELESS = (Parameter.VAR_POSITIONAL, Parameter.POSITIONAL_ONLY)


def create(spec: Mapping[str, object], base: type[T], what: str) -> T:
    """Create the object that a setting describes.

    Args:
        spec: `CLASS`, a dotted path; the other keys, in lower case, are the constructor's
            arguments: `{"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}`.
        base: What the class must be: a base class, or a protocol that is checked at run time.
        what: What messages call it, such as "Encoder".

    Raises:
        ConfigurationError: The class cannot be had or is of another kind, or an option is unknown,
            missing or refused. The message names it, and the nearest name.
    """
    path = spec.get("CLASS")
    found = _import_class(path, base, what)
    kind: Any = found  # mypy takes no generic class for hashable
    parameters = _parameters_of(kind)
    accepts_any = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
    names = [
        name
        for name, each in parameters.items()
        if each.kind not in (*NAMELESS, Parameter.VAR_KEYWORD)
    ]
    options = {str(key).lower(): value for key, value in spec.items() if key != "CLASS"}
    for name in options:
        if name not in names and not accepts_any:
            hint = did_you_mean(name.upper(), [each.upper() for each in names])
            raise ConfigurationError(f"{what} {path} has no option {name.upper()!r}. {hint}")
    for name in names:
        if parameters[name].default is Parameter.empty and name not in options:
            raise ConfigurationError(f"{what} {path} needs the option {name.upper()!r}.")
    try:
        return found(**options)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{what} {path}: {error}") from error


def _import_class(path: object, base: type[T], what: str) -> type[T]:
    if not isinstance(path, str) or not all(path.rpartition(".")):
        raise ConfigurationError(
            f"{what} CLASS {path!r} is not a dotted path such as 'package.module.Class'."
        )
    module_name, _, name = path.rpartition(".")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise ConfigurationError(f"{what} CLASS {path!r} cannot be imported: {error}.") from error
    found = getattr(module, name, None)
    if found is None:
        near = closest(name, vars(module))
        hint = f" Did you mean {near!r}?" if near else ""
        raise ConfigurationError(
            f"{what} CLASS {path!r} cannot be imported: {module_name} has no {name!r}.{hint}"
        )
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigurationError(
            f"{what} CLASS {path!r} is not {_a(base.__name__)}: see {base.__module__}."
        )
    return found


# Reading a signature takes longer than all else here, and every search creates its fusion.
@lru_cache(maxsize=128)
def _parameters_of(kind: type) -> Mapping[str, Parameter]:
    return inspect.signature(kind).parameters


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOU' else 'a'} {noun}"
