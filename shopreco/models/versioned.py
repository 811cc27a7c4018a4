"""Frozen dataclasses in a JSON column: a version, and no key that the dataclass does not have."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, ClassVar, Self, cast

from django.db import models

from shopreco.exceptions import StoredValueError


class Versioned:
    """Base of a frozen dataclass that is stored as JSON. `VERSION` is raised with its form."""

    VERSION: ClassVar[int]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {"version": self.VERSION, **asdict(cast("Any", self))}

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """The value that was stored.

        Raises:
            StoredValueError: it has another version, or other keys.
        """
        if not isinstance(stored, dict) or stored.get("version") != cls.VERSION:
            version = stored.get("version") if isinstance(stored, dict) else stored
            raise StoredValueError(
                f"{cls.__name__}: stored in version {version!r}, this release reads "
                f"{cls.VERSION}. Run migrate with the release that stored it, or rebuild."
            )
        return cls.from_keys({key: each for key, each in stored.items() if key != "version"})

    @classmethod
    def from_keys(cls, stored: dict[str, Any]) -> Self:
        """The value of JSON without its version; values inside it are built here."""
        return cls(**checked_keys(cls, stored))


def checked_keys(kind: type, stored: Any) -> dict[str, Any]:
    """Stored keys, which must be the fields of a dataclass and no others.

    Raises:
        StoredValueError: one is missing or unknown.
    """
    names = {field.name for field in fields(kind)}
    if not isinstance(stored, dict) or (wrong := names ^ stored.keys()):
        found = ", ".join(sorted(wrong)) if isinstance(stored, dict) else repr(stored)
        raise StoredValueError(f"{kind.__name__}: missing or unknown when read: {found}.")
    return stored


class VersionedField(models.JSONField):
    """A JSON column that reads and writes a `Versioned` dataclass. Migrations see plain JSON."""

    kind: ClassVar[type[Versioned]]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.to_python(super().from_db_value(value, expression, connection))

    def to_python(self, value: Any) -> Any:
        return self.kind.from_json(value) if isinstance(value, dict) else value

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value.to_json() if isinstance(value, Versioned) else value)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(self.get_prep_value(value), model_instance)

    def value_to_string(self, obj: models.Model) -> Any:
        return self.get_prep_value(self.value_from_object(obj))
