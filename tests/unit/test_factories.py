"""Classes that settings name by dotted path, with their options in capitals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

import pytest

from shopreco.exceptions import ConfigurationError
from shopreco.factories import create

HERE = __name__


class Lamp(ABC):
    @abstractmethod
    def light(self) -> str: ...


class DeskLamp(Lamp):
    def __init__(self, watts: int, colour: str = "warm") -> None:
        if watts < 1:
            raise ValueError(f"watts is {watts}; it must be at least 1.")
        self.watts = watts
        self.colour = colour

    def light(self) -> str:
        return self.colour


class AnyLamp(Lamp):
    def __init__(self, **options: object) -> None:
        self.options = options

    def light(self) -> str:
        return "any"


@runtime_checkable
class Light(Protocol):
    def light(self) -> str: ...


def make(cls: object, base: type[Any] = Lamp, **options: object) -> Any:
    return create({"CLASS": cls, **options}, base, "Lamp")


def test_options_in_capitals_become_arguments() -> None:
    lamp = make(f"{HERE}.DeskLamp", WATTS=7)
    assert isinstance(lamp, DeskLamp)
    assert (lamp.watts, lamp.colour) == (7, "warm")


def test_a_constructor_that_takes_any_option_gets_all() -> None:
    assert make(f"{HERE}.AnyLamp", A=1, B=2).options == {"a": 1, "b": 2}


def test_a_protocol_is_kept_by_what_has_its_methods() -> None:
    assert make(f"{HERE}.DeskLamp", Light, WATTS=1).light() == "warm"
    with pytest.raises(ConfigurationError, match=r"not a Light: see .*test_factories\."):
        make("pathlib.Path", Light)


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        (None, {}, "Lamp CLASS None is not a dotted path"),
        ("DeskLamp", {}, "not a dotted path"),
        (".DeskLamp", {}, "not a dotted path"),
        (f"{HERE}.", {}, "not a dotted path"),
        ("no_such_package.Lamp", {}, "cannot be imported: No module named"),
        (f"{HERE}.DeskLmp", {}, "has no 'DeskLmp'. Did you mean 'DeskLamp'?"),
        (f"{HERE}.make", {}, "is not a Lamp"),
        ("pathlib.Path", {}, "is not a Lamp"),
        (f"{HERE}.Lamp", {}, "abstract"),
        (f"{HERE}.DeskLamp", {}, "needs the option 'WATTS'"),
        (f"{HERE}.DeskLamp", {"WATTS": 1, "COLOR": "x"}, "Did you mean 'COLOUR'?"),
        (f"{HERE}.DeskLamp", {"WATTS": 1, "ZZZ": 1}, "Known: WATTS, COLOUR."),
        (f"{HERE}.DeskLamp", {"WATTS": 0}, "DeskLamp: watts is 0"),
        (f"{HERE}.DeskLamp", {"WATTS": "many"}, "DeskLamp: '<' not supported"),
    ],
)
def test_what_is_wrong_is_named(path: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        make(path, **options)
    assert message in str(raised.value)
