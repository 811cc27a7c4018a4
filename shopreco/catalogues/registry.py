"""The catalogues of this project, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import models

from shopreco.exceptions import ConfigurationError

if TYPE_CHECKING:
    from shopreco.catalogues.base import Catalogue

C = TypeVar("C", bound="type[Catalogue]")

_catalogues: dict[str, Catalogue] = {}


def register(catalogue_class: C) -> C:
    """Class decorator: makes a catalogue known. Modules named `catalogues` are discovered."""
    catalogue = catalogue_class()
    # Without a model it is kept under its class, for the system check to report: see E010.
    named = getattr(catalogue_class, "model", None) is not None
    _catalogues[catalogue.name if named else repr(catalogue_class)] = catalogue
    return catalogue_class


def unregister(name: str) -> None:
    """Forget a catalogue; its items stay in the index."""
    _catalogues.pop(name, None)


def get_catalogues() -> tuple[Catalogue, ...]:
    """All catalogues, in the order of their registration."""
    return tuple(_catalogues.values())


def get_catalogue(name: str | None = None) -> Catalogue:
    """The catalogue of that name ("shop.product"); without a name the first that was registered.

    Raises:
        ConfigurationError: no such catalogue.
    """
    if name is None and _catalogues:
        return next(iter(_catalogues.values()))
    try:
        return _catalogues[name or ""]
    except KeyError:
        known = ", ".join(_catalogues) or "none: write a catalogues.py with a @register class"
        which = "" if name is None else f" {name!r}"
        raise ConfigurationError(f"There is no catalogue{which}. Registered: {known}.") from None


def catalogue_of(obj: models.Model) -> Catalogue:
    """The catalogue of an object; a child of multi-table inheritance finds its parent's.

    Raises:
        ConfigurationError: its model has no catalogue.
    """
    for model in type(obj).__mro__:
        if issubclass(model, models.Model) and hasattr(model, "_meta"):
            catalogue = _catalogues.get(model._meta.label_lower)
            if catalogue is not None:
                return catalogue
    raise ConfigurationError(
        f"{obj._meta.label} has no catalogue. Register one in a catalogues.py of an installed app."
    )
