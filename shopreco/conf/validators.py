"""Validators: what may be wrong with the value of an option, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin


class Fault(NamedTuple):
    """What is wrong with a value, such as "is 7", and a sentence that says what to write."""

    finding: str
    fix: str


Validator: TypeAlias = Callable[[Any], Fault | None]
"""Takes a value of the right type; returns None where it is right."""


def type_fault(value: object, hint: Any) -> Fault | None:
    """The fault of a value that is not of an option's type."""
    if fits(value, hint):
        return None
    return Fault(f"is {value!r}", f"It must be of type {getattr(hint, '__name__', hint)}.")


def fits(value: object, hint: Any) -> bool:
    """Whether a value is of a type. A bool is no number, an int is a float, items are not read."""
    if hint is Any:
        return True
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in get_args(hint))
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return isinstance(value, origin or hint)


def above_zero(value: Any) -> Fault | None:
    """The fault of a number that is not above zero; other values have none."""
    if not fits(value, float) or value > 0:
        return None
    return Fault(f"is {value!r}", "It must be above zero.")


def at_least(minimum: float) -> Validator:
    def check(value: float) -> Fault | None:
        fix = f"It must be at least {minimum}."
        return None if value >= minimum else Fault(f"is {value!r}", fix)

    return check


def from_to(first: float, last: float) -> Validator:
    def check(value: float) -> Fault | None:
        fix = f"It must be from {first} to {last}."
        return None if first <= value <= last else Fault(f"is {value!r}", fix)

    return check


def one_of(choices: Collection[object]) -> Validator:
    def check(value: object) -> Fault | None:
        fix = f"It must be one of {', '.join(map(str, choices))}."
        return None if value in choices else Fault(f"is {value!r}", fix)

    return check


def weights_of(names: Collection[str]) -> Validator:
    """A dict of numbers from 0 up, by some of these names."""

    def check(weights: Mapping[str, Any]) -> Fault | None:
        wrong = [
            f"{name!r}: {weight!r}"
            for name, weight in weights.items()
            if name not in names or not fits(weight, float) or weight < 0
        ]
        fix = f"It takes numbers from 0 up by {', '.join(names)}."
        return Fault(f"has {', '.join(wrong)}", fix) if wrong else None

    return check


def days_by_name(days: Mapping[str, Any]) -> Fault | None:
    """The fault of a dict that has no whole number of days from 1 up for each name and for `*`."""
    wrong = [f"{n!r}: {d!r}" for n, d in days.items() if not (fits(d, int) and d >= 1)]
    if not wrong and "*" in days:
        return None
    finding = f"has {', '.join(wrong)}" if wrong else "has no '*'"
    return Fault(finding, "It takes whole numbers of days from 1 up by name, and by '*'.")
