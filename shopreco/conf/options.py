"""Options: the fields of a settings class, each with its help and its validators."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, get_type_hints

from shopreco.conf.validators import (
    Fault,
    Validator,
    above_zero,
    at_least,
    from_to,
    one_of,
    type_fault,
)


def option(
    default: Any,
    help: str,
    *,
    choices: Collection[object] = (),
    minimum: float | None = None,
    between: tuple[float, float] | None = None,
    validate: Validator | None = None,
) -> Any:
    """A field of a settings class. The annotation beside it is the type of its values.

    A number must be above zero, unless `choices`, `minimum` or `between` says what it may be. None,
    where the type has it, is always right.

    Args:
        help: Sentences for the reference page.
        choices: The few values that it takes.
        minimum: The least number.
        between: The least and the greatest number.
        validate: A further check.
    """
    validators: list[Validator] = []
    if choices:
        validators.append(one_of(choices))
    if minimum is not None:
        validators.append(at_least(minimum))
    if between is not None:
        validators.append(from_to(*between))
    if not validators:
        validators.append(above_zero)
    if validate is not None:
        validators.append(validate)
    metadata = {"help": help, "validators": validators}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class BaseSettings:
    """Base of settings classes. A class and each of its bases is one group of options."""

    REMOVED: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier releases and the sentence that says what to do instead."""

    @classmethod
    def groups(cls) -> dict[type, list[Field[Any]]]:
        """Options by the class that declares them."""
        found = {
            kind: [each for each in fields(cls) if each.name in inspect.get_annotations(kind)]
            for kind in reversed(cls.__mro__)
        }
        return {kind: options for kind, options in found.items() if options}

    @classmethod
    def names(cls) -> list[str]:
        return [each.name for each in fields(cls)]

    @classmethod
    def fault(cls, name: str, value: object) -> Fault | None:
        """What is wrong with a value for an option of this class."""
        if fault := type_fault(value, get_type_hints(cls)[name]):
            return fault
        if value is None:
            return None
        validators: list[Validator] = cls.__dataclass_fields__[name].metadata["validators"]
        return next((fault for check in validators if (fault := check(value))), None)

    @classmethod
    def over_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of options; dicts are merged one level deep with their defaults.

        A dict that names another `CLASS` takes nothing of the default's options.
        """
        values = dict(given)
        for each in fields(cls):
            if each.default_factory is not MISSING and each.name in values:
                defaults = each.default_factory()
                chosen = values[each.name].get("CLASS", defaults.get("CLASS"))
                if chosen == defaults.get("CLASS"):
                    values[each.name] = {**defaults, **values[each.name]}
        return values
