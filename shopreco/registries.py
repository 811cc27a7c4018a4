"""Registries: what apps add to shopreco by name, from `AppConfig.ready`.

A registry holds classes, functions or instances of one contract, in the order in which they were
added. Built-in ones come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Generic, TypeVar

from shopreco.exceptions import ConfigurationError

T = TypeVar("T")


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; empty where none is like it."""
    return next(iter(get_close_matches(name, list(known), n=1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the closest known name, else all of them."""
    names = list(known)
    if close := closest(name, names):
        return f"Did you mean {close!r}?"
    return f"Known: {', '.join(names)}." if names else "None is known."


class Registry(Generic[T]):
    """Things of one kind, by name.

    noun: what one of them is called in messages, such as "retriever".
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._things: dict[str, T] = {}

    def register(self, name: str, thing: T) -> T:
        """Add one; the same one again changes nothing.

        Raises:
            ConfigurationError: another one has the name.
        """
        known = self._things.setdefault(name, thing)
        if known is not thing:
            raise ConfigurationError(f"There are two of the {self.noun} {name!r}. Rename one.")
        return thing

    def unregister(self, name: str) -> None:
        """Remove one, if it is there: for tests."""
        self._things.pop(name, None)

    def get(self, name: str) -> T:
        """Raises ConfigurationError: nothing has this name; the message names the closest."""
        try:
            return self._things[name]
        except KeyError:
            hint = did_you_mean(name, self._things)
            raise ConfigurationError(f"There is no {self.noun} {name!r}. {hint}") from None

    def items(self) -> list[tuple[str, T]]:
        return list(self._things.items())

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._things))

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __len__(self) -> int:
        return len(self._things)
